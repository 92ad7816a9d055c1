"""First tries: mostly one realistic mistake in the reference, sometimes two, a slip, or none."""

from typing import Literal

from execfeedback.errors import GeneratorExhausted
from execfeedback.generators.mutate.chance import draw, number
from execfeedback.generators.mutate.pool import Pool, is_wrong
from execfeedback.generators.mutate.slips import slip
from execfeedback.mutants_in_sandbox import mutants_of
from execfeedback.mutation import Mutant
from execfeedback.protocols import Sandbox
from execfeedback.types import Problem, Value

Role = Literal["right", "slip", "two", "one"]


class Shares(Value):
    """How many of all first tries are right at once, hold a slip, hold two mistakes; the rest hold one."""

    right: float = 0.15
    slip: float = 0.04
    two: float = 0.1


async def first_try(
    problem: Problem, pool: Pool, sandbox: Sandbox, sample: int, seed: int, shares: Shares
) -> str:
    """The code of a sample. Samples walk through one order of the wrong mutants, so no two are the same.

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
    mutant = await pool.wrong_mutant(problem, reference, seed, place)
    if mutant is None:
        raise GeneratorExhausted(f"problem {problem.id!r}: its wrong mutants are used up")
    return await _second(mutant, problem, sandbox, seed) if role == "two" else mutant.source


async def _second(mutant: Mutant, problem: Problem, sandbox: Sandbox, seed: int) -> str:
    """Another mistake in a mutant, at another line; the mutant alone when that makes it right or endless."""
    chance = number(seed, problem.id, "second", mutant.source)
    pool = await mutants_of(mutant.source, sandbox, limit=8, seed=chance)
    elsewhere = [other.source for other in pool if abs(other.line - mutant.line) > 1]
    for source in elsewhere[:2]:
        if await is_wrong(problem, source, sandbox, seed):
            return source
    return mutant.source


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
