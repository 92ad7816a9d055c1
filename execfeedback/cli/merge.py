"""`execfeedback merge`: the union of corpora."""

from pathlib import Path
from typing import Annotated

import typer


def merge(
    corpora: Annotated[list[Path], typer.Argument(metavar="A B ...", help="Corpus files that `grow` wrote.")],
    out: Annotated[Path, typer.Option(help="The corpus file to write; it must not be there.")],
    as_json: Annotated[bool, typer.Option("--json", help="Print the counts of the union on stdout.")] = False,
) -> None:
    """Put corpora together: every call, trajectory, record and rejection once. In any order the same."""
    import json

    from execfeedback.corpus import Corpus
    from execfeedback.corpus.merging import merge as write

    write(corpora, out)
    with Corpus(out) as opened:
        counts = opened.counts()
    if as_json:
        typer.echo(json.dumps({"corpus": str(out), "counts": counts.model_dump()}))
        return
    typer.echo(
        f"{out}: {counts.records} records, {counts.rejections} rejections, {counts.trajectories} trajectories"
    )
