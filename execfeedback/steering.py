"""Which topic and difficulty the next problem is to have, so that a corpus gets what it lacks. Pure."""

from collections.abc import Iterable, Iterator, Mapping, Sequence

from execfeedback.statements import DIFFICULTIES, slug
from execfeedback.types import Problem

TOPICS = (
    "arithmetic", "number theory", "combinatorics", "geometry", "matrices", "strings", "parsing", "text formatting",
    "regular expressions", "sorting", "searching", "two pointers", "stacks and queues", "linked structures", "trees",
    "graphs", "dynamic programming", "greedy choice", "recursion", "bits", "sets and maps", "intervals", "dates and times",
    "scheduling", "simulation", "state machines", "games", "money", "units and measures", "statistics", "encodings",
    "checksums", "ciphers", "compression", "inventories", "permissions", "text statistics", "versions", "puzzles",
)  # fmt: skip
"""From the ordinary to the long tail; `--topic` gives others."""

Cell = tuple[str, str]
"""Topic (as a tag) and difficulty."""


def lacking(counts: Mapping[Cell, int], topics: Sequence[str] = TOPICS) -> Iterator[Cell]:
    """Cells without end, each time the one that there are fewest of, those given out before counted in.

    Of equally few the one whose topic, then difficulty, is rarer; then in the order of the lists.
    """
    cells = [(slug(topic), level) for level in DIFFICULTIES for topic in topics]
    have = {cell: counts.get(cell, 0) for cell in cells}
    by_topic = {slug(topic): sum(have[slug(topic), level] for level in DIFFICULTIES) for topic in topics}
    by_level = {level: sum(have[slug(topic), level] for topic in topics) for level in DIFFICULTIES}
    while True:
        cell = min(cells, key=lambda each: (have[each], by_topic[each[0]] + by_level[each[1]]))
        have[cell], by_topic[cell[0]], by_level[cell[1]] = (
            have[cell] + 1, by_topic[cell[0]] + 1, by_level[cell[1]] + 1
        )  # fmt: skip
        yield cell


def steered(seeds: Iterable[Problem], cells: Iterator[Cell]) -> Iterator[Problem]:
    """Seeds for inventing, each with the topic and the difficulty that its problem is to have; others as they are."""
    for seed in seeds:
        made = seed.derived
        if made is None or made.how != "inspired" or seed.statement.strip():
            yield seed
            continue
        topic, level = next(cells)
        aimed = made.model_copy(update={"topic": topic})
        yield seed.model_copy(update={"derived": aimed, "difficulty": level})
