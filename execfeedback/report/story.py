"""Examples for a report: one trajectory from problem to record, and rejections with their evidence."""

import difflib
import json
from itertools import pairwise
from typing import Any

from execfeedback.corpus import Corpus
from execfeedback.printable import printable, shortened
from execfeedback.types import Attempt, Record, Rejection, Trajectory, Value

LOOKED_AT = 200
"""Records from which the one that is told is chosen."""


class Change(Value):
    """One line of a unified diff: `kind` is `add`, `del`, `same` or `at`."""

    kind: str
    text: str


class Try(Value):
    """One attempt as a person reads it."""

    number: int
    code: str
    verdict: str
    reasons: tuple[str, ...]
    failure: str
    traceback: str
    feedback: str
    changes: tuple[Change, ...]
    """What is different from the attempt before."""


class Example(Value):
    """A rejected trajectory."""

    problem: str
    trajectory: str
    reason: str
    code: str
    evidence: str


def tries(attempts: tuple[Attempt, ...]) -> tuple[Try, ...]:
    codes = [attempt.solution.code for attempt in attempts]
    changes = [(), *(diff(before, after) for before, after in pairwise(codes))]
    pairs = zip(attempts, changes, strict=False)  # without any attempt there is one change too many
    return tuple(_try(n, *pair) for n, pair in enumerate(pairs, start=1))


def _try(number: int, attempt: Attempt, changes: tuple[Change, ...]) -> Try:
    verdict, failure = attempt.verdict, attempt.verdict.failure
    return Try(
        number=number,
        code=printable(attempt.solution.code),
        verdict=verdict.verdict or "none",
        reasons=verdict.reasons,
        failure=printable(f"{failure.test}\n{failure.message}") if failure else "",
        traceback=shortened(printable(failure.traceback)) if failure else "",
        feedback=shortened(printable(attempt.feedback)),
        changes=changes,
    )


def diff(before: str, after: str) -> tuple[Change, ...]:
    """Unified diff without its file header."""
    lines = difflib.unified_diff(before.splitlines(), after.splitlines(), lineterm="", n=3)
    kinds = {"+": "add", "-": "del", "@": "at"}
    return tuple(Change(kind=kinds.get(line[:1], "same"), text=printable(line)) for line in list(lines)[2:])


def chosen(corpus: Corpus) -> Record | None:
    """The record whose story shows most: repaired, with a traceback, in a readable length."""
    rows = corpus.select("SELECT id FROM records ORDER BY attempts > 1 DESC, seq LIMIT ?", LOOKED_AT)
    records = (corpus.record(row[0]) for row in rows)
    return max(records, key=_interest, default=None)


def _interest(record: Record) -> tuple[bool, bool, bool, int]:
    first = record.attempts[0].verdict
    lines = record.attempts[-1].solution.code.count("\n")
    readable = 6 <= lines <= 24 and len(record.problem.statement) < 1200
    telling = first.failure is not None and bool(first.failure.traceback)
    return record.repaired, readable, telling, min(len(record.attempts), 3)


def rejected(corpus: Corpus, reason: str, most: int = 3) -> tuple[Example, ...]:
    """The first rejections for a reason (`gate:reason`, or why a trajectory stopped)."""
    rows = corpus.select("SELECT body FROM rejections WHERE reason = ? ORDER BY seq LIMIT ?", reason, most)
    found = [Rejection.model_validate(json.loads(row[0])) for row in rows]
    return tuple(_example(rejection, corpus.trajectory(rejection.trajectory)) for rejection in found)


def _example(rejection: Rejection, trajectory: Trajectory) -> Example:
    last = trajectory.attempts[-1] if trajectory.attempts else None
    failing = next((gate for gate in rejection.gates if not gate.passed), None)
    return Example(
        problem=printable(rejection.problem),
        trajectory=rejection.trajectory,
        reason=rejection.reason,
        code=shortened(printable(last.solution.code)) if last else "",
        evidence=shortened(printable(_evidence(failing.evidence) if failing else _ended(last))),
    )


def _evidence(evidence: dict[str, Any]) -> str:
    """Evidence as `name: value` lines; text keeps its line breaks."""
    return "\n".join(f"{name}: {_plain(value)}" for name, value in evidence.items())


def _plain(value: Any) -> str:
    if isinstance(value, str):
        return f"\n{value}" if "\n" in value else value
    return json.dumps(value, ensure_ascii=False)


def _ended(last: Attempt | None) -> str:
    if last is None:
        return "no solution was written"
    failure = last.verdict.failure
    return (
        f"{last.verdict.verdict}: {failure.test}\n{failure.message}" if failure else str(last.verdict.verdict)
    )
