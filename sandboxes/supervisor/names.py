"""Whose a name is that the tests use: their own, Python's, or the solution's. What Python defines is not the solution's,
unless it is the entry point: else a solution could give the tests an `abs`, an `all` or a `math` of its own."""

import builtins
import os
import sys
import types

import surroundings

BUILTINS = frozenset(dir(builtins))
SHORT_NAMES = {"numpy": "numpy", "np": "numpy", "pandas": "pandas", "pd": "pandas"}
INSTALLED = frozenset(
    entry.partition(".")[0]
    for folder in surroundings.SITE
    if os.path.isdir(folder)
    for entry in os.listdir(folder)
)
"""Listed once, before the fork."""


def own_name(name):
    """The module that a name of the tests means, if it is one that every program may import; else None."""
    return name if name in sys.stdlib_module_names else SHORT_NAMES.get(name)


def is_pythons_module(name):
    """Whether an import of this name by the tests means the standard library's, or an installed one, and no file of the
    solution."""
    return name in INSTALLED or own_name(name) is not None or name.startswith("__")


def used(code):
    """Every name that compiled tests look up outside their own scopes."""
    names = set(code.co_names)
    for constant in code.co_consts:
        if isinstance(constant, types.CodeType):
            names |= used(constant)
    return names


def undefined(code, defined, entry_point):
    """Names of the solution that the tests use and nobody else defines."""
    return {n for n in used(code) & defined if n == entry_point or n not in BUILTINS}


def under_test(code, defined, entry_point):
    """What tests in plain statements take from the solution. Without an entry point, tests that use nothing of the solution but
    one builtin's name are about that name; of two, one could answer for the other."""
    found = undefined(code, defined, entry_point)
    if found or entry_point is not None or "solution" in used(code):
        return found
    builtin = used(code) & defined
    return builtin if len(builtin) == 1 else set()


def by_star(names, entry_point):
    """(names that `from solution import *` brings, builtins' names that it would bring). No module of Python's is replaced:
    the tests may have imported theirs before."""
    public = [n for n in sorted(names) if not n.startswith("_")]
    clear = [n for n in public if n == entry_point or not (n in BUILTINS or is_pythons_module(n))]
    return clear, {n for n in public if n != entry_point and n in BUILTINS}
