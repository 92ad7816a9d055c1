"""Requests to the solution, and what a reply is here: a value, or an exception of the class that it says."""

import sys
import warnings

import changes
import values
from conversation import TALK, builtin_exception
from references import REFS

WRITE_BACK = False
"""Whether what the solution changes in an argument counts: all, none, or the names of those."""
KNOWN_EXCEPTIONS = frozenset(
    "json.decoder decimal subprocess queue statistics struct binascii re configparser dataclasses csv graphlib ipaddress "
    "asyncio.exceptions concurrent.futures._base zoneinfo urllib.error copy".split()
)
NEVER_RAISED_AS_THEMSELVES = frozenset(
    {"KeyboardInterrupt", "GeneratorExit", "BaseException", "BaseExceptionGroup"}
)


def send(x):
    try:
        return values.encode(x, REFS)
    except values.Refused as error:
        TALK.refuse("needs_shared", str(error))


def call(reference, args, kwargs):
    TALK.calls += 1
    trees = [send(a) for a in args]
    reply = TALK.ask(["call", reference, trees, [[send(k), send(v)] for k, v in kwargs.items()]])
    return result(reply, (*args, *kwargs.values()), (reference, len(args), kwargs))


def operate(name, *operands):
    return result(TALK.ask(["op", name, [send(x) for x in operands]]))


def attribute(reference, name):
    return result(TALK.ask(["get", reference, name]))


def result(reply, args=(), made=None):
    """The value of a reply, or the exception that it carries; arguments that changed are written back where they count."""
    if reply[0] == "exc":
        warn(reply[8])
        raise exception(reply)
    changed = reply[2]
    warn(reply[3])
    if changed is not None:
        TALK.mutated = True
        counts = changes.counting(made, WRITE_BACK)
        write_back(args, changed, counts)
    if reply[0] == "same":
        argument = args[reply[1]]
        if changed is None or counts(reply[1]):
            return argument
        return after_change(argument, changed[reply[1]])
    if reply[0] != "ok":
        raise values.Refused("not a reply")
    return values.decode(reply[1], REFS)


def warn(warned):
    """Warnings of the solution are warnings here, of the same class by name."""
    for names, base, text in warned or ():
        category = exception_class([str(n) for n in names], str(base), "builtins")
        warnings.warn(str(text), category if issubclass(category, Warning) else UserWarning, stacklevel=4)


def after_change(argument, tree):
    return argument if tree is None else values.decode(tree, REFS)


def write_back(args, changed, counts):
    """Change the tests' arguments as the solution changed its copies; `counts(n)`: whether the n-th one's changes do."""
    for number, (argument, tree) in enumerate(zip(args, changed)):
        if tree is not None and counts(number):
            changes.become(argument, values.decode(tree, REFS))


# ---- exceptions -----------------------------------------------------------------------------------------------------


EXCEPTION_CLASSES = {}


def exception(reply):
    """An exception of the solution as one here: builtin by name, of the standard library by module, else a class made
    for it under its name. It is marked, so that a failing test can tell whose it was."""
    _, names, base, module, args, text, reference, trace, _warned = reply
    cls = exception_class([str(n) for n in names], str(base), str(module))
    args = tuple(values.values(args, REFS, 0)) if args is not None else (str(text),)
    try:
        error = cls.__new__(cls, *args)
    except Exception:
        error = builtin_exception(str(base))(str(text))
    error.args = args
    error.__dict__.update(_ref=reference, _text=str(text), _trace=str(trace))
    return error


def exception_class(names, base, module):
    name = names[0]
    if name in NEVER_RAISED_AS_THEMSELVES or base in NEVER_RAISED_AS_THEMSELVES:
        return type(name, (RuntimeError,), {"__module__": "solution", "_stands_for": base})
    if name == base and module == "builtins":
        return builtin_exception(name)
    if module in KNOWN_EXCEPTIONS:
        found = getattr(sys.modules.get(module), name, None)
        if isinstance(found, type) and issubclass(found, Exception):
            return found
    key = tuple(names)
    if key not in EXCEPTION_CLASSES:
        up = next((n for n in range(1, len(names)) if tuple(names[n:]) in EXCEPTION_CLASSES), None)
        parent = EXCEPTION_CLASSES[tuple(names[up:])] if up else builtin_exception(base)
        EXCEPTION_CLASSES[key] = type(name, (parent,), {"__module__": "solution", **EXCEPTION_PARTS})
    return EXCEPTION_CLASSES[key]


def exception_attribute(self, name):
    if name.startswith("_"):
        raise AttributeError(name)
    return attribute(self.__dict__["_ref"], name)


EXCEPTION_PARTS = {
    "__init__": lambda self, *args, **kwargs: None,
    "__str__": lambda self: self.__dict__.get("_text", ""),
    "__getattr__": exception_attribute,
}
