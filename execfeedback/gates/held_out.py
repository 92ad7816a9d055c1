"""Gate `held_out`: the accepted solution passes the cases that the problem keeps back, and the generated tests that
the loop kept back; feedback never shows either.

A solution that knows its tests by heart passes them, and nothing but cases that it was never shown can tell.
"""

from typing import Any

from execfeedback.accepted import accepted_item
from execfeedback.parts import pieces
from execfeedback.protocols import Sandbox
from execfeedback.types import GateResult, Trajectory
from execfeedback.verdicts import verdict_of


class HeldOutGate:
    """Rejects with `failed`; where nothing is held out it passes, and the evidence says that there were none."""

    name = "held_out"
    version = "2"

    async def check(self, trajectory: Trajectory, sandbox: Sandbox) -> GateResult:
        item, held = accepted_item(trajectory), trajectory.held_out
        counts = {"cases": len(item.holdout)}
        if held is not None:
            counts["tests"] = sum(piece.test for piece in pieces(held))
        if not item.holdout and held is None:
            return self._result("", counts)
        verdict = await verdict_of(item, sandbox)
        failure = verdict.failure.model_dump() if verdict.failure else None
        evidence = {**counts, "verdict": verdict.verdict, "failure": failure}
        return self._result("" if verdict.passed else "failed", evidence)

    def _result(self, reason: str, evidence: dict[str, Any]) -> GateResult:
        return GateResult(
            gate=self.name, version=self.version, passed=not reason, reason=reason, evidence=evidence
        )


create = HeldOutGate
