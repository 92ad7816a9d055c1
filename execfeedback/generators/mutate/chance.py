"""Chance that depends on nothing but what it is drawn for."""

import random
from collections.abc import Sequence

from execfeedback.ids import digest


def number(*parts: object) -> int:
    """A number below 2**63 for these parts, the same everywhere and always."""
    return int(digest([str(part) for part in parts])[:16], 16) >> 1


def draw(*parts: object) -> random.Random:
    """A generator of random numbers for these parts."""
    return random.Random(number(*parts))


def one_of(texts: Sequence[str], chance: random.Random) -> str:
    """One of the texts."""
    return texts[chance.randrange(len(texts))]
