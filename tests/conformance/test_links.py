"""What the solution keeps of the tests' objects, and gives away of its own, is one object for both, as in one process."""

import json
import random
from typing import Any

import aliasing
import pytest

from execfeedback.protocols import Sandbox
from execfeedback.types import Item, Verdict
from execfeedback.verdicts import verdict_of

BAG = """
class Bag:
    def __init__(self, items=()):
        self.items = {made}

    def add(self, x):
        self.items.append(x)

    def total(self):
        return sum(self.items)

    def all(self):
        return {given}
"""
COPIES = BAG.format(made="list(items)", given="list(self.items)")
KEEPS = BAG.format(made="items", given="list(self.items)")
GIVES_AWAY = BAG.format(made="list(items)", given="self.items")
PERMUTATIONS = """
def orders(items):
    path = []

    def steps():
        if len(path) == len(items):
            yield {given}
        for x in items:
            if x not in path:
                path.append(x)
                yield from steps()
                path.pop()

    return steps()
"""
LATE = """
def collect(x, seen={default}):
    seen = [] if seen is None else seen
    seen.append(x)
    return seen
"""
TABLE = """
ROWS = {{}}


def row(n):
    if n not in ROWS:
        ROWS[n] = [n] * n
    return {given}
"""
COPY = "import copy\n\n\ndef copied(x):\n    return {given}\n"

TELLS_APART = {
    "a part of the argument": (
        COPY.format(given="copy.deepcopy(x)"),
        COPY.format(given="list(x)"),
        "a = [[1], [2]]\nb = copied(a)\nb[0].append(3)\nassert (a, b) == ([[1], [2]], [[1, 3], [2]])\n",
    ),
    "deep in the argument": (
        COPY.format(given="copy.deepcopy(x)"),
        COPY.format(given="{'copy': x['rows'], 'n': len(x)}"),
        "a = {'rows': [{'k': [1]}]}\nb = copied(a)\n(b.get('copy') or b['rows'])[0]['k'].append(3)\n"
        "assert a == {'rows': [{'k': [1]}]}\n",
    ),
    "its own list given away": (
        COPIES,
        GIVES_AWAY,
        "bag = Bag([1])\ngot = bag.all()\ngot.append(5)\nassert bag.all() == [1] and bag.total() == 1\n",
    ),
    "its own list given away, which it changes": (
        COPIES,
        GIVES_AWAY,
        "bag = Bag([1])\nbefore = bag.all()\nbag.add(2)\nassert before == [1] and bag.all() == [1, 2]\n",
    ),
    "an argument kept, which the tests change": (
        COPIES,
        KEEPS,
        "mine = [1]\nbag = Bag(mine)\nmine.append(5)\nassert bag.total() == 1\nbag.add(2)\n",
    ),
    "one list yielded again and again": (
        PERMUTATIONS.format(given="list(path)"),
        PERMUTATIONS.format(given="path"),
        "assert sorted(orders([1, 2])) == [[1, 2], [2, 1]]\n",
    ),
    "a default that is changed": (
        LATE.format(default="None"),
        LATE.format(default="[]"),
        "first = collect(1)\nassert first == [1]\ncollect(2)\nassert first == [1]\n",
    ),
    "a cache given away": (
        TABLE.format(given="list(ROWS[n])"),
        TABLE.format(given="ROWS[n]"),
        "row(3).append(0)\nheld = row(3)\nheld.append(0)\nassert row(3) == [3, 3, 3]\n",
    ),
}

KINDS = {
    "list": ("[1]", "x.append(2)", "[1, 2]"),
    "dict": ("{'a': 1}", "x['b'] = 2", "{'a': 1, 'b': 2}"),
    "set": ("{1}", "x.add(2)", "{1, 2}"),
    "bytearray": ("bytearray(b'a')", "x.extend(b'b')", "bytearray(b'ab')"),
    "deque": ("deque([1], 3)", "x.appendleft(0)", "deque([0, 1], 3)"),
    "Counter": ("Counter('aab')", "x['c'] += 1", "Counter('aabc')"),
    "OrderedDict": ("OrderedDict(a=1)", "x.update(b=2)", "OrderedDict(a=1, b=2)"),
    "rows": ("[[0] * 2 for _ in range(2)]", "x[1][0] = 5", "[[0, 0], [5, 0]]"),
    "rows of tuples": ("[(1, [2])]", "x[0][1].append(3)", "[(1, [2, 3])]"),
}
IMPORTS = "from collections import Counter, OrderedDict, deque\n"

