"""Mutants of references that are worth a first try: those that the given tests tell from the reference."""

import asyncio
from collections import defaultdict
from dataclasses import dataclass, field

from execfeedback.generators.mutate.chance import draw, number
from execfeedback.items import item_for, suite_of
from execfeedback.mutants_in_sandbox import mutants_of
from execfeedback.mutation import Mutant
from execfeedback.protocols import Sandbox
from execfeedback.types import Item, LimitsGiven, Problem
from execfeedback.verdicts import verdict_of

POOL = 200
"""Mutants of a reference that are looked at."""
_CPU_S = 1.0
"""CPU seconds after which a mutant counts as one that never ends."""
_ENDLESS_SHARE = 0.15
"""Share of those that are kept: each costs its whole time limit whenever it is run."""


@dataclass
class _Looked:
    """What is known of one problem so far. It is only a cache: the same questions would give it again."""

    lock: asyncio.Lock = field(default_factory=asyncio.Lock)
    waiting: list[Mutant] | None = None
    wrong: list[Mutant] = field(default_factory=list)


class Pool:
    """Wrong mutants of each problem, in an order drawn with the seed, looked for only as far as they are asked for."""

    def __init__(self, sandbox: Sandbox) -> None:
        self._sandbox = sandbox
        self._looked: dict[tuple[str, int], _Looked] = defaultdict(_Looked)

    async def wrong_mutant(self, problem: Problem, reference: str, seed: int, place: int) -> Mutant | None:
        """The wrong mutant at `place`, or None when there are not so many."""
        looked = self._looked[problem.id, seed]
        async with looked.lock:
            if looked.waiting is None:
                found = await mutants_of(
                    reference, self._sandbox, limit=POOL, seed=number(seed, problem.id, "mutants")
                )
                looked.waiting = list(reversed(found))
            while len(looked.wrong) <= place and looked.waiting:
                mutant = looked.waiting.pop()
                if await is_wrong(problem, mutant.source, self._sandbox, seed):
                    looked.wrong.append(mutant)
            return looked.wrong[place] if place < len(looked.wrong) else None


async def is_wrong(problem: Problem, code: str, sandbox: Sandbox, seed: int) -> bool:
    """Whether the given tests fail the code, without using up a long time limit. Without tests nobody knows: yes."""
    item = _hurried(problem, code)
    if item is None:
        return True
    verdict = await verdict_of(item, sandbox)
    if verdict.verdict == "time_limit":
        return draw(seed, problem.id, "endless", code).random() < _ENDLESS_SHARE
    return verdict.passed is not True


def _hurried(problem: Problem, code: str) -> Item | None:
    """The code under the visible tests up to the first that fails."""
    suite = suite_of(problem)
    if suite is None:
        return None
    limits = LimitsGiven(cpu_s=_CPU_S, wall_s=20 * _CPU_S, memory_mb=problem.limits.memory_mb)
    item = item_for(problem, code, suite)
    return item.model_copy(update={"holdout": (), "limits": limits, "stop_on": "first_failure"})
