"""Static checks: what a language's own tools say about a solution without running its tests, in one shape.

They run in the sandbox like everything that reads a solution. Which tools a language has is data (`[[static]]` of its
TOML); Python's selection of rules is below. Only rules that mean a fault wherever they fire are errors: a name that nobody
defines, a comparison that is never what was meant, a format string that does not fit its arguments. What is often harmless
(an import repeated after a prompt that had it, a memo as a default argument) is a warning: reported, never a reason. Style
is not looked at. The selection was measured on solutions that are right, human-written and model-written
(docs/decisions/0009-admission.md). `# noqa` does not count: the solution has no say in it. Python's types are advice: their
checker is asked only for those who will read it, and nothing that it says is an error (0032-types-are-advice.md).
"""

import json
import re
from pathlib import PurePosixPath
from typing import Any, Literal

from execfeedback.commands import compiling_limits, filled
from execfeedback.errors import SandboxError
from execfeedback.languages import Checking, Language, language
from execfeedback.protocols import Sandbox
from execfeedback.types import Job, Limits, Step, StepResult, Value

SOURCE = "solution.py"
ERRORS = ("E9", "F50", "F52", "F63", "F7", "F82")
"""Syntax; format strings; tuples and literals compared; stray statements; undefined names."""
WARNINGS = ("B006", "B012", "B015", "B018", "B023", "F402", "F601", "F811")
"""Mutable defaults, jumps out of `finally`, useless expressions, late binding, shadowing, repetition."""

_COMPILE = ("python3", "-I", "-S", "-m", "py_compile", SOURCE)
_RUFF = (
    *("ruff", "check", "--isolated", "--no-cache", "--ignore-noqa", "--quiet", "--exit-zero"),
    *("--output-format", "json"),
)
_LIMITS = Limits(cpu_s=10, wall_s=20, memory_mb=512, output_kb=1024)
_SPOKEN = (0, 1)
"""Exit codes with which both programs say what they found; any other says that they could not work."""


MOST_FINDINGS = 100
MISSING = (126, 127)
"""Exit codes of a program that could not be started."""


Severity = Literal["error", "warning"]


class Finding(Value):
    """One remark about a line of the solution."""

    tool: str = ""
    rule: str
    severity: Severity
    line: int
    message: str


def tools_of(spoken: Language) -> list[str]:
    """The names of the language's checkers."""
    return [*(["ruff"] if spoken.name == "python" else []), *(checking.tool for checking in spoken.static)]


async def findings_in(
    code: str, spoken: Language, sandbox: Sandbox, *, advice: bool = False
) -> tuple[Finding, ...] | None:
    """What the language's checkers say, by line; None where it has none. `advice`: what is dear and never an error as well.

    Raises SandboxError for our faults."""
    if spoken.name == "python":
        return await static_findings(code, sandbox, spoken.static if advice else ())
    if not spoken.static:
        return None
    source = spoken.source_of(code)
    limits = compiling_limits(spoken.compiling, spoken.limits)
    steps = tuple(asked(checking, spoken, source, code, limits) for checking in spoken.static)
    execution = await sandbox.run(
        Job(environment=spoken.image, files={source: code}, limits=limits, steps=steps)
    )
    found = [
        finding
        for checking, step in zip(spoken.static, execution.steps, strict=True)
        for finding in remarks(checking, step, source)
    ]
    return tuple(sorted(found, key=lambda finding: (finding.line, finding.tool, finding.rule)))


def asked(checking: Checking, spoken: Language, source: str, code: str, limits: Limits) -> Step:
    argv = filled(checking.run, spoken, source, {source: code}, limits)
    return Step(argv=argv, env={**spoken.env, **checking.env})


def remarks(checking: Checking, step: StepResult, source: str) -> list[Finding]:
    """The findings in what a checker printed about the solution's file. One that ends badly and names no line is one too."""
    if absent(checking, step):
        raise SandboxError(
            f"the static checker {checking.tool} is not there (the backend local needs it beside its Python):"
            f" {step.stderr[-300:]}"
        )
    if step.cause != "exited" or step.truncated:
        return [_too_heavy(step, "error" if checking.gates else "warning")]
    said = f"{step.stdout}\n{step.stderr}"
    matches = re.finditer(checking.finding, said, re.M)
    found = [remark_of(checking, match) for match in matches if about(match, source)][:MOST_FINDINGS]
    if found or step.exit_code == 0:
        return found
    last = [line for line in said.splitlines() if line.strip()][-1:] or ["it ended with an error"]
    return [Finding(tool=checking.tool, rule="tool", severity="warning", line=1, message=last[0][:300])]


