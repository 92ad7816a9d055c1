"""`execfeedback report`: a corpus as one HTML page."""

from pathlib import Path
from typing import Annotated

import typer


def report(
    corpus: Annotated[Path, typer.Argument(help="The corpus file that `grow --out` writes.")],
    out: Annotated[
        Path | None, typer.Option(help="HTML file to write; default: the corpus's name with .html.")
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON document on stdout.")] = False,
) -> None:
    """Write what came in, what was verified and repaired, and what each gate refused, as one HTML file."""
    import json

    written = write_report(corpus, out or corpus.with_suffix(".html"))
    typer.echo(json.dumps({"report": str(written)}) if as_json else f"report: {written}")


def write_report(path: Path, out: Path) -> Path:
    """The page of a corpus, whole or not at all. Raises InputError."""
    from importlib.metadata import version

    from execfeedback.corpus import Corpus
    from execfeedback.errors import InputError
    from execfeedback.jsonl import replacing
    from execfeedback.report import render

    if out.exists() and out.samefile(path):
        raise InputError(f"{out}: is the corpus itself; give another --out")
    with Corpus(path) as corpus:
        page = render(corpus, version("execfeedback"))
    with replacing(out) as file:
        file.write(page.encode("utf-8", "replace"))
    return out
