"""Gate `discriminating`: the tests notice wrong values, fail trivial stubs, and small mistakes made in the solution.

First the tests alone, on the solution's replies with every value changed (replaying.py): what notices none of the
changes could not have failed. Then mutation analysis (DeMillo, Lipton, Sayward, "Hints on Test Data Selection",
1978) of the tests, with the accepted solution as the program:

1. Every stub must fail: its signatures with a body that returns a constant or its first argument, or raises.
2. Of the mutants that could be judged, at least `threshold` must be killed.
3. A survivor may be equivalent, the same program in other words. That is undecidable, so the rule is: it
   counts as equivalent when it answers as the accepted solution does on each of up to `inputs` inputs near
   those of the tests, of which at least 8 get a value. Equivalent mutants are left out of the share, up to
   `equivalent_share` of the judged ones. A survivor that an input tells apart, or for which no inputs can be
   made, counts against the tests.
4. Equivalence is looked into only where it decides.

The answers of 3 come from untrusted code, which could pretend to be its own mutant: hence the bound.
"""

import asyncio
from collections import Counter
from collections.abc import Sequence
from difflib import unified_diff
from typing import Any

from execfeedback.accepted import accepted, accepted_item
from execfeedback.behaviour_in_sandbox import Observation, comparable, difference, observe
from execfeedback.errors import InputError
from execfeedback.ids import digest
from execfeedback.kills import Judged, kill_share, left_out, tight
from execfeedback.mutants_in_sandbox import mutants_of, stubs_of
from execfeedback.mutation import Mutant
from execfeedback.protocols import Sandbox
from execfeedback.replaying import insensitive, replay_ends
from execfeedback.types import GateResult, Item, Trajectory, Verdict
from execfeedback.verdicts import verdict_of

_LEAST_INPUTS = 8
"""Inputs with a value that are needed to call two programs equivalent."""
_CALL_CPU_S = 0.05
"""CPU seconds of an answer that is compared; a mutant gets ten times that, so as not to be late by chance."""
_SHOWN = 5
"""Survivors whose change is written out in the evidence."""


class DiscriminatingGate:
    """Rejects with `insensitive`, `stub_passes`, `mutants_survive`, or `no_mutants` when there was nothing to fail."""

    name = "discriminating"

    def __init__(
        self,
        mutants: int = 24,
        threshold: float = 0.7,
        equivalent_share: float = 0.3,
        inputs: int = 64,
        seed: int = 0,
    ) -> None:
        if mutants < 1 or inputs < 1 or not 0 <= threshold <= 1 or not 0 <= equivalent_share < 1:
            raise InputError(
                "gate discriminating: mutants and inputs are at least 1, shares are between 0 and 1"
            )
        self.mutants, self.inputs, self.seed = mutants, inputs, seed
        self.threshold, self.equivalent_share = threshold, equivalent_share
        self.version = f"4({mutants},{threshold},{equivalent_share},{inputs},{seed})"

    async def check(self, trajectory: Trajectory, sandbox: Sandbox) -> GateResult:
        attempt, _ = accepted(trajectory)
        return await self.examine(accepted_item(trajectory), attempt.solution.code, attempt.verdict, sandbox)

    async def examine(
        self, item: Item, code: str, verdict: Verdict, sandbox: Sandbox, *, thorough: bool = True
    ) -> GateResult:
        """The same for an item whose solution, one text, has passed with this verdict. Not `thorough`: only whether the
        tests could have failed at all, which needs no mutants where a stub fails."""
        ends = await replay_ends(item, sandbox)
        evidence: dict[str, Any] = {"replays": ends}
        if insensitive(ends):
            return self._result("insensitive", evidence)
        hurried = tight(item, verdict)
        stubs = await _judged(await stubs_of(code, item.entry_point, sandbox), hurried, sandbox)
        passing = [stub.mutant.description for stub in stubs if stub.fate == "survived"]
        evidence |= {"stubs": len(stubs), "stubs_passed": passing}
        if passing:
            return self._result("stub_passes", evidence)
        if not thorough and any(stub.fate == "killed" for stub in stubs):
            return self._result("", evidence)
        made = await mutants_of(code, sandbox, limit=self.mutants, seed=self.seed)
        mutants = await _judged(made, hurried, sandbox)
        if not any(trial.fate == "killed" for trial in (*stubs, *mutants)):
            return self._result("mutants_survive" if mutants else "no_mutants", evidence | _counts(mutants))
        return await self._weighed(item, mutants, evidence, sandbox)

    async def _weighed(
        self, item: Item, mutants: Sequence[Judged], evidence: dict[str, Any], sandbox: Sandbox
    ) -> GateResult:
        """Rules 2 to 4."""
        survivors = [trial.mutant for trial in mutants if trial.fate == "survived"]
        share = kill_share(mutants, 0)
        witnesses: dict[Mutant, Observation | None] = {}
        if share < self.threshold:
            witnesses = await self._compared(item, survivors, sandbox)
            same = sum(witness is None for witness in witnesses.values())
            share = kill_share(mutants, left_out(mutants, same, self.equivalent_share))
        evidence |= _counts(mutants) | {"share": round(share, 4), "threshold": self.threshold}
        evidence |= {"equivalent": sum(w is None for w in witnesses.values())}
        evidence |= {"survivors": [_shown(item, mutant, witnesses) for mutant in survivors[:_SHOWN]]}
        return self._result("" if share >= self.threshold else "mutants_survive", evidence)

    async def _compared(
        self, item: Item, survivors: Sequence[Mutant], sandbox: Sandbox
    ) -> dict[Mutant, Observation | None]:
        """By survivor the input that tells it apart, None for equivalent; empty: no comparison."""
        asked = {"seed": self.seed, "limit": self.inputs}
        answers = await observe(item, sandbox, **asked, call_cpu_s=_CALL_CPU_S)
        if comparable(answers) < _LEAST_INPUTS:
            return {}
        items = [item.model_copy(update={"solution": mutant.source}) for mutant in survivors]
        others = await asyncio.gather(
            *(observe(other, sandbox, **asked, call_cpu_s=10 * _CALL_CPU_S) for other in items)
        )
        return {mutant: difference(answers, other) for mutant, other in zip(survivors, others, strict=True)}

    def _result(self, reason: str, evidence: dict[str, Any]) -> GateResult:
        return GateResult(
            gate=self.name, version=self.version, passed=not reason, reason=reason, evidence=evidence
        )


