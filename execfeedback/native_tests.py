"""A language's own test program: tests and solution in one process, behind three things that must agree.

These are the number of tests that the text names, what the program reports, and its exit status. A plain program is one
test: its report is a line at its end that begins with a word given on its input. Code of the solution runs in the
same process and could write all that, so the verdict says `shared`, and the item must have allowed it.
"""

import hashlib
import re
import secrets
from collections import Counter

from execfeedback import each_test
from execfeedback.harness import harness_job, put_aside
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
AMONG_TESTS = re.compile(r"\x16=== NAME .*\n|\x16")
"""What Go's package testing says in the form that is read by programs, and in no other."""


async def native_verdict(
    item: Item, spoken: Language, sandbox: Sandbox, harness: Harness, fresh_seed: int | None
) -> Verdict:
    """The verdict of the item's test program. Raises what `Sandbox.run` raises."""
    tests = with_carried(item, spoken, harness)
    mark, leave = (
        f"@{secrets.token_hex(8)}",
        f"execfeedback_{hashlib.sha256(tests.encode('utf-8', 'surrogatepass')).hexdigest()[:16]}",
    )
    leaving = {pattern: put.replace("@LEAVE@", leave) for pattern, put in harness.leaving.items()}
    expected = names_in(tests, harness)
    called = dict.fromkeys([*expected, *hooks_in(tests, harness)])
    each = "\n".join(harness.each.replace("{test}", name) for name in called)
    job = harness_job(
        item,
        spoken,
        harness=harness.files,
        words={
            "@TESTS@": put_aside(tests, leaving),
            "@ENTRY@": item.entry_point or "",
            "@EACH@": each,
            "@OWN@": own_lines(item, tests, harness),
            "@LEAVE@": leave,
        },
        compiling=harness.compile,
        run=harness.run,
        env=harness.env,
        inputs=(f"{mark}\n",),
        fresh_seed=fresh_seed,
        aside=harness.aside,
    )
    execution = await sandbox.run(job)
    if decision := compile_decision(execution):
        counts = TestCounts(expected=len(expected))
        decision = rightly_blamed(decision, item, tests, harness)
        return shared(item, execution, execution.compile[-1], decision, counts, not_run(expected))
    step = execution.steps[0]
    if wrong := wrong_tests(tests, expected, harness):
        return shared(item, execution, step, wrong, TestCounts(expected=len(expected)), not_run(expected))
    decision, counts, results = decided(step, expected, harness, mark)
    seen = step.model_copy(update={"stdout": without(step.stdout, mark)})
    decision = unmarked(rightly_blamed(decision, item, tests, harness), mark)
    return shared(item, execution, seen, decision, counts, results)


def rightly_blamed(decision: Decision, item: Item, tests: str, harness: Harness) -> Decision:
    """What the tests need and is not there, or is no program by itself, is no fault of the solution."""
    name, _, failure = decision
    if name not in ("compile_error", "runtime_error") or failure is None:
        return decision
    lacking = harness.missing and re.search(harness.missing, failure.traceback, re.M)
    what = lacking.group(1) if lacking else ""
    if what and what != item.entry_point and what in tests:
        message = f"the tests need what is not there: {what}"
        return "unverifiable", ("test_framework",), failure.model_copy(update={"message": message})
    if harness.broken and re.search(harness.broken, failure.traceback, re.M):
        return "bad_tests", ("tests_error",), failure
    return decision


def wrong_tests(tests: str, expected: list[str], harness: Harness) -> Decision | None:
    """Tests of which some would not run, or that are none, pass nothing."""
    if harness.tests and not expected:
        none = Failure(test="tests", message="the text names no test")
        return "bad_tests", ("no_tests",), none
    if left_out := strays_in(tests, harness):
        message = f"{left_out[0]} has the name of a test, and not the form of one"
        return "bad_tests", ("tests_error",), Failure(test=left_out[0], message=message)
    return None


