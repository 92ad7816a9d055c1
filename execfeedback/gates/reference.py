"""Gate `reference`: a repair of human-written code answers as that code does, on inputs near those of the tests.

A semi-synthetic trajectory began as a mistake in a reference, so the truth is known. Its reviser saw only feedback, and a
correction that fits the tests may still be wrong elsewhere; there the reference decides. It is not asked about solutions
that a model wrote: inputs near the tests may lie outside the problem, where two right solutions may differ.
"""

from typing import Any

from execfeedback.accepted import accepted_item
from execfeedback.behaviour_in_sandbox import compared
from execfeedback.protocols import Sandbox
from execfeedback.types import GateResult, Trajectory


class ReferenceGate:
    """Rejects with `differs`, and shows the input. What has no reference, or no comparable input, passes and says so."""

    name = "reference"

    def __init__(self, inputs: int = 128, seed: int = 1) -> None:
        self.inputs, self.seed = inputs, seed
        self.version = f"1({inputs},{seed})"

    async def check(self, trajectory: Trajectory, sandbox: Sandbox) -> GateResult:
        reference, item = trajectory.problem.reference, accepted_item(trajectory)
        if trajectory.origin != "semi_synthetic" or reference is None or reference == item.solution:
            return self._result("", {"compared": 0})
        evidence = await compared(item, reference, sandbox, seed=self.seed, limit=self.inputs)
        return self._result("differs" if "input" in evidence else "", evidence)

    def _result(self, reason: str, evidence: dict[str, Any]) -> GateResult:
        return GateResult(
            gate=self.name, version=self.version, passed=not reason, reason=reason, evidence=evidence
        )


create = ReferenceGate
