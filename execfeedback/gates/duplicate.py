"""Gate `duplicate`: the corpus does not hold the same work yet.

Two keys, of the exact text and of the normalised syntax tree (no comments, docstrings or annotations, locals
numbered): problem and solution; of a repaired record problem, first try and solution, since the mistake is
what it teaches. A problem is its text, not its id. Keys need the sandbox and no order; `admit` needs the
order of admission and no sandbox.
"""

from collections.abc import Iterable
from typing import Any

from execfeedback.accepted import accepted
from execfeedback.ids import digest
from execfeedback.mutants_in_sandbox import normal_form_of
from execfeedback.protocols import Sandbox
from execfeedback.types import GateResult, Problem, Trajectory

EXACT, SYNTAX = "exact:", "syntax:"
"""What the two kinds of keys start with."""


class DuplicateGate:
    """Rejects with `exact` or `same_syntax`. Knows the keys given as `seen` and those of what it let pass."""

    name = "duplicate"
    version = "1"

    def __init__(self, seen: Iterable[str] = ()) -> None:
        self.seen = set(seen)

    async def keys(self, trajectory: Trajectory, sandbox: Sandbox) -> tuple[str, ...]:
        """Keys of a trajectory that stopped as `passed`. May run for many at once."""
        attempt, _ = accepted(trajectory)
        problem, attempts = trajectory.problem, trajectory.attempts
        codes = (
            [attempt.solution.code]
            if len(attempts) == 1
            else [attempts[0].solution.code, attempt.solution.code]
        )
        exact = EXACT + digest([_named(problem), [code.strip() for code in codes]])
        if problem.language != "python":
            return (exact,)
        forms = [await normal_form_of(code, sandbox) or code.strip() for code in codes]
        return (exact, SYNTAX + digest([_named(problem), forms]))

    def admit(self, keys: Iterable[str]) -> GateResult:
        """Whether work with these keys is new; from then on it is not. Call it in the order of admission."""
        given = list(keys)
        known = [key for key in given if key in self.seen]
        reason = "" if not known else "exact" if known[0].startswith(EXACT) else "same_syntax"
        if not known:
            self.seen.update(given)
        evidence = {"keys": given, "known": known}
        return GateResult(
            gate=self.name, version=self.version, passed=not reason, reason=reason, evidence=evidence
        )

    async def check(self, trajectory: Trajectory, sandbox: Sandbox) -> GateResult:
        return self.admit(await self.keys(trajectory, sandbox))


def _named(problem: Problem) -> list[Any]:
    return [problem.language, problem.statement.strip(), problem.entry_point, problem.prompt]


def create(seen: Iterable[str] = ()) -> DuplicateGate:
    """The gate; `seen` are the keys of what the corpus holds."""
    return DuplicateGate(seen)