HONEST = {
    "the tests change what is the solution's": (
        GIVES_AWAY,
        "bag = Bag([1])\nbag.items.append(2)\nbag.items[0] = 10\nassert bag.total() == 12\n",
    ),
    "what is given twice is one object": (
        GIVES_AWAY,
        "bag = Bag([1])\nassert bag.items is bag.items and bag.all() is bag.items\n",
    ),
    "a shallow copy shares what lies in it": (
        COPY.format(given="copy.copy(x)"),
        "a = [[1], {'k': 2}]\nb = copied(a)\nassert b is not a and b[0] is a[0] and b[1] is a[1]\n",
    ),
    "a part of the argument is returned": (
        COPY.format(given="x['k']"),
        "a = {'k': [1]}\nassert copied(a) is a['k']\ncopied(a).append(2)\nassert a == {'k': [1, 2]}\n",
    ),
    "a global": (
        "SEEN = []\n\n\ndef see(x):\n    SEEN.append(x)\n",
        "from solution import SEEN\n\nsee(1)\nsee(2)\nassert SEEN == [1, 2]\nSEEN.clear()\nsee(3)\nassert SEEN == [3]\n",
    ),
    "objects in lists": (
        "class Node:\n    def __init__(self, x):\n        self.x, self.below = x, []\n\n"
        "    def total(self):\n        return self.x + sum(n.total() for n in self.below)\n",
        "top, leaf = Node(1), Node(2)\ntop.below.append(leaf)\ntop.below.append(Node(3))\n"
        "assert top.total() == 6 and top.below[0] is leaf\nleaf.below.append(Node(10))\nassert top.total() == 16\n",
    ),
    "a list given to two": (
        KEEPS,
        "mine = [1]\na, b = Bag(mine), Bag(mine)\nmine.append(2)\nassert (a.total(), b.total()) == (3, 3)\n",
    ),
    "a generator sees what changes": (
        "def each(items):\n    for x in items:\n        yield x\n",
        "mine = [1]\nsteps = each(mine)\nassert next(steps) == 1\nmine.append(2)\nassert list(steps) == [2]\n",
    ),
    "an attribute that was set": (
        GIVES_AWAY,
        "bag, mine = Bag(), [1]\nbag.items = mine\nmine.append(2)\nassert bag.total() == 3 and bag.items is mine\n",
    ),
}


async def judged(sandbox: Sandbox, solution: str, tests: str, **fields: Any) -> Verdict:
    given = {"id": "x", "language": "python", "style": "asserts", "solution": solution, "tests": tests}
    return await verdict_of(Item.model_validate({**given, **fields}), sandbox)


@pytest.mark.parametrize("name", TELLS_APART)
async def test_one_object_for_both_is_told_from_a_copy(name: str, sandbox: Sandbox) -> None:
    right, wrong, tests = TELLS_APART[name]

    assert (await judged(sandbox, right, tests)).verdict == "passed"
    assert (await judged(sandbox, wrong, tests)).verdict == "wrong_answer"


@pytest.mark.parametrize("name", HONEST)
async def test_what_python_passes_passes(name: str, sandbox: Sandbox) -> None:
    solution, tests = HONEST[name]
    found = await judged(sandbox, solution, tests)

    assert (found.verdict, found.failure) == ("passed", None)


@pytest.mark.parametrize("kind", KINDS)
async def test_every_kind_changes_on_both_sides(kind: str, sandbox: Sandbox) -> None:
    made, change, then = KINDS[kind]
    solution = f"{IMPORTS}\nx = {made}\n\n\ndef mine():\n    return x\n\n\ndef change():\n    {change}\n"
    ours = f"{IMPORTS}\nx = mine()\n{change}\nassert mine() == {then} == x and mine() is x\n"
    theirs = f"{IMPORTS}\nx = mine()\nchange()\nassert x == {then} == mine() and mine() is x\n"

    assert [(await judged(sandbox, solution, tests)).verdict for tests in (ours, theirs)] == ["passed"] * 2


