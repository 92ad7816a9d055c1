"""Example calls, inputs near them, texts of values: what runs in the sandbox, on values of ours."""

import random
from collections.abc import Iterator
from decimal import Decimal
from typing import Any

import pytest

from execfeedback.behaviour import script_files
from execfeedback.behaviour.expected import answer as expected_answer
from execfeedback.behaviour.expected import expectations
from execfeedback.behaviour.inputs import call_text, example_calls, varied, varied_calls, varied_stdins
from execfeedback.behaviour.script import answer, calls_of
from execfeedback.behaviour.texts import text_of
from execfeedback.behaviour.typed import typed_calls

TESTS = """
import math
assert f(1, [2]) == 3
def check(candidate):
    assert candidate("a", key=(1, None)) == f(*[1])
    assert f(x) and g(4) and solution.f(-5)
"""


def test_example_calls_are_those_with_literal_arguments() -> None:
    assert example_calls(TESTS, "f") == [([1, [2]], {}), (["a"], {"key": (1, None)}), ([-5], {})]


def test_examples_come_first_and_then_other_calls_near_them() -> None:
    examples: list[Any] = [([3, [1, 2]], {}), ([5, [7]], {})]
    calls = varied_calls(examples, 40, seed=1)
    assert calls[:2] == examples
    assert len(calls) == 40
    assert len({call_text(call) for call in calls}) == 40
    assert all(type(first) is int and type(second) is list for (first, second), _ in calls)
    assert calls == varied_calls(examples, 40, seed=1) != varied_calls(examples, 40, seed=2)


def test_a_call_is_written_as_one() -> None:
    assert (
        call_text(([1, ["a"], (2.0,)], {"z": {"k": {3}}, "a": None}))
        == "(1, ['a'], (2.0), a=None, z={'k': set[3]})"
    )
    assert call_text(([object()], {})) is None


def test_a_small_space_of_inputs_runs_dry() -> None:
    assert sorted(args[0] for args, _ in varied_calls([([True], {})], 50, seed=0)) == [False, True]
    assert varied_calls([([], {})], 50, seed=0) == [([], {})]
    assert varied_calls([], 50, seed=0) == []


@pytest.mark.parametrize(
    "value", [3, -1, 2.5, True, "ab", b"ab", [1, 2], (1, "x"), {"a": 1}, {1, 2}, frozenset({3})]
)
def test_a_varied_value_keeps_its_type_and_differs_at_times(value: Any) -> None:
    draw = random.Random(0)
    others = [varied(value, draw) for _ in range(30)]
    assert {type(other) for other in others} == {type(value)}
    assert any(other != value for other in others)


@pytest.mark.parametrize("value", ["", b"", [], (), {}, set(), None])
def test_an_empty_value_can_be_varied(value: Any) -> None:
    assert varied(value, random.Random(0)) == value


def test_stdin_is_varied_in_its_numbers_and_lines() -> None:
    stdins = varied_stdins(["3\n1 2 3\n4 5 6\n"], 12, seed=0)
    assert stdins[0] == "3\n1 2 3\n4 5 6\n"
    assert len(set(stdins)) == 12
    assert any(stdin != stdins[0] and stdin.startswith("3\n") for stdin in stdins)
    assert varied_stdins(["no number"], 12, seed=0) == ["no number"]
    assert varied_stdins([], 12, seed=0) == []


def numbers() -> Iterator[int]:
    n = 0
    while True:
        yield n
        n += 1


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        ({"b": 1, "a": {3, 1}}, {"a": {1, 3}, "b": 1}, True),
        (1, True, False),
        (1, 1.0, False),
        ([1], (1,), False),
        (0.0, -0.0, False),
        (float("nan"), float("nan"), True),
        (Decimal("1.0"), Decimal("1.00"), False),
        ([10**5000], [10**5000 + 1], False),
        (10**31, 10**31 + 1, False),
        ([1, 2], {1, 2}, False),
        ({1, 2}, frozenset({1, 2}), False),
        ("x" * 500, "x" * 499 + "y", False),
        (iter([1, 2]), (n for n in [1, 2]), True),
    ],
)
def test_texts_tell_values_apart_by_type_and_content(one: Any, other: Any, same: bool) -> None:
    assert (text_of(one) == text_of(other)) is same


def test_texts_are_short_and_endless_iterators_end() -> None:
    assert len(text_of("x" * 10**6) or "") < 300
    assert text_of(numbers()) is not None


@pytest.mark.parametrize("value", [object(), [lambda: 1], {"f": len}, type])
def test_what_has_no_text_of_its_own_is_none(value: Any) -> None:
    assert text_of(value) is None


def test_what_contains_itself_is_none() -> None:
    endless: list[Any] = []
    endless.append(endless)
    assert text_of(endless) is None