def absent(checking: Checking, step: StepResult) -> bool:
    """Whether the checker is not there. Nothing that a solution can write decides it: checkers repeat its lines, and some run
    parts of it (`BEGIN` in Perl). What could not be started has used no memory; Python's own words for a module that is not
    there are all that it says."""
    if step.exit_code in MISSING:
        return not step.memory_peak_mb
    as_module = checking.run[1:4] == ("-I", "-m", checking.tool) and not step.stdout
    words = rf"\S+: No module named {re.escape(checking.tool)}\s*"
    return as_module and re.fullmatch(words, step.stderr) is not None


def about(match: re.Match[str], source: str) -> bool:
    file = match.groupdict().get("file")
    return not file or PurePosixPath(file).name == source


def remark_of(checking: Checking, match: re.Match[str]) -> Finding:
    groups = match.groupdict()
    severity = groups.get("severity") or checking.severity
    return Finding(
        tool=checking.tool,
        rule=groups.get("rule") or severity,
        severity="error" if severity in checking.gates else "warning",
        line=int(groups["line"]),
        message=groups["message"].strip()[:300],
    )


def told(findings: tuple[Finding, ...], budget_chars: int) -> str:
    """The findings as the author of the solution reads them: errors first, one a line, within the budget."""
    order = sorted(findings, key=lambda finding: (finding.severity != "error", finding.line))
    lines = [f"    line {f.line}: {f.severity}: {f.message} [{f.rule}]" for f in order]
    kept: list[str] = []
    for line in lines:
        budget_chars -= len(line) + 1
        if budget_chars < 0:
            break
        kept.append(line)
    return "\n".join(["Static checks:", *kept]) if kept else ""


async def static_findings(
    code: str, sandbox: Sandbox, advisers: tuple[Checking, ...] = ()
) -> tuple[Finding, ...]:
    """What the sandbox's own Python says about `code`, and ruff and the advisers when it compiles. Raises SandboxError."""
    selection = ",".join(ERRORS + WARNINGS)
    lint = (*_RUFF, "--select", selection, "--stdin-filename", SOURCE, "-")
    python = language("python")
    job = Job(
        environment=python.image,
        files={SOURCE: code},
        limits=_LIMITS,
        steps=(
            Step(argv=_COMPILE),
            Step(argv=lint, stdin=code),
            *(asked(adviser, python, SOURCE, code, _LIMITS) for adviser in advisers),
        ),
        stop_on_failure=True,
    )
    execution = await sandbox.run(job)
    found = [*_findings(execution.steps[:2]), *_advice(advisers, execution.steps[2:])]
    return tuple(sorted(found, key=lambda finding: (finding.line, finding.tool, finding.rule)))


def _findings(steps: tuple[StepResult, ...]) -> list[Finding]:
    for step in steps:
        if step.cause != "exited" or step.truncated:
            return [_too_heavy(step)]
        if step.exit_code not in _SPOKEN:
            raise SandboxError(f"a static check ended with {step.exit_code}: {step.stderr[-500:]}")
    compiled, *linted = steps
    if compiled.exit_code != 0:
        return [_syntax(compiled)]
    return [_remark(entry) for step in linted for entry in _report(step)]


def _advice(advisers: tuple[Checking, ...], steps: tuple[StepResult, ...]) -> list[Finding]:
    """Nobody is asked about what does not compile, nor after one who had something to say."""
    return [
        finding
        for adviser, step in zip(advisers, steps, strict=False)
        for finding in remarks(adviser, step, SOURCE)
    ]


def _too_heavy(step: StepResult, severity: Severity = "error") -> Finding:
    """Source that the compiler or the linter cannot get through is the solution's fault."""
    return Finding(
        rule="limit", severity=severity, line=1, message=f"reading the source ended with: {step.cause}"
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
    severity: Severity = "warning" if rule in WARNINGS else "error"
    message, line = str(entry["message"]), int(entry["location"]["row"])
    return Finding(rule=rule, severity=severity, line=line, message=message)
