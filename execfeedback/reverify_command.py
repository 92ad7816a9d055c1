"""What `execfeedback reverify` does: run every record of a corpus again, from what the file stores and nothing else.

A record holds when its id is still that of its content, its item is what its problem says (held-out cases, limits, checker),
passes, and with the integrity that it claims.
"""

import asyncio
import json
import sys
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from execfeedback.audit.screen import Moving
from execfeedback.checks import checked_verdict
from execfeedback.config import SandboxOptions
from execfeedback.corpus import Corpus
from execfeedback.errors import SandboxError
from execfeedback.halting import Interrupted
from execfeedback.ids import canonical, digest
from execfeedback.items import item_for
from execfeedback.jsonl import write_jsonl
from execfeedback.library import backend_of
from execfeedback.printable import printable
from execfeedback.protocols import Sandbox
from execfeedback.types import Item, Record, TestSuite, Value, Verdict
from execfeedback.verify_command import until_stopped
from execfeedback.verifying import in_flight

SHOWN = 20
"""Records that do not hold which are listed for people; `--out` has them all."""


class Options(Value):
    corpus: Path
    out: Path | None = None
    workers: int = 2
    as_json: bool = False
    quiet: bool = False
    sandbox: SandboxOptions = SandboxOptions()


class Outcome(Value):
    """What became of one record. `reason` is empty when it holds."""

    id: str
    problem: str = ""
    reason: str = ""
    """A verdict other than `passed`, `altered`, `unreadable`, `integrity`, or `error`, which is ours."""
    message: str = ""
    made_in: str = ""
    """Digest of the image that it was made in."""
    verdict: Verdict | None = None


class Counts(Value):
    total: int
    held: int
    errors: int
    reasons: dict[str, int]
    other_image: int
    """Records that hold, and were made in another image than the one that they ran in now."""


def run(options: Options) -> Counts:
    """Raises InputError when there is no such corpus, SandboxError when there is no sandbox."""
    outcomes: list[Outcome] = []
    with Corpus(options.corpus) as corpus:
        total = corpus.counts().records
        try:
            asyncio.run(until_stopped(_run_all(options, corpus, total, outcomes)))
        except Interrupted as stop:
            stop.args = (f"interrupted after {len(outcomes)} of {total} records; a rerun begins anew",)
            raise
    counts = counted(outcomes)
    if options.out is not None:
        write_jsonl(options.out, outcomes)
    _tell(options, counts, outcomes)
    return counts


async def _run_all(options: Options, corpus: Corpus, total: int, outcomes: list[Outcome]) -> None:
    """Outcomes in the order of admission."""
    if not total:
        return
    async with backend_of(options.sandbox, options.workers) as sandbox:

        async def work(row: dict[str, Any]) -> Outcome:
            return await outcome_of(row, sandbox)

        with Moving(total, Counter(), options.quiet) as moving:
            async for outcome in in_flight(_rows(corpus), work, workers=options.workers):
                outcomes.append(outcome)
                moving.take(outcome.reason or "holds")


def _rows(corpus: Corpus) -> Iterator[dict[str, Any]]:
    """Records as they are stored, one in memory at a time; `key` is the id that the table has them under."""
    for (id,) in corpus.select("SELECT id FROM records ORDER BY seq"):
        ((body,),) = corpus.select("SELECT body FROM records WHERE id = ?", id)
        yield {"key": id, "body": body}


async def outcome_of(row: dict[str, Any], sandbox: Sandbox) -> Outcome:
    """One record, run again. A fault of ours is the reason `error`, and never says that a record does not hold."""
    try:
        stored = json.loads(row["body"])
        record = Record.model_validate(stored)
    except (ValueError, ValidationError) as error:
        return Outcome(id=row["key"], reason="unreadable", message=str(error)[:500])
    about = Outcome(id=row["key"], problem=record.problem.id, made_in=record.environment)
    if not (row["key"] == record.id == id_of(stored)):
        return about.model_copy(
            update={"reason": "altered", "message": "its content is not what its id was made of"}
        )
    if changed := changed_in(record):
        message = f"its item is not what its problem says: {', '.join(changed)}"
        return about.model_copy(update={"reason": "altered", "message": message})
    try:
        verdict = await checked_verdict(record.item, sandbox)
    except SandboxError as error:
        return about.model_copy(update={"reason": "error", "message": str(error)})
    reason, message = _compared(record, verdict)
    return about.model_copy(update={"reason": reason, "message": message, "verdict": verdict})


