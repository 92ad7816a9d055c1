"""What an item asks for beyond its tests (`checks`): the gates, on the item as it is.

    vacuous   the tests cannot tell the solution from wrong ones: gate `discriminating`  -> bad_tests
    flaky     the solution does not pass again: gate `stable`                            -> rejected

They come before the held-out cases: tests that nothing can fail say nothing, whatever the solution is.
"""

from execfeedback.gates.discriminating import DiscriminatingGate
from execfeedback.gates.stable import StableGate
from execfeedback.protocols import Sandbox
from execfeedback.replaying import insensitive, replay_ends
from execfeedback.types import Failure, GateResult, Item, Verdict
from execfeedback.verdicts import verdict_of

RERUNS = 8
"""Hash seeds that `flaky` tries, whatever the source names."""
VACUOUS: dict[str, object] = {"verdict": "bad_tests", "passed": None, "reasons": ("vacuous",)}
SHOWS_NOTHING = {"insensitive", "stub_passes", "no_mutants"}
"""Reasons of `discriminating` that make tests vacuous; tests that miss some mutants are weak, and that is not the same."""


async def checked_verdict(item: Item, sandbox: Sandbox) -> Verdict:
    """The verdict with the item's checks. Raises what `verdict_of` raises."""
    if not item.checks:
        return await verdict_of(item, sandbox)
    bare = item.model_copy(update={"holdout": (), "checks": ()})
    found = await verdict_of(bare, sandbox)
    if found.verdict == "passed" and "vacuous" in item.checks:
        found = await without_vacuous(bare, found, sandbox)
    if found.verdict == "passed" and "flaky" in item.checks:
        found = await without_flaky(bare, found, sandbox)
    if found.verdict == "passed" and item.holdout:
        found = await verdict_of(item.model_copy(update={"checks": ()}), sandbox)
    return found


async def without_vacuous(item: Item, found: Verdict, sandbox: Sandbox) -> Verdict:
    if not isinstance(item.solution, str):
        return await without_insensitive(item, found, sandbox)
    gate = DiscriminatingGate()
    result = await gate.examine(item, item.solution, found, sandbox, thorough=False)
    nothing_killed = result.reason == "mutants_survive" and "share" not in result.evidence
    if result.reason not in SHOWS_NOTHING and not nothing_killed:
        return found
    return changed(found, result, VACUOUS)


async def without_insensitive(item: Item, found: Verdict, sandbox: Sandbox) -> Verdict:
    """Of several files no stubs and mutants are made: the replay alone speaks."""
    ends = await replay_ends(item, sandbox)
    if not insensitive(ends):
        return found
    result = GateResult(
        gate="discriminating", version="", passed=False, reason="insensitive", evidence={"replays": ends}
    )
    return changed(found, result, VACUOUS)


async def without_flaky(item: Item, found: Verdict, sandbox: Sandbox) -> Verdict:
    result = await StableGate(RERUNS, RERUNS).examine(item, sandbox)
    if result.passed:
        return found
    return changed(found, result, {"verdict": "rejected", "passed": False, "reasons": ("flaky",)})


def changed(found: Verdict, result: GateResult, update: dict[str, object]) -> Verdict:
    shown = ", ".join(f"{key}: {value}" for key, value in result.evidence.items())
    failure = Failure(test="tests", message=f"{result.gate}: {result.reason} ({shown})"[:4000])
    return found.model_copy(update={**update, "failure": failure})
