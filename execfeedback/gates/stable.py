"""Gate `stable`: the accepted solution passes again, and again, when nothing that matters has changed.

Three kinds of variants, all of the same item: interpreters that were started with another hash seed, address layout,
number of cores, a shifted clock and a slower one (supervisor/variation.py); the tests in another order; each test twice in one
process (state that a call leaves behind). The last two only where tests are independent by their form: `cases`,
`stdio`, and `asserts` that are nothing but plain assert lines.
Seeds and orders are drawn from the item's content, so a rerun asks the same and no solution can know them.
"""

import random
import re
from collections.abc import Iterator
from typing import Any, NamedTuple

from execfeedback.accepted import accepted_item
from execfeedback.errors import InputError
from execfeedback.ids import digest
from execfeedback.languages import language
from execfeedback.protocols import Sandbox
from execfeedback.types import GateResult, Item, Trajectory, Verdict
from execfeedback.verdicts import verdict_of

_SUSPECTS = re.compile(
    r"\b(random|secrets|uuid|time|datetime|threading|multiprocessing|asyncio|weakref|getpid|urandom|cpu_count)\b"
    r"|\b(set|hash|id)\(|\bfrozenset\b|\{[^{}:]*\bfor\b"
)
"""What a solution mentions when its outcome may depend on chance, time, order or addresses."""
_HASH_SEEDS = range(1, 9)
"""Few, so that the sandbox can keep an interpreter of each warm."""


class Variant(NamedTuple):
    """One rerun: what is different, as a person reads it; the item; the hash seed of another interpreter."""

    label: str
    item: Item
    fresh_seed: int | None = None


class StableGate:
    """Rejects with `flaky`: the evidence names the variant that ended otherwise.

    `repeats` hash seeds are tried, and `suspect_repeats` when the source names a source of chance. A chance
    of passing of one half survives the latter once in 256.
    """

    name = "stable"

    def __init__(self, repeats: int = 3, suspect_repeats: int = 8) -> None:
        if not {repeats, suspect_repeats} <= set(_HASH_SEEDS):
            raise InputError("gate stable: repeats and suspect_repeats are whole numbers from 1 to 8")
        self.repeats, self.suspect_repeats = repeats, suspect_repeats
        self.version = f"4({repeats},{suspect_repeats})"

    async def check(self, trajectory: Trajectory, sandbox: Sandbox) -> GateResult:
        return await self.examine(accepted_item(trajectory), sandbox)

    async def examine(self, item: Item, sandbox: Sandbox) -> GateResult:
        """The same for an item that has passed."""
        tried: list[str] = []
        for variant in variants(item, self._repeats(item)):
            verdict = await verdict_of(variant.item, sandbox, variant.fresh_seed)
            tried.append(variant.label)
            if verdict.passed is not True:
                return self._result("flaky", {"variants": tried, **_difference(variant, verdict)})
        return self._result("", {"variants": tried})

    def _repeats(self, item: Item) -> int:
        return self.suspect_repeats if suspects(item) else self.repeats

    def _result(self, reason: str, evidence: dict[str, Any]) -> GateResult:
        return GateResult(
            gate=self.name, version=self.version, passed=not reason, reason=reason, evidence=evidence
        )


create = StableGate


def suspects(item: Item) -> tuple[str, ...]:
    """Words of the solution that hint at chance, sorted."""
    code = item.solution if isinstance(item.solution, str) else "\n".join(item.solution.values())
    return tuple(sorted({match.group(0) for match in _SUSPECTS.finditer(code)}))


def variants(item: Item, repeats: int) -> Iterator[Variant]:
    """Reruns of an item, cheap ones first. All of them must pass."""
    draw = random.Random(digest(item))
    units = _units(item)
    if len(units) > 1:
        yield Variant("tests reversed", _with_units(item, units[::-1]))
        yield Variant("tests shuffled", _with_units(item, draw.sample(units, len(units))))
    if units and item.style != "stdio":
        twice = _with_units(item, [unit for unit in units for _ in range(2)])
        yield Variant("each test twice", _with_time(twice, 2))
    for seed in draw.sample(_HASH_SEEDS, repeats):
        yield Variant(f"hash seed {seed}", item, seed)


def _units(item: Item) -> list[Any]:
    """The tests one by one where they are independent by their form; none where their order may matter."""
    if not isinstance(item.tests, str):
        return list(item.tests)
    lines = [line for line in item.tests.splitlines() if line.strip() and not line.lstrip().startswith("#")]
    plain = all(line.startswith("assert ") and not _joined(line) for line in lines)
    return lines if item.style == "asserts" and plain else []


def _joined(line: str) -> bool:
    """Whether a line could belong together with another one. Nobody parses it here: it may be hostile."""
    return line.endswith("\\") or any(mark in line for mark in ('"""', "'''", ";", ":="))


def _with_units(item: Item, units: list[Any]) -> Item:
    tests = "\n".join(units) + "\n" if isinstance(item.tests, str) else tuple(units)
    return item.model_copy(update={"tests": tests})


def _with_time(item: Item, times: int) -> Item:
    """The item with limits for `times` as many tests in one run."""
    limits = item.limits.over(language(item.language).limits)
    more = {name: times * getattr(limits, name) for name in ("cpu_s", "wall_s", "total_wall_s")}
    return item.model_copy(update={"limits": item.limits.model_copy(update=more)})


def _difference(variant: Variant, verdict: Verdict) -> dict[str, Any]:
    failure = verdict.failure.model_dump() if verdict.failure else None
    return {
        "differed": variant.label,
        "verdict": verdict.verdict,
        "reasons": list(verdict.reasons),
        "failure": failure,
    }
