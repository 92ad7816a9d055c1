"""The solution's classes are made again here with their bases, whichever of them the tests see first.

A reference names the classes of an object outwards, as `__mro__` does. Mostly each is the only base of the one before,
the solution's own first and builtin ones behind; where that is not so, the reference says of each its module and where
in the line its bases stand."""

import values

LONGEST = 100
"""Classes in one line; no honest one has so many."""


def rows(names, module, base, told=None):
    """(name, module, places of its bases) of each class of a line, the class itself first."""
    count = len(names)
    if count > LONGEST or (told is not None and (type(told) is not list or len(told) != count)):
        raise values.Refused("malformed line of classes")
    if told is None:
        builtin = names.index(base) if base in names else count
        modules = [module] * builtin + ["builtins"] * (count - builtin)
        return [(name, modules[n], [n + 1] if n + 1 < count else []) for n, name in enumerate(names)]
    return [(name, *told_bases(row, n, count)) for n, (name, row) in enumerate(zip(names, told))]


def told_bases(row, place, count):
    if type(row) is not list or not row:
        raise values.Refused("malformed line of classes")
    return str(row[0]), [n for n in row[1:] if type(n) is int and place < n < count]


def class_of(line, known, create):
    """The class that a line stands for; `create(names, module, parents)` makes those that `known` has not yet, bases first.
    A class is known by its own line of names, a builtin one apart from one of the solution's under its name."""
    found, reached = {}, {}
    for place in reversed(range(len(line))):
        _, module, bases = line[place]
        reached[place] = {place}.union(*(reached[n] for n in bases))
        names = tuple(line[n][0] for n in sorted(reached[place]))
        key = ("builtins", *names) if module == "builtins" else names
        if key not in known:
            known[key] = create(names, module, tuple(dict.fromkeys(found[n] for n in bases)))
        found[place] = known[key]
    return found[0]
