"""Objects, classes and threads of the solution behave in the tests as in one process: a right program passes, and one
that is wrong in what the tests look at does not."""

from typing import Any

import pytest

from execfeedback.protocols import Sandbox
from execfeedback.types import Item, Verdict
from execfeedback.verdicts import verdict_of

PASSED: tuple[str, tuple[str, ...]] = ("passed", ())


async def judged(sandbox: Sandbox, solution: str, tests: str, *classes: str) -> Verdict:
    given: dict[str, Any] = {"id": "x", "language": "python", "style": "asserts", "solution": solution}
    contract = {"classes": list(classes), "mutates": True}
    tests = "from solution import *\n" + tests
    return await verdict_of(Item.model_validate({**given, "tests": tests, "contract": contract}), sandbox)


def outcome(found: Verdict) -> tuple[str | None, tuple[str, ...]]:
    return found.verdict, found.reasons


BAG = """
class Bag:
    def __init__(self, xs=()):
        self.xs = list(xs)

    def __add__(self, other): return Bag(self.xs + other.xs)

    def __iadd__(self, other):
        self.xs.extend(other.xs)
        return self

    def __sub__(self, x): return Bag([y for y in self.xs if y != x])

    def __lshift__(self, x):
        self.xs.append(x)
        return self

    def __rshift__(self, n): return self.xs[-n:]
"""


@pytest.mark.parametrize(
    ("tests", "right", "wrong"),
    [
        ("a = b = Bag([1])\na += Bag([2])\nassert a is b and b.xs == [1, 2]", "other.xs)\n        return", "other.xs)"),
        ("a = Bag([1])\na += Bag([2])\nassert a.xs == [1, 2]", "self.xs.extend(other.xs)", "pass"),
        ("a = b = Bag([1, 2])\na -= 1\nassert a.xs == [2] and b.xs == [1, 2]", "y != x", "y == x"),
        ("a = Bag()\na << 1 << 2\nassert a.xs == [1, 2]", "append(x)\n        return self", "append(x)"),
        ("assert Bag([1, 2]) >> 1 == [2]", "[-n:]", "[:n]"),
    ],
)  # fmt: skip
async def test_operators_in_place_and_shifts(tests: str, right: str, wrong: str, sandbox: Sandbox) -> None:
    assert right in BAG
    assert outcome(await judged(sandbox, BAG, tests, "Bag")) == PASSED
    assert (await judged(sandbox, BAG.replace(right, wrong), tests, "Bag")).passed is False
    if "assert a " not in tests:
        assert outcome(await judged(sandbox, BAG, tests))[1] == ("contract_classes",)


COPIED = """
import copy


class Plain:
    def __init__(self):
        self.items, self.n = [[1]], 0


class Doc:
    def __init__(self, copies=0):
        self.copies = copies

    def __copy__(self): return Doc(self.copies + 1)

    def __deepcopy__(self, memo): return Doc(self.copies + 2)
"""


@pytest.mark.parametrize(
    ("tests", "right", "wrong"),
    [
        (
            "p = Plain()\nq, r = copy.copy(p), copy.deepcopy(p)\nq.n = r.n = 5\nr.items.append(2)\n"
            "assert p.n == 0 and p.items == [[1]] and q.items is p.items and type(q) is type(r) is Plain",
            "[[1]]",
            "[[2]]",
        ),
        ("p = [Plain()]\nq = copy.deepcopy(p)\nq[0].n = 5\nassert p[0].n == 0", "[[1]], 0", "[[1]], 1"),
        ("d = Doc()\nassert copy.copy(d).copies == 1 and copy.copy(d) is not d", "self.copies + 1", "self.copies"),
        (
            "import pickle\np = Plain()\ndata = pickle.dumps(p)\np.n = 3\n"
            "q, r = pickle.loads(data), pickle.loads(data)\nq.n = 5\nassert (p.n, q.n, r.n) == (3, 5, 0) and type(q) is Plain",
            "[[1]], 0",
            "[[1]], 1",
        ),
        ("assert copy.deepcopy({'d': Doc()})['d'].copies == 2", "self.copies + 2", "self.copies"),
    ],
)  # fmt: skip
async def test_a_copy_of_an_object_is_another_object(
    tests: str, right: str, wrong: str, sandbox: Sandbox
) -> None:
    assert right in COPIED
    assert outcome(await judged(sandbox, COPIED, "import copy\n" + tests)) == PASSED
    assert (await judged(sandbox, COPIED.replace(right, wrong), "import copy\n" + tests)).passed is False


