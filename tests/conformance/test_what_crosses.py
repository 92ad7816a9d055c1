"""What passes between the tests and the solution means there what it would mean in one process, or the item says that it
cannot be judged. Each row: the solution, its tests, the verdict and its reasons."""

from typing import Any

import pytest

from execfeedback.checks import checked_verdict
from execfeedback.protocols import Sandbox
from execfeedback.types import Item, Verdict

PASSED: tuple[str, tuple[str, ...]] = ("passed", ())


async def judged(sandbox: Sandbox, solution: str, tests: str, **fields: Any) -> Verdict:
    style = "pytest" if "def test_" in tests else "asserts"
    given = {"id": "x", "language": "python", "style": style, "solution": solution, "tests": tests}
    return await checked_verdict(Item.model_validate({**given, **fields}), sandbox)


def outcome(found: Verdict) -> tuple[str, tuple[str, ...]]:
    return found.verdict, found.reasons


FAMILY = """
class Animal:
    def name(self): return "animal"
class Swims:
    pass
class Dog(Animal): pass
class Otter(Animal, Swims): pass
class ValueError(Exception): pass
class AnimalError(ValueError): pass
class DogError(AnimalError): pass
class Missing(KeyError, AttributeError): pass
class Tagged(Swims, AnimalError): pass
class Caller:
    def __call__(self): return 1
def fail(n): raise [DogError, Missing, Tagged][n]("x")
"""


@pytest.mark.parametrize(
    "tests",
    [
        "assert Dog().name() == 'animal'\nassert isinstance(Dog(), Animal) and not isinstance(Dog(), Swims)",
        "assert Otter().name() == 'animal'\nassert isinstance(Otter(), Swims) and isinstance(Otter(), Animal)",
        "assert Otter().name() == 'animal'\nassert issubclass(Otter, Swims) and not issubclass(Dog, Swims)",
        "assert Caller()() == 1\nassert type(Caller()) is Caller and not callable(Dog())",
        """
import pytest
import solution
def test_errors_are_caught_by_their_bases_whichever_came_first():
    assert solution.Dog().name() == "animal"
    for n, bases in enumerate([("DogError", "AnimalError", "ValueError"), (), ("AnimalError",)]):
        for base in bases:
            with pytest.raises(getattr(solution, base)):
                solution.fail(n)
    for base in (KeyError, AttributeError, LookupError):
        with pytest.raises(base):
            solution.fail(1)
    assert not issubclass(solution.DogError, ValueError)
""",
    ],
)
async def test_classes_have_their_bases(tests: str, sandbox: Sandbox) -> None:
    assert outcome(await judged(sandbox, FAMILY, tests)) == PASSED


HOLDER = """
from concurrent.futures import ThreadPoolExecutor
import functools, inspect
def parallel(f, xs):
    with ThreadPoolExecutor(4) as pool:
        return list(pool.map(f, xs))
def nested(f, g):
    return parallel(lambda n: f(n) + sum(parallel(g, [n, n])), range(8))
def unique(xs):
    out = []
    for x in xs:
        if x not in out: out.append(x)
    return out
def count(xs):
    seen = {}
    for x in xs: seen[x] = seen.get(x, 0) + 1
    return sorted(seen.values())
def cyclic(head):
    slow = fast = head
    while fast and fast.next:
        slow, fast = slow.next, fast.next.next
        if slow is fast: return True
    return False
def ordered(xs): return sorted(xs)
def same(a, b): return a == b
def text(x): return str(x)
def save(store, x): return store.save(x)
def cheat(x):
    x.valid = lambda: True
    return 1
def forget(store):
    try: store.save.reset_mock()
    except AttributeError: return "hidden"
def write(file, x): file.write(x); return len(x)
def known(x, cls): return isinstance(x, cls)
def named(f): return functools.wraps(f)(lambda *a: f(*a))
def takes(f): return len(inspect.signature(f).parameters)
def safe(f, kind):
    try: return f()
    except kind as error: return list(error.args)
def execute(base): return base.execute("select 1")
class Emitter:
    def __init__(self): self.handlers = []
    def on(self, f): self.handlers.append(f)
    def off(self, f): self.handlers.remove(f)
    def emit(self, x): return [f(x) for f in self.handlers]
"""
OURS = """
from dataclasses import dataclass
class Node:
    def __init__(self): self.next = None
class Acc:
    def valid(self): return False
@dataclass(order=True, unsafe_hash=True)
class Value:
    n: int
    def __str__(self): return f"<{self.n}>"
class Handler:
    def take(self, x): return x
class Mine(Exception):
    pass
def fail(error): raise error
def chain(n, back):
    nodes = [Node() for _ in range(n)]
    for a, b in zip(nodes, nodes[1:]): a.next = b
    nodes[-1].next = nodes[0] if back else None
    return nodes[0]
"""


