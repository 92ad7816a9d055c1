"""A list, text or number of a class of the solution's own is what it is in one process: one of the builtin class, with what
its own class overrides. A wrong method of such a class never passes."""

from typing import Any

import pytest

from execfeedback.checks import checked_verdict
from execfeedback.protocols import Sandbox
from execfeedback.types import Item, Verdict

PASSED: tuple[str, tuple[str, ...]] = ("passed", ())


async def judged(sandbox: Sandbox, solution: str, tests: str, **fields: Any) -> Verdict:
    given = {"id": "x", "language": "python", "style": "asserts", "solution": solution}
    tests = f"from solution import *\n{tests}"
    return await checked_verdict(Item.model_validate({**given, "tests": tests, **fields}), sandbox)


def outcome(found: Verdict) -> tuple[str | None, tuple[str, ...]]:
    return found.verdict, found.reasons


HOLDING = """
def many(): return [make()]
class Box:
    def __init__(self): self.held = make()
"""


@pytest.mark.parametrize(
    ("made", "method", "test"),
    [
        ("list([1, 2])", "__iadd__(self, other): return self", "x += [3]\nassert x == [1, 2, 3]"),
        ("list([1, 2])", "__getitem__(self, n): return 9", "assert x[0] == 1"),
        ("list([1, 2])", "__len__(self): return 9", "assert len(x) == 2"),
        ("list([1, 2])", "__iter__(self): return iter([9])", "assert [y for y in x] == [1, 2]"),
        ("list([1, 2])", "__contains__(self, y): return False", "assert 1 in x"),
        ("list([1, 2])", "__eq__(self, other): return False", "assert x == [1, 2]"),
        ("list([1, 2])", "__repr__(self): return ''", "assert repr(x) == '[1, 2]'"),
        ("list([1, 2])", "__bool__(self): return False", "assert x"),
        ("list([1, 2])", "append(self, y): pass", "x.append(3)\nassert x == [1, 2, 3]"),
        ("list([1, 2])", "__setitem__(self, n, y): pass", "x[0] = 3\nassert x == [3, 2]"),
        ("dict(a=1)", "get(self, key): return 9", "assert x.get('a') == 1"),
        ("dict(a=1)", "keys(self): return []", "assert list(x.keys()) == ['a']"),
        ("dict(a=1)", "__missing__(self, key): return 9", "try:\n    x['b']\nexcept KeyError:\n    pass\nelse:\n    assert 0"),
        ("set([1])", "add(self, y): pass", "x.add(2)\nassert x == {1, 2}"),
        ("set([1])", "__or__(self, other): return set()", "assert x | {2} == {1, 2}"),
        ("tuple((1, 2))", "__getitem__(self, n): return 9", "assert x[0] == 1"),
        ("str('ab')", "upper(self): return ''", "assert x.upper() == 'AB'"),
        ("str('ab')", "__add__(self, other): return ''", "assert x + 'c' == 'abc'"),
        ("int(5)", "__str__(self): return ''", "assert str(x) == '5'"),
        ("int(5)", "__add__(self, other): return 0", "assert x + 1 == 6"),
        ("float(5)", "__bool__(self): return False", "assert x"),
        ("bytes(b'ab')", "decode(self): return ''", "assert x.decode() == 'ab'"),
        ("bytearray(b'a')", "append(self, y): pass", "x.append(98)\nassert x == b'ab'"),
        ("frozenset([1])", "__len__(self): return 9", "assert len(x) == 1"),
        ("collections.OrderedDict(a=1)", "popitem(self): return 1", "assert x.popitem() == ('a', 1)"),
    ],
)  # fmt: skip
async def test_a_wrong_method_does_not_pass(made: str, method: str, test: str, sandbox: Sandbox) -> None:
    base, arguments = made.split("(", 1)
    solution = f"import collections\nclass Own({base}):\n    def {method}\ndef make(): return Own({arguments}\n{HOLDING}"
    plain = f"import collections\ndef make(): return {made}\n{HOLDING}"
    for x in ("make()", "many()[0]", "Box().held"):
        tests = f"x = {x}\n{test}"
        assert not (await judged(sandbox, solution, tests)).passed
        assert outcome(await judged(sandbox, plain, tests)) == PASSED


