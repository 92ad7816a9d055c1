"""How much of one text is in another: shares of word sequences, nothing but text. Pure."""

import re
from collections.abc import Set

WORDS = 4
_WORD = re.compile(r"\w+")
_REMARK = re.compile(r'/\*[\s\S]*?\*/|"""[\s\S]*?"""|' + r"'''[\s\S]*?'''" + r"|//[^\n]*|#[^\n]*")


def shingles(text: str) -> frozenset[str]:
    """Every run of four words, lower case; of a shorter text its words as one."""
    words = _WORD.findall(text.lower())
    return frozenset(" ".join(words[at : at + WORDS]) for at in range(max(1, len(words) - WORDS + 1)))


def alike(one: Set[str], other: Set[str]) -> float:
    """Jaccard's coefficient, 0 to 1."""
    return len(one & other) / (len(one | other) or 1)


def contained(part: Set[str], whole: Set[str]) -> float:
    """The share of `part` that is in `whole`, 0 to 1."""
    return len(part & whole) / (len(part) or 1)


def bare(code: str) -> str:
    """Code without comments and docstrings, by their looks in the usual languages."""
    return _REMARK.sub(" ", code)
