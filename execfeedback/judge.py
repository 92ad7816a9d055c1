"""From measurements to a verdict. Pure: the same item and execution give the same verdict, everywhere.

What a pass needs: the judge process' end frame, at least one test, every expected test passed and none skipped, at least
one call and one observed value (counted by the supervisor), a solution that answered to the end, and no limit overrun on
either side. Everything else is somebody's fault, and the verdict says whose (CONTRACTS: the solution's, the tests', the
item's).
"""

import re

from execfeedback import each_test
from execfeedback.types import (
    Cause,
    Execution,
    Failure,
    Item,
    Limits,
    SplitResult,
    StepResult,
    TestCounts,
    TestReport,
    TestResult,
    Verdict,
    VerdictName,
)

LIMIT_VERDICTS: dict[Cause, VerdictName] = {
    "cpu": "time_limit",
    "wall": "time_limit",
    "memory": "memory_limit",
    "output": "output_limit",
    "disk": "runtime_error",
}
OUT_OF_MEMORY = re.compile(
    r"^MemoryError|OutOfMemoryError|OutOfMemoryException|heap out of memory|Allowed memory size of|std::bad_alloc"
    r"|fatal error: runtime: (?:cannot allocate|out of memory)|memory allocation of \d+ bytes failed|Out of memory",
    re.M,
)
"""How the run-times of the languages say that they got no more memory."""
SPLIT_VERDICTS: dict[str, VerdictName] = {
    "assertion": "wrong_answer",
    "unusable_value": "wrong_answer",
    "syntax": "compile_error",
}


def split_verdict(item: Item, execution: Execution) -> Verdict:
    """The verdict of a split run."""
    split = execution.split
    assert split is not None, "a split verdict needs a split execution"
    name, reasons, failure = decide(split)
    counted = [t for t in split.tests if t.name != "judge"]
    tests = TestCounts(
        expected=max(split.expected, len(counted)),
        passed=sum(t.outcome == "passed" for t in counted),
        failed=sum(t.outcome in ("failed", "error") for t in counted),
    )
    results = each_test.of_results(counted, reasons, failure) if item.results else ()
    return verdict(item, execution, split.solution, name, reasons, tests, failure, results)


def verdict(
    item: Item,
    execution: Execution,
    step: StepResult,
    name: VerdictName,
    reasons: tuple[str, ...],
    tests: TestCounts,
    failure: Failure | None,
    results: tuple[TestReport, ...] = (),
) -> Verdict:
    """A verdict with the facts of the solution's process."""
    return Verdict(
        id=item.id,
        verdict=name,
        passed=passed(name),
        reasons=reasons,
        integrity="shared" if execution.split is not None and execution.split.shared else "split",
        tests=tests,
        failure=failure,
        stdout=step.stdout,
        stderr=step.stderr,
        truncated=step.truncated,
        exit_code=step.exit_code,
        signal=step.signal,
        cpu_s=step.cpu_s,
        wall_s=step.wall_s,
        memory_peak_mb=step.memory_peak_mb,
        slot_recycled=execution.slot_recycled,
        language_version=execution.language_version,
        environment=execution.environment,
        results=results,
    )


def passed(name: VerdictName) -> bool | None:
    """True, False, or None where the solution is not to blame and nothing is known of it."""
    if name in ("bad_tests", "unverifiable"):
        return None
    return name == "passed"


Decision = tuple[VerdictName, tuple[str, ...], Failure | None]


def decide(split: SplitResult) -> Decision:
    """Who is to blame, in the order of certainty: the item, limits, the tests, the solution."""
    for result in split.tests:
        if result.blame == "item":
            return "unverifiable", (result.reason or "needs_shared",), failure_of(result)
    if split.solution.cause in LIMIT_VERDICTS:
        return limit(split.solution, split.tests)
    if split.judge.cause in LIMIT_VERDICTS:
        return (
            "bad_tests",
            ("tests_limit",),
            Failure(test="tests", message=f"the tests overran a limit: {split.judge.cause}"),
        )
    if not split.ended:
        return no_end(split)
    bad = next((t for t in split.tests if t.outcome not in ("passed", "not_run")), None)
    if bad is not None:
        return blamed(bad, split)
    return complete(split)


def limit(step: StepResult, tests: tuple[TestResult, ...]) -> Decision:
    """A limit that the solution overran."""
    bad = next((t for t in tests if t.outcome in ("failed", "error")), None)
    failure = Failure(test=(bad.source or bad.name) if bad else "", message=f"limit overrun: {step.cause}")
    return LIMIT_VERDICTS[step.cause], (step.cause,), failure


