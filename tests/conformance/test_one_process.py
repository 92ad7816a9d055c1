"""What tests see of a solution in one process they see in two, or the item is said to need one: never a pass beside it.

Each wrong solution here passed once. Where two processes cannot show what one would, the verdict is `needs_shared`.
"""

from typing import Any

import pytest

from execfeedback.checks import checked_verdict
from execfeedback.protocols import Sandbox
from execfeedback.types import Item, Verdict

PASSED: tuple[str, tuple[str, ...]] = ("passed", ())
SHARED: tuple[str, tuple[str, ...]] = ("unverifiable", ("needs_shared",))
WRONG: tuple[str, tuple[str, ...]] = ("wrong_answer", ("assertion",))


async def judged(sandbox: Sandbox, solution: str, tests: str, **fields: Any) -> Verdict:
    given = {"id": "x", "language": "python", "style": "asserts", "solution": solution, "tests": tests}
    return await checked_verdict(Item.model_validate({**given, **fields}), sandbox)


def outcome(found: Verdict) -> tuple[str | None, tuple[str, ...]]:
    return found.verdict, found.reasons


# ---- attributes of classes and functions that the tests set --------------------------------------------------------------

CLASSES = """
class Counter:
    made = 0
    names = []
    def __init__(self): Counter.made += 1
    def add(self, name): self.names.append(name)

class Single:
    _one = None
    def __new__(cls):
        cls._one = cls._one or super().__new__(cls)
        return cls._one

class Mailer:
    def send(self, to): return "sent to " + to

class Users:
    def __init__(self): self.mailer = Mailer()
    def add(self, name): return self.mailer.send(name) if name else None

def counted(): counted.calls = getattr(counted, "calls", 0) + 1
"""


@pytest.mark.parametrize(
    ("tests", "found"),
    [
        ("Counter.made = 0\nCounter(), Counter()\nassert Counter.made == 2", PASSED),
        ("Counter.made = 5\nCounter()\nassert Counter.made == 5", WRONG),
        ("Counter.names = []\nc = Counter()\nc.add('a')\nassert Counter.names == ['a'] and Counter().names == ['a']", PASSED),
        ("Counter.names = []\nCounter().add('a')\nassert Counter.names == []", WRONG),
        ("a = Single()\nassert Single() is a\nSingle._one = None\nassert Single() is not a", PASSED),
        ("del Counter.made\nassert not hasattr(Counter, 'made')", PASSED),
        ("class Extra: pass\ntry:\n    Counter.made = Extra\nfinally:\n    assert Counter().made", SHARED),
        ("Mailer.send = lambda self, to: 'no'\nassert Users().add('a') == 'no'", SHARED),
        ("counted.calls = 0\ncounted()\nassert counted.calls == 0", SHARED),
    ],
)  # fmt: skip
async def test_what_tests_set_on_a_class_is_set_there(
    tests: str, found: tuple[str, tuple[str, ...]], sandbox: Sandbox
) -> None:
    verdict = await judged(sandbox, CLASSES, tests)
    assert outcome(verdict) == found or (found == SHARED and not verdict.passed), verdict


PATCHED = """
import pytest
from unittest.mock import patch
from solution import Counter, Mailer, Users

def test_patched():
    with patch.object(Mailer, "send", return_value="mocked") as send:
        assert Users().add("ann") == "mocked"
        send.assert_called_once_with("ann")
        assert Users().add("") is None
        assert send.call_count == CALLS

def test_as_before():
    assert Users().add("ann") == "sent to ann"

def test_monkeypatch(monkeypatch):
    monkeypatch.setattr(Counter, "made", 7)
    Counter()
    assert Counter.made == 8

def test_undone():
    assert Counter.made == 0
"""


