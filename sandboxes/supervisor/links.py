"""Objects that can be changed and that both sides hold: what one side changes in them, the other hears before it looks.

Theory of operation. A value crosses as a copy. Where the solution keeps what it was given (`self.items = items`), or gives
away what it keeps (`return self.items`), Python has one object and not two, and tests look for exactly that: whether a
result is a copy, whether the caller's list changes afterwards. So such an object, and whatever in it can be changed, becomes
a link. The solution's side finds it by counting references: after a request, an argument that is held more often than
before, or a part of the answer that is still held when the answer is gone. It gives it a number. From then on each side
compares its own object with what it last was, before it sends anything, and what changed goes along; the other side gives its
own object the same content. A link ends when one side has nobody left who could look, and all end when comparing has cost
too much (`spent`): then both sides look once more at the end, and if anything has changed since, the item needs one process.

    a message may end with    {"new": [[number, "a" | "r", place]], "changed": [[number, content]], "gone": [number],
                               "spent": true}
    in contents               ["~", number] is a link, ["+", number, content] one that begins here
    in requests               ["~", number], and ["=", place] is what came at a place before
    in answers                ["~", number, tree], and ["a", place, tree] is the very object of the request

A place counts the objects that can be changed in the order in which they are whole, in the request or in the answer. The
trees beside names are what a replay answers with, and what holds where a link has just ended. The solution's side gives
positive numbers, the tests' side negative ones.
"""

import gc
import itertools
import operator
import sys

import changes
import values

MOST_COMPARED = 1 << 26
"""Things that a side looks at in one run before it gives all links up: about a second."""
TELLING = 12
"""What it costs to tell of one, against looking at it."""
HOLDING = (tuple, frozenset)
"""What cannot be changed, and may hold what can."""
A_LINK = 20
"""What looking at a link costs besides what lies in it."""
BY_VALUE = ("numpy", "pandas")
"""Packages whose things cross by value and can be changed in place: they are the same object and not what they were."""


class Ended(values.Refused):
    """What is named is no link any more."""


class Link:
    """`seen`: what lay in it when both sides agreed; where that does not tell, `content` is what was said. None before that.
    `counts`: of an argument, whether changes by the solution are for the tests to see; None of a result, where they are."""

    def __init__(self, x, counts=None):
        self.x, self.counts, self.seen, self.content = x, counts, None, None


def lying_in(x):
    """What lies in it, in order."""
    return [*x, *x.values()] if isinstance(x, dict) else bytes(x) if type(x) is bytearray else list(x)


def is_as_seen(x, seen):
    """By identity: two objects of a solution would be asked whether they are equal, and one that is equal is another."""
    if type(x) is bytearray:
        return x == seen
    if isinstance(x, dict):
        return 2 * len(x) == len(seen) and all(map(operator.is_, itertools.chain(x, x.values()), seen))
    return len(x) == len(seen) and all(map(operator.is_, x, seen))


def any_in(x, test):
    """Whether a thing in it, or in tuples in it, is of a kind and is so: `test` takes a class, and says whether to ask each
    of them (a function), or that none is (None)."""
    inside = x.values() if isinstance(x, dict) else x
    for kind in set(map(type, inside)):
        ask = (lambda y: any_in(y, test)) if issubclass(kind, tuple) else test(kind)
        if ask is not None and any(ask(y) for y in inside if type(y) is kind):
            return True
    return False


def has_by_value(x):
    return any_in(x, by_value)


def by_value(kind):
    return (lambda _: True) if str(kind.__module__).partition(".")[0] in BY_VALUE else None


def holders(link):
    """How many hold the object besides the link."""
    return sys.getrefcount(link.x) - ALONE


ALONE = 0
ALONE = holders(Link([]))


def reached(objects):
    """The identities of these and of all that lies in them and can be changed."""
    found, left = set(), list(objects)
    while left:
        x = left.pop()
        if id(x) not in found and (type(x) in values.CHANGING or isinstance(x, HOLDING)):
            found.add(id(x))
            left.extend(gc.get_referents(x))
    return found


