"""An exception of the solution is one in the tests: raised, returned, kept, with its cause, its notes and its group."""

from typing import Any

import pytest

from execfeedback.protocols import Sandbox
from execfeedback.types import Item, Verdict
from execfeedback.verdicts import verdict_of

PASSED: tuple[str, tuple[str, ...]] = ("passed", ())


async def judged(sandbox: Sandbox, solution: str, tests: str) -> Verdict:
    given: dict[str, Any] = {"id": "x", "language": "python", "style": "asserts"}
    return await verdict_of(Item.model_validate({**given, "solution": solution, "tests": tests}), sandbox)


def outcome(found: Verdict) -> tuple[str | None, tuple[str, ...]]:
    return found.verdict, found.reasons


FAILING = """
import asyncio


class Missing(Exception):
    def __init__(self, key):
        super().__init__(f"missing {key}")
        self.key = key

    def __repr__(self):
        return f"Missing<{self.key}>"


class Wrapped(RuntimeError):
    def __init__(self, original):
        super().__init__("wrapped")
        self.original = original


class Result:
    def __init__(self, error):
        self.error = error


def load(table, key):
    try:
        return int(table[key])
    except KeyError as error:
        raise Missing(key) from error
    except ValueError:
        raise LookupError("no number")


def hidden(key):
    try:
        return {}[key]
    except KeyError:
        raise Missing(key) from None


def noted():
    error = ValueError("n")
    error.add_note("one")
    raise error


def several():
    raise ExceptionGroup("g", [ValueError("a"), Missing("b"), ExceptionGroup("h", [TypeError("c")])])


def attempt(f):
    try:
        return f()
    except Exception as error:
        return Result(error)


def wrap():
    try:
        int("x")
    except ValueError as error:
        raise Wrapped(error)


def gathered():
    async def bad(): raise Missing("c")
    async def main(): return await asyncio.gather(bad(), return_exceptions=True)
    return asyncio.run(main())


def itself():
    error = Missing("d")
    error.__cause__ = error
    error.args = (error,)
    return error


def pair(): return None, KeyError("k")


LAST = Missing("e")


def last(): raise LAST
"""


def raised(call: str, *assertions: str) -> str:
    checks = "".join(f"    assert {one}\n" for one in assertions)
    return f"try:\n    {call}\nexcept BaseException as e:\n{checks}else:\n    assert False\n"


@pytest.mark.parametrize(
    ("tests", "right", "wrong"),
    [
        (raised("load({}, 'k')", "type(e.__cause__) is KeyError", "e.__cause__.args == ('k',)"), " from error", ""),
        (raised("load({'k': 'x'}, 'k')", "type(e.__context__) is ValueError"), "raise LookupError(", "return str("),
        (raised("hidden('k')", "e.__cause__ is None", "e.__suppress_context__"), " from None", ""),
        (raised("hidden('k')", "repr(e) == 'Missing<k>'"), "Missing<", "Missed<"),
        (raised("noted()", "e.__notes__ == ['one']"), 'add_note("one")', 'add_note("two")'),
        (raised("several()", "[type(x) for x in e.exceptions[:2]] == [ValueError, Missing]"), "ValueError(", "OSError("),
        (raised("several()", "len(e.split(Missing)[1].exceptions) == 2"), 'Missing("b")', "OSError()"),
        (raised("wrap()", "isinstance(e.original, ValueError)"), "Wrapped(error)", "Wrapped(str(error))"),
        ("r = attempt(lambda: int('x'))\nassert type(r.error) is ValueError", "Result(error)", "Result(str(error))"),
        ("assert type(gathered()[0]) is Missing and gathered()[0].key == 'c'", "return_exceptions=True", ""),
        ("assert isinstance(pair()[1], KeyError) and pair()[1].args == ('k',)", "KeyError(", "LookupError("),
        (raised("raise pair()[1]", "type(e) is KeyError", "e.args == ('k',)"), 'KeyError("k")', "'k'"),
        ("assert Missing('q').args == ('missing q',) and repr(Missing('q')) == 'Missing<q>'", "missing {", "lost {"),
        ("assert isinstance(itself(), Missing) and itself().key == 'd'", 'Missing("d")', 'Missing("c")'),
        ("from solution import LAST\n" + raised("last()", "e is LAST"), "raise LAST", "raise Missing('e')"),
    ],
)  # fmt: skip
async def test_an_exception_is_what_it_is_in_one_process(
    tests: str, right: str, wrong: str, sandbox: Sandbox
) -> None:
    assert right in FAILING
    tests = "from solution import *\nassert load({'a': '1'}, 'a') == 1\n" + tests
    assert outcome(await judged(sandbox, FAILING, tests)) == PASSED
    assert (await judged(sandbox, FAILING.replace(right, wrong), tests)).passed is False


async def test_an_exception_with_operators_of_its_own_does_not_judge_itself(sandbox: Sandbox) -> None:
    solution = """
class Equal(Exception):
    def __eq__(self, other): return True
    __hash__ = None


def f(): return Equal()


def g(): raise f()
"""
    tests = "from solution import *\ntry:\n    g()\nexcept Exception as e:\n    assert f() == {}\n"
    for other in ("3", "ValueError('x')", "e"):
        found = await judged(sandbox, solution, tests.format(other))
        assert outcome(found) == ("unverifiable", ("contract_classes",)), other


CODED = """
class AppError(Exception):
    code = 500

    @classmethod
    def of(cls, words): return cls("|".join(words))


class NotFound(AppError):
    code = 404


def fail(): raise NotFound("gone")
"""


@pytest.mark.parametrize(
    ("tests", "right", "wrong"),
    [
        ("assert (AppError.code, NotFound.code) == (500, 404)", "404", "405"),
        ("e = NotFound.of(['a', 'b'])\nassert NotFound.code and e.args == ('a|b',) and type(e) is NotFound", "|", ";"),
        ("class Mine(NotFound): pass\nassert Mine.code == 404 and not hasattr(Mine, 'other')", "404", "405"),
        ("try:\n    fail()\nexcept AppError as e:\n    assert e.code == NotFound.code == 404", "404", "405"),
    ],
)  # fmt: skip
async def test_classes_of_exceptions_have_what_is_written_in_them(
    tests: str, right: str, wrong: str, sandbox: Sandbox
) -> None:
    tests = "from solution import AppError, NotFound, fail\n" + tests + "\n"
    assert outcome(await judged(sandbox, CODED, tests)) == PASSED
    assert (await judged(sandbox, CODED.replace(right, wrong), tests)).passed is False


@pytest.mark.parametrize(
    ("said", "ends"),
    [
        ("type(error).code == 43 and type(error).kind == 'app' and one() == 1", "passed"),
        ("type(error).code == 42 and one() == 1", "wrong_answer"),
        ("hasattr(type(error), 'make') and not hasattr(type(error), 'other') and one() == 1", "passed"),
        ("str(type(error).make()) == 'made' and one() == 1", "passed"),
    ],
)
async def test_the_class_of_an_exception_need_not_be_named(said: str, ends: str, sandbox: Sandbox) -> None:
    solution = """
class AppError(Exception):
    code, kind = 42, "app"

    @classmethod
    def make(cls): return cls("made")


class Late(AppError):
    code = 43


def one(): return 1


def fail(): raise Late("x")
"""
    for named in ("fail, one", "AppError, fail, one"):
        tests = (
            f"from solution import {named}\ntry:\n    fail()\nexcept Exception as error:\n    assert {said}\n"
        )
        assert (await judged(sandbox, solution, f"{tests}else:\n    assert False\n")).verdict == ends
