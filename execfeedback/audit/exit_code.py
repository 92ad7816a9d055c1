"""What most pipelines go by: solution and tests in one process, passed when that ends with exit code 0.

It runs in the sandbox like any program. Its answer is never a verdict; it shows which rows an exit code gets wrong.
"""

import re
from typing import NamedTuple

from execfeedback import jobs
from execfeedback.languages import language
from execfeedback.protocols import Sandbox
from execfeedback.types import Case, FileText, Item, Job, Step, StepResult

_MAIN, _TESTS = "main.py", "test_solution.py"
END = "the tests have come to their end"
_SAID = f'\n__import__("os").write(1, b"{END}\\n")\n'
_LEAVES = re.compile(r"\b_?exit\(|\bSystemExit\b|\b(?:unittest|pytest)\.main\(")
"""Tests that may leave by themselves."""


class Ended(NamedTuple):
    """How the naive program of an item ended."""

    passed: bool
    """With exit code 0."""
    early: bool = False
    """So, but its tests did not come to their end."""


async def by_exit_code(item: Item, sandbox: Sandbox) -> Ended | None:
    """None for what has no such program: other languages, and `stdio`, where the output is compared outside anyway.

    Raises SandboxError."""
    job = program_of(item)
    if job is None:
        return None
    (step,) = (await sandbox.run(job)).steps
    passed = step.cause == "exited" and step.exit_code == 0
    return Ended(passed, passed and not _LEAVES.search(str(item.tests)) and not _came_to_the_end(item, step))


def _came_to_the_end(item: Item, step: StepResult) -> bool:
    if item.style == "pytest":
        return bool(re.search(r"\b[0-9]+ (passed|skipped|xfailed)", step.stdout))
    return (
        (step.stderr.rstrip().splitlines()[-1:] or [""])[0].startswith("OK")
        if item.style == "unittest"
        else END in step.stdout
    )


def program_of(item: Item) -> Job | None:
    """The job that runs the naive program of an item."""
    if item.style in ("stdio", "native") or not _is_python(item):
        return None
    spoken = language("python")
    own = jobs.files_of(item, spoken)
    files: dict[str, FileText] = {**own, **item.files}
    if item.style in ("pytest", "unittest"):
        files[_TESTS] = str(item.tests)
        options = ("pytest", "-q", "-p", "no:cacheprovider") if item.style == "pytest" else ("unittest",)
        step = Step(argv=("python3", "-m", *options, _TESTS))
    else:
        files[_MAIN] = f"{own[spoken.source]}\n\n{_tests(item)}{_SAID}"
        step = Step(argv=("python3", _MAIN), warm=True)
    return Job(
        environment=item.environment or spoken.image,
        files=files,
        limits=jobs.limits_of(item, spoken),
        steps=(step,),
    )


def _is_python(item: Item) -> bool:
    python = language("python")
    return item.language in (python.name, *python.aliases)


def _tests(item: Item) -> str:
    """The tests as statements that follow the solution."""
    if item.style == "humaneval":
        return f"{item.tests}\n\ncheck({item.entry_point})\n"
    if item.style == "cases":
        return "\n".join(_statement(case, str(item.entry_point)) for case in jobs.cases_in(item)) + "\n"
    return str(item.tests)


def _statement(case: Case, name: str) -> str:
    call = f"{name}(*{list(case.args)!r}, **{case.kwargs!r})"
    if case.raises is None:
        return f"assert {call} == {case.expected!r}"
    return f"try:\n    {call}\nexcept {case.raises}:\n    pass\nelse:\n    raise AssertionError"
