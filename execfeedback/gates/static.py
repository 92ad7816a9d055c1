"""Gate `static`: the solution compiles, and the language's checkers find no error in it that a run may just have missed.

What is an error and what a warning: `findings.py`, and for other languages than Python the `gates` of each checker.
"""

from typing import Any

from execfeedback.accepted import accepted
from execfeedback.findings import Finding, findings_in
from execfeedback.languages import language
from execfeedback.protocols import Sandbox
from execfeedback.types import GateResult, Trajectory


class StaticGate:
    """Rejects with `does_not_compile` or `lint_errors`, or `no_checker` for a language that has none."""

    name = "static"
    version = "2"

    async def check(self, trajectory: Trajectory, sandbox: Sandbox) -> GateResult:
        attempt, _ = accepted(trajectory)
        spoken = language(trajectory.problem.language)
        findings = await findings_in(attempt.solution.code, spoken, sandbox)
        if findings is None:
            return self._result("no_checker", {"language": spoken.name})
        return self._result(_reason(findings), {"findings": [finding.model_dump() for finding in findings]})

    def _result(self, reason: str, evidence: dict[str, Any]) -> GateResult:
        return GateResult(
            gate=self.name, version=self.version, passed=not reason, reason=reason, evidence=evidence
        )


def _reason(findings: tuple[Finding, ...]) -> str:
    errors = {finding.rule for finding in findings if finding.severity == "error"}
    if not errors:
        return ""
    return "does_not_compile" if errors & {"compile", "limit"} else "lint_errors"


def create() -> StaticGate:
    """The gate; it has no options."""
    return StaticGate()
