"""Which objects the solution still has of what it was given, and of what it answered: those become links."""

import gc
import sys

import values
from links import HOLDING, Link, holders, reached


class Given(values.Again):
    """References of a request: the objects in it that can be changed, by place, and how often each is held. `around`: tuples
    that hold such. `inside`: how often all these lie in one another, by identity; `moved`: whether that may differ now."""

    def __init__(self, refs, links):
        super().__init__(refs)
        self.links = links
        self.objects, self.around, self.before = [], [], []
        self.inside, self.moved = {}, True

    def get(self, tree):
        if tree[0] == "~":
            return self.links.known[tree[1]].x
        found = super().get(tree)
        if tree[0] == "=":
            self.inside[id(found)] += 1
        return found

    def passed(self, tree, found, before):
        if tree[0] in values.CHANGING_TAGS:
            self.inside[id(found)] = 1
        elif isinstance(found, HOLDING) and any(id(x) in self.inside for x in found):
            self.inside[id(found)] = 1
            self.around.append(found)
        return super().passed(tree, found, before)

    def begin(self, args):
        """All is here, and nobody has it yet."""
        self.objects, self.found = [x for x, _size in self.found], []
        for one in map(id, args):  # and no name of ours for the argument itself
            if one in self.inside:
                self.inside[one] -= 1
        self.before = self.held(self.inside)

    def held(self, inside):
        """How often somebody else has each."""
        return [
            sys.getrefcount(x) - inside.get(id(x), 0) for group in (self.objects, self.around) for x in group
        ]

    def lying(self):
        """How often they lie in one another now."""
        found = {}
        for group in (self.objects, self.around):
            for x in group:
                for y in gc.get_referents(x):
                    if id(y) in self.inside:
                        found[id(y)] = found.get(id(y), 0) + 1
        return found

    def places(self):
        """By identity."""
        return {id(x): place for place, x in enumerate(self.objects)}

    def kept(self):
        """[(place, object)] of those that are held more often than before, and of what lies in them."""
        if not self.objects:
            return []
        now = self.held(self.lying() if self.moved else self.inside)
        kept = [x for n, x in enumerate(self.objects + self.around) if now[n] > self.before[n]]
        inside = reached(kept) if kept else ()
        return [(n, x) for n, x in enumerate(self.objects) if id(x) in inside]


class AsGiven(values.Once):
    """References with which the objects of a request are written as they came in it, and others not. `places`: by identity."""

    def __init__(self, refs, links, places):
        super().__init__(refs)
        self.keeps = refs.numbered  # an own object came by its number
        self.links, self.given = links, places

    def place(self, x):
        number = self.links.number(x)
        return super().place(x) if number is None else ["~", number]

    def passed(self, x, tree):
        if id(x) not in self.given:
            return ["another", tree]
        self.places[id(x)] = self.given[id(x)]
        return tree


class Answer(values.Once):
    """References of an answer: what it holds twice, what is a link, and what is of an argument (place by identity)."""

    def __init__(self, refs, links, arguments):
        super().__init__(refs)
        self.links, self.arguments = links, arguments
        self.objects, self.first = [], 0

    def begin(self):
        """What comes now is the value; before it there were arguments as they are now."""
        self.first = len(self.objects)

    def passed(self, x, tree):
        super().passed(x, tree)
        number, place = self.links.number(x), self.arguments.get(id(x))
        own = number is None and place is None
        self.objects.append(x if own else None)
        if own:
            return tree
        self.repeated = True
        return ["a", place, tree] if number is None else ["~", number, tree]

    def still_held(self):
        """[(place, object)] of those that somebody holds now that the answer is gone, which may be another of them."""
        found, one = [], Link(None)
        self.alive.clear()
        while len(self.objects) > self.first:
            one.x = None  # what it held goes before the next is counted
            one.x = self.objects.pop()
            if one.x is not None and holders(one):
                found.append((len(self.objects), one.x))
        return found[::-1]
