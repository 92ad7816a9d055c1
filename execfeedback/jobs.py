"""From a verify item to the jobs that answer it. Pure; raises InputError for an item that says what cannot be."""

import json
from base64 import b64decode
from collections.abc import Mapping
from itertools import takewhile
from pathlib import PurePosixPath

from execfeedback.commands import compile_steps, filled, with_grace
from execfeedback.errors import InputError
from execfeedback.languages import BYTE_ORDER_MARK, Language, language, spoken_names
from execfeedback.types import (
    Case,
    FileText,
    FloatChecker,
    Item,
    Job,
    Limits,
    SpecialJudge,
    Split,
    StdioCase,
    Step,
)

LONGEST_PATH, LONGEST_NAME = 1000, 200
MOST_OUTPUT_KB = 8192
MOST_CASES = 10_000
"""Cases of one run, as many as a slot's report may hold tests."""
MOST_PLACES = 3500
"""Files and folders that a run may bring, for both its sides: a slot has 4096 inodes, and programs make files as well."""


def limits_of(item: Item, spoken: Language) -> Limits:
    """The item's limits, completed by the language's; what is right fits into an output limit that the item does not set."""
    limits = with_grace(item.limits.over(spoken.limits), spoken.grace)
    needed_kb = 0 if item.limits.output_kb is not None else min(needed_bytes(item) >> 10, MOST_OUTPUT_KB)
    return limits if needed_kb <= limits.output_kb else limits.model_copy(update={"output_kb": needed_kb})


def needed_bytes(item: Item) -> int:
    """Twice what a right solution prints in one process: for `stdio` one input's output, for `cases` the words of all answers,
    which are text in hexadecimal."""
    cases = () if isinstance(item.tests, str) else (*item.tests, *item.holdout)
    outputs = [
        2 * len(case.stdout.encode("utf-8", "replace")) for case in cases if isinstance(case, StdioCase)
    ]
    answers = [4 * len(json.dumps(case.expected, default=str)) for case in cases if isinstance(case, Case)]
    return max(outputs, default=0) + sum(answers)


def files_of(item: Item, spoken: Language) -> dict[str, FileText]:
    """The solution's files, its main one under the name that the language gives it."""
    if isinstance(item.solution, str) and not item.solution_files:
        return {spoken.source_of(item.solution): item.solution.removeprefix(BYTE_ORDER_MARK)}
    if isinstance(item.solution, str):
        own: dict[str, FileText] = {
            spoken.source_of(item.solution): item.solution.removeprefix(BYTE_ORDER_MARK)
        }
    elif not item.solution:
        raise InputError(f"item {item.id!r}: field 'solution' has no file; give the text, or path -> text")
    else:
        own = dict(item.solution)
        if spoken.split:
            own.setdefault(spoken.source, next(iter(item.solution.values())))
    clash = own.keys() & item.solution_files.keys()
    if clash:
        raise InputError(
            f"item {item.id!r}: {sorted(clash)[0]!r} is both in 'solution' and in 'solution_files'"
        )
    files = {**own, **item.solution_files}
    return checked_paths(item, files, field="solution_files" if item.solution_files else "solution")


def main_file_of(item: Item, spoken: Language) -> str:
    """The path of the solution's main file: its first one in this language."""
    if isinstance(item.solution, str):
        return spoken.source_of(item.solution)
    if spoken.split:
        return spoken.source
    own = [path for path in item.solution if PurePosixPath(path).suffix == spoken.suffix]
    return own[0] if own else next(iter(item.solution))


def modules_of(item: Item, spoken: Language) -> tuple[str, ...]:
    """What else than `solution` the tests may import: the solution's files, its main one first."""
    if isinstance(item.solution, str):
        return ()
    names = [PurePosixPath(path) for path in item.solution if path != spoken.source]
    return tuple(
        p.stem for p in names if p.parent == PurePosixPath() and p.suffix == ".py" and p.stem.isidentifier()
    )


def main_of(item: Item, spoken: Language) -> str | None:
    """The name of the main file, where it is not the language's own."""
    if isinstance(item.solution, str) or not item.solution or spoken.source in item.solution:
        return None
    return PurePosixPath(next(iter(item.solution))).stem


def checked_paths(
    item: Item, files: dict[str, FileText], *, field: str, beside: Mapping[str, FileText] | None = None
) -> dict[str, FileText]:
    """The same files, if a slot can hold them (`beside` the other side's); else InputError names the path and what is wrong
    with it."""
    if wrong := wrong_files(beside or {}, files, field=field):
        raise InputError(f"item {item.id!r}: {wrong}")
    return files


