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


async def test_a_builtins_name_is_the_solutions_where_the_tests_use_nothing_else_of_it(
    sandbox: Sandbox,
) -> None:
    solution = "def sum(a, b):\n    return a * b\n"

    assert (await judged(sandbox, solution=solution, tests="assert sum(2, 5) == 10\n")).verdict == "passed"
    both = await judged(sandbox, solution=solution + HALF, tests="assert half(sum([2, 5])) == 3.5\n")
    assert both.verdict == "passed"


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


LINKED = {
    "in the folder": ("os.symlink('e.txt', 'out.txt')", "out.txt"),
    "by a link to a link": (
        "os.symlink('e.txt', 'a.txt')\n    os.symlink(os.path.abspath('a.txt'), 'out.txt')",
        "out.txt",
    ),
    "by a folder": ("os.symlink('data', 'out')", "out/e.txt"),
    "up and down": ("os.mkdir('x')\n    os.symlink('../data/deep', 'x/y')", "x/y/../e.txt"),
}


@pytest.mark.parametrize("how", sorted(LINKED))
async def test_a_link_of_the_solution_does_not_lead_to_the_tests_files(how: str, sandbox: Sandbox) -> None:
    step, path = LINKED[how]
    wrong = f"import os\n\n\ndef convert(path):\n    {step}\n    return 1\n"
    right = (
        "import os\n\n\ndef convert(path):\n    os.makedirs(os.path.dirname(path) or '.', exist_ok=True)\n"
    )
    right += "    open('real', 'w').write('9')\n    os.symlink(os.path.abspath('real'), path)\n    return 1\n"
    tests = f"assert convert({path!r}) == 1\nassert open({path!r}).read() == '9'\n"
    files = {"e.txt": "9", "data/e.txt": "9", "data/deep/f.txt": ""}

    assert (await judged(sandbox, solution=wrong, tests=tests, files=files)).verdict == "wrong_answer"
    if how != "up and down":
        assert (await judged(sandbox, solution=right, tests=tests, files=files)).verdict == "passed"


async def test_a_program_of_the_tests_does_not_read_their_files_by_such_a_link(sandbox: Sandbox) -> None:
    wrong = "import os\n\n\ndef convert(path):\n    os.symlink('e.txt', path)\n    return 1\n"
    tests = "from subprocess import run\nassert convert('out.txt') == 1\n"
    tests += "assert run(['diff', 'e.txt', 'out.txt']).returncode == 0\n"
    right = wrong.replace("os.symlink('e.txt', path)", "open(path, 'w').write('9')")

    for solution, verdict in ((wrong, "wrong_answer"), (right, "passed")):
        found = await judged(sandbox, solution=solution, tests=tests, files={"e.txt": "9"})
        assert found.verdict == verdict, found.failure


async def test_tests_do_not_write_over_their_own_file_by_a_planted_link(sandbox: Sandbox) -> None:
    planted = "import os\nos.symlink('e.txt', 'in.txt')\n\n\ndef convert(path):\n    return 'b'\n"
    tests = "with open('in.txt', 'w') as file:\n    file.write('b')\nassert convert('in.txt') == open('e.txt').read()\n"

    assert (
        await judged(sandbox, solution=planted, tests=tests, files={"e.txt": "a"})
    ).verdict == "wrong_answer"


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


# ---- code of the solution in the tests' process ---------------------------------------------------------------------

FORGED = """
import os, struct, sys

for name in ("colorsys", "wave", "nothing_yet"):
    os.makedirs(f"{name}_")
    for path in (f"{name}.py", f"{name}_/__init__.py"):
        with open(path, "w") as file:
            file.write("import os\\nos._exit(0)\\nadd = hls_to_rgb = len\\n")
if "tests" in sys.modules or "test_solution" in sys.modules:
    os._exit(0)


def add(a, b):
    return a + b
"""
HERE = "import os, sys\nfrom solution import add\nassert add(1, 2) == 3\n"
LOADS = {
    "planted, first on the path": "sys.path.insert(0, os.getcwd())\nimport colorsys\n",
    "planted, by a dot": "sys.path.insert(0, '.')\nimport wave\n",
    "planted, last on the path": "sys.path.append(os.getcwd())\ntry:\n    import nothing_yet\nexcept ImportError:\n    pass\n",
    "a planted package": "sys.path.append('')\nimport wave_\n",
    "by its path": "import importlib.util as u\ns = u.spec_from_file_location('s', 'solution.py')\n"
    "m = u.module_from_spec(s)\ns.loader.exec_module(m)\nassert m.add(1, 2) == 3\n",
    "as a script": "import runpy\nassert runpy.run_path('solution.py')['add'](1, 2) == 3\n",
    "as text": "space = {}\nexec(open('solution.py').read(), space)\nassert space['add'](1, 2) == 3\n",
    "anew": "sys.path.insert(0, os.getcwd())\ndel sys.modules['solution']\nimport solution\n",
    "as a program": "import subprocess\nassert subprocess.run([sys.executable, 'solution.py']).returncode == 0\n",
    "by the shell": "assert os.system('python3 -c \"import solution\"') == 0\n",
    "by a script": "open('run.sh', 'w').write('python3 solution.py')\nimport subprocess\n"
    "assert subprocess.run(['sh', 'run.sh']).returncode == 0\n",
}


