"""What of the tests' process the solution's has as well: environment, folder, arguments, contexts, the state of random numbers.

Tests set these for the solution (`os.environ["MODE"] = "x"`, `random.seed(42)`, `monkeypatch.chdir`), and in one process they
are one. So the tests' side says with a request what changed of them since the last. Never the other way: what the solution does
to its own is not the tests', and where these would see it (`WATCHED`), the item needs one process. Only what the tests' text
names is looked at.
"""

import decimal
import functools
import importlib.util
import os
import random
import re
import sys

import values

OURS = 50
"""Calls of our own below the solution's first."""


def environ():
    return {name: text for name, text in os.environ.items() if not name.startswith("PYTEST_")}


def difference(now, last):
    """None for a variable that is gone."""
    return {name: now.get(name) for name in now.keys() | last.keys() if now.get(name) != last.get(name)}


def become_environ(changed):
    for name, text in changed.items():
        if text is None:
            os.environ.pop(name, None)
        else:
            os.environ[name] = text


def arguments():
    return [x for x in sys.argv if type(x) is str]


def become_arguments(new):
    sys.argv[:] = new


def state_of_random():
    version, numbers, following = random.getstate()
    return [version, list(numbers), following]


def become_random(new):
    version, numbers, following = new
    random.setstate((version, tuple(numbers), following))


def numpy_random():
    return importlib.import_module("numpy.random")


def state_of_numpy():
    """Of the numbers that are drawn without a generator of one's own."""
    kind, numbers, *others = numpy_random().get_state()
    return [kind, numbers.tolist(), *others]


def become_numpy(new):
    numpy_random().set_state(tuple(new))


def decimal_context():
    context = decimal.getcontext()
    return [context.prec, context.rounding]


def become_decimal(new):
    decimal.getcontext().prec, decimal.getcontext().rounding = new


def whole(now, _last):
    return now


PARTS = {
    "environ": (re.compile("env"), environ, difference, become_environ),
    "folder": (re.compile("chdir"), os.getcwd, whole, os.chdir),
    "arguments": (re.compile("argv"), arguments, whole, become_arguments),
    "recursion": (
        re.compile("setrecursionlimit"),
        sys.getrecursionlimit,
        whole,
        lambda new: sys.setrecursionlimit(new + OURS),
    ),
    "decimal": (re.compile("getcontext|setcontext|localcontext"), decimal_context, whole, become_decimal),
    "random": (re.compile(r"seed\(|setstate"), state_of_random, whole, become_random),
    "numpy": (re.compile(r"seed\(|set_state"), state_of_numpy, whole, become_numpy),
}
"""Name -> (what the tests' text then has; what it is here; what is said of it; how it becomes so there)."""


class Ambient:
    """What the other side was told last."""

    def __init__(self, text):
        there = [name for name, (words, *_) in PARTS.items() if words.search(text)]
        if "numpy" in there and not ("numpy" in text and importlib.util.find_spec("numpy")):
            there.remove("numpy")
        self.last = {name: PARTS[name][1]() for name in there}
        self.to_watch = [name for name in there if name in WATCHED_PARTS]
        self.set_anew = set()
        if "random" in self.last:
            self.watch(random, "random", ("seed", "setstate"))
        if "numpy" in self.last:
            self.watch(numpy_random(), "numpy", ("seed", "set_state"))

    def watch(self, module, part, names):
        """The same seed again gives the same state, and the solution may have drawn since."""
        for name in names:
            setattr(module, name, self.noting(part, getattr(module, name)))

    def noting(self, part, function):
        @functools.wraps(function)
        def noted(*args, **kwargs):
            self.set_anew.add(part)
            return function(*args, **kwargs)

        return noted

    def said(self):
        """What changed since, by name."""
        changed = {"watch": self.to_watch} if self.to_watch else {}
        self.to_watch = []
        for name, was in self.last.items():
            _, here, told, _ = PARTS[name]
            now = here()
            if now != was or name in self.set_anew:
                changed[name] = told(now, was)
                self.last[name] = now
        self.set_anew.clear()
        return changed


WATCHED_PARTS = ("environ", "folder", "decimal")
"""Random numbers change whenever some are drawn, and arguments nobody sets."""
WATCHED = {}
"""By name what it was on the solution's side when the tests' side last spoke."""


def become(said):
    """Raises Refused where this process cannot be as the tests' is."""
    for name in PARTS.keys() & said.keys():
        try:
            PARTS[name][3](said[name])
        except OSError as error:
            raise values.Refused(f"the solution's process cannot have the tests' {name}: {error}") from None
    for name in {*WATCHED, *said.get("watch", ())}:
        WATCHED[name] = PARTS[name][1]()


def refuse_changes():
    """Raises Refused where the solution has changed what the tests look at."""
    for name, was in WATCHED.items():
        if PARTS[name][1]() != was:
            raise values.Refused(f"the solution changes its process' {name}, and the tests look at theirs")