@pytest.mark.parametrize(
    "assertion",
    [
        "assert parallel(lambda x: x * x, list(range(40))) == [x * x for x in range(40)]",
        "assert nested(lambda x: x, lambda x: sum(parallel(abs, [x]))) == [3 * x for x in range(8)]",
        "a, b = Node(), Node()\nassert len(unique([a, b, a])) == 2 and count([a, b, a]) == [1, 2]",
        "assert len(unique([Value(1), Value(1)])) == 1 and count([Value(1), Value(2), Value(1)]) == [1, 2]",
        "assert cyclic(chain(5, True)) is True and cyclic(chain(5, False)) is False",
        "assert [v.n for v in ordered([Value(3), Value(1), Value(2)])] == [1, 2, 3]",
        "assert same(Value(1), Value(1)) and not same(Value(1), Value(2)) and not same(Node(), Node())",
        "assert text(Value(3)) == '<3>'",
        "e, h = Emitter(), Handler()\ne.on(h.take); e.on(text)\ne.off(h.take)\nassert e.emit(3) == ['3']",
        "from unittest.mock import Mock\nm = Mock()\nm.save.return_value = 7\nassert save(m, 3) == 7\n"
        "m.save.assert_called_once_with(3)",
        "from unittest.mock import MagicMock\nm = MagicMock()\nassert forget(m) == 'hidden' and save(m, 1) is m.save()",
        "import io\nf = io.StringIO()\nassert write(f, 'ab') == 2\nassert f.getvalue() == 'ab'",
        "from types import SimpleNamespace\nassert save(SimpleNamespace(save=lambda x: x + 1), 1) == 2",
        "assert known(Value(1), Value) and not known(Value(1), Node) and known(Value(1), (Node, Value))",
        "assert named(chain).__name__ == 'chain' and takes(chain) == 2 and takes(lambda: 1) == 0",
        "assert safe(lambda: fail(KeyError('k')), KeyError) == ['k']",
        "assert safe(lambda: fail(Mine(1, [2])), (ValueError, Mine)) == [1, [2]]",
        "import queue\nassert safe(lambda: fail(queue.Empty()), queue.Empty) == []",
        "error = Mine(5)\ntry:\n    safe(lambda: fail(error), ValueError)\nexcept Mine as got:\n    assert got is error\n"
        "assert text(1) == '1'",
    ],
)
async def test_objects_of_the_tests_are_themselves(assertion: str, sandbox: Sandbox) -> None:
    assert outcome(await judged(sandbox, HOLDER, OURS + assertion)) == PASSED


@pytest.mark.parametrize(
    ("assertion", "expected"),
    [
        ("x = Acc()\nassert cheat(x) == 1\nassert x.valid()", ("unverifiable", ("needs_shared",))),
        (
            "from unittest.mock import Mock\nx = Mock(valid=lambda: False)\nassert cheat(x) == 1\nassert x.valid()",
            ("unverifiable", ("needs_shared",)),
        ),
        (
            "import sqlite3\nassert execute(sqlite3.connect(':memory:')) is None",
            ("unverifiable", ("needs_shared",)),
        ),
        ("safe(lambda: fail(Mine(5)), ValueError)\nassert text(1) == '1'", ("runtime_error", ("exception",))),
    ],
)
async def test_the_solution_does_not_judge_by_the_tests_objects(
    assertion: str, expected: tuple[str, tuple[str, ...]], sandbox: Sandbox
) -> None:
    assert outcome(await judged(sandbox, HOLDER, OURS + assertion)) == expected


