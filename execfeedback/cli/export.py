"""`execfeedback export`: records in the form that a trainer reads."""

from pathlib import Path
from typing import Annotated

import typer


def export(
    corpus: Annotated[Path, typer.Argument(help="The corpus file that `grow --out` writes.")],
    format: Annotated[
        str, typer.Option(help="sft, dpo, kto, rl, verl, openai, parquet, huggingface, jsonl.")
    ],
    out: Annotated[Path, typer.Option(help="Folder to write the data file and its manifest.json into.")],
    include_semi_synthetic: Annotated[
        bool, typer.Option(help="Take records whose mistakes were put into human code as well.")
    ] = False,
    reasoning: Annotated[
        str | None,
        typer.Option(help="keep (before the answer), strip, or field; the format's own way otherwise."),
    ] = None,
    solve_rate: Annotated[
        str | None,
        typer.Option(help="LOW:HIGH, such as 0.1:0.9: problems that samples solve about so often."),
    ] = None,
    min_confidence: Annotated[
        float,
        typer.Option(min=0.0, max=1.0, help="Leave out records that are less likely to be right than this."),
    ] = 0.0,
    as_json: Annotated[bool, typer.Option("--json", help="Print the manifest on stdout.")] = False,
) -> None:
    """Write the records of a corpus as data to train on, with a manifest of counts and checksums."""
    import json
    from importlib.metadata import version

    from execfeedback.corpus import Corpus
    from execfeedback.corpus.samples import rated_records
    from execfeedback.exporters.files import export as write
    from execfeedback.registry import exporter_named

    options = {"include_semi_synthetic": include_semi_synthetic or None, "reasoning": reasoning}
    exporter = exporter_named(format, **{name: value for name, value in options.items() if value is not None})
    low, high = range_of(solve_rate)
    with Corpus(corpus) as opened:
        found = rated_records(opened)
        if solve_rate is not None:
            found = (r for r in found if r.solve_rate is not None and low <= r.solve_rate <= high)
        manifest = write(found, exporter, out, version("execfeedback"), min_confidence)
    if as_json:
        typer.echo(json.dumps(manifest))
        return
    file = manifest["files"][0]
    typer.echo(f"{manifest['rows']} rows in {out / file['name']} (sha256 {file['sha256'][:16]})")
    unsure = manifest["left_out"].get("confidence", 0)
    if unsure:
        typer.echo(f"{unsure} records with a confidence below {min_confidence:g} were left out")
    left = manifest["left_out"].get("semi_synthetic", 0)
    if left:
        typer.echo(f"{left} semi-synthetic records were left out; --include-semi-synthetic takes them")


def range_of(text: str | None) -> tuple[float, float]:
    """Both ends of `0.1:0.9`, either of which may be left out. Raises InputError."""
    from execfeedback.errors import InputError

    low, colon, high = (text or ":").partition(":")
    try:
        ends = float(low or 0), float(high or 1)
    except ValueError:
        ends = 1.0, 0.0
    if not colon or not 0 <= ends[0] <= ends[1] <= 1:
        raise InputError(f"--solve-rate {text}: give two shares between 0 and 1, such as 0.1:0.9")
    return ends
