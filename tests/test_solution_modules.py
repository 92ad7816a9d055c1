"""Solutions of several files, and tests that import them by their own names."""

from typing import Any

import pytest

from execfeedback.protocols import Sandbox
from execfeedback.types import Item, Verdict
from execfeedback.verdicts import verdict_of

pytestmark = pytest.mark.docker

STACK = "from helper import twice\n\n\ndef quadruple(n):\n    return twice(twice(n))\n"
HELPER = "LIMIT = 9\n_HIDDEN = 1\n\n\ndef twice(n):\n    return 2 * n\n"
FILES = {"stack.py": STACK, "helper.py": HELPER, "data/table.txt": "1"}
TESTS = {
    "its own name": "from stack import quadruple\nassert quadruple(1) == 4\n",
    "the usual name": "from solution import quadruple\nassert quadruple(1) == 4\n",
    "a module": "import stack\nassert stack.quadruple(1) == 4\n",
    "another file": "import helper\nassert helper.twice(2) == 4 and helper.LIMIT == 9\n",
    "names of another file": "from helper import twice, LIMIT\nassert twice(LIMIT) == 18\n",
    "all of another file": "from helper import *\nassert twice(LIMIT) == 18\n",
}


async def judged(sandbox: Sandbox, **fields: Any) -> Verdict:
    given = {"id": "x", "language": "python", "style": "asserts", "solution": FILES, **fields}
    return await verdict_of(Item.model_validate(given), sandbox)


@pytest.mark.parametrize("how", sorted(TESTS))
async def test_tests_import_a_solutions_files_by_their_names(how: str, sandbox: Sandbox) -> None:
    found = await judged(sandbox, tests=TESTS[how])

    assert (found.verdict, found.failure) == ("passed", None)


@pytest.mark.parametrize("how", sorted(TESTS))
async def test_a_wrong_file_fails(how: str, sandbox: Sandbox) -> None:
    wrong = {**FILES, "helper.py": HELPER.replace("2 * n", "3 * n").replace("9", "8")}

    assert (await judged(sandbox, tests=TESTS[how], solution=wrong)).verdict == "wrong_answer"


async def test_a_main_file_is_loaded_once(sandbox: Sandbox) -> None:
    files = {
        "counter.py": "import other\nSEEN = []\nother.fill()\n",
        "other.py": "def fill():\n    import counter\n    counter.SEEN.append(1)\n",
    }
    found = await judged(sandbox, solution=files, tests="from counter import SEEN\nassert SEEN == [1]\n")

    assert found.verdict == "passed"


async def test_a_name_that_another_file_lacks_is_the_solutions_fault(sandbox: Sandbox) -> None:
    found = await judged(sandbox, tests="import helper\nassert helper.thrice(1) == 3\n")

    assert found.passed is False


@pytest.mark.parametrize("style", ["pytest", "unittest"])
async def test_test_files_do_so_too(style: str, sandbox: Sandbox) -> None:
    tests = (
        "import unittest\nfrom stack import quadruple\nimport helper\n\n\nclass T(unittest.TestCase):\n"
        "    def test_it(self):\n        self.assertEqual(quadruple(1) + helper.twice(1), 6)\n"
    )

    assert (await judged(sandbox, tests=tests, style=style)).verdict == "passed"
