"""How often a model solves a problem: solve rates and pass@k, from counts of samples alone.

A sample is an independent first try. pass@k, the chance that one of k samples is right, is estimated without bias from n
samples with c right ones as 1 - C(n-c, k) / C(n, k) (Chen et al., "Evaluating Large Language Models Trained on Code", 2021,
section 2.1), here in whole numbers, so that nothing overflows, underflows or cancels.
"""

from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence
from math import comb, fsum

from pydantic import Field

from execfeedback.types import Value


class Tally(Value):
    """Samples of one model on one problem, and how many of them were right."""

    problem: str
    model: str
    language: str
    tags: tuple[str, ...] = ()
    samples: int
    right: int


class Solved(Value):
    """Several tallies under one label. Rates are means over problems, so that a problem with more samples weighs no more."""

    label: str
    problems: int
    samples: int
    right: int
    solve_rate: float
    pass_at: dict[int, float] = Field({})
    """By k, over the problems that have at least k samples."""


def pass_at_k(samples: int, right: int, k: int) -> float | None:
    """The estimate of pass@k; None for fewer than k samples. ValueError for counts that cannot be."""
    if not 0 <= right <= samples or k < 1:
        raise ValueError(f"{right} of {samples} samples cannot be right, or pass@{k} is nothing")
    if samples < k:
        return None
    every = comb(samples, k)
    return (every - comb(samples - right, k)) / every


def by_problem(tallies: Iterable[Tally]) -> dict[str, tuple[int, int]]:
    """Samples and right ones of each problem, all models together."""
    found: dict[str, tuple[int, int]] = {}
    for tally in tallies:
        samples, right = found.get(tally.problem, (0, 0))
        found[tally.problem] = samples + tally.samples, right + tally.right
    return found


def solve_rates(tallies: Iterable[Tally]) -> dict[str, float]:
    """The share of right samples of each problem that has any."""
    return {name: right / samples for name, (samples, right) in by_problem(tallies).items() if samples}


def solved(label: str, tallies: Sequence[Tally], ks: Sequence[int]) -> Solved:
    """Tallies under one label. ValueError when there is no sample."""
    counts = list(by_problem(tallies).values())
    estimates = {k: [found for n, c in counts if (found := pass_at_k(n, c, k)) is not None] for k in ks}
    return Solved(
        label=label,
        problems=len(counts),
        samples=sum(n for n, _ in counts),
        right=sum(c for _, c in counts),
        solve_rate=_mean([c / n for n, c in counts if n]),
        pass_at={k: _mean(found) for k, found in estimates.items() if found},
    )


def _mean(numbers: Sequence[float]) -> float:
    if not numbers:
        raise ValueError("there is no sample to take a mean of")
    return fsum(numbers) / len(numbers)


def grouped(
    tallies: Iterable[Tally], labels: Callable[[Tally], Iterable[str]], ks: Sequence[int]
) -> tuple[Solved, ...]:
    """Tallies by each of their labels, the largest groups first."""
    groups: dict[str, list[Tally]] = defaultdict(list)
    for tally in tallies:
        for label in labels(tally):
            groups[label].append(tally)
    found = [solved(label, members, ks) for label, members in groups.items()]
    return tuple(sorted(found, key=lambda one: (-one.samples, one.label)))