CONTAINERS = """
import re
class Items:
    def __init__(self, *xs): self.xs = list(xs)
    def __iter__(self): return iter(self.xs)
class Honest(Items):
    def __contains__(self, x): return x in self.xs
class Lying(Items):
    def __contains__(self, x): return True
class Learning(Items):
    def __contains__(self, x):
        self.xs.append(x)
        return True
class Endless:
    def __iter__(self):
        n = 0
        while True: yield (n := n + 2)
    def __contains__(self, x): return x % 2 == 0
class Row(list): pass
class Down:
    def __init__(self, n): self.n = n
    def __iter__(self): return self
    def __next__(self):
        if self.n == 0: raise StopIteration
        self.n -= 1
        return self.n
class Trie:
    def startswith(self, x): return True
class Text:
    def startswith(self, x): return True
    def isdigit(self): return True
    def count(self): return 3
AnyError = Exception
def first(n): return Text() if n else "first"
def trie(): return Trie()
def pattern(): return re.compile("a+")
def stop(x):
    if x > 1: raise StopIteration
    return x
def stopping():
    yield 1
def one(): return 1
"""


@pytest.mark.parametrize(
    ("tests", "expected"),
    [
        ("assert 1 in Honest(1, 2) and 3 not in Honest(1, 2)", PASSED),
        ("assert 1 in Items(1, 2) and 3 not in Items(1, 2)", PASSED),
        ("assert 1 in Lying(1, 2) and one() == 1", PASSED),
        ("assert 3 in Lying(1, 2) and one() == 1", "contract_classes"),
        ("assert 3 not in Lying(1, 2) and one() == 1", "contract_classes"),
        ("assert 3 in Learning(1, 2) and one() == 1", "contract_classes"),
        ("assert 3 in Endless() and one() == 1", "contract_classes"),
        ("assert 1 in Row([1, 2]) and 3 not in Row([1, 2])", PASSED),
        ("d = Down(3)\nassert iter(d) is d and list(d) == [2, 1, 0]", PASSED),
        ("try:\n    assert one() == 2\nexcept AnyError:\n    pass\nassert one() == 1", "contract_classes"),
        ("assert first(0).startswith('f') and first(1).count() == 3", PASSED),
        ("assert first(1).startswith('f') and one() == 1", "contract_classes"),
        ("assert first(1).isdigit() and one() == 1", "contract_classes"),
        ("t = Trie()\nassert t.startswith('a') and trie().startswith('a') and one() == 1", PASSED),
        ("assert pattern().match('aa').group() == 'aa'", PASSED),
        ("assert stop(1) == 1 and all(map(lambda x: stop(x) == x, [2, 3]))", "needs_shared"),
        (
            "assert stop(1) == 1\nfor x, y in zip(map(stop, [2, 3]), [2, 3]):\n    assert x == y",
            "needs_shared",
        ),
        ("assert stop(1) == 1\ntry:\n    stop(2)\nexcept StopIteration:\n    pass", PASSED),
        ("assert [*map(list, [stopping(), Down(1)])] == [[1], [0]] and next(Down(0), None) is None", PASSED),
        (
            "import pytest\nfrom solution import *\ndef test_a():\n    assert stop(1) == 1\n"
            "    with pytest.raises(StopIteration) as found:\n        stop(2)\n    del found\n"
            "    with pytest.raises(StopIteration):\n        next(Down(0))",
            "contract_classes",
        ),
        (
            "import pytest\nfrom solution import stop, Down\ndef test_a():\n    assert stop(1) == 1\n"
            "    with pytest.raises(StopIteration) as found:\n        stop(2)\n    del found\n"
            "    with pytest.raises(StopIteration):\n        next(Down(0))",
            PASSED,
        ),
    ],
)
async def test_nothing_of_the_solution_decides_an_assertion(
    tests: str, expected: Any, sandbox: Sandbox
) -> None:
    wanted = ("unverifiable", (expected,)) if isinstance(expected, str) else expected
    handled = "except StopIteration" in tests or "raises(StopIteration) as" in tests
    found = await judged(sandbox, CONTAINERS, tests)
    if handled and wanted == PASSED and found.language_version.startswith("3.11."):
        # this Python does not say whether an exception was handled
        wanted = ("unverifiable", ("needs_shared",))
    assert outcome(found) == wanted


