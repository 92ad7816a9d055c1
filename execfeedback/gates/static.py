"""Gate `static`: the solution compiles, and a linter finds no error in it that a run may just have missed.

Only rules that mean a fault wherever they fire are errors: a name that nobody defines, a comparison
that is never what was meant, a format string that does not fit its arguments. What is often harmless (an
import repeated after a prompt that had it, a memo as a default argument) is a warning: reported, never a
reason. Style is not looked at. The selection was measured on solutions that are right, human-written and
model-written (docs/decisions/0009-admission.md). `# noqa` does not count: the solution has no say in it.
"""

import json
import re
from typing import Any, Literal

from execfeedback.accepted import accepted
from execfeedback.errors import SandboxError
from execfeedback.languages import language
from execfeedback.protocols import Sandbox
from execfeedback.types import Execution, GateResult, Job, Limits, Step, StepResult, Trajectory, Value

ERRORS = ("E9", "F50", "F52", "F63", "F7", "F82")
"""Syntax; format strings; tuples and literals compared; stray statements; undefined names."""
WARNINGS = ("B006", "B012", "B015", "B018", "B023", "F402", "F601", "F811")
"""Mutable defaults, jumps out of `finally`, useless expressions, late binding, shadowing, repetition."""

_COMPILE = ("python3", "-I", "-S", "-m", "py_compile", "solution.py")
_RUFF = ("ruff", "check", "--isolated", "--no-cache", "--ignore-noqa", "--quiet", "--output-format", "json")
_LIMITS = Limits(cpu_s=10, wall_s=20, memory_mb=512, output_kb=1024)
_SPOKEN = (0, 1)
"""Exit codes with which both programs say what they found; any other says that they could not work."""


class Finding(Value):
    """One remark about a line of the solution."""

    rule: str
    severity: Literal["error", "warning"]
    line: int
    message: str


async def static_findings(code: str, sandbox: Sandbox) -> tuple[Finding, ...]:
    """What the sandbox's own Python says about `code`, and ruff when it compiles. Raises SandboxError."""
    selection = ",".join(ERRORS + WARNINGS)
    lint = (*_RUFF, "--select", selection, "--stdin-filename", "solution.py", "-")
    job = Job(
        environment=language("python").image,
        files={"solution.py": code},
        limits=_LIMITS,
        steps=(Step(argv=_COMPILE), Step(argv=lint, stdin=code)),
        stop_on_failure=True,
    )
    execution = await sandbox.run(job)
    return tuple(sorted(_findings(execution), key=lambda finding: (finding.line, finding.rule)))


def _findings(execution: Execution) -> list[Finding]:
    for step in execution.steps:
        if step.cause != "exited" or step.truncated:
            return [_too_heavy(step)]
        if step.exit_code not in _SPOKEN:
            raise SandboxError(f"a static check ended with {step.exit_code}: {step.stderr[-500:]}")
    compiled, *linted = execution.steps
    if compiled.exit_code != 0:
        return [_syntax(compiled)]
    return [_remark(entry) for step in linted for entry in _report(step)]


def _too_heavy(step: StepResult) -> Finding:
    """Source that the compiler or the linter cannot get through is the solution's fault."""
    return Finding(
        rule="limit", severity="error", line=1, message=f"reading the source ended with: {step.cause}"
    )


def _syntax(compiled: StepResult) -> Finding:
    lines = compiled.stderr.strip().splitlines() or ["it cannot be compiled"]
    found = re.search(r"line (\d+)", compiled.stderr)
    line = int(found[1]) if found else 1
    return Finding(rule="compile", severity="error", line=line, message=lines[-1][:300])


def _report(linted: StepResult) -> list[dict[str, Any]]:
    try:
        report = json.loads(linted.stdout)
    except ValueError:
        raise SandboxError(f"ruff in the image did not answer in JSON: {linted.stdout[:200]!r}") from None
    return [dict(entry) for entry in report]


def _remark(entry: dict[str, Any]) -> Finding:
    rule = str(entry["code"] or "syntax")
    severity: Literal["error", "warning"] = "warning" if rule in WARNINGS else "error"
    message, line = str(entry["message"]), int(entry["location"]["row"])
    return Finding(rule=rule, severity=severity, line=line, message=message)


class StaticGate:
    """Rejects with `does_not_compile` or `lint_errors`, or `no_checker` for a language other than Python."""

    name = "static"
    version = "1"

    async def check(self, trajectory: Trajectory, sandbox: Sandbox) -> GateResult:
        attempt, _ = accepted(trajectory)
        if trajectory.problem.language != "python":
            return self._result("no_checker", {"language": trajectory.problem.language})
        findings = await static_findings(attempt.solution.code, sandbox)
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