@pytest.mark.parametrize("how", sorted(LOADS))
async def test_tests_that_load_the_solution_themselves_need_one_process(how: str, sandbox: Sandbox) -> None:
    found = await judged(sandbox, solution=FORGED, tests=HERE + LOADS[how])

    assert (found.verdict, found.reasons) == ("unverifiable", ("needs_shared",)), found.failure


OWN_LOADS = {
    "a file of theirs": ("import helper\nassert helper.twice(3) == 6\n", {"helper.py"}),
    "a file of theirs in a folder": (
        "sys.path.insert(0, 'lib')\nimport helper\nassert helper.twice(3) == 6\n",
        {"lib/helper.py"},
    ),
    "a file of both": ("import shared\nassert shared.ONE == 1 and open('shared.py').read()\n", set()),
    "python's": ("import wave, sqlite3\nassert sqlite3.connect('x.db') and wave.open\n", set()),
    "a program": (
        "import subprocess\nassert subprocess.run(['cat', 'shared.py'], capture_output=True).stdout == b'ONE = 1'\n",
        set(),
    ),
}


@pytest.mark.parametrize("how", sorted(OWN_LOADS))
async def test_tests_load_what_is_their_own(how: str, sandbox: Sandbox) -> None:
    tests, paths = OWN_LOADS[how]
    files = dict.fromkeys(paths, "def twice(n):\n    return 2 * n\n")
    solution = "import shared\n\n\ndef add(a, b):\n    return a + b + shared.ONE - 1\n"
    found = await judged(
        sandbox,
        solution=solution,
        tests=f"{HERE}sys.path.insert(0, os.getcwd())\n{tests}",
        files=files,
        solution_files={"shared.py": "ONE = 1"},
    )

    assert (found.verdict, found.failure) == ("passed", None)


async def test_hypothesis_goes_on_without_the_solutions_source(sandbox: Sandbox) -> None:
    tests = "from hypothesis import given, strategies as st\nfrom solution import add\n\n\n@given(st.integers())\n"
    tests += "def test_add(n):\n    assert add(n, 1) == n + 1\n"
    found = await judged(sandbox, style="pytest", tests=tests, solution="def add(a, b):\n    return a + b\n")

    assert (found.verdict, found.failure) == ("passed", None)


PICKLES = "import datetime, pickle\n\n\ndef dump(x):\n    return pickle.dumps(x)\n\n\nclass Box:\n    v = 3\n"
LYING = """
import os


class Call:
    def __init__(self, how, *args):
        self.how, self.args = how, args

    def __reduce__(self):
        return self.how, self.args


def dump(x):
    import pickle

    return pickle.dumps(Call({}))
"""
UNPICKLED = "import pickle, datetime\nfrom decimal import Decimal\nfrom solution import dump\n"


async def test_pickles_of_the_solution_hold_values_and_call_nothing(sandbox: Sandbox) -> None:
    values = "for x in ([1, {'a': (None, 2.5)}], {1}, datetime.date(2020, 1, 2), Decimal('1.5'), 1j, b'x'):\n"
    tests = UNPICKLED + values + "    assert pickle.loads(dump(x)) == x\n"
    box = "import pickle\nfrom solution import Box\nassert pickle.loads(pickle.dumps(Box())).v == 3\n"

    for text in (tests, box):
        found = await judged(sandbox, solution=PICKLES, tests=text)
        assert (found.verdict, found.failure) == ("passed", None)
    for how in ("os._exit, 0", "eval, '[1]'", "getattr, 'x', 'upper'"):
        found = await judged(
            sandbox, solution=LYING.format(how), tests=UNPICKLED + "assert pickle.loads(dump([1])) == [1]\n"
        )
        assert (found.verdict, found.reasons) == ("unverifiable", ("needs_shared",))


RATED = "RATE = 2\n\n\ndef rate():\n    return RATE\n\n\ndef twice(x):\n    return RATE * x\n"
CHANGES = {
    "set": ("asserts", "import solution\nsolution.RATE = 2\nassert twice(2) == 4\n"),
    "deleted": ("asserts", "import solution\ndel solution.rate\nassert twice(2) == 4\n"),
    "mock": (
        "asserts",
        "import solution\nfrom unittest.mock import patch\nwith patch('solution.rate', lambda: 3):\n    assert twice(2) == 4\n",
    ),
    "monkeypatch": (
        "pytest",
        "import solution\n\n\ndef test_it(monkeypatch):\n    monkeypatch.setattr(solution, 'RATE', 2)\n"
        "    assert solution.twice(2) == 4\n",
    ),
}


@pytest.mark.parametrize("how", sorted(CHANGES))
async def test_tests_that_change_the_solutions_module_need_one_process(how: str, sandbox: Sandbox) -> None:
    style, tests = CHANGES[how]
    found = await judged(sandbox, style=style, solution=RATED, tests=tests)
    assert (found.verdict, found.reasons) == ("unverifiable", ("needs_shared",)), found.failure

    shared = await judged(sandbox, style=style, solution=RATED, tests=tests, integrity="shared")
    assert (shared.verdict, shared.integrity) == ("passed", "shared"), shared.failure