def no_end(split: SplitResult) -> Decision:
    """The judge process went without a result. A solution that was killed with the slot explains it; else the tests did it."""
    if split.shared:
        gone = TestResult(name="tests", outcome="error", blame="solution", reason="gone")
        return ended_early(gone, split.solution)
    if split.solution.signal is not None and split.judge.exit_code is None and split.judge.signal is None:
        return "runtime_error", ("slot_lost",), Failure(test="", message="the program ended its sandbox")
    message = "the tests ended their own process before they gave a result"
    return "bad_tests", ("tests_error",), Failure(test="tests", message=message)


def blamed(bad: TestResult, split: SplitResult) -> Decision:
    """The verdict for the first test that did not pass."""
    reason = bad.reason or bad.outcome
    if bad.blame == "tests":
        return "bad_tests", (reason,), failure_of(bad)
    if reason == "gone":
        return ended_early(bad, split.solution)
    if reason == "exception" and "MemoryError" in bad.message.split(":")[0]:
        return "memory_limit", ("memory",), failure_of(bad)
    return SPLIT_VERDICTS.get(reason, "runtime_error"), (reason,), failure_of(bad)


def ended_early(bad: TestResult, solution: StepResult) -> Decision:
    how = f"signal {solution.signal}" if solution.signal is not None else f"exit code {solution.exit_code}"
    message = f"the program ended during this test ({how})"
    return (
        "runtime_error",
        ("exited",),
        Failure(test=bad.source or bad.name, message=message, traceback=solution.stderr[-4000:]),
    )


def complete(split: SplitResult) -> Decision:
    """Nothing failed: what a pass needs beyond that."""
    ran = sum(t.outcome == "passed" for t in split.tests)
    if ran == 0:
        return "bad_tests", ("no_tests",), Failure(test="tests", message="no test ran")
    if ran < split.expected or ran < len(split.tests):
        return (
            "bad_tests",
            ("tests_error",),
            Failure(test="tests", message=f"{ran} of {split.expected} tests ran"),
        )
    if split.gone:
        gone = TestResult(name="tests", outcome="error", blame="solution", reason="gone")
        return ended_early(gone, split.solution)
    if split.shared and split.solution.exit_code != 0:
        message = "the process ended after its result, and not as it should have"
        return "runtime_error", ("exited",), Failure(test="tests", message=message)
    if not split.shared and (split.calls == 0 or split.values == 0):
        message = "the tests never use a value of the solution"
        return "bad_tests", ("vacuous",), Failure(test="tests", message=message)
    return "passed", (), None


def failure_of(result: TestResult) -> Failure:
    return Failure(test=result.source or result.name, message=result.message, traceback=result.traceback)


# ---- programs -----------------------------------------------------------------------------------------------------------


def step_verdict(step: StepResult, accepted: bool) -> tuple[VerdictName, tuple[str, ...]]:
    """The verdict of one program run whose output was compared outside (`accepted`)."""
    if step.cause in LIMIT_VERDICTS:
        return LIMIT_VERDICTS[step.cause], (step.cause,)
    if step.cause == "signaled" and OUT_OF_MEMORY.search(step.stderr[-4000:]):
        return "memory_limit", ("memory",)
    if step.cause == "signaled":
        return "runtime_error", (f"signal_{step.signal}",)
    if step.exit_code != 0:
        if step.stderr.rstrip().rsplit("\n", 1)[-1].startswith("SyntaxError"):
            return "compile_error", ("syntax",)
        if OUT_OF_MEMORY.search(step.stderr[-4000:]):
            return "memory_limit", ("memory",)
        return "runtime_error", ("exit_code",)
    return ("passed", ()) if accepted else ("wrong_answer", ("output",))


def charged_s(execution: Execution, limits: Limits) -> float:
    """What an execution takes of the item's total wall time: what was measured of its programs, so neither waiting for a slot
    nor judging an output counts. A slot that had to be replaced counts a wall limit: a program that ends its slots must
    end too."""
    split = execution.split
    sides: tuple[StepResult, ...] = (split.solution, split.judge) if split else ()
    measured = sum(step.wall_s for step in (*execution.compile, *execution.steps, *sides))
    return measured + (limits.wall_s if execution.slot_recycled else 0.0)


def compile_decision(execution: Execution) -> Decision | None:
    """None where there is nothing to compile, or it went well. The compiler's words are the traceback."""
    if not execution.compile:
        return None
    step = execution.compile[-1]
    if step.cause == "exited" and step.exit_code == 0:
        return None
    said = (step.stderr or step.stdout)[-8000:]
    if step.cause in LIMIT_VERDICTS:
        message = f"compiling overran a limit: {step.cause}"
        return "compile_error", (f"compile_{step.cause}",), Failure(test="", message=message, traceback=said)
    first = next(
        (line for line in said.splitlines() if "error" in line.lower()), "the program does not compile"
    )
    return "compile_error", ("compile",), Failure(test="", message=first[:500], traceback=said)
