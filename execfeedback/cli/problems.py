"""`execfeedback problems ...`: bring problem sets in."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

if TYPE_CHECKING:
    from collections.abc import Iterator

    from execfeedback.types import Item, Problem

app = typer.Typer(name="problems", help="Bring problem sets in.", no_args_is_help=True)


@app.callback()
def problems() -> None:
    """Bring problem sets in."""


@app.command("import")
def import_(
    kind: Annotated[str, typer.Argument(help="humaneval, mbpp, ... (a wrong name lists what exists)")],
    file: Annotated[
        Path, typer.Argument(help="The set's own file (kattis: a problem package, or a folder of them).")
    ],
    out: Annotated[Path, typer.Option(help="Problem file to write; it is there whole or not at all.")],
    items: Annotated[
        Path | None,
        typer.Option(help="Write the set's own submissions here, as verify items with the verdict expected."),
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON document on stdout.")] = False,
) -> None:
    """Turn somebody else's problem set into a problem file."""
    import json

    from execfeedback.importers import importer, with_submissions
    from execfeedback.jsonl import write_jsonl
    from execfeedback.problems import problem_row

    judged = with_submissions(kind).submissions(file) if items else None
    counts = {"problems": write_jsonl(out, map(problem_row, importer(kind).read(file)))}
    if items and judged is not None:
        counts["submissions"] = write_jsonl(items, map(_item_row, judged))
    if as_json:
        files = {"out": str(out)} | ({"items": str(items)} if items else {})
        typer.echo(json.dumps({"kind": kind, **counts, **files}))
        return
    for name, count in counts.items():
        place = out if name == "problems" else items
        typer.echo(f"{count} {name if count != 1 else name.removesuffix('s')} in {place}")
    typer.echo(f"Next: execfeedback grow {out} --out corpus.db")
    if items:
        typer.echo(f"      execfeedback verify {items} --out verdicts.jsonl")


@app.command("translate")
def translate(
    file: Annotated[
        Path, typer.Argument(metavar="PROBLEMS", help="A file or folder of Python problems, or a corpus.")
    ],
    to: Annotated[list[str], typer.Option("--to", metavar="LANG", help="A language; may be given often.")],
    out: Annotated[Path, typer.Option(help="Problem file to write; it is there whole or not at all.")],
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON document on stdout.")] = False,
) -> None:
    """Carry Python problems to other languages: their known inputs and outputs become calls judged by value.

    What has a reference, or is a record of a corpus, is grown as a translation of that solution.
    """
    from execfeedback.errors import InputError
    from execfeedback.languages import language
    from execfeedback.translation import translated

    names = [language(name).name for name in to]
    carried, left = [], []
    for problem, parents in _with_parents(file):
        for name in names:
            try:
                carried.append(translated(problem, name, parents))
            except InputError as error:
                left.append(f"{name}: {error}")
    _written(carried, left, out, as_json)


@app.command("backtranslate")
def backtranslate(
    file: Annotated[Path, typer.Argument(metavar="SEEDS", help="What `problems import snippets` wrote.")],
    out: Annotated[Path, typer.Option(help="Problem file to write; it is there whole or not at all.")],
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON document on stdout.")] = False,
) -> None:
    """Have snippets documented and written again from that alone, when a corpus is grown of them."""
    from execfeedback.errors import InputError
    from execfeedback.originals import to_be_documented
    from execfeedback.problems import load_problems

    marked, left = [], []
    for seed in load_problems(file):
        try:
            marked.append(to_be_documented(seed))
        except InputError as error:
            left.append(str(error))
    _written(marked, left, out, as_json)


@app.command("steer")
def steer(
    file: Annotated[Path, typer.Argument(metavar="SEEDS", help="What `problems import snippets` wrote.")],
    out: Annotated[Path, typer.Option(help="Problem file to write; it is there whole or not at all.")],
    corpus: Annotated[
        Path | None, typer.Option(help="Topics and difficulties that it has few of come first.")
    ] = None,
    topic: Annotated[
        list[str] | None,
        typer.Option("--topic", help="A topic; may be given often. Default: a list of ours."),
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON document on stdout.")] = False,
) -> None:
    """Give each seed the topic and the difficulty that the problem invented after it is to have."""
    from execfeedback.problems import load_problems
    from execfeedback.steering import TOPICS, lacking, steered

    cells = lacking(_cells(corpus), tuple(topic or TOPICS))
    _written(list(steered(load_problems(file), cells)), [], out, as_json)


def _written(problems: "list[Problem]", left: list[str], out: Path, as_json: bool) -> None:
    import json
    import sys

    from execfeedback.jsonl import write_jsonl
    from execfeedback.problems import problem_row

    count = write_jsonl(out, map(problem_row, problems))
    if as_json:
        typer.echo(json.dumps({"problems": count, "left_out": left, "out": str(out)}))
        return
    for reason in left:
        print(f"left out: {reason}", file=sys.stderr)
    typer.echo(f"{count} problem{'s' if count != 1 else ''} in {out}; {len(left)} left out")


def _with_parents(path: Path) -> "Iterator[tuple[Problem, tuple[str, ...]]]":
    """Problems of a file; or the Python records of a corpus as problems, the first of each, with their ids."""
    from execfeedback.corpus import Corpus
    from execfeedback.problems import SUFFIXES, load_problems
    from execfeedback.translation import problem_of

    if path.is_dir() or path.name.endswith(SUFFIXES):
        yield from ((problem, ()) for problem in load_problems(path))
        return
    seen: set[str] = set()
    with Corpus(path) as corpus:
        for record in corpus.records():
            if record.problem.language == "python" and record.problem.id not in seen:
                seen.add(record.problem.id)
                yield problem_of(record), (record.id,)


def _cells(path: Path | None) -> dict[tuple[str, str], int]:
    """Records of a corpus by topic and difficulty."""
    from execfeedback.corpus import Corpus

    if path is None:
        return {}
    with Corpus(path) as corpus:
        rows = corpus.select(
            """SELECT tag, difficulty, count(*) FROM tags JOIN records ON records.id = tags.record
               WHERE difficulty IS NOT NULL GROUP BY tag, difficulty"""
        )
    return {(tag, difficulty): number for tag, difficulty, number in rows}


def _item_row(item: "Item") -> dict[str, Any]:
    return item.model_dump(mode="json", by_alias=True, exclude_defaults=True)
