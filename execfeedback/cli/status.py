"""`execfeedback status`: how far a corpus is, also while `grow` runs."""

from pathlib import Path
from typing import Annotated, Any

import typer


def status(
    corpus: Annotated[Path, typer.Argument(help="The corpus file that `grow --out` writes.")],
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON document on stdout.")] = False,
) -> None:
    """Say what a corpus holds and whether it is being grown."""
    import json

    facts = summary(corpus)
    if as_json:
        typer.echo(json.dumps(facts))
        return
    for line in lines(facts):
        typer.echo(line)


def summary(path: Path) -> dict[str, Any]:
    """Counts, rejections by reason, and the latest run of a corpus. Raises InputError."""
    from execfeedback.corpus import Corpus
    from execfeedback.corpus.lock import writer_of
    from execfeedback.corpus.spent import spent

    with Corpus(path) as corpus:
        runs = corpus.runs()
        return {
            "corpus": str(path),
            "growing_pid": writer_of(path),
            "counts": corpus.counts().model_dump(),
            "spent": [part.model_dump() for part in spent(corpus)],
            "rejected_by": corpus.tally("rejections", "reason"),
            "run": runs[-1] if runs else None,
            "runs": len(runs),
        }


def lines(facts: dict[str, Any]) -> list[str]:
    """The summary as a person reads it."""
    counts, pid = facts["counts"], facts["growing_pid"]
    price = f"${counts['cost_usd']:.4f}"
    if counts["calls_without_price"]:
        price += f", and {counts['calls_without_price']} calls of unknown price"
    said = [
        f"{facts['corpus']}: " + (f"process {pid} is growing it" if pid else "nobody is growing it"),
        f"  records        {counts['records']} ({counts['distinct_solutions']} distinct final solutions)",
        f"  rejected       {counts['rejections']}",
        f"  trajectories   {counts['trajectories']}: {counts['verified_at_once']} verified at once, "
        f"{counts['repaired']} repaired, {counts['failed']} never passed",
        f"  attempts       {counts['attempts']}",
        f"  calls          {counts['calls']} ({price})",
    ]
    said[3:3] = [f"      {number:>6} {reason}" for reason, number in facts["rejected_by"].items()]
    return said + _spent(facts) + _run(facts)


def _spent(facts: dict[str, Any]) -> list[str]:
    """What was paid for what, and what a record cost with all of it counted; nothing where nothing was paid."""
    from execfeedback.corpus.spent import Spent, price, whole

    parts = tuple(Spent(**part) for part in facts["spent"])
    total, records = whole(parts), facts["counts"]["records"]
    if not (total.tokens or total.usd or total.without_price):
        return []
    told = ", ".join(f"{part.purpose} {part.tokens} tokens ({price(part)})" for part in parts if part.calls)
    said = [f"  spent          {told}"]
    if records:
        each = f"{total.tokens / records:.0f} tokens, {price(total, records)}"
        said.append(f"  for a record   {each}, all of that counted")
    return said


def _run(facts: dict[str, Any]) -> list[str]:
    run = facts["run"]
    if run is None:
        return []
    told = [f"generator {run['generator']}", f"seed {run['seed']}", f"{run['samples']} samples a problem"]
    if run.get("units"):
        told.append(f"{facts['counts']['admitted']} of {run['units']} units decided")
    return [f"  latest run     {', '.join(told)}"]
