"""Solution and tests of a language as one program: the files of a harness, filled in. Pure."""

import re

from execfeedback.commands import compile_steps, filled
from execfeedback.jobs import checked_paths, files_of, job, limits_of, main_file_of
from execfeedback.languages import Command, Language
from execfeedback.types import FileText, Item, Job, Step


def harness_job(
    item: Item,
    spoken: Language,
    *,
    harness: dict[str, str],
    words: dict[str, str],
    compiling: tuple[Command, ...] | None,
    run: Command | None,
    env: dict[str, str],
    inputs: tuple[str, ...],
    fresh_seed: int | None = None,
    aside: dict[str, str] | None = None,
) -> Job:
    """One run of the program for each input. `words`: what the harness' files say for them, `@TESTS@` and the like; where
    a file has `@SOLUTION@`, the solution has no file of its own. `aside`: what its main file says otherwise (`Cases.aside`).
    Raises InputError for paths that cannot be."""
    own = {**files_of(item, spoken), **item.files}
    main = main_file_of(item, spoken)
    text = own[main]
    if isinstance(text, str):
        own[main] = put_aside(text, aside or {})
    joined = any("@SOLUTION@" in text for text in harness.values())
    words = {
        **words,
        "@STEM@": spoken.name_of(main, own[main]),
        "@PACKAGE@": spoken.package_of(own[main]) or "main",
    }
    texts = {**words, "@SOLUTION@": str(own.pop(main))} if joined else words
    made: dict[str, FileText] = {
        path.replace("{stem}", spoken.stem_of(words.get("@TESTS@", ""), "tests")): replaced(text, texts)
        for path, text in harness.items()
    }
    files = checked_paths(item, {**own, **made}, field="files")
    source, limits = next(iter(made)), limits_of(item, spoken)
    around = {**spoken.env, **env}
    commands = spoken.compile if compiling is None else compiling
    argv = filled(run or spoken.run, spoken, source, files, limits)
    return job(
        item,
        spoken,
        files=files,
        compiling=compile_steps(commands, spoken, source, files, limits, around),
        steps=tuple(Step(argv=argv, stdin=text, env=around, spread=spoken.threads) for text in inputs),
        fresh_seed=fresh_seed,
    )


def put_aside(text: str, aside: dict[str, str]) -> str:
    for pattern, put in aside.items():
        text = re.sub(pattern, put, text, flags=re.MULTILINE)
    return text


def replaced(text: str, words: dict[str, str]) -> str:
    """Each word once, and never inside of what took another's place."""
    for word, put in words.items():
        head, found, tail = text.partition(word)
        if found:
            rest = {other: value for other, value in words.items() if other != word}
            return replaced(head, words) + put + replaced(tail, {word: put, **rest})
    return text