CHANGING = """
def rotate(q):
    q.rotate(1)
    return q[0]
def tally(c):
    c["a"] += 1
    return c["a"]
def reorder(d):
    d.move_to_end("a")
    return list(d)
def push(pair, x):
    pair[0].append(x)
    return len(pair[0])
def call(fs): return [f(1) for f in fs]
"""
PLACES = "from collections import Counter, OrderedDict, defaultdict, deque, namedtuple\nPair = namedtuple('Pair', 'xs n')\n"


@pytest.mark.parametrize(
    ("made", "called", "kept", "changed"),
    [
        ("deque([1, 2, 3])", "rotate(x) == 3", "deque([1, 2, 3])", "deque([3, 1, 2])"),
        ("Counter('a')", "tally(x) == 2", "Counter('a')", "Counter('aa')"),
        ("defaultdict(int, a=1)", "tally(x) == 2", "{'a': 1}", "{'a': 2}"),
        (
            "OrderedDict(a=1, b=2)",
            "reorder(x) == ['b', 'a']",
            "OrderedDict(a=1, b=2)",
            "OrderedDict(b=2, a=1)",
        ),
        ("([], 1)", "push(x, 5) == 1", "([], 1)", "([5], 1)"),
        ("Pair([], 1)", "push(x, 5) == 1", "([], 1)", "([5], 1)"),
    ],
)
async def test_changes_of_every_kind_of_argument_are_seen(
    made: str, called: str, kept: str, changed: str, sandbox: Sandbox
) -> None:
    def tests(after: str) -> str:
        return f"{PLACES}x = {made}\nassert {called}\nassert x == {after}\n"

    undecided = await judged(sandbox, CHANGING, tests(kept))
    declared = await judged(sandbox, CHANGING, tests(changed), contract={"mutates": True})
    never = await judged(sandbox, CHANGING, tests(kept), contract={"mutates": False})

    assert outcome(undecided) == ("unverifiable", ("contract_mutates",))
    assert (outcome(declared), outcome(never)) == (PASSED, PASSED)


SHARING = """
def grid(n): return [[0] * n] * n
def apart(n): return [[0] * n for _ in range(n)]
def groups(keys): return dict.fromkeys(keys, [])
def one(): return 1
"""


@pytest.mark.parametrize(
    ("tests", "verdict"),
    [
        ("g = grid(2)\ng[0][0] = 1\nassert g == [[1, 0], [0, 0]]", "wrong_answer"),
        ("g = apart(2)\ng[0][0] = 1\nassert g == [[1, 0], [0, 0]]", "passed"),
        (
            "assert grid(2) == [[0, 0], [0, 0]] and grid(2)[0] is grid(2)[1] or grid(3)[0] == [0] * 3",
            "passed",
        ),
        ("g = groups('ab')\ng['a'].append(1)\nassert g == {'a': [1], 'b': []}", "wrong_answer"),
        ("g = groups('ab')\nassert g['a'] is g['b'] and one() == 1", "passed"),
    ],
)
async def test_what_a_result_holds_twice_is_one_object(tests: str, verdict: str, sandbox: Sandbox) -> None:
    assert (await judged(sandbox, SHARING, tests)).verdict == verdict


