"""Mutants, stubs and the normal form of untrusted source: it is parsed in the sandbox, never on the host."""

import json
from typing import Any

from execfeedback.errors import SandboxError
from execfeedback.mutation import Mutant, script_files
from execfeedback.protocols import Sandbox
from execfeedback.types import Job, Limits, Step

_ENVIRONMENT = "python"
_LIMITS = Limits(cpu_s=20, wall_s=40, memory_mb=512, output_kb=8192, disk_mb=64)
_MOST = 1000
_FIELDS = {"kind": str, "line": int, "description": str, "source": str}


async def mutants_of(source: str, sandbox: Sandbox, *, limit: int, seed: int) -> tuple[Mutant, ...]:
    """At most `limit` mutants of `source`, in an order drawn with `seed`; none when it cannot be parsed."""
    answer = await _ask(sandbox, {"do": "mutants", "source": source, "limit": limit, "seed": seed})
    return _mutants(answer)


async def stubs_of(source: str, entry_point: str | None, sandbox: Sandbox) -> tuple[Mutant, ...]:
    """Trivial programs with the signatures of `source`; none when it cannot be parsed."""
    answer = await _ask(sandbox, {"do": "stubs", "source": source, "entry_point": entry_point})
    return _mutants(answer)


async def normal_form_of(source: str, sandbox: Sandbox) -> str | None:
    """The normal form of `source`, or None when it cannot be parsed."""
    form = (await _ask(sandbox, {"do": "normal_form", "source": source})).get("normal_form")
    return form if isinstance(form, str) else None


async def _ask(sandbox: Sandbox, question: dict[str, Any]) -> dict[str, Any]:
    """The script's answer; an empty one when the source could not be parsed within the limits."""
    step = Step(argv=("python3", "mutation.py"), stdin=json.dumps(question), warm=True)
    files = dict(script_files())
    execution = await sandbox.run(Job(environment=_ENVIRONMENT, files=files, limits=_LIMITS, steps=(step,)))
    result = execution.steps[0]
    if result.cause != "exited" or result.truncated:
        return {}
    answer = read_object(result.stdout) if result.exit_code == 0 else None
    if answer is None:
        raise SandboxError(f"the mutation script ended with {result.exit_code}: {result.stderr[-500:]}")
    return answer


def read_object(text: str) -> dict[str, Any] | None:
    """The JSON object that `text` is, or None; the text is untrusted."""
    try:
        answer = json.loads(text)
    except (ValueError, RecursionError):
        return None
    return answer if isinstance(answer, dict) else None


def _mutants(answer: dict[str, Any]) -> tuple[Mutant, ...]:
    found = answer.get("mutants", [])
    if not isinstance(found, list):
        return ()
    return tuple(Mutant(**entry) for entry in found[:_MOST] if _is_mutant(entry))


def _is_mutant(entry: Any) -> bool:
    return (
        isinstance(entry, dict)
        and entry.keys() == _FIELDS.keys()
        and all(type(entry[name]) is kind for name, kind in _FIELDS.items())
    )
