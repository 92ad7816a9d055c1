"""A language's own test program: tests and solution in one process, behind three things that must agree.

These are the number of tests that the text names, what the program reports, and its exit status. A plain program is one
test: its report is a line at its very end that begins with a word given on its input. Code of the solution runs in the
same process and could write all that, so the verdict says `shared`, and the item must have allowed it.
"""

import re
import secrets
from collections import Counter

from execfeedback import each_test
from execfeedback.harness import harness_job
from execfeedback.jobs import files_of, main_file_of
from execfeedback.judge import Decision, compile_decision, step_verdict, verdict
from execfeedback.languages import Harness, Language
from execfeedback.protocols import Sandbox
from execfeedback.types import (
    Execution,
    Failure,
    Item,
    Outcome,
    StepResult,
    TestCounts,
    TestReport,
    Verdict,
)

SHOWN = 8000


async def native_verdict(
    item: Item, spoken: Language, sandbox: Sandbox, harness: Harness, fresh_seed: int | None
) -> Verdict:
    """The verdict of the item's test program. Raises what `Sandbox.run` raises."""
    tests = with_carried(item, spoken, harness)
    mark = f"@{secrets.token_hex(8)}"
    expected = names_in(tests, harness)
    each = "\n".join(harness.each.replace("{test}", name) for name in expected)
    job = harness_job(
        item,
        spoken,
        harness=harness.files,
        words={"@TESTS@": tests, "@ENTRY@": item.entry_point or "", "@EACH@": each},
        compiling=harness.compile,
        run=harness.run,
        env=harness.env,
        inputs=(f"{mark}\n",),
        fresh_seed=fresh_seed,
    )
    execution = await sandbox.run(job)
    if decision := compile_decision(execution):
        counts = TestCounts(expected=len(expected))
        return shared(item, execution, execution.compile[-1], decision, counts, not_run(expected))
    step = execution.steps[0]
    if harness.tests and not expected:
        none = Failure(test="tests", message="the text names no test")
        return shared(item, execution, step, ("bad_tests", ("no_tests",), none), TestCounts(), ())
    decision, counts, results = decided(step, expected, harness, mark)
    seen = step.model_copy(update={"stdout": step.stdout.replace(f"{mark} ended\n", "")})
    return shared(item, execution, seen, decision, counts, results)


def not_run(names: list[str]) -> tuple[TestReport, ...]:
    return tuple(each_test.report(name or "tests", "not_run") for name in names[: each_test.MOST])


def harness_for(item: Item, spoken: Language) -> Harness | None:
    """The first harness that takes these tests."""
    tests = item.tests if isinstance(item.tests, str) else ""
    return next((h for h in spoken.native if not h.when or re.search(h.when, tests, re.M)), None)


def with_carried(item: Item, spoken: Language, harness: Harness) -> str:
    """The tests, with the solution's imports where they have none and the language gives each file its own."""
    tests = str(item.tests)
    if not harness.carry or re.search(harness.carry, tests, re.M):
        return tests
    main = str(files_of(item, spoken)[main_file_of(item, spoken)])
    return "\n".join([*(m.group() for m in re.finditer(harness.carry, main, re.M)), tests])


def names_in(tests: str, harness: Harness) -> list[str]:
    """The tests that must report: their names, or one without name where the program is the test."""
    if not harness.tests:
        return [""]
    code = re.sub(harness.comments, "", tests) if harness.comments else tests
    found = re.finditer(harness.tests, code, re.M)
    return [match.group(match.lastindex or 0) for match in found]


def decided(
    step: StepResult, expected: list[str], harness: Harness, mark: str
) -> tuple[Decision, TestCounts, tuple[TestReport, ...]]:
    """What one run of the program means, and for each test."""
    if not harness.tests:
        ended = step.stdout.endswith(f"{mark} ended\n")
        passed = int(ended and step.cause == "exited" and step.exit_code == 0)
        decision = program(step, ended, harness)
        counts = TestCounts(expected=1, passed=passed, failed=1 - passed)
        return decision, counts, (whole(decision),)
    outcomes = Counter(
        (m["name"], m["outcome"])
        for m in re.finditer(harness.results, step.stdout + "\n" + step.stderr, re.M)
    )
    passed = sum(outcomes[name, harness.passed] == 1 for name in expected)
    other = sum(outcomes.values()) - passed
    counts = TestCounts(expected=len(expected), passed=passed, failed=min(other, len(expected) - passed))
    return reported(step, counts, other, harness), counts, told(expected, outcomes, harness)


def whole(decision: Decision) -> TestReport:
    """Of a program that is one test."""
    name, reasons, failure = decision
    if name == "passed":
        return each_test.report("tests", "passed")
    outcome: Outcome = "failed" if name == "wrong_answer" else "error"
    return each_test.report("tests", outcome, reasons[0], failure.message if failure else "")


def told(
    expected: list[str], outcomes: "Counter[tuple[str, str]]", harness: Harness
) -> tuple[TestReport, ...]:
    """As the program reported it. A test that it named twice, or with another word than the one for a pass, failed."""
    named = {name for name, _ in outcomes}
    return tuple(
        each_test.report(name, "passed")
        if outcomes[name, harness.passed] == 1
        else each_test.report(name, "failed", "report")
        if name in named
        else each_test.report(name, "not_run")
        for name in expected[: each_test.MOST]
    )


def program(step: StepResult, ended: bool, harness: Harness) -> Decision:
    name, reasons = step_verdict(step, accepted=True)
    if name == "passed" and ended:
        return "passed", (), None
    if name == "passed":
        message = "the program ended with 0 before its tests had ended"
        return "runtime_error", ("exited",), Failure(test="tests", message=message, traceback=said(step))
    return blamed(name, reasons, step, harness)


def reported(step: StepResult, counts: TestCounts, other: int, harness: Harness) -> Decision:
    """Every test that the text names passed once, nothing else was reported, the framework and the process ended well."""
    name, reasons = step_verdict(step, accepted=True)
    if name != "passed":
        return blamed(name, reasons, step, harness)
    if other or counts.passed < counts.expected:
        message = f"{counts.passed} of {counts.expected} tests passed, and the program ended with 0"
        return "wrong_answer", ("report",), Failure(test="tests", message=message, traceback=said(step))
    if harness.ended and not re.search(harness.ended, step.stdout + "\n" + step.stderr, re.M):
        message = "the framework did not say that its tests had ended"
        return "runtime_error", ("exited",), Failure(test="tests", message=message, traceback=said(step))
    return "passed", (), None


def blamed(name: str, reasons: tuple[str, ...], step: StepResult, harness: Harness) -> Decision:
    """A failed assertion is a wrong answer, whatever way the language has to end then."""
    failed = harness.failed and re.search(harness.failed, step.stdout + "\n" + step.stderr, re.M)
    if failed and name == "runtime_error":
        message = failed.group().strip()[:500]
        return "wrong_answer", ("assertion",), Failure(test="tests", message=message, traceback=said(step))
    message = f"the tests ended with {reasons[0] if reasons else name}"
    return name, reasons, Failure(test="tests", message=message, traceback=said(step))  # type: ignore[return-value]


def said(step: StepResult) -> str:
    return (step.stderr or step.stdout)[-SHOWN:]


def shared(
    item: Item,
    execution: Execution,
    step: StepResult,
    decision: Decision,
    counts: TestCounts,
    results: tuple[TestReport, ...],
) -> Verdict:
    name, reasons, failure = decision
    asked = results if item.results else ()
    found = verdict(item, execution, step, name, reasons, counts, failure, asked)
    return found.model_copy(update={"integrity": "shared"})
