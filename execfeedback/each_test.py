"""What became of each test of an item (`results`). Pure, and bounded in size whatever the tests are called or print."""

import re
from collections.abc import Iterable, Sequence
from itertools import islice
from typing import TYPE_CHECKING

from execfeedback.types import Failure, Outcome, TestReport, TestResult, Verdict

if TYPE_CHECKING:
    from execfeedback.judge import Decision

MOST, LONGEST_NAME, LONGEST_MESSAGE = 1000, 200, 1000
"""Tests that are told of, and characters of each."""
UNITTEST = re.compile(r"^\w+ \(test_solution\.([^)]*)\)")
"""`test_a (test_solution.TestA.test_a)`, as a test that did not pass is called; one that passed is `TestA.test_a`."""


def report(name: str, outcome: Outcome, reason: str | None = None, message: str = "") -> TestReport:
    return TestReport(
        name=name[:LONGEST_NAME], outcome=outcome, reason=reason, message=message[:LONGEST_MESSAGE]
    )


def of_results(
    results: Iterable[TestResult], reasons: tuple[str, ...], failure: Failure | None
) -> tuple[TestReport, ...]:
    """Of a judge process. A test that the solution did not outlive has the verdict's reason: the judge only saw it go."""
    return tuple(_of_result(result, reasons, failure) for result in islice(results, MOST))


def _of_result(result: TestResult, reasons: tuple[str, ...], failure: Failure | None) -> TestReport:
    name = UNITTEST.sub(r"\1", result.name)
    if result.reason == "gone" and reasons and failure is not None:
        return report(name, result.outcome, reasons[0], failure.message)
    source = result.source if result.source != result.name else ""
    message = "\n".join(part for part in (source, result.message) if part)
    return report(name, result.outcome, result.reason, message)


def of_decisions(decisions: Sequence["Decision"], expected: int) -> tuple[TestReport, ...]:
    """Of cases that are judged one by one; those without a decision were not run."""
    told = [_of_decision(number, *decision) for number, decision in enumerate(decisions[:MOST], start=1)]
    left = range(len(decisions) + 1, min(expected, MOST) + 1)
    return (*told, *(report(f"case {number}", "not_run") for number in left))


def _of_decision(number: int, verdict: str, reasons: tuple[str, ...], failure: Failure | None) -> TestReport:
    outcomes: dict[str, Outcome] = {"passed": "passed", "wrong_answer": "failed"}
    outcome = outcomes.get(verdict, "error")
    reason = reasons[0] if reasons else None
    return report(f"case {number}", outcome, reason, failure.message if failure else "")


def joined(parts: Sequence[Verdict]) -> tuple[TestReport, ...]:
    """Of several runs of one item, where each goes on behind the test that ended the one before it."""
    *early, last = [part.results for part in parts]
    ran = [one for part in early for one in ([r for r in part if r.outcome != "not_run"] or part[:1])]
    return (*ran, *last)[:MOST]