def without(text: str, mark: str) -> str:
    """What the program printed, and not what was printed for us alone."""
    return AMONG_TESTS.sub("", text.replace(f"{mark} ended\n", "").replace(mark, "execfeedback"))


def unmarked(decision: Decision, mark: str) -> Decision:
    name, reasons, failure = decision
    if failure is None:
        return decision
    clean = {"message": without(failure.message, mark), "traceback": without(failure.traceback, mark)}
    return name, reasons, failure.model_copy(update=clean)


def not_run(names: list[str]) -> tuple[TestReport, ...]:
    return tuple(each_test.report(name or "tests", "not_run") for name in names[: each_test.MOST])


def harness_for(item: Item, spoken: Language) -> Harness | None:
    """The first harness that takes these tests."""
    tests = item.tests if isinstance(item.tests, str) else ""
    return next((h for h in spoken.native if not h.when or re.search(h.when, tests, re.M)), None)


def with_carried(item: Item, spoken: Language, harness: Harness) -> str:
    """The tests, with the solution's imports where they have none and the language gives each file its own, or without those
    that are the solution's as well where both share a file."""
    tests = str(item.tests)
    main = str(files_of(item, spoken)[main_file_of(item, spoken)])
    if harness.once:
        known = {plain_import(match.group()) for match in re.finditer(harness.once, main, re.M)}
        return re.sub(
            harness.once, lambda m: "" if plain_import(m.group()) in known else m.group(), tests, flags=re.M
        )
    if not harness.carry or re.search(harness.carry, tests, re.M):
        return tests
    return "\n".join([*(m.group() for m in re.finditer(harness.carry, main, re.M)), tests])


def plain_import(line: str) -> str:
    """The same for the same names from the same place."""
    return re.sub(r"\s|;", "", line).replace('"', "'").replace("'node:", "'")


def code_of(tests: str, harness: Harness) -> str:
    return re.sub(harness.comments, " ", tests) if harness.comments else tests


def names_in(tests: str, harness: Harness) -> list[str]:
    """The tests that must report: their names, or one without name where the program is the test."""
    return named(harness.tests, tests, harness) if harness.tests else [""]


def hooks_in(tests: str, harness: Harness) -> list[str]:
    return named(harness.hooks, tests, harness) if harness.hooks else []


def strays_in(tests: str, harness: Harness) -> list[str]:
    """Names of what looks like a test, and would not run."""
    if not harness.strays:
        return []
    known = {*names_in(tests, harness), *hooks_in(tests, harness)}
    return [name for name in named(harness.strays, tests, harness) if name not in known]


def own_lines(item: Item, tests: str, harness: Harness) -> str:
    names = own_in(item, tests, harness) if harness.own else []
    return "\n".join(line.replace("{name}", name) for line in harness.each_own for name in names)


def own_in(item: Item, tests: str, harness: Harness) -> list[str]:
    """Names that mean the language's own in the tests."""
    found = list(re.finditer(harness.own, code_of(tests, harness), re.M))
    theirs = {item.entry_point, *(match["defined"] for match in found)}
    groups = ("own", "either") if item.entry_point else ("own",)
    names = dict.fromkeys(match[group] for match in found for group in groups if match[group])
    return [name for name in names if name not in theirs]


def named(pattern: str, tests: str, harness: Harness) -> list[str]:
    found = re.finditer(pattern, code_of(tests, harness), re.M)
    return [match.group(match.lastindex or 0) for match in found]