async def test_a_result_that_holds_something_twice_is_changed_like_others(sandbox: Sandbox) -> None:
    fields: dict[str, Any] = {"solution": SHARING, "checks": ("vacuous",)}
    vacuous = await judged(sandbox, tests="assert len(grid(2)) >= 0", **fields)
    telling = await judged(sandbox, tests="assert grid(2) == [[0, 0], [0, 0]]", **fields)

    assert (outcome(vacuous), outcome(telling)) == (("bad_tests", ("vacuous",)), PASSED)


LEAVING = """
import subprocess, sys
class Stop(Exception): pass
class Guard:
    def __enter__(self):
        self.seen = None
        return self
    def __exit__(self, kind, error, trace):
        self.seen = (kind.__name__, *error.args) if kind else "nothing"
        return kind is not None and issubclass(kind, (Stop, KeyError))
class Room:
    def __init__(self): self.log = []
    async def __aenter__(self):
        self.log.append("in")
        return self
    async def __aexit__(self, kind, error, trace):
        self.log.append(kind and kind.__name__)
        return True
class Count:
    def __init__(self, n): self.n = n
    def __aiter__(self): return self
    async def __anext__(self):
        if not self.n: raise StopAsyncIteration
        self.n -= 1
        return self.n
class Coded(Exception):
    def __init__(self, code): self.code = code
def leave(n): sys.exit(n)
def read(path): return open(path).read()
def ask(n): raise subprocess.CalledProcessError(n, "x")
def coded(n): raise Coded(n)
def giving():
    yield 1
    return 7
"""


@pytest.mark.parametrize(
    "tests",
    [
        "g = Guard()\nwith g:\n    raise Stop('x', 1)\nassert g.seen == ('Stop', 'x', 1)",
        "g = Guard()\nwith g:\n    raise KeyError('k')\nassert g.seen == ('KeyError', 'k')",
        "g = Guard()\nwith g:\n    pass\nassert g.seen == 'nothing'",
        "import asyncio\nr = Room()\nasync def main():\n    async with r as same:\n        assert same is r\n"
        "        raise ValueError\nasyncio.run(main())\nassert r.log == ['in', 'ValueError']",
        "import asyncio\nasync def main(): return [x async for x in Count(3)]\nassert asyncio.run(main()) == [2, 1, 0]",
        "try:\n    leave(2)\nexcept SystemExit as error:\n    assert error.code == 2",
        "try:\n    read('nowhere')\nexcept OSError as error:\n    assert (error.errno, error.filename) == (2, 'nowhere')",
        "try:\n    ask(3)\nexcept Exception as error:\n    assert (error.returncode, error.cmd) == (3, 'x')",
        "try:\n    coded(3)\nexcept Coded as error:\n    assert error.code == 3",
        "it = giving()\nassert next(it) == 1\ntry:\n    next(it)\nexcept StopIteration as end:\n    assert end.value == 7",
    ],
)
async def test_contexts_and_exceptions_tell_what_they_know(tests: str, sandbox: Sandbox) -> None:
    tests += "\nassert isinstance(Guard(), Guard) and list(giving()) == [1]"
    assert outcome(await judged(sandbox, LEAVING, tests)) == PASSED


COUNTED = """
import functools


def counted(f):
    @functools.wraps(f)
    def wrapper(*args):
        wrapper.calls += 1
        wrapper.seen.append(args)
        return f(*args)

    wrapper.calls, wrapper.seen = 0, []
    return wrapper


@counted
def double(x):
    "Twice."
    return 2 * x


def change(x):
    x.append(1)


change.plain = True
"""


