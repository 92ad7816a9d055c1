"""What is the tests' own stays so: builtins, modules, files and process, whatever a solution is called or leaves behind."""

from typing import Any

import pytest

from execfeedback.protocols import Sandbox
from execfeedback.types import Item, Verdict
from execfeedback.verdicts import verdict_of


async def judged(sandbox: Sandbox, **fields: Any) -> Verdict:
    given = {"id": "x", "language": "python", "style": "asserts", **fields}
    return await verdict_of(Item.model_validate(given), sandbox)


# ---- names -----------------------------------------------------------------------------------------------------------

CHECK = "def check(candidate):\n    assert abs(candidate(3) - 1.5) < 1e-6\n"
STAR = "from solution import *\n\n\ndef test_half():\n    assert {}(half(3) - 1.5) < 1e-6\n"
HALF, ZERO = "def half(n):\n    return n / 2\n", "def half(n):\n    return -7.0\n"
FAKE_ABS, FAKE_MATH = (
    "def abs(x):\n    return 0.0\n",
    "class math:\n    fabs = staticmethod(lambda x: 0.0)\n",
)
HALF_ITEMS: dict[str, dict[str, Any]] = {
    "check": {"style": "humaneval", "tests": CHECK, "entry_point": "half"},
    "star": {"style": "pytest", "tests": STAR.format("abs"), "entry_point": "half"},
    "star after import": {"style": "pytest", "tests": f"import math\n{STAR.format('math.fabs')}"},
    "star in asserts": {
        "tests": "import math\nfrom solution import *\nassert math.fabs(half(3) - 1.5) < 1e-6\n"
    },
}


@pytest.mark.parametrize("how", sorted(HALF_ITEMS))
async def test_what_python_defines_is_not_the_solutions(how: str, sandbox: Sandbox) -> None:
    wrong = ZERO + FAKE_ABS + FAKE_MATH

    assert (await judged(sandbox, solution=HALF, **HALF_ITEMS[how])).verdict == "passed"
    assert (await judged(sandbox, solution=wrong, **HALF_ITEMS[how])).verdict == "wrong_answer"


async def test_a_builtins_name_is_the_solutions_where_it_is_the_entry_point(sandbox: Sandbox) -> None:
    solution = "def abs(x):\n    return [x]\n"
    for tests in ("assert abs(3) == [3]\n", "from solution import *\nassert abs(3) == [3]\n"):
        found = await judged(sandbox, solution=solution, tests=tests, entry_point="abs")
        assert (found.verdict, found.failure) == ("passed", None)


async def test_builtins_by_star_without_an_entry_point_may_be_what_is_tested(sandbox: Sandbox) -> None:
    tests = "from solution import *\nassert half(3) == 1.5\nassert abs(-2) == 2\n"
    wrong = await judged(sandbox, solution=HALF + FAKE_ABS, tests=tests)
    unused = await judged(sandbox, solution=HALF + "def len(x):\n    return 0\n", tests=tests)

    assert (wrong.verdict, wrong.reasons) == ("unverifiable", ("needs_shared",))
    assert unused.verdict == "passed"


@pytest.mark.parametrize("style", ["asserts", "pytest", "unittest"])
async def test_a_file_called_like_a_module_of_pythons_is_none_for_the_tests(
    style: str, sandbox: Sandbox
) -> None:
    tests = (
        "import math, unittest\nfrom solution import half\n\n\nclass T(unittest.TestCase):\n"
        "    def test_half(self):\n        assert math.fabs(half(3) - 1.5) < 1e-6\n"
    )
    if style == "asserts":
        tests = "import math\nassert math.fabs(half(3) - 1.5) < 1e-6\n"
    files = {"solution.py": ZERO, "math.py": "def fabs(x):\n    return 0.0\n"}

    assert (await judged(sandbox, style=style, solution=files, tests=tests)).verdict == "wrong_answer"
    right = {**files, "solution.py": HALF}
    assert (await judged(sandbox, style=style, solution=right, tests=tests)).verdict == "passed"