def wrong_files(*sides: Mapping[str, FileText], field: str = "files") -> str | None:
    """What is wrong with the first file that a slot cannot hold, or with how many there are on all sides."""
    before = 0
    for files in sides:
        seen, folders = set[PurePosixPath](), {PurePosixPath()}
        for path, content in files.items():
            if wrong := wrong_path(path) or wrong_place(path, seen, folders) or wrong_content(content):
                return f"file path {path!r} {wrong}"
            if before + len(seen) + len(folders) > MOST_PLACES:
                return (
                    f"field '{field}': more than {MOST_PLACES} files and folders are more than a slot takes"
                )
        before += len(seen) + len(folders)
    return None


def wrong_place(path: str, seen: set[PurePosixPath], folders: set[PurePosixPath]) -> str | None:
    """What is wrong with a path beside those before it. It is noted in both sets."""
    pure = PurePosixPath(path)
    new = set(takewhile(lambda folder: folder not in folders, pure.parents))
    if pure in seen:
        return "comes twice"
    if pure in folders or not seen.isdisjoint(new):
        return "is a file and a folder at one time"
    seen.add(pure)
    folders |= new
    return None


def wrong_path(path: str) -> str | None:
    pure = PurePosixPath(path)
    if not pure.parts or path.startswith("/") or ".." in pure.parts or "\0" in path:
        return "must be relative and stay inside the run's directory"
    if not writable(path):
        return "holds half of a surrogate pair"
    if len(path.encode()) > LONGEST_PATH or any(len(part.encode()) > LONGEST_NAME for part in pure.parts):
        return f"is longer than {LONGEST_PATH} bytes, or has a part longer than {LONGEST_NAME}"
    return None


def writable(text: str) -> bool:
    """Whether it is Unicode that a system call can be given."""
    return text.isascii() or not any("\ud800" <= letter <= "\udfff" for letter in text)


def wrong_content(content: FileText) -> str | None:
    if isinstance(content, str):
        return None
    try:
        b64decode(content.base64, validate=True)
    except ValueError as error:
        return f"has no base64 that can be read: {error}"
    return None


def check(item: Item) -> None:
    """Raises InputError for an item that no job can be made of, before anything runs."""
    if item.language not in spoken_names():
        return  # judged, as unverifiable
    spoken = language(item.language)
    if item.style == "stdio":
        stdio_job(item, spoken, stdio_in(item))
    elif item.style == "native" or not spoken.split:
        checked_paths(item, {**files_of(item, spoken), **item.files}, field="files")
        cases_in(item) if item.style == "cases" else None
    else:
        split_job(item, spoken, write_back=False)
    held_out = tuple(case for case in item.holdout if isinstance(case, Case))
    if spoken.split and held_out:
        case_job(item, spoken, held_out, write_back=False)


def split_job(item: Item, spoken: Language, *, write_back: bool, fresh_seed: int | None = None) -> Job:
    """The tests in a judge process, the solution in its own."""
    if item.style in ("humaneval", "cases") and not item.entry_point:
        raise InputError(f"item {item.id!r}: style {item.style!r} needs the field 'entry_point'")
    if item.style == "cases":
        return case_job(item, spoken, cases_in(item), write_back=write_back, fresh_seed=fresh_seed)
    if not isinstance(item.tests, str):
        raise InputError(f"item {item.id!r}: field 'tests' must be text for style {item.style!r}")
    assert item.style in ("asserts", "humaneval", "pytest", "unittest")
    own = files_of(item, spoken)
    clash = item.files.keys() & own.keys()
    if clash:
        raise InputError(
            f"item {item.id!r}: {sorted(clash)[0]!r} is both in 'files' and a file of the solution"
        )
    split = Split(
        style=item.style,
        tests=item.tests,
        entry_point=item.entry_point,
        contract=item.contract,
        write_back=write_back,
        stop_on_failure=item.stop_on == "first_failure",
        files=checked_paths(item, item.files, field="files", beside=own),
        modules=modules_of(item, spoken),
        main=main_of(item, spoken),
        both=tuple(item.solution_files),
    )
    return job(item, spoken, files=own, split=split, fresh_seed=fresh_seed)


