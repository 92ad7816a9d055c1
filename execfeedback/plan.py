"""What to do next, decided by the trajectory and nothing else. No IO, no clock, no chance.

So a run can be stopped after any step, written down and taken up again, and ends the same. Tests are never
revised here: until independent evidence can say which side is wrong, tests that fail a solution stand.
"""

from collections.abc import Iterable

from execfeedback.items import suite_of
from execfeedback.roles import role_of
from execfeedback.types import CallKind, ModelCall, Solution, TestSuite, Trajectory, Value, Verdict

ANSWERS_WITHOUT_USE = 3
"""Answers without code (or, counted apart, without tests) after which a trajectory gives up."""

_ENDS = {"bad_tests": "bad_tests", "unverifiable": "unverifiable"}


class WriteTests(Value):
    """Ask for tests. `attempt` counts the calls of this kind before; `again`: the last answer had none."""

    attempt: int
    again: bool


class WriteSolution(Value):
    """Ask for a first solution. `attempt` and `again` as for tests."""

    attempt: int
    again: bool


class ReviseSolution(Value):
    """Ask for a better solution than `code`. `attempt` and `again` as for tests."""

    attempt: int
    again: bool
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
    if attempt >= ANSWERS_WITHOUT_USE:
        return Stop(reason="no_tests")
    return WriteTests(attempt=attempt, again=attempt > 0)


def _plan_solution(trajectory: Trajectory) -> Step:
    end = _end(trajectory)
    if end is not None:
        return Stop(reason=end)
    if not trajectory.attempts:
        attempt = asked(trajectory, "solution")
        return WriteSolution(attempt=attempt, again=attempt > 0)
    solution, feedback = trajectory.attempts[-1].solution, trajectory.attempts[-1].feedback
    attempt, again = asked(trajectory, "revision"), _last_was_unused(trajectory)
    return ReviseSolution(attempt=attempt, again=again, code=solution.code, feedback=feedback)


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
    """Calls for a solution that none came from."""
    used = set(_origins(trajectory))
    return [call for call in trajectory.calls if role_of(call.kind) == "solver" and call.id not in used]


def _last_was_unused(trajectory: Trajectory) -> bool:
    return bool(trajectory.calls) and trajectory.calls[-1] in _unused(trajectory)


def _origins(trajectory: Trajectory) -> Iterable[str | None]:
    yield from (attempt.solution.call for attempt in trajectory.attempts)
    if trajectory.solution is not None:
        yield trajectory.solution.call
