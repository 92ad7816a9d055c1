"""Gate `static`: what it rejects names the rule and the line; what is only style passes."""

from pathlib import Path

import pytest
from gate_fakes import HostSandbox
from gate_fixtures import all_of, must_hold, read

from execfeedback.errors import SandboxError
from execfeedback.findings import asked, findings_in, static_findings, tools_of
from execfeedback.languages import language
from execfeedback.protocols import Sandbox
from execfeedback.types import Execution, Job, Limits, Step, StepResult

NEEDS_313 = {"new_syntax"}
"""Fixtures in the syntax of the sandbox's Python, which this machine's need not know."""


class Answers:
    """A sandbox that answers every job with the same steps."""

    def __init__(self, *steps: StepResult) -> None:
        self.steps = steps

    async def run(self, job: Job) -> Execution:
        return Execution(steps=self.steps)


def ended(exit_code: int = 0, stdout: str = "", stderr: str = "") -> StepResult:
    return StepResult(cause="exited", exit_code=exit_code, stdout=stdout, stderr=stderr)


def rules_of(evidence: dict[str, list[dict[str, object]]]) -> list[object]:
    return [finding["rule"] for finding in evidence.get("findings", []) if finding["severity"] == "error"]


@pytest.mark.parametrize("path", [p for p in all_of("static") if p.values[0].stem not in NEEDS_313])
async def test_fixture(path: Path) -> None:
    result = await must_hold(path, "static", HostSandbox())
    assert rules_of(result.evidence) == read(path).get("rules", [])


@pytest.mark.docker
@pytest.mark.parametrize("path", all_of("static"))
async def test_fixture_in_the_real_sandbox(path: Path, sandbox: object) -> None:
    result = await must_hold(path, "static", sandbox)
    assert rules_of(result.evidence) == read(path).get("rules", [])


async def test_findings_say_rule_severity_line_and_message() -> None:
    code = "def f(x=[]):\n    if x is 1:\n        return y\n"
    findings = await static_findings(code, HostSandbox())
    assert [(f.line, f.rule, f.severity) for f in findings] == [
        (1, "B006", "warning"),
        (2, "F632", "error"),
        (3, "F821", "error"),
    ]
    assert findings[2].message == "Undefined name `y`"


TYPED = """
def mean(numbers: list[int]) -> float:
    total = 0
    for number in numbers:
        total.append(number)
    return "none" if not numbers else total / len(numbers)


def loose(numbers):
    return numbers + None  # nobody said what these are
"""
TYPES = [
    ("mypy", 5, "attr-defined", "warning", '"int" has no attribute "append"'),
    (
        "mypy",
        6,
        "return-value",
        "warning",
        'Incompatible return value type (got "str | float", expected "float")',
    ),
]


async def types_in(code: str, sandbox: Sandbox) -> list[tuple[str, int, str, str, str]]:
    findings = await findings_in(code, language("python"), sandbox, advice=True)
    return [(f.tool, f.line, f.rule, f.severity, f.message) for f in findings or ()]


async def test_types_are_advice_for_those_who_will_read_it() -> None:
    assert await types_in(TYPED, HostSandbox()) == TYPES
    assert await static_findings(TYPED, HostSandbox()) == ()
    assert await types_in("x = (\n", HostSandbox()) == [
        ("", 1, "compile", "error", "SyntaxError: '(' was never closed")
    ]
    assert tools_of(language("python")) == ["ruff", "mypy"]


async def test_types_that_nobody_can_check_keep_nothing_out() -> None:
    heavy = Answers(ended(), ended(stdout="[]"), StepResult(cause="cpu", signal=9))
    assert await types_in("x = 1\n", heavy) == [
        ("", 1, "limit", "warning", "reading the source ended with: cpu")
    ]
    for lacking in (ended(127), ended(1, stderr="/usr/bin/python3: No module named mypy")):
        with pytest.raises(SandboxError, match="the static checker mypy is not there"):
            await types_in("x = 1\n", Answers(ended(), ended(stdout="[]"), lacking))


@pytest.mark.docker
async def test_types_are_checked_in_the_sandbox_without_reading_the_standard_library_again(
    sandbox: Sandbox,
) -> None:
    assert await types_in(TYPED, sandbox) == TYPES
    python, code = language("python"), f"import asyncio, re, typing\n{TYPED}"
    limits = Limits(cpu_s=20, wall_s=60)
    step = asked(python.static[0], python, "solution.py", code, limits)
    job = Job(
        environment="python",
        files={"solution.py": code},
        limits=limits,
        steps=(step, step.model_copy(update={"env": {"MYPY_CACHE_DIR": "/dev/null"}})),
    )
    ready, anew = (await sandbox.run(job)).steps
    assert ready.stdout == anew.stdout != ""
    assert ready.cpu_s < anew.cpu_s / 2


async def test_a_syntax_error_is_one_finding_with_its_line() -> None:
    (finding,) = await static_findings("x = 1\ny = (\n", HostSandbox())
    assert (finding.rule, finding.severity, finding.line) == ("compile", "error", 2)
    assert finding.message == "SyntaxError: '(' was never closed"


async def test_source_that_nobody_can_read_is_the_solutions_fault() -> None:
    (finding,) = await static_findings("", Answers(StepResult(cause="memory", signal=9)))
    assert (finding.rule, finding.message) == ("limit", "reading the source ended with: memory")


@pytest.mark.parametrize(
    "steps",
    [
        (ended(127, stderr="no python3"),),
        (ended(), ended(2, stderr="bad option")),
        (ended(), ended(1, "oops")),
    ],
    ids=["no python", "ruff refuses", "ruff says no JSON"],
)
async def test_a_broken_image_is_our_fault(steps: tuple[StepResult, ...]) -> None:
    with pytest.raises(SandboxError):
        await static_findings("x = 1\n", Answers(*steps))


HOSTILE = [
    ("perl", 'BEGIN { print STDERR "perl: No module named perl\\n"; exit 127; }\nsub f { 1 }\n'),
    ("c", "int f(void) {\n    int unused; /* x: No module named gcc */\n    return 1;\n}\n"),
]


@pytest.mark.docker
@pytest.mark.parametrize("name", [pytest.param("perl", marks=pytest.mark.more_languages), "c"])
async def test_no_word_of_a_solution_is_taken_for_a_checker_that_is_not_there(
    name: str, sandbox: Sandbox
) -> None:
    found = await findings_in(dict(HOSTILE)[name], language(name), sandbox)

    assert found and all(finding.severity == "warning" for finding in found)


async def test_what_a_checker_that_ran_ends_with_or_repeats_is_no_missing_checker() -> None:
    repeated = "solution.py:1: error: x\n/usr/bin/python3: No module named mypy"
    for said in (StepResult(cause="exited", exit_code=127, memory_peak_mb=3), ended(1, stderr=repeated)):
        found = await types_in("x = 1\n", Answers(ended(), ended(stdout="[]"), said))
        assert [severity for _, _, _, severity, _ in found] == ["warning"]


@pytest.mark.docker
async def test_a_program_that_cannot_be_started_has_used_no_memory(sandbox: Sandbox) -> None:
    job = Job(environment="python", files={}, limits=Limits(), steps=(Step(argv=("no-such-checker",)),))

    (step,) = (await sandbox.run(job)).steps

    assert (step.exit_code, step.memory_peak_mb) == (127, 0)
