"""What to do next, decided by the trajectory and nothing else. No IO, no clock, no chance.

So a run can be stopped after any step, written down and taken up again, and ends the same. Tests are never
revised here: until independent evidence can say which side is wrong, tests that fail a solution stand.
"""

from collections.abc import Iterable

from execfeedback.items import suite_of
from execfeedback.types import CallKind, ModelCall, Solution, TestSuite, Trajectory, Value, Verdict

ANSWERS_WITHOUT_USE = 3
"""Answers without code (or, counted apart, without tests) after which a trajectory gives up."""

_ENDS = {"bad_tests": "bad_tests", "unverifiable": "unverifiable"}


class WriteTests(Value):
    """Ask for tests. `attempt` counts the calls of this kind before."""

    attempt: int


class WriteSolution(Value):
    """Ask for a first solution. `attempt` counts the calls of this kind before."""

    attempt: int


class ReviseSolution(Value):
    """Ask for a better solution than `code`. `attempt` counts the calls of this kind before."""

    attempt: int
    code: str
    feedback: str


class RunTests(Value):
    """Get the verdict on a solution that has none."""

    solution: Solution
    suite: TestSuite


class Stop(Value):
    """Nothing is left to do; `reason` as in `Trajectory.stopped`."""

    reason: str


Step = WriteTests | WriteSolution | ReviseSolution | RunTests | Stop
Ask = WriteTests | WriteSolution | ReviseSolution


def plan(trajectory: Trajectory) -> Step:
    """The next step of a trajectory."""
    if trajectory.stopped is not None:
        return Stop(reason=trajectory.stopped)
    suite = trajectory.suite or suite_of(trajectory.problem)
    if suite is None:
        return _plan_tests(trajectory)
    if trajectory.solution is not None:
        return RunTests(solution=trajectory.solution, suite=suite)
    return _plan_solution(trajectory)


def _plan_tests(trajectory: Trajectory) -> Step:
    attempt = asked(trajectory, "tests")
    return Stop(reason="no_tests") if attempt >= ANSWERS_WITHOUT_USE else WriteTests(attempt=attempt)


def _plan_solution(trajectory: Trajectory) -> Step:
    end = _end(trajectory)
    if end is not None:
        return Stop(reason=end)
    if not trajectory.attempts:
        return WriteSolution(attempt=asked(trajectory, "solution"))
    last = trajectory.attempts[-1]
    return ReviseSolution(
        attempt=asked(trajectory, "revision"), code=last.solution.code, feedback=last.feedback
    )


def _end(trajectory: Trajectory) -> str | None:
    """Why no further solution is asked for, or None."""
    if trajectory.attempts and (reason := _reason(trajectory.attempts[-1].verdict)):
        return reason
    if len(trajectory.attempts) >= trajectory.max_attempts:
        return "attempts"
    return "no_code" if len(_unused(trajectory)) >= ANSWERS_WITHOUT_USE else None


def _reason(verdict: Verdict) -> str | None:
    """A verdict that ends the trajectory; the solution's own faults do not."""
    return "passed" if verdict.passed else _ENDS.get(verdict.verdict or "")


def asked(trajectory: Trajectory, kind: CallKind) -> int:
    """Calls of this kind that were made."""
    return sum(call.kind == kind for call in trajectory.calls)


def _unused(trajectory: Trajectory) -> list[ModelCall]:
    """Calls for code that no solution came from."""
    used = set(_origins(trajectory))
    return [call for call in trajectory.calls if call.kind != "tests" and call.id not in used]


def _origins(trajectory: Trajectory) -> Iterable[str | None]:
    yield from (attempt.solution.call for attempt in trajectory.attempts)
    if trajectory.solution is not None:
        yield trajectory.solution.call
