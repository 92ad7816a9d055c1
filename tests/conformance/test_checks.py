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