async def test_an_argument_that_is_changed_after_the_call_is_up_to_the_contract(sandbox: Sandbox) -> None:
    tests = "mine = [1]\nbag = Bag(mine)\nbag.add(2)\nassert mine == {then} and bag.total() == 3\n"

    async def found(then: str, mutates: Any) -> tuple[str, tuple[str, ...]]:
        one = await judged(sandbox, KEEPS, tests.format(then=then), contract={"mutates": mutates})
        return one.verdict, one.reasons

    assert await found("[1]", None) == ("unverifiable", ("contract_mutates",))
    assert await found("[1, 2]", None) == ("unverifiable", ("contract_mutates",))
    assert (await found("[1, 2]", True))[0] == "passed"
    assert (await found("[1]", True))[0] == "wrong_answer"
    assert (await found("[1]", False))[0] == "passed"


SORTS = """
def some():
    return MADE


def in_order(x):
    x.sort()
    return x[:]


MADE = [3, 1, 2]
"""


async def test_whether_a_call_may_change_its_argument_is_up_to_the_contract_whosever_it_is(
    sandbox: Sandbox,
) -> None:
    tests = "mine = some()\nassert in_order(mine) == [1, 2, 3]\nassert mine == {then}\n"

    async def found(then: str, mutates: Any) -> str:
        one = await judged(sandbox, SORTS, tests.format(then=then), contract={"mutates": mutates})
        return str(one.verdict)

    assert await found("[3, 1, 2]", False) == await found("[1, 2, 3]", True) == "passed"
    assert await found("[1, 2, 3]", False) == await found("[3, 1, 2]", True) == "wrong_answer"
    assert await found("[3, 1, 2]", None) == await found("[1, 2, 3]", None) == "unverifiable"


FAILS = """
class Till:
    def __init__(self):
        self.seen = []

    def pay(self, coins):
        {first}
        if 3 in coins:
            raise ValueError("no such coin")
        coins.clear()

    def remember(self, coins):
        self.seen = coins
        raise KeyError(1)
"""


MAKES = """
def entry(d, k):
    return d.setdefault(k, [])


def two(a, b):
    n = [1]
    a.append(n)
    b.append(n)


def both(x):
    n = []
    x.append(n)
    return {"new": n, "x": x}
"""


@pytest.mark.parametrize(
    ("tests", "ends"),
    [
        ("d = {}\nv = entry(d, 1)\nv.append(2)\nassert d == {1: [2]} and v is d[1]\n", "passed"),
        ("d = {}\nv = entry(d, 1)\nv.append(2)\nassert d == {1: []}\n", "wrong_answer"),
        ("a, b = [], []\ntwo(a, b)\nassert a[0] is b[0]\na[0].append(2)\nassert b == [[1, 2]]\n", "passed"),
        ("x = []\nr = both(x)\nr['new'].append(1)\nassert x == [[1]] and r['x'] is x\n", "passed"),
    ],
    ids=["entry", "no-copy", "two", "both"],
)
async def test_what_is_new_in_an_argument_is_one_object_wherever_it_is(
    tests: str, ends: str, sandbox: Sandbox
) -> None:
    found = await judged(sandbox, MAKES, tests, contract={"mutates": True})

    assert found.verdict == ends, found.failure


async def test_what_a_call_changes_before_it_fails_is_changed(sandbox: Sandbox) -> None:
    whole, half = FAILS.format(first="pass"), FAILS.format(first="coins.remove(1)")
    tests = (
        "def test_a():\n    coins = [1, 3]\n    with pytest.raises(ValueError):\n        Till().pay(coins)\n"
        "    assert coins == [1, 3]\n\n\n"
        "def test_b():\n    till, coins = Till(), [5]\n    with pytest.raises(KeyError):\n        till.remember(coins)\n"
        "    coins.append(6)\n    assert till.seen == [5, 6]\n"
    )

    async def found(solution: str, mutates: bool | None) -> str:
        text = f"import pytest\nfrom solution import Till\n\n\n{tests}"
        one = await judged(sandbox, solution, text, style="pytest", contract={"mutates": mutates})
        return str(one.verdict)

    assert await found(whole, None) == await found(whole, True) == await found(half, False) == "passed"
    assert await found(half, True) == "wrong_answer"
    assert await found(half, None) == "unverifiable"


