"""The only maker of a Record: what stopped as `passed` and went through every gate that was asked for.

    examine (needs a sandbox, may run for many trajectories at once) -> record_or_rejection (pure)

A gate that raises has said nothing: the exception is ours, and goes through. Which gates must report is
stated apart from what they reported, so a gate that never spoke is a rejection and cannot look like a pass.
"""

from collections.abc import Sequence

from execfeedback.accepted import accepted, accepted_item
from execfeedback.confidence import evidence_of, probability
from execfeedback.ids import digest
from execfeedback.protocols import Gate, Sandbox
from execfeedback.types import GateResult, ModelCall, Record, Rejection, Trajectory

NOT_RUN = "not_run"
"""The reason of a gate that should have reported and did not."""


async def examine(trajectory: Trajectory, gates: Sequence[Gate], sandbox: Sandbox) -> tuple[GateResult, ...]:
    """What the gates said, in their order, up to the first that failed.

    Nothing when the trajectory did not stop as `passed`. Raises whatever a gate raises (SandboxError).
    """
    results: list[GateResult] = []
    for gate in gates if trajectory.stopped == "passed" else ():
        results.append(await gate.check(trajectory, sandbox))
        if not results[-1].passed:
            break
    return tuple(results)


def record_or_rejection(
    trajectory: Trajectory, results: Sequence[GateResult], *, expected: Sequence[str], id: str | None = None
) -> Record | Rejection:
    """A Record when the trajectory passed and every gate of `expected` reported and passed.

    `id` is the trajectory's digest, where it is known already. The reason of a rejection is why the trajectory stopped
    (`attempts`, `bad_tests`, ...) or `gate:reason`.
    ValueError when the trajectory did not stop yet, or says `passed` and shows no passing attempt.
    """
    if trajectory.stopped is None:
        raise ValueError(f"problem {trajectory.problem.id}: its trajectory has not stopped")
    id = id or digest(trajectory)
    if trajectory.stopped != "passed":
        return _rejection(trajectory, id, trajectory.stopped, results)
    accepted(trajectory)
    heard = (*results, *_silent(results, expected))
    failed = next((result for result in heard if not result.passed), None)
    if failed is not None:
        return _rejection(trajectory, id, f"{failed.gate}:{failed.reason}", heard[: heard.index(failed) + 1])
    return _record(trajectory, id, heard)


def record_id(trajectory: Trajectory) -> str:
    """Digest of problem, solution, tests, parents and environment, and of no measurement."""
    attempt, suite = accepted(trajectory)
    return digest(
        {
            "problem": trajectory.problem.model_dump(mode="json", by_alias=True, exclude={"derived"}),
            "solution": attempt.solution.code,
            "tests": suite.model_dump(mode="json", include={"style", "tests"}),
            "parents": parents(trajectory),
            "environment": attempt.verdict.environment,
        }
    )


def parents(trajectory: Trajectory) -> list[str]:
    """What the accepted solution comes from: records and code that its problem was made of, then what it was revised from,
    first try first. Codes by their digests."""
    made = trajectory.problem.derived
    before = [] if made is None else [*made.parents, digest({"solution": made.code})]
    return [*before, *(digest({"solution": attempt.solution.code}) for attempt in trajectory.attempts[:-1])]


def cost_of(trajectory: Trajectory) -> float | None:
    """US dollars of all its calls; None when the price of any is unknown. Evidence that other samples asked for as well
    counts for each of them."""
    costs = [call.cost_usd for call in _calls(trajectory)]
    known = [cost for cost in costs if cost is not None]
    return sum(known) if len(known) == len(costs) else None


def _calls(trajectory: Trajectory) -> list[ModelCall]:
    asked = (witness.call for witness in trajectory.witnesses or ())
    return [*trajectory.calls, *(call for call in asked if call is not None)]


def _silent(results: Sequence[GateResult], expected: Sequence[str]) -> list[GateResult]:
    """A failure for each gate of `expected` that did not report."""
    heard = {result.gate for result in results}
    silent = [name for name in expected if name not in heard]
    return [GateResult(gate=name, version="", passed=False, reason=NOT_RUN) for name in silent]


def _rejection(trajectory: Trajectory, origin: str, reason: str, results: Sequence[GateResult]) -> Rejection:
    return Rejection(
        id=digest({"trajectory": origin, "reason": reason}),
        problem=trajectory.problem.id,
        trajectory=origin,
        reason=reason,
        gates=tuple(results),
    )


def _record(trajectory: Trajectory, origin: str, results: Sequence[GateResult]) -> Record:
    attempt, _ = accepted(trajectory)
    id = record_id(trajectory)
    return Record(
        id=id,
        problem=trajectory.problem,
        item=accepted_item(trajectory, id=id),
        origin=trajectory.origin,
        attempts=trajectory.attempts,
        repaired=len(trajectory.attempts) > 1,
        gates=tuple(results),
        confidence=round(probability(evidence_of(trajectory, results)), 4),
        integrity=attempt.verdict.integrity,
        parents=tuple(parents(trajectory)),
        models=tuple(sorted({call.model for call in _calls(trajectory)})),
        cost=cost_of(trajectory),
        environment=attempt.verdict.environment,
        trajectory=origin,
        reasoning=_reasoning(trajectory),
    )


def _reasoning(trajectory: Trajectory) -> tuple[str | None, ...]:
    """By attempt; empty when no attempt has any."""
    thought = {call.id: call.reasoning for call in trajectory.calls}
    found = tuple(thought.get(attempt.solution.call or "") for attempt in trajectory.attempts)
    return found if any(found) else ()