def id_of(stored: dict[str, Any]) -> str:
    """The id that admission gives to such a record, made of the plain data that the file holds: a later version of this
    program, which knows more fields, must come to the same."""
    item = stored["item"]
    return digest(
        {
            "problem": {name: value for name, value in stored["problem"].items() if name != "derived"},
            "solution": item["solution"],
            "tests": {"style": item["style"], "tests": item["tests"]},
            "parents": stored["parents"],
            "environment": stored["environment"],
        }
    )


def changed_in(record: Record) -> list[str]:
    """Fields of the item, beside those that the id covers, in which it differs from what its problem makes of it. Where it runs
    is told by its verdict."""
    item = record.item
    wanted = item_for(record.problem, "", TestSuite(style=item.style, tests=item.tests), item.id)
    names = [name for name in Item.model_fields if name not in ("solution", "environment")]
    return [name for name in names if _text(item, name) != _text(wanted, name)]


def _text(item: Item, name: str) -> str:
    """Of a field, in which NaN equals itself and 1 is not True."""
    return canonical(item.model_dump(mode="json", include={name}))


def _compared(record: Record, verdict: Verdict) -> tuple[str, str]:
    """Why a record does not hold, with what was seen; empty when it does."""
    if verdict.verdict != "passed":
        failure = verdict.failure
        told = f"{failure.test}\n{failure.message}".strip() if failure else ""
        return str(verdict.verdict), f"{' '.join(verdict.reasons)}: {told}"
    if record.integrity == "split" and verdict.integrity != "split":
        return "integrity", "it was judged in two processes, and now only passes in one"
    return "", ""


def counted(outcomes: list[Outcome]) -> Counts:
    reasons = Counter(outcome.reason for outcome in outcomes if outcome.reason)
    other = (
        outcome
        for outcome in outcomes
        if not outcome.reason and outcome.verdict and outcome.verdict.environment != outcome.made_in
    )
    return Counts(
        total=len(outcomes),
        held=len(outcomes) - reasons.total(),
        errors=reasons["error"],
        reasons=dict(reasons.most_common()),
        other_image=sum(1 for _ in other),
    )


# ---- what people get -----------------------------------------------------------------------------------------------


def _tell(options: Options, counts: Counts, outcomes: list[Outcome]) -> None:
    failed = [outcome for outcome in outcomes if outcome.reason]
    if options.as_json:
        shown = [outcome.model_dump(mode="json", exclude={"verdict"}) for outcome in failed]
        print(json.dumps({**counts.model_dump(), "not_held": shown}, ensure_ascii=False))
        if options.quiet:
            return
    file = sys.stderr if options.as_json else sys.stdout
    print("\n".join(lines(counts, failed)), file=file)


def lines(counts: Counts, failed: list[Outcome]) -> Iterator[str]:
    """The result as a person reads it."""
    reasons = ", ".join(f"{number} {reason}" for reason, number in counts.reasons.items())
    yield f"{counts.total} records: {counts.held} hold" + (f", {reasons}" if reasons else "")
    if counts.other_image:
        yield f"{counts.other_image} of them were made in another image than the one that they passed in now"
    for outcome in failed[:SHOWN]:
        told = " ".join(printable(outcome.message).split())
        yield f"  {outcome.id[:12]}  {printable(outcome.problem)}  {outcome.reason}: {told[:300]}"
    if len(failed) > SHOWN:
        yield f"  ... and {len(failed) - SHOWN} more; --out FILE writes all"
