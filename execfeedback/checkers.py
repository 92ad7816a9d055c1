"""Is this output the expected one? Pure comparison of texts; what is compared never was inside the sandbox.

Shapes: `exact` bytes as they are; `lines` without trailing space and trailing blank lines; `tokens` split at white
space; `unordered` the same lines in any order; `{"float": E}`: tokens, numeric ones within that relative or absolute
error; `{"ignore_case": true}` (with `spaces`, `absolute`, `relative`): tokens as Kattis' default validator compares them.
"""

import math
import re

from execfeedback.types import Checker, FloatChecker, SpecialJudge, TokenChecker

NUMBER = re.compile(r"[+-]?(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:[eE][+-]?[0-9]+)?")


def accepts(checker: Checker | None, got: str, wanted: str) -> bool:
    """Whether `got` is right. A special judge is a program, not a comparison: see `verdicts.py`."""
    assert not isinstance(checker, SpecialJudge), "a special judge runs in the sandbox"
    if checker is None or checker == "tokens":
        return got.split() == wanted.split()
    if isinstance(checker, FloatChecker):
        return same_numbers(got.split(), wanted.split(), checker.float)
    if isinstance(checker, TokenChecker):
        return same_tokens(checker, got, wanted)
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


def same_tokens(checker: TokenChecker, got: str, wanted: str) -> bool:
    """Tokens and, where it matters, the white space between them."""
    parts = re.compile(r"\s+|\S+" if checker.spaces else r"\S+")
    pairs = parts.findall(got), parts.findall(wanted)
    return len(pairs[0]) == len(pairs[1]) and all(
        right_token(checker, g, w) for g, w in zip(*pairs, strict=True)
    )


def right_token(checker: TokenChecker, got: str, wanted: str) -> bool:
    """Only what is expected to be a number may be written in another way."""
    if got == wanted or (checker.ignore_case and got.lower() == wanted.lower()):
        return True
    numbers = checker.absolute or checker.relative
    if not numbers or not NUMBER.fullmatch(wanted) or not NUMBER.fullmatch(got):
        return False
    error, value = abs(float(got) - float(wanted)), abs(float(wanted))
    return error <= checker.absolute or error <= checker.relative * value
