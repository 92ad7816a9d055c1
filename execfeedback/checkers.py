"""Is this output the expected one? Pure comparison of texts; what is compared never was inside the sandbox.

Shapes: `exact` bytes as they are; `lines` without trailing space and trailing blank lines; `tokens` split at white
space; `unordered` the same lines in any order; a number: tokens, numeric ones within that relative or absolute error.
"""

import math

from execfeedback.types import Checker, FloatChecker, SpecialJudge


def accepts(checker: Checker | None, got: str, wanted: str) -> bool:
    """Whether `got` is right. A special judge is a program, not a comparison: see `verdicts.py`."""
    assert not isinstance(checker, SpecialJudge), "a special judge runs in the sandbox"
    if checker is None or checker == "tokens":
        return got.split() == wanted.split()
    if isinstance(checker, FloatChecker):
        return same_numbers(got.split(), wanted.split(), checker.float)
    if checker == "exact":
        return got == wanted
    if checker == "lines":
        return lines(got) == lines(wanted)
    return sorted(lines(got)) == sorted(lines(wanted))


def lines(text: str) -> list[str]:
    kept = [line.rstrip() for line in text.split("\n")]
    while kept and not kept[-1]:
        kept.pop()
    return kept


def same_numbers(got: list[str], wanted: list[str], error: float) -> bool:
    return len(got) == len(wanted) and all(same_token(g, w, error) for g, w in zip(got, wanted, strict=True))


def same_token(got: str, wanted: str, error: float) -> bool:
    if got == wanted:
        return True
    try:
        return math.isclose(float(got), float(wanted), rel_tol=error, abs_tol=error)
    except ValueError:
        return False