def case_job(
    item: Item,
    spoken: Language,
    cases: tuple[Case, ...],
    *,
    write_back: bool,
    fresh_seed: int | None = None,
) -> Job:
    """These cases, whatever the item's own tests are."""
    if not item.entry_point:
        raise InputError(f"item {item.id!r}: cases need the field 'entry_point'")
    if len(cases) > MOST_CASES:
        raise InputError(
            f"item {item.id!r}: {len(cases)} cases, and a run takes {MOST_CASES}: split the item"
        )
    tolerance = item.checker.float if isinstance(item.checker, FloatChecker) else item.contract.tolerance
    split = Split(
        style="cases",
        cases=cases,
        entry_point=item.entry_point,
        contract=item.contract.model_copy(update={"tolerance": tolerance}),
        write_back=write_back,
        unordered=item.checker == "unordered",
        stop_on_failure=item.stop_on == "first_failure",
    )
    return job(item, spoken, split=split, fresh_seed=fresh_seed)


def stdio_job(
    item: Item, spoken: Language, cases: tuple[StdioCase, ...], *, fresh_seed: int | None = None
) -> Job:
    """One run of the program for each case; only its stdin goes into the sandbox."""
    files, source, limits = files_of(item, spoken), main_file_of(item, spoken), limits_of(item, spoken)
    argv = filled(spoken.run, spoken, source, files, limits)
    steps = tuple(
        Step(argv=argv, stdin=case.stdin, warm=spoken.warm, env=spoken.env, spread=spoken.threads)
        for case in cases
    )
    compiling = compile_steps(spoken.compile, spoken, source, files, limits, spoken.env)
    return job(item, spoken, compiling=compiling, steps=steps, fresh_seed=fresh_seed)


def special_judge_job(checker: SpecialJudge, case: StdioCase, output: str, limits: Limits) -> Job:
    """An output validator in the Kattis form: input, answer and a folder as arguments, the output on its stdin; 42 accepts,
    43 is a wrong answer. What is compiled gets the case on its stdin, so that it is compiled once for all cases."""
    spoken = language(checker.language)
    source, own = spoken.source_of(checker.source), with_grace(judge_limits(limits, spoken), spoken.grace)
    given: dict[str, str] = {"input.txt": case.stdin, "answer.txt": case.stdout}
    files: dict[str, FileText] = {source: checker.source, **({"feed.py": FEED} if spoken.compile else given)}
    argv = (
        *(("python3", "feed.py") if spoken.compile else ()),
        *filled(spoken.run, spoken, source, files, own),
        *given,
        "./",
        *checker.flags,
    )
    stdin = json.dumps({**given, "output.txt": output}) if spoken.compile else output
    return Job(
        environment=spoken.image,
        files=files,
        limits=own,
        compile=compile_steps(spoken.compile, spoken, source, files, own, spoken.env),
        steps=(Step(argv=argv, stdin=stdin, warm=spoken.warm, env=spoken.env),),
    )


FEED = """
import json, os, sys

for name, text in json.load(sys.stdin).items():
    with open(name, "wb") as file:
        file.write(text.encode("utf-8", "surrogatepass"))
os.dup2(os.open("output.txt", os.O_RDONLY), 0)
os.execvp(sys.argv[1], sys.argv[1:])
"""
"""Writes a case into files, and becomes the program that its arguments name, with the output as its stdin."""


def judge_limits(limits: Limits, spoken: Language) -> Limits:
    """At least its own language's, and time: a judge reads as much as the solution did, and is nobody's race."""
    least = spoken.limits.model_copy(update={"cpu_s": 60.0, "wall_s": 120.0})
    return Limits(**{name: max(value, getattr(least, name)) for name, value in limits.model_dump().items()})


def job(
    item: Item,
    spoken: Language,
    *,
    files: dict[str, FileText] | None = None,
    compiling: tuple[Step, ...] = (),
    steps: tuple[Step, ...] = (),
    split: Split | None = None,
    fresh_seed: int | None = None,
) -> Job:
    return Job(
        environment=item.environment or spoken.image,
        files=files_of(item, spoken) if files is None else files,
        limits=limits_of(item, spoken),
        compile=compiling,
        steps=steps,
        split=split,
        fresh_seed=fresh_seed,
    )


def cases_in(item: Item) -> tuple[Case, ...]:
    cases = item.tests if isinstance(item.tests, tuple) else ()
    found = tuple(c for c in cases if isinstance(c, Case))
    if isinstance(item.tests, str) or len(found) != len(cases):
        raise InputError(
            f"item {item.id!r}: field 'tests' must be a list of {{\"args\", \"expected\"}} for style 'cases'"
        )
    return found


def stdio_in(item: Item) -> tuple[StdioCase, ...]:
    cases = item.tests if isinstance(item.tests, tuple) else ()
    found = tuple(c for c in cases if isinstance(c, StdioCase))
    if isinstance(item.tests, str) or len(found) != len(cases):
        raise InputError(
            f"item {item.id!r}: field 'tests' must be a list of {{\"stdin\", \"stdout\"}} for style 'stdio'"
        )
    return found