create = DiscriminatingGate


async def _judged(mutants: Sequence[Mutant], item: Item, sandbox: Sandbox) -> list[Judged]:
    """The verdict on each mutant in the place of the accepted solution. Raises SandboxError."""
    items = [item.model_copy(update={"solution": mutant.source}) for mutant in mutants]
    verdicts = await _all_verdicts(items, sandbox)
    return [Judged(mutant, verdict) for mutant, verdict in zip(mutants, verdicts, strict=True)]


async def _all_verdicts(items: Sequence[Item], sandbox: Sandbox) -> list[Verdict]:
    """Verdicts in order; when one fails for our fault, the others are called off before that is raised."""
    tasks = [asyncio.ensure_future(verdict_of(item, sandbox)) for item in items]
    try:
        return await asyncio.gather(*tasks)
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


def _counts(mutants: Sequence[Judged]) -> dict[str, Any]:
    """How the mutants ended; `matrix` is the digest of each mutant with its end, for comparing two runs."""
    matrix = [[trial.mutant.line, trial.mutant.description, trial.fate] for trial in mutants]
    return {
        "mutants": len(mutants),
        "fates": dict(sorted(Counter(trial.fate for trial in mutants).items())),
        "verdicts": dict(sorted(Counter(str(trial.verdict.verdict) for trial in mutants).items())),
        "matrix": digest(matrix),
    }


def _shown(item: Item, mutant: Mutant, witnesses: dict[Mutant, Observation | None]) -> dict[str, Any]:
    """A survivor as a person reads it, with the input that tells it apart where one was looked for."""
    lines = unified_diff(str(item.solution).splitlines(), mutant.source.splitlines(), n=0, lineterm="")
    diff = [line for line in lines if line[:3] not in ("---", "+++") and line[:2] != "@@"]
    shown = {"kind": mutant.kind, "line": mutant.line, "change": mutant.description, "diff": diff[:12]}
    if mutant not in witnesses:
        return shown
    witness = witnesses[mutant]
    return shown | ({"equivalent": True} if witness is None else {"told_apart_by": witness.call[:300]})
