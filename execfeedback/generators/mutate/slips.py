"""Slips of the pen in first tries: what does not compile, names that do not exist. Text handling only."""

import random
import re
from collections.abc import Callable

_WORD = re.compile(r"\b[a-z_][a-z_0-9]{3,}\b")
_KEYWORDS = frozenset(
    {"else", "elif", "while", "return", "import", "from", "class", "with", "yield", "lambda"}
)


def slip(code: str, chance: random.Random) -> str | None:
    """The code with one slip, or None when there is no place for any."""
    kinds = [_missing_colon, _missing_bracket, _misspelled, _forgotten_import]
    chance.shuffle(kinds)
    return next((made for kind in kinds if (made := kind(code, chance)) is not None), None)


def _in_one_line(
    code: str, chance: random.Random, fits: Callable[[str], bool], edit: Callable[[str], str]
) -> str | None:
    lines = code.split("\n")
    places = [at for at, line in enumerate(lines) if fits(line)]
    if not places:
        return None
    at = places[chance.randrange(len(places))]
    return "\n".join([*lines[:at], edit(lines[at]), *lines[at + 1 :]])


def _missing_colon(code: str, chance: random.Random) -> str | None:
    head = re.compile(r"\s*(if|elif|else|for|while)\b.*:\s*$")
    return _in_one_line(code, chance, lambda line: bool(head.match(line)), lambda line: line.rstrip()[:-1])


def _missing_bracket(code: str, chance: random.Random) -> str | None:
    ends = re.compile(r"\s+\S.*[\w\])]\)$")
    return _in_one_line(code, chance, lambda line: bool(ends.match(line)), lambda line: line[:-1])


def _misspelled(code: str, chance: random.Random) -> str | None:
    """One use of a name that occurs at least twice, with two of its letters swapped."""
    body = code.find("\n", max(code.find("def "), 0))
    found = [one for one in _WORD.finditer(code) if one.start() > body and code.count(one[0]) > 1]
    found = [one for one in found if one[0] not in _KEYWORDS and _in_code(code, one.start())]
    if not found:
        return None
    one = found[chance.randrange(len(found))]
    at = one.start() + 1 + chance.randrange(len(one[0]) - 2)
    swapped = code[:at] + code[at + 1] + code[at] + code[at + 2 :]
    return swapped if swapped != code else None


def _in_code(code: str, place: int) -> bool:
    """A guess: not behind a `#`, not in a string of its line or in a docstring."""
    before = code[:place]
    line = before[before.rfind("\n") + 1 :]
    whole = not (before.count('"""') % 2 or before.count("'''") % 2)
    return whole and "#" not in line and not line.count('"') % 2 and not line.count("'") % 2


def _forgotten_import(code: str, chance: random.Random) -> str | None:
    lines = code.split("\n")
    places = [
        at for at, line in enumerate(lines) if re.match(r"(import|from) (?!typing|__future__)\w+", line)
    ]
    if not places:
        return None
    at = places[chance.randrange(len(places))]
    return "\n".join([*lines[:at], *lines[at + 1 :]]).lstrip("\n")
