"""The accepted solution of a trajectory: the last attempt of one that stopped as `passed`."""

from execfeedback.items import item_for
from execfeedback.parts import whole_suite
from execfeedback.types import Attempt, Item, TestSuite, Trajectory


def accepted(trajectory: Trajectory) -> tuple[Attempt, TestSuite]:
    """The attempt that passed what the loop saw, and all tests, those that the loop never saw included (that it passes
    these is for the gate `held_out` to say). ValueError when there is no such attempt."""
    suite, attempts = whole_suite(trajectory), trajectory.attempts
    passed = trajectory.stopped == "passed" and bool(attempts) and attempts[-1].verdict.passed is True
    if not passed or suite is None:
        name, stopped = trajectory.problem.id, trajectory.stopped
        raise ValueError(f"problem {name}: no solution of it was accepted (stopped: {stopped})")
    return attempts[-1], suite


def accepted_item(trajectory: Trajectory, code: str | None = None, id: str | None = None) -> Item:
    """The verify item of the accepted solution, or of `code` in its place, under the same tests."""
    attempt, suite = accepted(trajectory)
    return item_for(trajectory.problem, attempt.solution.code if code is None else code, suite, id)
