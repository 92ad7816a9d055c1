"""Arguments that the solution changed: whether the tests see it, and how their own objects become so."""

import collections
import sys

FUNCTIONS = ("func", "func with parts")
"""Kinds of references that say the names of their parameters."""


def counting(made, mutates):
    """A function that says whether the changes of the n-th argument of a call are part of the answer. `made`: (reference to the
    function, number of positional arguments, keywords); `mutates`: all, none, or the names in the contract. A method's
    positional arguments have no names here, and count."""
    if not isinstance(mutates, frozenset) or made is None:
        return lambda number: bool(mutates)
    reference, positional, kwargs = made
    declared = [str(name) for name in reference[6]] if reference[2] in FUNCTIONS else []
    names = [*declared[:positional], *[None] * (positional - len(declared)), *kwargs]
    return lambda number: names[number] is None or names[number] in mutates


def become(old, new):
    """Give `old` the content of `new`; what lies in it and is still of its type stays the same object."""
    if old is new or not same_kind(old, new):
        return
    if isinstance(old, list):
        old[:] = [merged(o, n) for o, n in zip(old, new)] + new[len(old) :]
    elif isinstance(old, collections.deque):
        content = [merged(o, n) for o, n in zip(old, new)] + list(new)[len(old) :]
        old.clear()
        old.extend(content)
    elif isinstance(old, tuple):
        for before, after in zip(old, new):
            become(before, after)
    elif isinstance(old, dict):
        content = {key: merged(old[key], value) if key in old else value for key, value in new.items()}
        old.clear()
        old.update(content)
    elif isinstance(old, set):
        old.clear()
        old.update(new)
    elif isinstance(old, bytearray):
        old[:] = new
    elif is_one_of(old, "pandas", ("DataFrame", "Series")):
        old._update_inplace(new)
    elif is_one_of(old, "numpy", ("ndarray",)) and old.shape == new.shape and old.dtype == new.dtype:
        old[...] = new


def fill(old, new):
    """Give `old` the content of `new`, and no more: what lies in it is what lies in `new`."""
    if not same_kind(old, new):
        return
    if isinstance(old, (list, bytearray)):
        old[:] = new
    elif isinstance(old, collections.deque):
        old.clear()
        old.extend(new)
    elif isinstance(old, (dict, set)):
        old.clear()
        old.update(new)


def same_kind(old, new):
    """A named tuple is of a class of its own there."""
    return type(old) is type(new) or (isinstance(old, tuple) and isinstance(new, tuple))


def is_one_of(x, package, names):
    """Whether `x` is exactly of such a class of a package; nothing is asked of `x`, which may be the solution's."""
    there = sys.modules.get(package)
    return type(x) in [getattr(there, name, None) for name in names]


def merged(old, new):
    if type(old) is type(new) and isinstance(old, (list, dict, set, bytearray, collections.deque)):
        become(old, new)
        return old
    return new
