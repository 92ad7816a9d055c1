"""`verify`: verdicts for items, one JSON line each."""

from pathlib import Path
from typing import Annotated

import typer


def verify(
    items: Annotated[
        Path, typer.Argument(metavar="ITEMS.jsonl", help="Verify items, one JSON object a line.")
    ],
    out: Annotated[
        Path | None,
        typer.Option(help="Write verdicts here; a rerun skips items that are there and unchanged."),
    ] = None,
    workers: Annotated[int, typer.Option(min=1, help="Slots that run at one time.")] = 2,
    unordered: Annotated[
        bool, typer.Option("--unordered", help="Verdicts as they finish, not in input order.")
    ] = False,
    results: Annotated[
        bool,
        typer.Option("--results", help="Say of each test what became of it, as an item's own `results`."),
    ] = False,
    expect_all_passed: Annotated[
        bool, typer.Option("--expect-all-passed", help="Exit with 3 when a verdict is not `passed`.")
    ] = False,
    as_json: Annotated[
        bool, typer.Option("--json", help="Verdicts on stdout, people's output on stderr.")
    ] = False,
    quiet: Annotated[bool, typer.Option("--quiet", help="No progress.")] = False,
    sandbox: Annotated[
        str | None,
        typer.Option(
            help="The backend: docker (the default), local, http://HOST:PORT or unix://PATH; never changed by itself."
        ),
    ] = None,
) -> None:
    """Judge solutions against their tests in the sandbox. Without --out, verdicts go to stdout."""
    from execfeedback.config import load_config
    from execfeedback.verify_command import Options, run

    options = Options(
        items=items,
        out=out,
        workers=workers,
        unordered=unordered,
        results=results,
        as_json=as_json,
        quiet=quiet,
        sandbox=load_config(flags={"sandbox": {"backend": sandbox}}).sandbox,
    )
    counts = run(options)
    if counts.errors:
        raise typer.Exit(4)
    if expect_all_passed and counts.passed < counts.total:
        raise typer.Exit(3)
