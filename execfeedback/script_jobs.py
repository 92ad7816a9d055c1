"""Our own Python scripts as sandbox jobs: JSON in, JSON out, and what comes back is untrusted."""

import json
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any

from execfeedback.errors import SandboxError
from execfeedback.languages import language
from execfeedback.protocols import Sandbox
from execfeedback.types import Job, Limits, Step, StepResult

_ROOT = Path(__file__).parent


@cache
def package_files(name: str) -> dict[str, str]:
    """The modules of a package of ours (`execfeedback.x.y`) as files of a job; those above it are empty."""
    parts = name.split(".")
    folder = _ROOT.joinpath(*parts[1:])
    above = {"/".join([*parts[: depth + 1], "__init__.py"]): "" for depth in range(len(parts) - 1)}
    own = {"/".join([*parts, path.name]): path.read_text("utf-8") for path in sorted(folder.glob("*.py"))}
    return {**above, **own}


def start(module: str) -> str:
    """A program that runs the `main` of a module."""
    return f"from {module} import main\n\nmain()\n"


async def ask(
    sandbox: Sandbox, program: str, files: Mapping[str, str], question: dict[str, Any], limits: Limits
) -> StepResult:
    """The run of `program`, one of `files`, on a question."""
    step = Step(argv=("python3", program), stdin=json.dumps(question), warm=True)
    job = Job(environment=language("python").image, files=dict(files), limits=limits, steps=(step,))
    return (await sandbox.run(job)).steps[0]


def read_object(text: str) -> dict[str, Any] | None:
    """The JSON object that `text` is, or None."""
    try:
        answer = json.loads(text)
    except (ValueError, RecursionError):
        return None
    return answer if isinstance(answer, dict) else None


def answer_of(result: StepResult) -> dict[str, Any]:
    """The answer of a script that runs no code but ours; empty when a limit ended it.

    Raises SandboxError when it ended in any other way: then the fault is ours."""
    if result.cause != "exited" or result.truncated:
        return {}
    answer = read_object(result.stdout) if result.exit_code == 0 else None
    if answer is None:
        raise SandboxError(f"a script of ours ended with {result.exit_code}: {result.stderr[-500:]}")
    return answer
