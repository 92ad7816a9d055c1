"""How much of one text is in another."""

from hypothesis import given
from hypothesis import strategies as st

from execfeedback.novelty import alike, bare, contained, shingles

TEXTS = st.text(st.sampled_from("ab c\n"), max_size=60)


@given(TEXTS, TEXTS)
def test_both_are_shares_and_alike_has_no_order(one: str, other: str) -> None:
    a, b = shingles(one), shingles(other)
    assert 0 <= alike(a, b) == alike(b, a) <= 1
    assert alike(a, b) <= min(contained(a, b), contained(b, a)) <= 1
    assert alike(a, a) == contained(a, a) == 1


def test_case_and_punctuation_do_not_count_and_words_do() -> None:
    assert shingles("Add TWO, numbers; please.") == shingles("add two numbers please")
    assert shingles("a b c d e") == {"a b c d", "b c d e"}
    assert contained(shingles("b c d e"), shingles("a b c d e f")) == 1
    assert alike(shingles("a b c d"), shingles("e f g h")) == 0


def test_remarks_of_the_usual_languages_are_no_code() -> None:
    python = 'def f(x):\n    """Doubles\n    it."""\n    return 2 * x  # twice\n'
    assert bare(python).split() == ["def", "f(x):", "return", "2", "*", "x"]
    c = "/* doubles\n it */ int f(int x) { return 2 * x; } // twice\n"
    assert bare(c).split() == ["int", "f(int", "x)", "{", "return", "2", "*", "x;", "}"]
