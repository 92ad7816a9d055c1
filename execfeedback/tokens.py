"""Plain values as words between spaces: what goes into a solution of any language, and what it answers with.

A word names its kind by its first letter, so that a reader needs no type and no escape:

    n              null                        l3 ...         a list, and its three elements
    t  f           true, false                 m2 ...         a map, and two keys each with its value
    i-12           an integer, in decimal      s68c3a9        text, UTF-8 in hexadecimal
    d0.1           a float (d-inf, dnan)       x626f6f6d      an exception, its text in hexadecimal

Answers have four more, for what a language does not tell apart and for what is no answer:

    e              an empty list that may as well be an empty map (PHP, Lua)
    b3432          text that may as well be what it looks like: a number, true, false (bash)
    c3432          the same in Perl, where 1 is true and 0 and nothing are false
    y6e6f          the driver could not call or not show, and why: never the exception that a case may expect

What a solution prints is untrusted: `decoded` makes plain values of it or raises ValueError.
"""

import math
import re
from collections.abc import Iterator
from typing import Any, ClassVar

MOST_DEPTH = 100
INTEGER = re.compile(r"-?[0-9]{1,4000}")
FLOAT = re.compile(r"[-+]?([0-9]+\.?[0-9]*([eE][-+]?[0-9]+)?|\.[0-9]+([eE][-+]?[0-9]+)?|inf|nan)")
COUNT = re.compile(r"[0-9]{1,9}")


class Raised:
    """The answer was an exception."""

    def __init__(self, text: str) -> None:
        self.text = text

    def __repr__(self) -> str:
        return f"raised: {self.text}"


class Fault:
    """There was no answer: no such function, an argument that does not fit its type, a result that is no plain value."""

    def __init__(self, text: str) -> None:
        self.text = text

    def __repr__(self) -> str:
        return f"no value: {self.text}"


class Empty(list[Any]):
    """An empty list, or an empty map."""


class Bare(str):
    """Text of a language that has little else: it is the number, or the truth, that it is read as."""

    truths: ClassVar[dict[str, bool]] = {}

    def is_like(self, wanted: Any, tolerance: float) -> bool:
        if isinstance(wanted, bool):
            return self.truths.get(str(self)) is wanted
        if isinstance(wanted, int | float):
            return FLOAT.fullmatch(self.lower()) is not None and same_number(self.number(), wanted, tolerance)
        return isinstance(wanted, str) and str(self) == wanted

    def number(self) -> float:
        return int(self) if INTEGER.fullmatch(self) else float(self)

    def __repr__(self) -> str:
        return str(self) if FLOAT.fullmatch(self.lower()) else super().__repr__()


class BashText(Bare):
    truths: ClassVar[dict[str, bool]] = {"true": True, "false": False}


class PerlScalar(Bare):
    truths: ClassVar[dict[str, bool]] = {"1": True, "0": False, "": False}


def encoded(value: Any) -> str:
    """The words of a JSON value. Raises ValueError for anything else."""
    return " ".join(words(value, 0))


def words(value: Any, depth: int) -> Iterator[str]:
    if depth > MOST_DEPTH:
        raise ValueError(f"values may be nested {MOST_DEPTH} deep")
    if value is None:
        yield "n"
    elif isinstance(value, bool):
        yield "t" if value else "f"
    elif isinstance(value, int):
        yield f"i{value}"
    elif isinstance(value, float):
        yield f"d{value!r}"
    elif isinstance(value, str):
        yield "s" + value.encode("utf-8").hex()
    elif isinstance(value, list | tuple):
        yield f"l{len(value)}"
        for element in value:
            yield from words(element, depth + 1)
    elif isinstance(value, dict):
        yield f"m{len(value)}"
        for key, content in value.items():
            yield from words(key, depth + 1)
            yield from words(content, depth + 1)
    else:
        raise ValueError(f"a {type(value).__name__} cannot be given to a solution in another language")


VAGUE = frozenset("ebc")
TEXTS = {"s": str, "b": BashText, "c": PerlScalar}