@pytest.mark.parametrize(
    "tests",
    [
        "assert double(2) == 4 and double.calls == 1\nassert double(3) == 6 and double.calls == 2",
        "double(1)\nassert double.seen == [(1,)]\ndouble.calls = 10\ndouble(1)\nassert double.calls == 11",
        "assert (double.__name__, double.__doc__, callable(double)) == ('double', 'Twice.', True)\nassert double(1) == 2",
        "assert list(map(double, [1, 2])) == [2, 4] and double.calls == 2\nassert not hasattr(double, 'other')",
        "assert counted(lambda x: x + 1)(1) == 2\nagain = counted(double)\n"
        "assert again(1) == 2 and again.calls == double.calls == 1",
    ],
)
async def test_attributes_of_functions_are_the_solutions(tests: str, sandbox: Sandbox) -> None:
    assert (
        outcome(await judged(sandbox, COUNTED, f"from solution import counted, double\n{tests}\n")) == PASSED
    )


async def test_a_function_with_attributes_has_named_parameters_as_any(sandbox: Sandbox) -> None:
    tests = "from solution import change\nmine = []\nassert change(mine) is None and mine == [1]\n"

    for mutates, ends in ((["x"], "passed"), (["y"], "wrong_answer")):
        found = await judged(sandbox, COUNTED, tests, contract={"mutates": mutates})
        assert found.verdict == ends


async def test_an_exception_that_takes_other_arguments_than_it_hands_on_is_of_its_class(
    sandbox: Sandbox,
) -> None:
    solution = """
class TooLittle(Exception):
    def __init__(self, need, *, have):
        super().__init__(f"need {need}, have {have}")
        self.need = need


def pay():
    raise TooLittle(3, have=1)
"""
    tests = """
from solution import TooLittle, pay
try:
    pay()
except TooLittle as error:
    assert (str(error), error.need, error.args) == ("need 3, have 1", 3, ("need 3, have 1",))
else:
    assert pay() == 0
"""
    assert outcome(await judged(sandbox, solution, tests)) == PASSED


async def test_a_magic_mock_is_called_with_keywords(sandbox: Sandbox) -> None:
    tests = """
from unittest.mock import MagicMock
from solution import greet
mailer = MagicMock()
assert greet(mailer) == 1
mailer.send.assert_called_once_with("a", subject="hi")
"""
    solution = "def greet(mailer):\n    mailer.send('a', subject='hi')\n    return 1\n"
    assert outcome(await judged(sandbox, solution, tests)) == PASSED


COLOURS = """
from enum import Enum


class Colour(Enum):
    RED = 1
    BLUE = 2


def name_of(colour):
    return {Colour.RED: "r", Colour.BLUE: "b"}[colour]


def counts(colours):
    return {c: colours.count(c) for c in Colour}
"""


async def test_members_of_an_enumeration_are_keys(sandbox: Sandbox) -> None:
    tests = (
        "from solution import Colour, counts, name_of\n"
        "names = {Colour.RED: 'r', Colour.BLUE: 'b'}\n"
        "assert all(name_of(c) == names[c] for c in Colour)\nassert Colour.RED in {Colour.RED}\n"
        "assert counts([Colour.RED, Colour.RED]) == {Colour.RED: 2, Colour.BLUE: 0}\n"
    )

    assert outcome(await judged(sandbox, COLOURS, tests)) == PASSED
    wrong = COLOURS.replace("colours.count(c)", "len(colours)")
    assert outcome(await judged(sandbox, wrong, tests))[0] == "wrong_answer"


MOODY = """
class Key:
    def __init__(self):
        self.asked = 0
    def __hash__(self):
        self.asked += 1
        if self.asked > 1:
            raise ValueError("asked again")
        return 7
def count(keys):
    return len(keys)
"""


async def test_what_goes_wrong_before_the_solution_is_called_is_not_its_answer(sandbox: Sandbox) -> None:
    """In one process the set is made once; here it is made again on the other side, and asks the solution's objects again."""
    item: dict[str, Any] = {
        "tests": "keys = {Key()}\nassert count(keys) == 1\n",
        "contract": {"classes": ("Key",)},
    }
    assert outcome(await judged(sandbox, MOODY, **item)) == ("unverifiable", ("needs_shared",))
    assert outcome(await judged(sandbox, MOODY, **item, integrity="shared")) == PASSED