class Links:
    """The links of one side, by number."""

    def __init__(self, refs, step):
        self.refs, self.fresh = refs, itertools.count(step, step)
        self.known, self.numbers = {}, {}
        self.waiting = {}
        self.left, self.spent, self.given_up = MOST_COMPARED, False, []

    def number(self, x):
        """The number of an object that is a link, else None."""
        return self.numbers.get(id(x))

    def add(self, number, x, counts=None):
        """Whether it is one now. What lies in it comes before it."""
        if id(x) in self.numbers or number in self.known:
            return False
        link = self.known[number] = Link(x, counts)
        self.numbers[id(x)] = number
        if not any_in(x, self.asked):
            self.agreed(link)
        return True

    def asked(self, kind):
        """Of things that can be changed whether one is no link yet."""
        return (lambda y: self.number(y) is None) if kind in values.CHANGING else None

    def agreed(self, link):
        if has_by_value(link.x):
            link.seen, link.content = None, self.content(link.x, Known(self))
        else:
            link.seen, link.content = lying_in(link.x), None

    def content(self, x, refs):
        """None for what has no form, or whose class does not let us look."""
        try:
            return values.WRITERS[type(x)](x, refs, 0)
        except Exception:
            return None

    def end(self, number):
        link = self.known.pop(number, None)
        if link is not None:
            del self.numbers[id(link.x)]

    def let_go(self, number):
        """End a link; the other side hears of it."""
        self.end(number)
        self.waiting.setdefault("gone", []).append(number)

    def said(self, new=()):
        """What the next message must say besides itself, until it was `told`."""
        if new:
            self.waiting.setdefault("new", []).extend(new)
        if self.known:
            for number, link in list(self.known.items()):
                self.look(number, link)
            if self.left <= 0:
                self.waiting["spent"] = True
                for number in list(self.known):
                    self.give_up(number)
                    self.waiting.setdefault("gone", []).append(number)
        return self.waiting

    def give_up(self, number):
        """End a link because comparing has cost too much. Whether its object changes from now on is asked at the end."""
        self.spent = True
        if number in self.known:
            self.given_up.append(self.known[number])
        self.end(number)

    def changed_unheard(self):
        """Whether an object has changed since its link was given up."""
        return any(link.seen is not None and not is_as_seen(link.x, link.seen) for link in self.given_up)

    def told(self):
        self.waiting = {}

    def look(self, number, link):
        """Note whether it is something else than when it was last looked at; also of one that nobody here holds any more."""
        self.left -= A_LINK + len(link.x)
        told = (link.seen is not None and is_as_seen(link.x, link.seen)) or self.tell(number, link)
        if not told or not holders(link):
            self.let_go(number)

    def tell(self, number, link):
        """Note what it is, if that is something else; whether it has a form."""
        content = self.content(link.x, Naming(self, link.counts))
        if content is not None and (link.seen is not None or content != link.content):
            self.waiting.setdefault("changed", []).append([number, content])
            self.agreed(link)
            self.left -= TELLING * len(link.x)
        return content is not None

    def gone(self, said):
        """End what the other side ended."""
        for number in said.get("gone", ()):
            if "spent" in said:
                self.give_up(number)
            else:
                self.end(number)

    def become(self, number, content):
        """Change an object as the other side changed its own, if it is a link still. Raises Ended."""
        link = self.known.get(number)
        new = values.decode(content, Reading(self, link and link.counts))
        if link is not None:
            changes.fill(link.x, new)
            self.agreed(link)


class Known(values.Once):
    """References in the content of a link, to other links."""

    def __init__(self, links):
        super().__init__(links.refs)
        self.links = links

    def place(self, x):
        number = self.links.number(x)
        return None if number is None else ["~", number]

    def passed(self, x, tree):
        raise values.Refused("what lies in a link is none yet")

    def kept(self, x):
        """The value of a subclass that can be changed would come back as another object."""
        if type(x) in values.CHANGING:
            raise values.Refused("a copy of what can be changed")
        return super().kept(x)


class Naming(Known):
    """The same, where what is no link yet becomes one."""

    def __init__(self, links, counts):
        super().__init__(links)
        self.counts = counts

    def passed(self, x, tree):
        number = next(self.links.fresh)
        self.links.add(number, x, self.counts)
        return ["+", number, tree]


class Reading(values.Again):
    """References in the content of a link, as they are read."""

    def __init__(self, links, counts):
        super().__init__(links.refs)
        self.links, self.counts = links, counts

    def get(self, tree):
        if tree[0] not in ("~", "+"):
            return self.inner.get(tree)
        if tree[0] == "~":
            if tree[1] not in self.links.known:
                raise Ended(f"no link {tree[1]!r:.30}")
            return self.links.known[tree[1]].x
        found = values.decode(tree[2], self)
        if type(tree[1]) is not int or type(found) not in values.CHANGING:
            raise values.Refused("malformed value")
        if not self.links.add(tree[1], found, self.counts):
            raise values.Refused("malformed value")
        return found
