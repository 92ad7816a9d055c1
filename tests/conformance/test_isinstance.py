"""`isinstance` says on both sides what it says in one process: of the solution's objects in the tests, and of the tests' in
the solution."""

import collections.abc
from typing import Any

import pytest

from execfeedback.protocols import Sandbox
from execfeedback.types import Item
from execfeedback.verdicts import verdict_of

PASSED = "passed"

KINDS = """
import collections
import collections.abc
from dataclasses import dataclass


def one(): return 1


class Bare: pass


class Iterates:
    def __iter__(self): return iter([1])


class Steps(Iterates):
    def __next__(self): return 1


class Sized:
    def __len__(self): return 1


class Holds:
    def __contains__(self, x): return True


class All(Iterates, Sized, Holds):
    def __reversed__(self): return iter([1])


class Called:
    def __call__(self): return 1


class Indexed:
    def __getitem__(self, n): return [1][n]


class Mine(collections.abc.Mapping):
    def __getitem__(self, key): return 1

    def __iter__(self): return iter("a")

    def __len__(self): return 1


class Queue(collections.deque): pass


class Row(list): pass


@dataclass
class Unhashable:
    x: int = 1
"""
MADE = [
    "Bare",
    "Iterates",
    "Steps",
    "Sized",
    "Holds",
    "All",
    "Called",
    "Indexed",
    "Mine",
    "Queue",
    "Row",
    "Unhashable",
]
ABSTRACT = [
    "Iterable",
    "Iterator",
    "Sized",
    "Container",
    "Collection",
    "Reversible",
    "Hashable",
    "Callable",
    "Mapping",
    "Sequence",
]


async def judged(sandbox: Sandbox, solution: str, tests: str) -> str | None:
    given: dict[str, Any] = {"id": "x", "language": "python", "style": "asserts", "solution": solution}
    given |= {"tests": f"from solution import *\nassert one() == 1\n{tests}", "contract": {"mutates": True}}
    return (await verdict_of(Item.model_validate(given), sandbox)).verdict


def is_one() -> dict[str, list[str]]:
    """Of what each of these classes is one, in one process."""
    defined: dict[str, Any] = {"__name__": "kinds"}
    exec(KINDS, defined)  # noqa: S102, our own text
    return {
        made: [name for name in ABSTRACT if isinstance(defined[made](), getattr(collections.abc, name))]
        for made in MADE
    }


@pytest.mark.parametrize("made", MADE)
async def test_objects_are_of_the_abstract_classes_that_they_fit(made: str, sandbox: Sandbox) -> None:
    """Each test alone, or the first that fails would hide the others."""
    fits = is_one()[made]
    for name in ABSTRACT:
        tests = f"import collections.abc\nx = {made}()\nassert isinstance(x, collections.abc.{name})\n"
        assert await judged(sandbox, KINDS, tests) == (PASSED if name in fits else "wrong_answer")


@pytest.mark.parametrize(
    "tests",
    [
        "match Mine():\n    case {'a': x}:\n        assert x == 1\n    case _:\n        assert False",
        "match Row([1, 2]):\n    case [a, b]:\n        assert (a, b) == (1, 2)\n    case _:\n        assert False",
        "assert Iterates in Steps.__mro__ and Steps.__mro__[0] is Steps and not issubclass(Bare, Iterates)",
        "import functools, collections.abc\n@functools.singledispatch\ndef f(x): return 'any'\n"
        "f.register(collections.abc.Iterable, lambda x: 'iterable')\nf.register(Bare, lambda x: 'bare')\n"
        "assert [f(Iterates()), f(Bare()), f(Sized())] == ['iterable', 'bare', 'any']",
    ],
)
async def test_what_asks_for_them_finds_them(tests: str, sandbox: Sandbox) -> None:
    assert await judged(sandbox, KINDS, tests) == PASSED


ASKING = """
from typing import Protocol, runtime_checkable


def one(): return 1


def kin(a, b): return isinstance(b, type(a)), type(a) is type(b)


def longest(xs): return max(xs, key=len)


@runtime_checkable
class Speaks(Protocol):
    def speak(self): ...


def speaks(x): return isinstance(x, Speaks)
"""
FAMILY = """
class A: pass
class B(A):
    def __len__(self): return 3
class C: pass
class D(B, C): pass
class Dog:
    def speak(self): return 'woof'
"""


@pytest.mark.parametrize(
    "tests",
    [
        "assert kin(A(), B()) == kin(C(), D()) == kin(A(), D()) == (True, False) and kin(A(), A()) == (True, True)",
        "assert kin(B(), A()) == kin(A(), C()) == kin(D(), B()) == (False, False)",
        "b, d = B(), D()\nassert kin(b, d) == (True, False) and longest([b, d]) is b",
        "assert speaks(Dog()) and not speaks(A()) and speaks(Dog()) and not speaks(B())",
    ],
)
async def test_objects_of_the_tests_are_of_their_classes_in_the_solution(
    tests: str, sandbox: Sandbox
) -> None:
    assert await judged(sandbox, ASKING, FAMILY + tests) == PASSED
