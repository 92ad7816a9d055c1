"""What to do next, decided by the trajectory and nothing else. No IO, no clock, no chance.

So a run can be stopped after any step, written down and taken up again, and ends the same. Tests that fail a solution
stand until independent evidence contradicts them (disputes.py). Given tests stand always.
"""

from collections.abc import Iterable
from itertools import islice

from execfeedback.disputes import contradicted, in_dispute
from execfeedback.items import suite_of
from execfeedback.parts import pieces, text_of
from execfeedback.roles import role_of
from execfeedback.types import CallKind, ModelCall, Review, Solution, TestSuite, Trajectory, Value, Verdict

ANSWERS_WITHOUT_USE = 3
"""Answers without code (or, counted apart, without tests) after which a trajectory gives up."""

_ENDS = {"bad_tests": "bad_tests", "unverifiable": "unverifiable"}


class WriteTests(Value):
    """Ask for tests. `attempt` counts the calls of this kind before; `again`: the last answer had none."""

    attempt: int
    again: bool


class WriteStatement(Value):
    """Ask for the statement of a seed. `attempt` and `again` as for tests."""

    attempt: int
    again: bool


class RunOriginal(Value):
    """Run the code that a backtranslation documents: its values become the tests."""


class AskReview(Value):
    """Ask the judge about code that passed its tests. `attempt` and `again` as for tests."""

    attempt: int
    again: bool
    code: str


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


class Consult(Value):
    """Ask the reference, or first tries of other samples, what they say of the tests."""

    suite: TestSuite
    samples: tuple[int, ...]


class ReviseTests(Value):
    """Ask the author of the tests to look again at those that evidence contradicts. `attempt` and `again` as for tests."""

    attempt: int
    again: bool
    suite: TestSuite
    disputed: tuple[str, ...]


class WeighTests(Value):
    """Compare revised tests with the old ones, and take what the evidence supports."""

    old: TestSuite
    new: TestSuite


class RunTests(Value):
    """Get the verdict on a solution that has none."""

    solution: Solution
    suite: TestSuite


class Stop(Value):
    """Nothing is left to do; `reason` as in `Trajectory.stopped`."""

    reason: str


Ask = WriteStatement | WriteTests | ReviseTests | WriteSolution | ReviseSolution | AskReview
Step = Ask | RunOriginal | Consult | WeighTests | RunTests | Stop


def plan(trajectory: Trajectory) -> Step:
    """The next step of a trajectory."""
    if trajectory.stopped is not None:
        return Stop(reason=trajectory.stopped)
    derived = trajectory.problem.derived
    if derived is not None and not trajectory.problem.statement.strip():
        return _plan_statement(trajectory)
    if derived is not None and derived.how == "backtranslated" and trajectory.compared is None:
        return RunOriginal()
    suite = trajectory.suite or suite_of(trajectory.problem)
    if suite is None:
        return _plan_tests(trajectory)
    if trajectory.proposed is not None:
        return WeighTests(old=suite, new=trajectory.proposed)
    if trajectory.solution is not None:
        return RunTests(solution=trajectory.solution, suite=suite)
    return _plan_dispute(trajectory, suite) or _plan_solution(trajectory)


def _plan_statement(trajectory: Trajectory) -> Step:
    attempt = asked(trajectory, "problem") + asked(trajectory, "document")
    if attempt >= ANSWERS_WITHOUT_USE:
        return Stop(reason="no_statement")
    return WriteStatement(attempt=attempt, again=attempt > 0)


def _plan_tests(trajectory: Trajectory) -> Step:
    attempt = asked(trajectory, "tests")
    if attempt >= ANSWERS_WITHOUT_USE:
        return Stop(reason="no_tests")
    return WriteTests(attempt=attempt, again=attempt > 0)


