"""What those who publish tests give a solution beside its own text: imports, a function for a method, keys as JSON has them."""

import builtins
import importlib
import re
from collections import Counter
from functools import cache

from execfeedback.columns.pairs import Given
from execfeedback.scanning import chunks, words

_MODULES = (
    *("string", "re", "datetime", "collections", "heapq", "bisect", "copy", "math", "random", "statistics"),
    *("itertools", "functools", "operator", "io", "sys", "json", "typing"),
)
"""In the order in which APPS, LiveCodeBench and verl import all of each; of a name in several, the last counts."""
_FUTURE = re.compile(r"^from __future__ import [^(\\\n]*\n", re.MULTILINE)
_DEFINED = re.compile(r"\bdef[ \t]+(\w+)")
_CALLED = re.compile(r"(\w+)[ \t]*\(")
_DEEPEST = 50_000
_WHOLE_KEYS = """


def {called}(*args, **kwargs):
    def whole(value):
        return {{int(key): each for key, each in value.items()}} if {given} and numbers(value) else value

    def numbers(value):
        return type(value) is dict and all(type(key) is str and key.lstrip("-").isdigit() for key in value)

    def texts(value):
        if type(value) is list or type(value) is tuple:
            return [texts(each) for each in value]
        if type(value) is not dict or len({{f"{{key}}" for key in value}}) < len(value):
            return value
        return {{f"{{key}}" if type(key) is int else key: texts(each) for key, each in value.items()}}

    return texts({name}(*[whole(each) for each in args], **kwargs))
"""


def supplied(code: str, given: Given) -> tuple[str, str | None]:
    """Python code with what it is given, and the name that the tests call then."""
    name = given.entry_point
    if given.style == "cases" and name and "class Solution" in code:
        code = _with_function(code, name)
    if given.library:
        code = _with_imports(code, name)
    if given.whole_keys and name and name.isidentifier():
        called = f"{name}_with_keys_of_json"
        code = code.rstrip() + _WHOLE_KEYS.format(called=called, name=name, given=given.whole_keys == "both")
        return code, called
    return code, name


def _with_function(code: str, name: str) -> str:
    """A method of a class `Solution` as the function that the cases call, unless the code defines that too."""
    if re.search(rf"^def\s+{re.escape(name)}\s*\(", code, re.MULTILINE) or not name.isidentifier():
        return code
    return (
        f"{code.rstrip()}\n\n\ndef {name}(*args, **kwargs):\n    return Solution().{name}(*args, **kwargs)\n"
    )


def _with_imports(code: str, name: str | None) -> str:
    """The imports that it lacks on a line ahead of it, so that whatever it defines counts. What the tests call is never
    supplied: an answer without it is none."""
    own = {bound for chunk in chunks(code) for bound in chunk.names}
    wanted = {found for word in words(code) - own - {name} if (found := _names().get(word))}
    last = max((found.end() for found in _FUTURE.finditer(code)), default=0)
    if not (wanted or _calls_its_own(code)) or ("__future__" in code and not last):
        return code
    return code[:last] + _ahead(wanted, name) + code[last:]


def _calls_its_own(code: str) -> bool:
    """Whether a function that it defines is called in it, so that calls may go deep."""
    called = Counter(_CALLED.findall(code))
    return any(called[each] > 1 for each in _DEFINED.findall(code))


def _ahead(wanted: set[tuple[str, str]], name: str | None) -> str:
    """All of some modules, without what would hide a builtin or be taken for the function `name`, then some modules; and
    the depth of calls that LiveCodeBench allows."""
    stars = [module for module in _MODULES if (module, "all") in wanted]
    hidden = {each for module in stars for each in _public(module) if hasattr(builtins, each) or each == name}
    parts = [f"from {module} import *" for module in stars]
    parts += [f"[globals().pop(each, None) for each in {sorted(hidden)}]"] if hidden else []
    parts += [f"import {module}" for module in _MODULES if (module, "itself") in wanted]
    return "; ".join([*parts, f"__import__('sys').setrecursionlimit({_DEEPEST})"]) + "\n"


@cache
def _names() -> dict[str, tuple[str, str]]:
    """Every name that such imports bind and Python does not: its module, and whether it is one of all in it."""
    found: dict[str, tuple[str, str]] = {}
    for module in _MODULES:
        found |= dict.fromkeys(_public(module), (module, "all"))
    found |= {module: (module, "itself") for module in _MODULES[:-1]}
    return {each: where for each, where in found.items() if not hasattr(builtins, each)}


def _public(module: str) -> list[str]:
    loaded = importlib.import_module(module)
    return list(
        getattr(loaded, "__all__", None) or (each for each in dir(loaded) if not each.startswith("_"))
    )
