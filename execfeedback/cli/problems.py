"""`execfeedback problems ...`: bring problem sets in."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

if TYPE_CHECKING:
    from execfeedback.types import Item

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
    file: Annotated[Path, typer.Argument(metavar="PROBLEMS", help="A file or folder of Python problems.")],
    to: Annotated[list[str], typer.Option("--to", metavar="LANG", help="A language; may be given often.")],
    out: Annotated[Path, typer.Option(help="Problem file to write; it is there whole or not at all.")],
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON document on stdout.")] = False,
) -> None:
    """Carry Python problems to other languages: their known inputs and outputs become calls judged by value."""
    import json
    import sys

    from execfeedback.errors import InputError
    from execfeedback.jsonl import write_jsonl
    from execfeedback.languages import language
    from execfeedback.problems import load_problems, problem_row
    from execfeedback.translation import translated

    names = [language(name).name for name in to]
    carried, left = [], []
    for problem in load_problems(file):
        for name in names:
            try:
                carried.append(translated(problem, name))
            except InputError as error:
                left.append(f"{name}: {error}")
    count = write_jsonl(out, map(problem_row, carried))
    if as_json:
        typer.echo(json.dumps({"problems": count, "left_out": left, "out": str(out)}))
        return
    for reason in left:
        print(f"left out: {reason}", file=sys.stderr)
    typer.echo(f"{count} problem{'s' if count != 1 else ''} in {out}; {len(left)} left out")


def _item_row(item: "Item") -> dict[str, Any]:
    return item.model_dump(mode="json", by_alias=True, exclude_defaults=True)
