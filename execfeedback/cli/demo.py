"""`execfeedback demo`: the tour that needs no key."""

from pathlib import Path
from typing import Annotated

import typer


def demo(
    out: Annotated[Path, typer.Option(help="Corpus to grow; a second run goes on from it.")] = Path(
        "demo-corpus.db"
    ),
    workers: Annotated[int | None, typer.Option(min=1, help="Slots of the sandbox [2].")] = None,
    seed: Annotated[int | None, typer.Option(help="Decides everything that chance decides [0].")] = None,
    samples: Annotated[int, typer.Option(min=1, help="Independent first tries a problem.")] = 2,
    as_json: Annotated[
        bool, typer.Option("--json", help="One JSON document on stdout, people's output on stderr.")
    ] = False,
    quiet: Annotated[bool, typer.Option("--quiet", help="No progress, no tour.")] = False,
    sandbox: Annotated[str | None, typer.Option(help="The backend: docker (the default), or local.")] = None,
) -> None:
    """Grow a corpus from the bundled problems with the embedded generator, show one fix, write the report.

    No key and no network. The generator makes realistic mistakes in human-written solutions and repairs them
    from what execution says; everything after it is the real thing.
    """
    from execfeedback.cli.demo_run import tour
    from execfeedback.cli.grow_run import Options
    from execfeedback.problems import bundled

    options = Options(
        problems=bundled(),
        out=out,
        generator="mutate",
        samples=samples,
        workers=workers,
        seed=seed,
        sandbox=sandbox,
        as_json=as_json,
        quiet=quiet,
    )
    tour(options)