OWN = """
import collections, enum


class Matrix(list):
    def __getitem__(self, at):
        return list.__getitem__(self, at[0])[at[1]] if isinstance(at, tuple) else list.__getitem__(self, at)

    def __repr__(self): return f"Matrix({list(self)})"

    def append(self, row): list.append(self, list(row))

    def width(self): return len(self[0])


class Low(dict):
    def __getitem__(self, key): return dict.__getitem__(self, key.lower())

    def __setitem__(self, key, value): dict.__setitem__(self, key.lower(), value)

    def put(self, key, value):
        self[key] = value
        return self


class Doubling(dict):
    def __missing__(self, key): return self.setdefault(key, 2 * key)


class Name(str):
    def upper(self): return str.upper(self) + "!"


class Money(int):
    def __str__(self): return f"${int(self)}"


class Pair(tuple):
    def __repr__(self): return "Pair(%d, %d)" % self

    left = property(lambda self: self[0])


class Recent(collections.OrderedDict):
    def __setitem__(self, key, value):
        super().__setitem__(key, value)
        if len(self) > 2: self.popitem(last=False)


class Row(list): pass


class Level(enum.IntEnum):
    LOW = 1
    HIGH = 2


def matrix(): return Matrix([[1, 2], [3, 4]])


def det(m): return m[0, 0] * m[1, 1] - m[0, 1] * m[1, 0]


def fill(m): m.append((5, 6))


def low(): return Low(a=1)


def doubling(): return Doubling()


def name(): return Name("ann")


def shout(names): return [n.upper() for n in names]


def money(): return Money(5)


def pair(): return Pair((1, 2))


def recent(): return Recent()


def row(): return Row([1])


def level(): return Level.HIGH
"""


@pytest.mark.parametrize(
    "tests",
    [
        "m = matrix()\nassert m[0, 1] == 2 and m[1][1] == 4 and len(m) == 2 and m == [[1, 2], [3, 4]] and m.width() == 2",
        "m = matrix()\nassert isinstance(m, list) and isinstance(m, Matrix) and repr(m) == 'Matrix([[1, 2], [3, 4]])'",
        "import json\nassert json.dumps(matrix()) == '[[1, 2], [3, 4]]' and [[0]] + matrix() == [[0], [1, 2], [3, 4]]",
        "m = matrix()\nassert det(m) == -2 and matrix() == m and m < [[2]] and m * 2 == [[1, 2], [3, 4]] * 2",
        "m = matrix()\nm.append((5, 6))\nfill(m)\nassert m[2:] == [[5, 6], [5, 6]] and len(m) == 4 and m.pop()",
        "x = low()\nx['B'] = 2\nassert x['A'] == 1 and x == {'a': 1, 'b': 2} and {**x} == dict(x) and isinstance(x, dict)",
        "x = Low()\nassert x.put('A', 1).put('b', 2) is x and x == {'a': 1, 'b': 2}",
        "x = doubling()\nassert x['a'] == 'aa' and x == {'a': 'aa'} and x.get('b') is None",
        "n = name()\nassert n.upper() == 'ANN!' and 'a' + n + 'b' == 'aannb' and '-'.join([n, n]) == 'ann-ann'",
        "n = name()\nassert {n: 1}['ann'] == 1 and isinstance(n, str) and n in 'joann' and shout([n, n]) == ['ANN!', 'ANN!']",
        "x = money()\nassert str(x) == '$5' and 1 + x == 6 and x * 2 == 10 and [0] * x == [0] * 5 and isinstance(x, int)",
        "p = pair()\na, b = p\nassert (a, b) == p == (1, 2) and p.left == 1 and repr(p) == 'Pair(1, 2)'",
        "x = recent()\nx['a'] = x['b'] = x['c'] = 1\nassert list(x) == ['b', 'c']",
        "x = row()\nx.append(2)\nassert x == [1, 2] and isinstance(x, list) and sum(x) == 3",
        "assert isinstance(level(), int) and level() + 1 == 3 and level() > Level.LOW and {2: 'x'}[level()] == 'x'",
        "m = n = Matrix([[1, 2]])\nm += [[3, 4]]\nassert m is n and n + [[5]] == [[1, 2], [3, 4], [5]] and isinstance(m, list)",
        "m = Matrix([[1, 2]])\nassert m.__class__ is Matrix and m.__class__([[3]]) == [[3]]",
        "assert Money(5) + 1 == 6 and isinstance(Money(5), int) and hash(Money(5)) == hash(5)",
    ],
)
async def test_such_a_value_is_one_of_its_builtin_class(tests: str, sandbox: Sandbox) -> None:
    assert outcome(await judged(sandbox, OWN, tests)) == PASSED


