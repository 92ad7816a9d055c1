"""`reverify`: whether the records of a corpus still hold."""

from pathlib import Path
from typing import Annotated

import typer


def reverify(
    corpus: Annotated[Path, typer.Argument(help="The corpus file that `grow --out` writes.")],
    out: Annotated[Path | None, typer.Option(help="Write a line for each record, with its verdict.")] = None,
    workers: Annotated[int, typer.Option(min=1, help="Slots that run at one time.")] = 2,
    as_json: Annotated[
        bool, typer.Option("--json", help="One JSON document on stdout, people's output on stderr.")
    ] = False,
    quiet: Annotated[bool, typer.Option("--quiet", help="No progress.")] = False,
    sandbox: Annotated[
        str | None,
        typer.Option(
            help="The backend: docker (the default), local, http://HOST:PORT or unix://PATH; never changed by itself."
        ),
    ] = None,
) -> None:
    """Run every record again from what it stores, and report what no longer holds (exit code 3)."""
    from execfeedback.config import load_config
    from execfeedback.reverify_command import Options, run

    counts = run(
        Options(
            corpus=corpus,
            out=out,
            workers=workers,
            as_json=as_json,
            quiet=quiet,
            sandbox=load_config(flags={"sandbox": {"backend": sandbox}}).sandbox,
        )
    )
    if counts.errors:
        raise typer.Exit(4)
    if counts.held < counts.total:
        raise typer.Exit(3)
