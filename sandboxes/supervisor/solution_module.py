"""The solution's modules as the tests import them."""

import sys
import types

import asking
import names
from conversation import TALK
from names import own_name
from references import REFS, reference_of

HIDDEN = set()
"""Files of the solution that the tests cannot import here: what they import under these names is Python's."""


def by_star(defined, entry_point, frame):
    """What `from solution import *` brings to the module of this frame. Without an entry
    point, builtins that the solution redefines may be what these tests are about, or what they compare with."""
    brought, unclear = names.by_star(defined, entry_point)
    meant = unclear & names.used(frame.f_code)
    if meant and entry_point is None and frame.f_code.co_name == "<module>":
        TALK.refuse("needs_shared", f"import * takes builtins from the solution: {', '.join(sorted(meant))}")
    return brought


def put(module, others, main):
    """Make the solution's modules importable. A file that is called like a module of Python's is none for the tests."""
    sys.modules["solution"] = module
    for name in others:
        if names.is_pythons_module(name):
            HIDDEN.add(name)
        else:
            sys.modules[name] = module if name == main else OtherModule(name, module._entry_point)


def wants_hidden(error):
    """Whether an error says that a module of Python's lacks what the solution's file of the same name may have."""
    if isinstance(error, ImportError):
        return error.name in HIDDEN
    found = getattr(error, "obj", None) if isinstance(error, AttributeError) else None
    return isinstance(found, types.ModuleType) and found.__name__ in HIDDEN


class Unchanged(types.ModuleType):
    """A module of the solution, which the tests cannot change from here: what they set would be set for themselves alone."""

    def __setattr__(self, name, value):
        if not name.startswith("__"):  # what importing notes
            refuse_change(self, name)
        super().__setattr__(name, value)

    def __delattr__(self, name):
        refuse_change(self, name)


def refuse_change(module, name):
    TALK.refuse("needs_shared", f"the tests change {name} in the solution's module {module.__name__}")


def kept(module, name, value):
    """A function, class or module is asked for once; a value may be another one the next time."""
    if callable(value) or isinstance(value, types.ModuleType):
        module.__dict__[name] = value
    return value


class SolutionModule(Unchanged):
    """`solution` as the tests import it. Functions came with the names; others are fetched when they are used first.

    A module of the standard library that the solution imports under its own name is the tests' own copy here."""

    def __init__(self, defined, functions, modules=(), entry_point=None):
        super().__init__("solution")
        self.__dict__["_imported"] = frozenset(modules)
        self.__dict__["_functions"] = functions
        self.__dict__["_names"] = frozenset(defined)
        self.__dict__["_entry_point"] = entry_point
        self.__dict__["__file__"] = "solution.py"

    def __getattr__(self, name):
        if name == "__all__":
            return by_star(self._names, self._entry_point, sys._getframe(1))
        if name not in self._names:
            raise AttributeError(f"module 'solution' has no attribute '{name}'")
        known = self._functions.get(name)
        if known is not None:
            value = REFS.get(known)
        elif name in self._imported and own_name(name):
            value = __import__(own_name(name))
        else:
            value = asking.attribute(["m"], name)
        return kept(self, name, value)


class OtherModule(Unchanged):
    """Another file of the solution, imported there when the tests use it first."""

    def __init__(self, name, entry_point):
        super().__init__(name)
        self.__dict__["_entry_point"] = entry_point

    def __getattr__(self, name):
        if name == "__all__":
            return by_star(asking.operate("dir", self._there()), self._entry_point, sys._getframe(1))
        if name.startswith("__"):
            raise AttributeError(name)
        return kept(self, name, asking.attribute(reference_of(self._there()), name))

    def _there(self):
        if "_proxy" not in self.__dict__:
            self.__dict__["_proxy"] = asking.ask(["import", self.__name__])
        return self.__dict__["_proxy"]
