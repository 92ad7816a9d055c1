"""The next step, from the trajectory alone."""

import pytest

from execfeedback import types
from execfeedback.plan import (
    ANSWERS_WITHOUT_USE,
    ReviseSolution,
    RunTests,
    Step,
    Stop,
    WriteSolution,
    WriteTests,
    plan,
)
from execfeedback.types import Attempt, CallKind, ModelCall, Problem, Solution, Trajectory, Verdict

BARE = Problem(id="p", statement="Add.")
TESTED = Problem(id="p", statement="Add.", tests="assert add(1, 2) == 3")
SUITE = types.TestSuite(style="asserts", tests="assert add(1, 2) == 3", origin="generated")


def call(id: str, kind: CallKind = "solution") -> ModelCall:
    return ModelCall(id=id, kind=kind, messages=(), text="", model="m", prompt="solve@0", seed=0)


def attempt(verdict: str, call: str | None = "c0", feedback: str = "told") -> Attempt:
    passed = {"passed": True, "bad_tests": None, "unverifiable": None}.get(verdict, False)
    judged = Verdict.model_validate({"id": "p", "verdict": verdict, "passed": passed})
    return Attempt(
        solution=Solution(code=f"code of {call}", author="m", call=call), verdict=judged, feedback=feedback
    )


def at(problem: Problem = TESTED, **state: object) -> Step:
    return plan(Trajectory.model_validate({"problem": problem, **state}))


def test_given_tests_are_used() -> None:
    assert at() == WriteSolution(attempt=0, again=False)
    pending = Solution(code="x", author="m", call="c0")
    step = at(solution=pending, calls=(call("c0"),))
    assert isinstance(step, RunTests)
    assert (step.solution, step.suite.tests, step.suite.origin) == (pending, "assert add(1, 2) == 3", "given")


def test_tests_come_first_when_none_are_given() -> None:
    assert at(BARE) == WriteTests(attempt=0, again=False)
    assert at(BARE, solution=Solution(code="x", author="m")) == WriteTests(attempt=0, again=False)
    assert at(BARE, suite=SUITE, calls=(call("t0", "tests"),)) == WriteSolution(attempt=0, again=False)


def test_a_faulty_solution_is_revised_with_what_was_told() -> None:
    assert at(attempts=(attempt("wrong_answer"),), calls=(call("c0"),)) == ReviseSolution(
        attempt=0, again=False, code="code of c0", feedback="told"
    )
    attempts = (attempt("wrong_answer"), attempt("time_limit", "c1", "too slow"))
    assert at(attempts=attempts, calls=(call("c0"), call("c1", "revision"))) == ReviseSolution(
        attempt=1, again=False, code="code of c1", feedback="too slow"
    )


@pytest.mark.parametrize("verdict", ["passed", "bad_tests", "unverifiable"])
def test_verdicts_that_end(verdict: str) -> None:
    assert at(attempts=(attempt(verdict),), calls=(call("c0"),)) == Stop(reason=verdict)


@pytest.mark.parametrize(
    "verdict",
    [
        "wrong_answer",
        "runtime_error",
        "compile_error",
        "time_limit",
        "memory_limit",
        "output_limit",
        "rejected",
    ],
)
def test_verdicts_that_are_the_solutions_fault_go_on(verdict: str) -> None:
    assert isinstance(at(attempts=(attempt(verdict),), calls=(call("c0"),)), ReviseSolution)


def test_attempts_end() -> None:
    attempts = (attempt("wrong_answer"), attempt("wrong_answer", "c1"))
    calls = (call("c0"), call("c1", "revision"))
    assert at(attempts=attempts, calls=calls, max_attempts=2) == Stop(reason="attempts")
    assert isinstance(at(attempts=attempts, calls=calls, max_attempts=3), ReviseSolution)
    assert at(max_attempts=0) == Stop(reason="attempts")


def test_passed_counts_before_attempts_end() -> None:
    assert at(attempts=(attempt("passed"),), calls=(call("c0"),), max_attempts=1) == Stop(reason="passed")


def test_answers_without_code_are_asked_for_again_then_given_up() -> None:
    assert ANSWERS_WITHOUT_USE == 3
    assert at(calls=(call("c0"),)) == WriteSolution(attempt=1, again=True)
    assert at(calls=(call("c0"), call("c1"))) == WriteSolution(attempt=2, again=True)
    assert at(calls=(call("c0"), call("c1"), call("c2"))) == Stop(reason="no_code")


def test_revisions_without_code_count_with_the_rest() -> None:
    calls = (call("g0"), call("c0"), call("g1", "revision"))
    step = at(attempts=(attempt("wrong_answer"),), calls=calls)
    assert step == ReviseSolution(attempt=1, again=True, code="code of c0", feedback="told")
    calls = (*calls, call("g2", "revision"))
    assert at(attempts=(attempt("wrong_answer"),), calls=calls) == Stop(reason="no_code")


def test_answers_without_tests_are_asked_for_again_then_given_up() -> None:
    assert at(BARE, calls=(call("t0", "tests"),)) == WriteTests(attempt=1, again=True)
    assert at(BARE, calls=tuple(call(f"t{n}", "tests") for n in range(3))) == Stop(reason="no_tests")
    calls = (call("t0", "tests"), call("t1", "tests"), call("t2", "tests"))
    assert at(BARE, suite=SUITE, calls=calls) == WriteSolution(attempt=0, again=False)


def test_a_given_solution_that_no_call_made_is_revised() -> None:
    step = at(attempts=(attempt("wrong_answer", None),))
    assert step == ReviseSolution(attempt=0, again=False, code="code of None", feedback="told")


def test_what_has_stopped_stays_stopped() -> None:
    assert at(stopped="exhausted") == Stop(reason="exhausted")