CHANGED_LATER = """
class Plain(list):
    def total(self): return sum(self)

class Loud(list):
    def append(self, x): super().append(x)

class Names(dict):
    def __missing__(self, key): return None

class Seen(set): pass

class Raw(bytearray): pass


class Box:
    def __init__(self):
        self.plain, self.loud, self.names, self.seen, self.raw = Plain(), Loud(), Names(), Seen(), Raw()
        self.rows = [Plain(), {"a": Loud()}]

    def add(self, x):
        for items in (self.plain, self.loud, *self.rows[:1], self.rows[1]["a"]):
            items.append(x)
        self.names[x] = [x]
        self.seen.add(x)
        self.raw.append(x)
        return self

    def fail(self, x):
        self.add(x)
        raise ValueError(x)

    def clear(self):
        for items in (self.plain, self.loud, self.names, self.seen, self.raw): items.clear()

    def each(self):
        for x in range(3):
            self.add(x)
            yield self.plain
"""
HELD = "b = Box()\nplain, loud, names, seen, raw, rows = b.plain, b.loud, b.names, b.seen, b.raw, b.rows\n"


@pytest.mark.parametrize(
    "tests",
    [
        "b.add(1)\nassert plain == loud == [1] and names == {1: [1]} and seen == {1} and raw == b'\\1' and plain.total() == 1",
        "b.add(1)\nassert len(plain) == 1 and [*loud] == [1] and 1 in names and rows[0] == [1] and rows[1]['a'][0] == 1",
        "try:\n    b.fail(2)\nexcept ValueError:\n    pass\nassert plain == loud == [2] and list(names) == [2]",
        "b.add(1).add(2).clear()\nassert not plain and not loud and not names and not seen and not raw and rows[0] == [1, 2]",
        "x = names\nb.add(1)\nnames[1].append(5)\nassert x[1] is b.names[1] and b.names == {1: [1, 5]} and plain is b.plain",
        "plain.append(3)\nloud.append(4)\nnames['a'] = 1\nseen.add(5)\nassert b.plain.total() == 3 and b.names == {'a': 1}",
        "plain += [1]\nloud += plain\nseen |= {7}\nassert b.plain == [1] and b.loud == [1] and b.seen == {7} == seen",
        "assert [list(x) for x in b.each()] == [[0], [0, 1], [0, 1, 2]] and [len(x) for x in Box().each()] == [1, 2, 3]",
        "mine = [0]\nmine += plain\nb.add(1)\nassert mine == [0] and mine + plain == [0, 1] and mine is not plain",
        "mine = [9]\nplain.append(mine)\nmine.append(8)\nassert b.plain == [[9, 8]] and b.plain[0] is mine",
    ],
)
async def test_what_the_solution_changes_later_is_changed_here(tests: str, sandbox: Sandbox) -> None:
    assert outcome(await judged(sandbox, CHANGED_LATER, HELD + tests)) == PASSED


