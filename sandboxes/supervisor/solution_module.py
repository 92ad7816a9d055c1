"""The solution's modules as the tests import them."""

import sys
import types

import asking
from conversation import TALK
from references import REFS, reference_of

SHORT_NAMES = {"numpy": "numpy", "np": "numpy", "pandas": "pandas", "pd": "pandas"}


def own_name(name):
    """The module that a name of the tests means, if it is one that every program may import; else None."""
    return name if name in sys.stdlib_module_names else SHORT_NAMES.get(name)


class SolutionModule(types.ModuleType):
    """`solution` as the tests import it. Functions came with the names; others are fetched when they are used first.

    A module of the standard library that the solution imports under its own name is the tests' own copy here."""

    def __init__(self, names, functions, modules=()):
        super().__init__("solution")
        self.__dict__["_imported"] = frozenset(modules)
        self.__dict__["_functions"] = functions
        self.__dict__["_names"] = frozenset(names)
        self.__dict__["__all__"] = sorted(n for n in names if not n.startswith("_"))
        self.__dict__["__file__"] = "solution.py"

    def __getattr__(self, name):
        if name not in self._names:
            raise AttributeError(f"module 'solution' has no attribute '{name}'")
        known = self._functions.get(name)
        if known is not None:
            value = REFS.get(known)
        elif name in self._imported and own_name(name):
            value = __import__(own_name(name))
        else:
            value = asking.attribute(["m"], name)
        self.__dict__[name] = value
        return value


class OtherModule(types.ModuleType):
    """Another file of the solution, imported there when the tests use it first."""

    def __getattr__(self, name):
        if name == "__all__":
            return [n for n in asking.operate("dir", self._there()) if not n.startswith("_")]
        if name.startswith("__"):
            raise AttributeError(name)
        value = asking.attribute(reference_of(self._there()), name)
        self.__dict__[name] = value
        return value

    def _there(self):
        if "_proxy" not in self.__dict__:
            self.__dict__["_proxy"] = asking.result(TALK.ask(["import", self.__name__]))
        return self.__dict__["_proxy"]