async def test_an_argument_that_is_made_to_hold_itself_needs_one_process(sandbox: Sandbox) -> None:
    solution = "def knot(x, fail):\n    x.append(x)\n    if fail:\n        raise ValueError(1)\n"
    tests = (
        "mine = [1]\ntry:\n    knot(mine, {fail})\nexcept ValueError:\n    pass\n"
        "assert mine[1] is mine and len(mine) == 2\n"
    )

    for fail in (True, False):
        found = await judged(sandbox, solution, tests.format(fail=fail), contract={"mutates": True})
        assert (found.verdict, found.reasons) == ("unverifiable", ("needs_shared",))


async def test_what_is_kept_is_compared_for_a_bounded_time(sandbox: Sandbox) -> None:
    """And when it is over, what has not changed since is as good as one object."""
    solution = "def each(items):\n    for x in items:\n        yield x\n"
    tests = "mine = list(range(12000))\nassert list(each(mine)) == mine\n"
    found = await judged(sandbox, solution, tests, limits={"cpu_s": 10})
    assert found.verdict == "passed"

    changed = await judged(
        sandbox, solution, tests + "steps = each(mine)\nmine.clear()\nassert list(steps) == []\n"
    )
    assert changed.verdict in ("passed", "unverifiable")


BUSY = """
class Ring:
    def __init__(self, n):
        self.items = list(range(n))

    def turn(self):
        self.items.append(self.items.pop(0))
"""


@pytest.mark.parametrize(("turns", "ends"), [(20, "passed"), (1300, "unverifiable")], ids=["few", "too-many"])
async def test_what_changes_unheard_needs_one_process(turns: int, ends: str, sandbox: Sandbox) -> None:
    tests = (
        f"ring = Ring(6000)\nheld = ring.items\nfor _ in range({turns}):\n    ring.turn()\n"
        "assert held is not None and len(ring.items) == 6000\n"
    )
    found = await judged(sandbox, BUSY, tests)

    assert (found.verdict, found.reasons) == (ends, () if ends == "passed" else ("needs_shared",))


async def test_a_list_that_comes_to_hold_itself_needs_one_process(sandbox: Sandbox) -> None:
    tests = "bag = Bag([1])\ngot = bag.items\ngot.append(got)\nassert len(bag.all()) == 2\n"

    found = await judged(sandbox, GIVES_AWAY, tests)
    shared = await judged(sandbox, GIVES_AWAY, tests, integrity="shared")

    assert (found.verdict, found.reasons) == ("unverifiable", ("needs_shared",))
    assert shared.verdict == "passed"


FORGED = """
import json
import os
import struct


def f(x):
    payload = json.dumps(["ok", ["&", ["l", [1]]], None, None, json.loads({news!r})]).encode()
    os.write(3, b"v" + struct.pack(">I", len(payload)) + payload)
    os._exit(0)
"""


@pytest.mark.parametrize(
    "news",
    [
        {"new": [[1, "a", 0]], "changed": [[1, ["l", [2]]]]},
        {"new": [[1, "r", 0]], "changed": [[1, ["l", [["~", 1]]]]]},
        {"new": [[1, "r", 0]], "changed": [[1, ["l", [["+", 2, ["l", []]], ["+", 2, ["l", []]]]]]]},
        {"new": [[1, "r", 5]]},
        {"changed": [[1, ["S", []]]], "gone": [1, 1, "x"]},
        {"new": "ab", "gone": 7},
    ],
    ids=lambda news: "-".join(news),
)
async def test_what_a_solution_makes_up_of_links_passes_nothing(news: Any, sandbox: Sandbox) -> None:
    tests = "expected, given = [7], [1]\nassert f(given) == expected\nassert f(given) == expected\n"
    found = await judged(sandbox, FORGED.format(news=json.dumps(news)), tests)

    assert (found.passed, found.verdict in ("wrong_answer", "runtime_error")) == (False, True)


