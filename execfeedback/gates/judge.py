"""Gate `judge`: a model approved of the solution, its correctness and its style, after the tests had passed.

The loop asks the judge and revises what it refuses (see `plan.py`), so that hard problems are not dropped for a first
answer that a revision mends. The gate reads what was said and asks nobody.
"""

from typing import Any

from execfeedback.plan import review_of_last
from execfeedback.protocols import Sandbox
from execfeedback.types import GateResult, Review, Trajectory


class JudgeGate:
    """Rejects with `correctness`, `style` or `correctness_and_style`; with `unreadable` where no answer had marks, and
    with `not_asked` where the trajectory was made without a judge."""

    name = "judge"

    def __init__(self, revisions: int = 2) -> None:
        self.refusals_revised = revisions
        self.version = f"1({revisions})"

    async def check(self, trajectory: Trajectory, sandbox: Sandbox) -> GateResult:
        review = review_of_last(trajectory)
        if review is None:
            return self._result("not_asked" if trajectory.review_limit is None else "unreadable", {})
        refused = sum(not each.approved for each in trajectory.reviews)
        return self._result(_reason(review), {"remarks": review.remarks, "refused": refused})

    def _result(self, reason: str, evidence: dict[str, Any]) -> GateResult:
        return GateResult(
            gate=self.name, version=self.version, passed=not reason, reason=reason, evidence=evidence
        )


def _reason(review: Review) -> str:
    missed = {"correctness": review.correct, "style": review.style}
    return "_and_".join(name for name, good in missed.items() if not good)


create = JudgeGate