CLASSES = '''
from dataclasses import dataclass, field
from enum import Enum


@dataclass
class Place:
    """Where."""

    city: str
    code: str = "0"
    tags: list = field(default_factory=list)


@dataclass
class User:
    place: Place


class Slotted:
    __slots__ = ("x", "y")

    def __init__(self): self.x = 1


class Plain:
    def __init__(self): self.y = 2

    def __len__(self): return 0


class Colour(Enum):
    RED = 1


class Told:
    "Told."

    def __init__(self, x):
        "Makes."
        self.x = x

    def go(self): "Goes."

    @property
    def half(self):
        "Half."
        return self.x // 2


def place(): return Place("x")


def steps(n): return iter(range(n))


def kind(x): return type(x).__name__


def one_kind(a, b): return type(a) is type(b)


def text(f): return f.__doc__


def get(key, default=None): return default


def check(x):
    if not hasattr(x, "speak"):
        raise TypeError(f"{type(x).__name__} cannot speak")
'''


@pytest.mark.parametrize(
    ("tests", "right", "wrong"),
    [
        (
            "from dataclasses import asdict\n"
            "assert asdict(User(place())) == {'place': {'city': 'x', 'code': '0', 'tags': []}}",
            '"0"',
            '"1"',
        ),
        ("from dataclasses import is_dataclass as known\nassert known(place()) and known(Place)", "@dataclass", ""),
        ("from dataclasses import fields\nassert fields(place())[1].name == 'code'", "code", "c"),
        (
            "from dataclasses import replace\np = place()\nq = replace(p, code='1')\n"
            "assert (p.code, q.code, q.city) == ('0', '1', 'x') and type(q) is Place",
            '"x"',
            '"y"',
        ),
        (
            "match place():\n    case Place(c, z):\n        assert (c, z) == ('x', '0')\n    case _:\n        assert 0",
            '"0"',
            '"1"',
        ),
        ("p = Plain()\nassert vars(p) == {'y': 2}\np.__dict__['k'] = 1\nassert p.k == 1", "self.y", "self.z"),
        ("s = Slotted()\nassert s.x == 1 and not hasattr(s, '__dict__')", '    __slots__ = ("x", "y")', ""),
        ("assert Slotted.__slots__ == ('x', 'y') and Slotted().x == 1", '("x", "y")', '("x", "z")'),
        ("assert Place.__doc__ == 'Where.' and place().city == 'x'", "Where.", "Here."),
        ("assert list(Place.__annotations__)[1] == 'code' and place().city == 'x'", "code", "kode"),
        ("assert list(Colour.__members__) == ['RED'] and place().city == 'x'", "RED", "BLUE"),
        ("assert type(place())(1) == Place(1)", "@dataclass\nclass Place", "@dataclass(eq=False)\nclass Place"),
        ("p = Plain()\nassert hasattr(p, '__len__') and not hasattr(p, '__iter__') and p.y == 2", "__len__", "length"),
        ("s = steps(2)\nassert iter(s) is s and list(s) == [0, 1]", "iter(range(n))", "range(n)"),
        ("assert Told.__init__.__doc__ == 'Makes.' and Told(2).x == 2", "Makes.", "Builds."),
        ("assert Told.go.__doc__ == 'Goes.' == Told(2).go.__doc__ and Told(2).x == 2", "Goes.", "Stays."),
        ("assert Told.half.__doc__ == 'Half.' and Told(2).half == 1 and Told(2).__doc__ == 'Told.'", "Half.", "Part."),
        ("t = Told(2)\nt.__init__(3)\nassert t.x == 3 and t.go.__name__ == 'go'", "self.x = x", "self.x = 2"),
        ("class Cat: pass\nassert kind(Cat()) == 'Cat'", "type(x)", "type(kind)"),
        ("class A: pass\nclass B: pass\nassert one_kind(A(), A()) and not one_kind(A(), B())", " is ", " is not "),
        ("def f(): 'Says.'\nassert text(f) == 'Says.'", "f.__doc__", "f.__name__"),
        ("o = object()\nassert get('k', o) is o", "return default", "return object()"),
    ],
)  # fmt: skip
async def test_what_classes_and_objects_say_of_themselves(
    tests: str, right: str, wrong: str, sandbox: Sandbox
) -> None:
    assert right in CLASSES
    assert outcome(await judged(sandbox, CLASSES, tests, "Place", "User")) == PASSED
    assert (await judged(sandbox, CLASSES.replace(right, wrong), tests, "Place", "User")).passed is False