def _plan_dispute(trajectory: Trajectory, suite: TestSuite) -> Step | None:
    """No solution is revised to agree with a test that evidence contradicts."""
    if not trajectory.attempts or trajectory.attempts[-1].verdict.passed is not False:
        return None
    if trajectory.witnesses is None:
        return _consult(trajectory, suite) if in_dispute(trajectory) else None
    wrong = contradicted(trajectory.witnesses)
    if not wrong:
        return None
    attempt = asked(trajectory, "test_revision")
    if attempt >= trajectory.rules.revisions:
        return Stop(reason="disputed_tests")
    tests = [text_of(piece) for piece in pieces(suite) if piece.alone]
    disputed = tuple(tests[at] for at in wrong)
    return ReviseTests(attempt=attempt, again=attempt > 0, suite=suite, disputed=disputed)


def _consult(trajectory: Trajectory, suite: TestSuite) -> Step:
    """The first tries of the samples 0, 1, 2, ... without this one: the same calls as those samples make themselves."""
    most = 0 if trajectory.problem.reference is not None else trajectory.rules.witnesses
    others = (sample for sample in range(most + 1) if sample != trajectory.sample)
    return Consult(suite=suite, samples=tuple(islice(others, most)))


def _plan_solution(trajectory: Trajectory) -> Step:
    review = _plan_review(trajectory)
    if review is not None:
        return review
    end = _end(trajectory)
    if end is not None:
        return Stop(reason=end)
    if not trajectory.attempts:
        attempt = asked(trajectory, "solution")
        return WriteSolution(attempt=attempt, again=attempt > 0)
    return _revision(trajectory)


def _revision(trajectory: Trajectory) -> ReviseSolution:
    solution, feedback = trajectory.attempts[-1].solution, trajectory.attempts[-1].feedback
    attempt, again = asked(trajectory, "revision"), _last_was_unused(trajectory)
    return ReviseSolution(attempt=attempt, again=again, code=solution.code, feedback=feedback)


def _plan_review(trajectory: Trajectory) -> Step | None:
    """What a judge has still to do with a solution that passed; None where there is no judge, or it is done.

    What it refuses is revised up to `review_limit` times. Then it stays refused, and the gate says so.
    """
    limit, attempts = trajectory.review_limit, trajectory.attempts
    if limit is None or not attempts or not attempts[-1].verdict.passed:
        return None
    review = review_of_last(trajectory)
    if review is None:
        attempt = asked(trajectory, "judge")
        unread = attempt - len(trajectory.reviews)
        ask = AskReview(attempt=attempt, again=unread > 0, code=attempts[-1].solution.code)
        return ask if unread < ANSWERS_WITHOUT_USE else None
    tired = refusals(trajectory) > limit or len(_unused(trajectory)) >= ANSWERS_WITHOUT_USE
    return None if review.approved or tired else _revision(trajectory)


def review_of_last(trajectory: Trajectory) -> Review | None:
    """What the judge said of the last attempt."""
    last = len(trajectory.attempts) - 1
    return next((review for review in trajectory.reviews if review.attempt == last), None)


def refusals(trajectory: Trajectory) -> int:
    return sum(not review.approved for review in trajectory.reviews)


def _end(trajectory: Trajectory) -> str | None:
    """Why no further solution is asked for, or None."""
    if trajectory.attempts and (reason := _reason(trajectory.attempts[-1].verdict)):
        return reason
    if tried(trajectory) - refusals(trajectory) >= trajectory.max_attempts:
        return "attempts"
    return "no_code" if len(_unused(trajectory)) >= ANSWERS_WITHOUT_USE else None


def _reason(verdict: Verdict) -> str | None:
    """A verdict that ends the trajectory; the solution's own faults do not."""
    return "passed" if verdict.passed else _ENDS.get(verdict.verdict or "")


def tried(trajectory: Trajectory) -> int:
    """Solutions that were judged, each once, by whichever tests."""
    return len({attempt.solution for attempt in (*trajectory.overruled, *trajectory.attempts)})


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
    yield from (attempt.solution.call for attempt in (*trajectory.overruled, *trajectory.attempts))
    if trajectory.solution is not None:
        yield trajectory.solution.call
