"""Gate `novel`: a problem that a model invented is no near copy of one that is there already.

Word sequences of the statements, compared by Jaccard's coefficient. Known are the statements that were admitted before, and
those (and the code) of the problem files given as `against`: the other seeds, or benchmarks that must stay unseen. Keys need
no order; `admit` needs the order of admission. What nobody invented passes, and is remembered.
"""

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from execfeedback.ids import digest
from execfeedback.novelty import alike, shingles
from execfeedback.problems import load_problems
from execfeedback.protocols import Sandbox
from execfeedback.types import GateResult, Problem, Trajectory


class NovelGate:
    """Rejects with `similar`, and names what it is similar to."""

    name = "novel"

    def __init__(self, most: float = 0.4, against: Iterable[str | Path] = ()) -> None:
        self.most = most
        self._known: dict[str, frozenset[str]] = {}
        self._holding: dict[str, set[str]] = defaultdict(set)
        """Word sequence -> ids that have it: most of the known have none in common with a new one."""
        for path in against:
            for problem in load_problems(Path(path)):
                self._remember(problem.id, _words(problem))
        self.version = f"1({most},{digest(sorted(self._known))[:8]})"

    async def keys(self, trajectory: Trajectory, sandbox: Sandbox) -> dict[str, Any]:
        made = trajectory.problem.derived
        invented = made is not None and made.how == "inspired"
        said = shingles(trajectory.problem.statement)
        return {"problem": trajectory.problem.id, "invented": invented, "shingles": sorted(said)}

    def admit(self, keys: Mapping[str, Any]) -> GateResult:
        """Whether a problem with these keys is new; from then on it is not. Call it in the order of admission."""
        id, said = str(keys["problem"]), frozenset(keys["shingles"])
        nearest, share = self._nearest(id, said)
        reason = "similar" if keys["invented"] and share > self.most else ""
        if not reason:
            self._remember(id, said)
        evidence = {"nearest": nearest, "alike": round(share, 3)}
        return GateResult(
            gate=self.name, version=self.version, passed=not reason, reason=reason, evidence=evidence
        )

    async def check(self, trajectory: Trajectory, sandbox: Sandbox) -> GateResult:
        return self.admit(await self.keys(trajectory, sandbox))

    def _nearest(self, id: str, said: frozenset[str]) -> tuple[str | None, float]:
        shared = Counter(other for words in said for other in self._holding.get(words, ()) if other != id)
        if not shared:
            return None, 0.0
        shares = {other: alike(said, self._known[other]) for other in shared}
        nearest = max(sorted(shares), key=shares.__getitem__)
        return nearest, shares[nearest]

    def _remember(self, id: str, said: frozenset[str]) -> None:
        self._known[id] = said
        for words in said:
            self._holding[words].add(id)


def _words(problem: Problem) -> frozenset[str]:
    """Of a seed, which has no statement, the words of its code."""
    made = problem.derived
    return shingles(problem.statement.strip() or (made.code if made else ""))


create = NovelGate