async def test_what_is_changed_and_let_go_in_one_call_is_changed(sandbox: Sandbox) -> None:
    solution = """
class Stock:
    def __init__(self):
        self.items = {"x": {"left": 3}}

    def sell_out(self):
        self.items["x"]["left"] = 0
        del self.items["x"]
"""
    tests = """
from solution import Stock
stock = Stock()
x = stock.items["x"]
stock.sell_out()
assert (x, stock.items) == ({"left": 0}, {})
"""
    assert (await judged(sandbox, solution, tests)).verdict == "passed"


TAKES = """
KEPT = []


def take(x):
    KEPT.append({taken})


def push(v):
    KEPT[-1]{part}.append(v)
"""


@pytest.mark.parametrize(
    ("taken", "part", "given", "left"),
    [
        ("x.pop()", "", "[inner]", "[]"),
        ("x.pop('k')", "", "{'k': inner}", "{}"),
        ("[list(x), x.clear()][0]", "[0]", "[inner]", "[]"),
        ("x", "[1]", "(1, inner)", "(1, [1, 2])"),
        ("x[0]", "[0]", "[(inner,)]", "[([1, 2],)]"),
        ("x.pop()", "[0]", "[(inner,)]", "[]"),
    ],
)
async def test_what_is_taken_out_of_an_argument_is_kept(
    taken: str, part: str, given: str, left: str, sandbox: Sandbox
) -> None:
    tests = f"""
from solution import push, take
inner = [1]
given = {given}
take(given)
push(2)
assert (inner, given) == ([1, 2], {left})
"""
    found = await judged(sandbox, TAKES.format(taken=taken, part=part), tests, contract={"mutates": True})

    assert found.verdict == "passed"


async def test_an_argument_that_does_not_count_is_not_changed_by_way_of_another(sandbox: Sandbox) -> None:
    solution = """
import json
import os
import struct

payload = json.dumps(["ok", None, [["l", [["a", 1, ["l", [9]]]]], None], None]).encode()


def f(a, b):
    os.write(3, b"v" + struct.pack(">I", len(payload)) + payload)
    os._exit(0)
"""
    tests = "from solution import f\na, b = [1], [2]\nf(a, b)\nassert {claim}\n"

    async def found(claim: str) -> str:
        one = await judged(sandbox, solution, tests.format(claim=claim), contract={"mutates": ["a"]})
        return str(one.verdict)

    assert await found("b == [2] and a[0] is b") == "passed"
    assert await found("b == [9]") == "wrong_answer"


LIES = """
import json
import os
import struct

ENDS = ["ok", 1, None, None, {"spent": True, "gone": [5]}], REPLY


def f():
    for reply in ENDS:
        payload = json.dumps(reply).encode()
        os.write(3, b"v" + struct.pack(">I", len(payload)) + payload)
        os.read(3, 1 << 16)
    os._exit(0)
"""


@pytest.mark.parametrize(
    "reply",
    [
        '["exc", ["ValueError", "Exception"], "ValueError", "builtins", ["x"], "x", '
        '["h", 0, "obj", [], "x", "x", []], "", None, [], None]',
        '["ok", True, None, None]',
        '["ok", ["~", 3], None, None]',
        '["no", "x"]',
        '["ok"]',
    ],
    ids=["raises", "yes", "malformed", "no", "short"],
)
async def test_a_lie_at_the_end_passes_nothing(reply: str, sandbox: Sandbox) -> None:
    found = await judged(sandbox, LIES.replace("REPLY", reply), "assert f() == 1\n")

    assert (found.verdict, found.passed) == ("unverifiable", None), found


async def test_programs_at_random_end_as_in_one_process(sandbox: Sandbox) -> None:
    source = random.Random(2026)
    programs = [tests for _ in range(120) if (tests := aliasing.program(source)) is not None]
    assert len(programs) > 60

    for tests in programs:
        found = await judged(sandbox, aliasing.SOLUTION, tests, contract={"mutates": True})
        assert (found.verdict, found.failure) in [("passed", None), ("bad_tests", found.failure)], tests
        assert found.verdict == "passed" or found.reasons == ("vacuous",), tests
