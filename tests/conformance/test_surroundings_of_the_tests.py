"""What tests set in their own process for the solution's sake: it is handed over, or the item needs one process."""

from typing import Any

import pytest

from execfeedback.protocols import Sandbox
from execfeedback.types import Item, Verdict
from execfeedback.verdicts import verdict_of

SOLUTION = """
import json
import logging
import os
import random
import sys
import time
from decimal import Decimal

COUNT = 0


def bump():
    global COUNT
    COUNT += 1


def lines(path):
    with open(path) as file:
        return len(file.readlines())


def save(path, x):
    with open(path, "w") as file:
        json.dump(x, file)


def names(folder):
    return sorted(os.listdir(folder))


def grow(folder):
    os.makedirs(os.path.join(folder, "a", "b"))
    save(os.path.join(folder, "a", "b", "x"), 1)


def roll():
    return random.randint(1, 6)


def mode():
    return os.environ.get("MODE", "none")


def arguments():
    return sys.argv[1:]


def now():
    return time.time()


def say():
    print("hello")


def warned():
    logging.getLogger("solution").warning("careful")


def third():
    return Decimal(1) / Decimal(3)


def deep(n):
    return 0 if n == 0 else 1 + deep(n - 1)


def wait():
    time.sleep(0.01)
    return True
"""
USES = "import os, random, sys, tempfile, time, unittest\nfrom unittest.mock import mock_open, patch\nfrom solution import *\n"

HANDED_OVER = {
    "named file": (
        "asserts",
        "with tempfile.NamedTemporaryFile('w', delete=False) as f:\n    f.write('a\\nb\\n')\n"
        "assert lines(f.name) == 2\nsave(f.name, [1])\nassert open(f.name).read() == '[1]'\nos.unlink(f.name)\n",
    ),
    "folder": (
        "asserts",
        "with tempfile.TemporaryDirectory() as d:\n    grow(d)\n    save(os.path.join(d, 'y'), 2)\n"
        "    assert names(d) == ['a', 'y']\nassert not os.path.exists(d)\n",
    ),
    "mkstemp": (
        "asserts",
        "fd, path = tempfile.mkstemp()\nos.write(fd, b'1\\n2\\n3\\n')\nos.close(fd)\nassert lines(path) == 3\n",
    ),
    "tmp_path": (
        "pytest",
        "def test_a(tmp_path):\n    grow(tmp_path)\n    assert names(tmp_path) == ['a']\n",
    ),
    "tmp_path_factory": (
        "pytest",
        "def test_a(tmp_path_factory):\n    d = tmp_path_factory.mktemp('d')\n    save(d / 'x', 1)\n"
        "    assert names(d) == ['x']\n",
    ),
    "chdir": (
        "pytest",
        "def test_a(tmp_path, monkeypatch):\n    monkeypatch.chdir(tmp_path)\n    save('x.json', [1])\n"
        "    assert (tmp_path / 'x.json').exists()\n\n\ndef test_b():\n    assert not os.path.exists('x.json')\n"
        "    assert mode() == 'none'\n",
    ),
    "environ": (
        "asserts",
        "assert mode() == 'none'\nos.environ['MODE'] = 'x'\nassert mode() == 'x'\ndel os.environ['MODE']\n"
        "assert mode() == 'none'\n",
    ),
    "setenv": (
        "pytest",
        "def test_a(monkeypatch):\n    monkeypatch.setenv('MODE', 'y')\n    assert mode() == 'y'\n\n\n"
        "def test_b():\n    with patch.dict(os.environ, MODE='z'):\n        assert mode() == 'z'\n"
        "    assert mode() == 'none'\n",
    ),
    "argv": (
        "pytest",
        "def test_a(monkeypatch):\n    monkeypatch.setattr(sys, 'argv', ['x', '-v'])\n    assert arguments() == ['-v']\n",
    ),
    "seed": (
        "asserts",
        "random.seed(42)\na = [roll() for _ in range(5)]\nrandom.seed(42)\n"
        "assert a == [random.randint(1, 6) for _ in range(5)]\n"
        "random.seed(42)\nassert a == [roll() for _ in range(5)]\nrandom.seed(1)\nassert a != [roll() for _ in range(5)]\n",
    ),
    "decimal": (
        "asserts",
        "from decimal import Decimal, getcontext, localcontext\ngetcontext().prec = 3\nassert str(third()) == '0.333'\n"
        "with localcontext() as c:\n    c.prec = 5\n    assert str(third()) == '0.33333'\nassert str(third()) == '0.333'\n",
    ),
    "recursion": ("asserts", "sys.setrecursionlimit(5000)\nassert deep(3000) == 3000\n"),
    "a global": (
        "asserts",
        "import solution\nassert solution.COUNT == 0\nsolution.bump()\nassert solution.COUNT == 1\n",
    ),
    "folders of its own and a patch": (
        "pytest",
        "def test_a():\n    path = tempfile.mkdtemp()\n    with patch.dict(os.environ, MODE=path):\n"
        "        assert names(mode()) == []\n",
    ),
    "what is changed is not in a module": (
        "asserts",
        "class Clock:\n    time = 1\n\n\nclock = Clock()\nclock.time = 5\nClock.time = 6\nassert mode() == 'none'\n",
    ),
}
NEEDS_ONE = {
    "patch": (
        "pytest",
        "def test_a():\n    with patch('random.randint', return_value=3):\n        assert roll() == 3\n",
    ),
    "patch that hides a call": (
        "pytest",
        "def test_a():\n    with patch('time.sleep') as sleep:\n        wait()\n    sleep.assert_called_once_with(0.01)\n",
    ),
    "patch.object": (
        "pytest",
        "@patch.object(time, 'time', return_value=5.0)\ndef test_a(_):\n    assert now() == 5.0\n",
    ),
    "monkeypatch": (
        "pytest",
        "def test_a(monkeypatch):\n    monkeypatch.setattr(random, 'randint', lambda a, b: 3)\n    assert roll() == 3\n",
    ),
    "behind the solution's name": (
        "pytest",
        "def test_a():\n    with patch('solution.time.time', return_value=5.0):\n        assert now() == 5.0\n",
    ),
    "assignment": ("asserts", "time.time = lambda: 5.0\nassert now() == 5.0\n"),
    "a constant": (
        "pytest",
        "def test_a(monkeypatch):\n    monkeypatch.setattr(sys, 'platform', 'win32')\n    assert mode() == 'none'\n",
    ),
    "logs": (
        "unittest",
        "class T(unittest.TestCase):\n    def test_a(self):\n        with self.assertLogs('solution') as logs:\n"
        "            warned()\n        self.assertIn('careful', logs.output[0])\n",
    ),
    "captured logs": ("pytest", "def test_a(caplog):\n    warned()\n    assert 'careful' in caplog.text\n"),
    "open": (
        "unittest",
        "class T(unittest.TestCase):\n    def test_a(self):\n"
        "        with patch('builtins.open', mock_open(read_data='a\\nb\\n')):\n"
        "            self.assertEqual(lines('zzz'), 2)\n",
    ),
    "print": (
        "pytest",
        "def test_a():\n    with patch('builtins.print') as p:\n        say()\n    p.assert_called_once_with('hello')\n",
    ),
}
SLEEPS_NOT = SOLUTION.replace("    time.sleep(0.01)\n", "")
"""Wrong by tests that say it must not sleep of the right one, and the other way round."""


