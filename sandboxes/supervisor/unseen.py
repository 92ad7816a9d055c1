"""What the tests replace in Python's modules for the solution to meet, and it does not: such tests need one process.

`patch("time.sleep")`, `monkeypatch.setattr(random, "randint", ...)`, `time.time = lambda: 5.0`: the solution has modules of its
own, and a mock would say that it was never called, whatever the solution does. Before each request the modules that the
tests' text names are compared with what they were.
"""

import os
import re
import sys

from conversation import TALK
from surroundings import SITE

PATCHES = re.compile(r"\bpatch|setattr")
ASSIGNED = re.compile(r"^\s*(\w+)(?:\.\w+)+\s*=[^=]", re.M)
"""Without any of these nothing is replaced in a module."""
DOTTED = re.compile(r"[A-Za-z_][\w.]*")
PROVOKING = ("this", "antigravity", "turtle", "idlelib", "test")
"""Words of many texts whose modules do more than to be there."""
LOGS = re.compile(r"\b(assertLogs|assertNoLogs|caplog)\b")
"""What is logged there is not logged here."""
KINDS = (str, int, float, tuple)
"""Of what is replaced besides functions and classes."""
SEEN = {("builtins", "input"), ("warnings", "showwarning")}
"""What the solution meets all the same, and what Python itself replaces; so it does all hooks."""


def modules_named(text):
    """Modules of Python and of what is installed that the text names, also behind another name (`solution.time.sleep`)."""
    found = {"builtins"}
    for dotted in set(DOTTED.findall(text)):
        parts = dotted.rstrip(".").split(".")
        for first in range(len(parts)):
            if is_module(parts[first]):
                found |= {".".join(parts[first:last]) for last in range(first + 1, len(parts) + 1)}
    return found


def modules_changed(text):
    """Those in which it may replace something."""
    if PATCHES.search(text):
        return modules_named(text)
    return set(filter(is_module, set(ASSIGNED.findall(text))))


def is_module(name):
    return name in sys.stdlib_module_names or any(os.path.exists(f"{folder}/{name}") for folder in SITE)


def loaded(name):
    """The module, if the tests have it, or would by naming it so."""
    if name in PROVOKING:
        return None
    try:
        __import__(name)
    except Exception:  # a word of a text, and no module
        return None
    return sys.modules.get(name)


class Replaced:
    """What the modules were when the tests began: of each name that the text has as a word."""

    def __init__(self, text):
        self.were, self.logs = [], LOGS.search(text)
        modules = list(filter(None, map(loaded, sorted(modules_changed(text)))))
        words = set(re.findall(r"\w+", text)) if modules else ()
        for module in modules:
            for name in words & module.__dict__.keys():
                self.note(module, name, module.__dict__[name])

    def note(self, module, name, was):
        if (module.__name__, name) == ("sys", "stdin"):
            self.were.append((module, name, was))
        public = (
            not name.startswith("_") and not name.endswith("hook") and (module.__name__, name) not in SEEN
        )
        if public and (callable(was) or type(was) in KINDS):
            self.were.append((module, name, was))

    def refuse_change(self):
        if self.logs:
            TALK.refuse("needs_shared", f"the tests look by {self.logs.group()} at what the solution logs")
        for module, name, was in self.were:
            if module.__dict__.get(name, self) is not was:
                TALK.refuse(
                    "needs_shared",
                    f"the tests replace {name} of module {module.__name__}, and the solution has one of its own",
                )