@pytest.mark.parametrize("name", ["plain", "loud", "names", "seen", "raw"])
@pytest.mark.parametrize("kept", ["{0}", "list({0})", "bool({0})", "len({0})", "{0} != type({0})()"])
async def test_what_the_solution_loses_is_not_there(name: str, kept: str, sandbox: Sandbox) -> None:
    tests = f"b = Box().add(1)\nx = b.{name}\nassert x\nb.clear()\nassert {kept.format('x')}"
    assert (await judged(sandbox, CHANGED_LATER, tests)).verdict == "wrong_answer"


async def test_what_the_solution_does_not_hear_of_is_not_judged(sandbox: Sandbox) -> None:
    tests = "import heapq\nm = matrix()\nheapq.heapify(m)\nassert det(m) == -2\nheapq.heappush(m, [0, 0])\nassert det(m) == 0"
    assert outcome(await judged(sandbox, OWN, tests)) == ("unverifiable", ("needs_shared",))


@pytest.mark.parametrize(
    "tests", ["assert json.dumps([level()]) == '[2]'", "assert json.dumps(Matrix([1])) == '[1]'"]
)
async def test_what_only_a_real_one_can_is_not_judged(tests: str, sandbox: Sandbox) -> None:
    assert outcome(await judged(sandbox, OWN, f"import json\n{tests}")) == ("unverifiable", ("needs_shared",))
    shared = await judged(sandbox, OWN, f"import json\n{tests}", integrity="shared")
    assert outcome(shared) == PASSED


async def test_wrong_replies_are_made_of_such_values_too(sandbox: Sandbox) -> None:
    vacuous = await judged(sandbox, OWN, "assert len(matrix()) >= 0", checks=("vacuous",))
    telling = await judged(sandbox, OWN, "assert matrix() == [[1, 2], [3, 4]]", checks=("vacuous",))

    assert (outcome(vacuous), outcome(telling)) == (("bad_tests", ("vacuous",)), PASSED)


@pytest.mark.parametrize(
    "given",
    [
        "class Odd(list):\n    def __len__(self): return 9\nx = Odd([1])",
        "class Odd(dict):\n    def __missing__(self, key): return 9\nx = Odd()",
        "class Odd(dict):\n    __getattr__ = dict.__getitem__\nx = Odd(a=9)",
        "class Odd(str):\n    def twice(self): return self * 2\nx = Odd('a')",
        "class Odd(int): pass\nx = Odd(1)\nx.unit = 'm'",
    ],
)
async def test_a_value_that_the_tests_made_more_of_is_not_handed_over_as_less(
    given: str, sandbox: Sandbox
) -> None:
    solution = "def same(x): return x\ndef inner(x): return x[0]"
    for call in ("same(x)", "inner([x])"):
        tests = f"{given}\nassert {call} is not None"
        assert outcome(await judged(sandbox, solution, tests)) == ("unverifiable", ("needs_shared",))
        assert (await judged(sandbox, solution, tests, integrity="shared")).passed


@pytest.mark.parametrize(
    "given",
    [
        "class Own(list): pass\nx = Own([1])",
        'class Own(dict):\n    """Names."""\n    def __init__(self, **names): super().__init__(names)\nx = Own(a=1)',
        "import enum\nclass Own(enum.IntEnum):\n    ONE = 1\nx = Own.ONE",
        "import enum\nclass Own(str, enum.Enum):\n    A = 'a'\n    def __str__(self): return 'b'\nx = Own.A",
        "from typing import NamedTuple\nclass Own(NamedTuple):\n    a: int\n    def twice(self): return self.a * 2\nx = Own(1)",
        "import collections\nx = collections.OrderedDict(a=1)",
    ],
)
async def test_a_value_of_the_tests_class_that_is_no_more_than_its_builtin_one_crosses(
    given: str, sandbox: Sandbox
) -> None:
    assert outcome(await judged(sandbox, "def same(x): return x", f"{given}\nassert same(x) == x")) == PASSED
