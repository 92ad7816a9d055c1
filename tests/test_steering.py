"""What the next problems are to be about."""

from collections import Counter
from itertools import islice

from hypothesis import given
from hypothesis import strategies as st

from execfeedback.statements import DIFFICULTIES
from execfeedback.steering import TOPICS, lacking, steered
from execfeedback.types import Derivation, Problem

CELLS = [(topic, level) for topic in ("graphs", "money") for level in DIFFICULTIES]


@given(st.dictionaries(st.sampled_from(CELLS), st.integers(0, 20)), st.integers(1, 60))
def test_the_rarest_comes_next_and_in_the_end_all_are_level(
    counts: dict[tuple[str, str], int], many: int
) -> None:
    have = Counter({cell: counts.get(cell, 0) for cell in CELLS})
    for cell in islice(lacking(counts, ("graphs", "money")), many):
        assert have[cell] == min(have.values())
        have[cell] += 1
    level = sum(max(counts.values(), default=0) - counts.get(cell, 0) for cell in CELLS)
    if many >= level:
        assert max(have.values()) - min(have.values()) <= 1


def test_an_empty_corpus_gets_every_topic_before_any_comes_twice() -> None:
    first = list(islice(lacking({}), len(TOPICS)))
    assert len({topic for topic, _ in first}) == len(TOPICS)
    assert {level for _, level in first} == set(DIFFICULTIES)


def test_seeds_are_steered_and_nothing_else_is() -> None:
    made = Derivation(how="inspired", language="python", code="x")
    seed = Problem(id="a", statement="", derived=made)
    told = Problem(id="b", statement="Add.", difficulty="hard")
    documented = seed.model_copy(update={"derived": made.model_copy(update={"how": "backtranslated"})})
    one, two, three = steered([seed, told, documented], iter([("money", "medium")]))
    assert one.derived is not None
    assert (one.derived.topic, one.difficulty, one.derived.code) == ("money", "medium", "x")
    assert (two, three) == (told, documented)