async def test_objects_of_the_tests_are_called_by_their_class(sandbox: Sandbox) -> None:
    tests = "class Rock: pass\ntry:\n    check(Rock())\n"
    tests += "except TypeError as e:\n    assert str(e) == 'Rock cannot speak'\n"
    tests += "else:\n    assert False\nassert kind(1) == 'int'\n"
    assert outcome(await judged(sandbox, CLASSES, tests)) == PASSED


TUPLES = """
from collections import namedtuple
from typing import NamedTuple
from urllib.parse import urlparse


class Person(NamedTuple):
    name: str
    age: int = 3

    @property
    def label(self): return f"{self.name}-{self.age}"

    def older(self, n=1): return self._replace(age=self.age + n)

    def __str__(self): return f"<{self.name}>"

    def __add__(self, n): return self.older(n)


class Three(namedtuple("Three", "a b c")):
    __slots__ = ()

    def total(self): return sum(self)


Pair = namedtuple("Pair", "left right")


def swapped(p): return Pair(p.right, p.left)


def people(): return [Person("a"), Person("b", 1)]


def label_of(person): return person.label


def host(url): return urlparse(url)
"""


@pytest.mark.parametrize(
    ("tests", "right", "wrong"),
    [
        ("assert Person('z').label == 'z-3' == label_of(Person('z'))", "-{self.age}", "+{self.age}"),
        ("p = Person('z')\nassert p.older().older(2)._replace(name='b').label == 'b-6'", "age + n", "age - n"),
        ("assert str(Person('z')) == '<z>' and repr(Person('z')) == \"Person(name='z', age=3)\"", "<{", "({"),
        ("assert people()[1].label == 'b-1' and people() == [('a', 3), ('b', 1)]", '"b", 1', '"b", 2'),
        ("n, a = Person('z')\nassert (n, a) == ('z', 3) and hash(Person('z')) == hash(('z', 3))", "= 3", "= 4"),
        ("p = Person('z')\nassert isinstance(p, Person) and isinstance(p, tuple) and p.age == 3", "(NamedTuple)", ""),
        ("p = swapped(Pair(1, 2))\nassert isinstance(p, Pair) and p.left == 2", "Pair(p.right", "tuple((p.right"),
        ("assert Three(1, 2, 3).total() == 6 and Three(1, 2, 3).b == 2", "sum(self)", "len(self)"),
        ("assert host('http://a:8/b').hostname == 'a' and host('http://a:8/b').path == '/b'", "urlparse(url)", "url"),
    ],
)  # fmt: skip
async def test_named_tuples_are_tuples_with_their_methods(
    tests: str, right: str, wrong: str, sandbox: Sandbox
) -> None:
    assert right in TUPLES
    assert outcome(await judged(sandbox, TUPLES, tests)) == PASSED
    assert (await judged(sandbox, TUPLES.replace(right, wrong), tests)).passed is False


async def test_an_operator_of_a_named_tuple_counts_where_the_contract_names_its_class(
    sandbox: Sandbox,
) -> None:
    tests = "assert Person('z') + 2 == ('z', 5)\nassert Person('z').age == 3\n"
    wrong = TUPLES.replace("older(n)", "older(0)")
    assert outcome(await judged(sandbox, TUPLES, tests, "Person")) == PASSED
    assert (await judged(sandbox, wrong, tests, "Person")).passed is False
    assert outcome(await judged(sandbox, TUPLES, tests)) == ("unverifiable", ("contract_classes",))


THREADS = """
import queue
import threading
from concurrent.futures import ThreadPoolExecutor


class Counter:
    def __init__(self):
        self.lock, self.value = threading.Lock(), 0

    def add(self, n):
        with self.lock:
            self.value += n
        return n


def run(f, n):
    threads = [threading.Thread(target=f) for _ in range(n)]
    for t in threads: t.start()
    for t in threads: t.join()


def mapped(f, xs):
    with ThreadPoolExecutor(3) as pool:
        return list(pool.map(f, xs))


def empty(): queue.Queue().get_nowait()
"""


@pytest.mark.parametrize(
    "tests",
    [
        "c = Counter()\nrun(lambda: [c.add(1) for _ in range(5)], 3)\nassert c.value == 15",
        "c = Counter()\nassert mapped(lambda n: c.add(n) + c.add(n), range(20)) == [2 * n for n in range(20)]",
        "import queue\nassert mapped(abs, [-1]) == [1]\ntry:\n    empty()\nexcept queue.Empty:\n    pass",
    ],
)
async def test_threads_of_the_solution_may_call_the_tests_which_call_back(
    tests: str, sandbox: Sandbox
) -> None:
    for _ in range(5):
        assert outcome(await judged(sandbox, THREADS, tests)) == PASSED