def decided(
    step: StepResult, expected: list[str], harness: Harness, mark: str
) -> tuple[Decision, TestCounts, tuple[TestReport, ...]]:
    """What one run of the program means, and for each test."""
    if not harness.tests:
        ended = f"{mark} ended\n" in step.stdout
        passed = int(ended and step.cause == "exited" and step.exit_code == 0)
        decision = program(step, ended, harness)
        counts = TestCounts(expected=1, passed=passed, failed=1 - passed)
        return decision, counts, (whole(decision),)
    text = step.stdout + "\n" + step.stderr
    found = re.finditer(harness.results.replace("@NONCE@", mark), text, re.M)
    outcomes = Counter((match["name"], match["outcome"]) for match in found)
    expected = with_generated(expected, outcomes)
    wanted = Counter(run_of(expected, outcomes, harness))
    passed = sum(count for name, count in wanted.items() if enough(name, count, outcomes, harness))
    bad = sum(n for (_, outcome), n in outcomes.items() if outcome not in (harness.passed, harness.skipped))
    counts = TestCounts(expected=wanted.total(), passed=passed, failed=min(bad, wanted.total() - passed))
    ended = not harness.ended or bool(re.search(harness.ended.replace("@NONCE@", mark), text, re.M))
    return reported(step, counts, bad, ended, harness), counts, told(expected, outcomes, harness)


Outcomes = Counter[tuple[str, str]]


def with_generated(expected: list[str], outcomes: Outcomes) -> list[str]:
    """A name that a macro makes is any that was reported beyond the others, and at least one."""
    plain = [name for name in expected if not name.startswith("$")]
    if len(plain) == len(expected):
        return expected
    return [*plain, *(sorted({name for name, _ in outcomes} - set(plain)) or ["$"])]


def run_of(expected: list[str], outcomes: Outcomes, harness: Harness) -> list[str]:
    """Without the tests that their own text leaves out."""
    return [n for n in expected if outcomes[n, harness.passed] or not outcomes[n, harness.skipped]]


def enough(name: str, count: int, outcomes: Outcomes, harness: Harness) -> bool:
    """Whether as many passed as have that name, and none did not. One test may report for each of its parameters."""
    kinds = {outcome for one, outcome in outcomes if one == name}
    return outcomes[name, harness.passed] >= count and kinds <= {harness.passed, harness.skipped}


def whole(decision: Decision) -> TestReport:
    """Of a program that is one test."""
    name, reasons, failure = decision
    if name == "passed":
        return each_test.report("tests", "passed")
    outcome: Outcome = "failed" if name == "wrong_answer" else "error"
    return each_test.report("tests", outcome, reasons[0], failure.message if failure else "")


def told(expected: list[str], outcomes: Outcomes, harness: Harness) -> tuple[TestReport, ...]:
    """As the program reported it."""
    heard = {name for name, outcome in outcomes if outcome != harness.skipped}
    counts = Counter(expected)
    return tuple(
        each_test.report(name, "passed")
        if enough(name, counts[name], outcomes, harness)
        else each_test.report(name, "failed", "report")
        if name in heard
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


def reported(step: StepResult, counts: TestCounts, bad: int, ended: bool, harness: Harness) -> Decision:
    """Every test that the text names passed, no other failed, the framework and the process ended well."""
    name, reasons = step_verdict(step, accepted=True)
    if name != "passed":
        return blamed(name, reasons, step, harness)
    if bad:
        message = f"{counts.passed} of {counts.expected} tests passed, and the program ended with 0"
        return "wrong_answer", ("report",), Failure(test="tests", message=message, traceback=said(step))
    if not ended:
        message = "the framework did not say that its tests had ended"
        return "runtime_error", ("exited",), Failure(test="tests", message=message, traceback=said(step))
    return unrun(step, counts, harness)


def unrun(step: StepResult, counts: TestCounts, harness: Harness) -> Decision:
    """All that ran passed: it must be all that the text names. Where none ran, or each was called by its name, the program kept
    them away."""
    if not counts.expected:
        message = "every test is skipped"
        return "bad_tests", ("skipped",), Failure(test="tests", message=message, traceback=said(step))
    if counts.passed == counts.expected:
        return "passed", (), None
    message = f"{counts.passed} of {counts.expected} tests were run, and no other failed"
    failure = Failure(test="tests", message=message, traceback=said(step))
    if harness.each or not counts.passed:
        return "wrong_answer", ("report",), failure
    return "bad_tests", ("tests_error",), failure


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
