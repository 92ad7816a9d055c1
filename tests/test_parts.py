"""A suite taken apart and put together again: nothing is lost, nothing hidden can be seen, and chance decides nothing."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from execfeedback import types
from execfeedback.parts import LEAST_VISIBLE, divided, of_pieces, one_by_one, pieces, whole_suite
from execfeedback.types import Case, Problem, StdioCase, Trajectory

ASSERTS = (
    "import math\nEPS = 1e-6\n\n\ndef near(a, b):\n    return abs(a - b) < EPS\n\n\nassert f(1) == 2\n"
    "assert near(f(2), math.pi)\ns = Stack()\ns.push(1)\nassert s.pop() == 1\nassert f(3) == 4\n"
    "for n in (4, 5):\n    assert f(n) == n + 1\n"
)
PYTEST = (
    "import pytest\n\n\n@pytest.fixture\ndef one():\n    return 1\n\n\ndef test_a(one):\n    assert f(one) == 2\n\n\n"
    "@pytest.mark.parametrize('n', [1])\ndef test_b(n):\n    assert f(n)\n\n\n"
    "class TestC:\n    def test_d(self):\n        assert f(1)\n"
)


def suite(style: Any, tests: Any, origin: Any = "generated") -> Any:
    return types.TestSuite(style=style, tests=tests, origin=origin)


def texts(found: Any) -> list[tuple[str, bool, bool]]:
    return [(piece.content.splitlines()[-1].strip(), piece.test, piece.alone) for piece in pieces(found)]


def test_asserts_are_tests_and_what_they_share_is_not() -> None:
    assert texts(suite("asserts", ASSERTS)) == [
        ("import math", False, False),
        ("EPS = 1e-6", False, False),
        ("return abs(a - b) < EPS", False, False),
        ("assert f(1) == 2", True, True),
        ("assert near(f(2), math.pi)", True, True),
        ("s = Stack()", False, False),
        ("s.push(1)", False, False),
        ("assert s.pop() == 1", True, False),
        ("assert f(3) == 4", True, True),
        ("assert f(n) == n + 1", True, True),
    ]


def test_functions_of_pytest_are_tests_and_fixtures_are_not() -> None:
    assert [(test, alone) for _, test, alone in texts(suite("pytest", PYTEST))] == [
        (False, False),
        (False, False),
        (True, True),
        (True, True),
        (True, True),
    ]


@pytest.mark.parametrize("style", ["unittest", "humaneval", "native"])
def test_what_is_one_program_is_one_piece_and_nothing_of_it_is_held_out(style: str) -> None:
    whole = suite(style, "def check(candidate):\n    assert candidate(1) == 2\n" * 9)
    assert [piece[1:] for piece in pieces(whole)] == [(True, False)]
    assert divided(whole, 0.9) == (whole, None)


def test_each_test_with_what_it_needs() -> None:
    first, second, *_ = one_by_one(suite("asserts", ASSERTS))
    assert ("assert f(1) == 2" in first.tests, "assert f(1) == 2" in second.tests) == (True, False)
    assert all("import math" in each.tests and "def near" in each.tests for each in (first, second))


def test_given_tests_stay_whole() -> None:
    whole = suite("asserts", ASSERTS, "given")
    assert divided(whole, 0.9) == (whole, None)


cases = st.lists(st.integers(), max_size=12, unique=True)
suites = st.one_of(
    cases.map(
        lambda ns: suite(
            "asserts",
            "import math\n" + "".join(f"assert f({n}) == {n}\n" for n in ns) + "x = g()\nassert x\n",
        )
    ),
    cases.map(lambda ns: suite("cases", tuple(Case(args=(n,), expected=n) for n in ns))),
    cases.map(lambda ns: suite("stdio", tuple(StdioCase(stdin=str(n), stdout=str(n)) for n in ns))),
)


def named_in(found: Any) -> set[str]:
    return {repr(piece.content) for piece in pieces(found) if piece.test}


@given(suites, st.floats(0, 0.99), st.integers())
def test_the_parts_are_the_whole_and_no_test_is_in_both(whole: Any, share: float, seed: int) -> None:
    seen, held = divided(whole, share, "p", seed)
    tests, shown = named_in(whole), named_in(seen)
    hidden = named_in(held) if held else set()
    assert (shown | hidden, shown & hidden) == (tests, set())
    assert len(hidden) <= share * len(tests)
    assert not hidden or len(shown) >= LEAST_VISIBLE
    assert (held is None) == (not hidden)
    assert held is None or (held.visible, seen.visible) == (False, True)
    assert divided(whole, share, "p", seed) == (seen, held)
    trajectory = Trajectory(problem=Problem(id="p", statement=""), suite=seen, held_out=held)
    again = whole_suite(trajectory)
    assert again is not None
    assert (named_in(again), len(pieces(again))) == (tests, len(pieces(whole)))


@given(suites)
def test_taken_apart_and_put_together_it_is_the_same(whole: Any) -> None:
    assert of_pieces(whole, pieces(whole)) == whole


def test_the_seed_decides_which() -> None:
    whole = suite("cases", tuple(Case(args=(n,), expected=n) for n in range(20)))
    assert len({repr(divided(whole, 0.3, "p", seed)[1]) for seed in range(5)}) == 5
