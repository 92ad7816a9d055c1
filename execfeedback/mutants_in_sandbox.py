"""Mutants, stubs and the normal form of untrusted source: it is parsed in the sandbox, never on the host."""

from typing import Any

from execfeedback.mutation import Mutant, script_files
from execfeedback.protocols import Sandbox
from execfeedback.script_jobs import answer_of, ask
from execfeedback.types import Limits

_LIMITS = Limits(cpu_s=20, wall_s=40, memory_mb=512, output_kb=8192, disk_mb=64)
_MOST = 1000
_FIELDS = {"kind": str, "line": int, "description": str, "source": str}


async def mutants_of(source: str, sandbox: Sandbox, *, limit: int, seed: int) -> tuple[Mutant, ...]:
    """At most `limit` mutants of `source`, in an order drawn with `seed`; none when it cannot be parsed."""
    question = {"do": "mutants", "source": source, "limit": min(limit, _MOST), "seed": seed}
    return _mutants(await _ask(sandbox, question))


async def stubs_of(source: str, entry_point: str | None, sandbox: Sandbox) -> tuple[Mutant, ...]:
    """Trivial programs with the signatures of `source`; none when it cannot be parsed."""
    return _mutants(await _ask(sandbox, {"do": "stubs", "source": source, "entry_point": entry_point}))


async def normal_form_of(source: str, sandbox: Sandbox) -> str | None:
    """The normal form of `source`, or None when it cannot be parsed."""
    form = (await _ask(sandbox, {"do": "normal_form", "source": source})).get("normal_form")
    return form if isinstance(form, str) else None


async def _ask(sandbox: Sandbox, question: dict[str, Any]) -> dict[str, Any]:
    return answer_of(await ask(sandbox, "mutation.py", script_files(), question, _LIMITS))


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
