"""First tries: mostly one realistic mistake in the reference, sometimes two, a slip, or none."""

from typing import Literal

from execfeedback.errors import GeneratorExhausted
from execfeedback.generators.mutate.chance import draw, number
from execfeedback.generators.mutate.slips import slip
from execfeedback.mutants_in_sandbox import mutants_of
from execfeedback.mutation import Mutant
from execfeedback.protocols import Sandbox
from execfeedback.types import Problem, Value

POOL = 200
"""Mutants of a reference that samples can be drawn from."""

Role = Literal["right", "slip", "two", "one"]


class Shares(Value):
    """How many of all first tries are right at once, hold a slip, hold two mistakes; the rest hold one."""

    right: float = 0.15
    slip: float = 0.04
    two: float = 0.1


async def first_try(problem: Problem, sandbox: Sandbox, sample: int, seed: int, shares: Shares) -> str:
    """The code of a sample. Samples walk through one permutation of the mutants, so no two are the same.

    Raises GeneratorExhausted when the problem has no reference or no mutants are left."""
    reference = problem.reference
    if reference is None:
        raise GeneratorExhausted(f"problem {problem.id!r} has no reference that could be edited")
    role, place = role_of(problem.id, sample, seed, shares)
    if role == "right":
        return reference
    slipped = slip(reference, draw(seed, problem.id, "slip", sample)) if role == "slip" else None
    if slipped is not None:
        return slipped
    pool = await mutants_of(reference, sandbox, limit=POOL, seed=number(seed, problem.id, "mutants"))
    if place >= len(pool):
        raise GeneratorExhausted(f"problem {problem.id!r}: its {len(pool)} mutants are used up")
    return await _second(pool[place], problem, sandbox, seed) if role == "two" else pool[place].source


async def _second(mutant: Mutant, problem: Problem, sandbox: Sandbox, seed: int) -> str:
    """Another mistake in a mutant, at another line where there is one."""
    chance = number(seed, problem.id, "second", mutant.source)
    pool = await mutants_of(mutant.source, sandbox, limit=8, seed=chance)
    elsewhere = [other.source for other in pool if abs(other.line - mutant.line) > 1]
    apart = [source for source in elsewhere if source != problem.reference]
    return apart[0] if apart else mutant.source


def role_of(problem_id: str, sample: int, seed: int, shares: Shares) -> tuple[Role, int]:
    """What a sample is, and its place among those that use a mutant. Only one sample is right at once."""
    place, right_before = 0, False
    for index in range(sample + 1):
        role = _drawn(draw(seed, problem_id, "role", index).random(), shares)
        role = "one" if role == "right" and right_before else role
        right_before = right_before or role == "right"
        if index < sample:
            place += role != "right"
    return role, place


def _drawn(chance: float, shares: Shares) -> Role:
    if chance < shares.right:
        return "right"
    if chance < shares.right + shares.slip:
        return "slip"
    return "two" if chance < shares.right + shares.slip + shares.two else "one"
