"""One subject through the one path of verdicts, with what an audit asks beyond it: checks, an exit code, a normal form."""

from typing import NamedTuple

from execfeedback.audit.exit_code import by_exit_code
from execfeedback.audit.findings import found, malformed
from execfeedback.audit.forging import evidence
from execfeedback.audit.values import Finding, Reading, Subject
from execfeedback.checks import RERUNS, checked_verdict
from execfeedback.errors import SandboxError
from execfeedback.gates.discriminating import DiscriminatingGate
from execfeedback.gates.stable import StableGate, suspects
from execfeedback.ids import digest
from execfeedback.mutants_in_sandbox import normal_form_of
from execfeedback.protocols import Sandbox
from execfeedback.types import Check, Item, Verdict
from execfeedback.verdicts import verdict_of
from execfeedback.verifying import item_digest

VERSION = ("2", DiscriminatingGate().version, StableGate(RERUNS, RERUNS).version)
"""Changes whenever an old finding may no longer hold, with the checks as well."""
AGAIN = 6
"""Further runs of a row that fails though an exit code passes it, or though its source names chance: a pass among them
makes it flaky."""
_ASKED_AGAIN = ("wrong_answer", "runtime_error", "compile_error", "bad_tests", "unverifiable")
"""Verdicts that an exit code may contradict. A limit may be overrun in one of two runs by a hair."""


class Asked(NamedTuple):
    """What is asked of every row."""

    checks: tuple[Check, ...]
    normal_forms: bool = True
    """Duplicates by the syntax tree; else by the text alone."""


class Judged(NamedTuple):
    """A reading with all that was measured of it."""

    reading: Reading
    verdict: Verdict
    by_exit_code: bool | None = None
    passed_again: int = 0
    """How many of AGAIN further runs passed, where they were asked for."""
    forging: str = ""
    """What shows that an exit code was forged."""


async def finding_of(subject: Subject, asked: Asked, sandbox: Sandbox) -> Finding:
    """What is true of a row. A fault of ours becomes a finding `error`, which no rerun takes for settled."""
    settled = subject_digest(subject, asked)
    if not subject.readings:
        return malformed(subject, settled)
    try:
        judged = await judge(subject, asked, sandbox)
        key = await key_of(judged.reading.item, asked, sandbox)
    except SandboxError as error:
        return Finding(
            id=subject.id, row=subject.row, finding="error", shape=subject.shape, message=str(error)
        )
    return found(subject, *judged).model_copy(update={"key": key, "digest": settled})


def subject_digest(subject: Subject, asked: Asked) -> str:
    """Of all that decides the finding, the row's place in the file aside."""
    items = [[item_digest(reading.item), reading.after] for reading in subject.readings]
    return digest([VERSION, subject.claim, subject.fault, items, list(asked.checks), asked.normal_forms])


async def judge(subject: Subject, asked: Asked, sandbox: Sandbox) -> Judged:
    """The row under its likeliest reading, unless it is what it claims under another one. Raises SandboxError."""
    reading = subject.readings[0]
    verdict = await _verdict(reading, subject, asked, sandbox)
    for other in subject.readings[1:]:
        if verdict.verdict == other.after or (verdict.passed and subject.claim == "fails"):
            again = await _verdict(other, subject, asked, sandbox)
            if (
                again.passed is (subject.claim == "passes")
                or other.after == verdict.verdict == "compile_error"
            ):
                verdict, reading = again, other
    if verdict.passed or verdict.verdict not in _ASKED_AGAIN:
        return Judged(reading, verdict)
    ended = await by_exit_code(reading.item, sandbox)
    passes, forging = (ended.passed, evidence(reading.item, ended.early)) if ended else (None, "")
    doubtful = passes or ("flaky" in asked.checks and suspects(reading.item))
    if verdict.passed is None or not doubtful or subject.claim == "fails":
        return Judged(reading, verdict, passes)
    return Judged(reading, verdict, passes, await _passes_again(reading.item, sandbox), forging)


async def _verdict(reading: Reading, subject: Subject, asked: Asked, sandbox: Sandbox) -> Verdict:
    """With the checks, unless the row does not claim to pass: then there is nothing to doubt about a failure."""
    item = reading.item
    if subject.claim == "fails":
        return await verdict_of(item, sandbox)
    checks = tuple(dict.fromkeys((*item.checks, *asked.checks)))
    return await checked_verdict(item.model_copy(update={"checks": checks}), sandbox)


async def _passes_again(item: Item, sandbox: Sandbox) -> int:
    verdicts = [await verdict_of(item, sandbox, seed) for seed in (None, None, *range(1, AGAIN - 1))]
    return sum(verdict.passed is True for verdict in verdicts)


async def key_of(item: Item, asked: Asked, sandbox: Sandbox) -> str:
    """Equal for two rows with the same tests whose code is the same but for comments, names of locals, layout."""
    code = item.solution if isinstance(item.solution, str) else digest(item.solution)
    form = None
    if asked.normal_forms and isinstance(item.solution, str) and item.language == "python":
        form = await normal_form_of(code, sandbox)
    tests = item.model_dump(mode="json", include={"tests", "holdout", "files"})
    return digest([item.language, item.entry_point, tests, form or code.strip()])
