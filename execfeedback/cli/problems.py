"""`execfeedback problems ...`: bring problem sets in."""

from pathlib import Path
from typing import Annotated

import typer

app = typer.Typer(name="problems", help="Bring problem sets in.", no_args_is_help=True)


@app.callback()
def problems() -> None:
    """Bring problem sets in."""


@app.command("import")
def import_(
    kind: Annotated[str, typer.Argument(help="humaneval, mbpp, ... (a wrong name lists what exists)")],
    file: Annotated[Path, typer.Argument(help="The set's own file, one JSON object a line.")],
    out: Annotated[Path, typer.Option(help="Problem file to write; it is there whole or not at all.")],
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON document on stdout.")] = False,
) -> None:
    """Turn somebody else's problem set into a problem file."""
    import json

    from execfeedback.importers import importer
    from execfeedback.jsonl import write_jsonl
    from execfeedback.problems import problem_row

    count = write_jsonl(out, map(problem_row, importer(kind).read(file)))
    if as_json:
        typer.echo(json.dumps({"kind": kind, "problems": count, "out": str(out)}))
        return
    typer.echo(f"{count} problem{'s' if count != 1 else ''} in {out}")
    typer.echo(f"Next: execfeedback grow {out} --out corpus.db")


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