def grow(xs: list[int]) -> int:
    xs.append(1)
    return len(xs)


def test_an_answer_can_include_what_became_of_the_arguments() -> None:
    call: Any = ([[5]], {})
    assert answer(grow, call, 1.0, False) == ("value", "2")
    assert answer(grow, call, 1.0, True) == ("value", "(2, [[5, 1]], {})")
    assert call == ([[5]], {})


def test_an_error_is_an_answer_by_name_and_leaving_too() -> None:
    assert answer(int, (["x"], {}), 1.0, False) == ("raised", "ValueError")
    assert answer(exit, ([3], {}), 1.0, False) == ("raised", "SystemExit")
    assert answer(object, ([], {}), 1.0, False) == ("opaque", "")


def test_tests_that_cannot_be_read_give_no_calls() -> None:
    question = {"entry_point": "f", "limit": 5, "seed": 0}
    assert calls_of({**question, "tests": "assert f(1"}) == []
    assert calls_of({**question, "cases": [[[1], {}]]})[0] == ([1], {})


def test_the_script_brings_all_that_it_needs() -> None:
    assert {"behaviour.py", "execfeedback/__init__.py", "execfeedback/behaviour/script.py"} <= set(
        script_files()
    )


# ---- what tests and statements expect ---------------------------------------------------------------------------

STATEMENT = """Add one.

>>> f(1)
2
f([2]) ➞ [3]
"""


def test_expectations_are_comparisons_with_literals_and_truths() -> None:
    tests = """
assert f(1) == 2, "why"
assert {"a": 1} == candidate(x=2)
assert f(3) and True
assert not f(4)
assert f(5)
assert f(6) is None
assert f(y) == 2
assert f(7) != 2
assert abs(f(8) - 1.5) < 0.1
"""
    found = list(expectations(tests, "f"))
    assert found == [
        (([1], {}), 2),
        (([], {"x": 2}), {"a": 1}),
        (([4], {}), False),
        (([5], {}), True),
        (([6], {}), None),
    ]


def test_a_text_that_is_no_python_is_read_line_by_line() -> None:
    assert list(expectations("assert f(1) == 2\nassert f(\nassert f(3) == 4\n", "f")) == [
        (([1], {}), 2),
        (([3], {}), 4),
    ]


def test_the_answer_names_source_call_value_and_line() -> None:
    question = {
        "entry_point": "f",
        "statement": STATEMENT,
        "prompt": "def f(n: int) -> int:\n",
        "tests": ["assert f(1) == 2.0"],
        "given": "assert f(5) == 6\n",
    }
    found = expected_answer(question)

    assert found["expected"] == [
        [-1, "(1)", "2", "assert f(1) == 2"],
        [-1, "([2])", "[3]", "assert f([2]) == [3]"],
        [-1, "(5)", "6", "assert f(5) == 6"],
        [0, "(1)", "2", "assert f(1) == 2.0"],
    ]
    lines = found["tests"].splitlines()
    assert lines[:3] == ["f(1)", "f([2])", "f(5)"] and len(lines) > 10


def test_calls_of_a_signature_are_of_its_types_and_the_same_every_time() -> None:
    prompt = "from typing import List\n\ndef f(a: List[int], b: str, c: float | None = None) -> bool:\n"
    calls = typed_calls(prompt, "f", 20)

    assert calls == typed_calls(prompt, "f", 20) and len(calls) == 20
    assert all(type(args[0]) is list and type(args[1]) is str for args, _ in calls)
    assert {type(args[2]) for args, _ in calls} == {float, type(None)}


@pytest.mark.parametrize(
    "prompt", ["def f(a):\n", "def f(a: Thing):\n", "def g(a: int):\n", "def f(", "def f():\n"]
)
def test_a_signature_without_known_types_gives_no_calls(prompt: str) -> None:
    assert typed_calls(prompt, "f", 5) == []


@pytest.mark.parametrize(
    ("one", "other"),
    [(2, 2.0), ([1, True], [1.0, 1]), (0.1 + 0.2, 0.3), ({"a": 2}, {"a": 2.0}), ((1, (2.0,)), (1, (2,)))],
)
def test_loose_texts_are_those_of_equal_numbers(one: Any, other: Any) -> None:
    assert text_of(one, loose=True) == text_of(other, loose=True)


@pytest.mark.parametrize(
    ("one", "other"), [(1, 2), ([1], (1,)), ("1", 1), (0.30001, 0.3), (2**60, 2**60 + 1), (None, 0)]
)
def test_loose_texts_tell_different_values_apart(one: Any, other: Any) -> None:
    assert text_of(one, loose=True) != text_of(other, loose=True)