@pytest.mark.parametrize(("calls", "found"), [("1", PASSED), ("2", WRONG)])
async def test_a_patched_method_is_patched_there_and_whole_again_after(
    calls: str, found: tuple[str, tuple[str, ...]], sandbox: Sandbox
) -> None:
    verdict = await judged(sandbox, CLASSES, PATCHED.replace("CALLS", calls), style="pytest")
    assert outcome(verdict) == found, verdict


@pytest.mark.parametrize("own", ["return False", "return True"])
async def test_an_inequality_of_a_named_class_is_its_own(own: str, sandbox: Sandbox) -> None:
    right = "class P:\n    def __init__(self, x): self.x = x\n    def __eq__(self, other): return self.x == other.x\n"
    wrong = f"{right}    def __ne__(self, other): {own}\n"
    tests = "assert P(1) == P(1) and P(1) != P(2) and not P(1) != P(1)"
    contract = {"classes": ["P"]}

    assert outcome(await judged(sandbox, right, tests, contract=contract)) == PASSED
    assert outcome(await judged(sandbox, wrong, tests, contract=contract)) == WRONG


# ---- coroutines, generators, threads -------------------------------------------------------------------------------------

ASYNC = """
import asyncio

class Store:
    def __init__(self): self.n, self.closed, self.task = 0, False, None

    async def add(self):
        n = self.n
        await asyncio.sleep(0)
        self.n = n + 1
        return self.n

    async def rows(self):
        try:
            n = 0
            while True:
                got = yield n
                n += got or 1
        finally:
            self.closed = True

    async def slow(self, seconds): await asyncio.sleep(seconds)

    async def start(self): self.task = asyncio.create_task(self.add())

    async def locked(self):
        self.lock = getattr(self, "lock", None) or asyncio.Lock()
        async with self.lock: return await self.add()
"""


def within(body: str) -> str:
    lines = "\n".join(f"    {line}" for line in body.splitlines())
    return f"import asyncio\ns = Store()\nasync def main():\n{lines}\nasyncio.run(main())\nassert s"


@pytest.mark.parametrize(
    ("tests", "found"),
    [
        (within("for _ in range(3): await s.add()\nassert s.n == 3"), PASSED),
        (within("for _ in range(3): await s.locked()\nassert s.n == 3"), PASSED),
        (within("await asyncio.gather(s.add(), s.add())\nassert s.n == 2"), SHARED),
        (within("t = asyncio.create_task(s.add())\nawait t\nassert s.n == 1"), SHARED),
        (within("await s.start()\nassert s.n == 1"), SHARED),
        (within("async with asyncio.timeout(5): await s.slow(0)\nassert s.n == 0"), PASSED),
        (within("try:\n    await asyncio.wait_for(s.slow(0.2), 0.05)\nexcept TimeoutError:\n    pass"), SHARED),
        (within("got = []\nasync for n in s.rows():\n    got += [n]\n    if n == 2: break\nassert got == [0, 1, 2]"), PASSED),
        (within("a = s.rows()\nassert await anext(a) == 0 and await a.asend(5) == 5\nawait a.aclose()"), PASSED),
        (within("a = s.rows()\nawait anext(a)\nassert not s.closed\nawait a.aclose()\nassert s.closed"), PASSED),
    ],
)  # fmt: skip
async def test_coroutines_run_alone_or_in_one_process(
    tests: str, found: tuple[str, tuple[str, ...]], sandbox: Sandbox
) -> None:
    verdict = await judged(sandbox, ASYNC, tests)
    assert outcome(verdict) == found, verdict


GENERATORS = """
LOG = []
class Stop(Exception): pass
def numbers():
    got = None
    try:
        while True:
            try:
                got = yield got
            except Stop as stop:
                got = ("stop", stop.args)
            except ValueError as error:
                got = ("value", error.args)
    finally:
        LOG.append("closed")
def last():
    got = yield 1
    return got
"""


