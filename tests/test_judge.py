"""From measurements to verdicts: every way not to pass, and whose fault it is."""

from typing import Any

import pytest

from execfeedback.judge import decide, split_verdict, step_verdict
from execfeedback.types import Execution, Item, SplitResult, StepResult, TestResult

OK = StepResult(cause="exited", exit_code=0)
PASSED = TestResult(name="test 1", outcome="passed")
ITEM = Item(id="x", language="python", solution="")


def split(**changes: Any) -> SplitResult:
    good = {
        "ended": True,
        "expected": 1,
        "tests": (PASSED,),
        "calls": 1,
        "values": 1,
        "judge": OK,
        "solution": OK,
    }
    return SplitResult(**{**good, **changes})


def bad(
    outcome: str = "failed", blame: str = "solution", reason: str = "assertion", message: str = ""
) -> TestResult:
    return TestResult.model_validate(
        {"name": "t", "outcome": outcome, "blame": blame, "reason": reason, "message": message}
    )


def test_a_complete_run_passes() -> None:
    verdict = split_verdict(ITEM, Execution(split=split()))

    assert (verdict.verdict, verdict.passed, verdict.tests.passed) == ("passed", True, 1)


@pytest.mark.parametrize(
    ("changes", "verdict", "reason"),
    [
        ({"ended": False}, "bad_tests", "tests_error"),
        ({"tests": (), "expected": 0}, "bad_tests", "no_tests"),
        ({"expected": 2}, "bad_tests", "tests_error"),
        ({"tests": (PASSED, TestResult(name="u", outcome="not_run"))}, "bad_tests", "tests_error"),
        ({"calls": 0}, "bad_tests", "vacuous"),
        ({"values": 0}, "bad_tests", "vacuous"),
        ({"gone": True}, "runtime_error", "exited"),
        ({"gone": True, "tests": (bad(),)}, "wrong_answer", "assertion"),
        ({"tests": (PASSED, bad("skipped", "tests", "skipped"))}, "bad_tests", "skipped"),
        ({"tests": (bad("error", "tests", "tests_error"),)}, "bad_tests", "tests_error"),
        ({"tests": (bad(),)}, "wrong_answer", "assertion"),
        ({"tests": (bad("error", reason="exception"),)}, "runtime_error", "exception"),
        ({"tests": (bad("error", reason="exception", message="MemoryError"),)}, "memory_limit", "memory"),
        ({"tests": (bad("error", reason="syntax"),)}, "compile_error", "syntax"),
        ({"tests": (bad("error", reason="missing_name"),)}, "runtime_error", "missing_name"),
        ({"tests": (bad("error", reason="gone"),)}, "runtime_error", "exited"),
        ({"tests": (PASSED, bad("error", "item", "contract_classes"))}, "unverifiable", "contract_classes"),
        ({"solution": StepResult(cause="cpu")}, "time_limit", "cpu"),
        ({"solution": StepResult(cause="wall")}, "time_limit", "wall"),
        ({"solution": StepResult(cause="memory")}, "memory_limit", "memory"),
        ({"solution": StepResult(cause="output")}, "output_limit", "output"),
        ({"judge": StepResult(cause="cpu")}, "bad_tests", "tests_limit"),
    ],
)
def test_what_is_not_a_pass(changes: dict[str, Any], verdict: str, reason: str) -> None:
    found, reasons, failure = decide(split(**changes))

    assert (found, reasons) == (verdict, (reason,))
    assert failure is not None


def test_blame_decides_what_passed_says() -> None:
    of = {
        name: split_verdict(ITEM, Execution(split=split(tests=(t,)))).passed
        for name, t in {
            "solution": bad(),
            "tests": bad("error", "tests", "tests_error"),
            "item": bad("error", "item", "needs_shared"),
        }.items()
    }

    assert of == {"solution": False, "tests": None, "item": None}


@pytest.mark.parametrize(
    ("step", "accepted", "verdict"),
    [
        (OK, True, "passed"),
        (OK, False, "wrong_answer"),
        (StepResult(cause="exited", exit_code=1), True, "runtime_error"),
        (StepResult(cause="exited", exit_code=1, stderr="x\nSyntaxError: bad\n"), True, "compile_error"),
        (StepResult(cause="signaled", signal=11), True, "runtime_error"),
        (StepResult(cause="output", exit_code=0), True, "output_limit"),
        (StepResult(cause="wall", exit_code=0), True, "time_limit"),
    ],
)
def test_a_program_run(step: StepResult, accepted: bool, verdict: str) -> None:
    assert step_verdict(step, accepted)[0] == verdict
