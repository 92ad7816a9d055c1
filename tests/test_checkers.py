"""Comparison of outputs."""

import pytest

from execfeedback.checkers import accepts
from execfeedback.types import Checker, FloatChecker


@pytest.mark.parametrize(
    ("checker", "got", "wanted", "right"),
    [
        (None, "1  2\n", "1 2", True),
        (None, "1 2 3", "1 2", False),
        ("tokens", "", "", True),
        ("tokens", "Yes", "yes", False),
        ("exact", "1\n", "1", False),
        ("exact", "1\n", "1\n", True),
        ("lines", "a  \nb\n\n", "a\nb", True),
        ("lines", "a\n\nb", "a\nb", False),
        ("lines", "a", "a\nb", False),
        ("unordered", "b\na\n", "a\nb\n", True),
        ("unordered", "a\na", "a\nb", False),
        (FloatChecker(float=1e-6), "0.3333333 x", "0.33333333 x", True),
        (FloatChecker(float=1e-6), "0.334", "0.333", False),
        (FloatChecker(float=1e-6), "nan", "1", False),
        (FloatChecker(float=1e-6), "1", "1 1", False),
    ],
)
def test_accepts(checker: Checker | None, got: str, wanted: str, right: bool) -> None:
    assert accepts(checker, got, wanted) is right
