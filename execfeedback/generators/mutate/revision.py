"""The reviser: it sees a statement, faulty code and feedback, and nothing else of the problem."""

from typing import Any

from execfeedback.errors import GeneratorExhausted
from execfeedback.generators.mutate.repair.told import told
from execfeedback.generators.mutate.wording import revision_text
from execfeedback.protocols import Sandbox
from execfeedback.script_jobs import ask, package_files, read_object, start
from execfeedback.types import Limits

MOST = 600
"""Corrections that are tried at most."""
_PACKAGES = ("execfeedback.mutation", "execfeedback.behaviour", "execfeedback.generators.mutate.repair")
_LIMITS = Limits(cpu_s=60, wall_s=120, memory_mb=1024, output_kb=1024, processes=64)
_LONGEST = 100_000


async def revise(
    statement: str, entry_point: str | None, code: str, feedback: str, sandbox: Sandbox, seed: int
) -> str:
    """A revision as a model would send it. Raises GeneratorExhausted when no correction can be thought of.

    Corrections are made and tried in the sandbox, in one job, against the failing test that the feedback names
    and the examples in the statement. Without feedback the likeliest correction is a blind guess."""
    question = {
        "statement": statement,
        "entry_point": entry_point,
        "code": code,
        "feedback": feedback,
        "seed": seed,
        "most": MOST,
    }
    files = {"repair.py": start("execfeedback.generators.mutate.repair.script"), **script_files()}
    result = await ask(sandbox, "repair.py", files, question, _LIMITS)
    answer = read_object(result.stdout) or {}
    corrected = _text(answer.get("code"))
    if corrected is None:
        raise GeneratorExhausted("no correction of this code can be thought of")
    return revision_text(code, corrected, told(feedback), sure=answer.get("satisfied") is True)


def script_files() -> dict[str, str]:
    """What the script in the sandbox is made of."""
    files: dict[str, str] = {}
    for package in _PACKAGES:
        files |= package_files(package)
    return files


def _text(answer: Any) -> str | None:
    """Code that came out of the sandbox, where faulty code could have written anything; or None."""
    return answer if isinstance(answer, str) and 0 < len(answer) <= _LONGEST else None
