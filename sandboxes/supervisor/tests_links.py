"""What the tests gave and what they got, by place: the solution says which of it is one object with its own."""

import bisect

import changes
import values
from conversation import TALK
from links import Ended, Links, Naming, reached
from references import REFS


class OfTheTests(Links):
    """What the tests put into such an object must cross, or the item cannot be judged here."""

    def content(self, x, refs):
        found = super().content(x, refs)
        if found is None and type(refs) is Naming:
            TALK.refuse(
                "needs_shared", "what the tests put into an object of the solution cannot be handed over"
            )
        return found


LINKS = OfTheTests(REFS, -1)


class Sent(values.Once):
    """References of a request: its objects that can be changed, by place, and which argument each is of."""

    def __init__(self):
        super().__init__(REFS)
        self.news = LINKS.said()
        self.objects, self.ends, self.linked = [], [], []

    def place(self, x):
        number = LINKS.number(x)
        if number is None:
            return super().place(x)
        self.linked.append((len(self.ends), x))
        return ["~", number]

    def passed(self, x, tree):
        self.objects.append(x)
        return super().passed(x, tree)

    def ended(self):
        """An argument is whole."""
        self.ends.append(len(self.objects))

    def links(self):
        """The number of the argument, by the identity of every link that it is or that lies in it."""
        return {one: n for n, x in reversed(self.linked) for one in reached([x])}

    def at(self, place):
        """(The object at a place, the number of the argument that it is or lies in)."""
        if type(place) is not int or not 0 <= place < len(self.objects):
            raise values.Refused("no such place")
        return self.objects[place], bisect.bisect_right(self.ends, place)


class Got(values.Again):
    """References of an answer to such a request: first of the arguments that were changed, then of the value. `counts(n)`:
    whether changes of the n-th argument are for the tests to see, `same(n)`: whether it is here what it is there."""

    def __init__(self, sent, same, counts):
        super().__init__(REFS)
        self.sent, self.same, self.counts = sent, same, counts
        self.named, self.writing = set(), False

    def get(self, tree):
        if tree[0] not in ("~", "a"):
            return super().get(tree)
        if len(tree) != 3 or type(tree[1]) is not int:
            raise values.Refused("malformed value")
        before = len(self.found)
        told = values.decode(tree[2], self)
        if len(self.found) == before:
            raise values.Refused("malformed value")
        found = self.argument(tree[1], told) if tree[0] == "a" else linked(tree[1], told)
        self.named.add(len(self.found) - 1)
        self.found[-1] = (found, self.found[-1][1])
        return found

    def own(self, place):
        """What the answer itself holds at a place, and is no argument or link."""
        if place in self.named:
            raise values.Refused("not the solution's own")
        return self.found[place][0]

    def argument(self, place, told):
        """The object at a place, or what the message says that it is there."""
        if self.sent is None:
            raise values.Refused("malformed value")
        found, number = self.sent.at(place)
        if not self.same(number):
            return told
        if self.writing and self.counts(number):
            changes.fill(found, told)
        return found

    def changed(self, tree):
        """An argument that was changed: the tests' objects become what they are there, where it counts."""
        self.writing = True
        try:
            return values.decode(tree, self)
        finally:
            self.writing = False


def linked(number, told):
    """The object of a link; of one that has ended what the message says that it was."""
    link = LINKS.known.get(number)
    return told if link is None else link.x


def hear_first(said, sent, counts):
    """Whether the solution changed an argument: of this call, or one that it keeps. A link whose changes are not for the tests
    to see (`counts(n)`: those of the n-th argument) ends with one."""
    changed = [number for number, _ in said.get("changed", ()) if number in LINKS.known]
    given, arguments = sent.links() if sent and changed else {}, False
    for number in changed:
        link = LINKS.known[number]
        n = given.get(id(link.x))
        seen = link.counts if n is None else bool(counts(n))
        arguments |= seen is not None
        if seen is False:
            LINKS.let_go(number)
    return arguments


def hear(said, got, counts):
    """What an answer says of links, once it is read."""
    for number, name, place in said.get("new", ()):
        if not (begun(number, got.own(place)) if name == "r" else kept(number, place, got, counts)):
            LINKS.let_go(number)
    for number, content in said.get("changed", ()):
        become(number, content)
    for number, content in said.get("own", ()):
        REFS.heard(number, content)
    LINKS.gone(said)
    TALK.threads |= said.get("threads") is True


def become(number, content):
    """Change what the solution changed. What names a link that the tests' side ended is a copy from here on."""
    try:
        LINKS.become(number, content)
    except Ended:
        LINKS.let_go(number)


def kept(number, place, got, counts):
    """An argument that the solution keeps. One whose changes the tests do not see is not the same on both sides any more."""
    x, n = got.sent.at(place)
    return got.same(n) and begun(number, x, bool(counts(n)))


def begun(number, x, counts=None):
    if type(number) is not int or number in LINKS.known or type(x) not in values.CHANGING:
        raise values.Refused("malformed links")
    return LINKS.add(number, x, counts)
