"""Lists, dicts and sets of the solution's own classes that the tests have: what they are told of their changes.

Such an object crosses with its reference and stands on the tests' side for itself (`overriding`). After every request each
that may have changed is compared with what the tests were told last, by identity of what lies in it, and what is different is
told with the answer: `"own": [[number, content]]` beside what is said of links, whose form the contents have.
"""

import sys

import values
from links import A_LINK, TELLING, Naming, is_as_seen, lying_in

BASES = (list, dict, set, bytearray)


class Own:
    """By number what lay in each when it was told; None of one that the solution was given since, or that is new."""

    def __init__(self, objects):
        self.objects = objects
        self.crossed, self.seen = set(), {}

    def crosses(self, number):
        self.crossed.add(number)
        self.seen.setdefault(number, None)

    def given(self, number):
        """The solution has it in its hands again."""
        if number in self.crossed:
            self.seen.setdefault(number, None)

    def said(self, links):
        """[[number, content]] of those that are something else than was told. Raises Refused for what cannot be told."""
        return [[n, content] for n in list(self.seen) if (content := self.news_of(n, links)) is not None]

    def news_of(self, number, links):
        """Its content, where that is new. Whom the solution does not hold any more is left alone from here on."""
        x, seen = self.objects[number], self.seen[number]
        plain = plain_of(x)
        links.left -= A_LINK + len(plain)
        if links.left <= 0:
            raise values.Refused("the solution changes too much that the tests hold, or for too long")
        told = seen is not None and is_as_seen(plain, seen)
        if sys.getrefcount(x) > ALONE:
            self.seen[number] = seen if told else lying_in(plain)
        else:
            del self.seen[number]
        if told:
            return None
        links.left -= TELLING * len(plain)
        return values.WRITERS[type(plain)](plain, Naming(links, None), 0)


def plain_of(x):
    """By the builtin class' own methods: an override cannot lie here."""
    return next(plain(x) for base, plain in values.DECAY if base in BASES and issubclass(type(x), base))


def alone():
    """References of an object that nobody has but the list of all, as `news_of` counts them."""
    objects = [object()]
    x = objects[0]
    return sys.getrefcount(x)


ALONE = alone()
