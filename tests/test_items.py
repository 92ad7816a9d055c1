"""From a problem to its tests and to verify items."""

import pytest

from execfeedback.items import item_for, style_of, suite_of
from execfeedback.types import Case, Contract, Limits, LimitsGiven, Problem, StdioCase, Style, Tests

PROBLEM = Problem(id="add", statement="Add.", entry_point="add", tests="assert add(1, 2) == 3")


@pytest.mark.parametrize(
    ("tests", "style"),
    [
        ("assert add(1, 2) == 3", "asserts"),
        ("import pytest\n\ndef test_add():\n    assert add(1, 2) == 3", "pytest"),
        ("class TestAdd:\n    def test_it(self): assert add(1, 2) == 3", "pytest"),
        ("import unittest\nclass T(unittest.TestCase):\n    pass", "unittest"),
        ("def check(candidate):\n    assert candidate(1, 2) == 3", "humaneval"),
        ((StdioCase(stdin="1 2", stdout="3"),), "stdio"),
        ((Case(args=(1, 2), expected=3),), "cases"),
    ],
)
def test_style_shows(tests: Tests, style: Style) -> None:
    assert style_of(tests) == style
    suite = suite_of(PROBLEM.model_copy(update={"tests": tests}))
    assert suite is not None
    assert (suite.style, suite.tests, suite.origin, suite.author) == (style, tests, "given", "human")


def test_style_that_is_said_goes_before_the_one_that_shows() -> None:
    suite = suite_of(PROBLEM.model_copy(update={"style": "pytest"}))
    assert suite is not None
    assert suite.style == "pytest"


@pytest.mark.parametrize("tests", [None, "", " \n", ()])
def test_no_tests_no_suite(tests: Tests | None) -> None:
    assert suite_of(PROBLEM.model_copy(update={"tests": tests})) is None


def test_item_carries_what_the_problem_says_about_judging() -> None:
    problem = PROBLEM.model_copy(
        update={
            "limits": LimitsGiven(cpu_s=2),
            "checker": "lines",
            "contract": Contract(mutates=True, tolerance=0.5),
            "holdout": (Case(args=(2, 2), expected=4),),
            "reference": "secret",
        }
    )
    suite = suite_of(problem)
    assert suite is not None
    item = item_for(problem, "def add(a, b): ...", suite)
    assert (item.id, item.language, item.entry_point, item.style) == ("add", "python", "add", "asserts")
    assert (item.solution, item.tests) == ("def add(a, b): ...", "assert add(1, 2) == 3")
    assert item.limits.over(Limits()).cpu_s == 2
    assert (item.checker, item.contract.mutates, item.contract.tolerance) == ("lines", True, 0.5)
    assert item.holdout == (Case(args=(2, 2), expected=4),)
    assert "secret" not in item.model_dump_json()
    assert item_for(problem, "x", suite, id="other").id == "other"
