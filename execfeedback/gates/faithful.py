"""Gate `faithful`: code that was written again from a documentation does what the documented code does.

Differential execution decides where the original runs by itself: in Python on inputs near those of the tests, elsewhere on
the tests' own. Where it does not run, a judge who sees both decides: without the gate `judge` such work is not kept.
"""

import re
from typing import Any

from execfeedback.accepted import accepted_item
from execfeedback.behaviour_in_sandbox import compared
from execfeedback.plan import review_of_last
from execfeedback.protocols import Sandbox
from execfeedback.types import Derivation, GateResult, Item, Trajectory
from execfeedback.verdicts import verdict_of

_RUNS = ("passed", "wrong_answer", "time_limit")
"""Verdicts of an original that runs by itself; any other says nothing about the code that is compared with it."""

_RAISED = re.compile(r"\braise (\w+)")
"""Exceptions that the original raises on purpose are part of what it does; any other is an input that it is not for."""


class FaithfulGate:
    """Rejects with `differs`; with `not_judged` or `unfaithful` where only a judge can say. Passes whatever is no
    backtranslation."""

    name = "faithful"

    def __init__(self, inputs: int = 128, seed: int = 1) -> None:
        self.inputs, self.seed = inputs, seed
        self.version = f"1({inputs},{seed})"

    async def check(self, trajectory: Trajectory, sandbox: Sandbox) -> GateResult:
        made = trajectory.problem.derived
        if made is None or made.how != "backtranslated":
            return self._result("", {"compared": 0})
        evidence = await self._compared(accepted_item(trajectory), made, sandbox)
        if evidence["compared"]:
            return self._result("differs" if "input" in evidence else "", evidence)
        review = review_of_last(trajectory)
        if review is None:
            return self._result("not_judged", evidence)
        return self._result("" if review.correct else "unfaithful", {**evidence, "judge": review.remarks})

    async def _compared(self, item: Item, made: Derivation, sandbox: Sandbox) -> dict[str, Any]:
        if made.language != item.language:
            return {"compared": 0}
        if item.language == "python" and made.name == item.entry_point:
            meant = frozenset(_RAISED.findall(made.code))
            asked = {"seed": self.seed, "limit": self.inputs}
            return await compared(item, made.code, sandbox, **asked, raised=meant)
        verdict = await verdict_of(item.model_copy(update={"solution": made.code}), sandbox)
        if verdict.verdict not in _RUNS:
            return {"compared": 0, "original": verdict.verdict}
        failure = verdict.failure
        differs = {"input": failure.test if failure else "", "got": verdict.verdict}
        return {"compared": verdict.tests.expected} | ({} if verdict.passed else differs)

    def _result(self, reason: str, evidence: dict[str, Any]) -> GateResult:
        return GateResult(
            gate=self.name, version=self.version, passed=not reason, reason=reason, evidence=evidence
        )


create = FaithfulGate
