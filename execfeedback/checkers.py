"""Is this output the expected one? Pure comparison of texts; what is compared never was inside the sandbox.

Shapes: `exact` bytes as they are; `lines` without trailing space and trailing blank lines; `tokens` split at white space (what
C's `isspace` knows: a no-break space is part of its word); `unordered` the same lines in any order; `{"float": E}`: tokens,
numeric ones within that relative or absolute error; `{"ignore_case": true}` (with `spaces`, `absolute`, `relative`): tokens as
Kattis' default validator compares them.
"""

import math
import re

from execfeedback.types import Checker, FloatChecker, SpecialJudge, TokenChecker

SPACE = " \t\n\v\f\r"
NUMBER = re.compile(r"[+-]?(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:[eE][+-]?[0-9]+)?")
INFINITE = re.compile(r"\+?(-?)inf(?:inity)?", re.I)


def accepts(checker: Checker | None, got: str, wanted: str) -> bool:
    """Whether `got` is right. A special judge is a program, not a comparison: see `verdicts.py`."""
    assert not isinstance(checker, SpecialJudge), "a special judge runs in the sandbox"
    if checker is None or checker == "tokens":
        return words(got) == words(wanted)
    if isinstance(checker, FloatChecker):
        return same_numbers(words(got), words(wanted), checker.float)
    if isinstance(checker, TokenChecker):
        return same_tokens(checker, got, wanted)
    if checker == "exact":
        return got == wanted
    if checker == "lines":
        return lines(got) == lines(wanted)
    return sorted(lines(got)) == sorted(lines(wanted))


def words(text: str) -> list[str]:
    return [str(word, "utf-8", "surrogatepass") for word in text.encode("utf-8", "surrogatepass").split()]


def lines(text: str) -> list[str]:
    kept = [line.rstrip(SPACE) for line in text.split("\n")]
    while kept and not kept[-1]:
        kept.pop()
    return kept


def same_numbers(got: list[str], wanted: list[str], error: float) -> bool:
    return len(got) == len(wanted) and all(same_token(g, w, error) for g, w in zip(got, wanted, strict=True))


def same_token(got: str, wanted: str, error: float) -> bool:
    """Two words, or two numbers; infinity is a number by its name alone, not by an exponent that no float holds."""
    if got == wanted:
        return True
    first, second = number(got), number(wanted)
    if first is not None and second is not None:
        return math.isclose(first, second, rel_tol=error, abs_tol=error)
    one, other = INFINITE.fullmatch(got), INFINITE.fullmatch(wanted)
    return bool(one and other and one[1] == other[1])


def number(text: str) -> float | None:
    found = float(text) if NUMBER.fullmatch(text) else math.inf
    return found if math.isfinite(found) else None


def same_tokens(checker: TokenChecker, got: str, wanted: str) -> bool:
    """Tokens and, where it matters, the white space between them."""
    parts = re.compile(r"\s+|\S+" if checker.spaces else r"\S+", re.ASCII)
    pairs = parts.findall(got), parts.findall(wanted)
    return len(pairs[0]) == len(pairs[1]) and all(
        right_token(checker, g, w) for g, w in zip(*pairs, strict=True)
    )


def right_token(checker: TokenChecker, got: str, wanted: str) -> bool:
    """Only what is expected to be a number may be written in another way."""
    if got == wanted or (checker.ignore_case and got.lower() == wanted.lower()):
        return True
    first, second = number(got), number(wanted)
    if not (checker.absolute or checker.relative) or first is None or second is None:
        return False
    error = abs(first - second)
    return error <= checker.absolute or error <= checker.relative * abs(second)
