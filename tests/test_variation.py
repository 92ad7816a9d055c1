"""What reruns vary: a right program passes all the same, one that lives by its surroundings does not."""

from typing import Any

import pytest
import variation

from execfeedback.checks import checked_verdict
from execfeedback.protocols import Sandbox
from execfeedback.types import Item, Verdict
from execfeedback.verdicts import verdict_of

FLAKY = {
    "cpu count": "import os\ndef f(x):\n    return x if os.cpu_count() == COUNT else 0\n",
    "cores": "import os\ndef f(x):\n    return x if len(os.sched_getaffinity(0)) == CORES else 0\n",
    "the year": "import datetime\ndef f(x):\n    return x if datetime.date.today().year == YEAR else 0\n",
    "the clock": "import time\ndef f(x):\n    return x if time.gmtime().tm_year == YEAR else 0\n",
    "now": "import datetime\ndef f(x):\n    return x if datetime.datetime.now().year == YEAR else 0\n",
    "its own speed": """
import time
def f(x):
    start = time.thread_time()
    for _ in range(100000):
        pass
    return x if time.thread_time() - start < 5 * COST else 0
""",
    "its own speed, in a fork": """
import os, time
def f(x):
    for _ in range(300000):
        time.perf_counter()
    read, write = os.pipe()
    if not os.fork():
        start = time.perf_counter()
        for _ in range(1000000):
            pass
        os.write(write, str(time.perf_counter() - start).encode())
        os._exit(0)
    took = float(os.read(read, 99))
    os.wait()
    return x if took < 30 * COST + 0.02 else 0
""",
    "the hash seed": "def f(x):\n    return x if hash('a') == hash('a') and hash('b') % 2 == PARITY else 0\n",
}
FACTS = """
import datetime, os, time
def facts():
    start = time.thread_time()
    for _ in range(100000):
        pass
    cost = time.thread_time() - start
    return [os.cpu_count(), len(os.sched_getaffinity(0)), datetime.date.today().year, hash("b") % 2, cost]
"""
RIGHT = {
    "time zones": """
import datetime, zoneinfo
def f(x):
    at = datetime.datetime(2024, 1, 1, tzinfo=datetime.timezone.utc)
    return x if at.astimezone(zoneinfo.ZoneInfo("UTC")) == at else 0
""",
    "measures a time": """
import time
def f(x):
    start = time.time()
    return x if 0 <= time.time() - start < 60 else 0
""",
    "measures a sleep": """
import time
def f(x):
    start = time.monotonic()
    time.sleep(0.05)
    return x if 0.05 <= time.monotonic() - start < 0.15 else 0
""",
    "waits for a thread": """
import queue, threading
def f(x):
    told = queue.Queue()
    threading.Timer(0.02, told.put, [x]).start()
    return told.get(timeout=10)
""",
    "an event loop": """
import asyncio
async def said(x):
    async with asyncio.timeout(5):
        await asyncio.sleep(0.02)
    return x
def f(x):
    return asyncio.run(said(x))
""",
    "a seeded generator": """
import random
def f(x):
    return x if random.Random(3).randint(0, 99) == random.Random(3).randint(0, 99) else 0
""",
    "dates are built and compared": """
import datetime
def f(x):
    day = datetime.date(2024, 2, 28) + datetime.timedelta(days=2)
    return x if day.isoformat() == "2024-03-01" and day < datetime.date.max else 0
""",
    "threads": """
import concurrent.futures
def f(x):
    with concurrent.futures.ThreadPoolExecutor() as pool:
        return sum(pool.map(lambda n: n, [x, 0, 0]))
""",
}
TESTS = "assert f(7) == 7\nassert f(1) == 1\n"


async def judged(sandbox: Sandbox, solution: str, tests: str = TESTS, **fields: Any) -> Verdict:
    given = {"id": "x", "language": "python", "style": "asserts", "solution": solution, "tests": tests}
    return await checked_verdict(Item.model_validate({**given, **fields}), sandbox)


async def facts(sandbox: Sandbox) -> dict[str, str]:
    found = await judged(sandbox, FACTS, "assert facts() == 0\n")
    assert found.failure is not None
    seen = found.failure.message.split("[")[1].split("]")[0].split(", ")
    return dict(zip(("COUNT", "CORES", "YEAR", "PARITY", "COST"), seen, strict=True))


@pytest.mark.docker
@pytest.mark.parametrize("kind", sorted(FLAKY))
async def test_a_program_that_lives_by_its_surroundings_is_flaky(kind: str, sandbox: Sandbox) -> None:
    solution = FLAKY[kind]
    for name, value in (await facts(sandbox)).items():
        solution = solution.replace(name, value)

    assert (await judged(sandbox, solution)).verdict == "passed"
    found = await judged(sandbox, solution, checks=["flaky"])
    assert (found.verdict, found.reasons) == ("rejected", ("flaky",))


@pytest.mark.docker
@pytest.mark.parametrize("kind", sorted(RIGHT))
async def test_a_right_program_is_not(kind: str, sandbox: Sandbox) -> None:
    found = await judged(sandbox, RIGHT[kind], checks=["flaky"])

    assert (found.verdict, found.failure) == ("passed", None)


@pytest.mark.docker
@pytest.mark.parametrize("preload", ["", "import numpy\n"])
async def test_both_sides_agree_about_the_time(preload: str, sandbox: Sandbox) -> None:
    solution = (
        preload + "import datetime, time\n\n\ndef now():\n    return time.time(), datetime.datetime.now()\n"
    )
    tests = (
        "import datetime, time\nat, day = now()\nassert abs(at - time.time()) < 30\n"
        "assert abs(day - datetime.datetime.now()) < datetime.timedelta(seconds=30)\n"
    )
    item = Item(id="x", language="python", style="asserts", solution=solution, tests=tests)

    for seed in (None, 1, 2):
        found = await verdict_of(item, sandbox, seed)
        assert (found.verdict, found.failure) == ("passed", None)


@pytest.mark.docker
@pytest.mark.parametrize("style", ["pytest", "unittest"])
async def test_test_files_pass_again_too(style: str, sandbox: Sandbox) -> None:
    tests = (
        "import datetime\nimport unittest\nfrom solution import f\n\n\nclass T(unittest.TestCase):\n"
        "    def test_f(self):\n        self.assertEqual(f(datetime.date(2024, 1, 1)), datetime.date(2024, 1, 1))\n"
    )
    if style == "pytest":
        tests += "\n\nimport hypothesis.strategies as st\nfrom hypothesis import given\n\n\n"
        tests += "@given(st.integers())\ndef test_any(n):\n    assert f(n) == n\n"
    found = await judged(sandbox, "def f(x):\n    return x\n", tests, style=style, checks=["flaky"])

    assert (found.verdict, found.failure) == ("passed", None)


@pytest.mark.parametrize(
    ("text", "may"),
    [
        ("import os, sys\nfrom collections.abc import Iterable\n", True),
        ("import helper\n", True),
        ("import os, numpy as np\n", False),
        ("    from pandas import DataFrame\n", False),
        ("import pytest\nfrom hypothesis import given\n", True),
        ("x = 'import nothing'\n", True),
    ],
)
def test_the_clock_is_shifted_for_the_standard_library_alone(text: str, may: bool) -> None:
    assert variation.may_shift((text,), ["helper", "solution"]) is may
