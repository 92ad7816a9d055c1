"""What independent solutions say about tests: which tests they contradict, and which new expectations they support. Pure.

A solution counts as a witness when it passes at least half of the tests, and once only, however often it was written. The
reference alone decides where there is one. Without it a test is contradicted when at least two witnesses, and more than
half of them, give the same other value, and none passes the test: solutions that are merely wrong differ in how
(the same is meant by dual agreement of solutions and tests in CodeT, Chen et al. 2022).
"""

from collections import Counter
from collections.abc import Sequence

from execfeedback.types import Answer, Trajectory, Verdict, Witness

LEAST_WITNESSES = 2
_BY_A_TEST = ("wrong_answer", "runtime_error")


def heard(witnesses: Sequence[Witness]) -> list[Witness]:
    """Those that count: the reference alone, or every other solution once, if it is mostly right."""
    distinct = {witness.code.strip(): witness for witness in reversed(witnesses)}
    able = [witness for witness in reversed(distinct.values()) if _mostly_right(witness)]
    return [witness for witness in able if witness.source == "reference"] or able


def _mostly_right(witness: Witness) -> bool:
    said = [answer.passed for answer in witness.answers if answer.passed is not None]
    return 2 * sum(said) >= len(said) > 0


def contradicted(witnesses: Sequence[Witness]) -> tuple[int, ...]:
    """Places of the tests that the evidence is against."""
    able = heard(witnesses)
    columns = list(zip(*(witness.answers for witness in able), strict=True))
    if able and able[0].source == "reference":
        return tuple(at for at, (answer,) in enumerate(columns) if answer.passed is False)
    return tuple(at for at, answers in enumerate(columns) if _agree_on_another(answers))


def _agree_on_another(answers: Sequence[Answer]) -> bool:
    values = Counter(answer.got for answer in answers if answer.passed is False and answer.got)
    most = max(values.values(), default=0)
    return (
        most >= LEAST_WITNESSES and 2 * most > len(answers) and not any(answer.passed for answer in answers)
    )


def supported(by_reference: bool, old: Sequence[Answer] | None, new: Sequence[Answer]) -> bool:
    """Whether the witnesses that are heard back a new test, in place of an old one or (None) beside the others."""
    for_it = sum(answer.passed is True for answer in new)
    if old is not None and any(answer.passed is not False for answer in old):
        return False
    if by_reference:
        return for_it == len(new) == 1
    return for_it >= LEAST_WITNESSES and 2 * for_it > len(new)


# ---- when evidence is looked for -----------------------------------------------------------------------------------


def in_dispute(trajectory: Trajectory) -> bool:
    """Generated tests fail solutions as often as the rules say, always at the same test, and there is somebody to ask."""
    suite, rules = trajectory.suite, trajectory.rules
    reference = trajectory.problem.reference is not None
    if suite is None or suite.origin == "given" or suite.seen != "statement" or not rules.revisions:
        return False
    if not reference and not rules.witnesses:
        return False
    last = trajectory.attempts[-1 if reference else -rules.dispute_after :]
    failing = {failing_test(attempt.verdict) for attempt in last}
    enough = len(last) == (1 if reference else rules.dispute_after)
    return enough and len(failing) == 1 and None not in failing


def failing_test(verdict: Verdict) -> str | None:
    """The test that a solution failed, or None where no test is the reason."""
    if verdict.verdict not in _BY_A_TEST or verdict.failure is None:
        return None
    return verdict.failure.test or None
