"""Independent evidence about generated tests, and what becomes of tests that are revised on its ground.

Nobody sees more than before: witnesses are first tries, made from the statement alone; the tests' author sees the statement
and the tests. What the author changes is taken test by test, and only where disputes.py says that the evidence supports it.
"""

import asyncio
import re
from collections.abc import Awaitable, Callable, Sequence
from itertools import count

from execfeedback.disputes import heard, supported
from execfeedback.ledger.compare import Entry
from execfeedback.ledger_in_sandbox import entries_between
from execfeedback.parts import Piece, of_pieces, one_by_one, pieces, text_of, with_test
from execfeedback.protocols import Sandbox
from execfeedback.types import Answer, TestChange, TestSuite, Trajectory, Verdict, Witness

Judged = Callable[[str, TestSuite], Awaitable[Verdict]]
"""The verdict on code under a suite."""
_GOT = re.compile(r"^got:\s?(.*?)(?=\nexpected: |\Z)", re.M | re.S)


async def questioned(witness: Witness, suite: TestSuite, judged: Judged) -> Witness:
    """The witness with what each test of the suite that stands alone says of it."""
    answers = await asyncio.gather(*(_answer(witness.code, one, judged) for one in one_by_one(suite)))
    return witness.model_copy(update={"answers": tuple(answers)})


async def _answer(code: str, suite: TestSuite, judged: Judged) -> Answer:
    verdict = await judged(code, suite)
    found = (
        _GOT.search(verdict.failure.message)
        if verdict.verdict == "wrong_answer" and verdict.failure
        else None
    )
    return Answer(passed=verdict.passed, got=found[1].strip() if found else "")


async def weighed(
    old: TestSuite, new: TestSuite, witnesses: Sequence[Witness], judged: Judged, sandbox: Sandbox
) -> tuple[TestSuite, tuple[TestChange, ...]]:
    """The suite that stands after a revision, and the ledger of it. Old tests stay unless a change of one is accepted."""
    before = [piece for piece in pieces(old) if piece.test]
    after = [piece for piece in pieces(new) if piece.test]
    entries = await entries_between(before, after, sandbox)
    able = heard(witnesses)
    changes = [await _change(entry, before, after, old, able, judged) for entry in entries]
    return _standing(old, after, entries, changes), tuple(changes)


async def _change(
    entry: Entry,
    before: Sequence[Piece],
    after: Sequence[Piece],
    suite: TestSuite,
    able: Sequence[Witness],
    judged: Judged,
) -> TestChange:
    was = before[entry.old] if entry.old is not None else None
    now = after[entry.new] if entry.new is not None else None
    change = TestChange.model_validate(
        {
            "kind": entry.kind,
            "why": entry.why,
            "old": text_of(was) if was else "",
            "new": text_of(now) if now else "",
        }
    )
    if entry.kind not in ("changed", "added") or now is None or not now.alone or (was and not was.alone):
        return change
    answers = [await _answer(witness.code, with_test(suite, now), judged) for witness in able]
    olds = [await _answer(witness.code, with_test(suite, was), judged) for witness in able] if was else None
    by_reference = bool(able) and able[0].source == "reference"
    told = _told(by_reference, olds, answers)
    return change.model_copy(update={"accepted": supported(by_reference, olds, answers), "evidence": told})


def _told(by_reference: bool, old: Sequence[Answer] | None, new: Sequence[Answer]) -> str:
    who = "the reference" if by_reference else f"{len(new)} independent solutions"
    counts = [f"the new test passes {sum(answer.passed is True for answer in new)}"]
    if old is not None:
        counts.append(f"the old one passes {sum(answer.passed is True for answer in old)}")
    return f"of {who}, {' and '.join(counts)}"


def _standing(
    old: TestSuite,
    after: Sequence[Piece],
    entries: Sequence[Entry],
    changes: Sequence[TestChange],
) -> TestSuite:
    """The old suite with accepted changes in their places and accepted additions at the end."""
    taken = [entry for entry, change in zip(entries, changes, strict=True) if change.accepted]
    instead = {
        entry.old: after[entry.new] for entry in taken if entry.old is not None and entry.new is not None
    }
    place = count()
    kept = [instead.get(next(place), piece) if piece.test else piece for piece in pieces(old)]
    return of_pieces(old, [*kept, *(after[e.new] for e in taken if e.old is None and e.new is not None)])


def restarted(trajectory: Trajectory, suite: TestSuite, ledger: Sequence[TestChange]) -> Trajectory:
    """The trajectory under the tests that stand now. Where they changed, it goes on from its first try: what was revised
    since was revised for tests that were wrong."""
    kept = {"proposed": None, "ledger": (*trajectory.ledger, *ledger)}
    if suite == trajectory.suite:
        return trajectory.model_copy(update=kept)
    first = trajectory.attempts[0].solution
    overruled = (*trajectory.overruled, *trajectory.attempts)
    new = {"suite": suite, "attempts": (), "solution": first, "overruled": overruled, "reviews": ()}
    return trajectory.model_copy(update=kept | new)
