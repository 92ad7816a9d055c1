"""What an item may ask for beyond its tests: `vacuous` and `flaky`, before held-out cases."""

from typing import Any

import pytest

from execfeedback.checks import checked_verdict
from execfeedback.protocols import Sandbox
from execfeedback.types import Item, Verdict

SUM = "def total(xs):\n    s = 0\n    for x in xs:\n        s += x\n    return s\n"


async def judged(sandbox: Sandbox, **fields: Any) -> Verdict:
    given = {"id": "x", "language": "python", "entry_point": "total", "solution": SUM, **fields}
    return await checked_verdict(Item.model_validate(given), sandbox)


@pytest.mark.parametrize(
    "tests",
    [
        "total([1])\nassert True\n",
        "assert total([1, 2]) == total([1, 2])\n",
        "try:\n    assert total([1]) == 5\nexcept AssertionError:\n    pass\n",
        "assert (total([1, 2]), 4)\n",
    ],
)
async def test_tests_that_nothing_can_fail_are_vacuous(tests: str, sandbox: Sandbox) -> None:
    found = await judged(sandbox, tests=tests, checks=["vacuous"], holdout=[{"args": [[1]], "expected": 5}])

    assert (found.verdict, found.reasons, found.passed) == ("bad_tests", ("vacuous",), None)


PRINTED = "import contextlib, io\nb = io.StringIO()\nwith contextlib.redirect_stdout(b):\n    show(1)\n"
ONE = "class One:\n    pass\n\n\nit = One()\n\n\ndef one():\n    return it\n"


@pytest.mark.parametrize(
    ("solution", "tests"),
    [
        ("def show(x):\n    print('got', x)\n", f"{PRINTED}assert b.getvalue() == 'got 1\\n'\n"),
        (
            "def each(xs, f):\n    for x in xs:\n        f(x)\n",
            "out = []\neach([1, 2], out.append)\nassert out == [1, 2]\n",
        ),
        (
            "class One:\n    it = None\n\n    def __new__(cls):\n"
            "        cls.it = cls.it or super().__new__(cls)\n        return cls.it\n",
            "a = One()\nb = One()\nassert a is b\n",
        ),
    ],
    ids=["printed", "handed over", "a singleton"],
)
async def test_what_tests_may_look_at_beside_replies(solution: str, tests: str, sandbox: Sandbox) -> None:
    found = await judged(sandbox, solution=solution, tests=tests, entry_point=None, checks=["vacuous"])

    assert (found.verdict, found.reasons) == ("passed", ())


async def test_that_it_is_the_same_object_is_a_value(sandbox: Sandbox) -> None:
    found = await judged(sandbox, solution=ONE, tests="assert one() is one()\n", entry_point="one")

    assert (found.verdict, found.reasons) == ("passed", ())


@pytest.mark.parametrize("tests", ["assert One() is not None\n", "a = One()\nassert a is a\n"])
async def test_an_object_that_was_returned_once_is_no_value(tests: str, sandbox: Sandbox) -> None:
    found = await judged(sandbox, solution="class One:\n    pass\n", tests=tests, entry_point="One")

    assert (found.verdict, found.reasons) == ("bad_tests", ("vacuous",))


async def test_tests_that_tell_wrong_from_right_are_not(sandbox: Sandbox) -> None:
    tests = "assert total([1, 2]) == 3\nassert total([]) == 0\n"

    assert (await judged(sandbox, tests=tests, checks=["vacuous", "flaky"])).verdict == "passed"


async def test_a_solution_that_lives_by_its_hash_seed_is_flaky(sandbox: Sandbox) -> None:
    solution = "def total(xs):\n    return next(iter({'a', 'b', 'c', 'd'}))\n"
    first = await judged(sandbox, solution=solution, tests="assert total([]) == 'nothing'\n")
    assert first.failure is not None
    seen = first.failure.message.split("got: ")[1].split("\n")[0]

    found = await judged(sandbox, solution=solution, tests=f"assert total([]) == {seen}\n", checks=["flaky"])

    assert (found.verdict, found.reasons, found.passed) == ("rejected", ("flaky",), False)


async def test_held_out_cases_still_count(sandbox: Sandbox) -> None:
    tests = "assert total([1, 2]) == 3\nassert total([]) == 0\n"

    found = await judged(sandbox, tests=tests, checks=["vacuous"], holdout=[{"args": [[1]], "expected": 5}])

    assert (found.verdict, found.reasons) == ("rejected", ("held_out",))


@pytest.mark.parametrize(
    ("tests", "verdict"),
    [("assert total([1, 2]) == total([1, 2])\n", "bad_tests"), ("assert total([1, 2]) == 3\n", "passed")],
)
async def test_of_several_files_the_replay_alone_speaks(tests: str, verdict: str, sandbox: Sandbox) -> None:
    files = {"main.py": "from adding import total\n", "adding.py": SUM}
    assert (await judged(sandbox, solution=files, tests=tests, checks=["vacuous"])).verdict == verdict
