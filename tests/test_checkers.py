"""Comparison of outputs."""

import pytest
from pydantic import TypeAdapter

from execfeedback.checkers import accepts
from execfeedback.types import Checker, FloatChecker, TokenChecker


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
        (None, "1\u00a02", "1 2", False),
        (None, "1\x1c2", "1 2", False),
        (None, "1\v2\f3", "1 2 3", True),
        ("lines", "1\u3000", "1", False),
        (FloatChecker(float=1e-6), "1\u20282", "1 2", False),
        (FloatChecker(float=1e-6), "1_0", "10", False),
        (FloatChecker(float=1e-6), "\u0661\u0660", "10", False),
        (FloatChecker(float=1e-6), "Infinity", "1e999", False),
        (FloatChecker(float=1e-6), "1e500", "1e999", False),
        (FloatChecker(float=1e-6), "Infinity", "inf", True),
        (FloatChecker(float=1e-6), "-inf", "+inf", False),
        (TokenChecker(ignore_case=True, relative=1e-5), "1", "1e999", False),
        (TokenChecker(ignore_case=True), "a\u00a0b", "a b", False),
        (TokenChecker(ignore_case=True), " YES\n1 ", "Yes 1", True),
        (TokenChecker(ignore_case=False), "YES", "Yes", False),
        (TokenChecker(ignore_case=True), "1.0", "1", False),
        (TokenChecker(ignore_case=True), "", "1", False),
        (TokenChecker(ignore_case=True, absolute=1e-6), "yes 100.0000005", "Yes 100", True),
        (TokenChecker(ignore_case=True, absolute=1e-6), "1e2", "100", True),
        (TokenChecker(ignore_case=True, absolute=1e-6), "100.0001", "100", False),
        (TokenChecker(ignore_case=True, relative=1e-5), "100.0001", "100", True),
        (TokenChecker(ignore_case=True, relative=1e-5), "0.000001", "0", False),
        (TokenChecker(ignore_case=True, relative=1e-5), "-.5", "-0.5", True),
        (TokenChecker(ignore_case=True, absolute=1.0), "nan", "1", False),
        (TokenChecker(ignore_case=True, absolute=1.0), "1_0", "10", False),
        (TokenChecker(ignore_case=True, absolute=1.0), "1", "one", False),
        (TokenChecker(ignore_case=True, spaces=True), "a b\n", "A b\n", True),
        (TokenChecker(ignore_case=True, spaces=True), "a  b\n", "a b\n", False),
        (TokenChecker(ignore_case=True, spaces=True), "a b", "a b\n", False),
        (TokenChecker(ignore_case=True, spaces=True), " a b\n", "a b\n", False),
    ],
)
def test_accepts(checker: Checker | None, got: str, wanted: str, right: bool) -> None:
    assert accepts(checker, got, wanted) is right


@pytest.mark.parametrize(
    "given", ["lines", {"float": 0.5}, {"ignore_case": True}, {"language": "c", "source": ""}]
)
def test_a_checker_is_told_by_its_fields(given: object) -> None:
    dumped = TypeAdapter[Checker](Checker).validate_python(given)
    assert TypeAdapter[Checker](Checker).dump_python(dumped, exclude_unset=True) == given