def decoded(text: str, vague: str = "") -> Any:
    """The value of these words, all of them. `vague`: which of `e`, `b` and `c` may be among them. Raises ValueError."""
    words_of_it = text.split()
    if any(word[:1] in VAGUE and word[:1] not in vague for word in words_of_it):
        raise ValueError("a word of another language")
    source = iter(words_of_it)
    value = taken(source, 0)
    if next(source, None) is not None:
        raise ValueError("more words than a value has")
    return value


def taken(source: Iterator[str], depth: int) -> Any:
    word = next(source, "")
    kind, rest = word[:1], word[1:]
    if depth > MOST_DEPTH:
        raise ValueError("nested too deep")
    if word in ("n", "t", "f"):
        return {"n": None, "t": True, "f": False}[word]
    if word == "e":
        return Empty()
    if kind == "i" and INTEGER.fullmatch(rest):
        return int(rest)
    if kind == "d" and FLOAT.fullmatch(rest.lower()):
        return float(rest)
    if kind in TEXTS:
        return TEXTS[kind](bytes.fromhex(rest).decode("utf-8", "surrogateescape"))
    if kind in ("x", "y"):
        return (Raised if kind == "x" else Fault)(bytes.fromhex(rest).decode("utf-8", "replace"))
    if kind == "l" and COUNT.fullmatch(rest):
        return [taken(source, depth + 1) for _ in range(int(rest))]
    if kind == "m" and COUNT.fullmatch(rest):
        return pairs(source, int(rest), depth + 1)
    raise ValueError(f"{word[:40]!r} is no value")


def pairs(source: Iterator[str], count: int, depth: int) -> dict[Any, Any]:
    found: dict[Any, Any] = {}
    for _ in range(count):
        key = taken(source, depth)
        if isinstance(key, list | dict | Raised | Fault):
            raise ValueError("a key must be a plain value")
        key = key_text(key) if isinstance(key, bool) else key  # 1 and true are two keys
        if key in found:
            raise ValueError("a key comes twice")
        found[key] = taken(source, depth)
    return found


def same(got: Any, wanted: Any, tolerance: float, *, ordered: bool = True) -> bool:
    """Whether an answer is the expected value: numbers by value (languages without integers answer with floats), true and
    false are no numbers, a map's keys may have become text, everything else as it is. Without `ordered` the elements of the
    outermost list come in any order; what is inside of them has its own."""
    if isinstance(got, Bare):
        return got.is_like(wanted, tolerance)
    if isinstance(wanted, bool) or isinstance(got, bool) or wanted is None or got is None:
        return got is wanted
    if isinstance(wanted, int | float) and isinstance(got, int | float):
        return same_number(got, wanted, tolerance)
    if isinstance(wanted, str):
        return isinstance(got, str) and got == wanted
    if isinstance(wanted, list | tuple):
        return isinstance(got, list) and same_list(got, list(wanted), tolerance, ordered)
    if isinstance(wanted, dict):
        return same_map(got, wanted, tolerance)
    return False


def same_number(got: float, wanted: float, tolerance: float) -> bool:
    if got == wanted:
        return True
    try:
        if math.isnan(got) and math.isnan(wanted):
            return True
        return bool(tolerance) and math.isclose(got, wanted, rel_tol=tolerance, abs_tol=tolerance)
    except OverflowError:
        return False


def same_list(got: list[Any], wanted: list[Any], tolerance: float, ordered: bool) -> bool:
    if len(got) != len(wanted):
        return False
    if ordered:
        return all(same(g, w, tolerance) for g, w in zip(got, wanted, strict=True))
    left = list(got)
    for element in wanted:
        found = next((n for n, g in enumerate(left) if same(g, element, tolerance)), None)
        if found is None:
            return False
        del left[found]
    return True


def same_map(got: Any, wanted: dict[Any, Any], tolerance: float) -> bool:
    if isinstance(got, Empty) and not wanted:
        return True
    if not isinstance(got, dict) or len(got) != len(wanted):
        return False
    by_text = {key_text(key): content for key, content in got.items()}
    return len(by_text) == len(got) and all(
        key_text(key) in by_text and same(by_text[key_text(key)], content, tolerance)
        for key, content in wanted.items()
    )


def key_text(key: Any) -> str:
    """As JSON has it."""
    return "null" if key is None else str(key).lower() if isinstance(key, bool) else str(key)
