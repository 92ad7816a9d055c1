"""A logistic model fitted by Newton's method, its reliability, and the split of problems. Standard library only."""

import hashlib
import math
from collections.abc import Sequence
from typing import Any, NamedTuple

Vector = list[float]


def part(task: str) -> str:
    """`fit` or `report`: of each problem, whoever solved it, one or the other."""
    return "fit" if hashlib.sha256(task.encode()).digest()[0] % 2 else "report"


def fit(rows: Sequence[Vector], right: Sequence[bool], penalty: float) -> Vector:
    """Coefficients that maximise the likelihood less `penalty` times half their squares. Rows carry their own constants."""
    width = len(rows[0])
    found = [0.0] * width
    for _ in range(50):
        slope = [-penalty * one for one in found]
        bend = [[penalty if i == j else 0.0 for j in range(width)] for i in range(width)]
        for row, truth in zip(rows, right, strict=True):
            p = 1 / (1 + math.exp(-sum(a * b for a, b in zip(row, found, strict=True))))
            for i, value in enumerate(row):
                slope[i] += value * (truth - p)
                for j, other in enumerate(row):
                    bend[i][j] += value * other * p * (1 - p)
        step = solved(bend, slope)
        found = [one + change for one, change in zip(found, step, strict=True)]
        if max(map(abs, step)) < 1e-8:
            break
    return found


def signed_fit(
    rows: Sequence[dict[str, float]], right: Sequence[bool], signs: dict[str, int], penalty: float
) -> dict[str, float]:
    """The same by name; coefficients of a wrong sign are 0."""
    names = list(rows[0])
    while True:
        vectors = [[row[name] for name in names] for row in rows]
        found = dict(zip(names, fit(vectors, right, penalty), strict=True))
        wrong = {
            name: one * signs.get(name, 0) for name, one in found.items() if one * signs.get(name, 0) < 0
        }
        if not wrong:
            return {name: found.get(name, 0.0) for name in rows[0]}
        names.remove(min(wrong, key=lambda name: wrong[name]))


def solved(matrix: list[Vector], right: Vector) -> Vector:
    """The solution of a system of linear equations, by Gauss with the largest pivot."""
    rows = [[*row, value] for row, value in zip(matrix, right, strict=True)]
    for i in range(len(rows)):
        best = max(range(i, len(rows)), key=lambda k: abs(rows[k][i]))
        rows[i], rows[best] = rows[best], rows[i]
        rows[i] = [value / rows[i][i] for value in rows[i]]
        for k, row in enumerate(rows):
            if k != i:
                rows[k] = [value - row[i] * pivot for value, pivot in zip(row, rows[i], strict=True)]
    return [row[-1] for row in rows]


class Bin(NamedTuple):
    """Estimates of one range: how many, what was said on average, how many were right."""

    number: int
    said: float
    right: float


def reliability(said: Sequence[float], right: Sequence[bool], bins: int = 10) -> list[Bin]:
    """Ten ranges of equal width, those that are empty left out."""
    found = []
    for n in range(bins):
        inside = [(p, t) for p, t in zip(said, right, strict=True) if min(int(p * bins), bins - 1) == n]
        if inside:
            number = len(inside)
            found.append(Bin(number, sum(p for p, _ in inside) / number, sum(t for _, t in inside) / number))
    return found


def expected_error(bins: Sequence[Bin]) -> float:
    """Expected calibration error (Naeini et al. 2015): |said - right| over the bins, by their numbers."""
    whole = sum(one.number for one in bins)
    return sum(one.number * abs(one.said - one.right) for one in bins) / max(whole, 1)


class Kept(NamedTuple):
    """What a rule accepts of a class of samples."""

    accepted: int
    wrong: int
    right: int
    """Right samples that there were, accepted or not."""

    @property
    def wrong_share(self) -> float | None:
        return self.wrong / self.accepted if self.accepted else None

    @property
    def kept_share(self) -> float | None:
        return (self.accepted - self.wrong) / self.right if self.right else None

    def shown(self) -> dict[str, Any]:
        return {**self._asdict(), "wrong_share": self.wrong_share, "kept_share": self.kept_share}


def kept(accepted: Sequence[bool], right: Sequence[bool]) -> Kept:
    wrong = sum(a and not t for a, t in zip(accepted, right, strict=True))
    return Kept(sum(accepted), wrong, sum(right))
