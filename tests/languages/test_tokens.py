"""Values as words: they come back as they went, and nothing that a solution prints is more than a value."""

import math
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from execfeedback.tokens import BashText, Empty, PerlScalar, Raised, decoded, encoded, same

TEXT = st.text(st.characters(exclude_categories=["Cs"]))
PLAIN = st.none() | st.booleans() | st.integers() | st.floats() | TEXT
VALUES = st.recursive(PLAIN, lambda inner: st.lists(inner) | st.dictionaries(TEXT, inner), max_leaves=20)


@given(VALUES)
def test_a_value_is_the_same_value_behind_the_wire(value: Any) -> None:
    back = decoded(encoded(value))
    assert repr(back) == repr(value)
    assert same(back, value, 0.0)


@given(st.text(max_size=60))
def test_any_text_is_a_value_or_a_value_error(text: str) -> None:
    try:
        decoded(text)
    except ValueError:
        return


@pytest.mark.parametrize(
    "text", ["", "l2 i1", "i1 i2", "q", "i", "l-1", "m1 l0 i1", "sxyz", "i1_000", "d1_0", "dinfinity"]
)
def test_what_is_no_value_is_refused(text: str) -> None:
    with pytest.raises(ValueError):
        decoded(text)


def test_an_exception_is_no_value_that_anything_equals() -> None:
    assert isinstance(decoded("x626f6f6d"), Raised)
    for word in ("x00", "y00"):
        assert not any(same(decoded(word), wanted, 1.0) for wanted in (None, 0, "", [], {}))
    assert not isinstance(decoded("y6e6f"), Raised)


@pytest.mark.parametrize(
    ("got", "wanted", "tolerance", "right"),
    [
        (3.0, 3, 0, True),
        (True, 1, 0, False),
        (0, False, 0, False),
        (None, False, 0, False),
        ("3", 3, 0, False),
        (0.1 + 0.2, 0.3, 0, False),
        (0.1 + 0.2, 0.3, 1e-9, True),
        (10**30, 10**30 + 1, 0, False),
        (2**53 + 1, float(2**53), 0, False),
        (math.nan, math.nan, 0, True),
        ([1, 2], [2, 1], 0, False),
        ([], {}, 0, False),
        (Empty(), {}, 0, True),
        (Empty(), [], 0, True),
        (Empty(), {"a": 1}, 0, False),
        (decoded("sff"), "\ufffd", 0, False),
        (BashText("101"), "101", 0, True),
        (BashText("101"), 101, 0, True),
        (BashText("007"), "7", 0, False),
        (BashText("1.50"), 1.5, 0, True),
        (BashText("true"), True, 0, True),
        (BashText("true"), "true", 0, True),
        (BashText("1"), True, 0, False),
        (BashText(""), False, 0, False),
        (BashText("1_0"), 10, 0, False),
        (BashText("x"), 0, 0, False),
        (PerlScalar("321"), 321, 0, True),
        (PerlScalar("1"), True, 0, True),
        (PerlScalar(""), False, 0, True),
        (PerlScalar("2"), True, 0, False),
        (PerlScalar(""), None, 0, False),
        ({}, [], 0, False),
        ({"1": 2}, {"1": 2}, 0, True),
        ({1: 2}, {"1": 2}, 0, True),
        ({True: 2}, {"true": 2}, 0, True),
        ({True: 2}, {"1": 2}, 0, False),
        ({"a": [1.0000001]}, {"a": [1]}, 1e-6, True),
        ({"a": 1, "b": 2}, {"a": 1}, 0, False),
    ],
)
def test_what_counts_as_equal(got: Any, wanted: Any, tolerance: float, right: bool) -> None:
    assert same(got, wanted, tolerance) is right


def test_unordered_lists_are_compared_as_bags() -> None:
    assert same([2, 1, 2], [1, 2, 2], 0, ordered=False)
    assert not same([1, 1, 2], [1, 2, 2], 0, ordered=False)
    assert same([[3], [1, 2]], [[1, 2], [3]], 0, ordered=False)
    assert not same([[2, 1], [3]], [[1, 2], [3]], 0, ordered=False)
    assert not same({"a": [2, 1]}, {"a": [1, 2]}, 0, ordered=False)
