"""Items that allow one process for tests and solution: only where two cannot do, and the verdict says so."""

from typing import Any

import pytest

from execfeedback.protocols import Sandbox
from execfeedback.types import Item, Verdict
from execfeedback.verdicts import verdict_of

HELLO = "class Base:\n    def hi(self):\n        return 'hi ' + self.name()\n"
DERIVES = """
from solution import Base


class Derived(Base):
    def name(self):
        return "d"
"""
TESTS = {
    "asserts": DERIVES + "\nassert Derived().hi() == 'hi d'\n",
    "humaneval": DERIVES + "\ndef check(candidate):\n    assert candidate and Derived().hi() == 'hi d'\n",
    "pytest": DERIVES + "\ndef test_hi():\n    assert Derived().hi() == 'hi d'\n",
    "unittest": DERIVES
    + "\nimport unittest\n\n\nclass T(unittest.TestCase):\n    def test_hi(self):\n"
    + "        self.assertEqual(Derived().hi(), 'hi d')\n",
}
ENDS = {
    "return 'ho'": ("wrong_answer", "assertion"),
    "return None + 1": ("runtime_error", "exception"),
    "raise SystemExit(0)": ("runtime_error", "exception"),
    "import os; os._exit(0)": ("runtime_error", "exited"),
    "import os; os.write(3, b'E\\0\\0\\0\\2{}'); os._exit(0)": ("runtime_error", "exited"),
    "import os; os.kill(os.getpid(), 9)": ("runtime_error", "exited"),
    "return [0] * 10**9": ("memory_limit", "memory"),
}


async def judged(sandbox: Sandbox, **fields: Any) -> Verdict:
    given = {"id": "x", "language": "python", "entry_point": "Base", "integrity": "shared", **fields}
    return await verdict_of(Item.model_validate(given), sandbox)


@pytest.mark.parametrize("style", sorted(TESTS))
async def test_what_needs_one_process_gets_one_where_the_item_allows_it(style: str, sandbox: Sandbox) -> None:
    shared = await judged(sandbox, style=style, tests=TESTS[style], solution=HELLO)
    split = await judged(sandbox, style=style, tests=TESTS[style], solution=HELLO, integrity="split")

    if split.verdict == "passed":
        pytest.fail("these tests do not need one process any more: find others")
    assert (split.verdict, split.integrity, split.reasons) == ("unverifiable", "split", ("needs_shared",))
    assert (shared.verdict, shared.integrity, shared.tests.passed) == ("passed", "shared", 1)


async def test_what_two_processes_can_judge_is_judged_split(sandbox: Sandbox) -> None:
    tests = "from solution import Base\nassert isinstance(Base, type)\nassert Base().one() == 1\n"
    found = await judged(
        sandbox, style="asserts", tests=tests, solution="class Base:\n    def one(self):\n        return 1\n"
    )

    assert (found.verdict, found.integrity) == ("passed", "split")


@pytest.mark.parametrize("body", sorted(ENDS))
@pytest.mark.parametrize("style", ["asserts", "pytest"])
async def test_a_wrong_solution_does_not_pass(body: str, style: str, sandbox: Sandbox) -> None:
    solution = f"class Base:\n    def hi(self):\n        {body}\n"
    found = await judged(
        sandbox, style=style, tests=TESTS[style], solution=solution, limits={"memory_mb": 256, "cpu_s": 5}
    )

    assert (found.verdict, found.reasons, found.integrity) == (ENDS[body][0], (ENDS[body][1],), "shared")
    assert found.passed is False


async def test_a_limit_in_one_process_is_the_solutions(sandbox: Sandbox) -> None:
    solution = "class Base:\n    def hi(self):\n        while True:\n            pass\n"
    found = await judged(
        sandbox, style="pytest", tests=TESTS["pytest"], solution=solution, limits={"cpu_s": 1}
    )

    assert (found.verdict, found.reasons) == ("time_limit", ("cpu",))


async def test_a_solution_that_cannot_be_imported_is_told_from_tests_that_cannot(sandbox: Sandbox) -> None:
    tests = TESTS["pytest"]
    broken = await judged(sandbox, style="pytest", tests=tests, solution="class Base:\n    x = y\n")
    syntax = await judged(sandbox, style="pytest", tests=tests, solution="class Base(:\n")

    assert broken.verdict == "runtime_error" and syntax.verdict == "compile_error"