@pytest.mark.parametrize(
    ("style", "tests"),
    [
        ("asserts", "from queue import MyQueue\nassert MyQueue().size == 0\n"),
        ("asserts", "import queue\nassert queue.MyQueue().size == 0\n"),
        ("pytest", "from queue import MyQueue\n\n\ndef test_it():\n    assert MyQueue().size == 0\n"),
    ],
)
async def test_tests_that_want_such_a_file_need_one_process(style: str, tests: str, sandbox: Sandbox) -> None:
    files = {"solution.py": "", "queue.py": "class MyQueue:\n    size = 0\n"}
    found = await judged(sandbox, style=style, solution=files, tests=tests)

    assert (found.verdict, found.reasons) == ("unverifiable", ("needs_shared",))


# ---- files -----------------------------------------------------------------------------------------------------------

REPLACE = """
import os


def square(x):
    path = "{path}"
    for step in (
        lambda: os.unlink(path),
        lambda: open(path, "w").write("1"),
        lambda: os.rename(os.path.dirname(path) or path, "away"),
        lambda: (open("own", "w").write("1"), os.rename("own", path)),
    ):
        try:
            step()
        except OSError:
            continue
    return 1
"""
EARLY = """
import os

for path in ("data/deep/e.txt", "e.txt"):
    os.makedirs(os.path.dirname(path) or ".", exist_ok=True)
    try:
        open(path, "w").write("1")
    except OSError:
        continue


def square(x):
    return 1
"""
READS = "got = square(3)\nassert got == int(open('{path}').read())\n"


@pytest.mark.parametrize("path", ["e.txt", "data/e.txt", "data/deep/e.txt"])
@pytest.mark.parametrize("given", [{}, {"data/in.txt": "x"}], ids=["alone", "beside the solution's"])
async def test_a_file_of_the_tests_is_not_replaced(
    path: str, given: dict[str, str], sandbox: Sandbox
) -> None:
    right = "def square(x):\n    return x * x\n"
    fields: dict[str, Any] = {"tests": READS.format(path=path), "files": {path: "9"}, "solution_files": given}

    assert (await judged(sandbox, solution=right, **fields)).verdict == "passed"
    for wrong in (REPLACE.format(path=path), EARLY):
        assert (await judged(sandbox, solution=wrong, **fields)).passed is False


async def test_both_sides_may_write_beside_the_tests_files(sandbox: Sandbox) -> None:
    solution = (
        "import os\n\nos.makedirs('data', exist_ok=True)\n\n\ndef save(path, text):\n"
        "    os.makedirs(os.path.dirname(path), exist_ok=True)\n"
        "    with open(path, 'w') as file:\n        file.write(text)\n    return os.path.getsize(path)\n"
    )
    tests = """
import os
assert save("data/out/a.txt", open("data/in.txt").read()) == 2
assert open("data/out/a.txt").read() == "ab"
with open("data/own.txt", "w") as file:
    file.write("x")
os.remove("data/own.txt")
"""
    found = await judged(sandbox, solution=solution, tests=tests, files={"data/in.txt": "ab"})

    assert (found.verdict, found.failure, found.slot_recycled) == ("passed", None, False)


# ---- a solution that leaves -------------------------------------------------------------------------------------------

LEAVES = "import os\n\n\ndef div(a, b):\n    if b == 0:\n        {}\n    return a / b\n"
SWALLOWING = {
    "asserts": "def raises():\n    try:\n        div(1, 0)\n    except BaseException:\n        return True\n\n\n"
    "assert div(4, 2) == 2\nassert raises()\n",
    "pytest": "import pytest\nfrom solution import div\n\n\ndef test_it():\n    assert div(4, 2) == 2\n"
    "    with pytest.raises(BaseException):\n        div(1, 0)\n",
    "unittest": "import unittest\nfrom solution import div\n\n\nclass T(unittest.TestCase):\n    def test_it(self):\n"
    "        self.assertEqual(div(4, 2), 2)\n        try:\n            div(1, 0)\n        except:\n            pass\n",
}


@pytest.mark.parametrize("style", sorted(SWALLOWING))
async def test_a_solution_that_is_gone_has_not_passed_whatever_the_tests_swallow(
    style: str, sandbox: Sandbox
) -> None:
    for leave in ("os._exit(0)", "os.kill(os.getpid(), 9)"):
        found = await judged(sandbox, style=style, tests=SWALLOWING[style], solution=LEAVES.format(leave))
        assert (found.verdict, found.reasons) == ("runtime_error", ("exited",))
    for stay in ("raise SystemExit", "pass"):
        found = await judged(sandbox, style=style, tests=SWALLOWING[style], solution=LEAVES.format(stay))
        assert found.verdict == "passed"