@pytest.mark.parametrize(
    "tests",
    [
        "g = numbers()\nnext(g)\nassert g.throw(Stop(1, 'a')) == ('stop', (1, 'a'))",
        "g = numbers()\nnext(g)\nassert g.throw(ValueError('b', [2])) == ('value', ('b', [2]))",
        "for x in numbers():\n    break\nassert LOG == ['closed']",
        "g = numbers()\nnext(g)\nassert LOG == []\ndel g\nassert LOG == ['closed']",
        "g = last()\nnext(g)\ntry:\n    g.send([5])\nexcept StopIteration as end:\n    got = end.value\nassert got == [5]",
    ],
)  # fmt: skip
async def test_generators_close_and_are_thrown_into(tests: str, sandbox: Sandbox) -> None:
    verdict = await judged(sandbox, GENERATORS, tests)
    assert outcome(verdict) == PASSED, verdict


THREADED = """
import threading, time
class Account:
    def __init__(self): self.n = 0
    def add(self):
        n = self.n
        time.sleep(0.001)
        self.n = n + 1
class Delay:
    def __init__(self, seconds, call): threading.Timer(seconds, call, (1,)).start()
"""
MANY = """
import threading
a = Account()
threads = [threading.Thread(target=a.add) for _ in range(8)]
for thread in threads: thread.start()
for thread in threads: thread.join()
assert a.n == 8
"""
LATE = (
    "import time\ngot = []\nd = Delay(0.05, got.append)\ntime.sleep(0.3)\nassert got == GOT and d is not None"
)


LATER = f"{LATE}\na = Account()\na.add()\nassert a.n == 1"


@pytest.mark.parametrize(
    "tests", [MANY, *(late.replace("GOT", got) for late in (LATE, LATER) for got in ("[]", "[1]"))]
)
async def test_threads_need_one_process(tests: str, sandbox: Sandbox) -> None:
    verdict = await judged(sandbox, THREADED, tests)
    assert outcome(verdict) == SHARED, verdict


async def test_a_thread_that_the_tests_wait_for_is_no_matter(sandbox: Sandbox) -> None:
    tests = "import threading\na = Account()\nt = threading.Thread(target=a.add)\nt.start()\nt.join()\nassert a.n == 1"
    assert outcome(await judged(sandbox, THREADED, tests)) == PASSED


# ---- what is handed to functions and objects of the tests ----------------------------------------------------------------

CALLING = """
def subsets(xs, emit):
    def go(n, now):
        if n == len(xs):
            emit(COPY)
            return
        go(n + 1, now)
        now.append(xs[n])
        go(n + 1, now)
        now.pop()
    go(0, [])

class Store:
    def __init__(self): self.data = {}
    def change(self, how):
        try:
            how(self.data)
        except ValueError:
            return False
        return True

def more(config):
    config.items.append(9)
    return len(config.items)
"""


@pytest.mark.parametrize(
    ("copy", "tests", "found"),
    [
        ("list(now)", "got = []\nsubsets([1, 2], got.append)\nassert got == [[], [2], [1], [1, 2]]", PASSED),
        ("now", "got = []\nsubsets([1, 2], got.append)\nassert got == [[], [2], [1], [1, 2]]", SHARED),
        ("now", "got = []\nsubsets([1, 2], lambda now: got.append(len(now)))\nassert got == [0, 1, 1, 2]", PASSED),
        ("now", "s = Store()\ndef bad(d): raise ValueError(d.update(a=1))\nassert not s.change(bad) and s", SHARED),
        ("now", "s = Store()\nassert s.change(lambda d: d.update(a=1))\nassert s.data == {'a': 1}", SHARED),
        ("now", "class C: pass\nc = C()\nc.items = [1]\nassert more(c)\nassert c.items == [1]", SHARED),
    ],
)  # fmt: skip
async def test_what_is_handed_over_is_not_changed_afterwards(
    copy: str, tests: str, found: tuple[str, tuple[str, ...]], sandbox: Sandbox
) -> None:
    verdict = await judged(sandbox, CALLING.replace("COPY", copy), tests)
    assert outcome(verdict) == found, verdict


