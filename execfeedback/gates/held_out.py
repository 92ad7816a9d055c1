"""Gate `held_out`: the accepted solution passes the cases that the problem keeps back and feedback never shows.

A solution that knows its tests by heart passes them, and nothing but cases that it was never shown can tell.
"""

from typing import Any

from execfeedback.accepted import accepted_item
from execfeedback.protocols import Sandbox
from execfeedback.types import GateResult, Trajectory
from execfeedback.verdicts import verdict_of


class HeldOutGate:
    """Rejects with `failed`; a problem without held-out cases passes, and the evidence says that there were none."""

    name = "held_out"
    version = "1"

    async def check(self, trajectory: Trajectory, sandbox: Sandbox) -> GateResult:
        item = accepted_item(trajectory)
        if not item.holdout:
            return self._result("", {"cases": 0})
        verdict = await verdict_of(item, sandbox)
        failure = verdict.failure.model_dump() if verdict.failure else None
        evidence = {"cases": len(item.holdout), "verdict": verdict.verdict, "failure": failure}
        return self._result("" if verdict.passed else "failed", evidence)

    def _result(self, reason: str, evidence: dict[str, Any]) -> GateResult:
        return GateResult(
            gate=self.name, version=self.version, passed=not reason, reason=reason, evidence=evidence
        )


create = HeldOutGate
