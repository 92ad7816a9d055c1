"""Programs at random in which tests and solution hold the same objects, with assertions of what Python says in one process."""

import random
from typing import Any

SOLUTION = """
import copy

KEPT = []
TABLE = {}


class Own(list):
    def twice(self):
        return [*self, *self]


class Rows(list):
    def append(self, y):
        super().append(y)
        return len(self)


class Names(dict):
    def __setitem__(self, k, x):
        super().__setitem__(k, x)


NAMES = Names()


def names():
    return NAMES


def own_name(k, x):
    NAMES[k] = x


def own(x):
    return Own(x)


def rows(x):
    return Rows(x)


def keep_own(x):
    KEPT.append(Own(x))
    return KEPT[-1]


def keep(x):
    KEPT.append(x)


def kept(n):
    return KEPT[n % len(KEPT)] if KEPT else []


def everything():
    return KEPT


def same(x):
    return x


def wrap(x):
    return [x, (1, x), [2]]


def pair(x, y):
    return x, {"y": y}


def part(x, n):
    return x[n % len(x)] if x else x


def shallow(x):
    return list(x)


def deep(x):
    return copy.deepcopy(x)


def push(x, v):
    x.append(v)


def push_kept(n, v):
    if KEPT:
        KEPT[n % len(KEPT)].append(v)


def put_in(x, *, y):
    x.append(copy.deepcopy(y))


def replace(x):
    x[:] = [[1], *x[1:]]
    return x


def spoil(x, v):
    x.append([v])
    raise ValueError(v)


def drop(n):
    if KEPT:
        del KEPT[n % len(KEPT)]


def name(k, x):
    TABLE[k] = x


def named(k):
    return TABLE.setdefault(k, [])


def table():
    return TABLE


class Box:
    def __init__(self, x):
        self.x = x
        self.log = [len(x)]

    def add(self, v):
        self.x.append(v)
        self.log.append(v)
        return self.log

    def fail(self, v):
        self.x.append(v)
        raise ValueError(v)

    def each(self):
        for y in self.x:
            yield y
"""
HELP = """
def a_list(x):
    return x if isinstance(x, list) else [x]


def inner(x):
    return next((y for y in x if isinstance(y, list)), x)


held = names()


def failed(call, *args):
    try:
        call(*args)
    except ValueError:
        pass


"""
NEW = (
    "[{v}, [{v}], [[{v}]]]",
    "[({v}, {x})]",
    "kept({n})",
    "own({x})",
    "rows({x})",
    "keep_own({x})",
    "same({x})",
    "wrap({x})",
    "pair({x}, {y})[0]",
    "pair({x}, {y})[1]['y']",
    "a_list(part({x}, {n}))",
    "shallow({x})",
    "deep({x})",
    "replace({x})",
    "named('k{n}')",
    "everything()",
    "inner({x})",
    "a_list({x}[0])",
    "{b}.add({v})",
    "{b}.x",
    "a_list(next({b}.each(), []))",
    "table().setdefault('k{n}', {x})",
    "held.setdefault('k{n}', {x})",
    "a_list(held.get('k{n}', []))",
    "{x}.twice()",
)
DO = (
    "keep({x})",
    "push({x}, {v})",
    "push_kept({n}, {v})",
    "put_in({x}, y={y})",
    "{x}.append({v})",
    "{x}.insert(0, [{v}])",
    "{x}.append({y})",
    "{x}[0] = [{v}]",
    "inner({x}).append({v})",
    "{x}.clear()",
    "{x}.reverse()",
    "drop({n})",
    "name('k{n}', {x})",
    "table()['k{n}'] = {x}",
    "table().pop('k{n}', None)",
    "{x} += [{v}]",
    "{x} += {y}",
    "own_name('k{n}', {x})",
    "held['k{n}'] = {x}",
    "held.pop('k{n}', None)",
    "names().clear()",
    "{b}.x = {x}",
    "failed({b}.fail, {v})",
    "failed(spoil, {x}, {v})",
    "{b} = Box({x})",
)


def program(rng: random.Random) -> str | None:
    """Tests that pass in one process; None where the lines make no sense."""
    space: dict[str, Any] = {}
    exec(SOLUTION + HELP, space)  # noqa: S102
    lines = ["import solution", "from solution import *", HELP]
    lists, boxes = [], ["b0"]
    for n, line in enumerate(["v = [1, [2]]", "b0 = Box([3])", *(["?"] * rng.randint(4, 18))]):
        if line == "?":
            words = {"v": rng.randint(3, 9), "n": rng.randint(0, 2), "b": rng.choice(boxes)}
            words |= {"x": rng.choice(lists), "y": rng.choice(lists)}
            line = (
                rng.choice(DO).format(**words)
                if rng.random() < 0.55
                else f"v{n} = {rng.choice(NEW).format(**words)}"
            )
        try:
            exec(line, space)  # noqa: S102
            lines += [line]
            if (name := line.partition(" = ")[0]).isidentifier() and name != "b0":
                lists.append(name)
            if rng.random() < 0.5:
                lines += looks(space, lists)
            repr_of(space, lists)
        except (AttributeError, TypeError, IndexError, RecursionError):
            return None
    return "\n".join([*lines, *looks(space, lists), ""])


def repr_of(space: dict[str, Any], lists: list[str]) -> str:
    """Fails for what contains itself, which no value codec writes out."""
    text = repr(
        [space[name] for name in lists]
        + [
            space["KEPT"],
            space["TABLE"],
            space["NAMES"],
            *(x.x for x in space.values() if type(x) is space["Box"]),
        ]
    )
    if "[...]" in text or "{...}" in text:
        raise RecursionError
    return text


def looks(space: dict[str, Any], lists: list[str]) -> list[str]:
    repr_of(space, lists)
    values = [f"assert {name} == {space[name]!r}, {name!r}" for name in lists]
    pairs = [(a, b) for a in lists for b in lists if a < b]
    values.append(f"assert held == {space['held']!r}, 'held'")
    return [*values, *(f"assert ({a} is {b}) is {space[a] is space[b]}, '{a} is {b}'" for a, b in pairs)]