# ---- names, surroundings, values -----------------------------------------------------------------------------------------

NESTED = """
class User:
    class NotFound(Exception): pass
class Order:
    class NotFound(Exception): pass
def user(n):
    if not n: raise Order.NotFound(n)
    return n
"""


async def test_two_classes_of_one_name_need_one_process(sandbox: Sandbox) -> None:
    tests = "assert user(2) == 2\ntry:\n    user(0)\nexcept User.NotFound:\n    pass\nelse:\n    assert False"
    assert outcome(await judged(sandbox, NESTED, tests)) == SHARED


SURROUNDED = """
import contextlib, os, sys, collections, decimal
depth = 0
def push():
    global depth
    depth += 1
@contextlib.contextmanager
def setting(name, value):
    os.environ[name] = value
    yield
def read(name): return os.environ.get(name)
def third():
    decimal.getcontext().prec = 4
    return decimal.Decimal(1) / 3
def warn(): print("careful", file=sys.stderr)
def groups(xs):
    found = collections.defaultdict(list)
    for x in xs: found[x % 2].append(x)
    return found
class Kept:
    def __init__(self): self.d = {"a": 1, "b": 2}
    def keys(self): return self.d.keys()
    def items(self): return self.d.items()
class Money(int):
    @property
    def cents(self): return self * 100
class Name(str):
    def shout(self): return self.upper() + "!"
def values(): return [Money(3), Name("ann")]
def run(x): return x() if callable(x) else x
"""


@pytest.mark.parametrize(
    ("tests", "found"),
    [
        ("push()\nassert depth == 1", PASSED),
        ("push()\nassert depth == 0", WRONG),
        ("from solution import depth, push\npush()\nassert depth == 0", PASSED),
        ("from solution import *\npush()\nassert depth == 0", PASSED),
        ("depth = 7\npush()\nassert depth == 7", PASSED),
        ("import os\nwith setting('A', '1'):\n    assert read('A') == '1'\nassert 'A' not in os.environ", SHARED),
        ("import decimal\nassert str(third()) == '0.3333'\nassert decimal.getcontext().prec == 28", SHARED),
        ("d = groups([1, 2])\nassert d == {1: [1], 0: [2]} and d[7] == [] and 7 in d", PASSED),
        ("d = groups([1, 2])\ntry:\n    d[7]\nexcept KeyError:\n    pass\nelse:\n    assert False, 'no plain dict'", WRONG),
        ("k = Kept()\nassert k.keys() == {'a', 'b'} and k.items() == {('a', 1), ('b', 2)} and not k.keys() == {'a'}", PASSED),
        ("a, b = values()\nassert a + 1 == 4 and a.cents == 300 and b.shout() == 'ANN!' and isinstance(a, int)", PASSED),
        ("class T: pass\nt = T()\nassert run(t) is t", PASSED),
        ("class T:\n    def __call__(self): return 5\nassert run(T()) == 5", PASSED),
    ],
)  # fmt: skip
async def test_surroundings_and_values(
    tests: str, found: tuple[str, tuple[str, ...]], sandbox: Sandbox
) -> None:
    verdict = await judged(sandbox, SURROUNDED, tests)
    assert outcome(verdict) == found, verdict


@pytest.mark.parametrize(("said", "found"), [("careful\\n", PASSED), ("", WRONG)])
async def test_tests_see_what_is_written_to_stderr(
    said: str, found: tuple[str, tuple[str, ...]], sandbox: Sandbox
) -> None:
    body = f"    assert warn() is None\n    assert capsys.readouterr().err == '{said}'\n"
    tests = f"from solution import warn\ndef test(capsys):\n{body}"
    assert outcome(await judged(sandbox, SURROUNDED, tests, style="pytest")) == found