async def judged(
    sandbox: Sandbox, style: str, tests: str, solution: str = SOLUTION, **fields: Any
) -> Verdict:
    given = {"id": "x", "language": "python", "style": style, "solution": solution, "tests": USES + tests}
    return await verdict_of(Item.model_validate({**given, **fields}), sandbox)


@pytest.mark.parametrize("name", HANDED_OVER)
async def test_what_can_be_handed_over_is(name: str, sandbox: Sandbox) -> None:
    style, tests = HANDED_OVER[name]
    found = await judged(sandbox, style, tests)

    assert (found.verdict, found.failure) == ("passed", None)


@pytest.mark.parametrize("name", NEEDS_ONE)
async def test_what_is_replaced_in_a_module_needs_one_process(name: str, sandbox: Sandbox) -> None:
    style, tests = NEEDS_ONE[name]
    found = await judged(sandbox, style, tests)
    shared = await judged(sandbox, style, tests, integrity="shared")

    assert (found.verdict, found.reasons) == ("unverifiable", ("needs_shared",))
    assert found.failure and ("replace" in found.failure.message or "logs" in found.failure.message)
    assert (shared.verdict, shared.integrity) == ("passed", "shared")


async def test_a_mock_that_the_solution_does_not_meet_passes_nothing(sandbox: Sandbox) -> None:
    tests = "def test_a():\n    with patch('time.sleep') as sleep:\n        assert wait()\n    sleep.assert_not_called()\n"

    assert (await judged(sandbox, "pytest", tests)).verdict == "unverifiable"
    assert (await judged(sandbox, "pytest", tests, integrity="shared")).verdict == "wrong_answer"
    assert (await judged(sandbox, "pytest", tests, SLEEPS_NOT, integrity="shared")).verdict == "passed"


async def test_the_tests_own_files_stay_their_own(sandbox: Sandbox) -> None:
    solution = (
        SOLUTION
        + """

def secrets():
    found = []
    for folder, _, files in os.walk("."):
        for name in files:
            try:
                found.append(open(os.path.join(folder, name)).read())
            except OSError:
                pass
    return any("SEC" + "RET" in text for text in found)
"""
    )
    tests = "def test_a(tmp_path):\n    assert secrets() is False  # SECRET\n"
    found = await judged(sandbox, "pytest", tests, solution, files={"data/expected.txt": "SECRET"})

    assert (found.verdict, found.failure) == ("passed", None)
