"""Which problems get the next samples: where the corpus is thin, and where a problem is hard. Pure."""

import heapq
from collections import Counter
from collections.abc import Sequence

from execfeedback.types import Problem, Value


class Tried(Value):
    """What came of one problem so far."""

    groups: tuple[str, ...]
    """What it is counted with, as `groups_of` says."""
    samples: int
    solved: int
    """Samples that were right at the first try."""
    records: int


def groups_of(problem: Problem) -> tuple[str, ...]:
    """Its language, difficulty and topics: the groups of problems in which a corpus can be thin."""
    level = (f"difficulty {problem.difficulty}",) if problem.difficulty else ()
    return (f"language {problem.language}", *level, *(f"topic {tag}" for tag in problem.tags))


def next_samples(tried: Sequence[Tried], number: int) -> tuple[int, ...]:
    """How many of `number` further samples each problem gets: one after another goes where it is worth most, to the
    earlier of two problems with equal claims.

    One more is worth 1 / ((1 + samples) x (1 + solved) x (1 + records for each problem of its groups)): most where nobody
    solved it and the corpus has little like it, less with every sample, so that what cannot be solved does not take all.
    """
    known = [(1 + one.solved) * (1 + density) for one, density in zip(tried, _densities(tried), strict=True)]
    more = [0] * len(tried)
    claims = [((1 + one.samples) * known[n], n) for n, one in enumerate(tried)]
    heapq.heapify(claims)
    for _ in range(number if tried else 0):
        n = claims[0][1]
        more[n] += 1
        heapq.heapreplace(claims, ((1 + tried[n].samples + more[n]) * known[n], n))
    return tuple(more)


def _densities(tried: Sequence[Tried]) -> list[float]:
    """By problem the records for each problem of its groups, a mean over these."""
    problems: Counter[str] = Counter()
    records: Counter[str] = Counter()
    for one in tried:
        for group in one.groups:
            problems[group] += 1
            records[group] += one.records
    return [sum(records[g] / problems[g] for g in one.groups) / len(one.groups) for one in tried]
