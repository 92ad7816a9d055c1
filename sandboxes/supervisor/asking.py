"""Requests to the solution, and what a reply is here: a value, or an exception of the class that it says."""

import builtins
import sys
import warnings

import changes
import tests_links
import values
from conversation import TALK, CannotJudge, SolutionGone, builtin_exception
from lineage import class_of, rows
from references import KNOWN_EXCEPTIONS, REFS
from stops import watched
from tests_links import Got, Sent

WRITE_BACK = False
"""Whether what the solution changes in an argument counts: all, none, or the names of those."""
CHANGED = {"ok": 2, "same": 2, "exc": 11}
"""Where a reply says which arguments were changed."""
NEVER_RAISED_AS_THEMSELVES = frozenset(
    {"KeyboardInterrupt", "GeneratorExit", "BaseException", "BaseExceptionGroup"}
)


def send(x, refs=REFS):
    try:
        return values.encode(x, refs)
    except values.Refused as error:
        TALK.refuse("needs_shared", str(error))


def argument(x, sent):
    tree = send(x, sent)
    sent.ended()
    return tree


def ask(tree, sent=None, args=(), made=None, may_stop=False):
    """The value of the reply, or the exception that it carries; arguments that changed are written back where they count.
    `sent`: what the request holds, `made` who is called with what (see `changes`). `may_stop`: a StopIteration is what an
    iterator ends with."""
    with TALK.lock:
        reply = TALK.ask(tree, sent and sent.news)
        return result(reply, sent, args, changes.counting(made, WRITE_BACK), may_stop)


def call(reference, args, kwargs):
    TALK.calls += 1
    with TALK.lock:
        sent = Sent()
        trees = [argument(a, sent) for a in args]
        named = [[send(k), argument(v, sent)] for k, v in kwargs.items()]
        made = (reference, len(args), kwargs)
        return ask(["call", reference, trees, named], sent, (*args, *kwargs.values()), made)


def operate(name, *operands):
    with TALK.lock:
        sent = Sent()
        return ask(["op", name, [argument(x, sent) for x in operands]], sent, may_stop=name == "next")


def assign(reference, name, value):
    with TALK.lock:
        sent = Sent()
        ask(["set", reference, name, argument(value, sent)], sent)


def attribute(reference, name):
    found = ask(["get", reference, name])
    if name[:1].isupper() and isinstance(found, type) and "_class_ref" in found.__dict__:
        type.__setattr__(found, "_named", True)
    return found


def settle_links():
    """At the end: refuse to judge where an object of both sides changed and the other side did not hear of it, or a thread of
    the solution had something to say."""
    if not (tests_links.LINKS.spent or TALK.threads) or TALK.refused or TALK.gone:
        return
    try:
        unheard = tests_links.LINKS.changed_unheard() or ask(["unheard"]) is not False
    except (SolutionGone, CannotJudge):  # either is noted
        return
    except Exception:  # only what is not our code answers so
        unheard = True
    if unheard:
        why = "tests and solution hold too much in common, or for too long, to be two processes"
        if not tests_links.LINKS.spent:
            why = "a thread of the solution asks for something of the tests when nobody hears it"
        TALK.refused = ("needs_shared", why)


def result(reply, sent=None, args=(), counts=bool, may_stop=False):
    if type(reply[-1]) is dict:
        return result_and_news(reply.pop(), reply, sent, args, counts, may_stop)
    return told(reply, got_of(reply, sent, counts), args, counts, may_stop)


def result_and_news(said, reply, sent, args, counts, may_stop):
    """The result, with what the answer says of links besides itself."""
    try:
        TALK.mutated |= tests_links.hear_first(said, sent, counts)
        got = got_of(reply, sent, counts)
    except values.MALFORMED:
        raise values.Refused("malformed links") from None
    try:
        return told(reply, got, args, counts, may_stop)
    finally:
        try:
            tests_links.hear(said, got, counts)
        except values.MALFORMED:
            raise values.Refused("malformed links") from None


def got_of(reply, sent, counts):
    changed = changed_of(reply)
    return Got(sent, lambda n: changed is None or changed[n] is None or counts(n), counts)


def told(reply, got, args, counts, may_stop):
    if reply[0] == "exc":
        warn(reply[8])
        take_changes(reply, got, args, counts)
        raise exception(reply) if may_stop else watched(exception(reply))
    if reply[0] == "no":
        TALK.refuse("needs_shared", str(reply[1]))
    if reply[0] not in ("ok", "same"):
        raise values.Refused("not a reply")
    warn(reply[3])
    changed = take_changes(reply, got, args, counts)
    if reply[0] == "same":
        return args[reply[1]] if got.same(reply[1]) else changed[reply[1]]
    named = type(reply[1]) is list and reply[1][:1] == ["&"] and len(reply[1]) == 2
    return values.decode(reply[1][1], got) if named else values.decode(reply[1], REFS)


def warn(warned):
    """Warnings of the solution are warnings here, of the same class by name."""
    for names, base, text in warned or ():
        category = exception_class([str(n) for n in names], str(base), "builtins")
        warnings.warn(str(text), category if issubclass(category, Warning) else UserWarning, stacklevel=4)


def changed_of(reply):
    """Of each argument what it is now, where the solution changed it; None where it changed none."""
    place = CHANGED.get(reply[0])
    return reply[place] if place is not None and len(reply) > place else None


def take_changes(reply, got, args, counts):
    """Change the tests' arguments as the solution changed its copies, where it counts. By number, what those that were changed
    are there."""
    changed = {n: got.changed(tree) for n, tree in enumerate(changed_of(reply) or ()) if tree is not None}
    TALK.mutated |= bool(changed)
    for number, now in changed.items():
        if counts(number):
            changes.become(args[number], now)
    return changed


# ---- exceptions -----------------------------------------------------------------------------------------------------


EXCEPTION_CLASSES = {}


def exception(reply):
    """An exception of the solution as one here: builtin by name, of the standard library by module, else a class made
    for it under its name. It is marked, so that a failing test can tell whose it was."""
    _, names, base, module, args, text, reference, trace, _warned, parts, chain, *_changed = reply
    if reference[0] == "cb":
        return marked(its_own(reference), reference, text, trace)
    if isinstance(known := REFS.made.get(reference[1]), BaseException):  # it was a value before
        return marked(known, reference, text, trace)
    cls = exception_class([str(n) for n in names], str(base), str(module), *reference[7:])
    if isinstance(cls, ErrorMeta) and "_object_ref" not in cls.__dict__:
        cls._object_ref = reference
    args = tuple(values.values(args, REFS, 0)) if args is not None else (str(text),)
    try:
        error = builtin_class(cls).__new__(cls, *args)  # the solution has constructed it already
    except Exception:
        error = builtin_exception(str(base))(str(text))
    error.args = args
    if isinstance(error, StopIteration):
        error.value = args[0] if args else None
    give_parts(error, parts)
    give_chain(error, chain)
    return marked(error, reference, text, trace)


def error_as_value(report):
    """An exception that the solution returns, keeps in an attribute or hands to a function: one object whenever it comes."""
    try:
        number = report[6][1]
        if type(number) is not int:
            raise values.Refused("not an exception")
        if number not in REFS.made:
            REFS.made[number] = exception(report)
        return REFS.made[number]
    except values.MALFORMED:
        raise values.Refused("not an exception") from None


def builtin_class(cls):
    return next(c for c in cls.__mro__ if c.__module__ == "builtins")


def give_parts(error, parts):
    """Attributes of an exception besides its args; only plain ones, and none that every exception has."""
    for name, x in parts:
        plain = type(name) is str and type(x) in (int, str, bool, float)
        if not plain or name.startswith("_") or hasattr(BaseException, name):
            raise values.Refused("not a part of an exception")
        try:
            setattr(error, name, x)
        except (AttributeError, TypeError, ValueError):
            raise values.Refused("not a part of an exception") from None


def give_chain(error, chain):
    """Its cause, its context, its notes and, for classes of the solution, how it shows itself (see `chain_of` there)."""
    if chain is None:
        return
    cause, context, suppressed, notes, shown = chain
    error.__cause__, error.__context__ = values.decode(cause, REFS), values.decode(context, REFS)
    error.__suppress_context__ = suppressed is True
    for note in notes:
        error.add_note(str(note))
    if shown is not None:
        error.__dict__["_repr"] = str(shown)


def its_own(reference):
    """An exception of the tests that went through the solution."""
    error = REFS.get(reference)
    if not isinstance(error, Exception):
        raise values.Refused("not an exception")
    return error


def marked(error, reference, text, trace):
    error.__dict__.update(_ref=reference, _text=str(text), _trace=str(trace))
    return error


def exception_class(names, base, module, told=None):
    name = names[0]
    if name in NEVER_RAISED_AS_THEMSELVES or base in NEVER_RAISED_AS_THEMSELVES:
        return type(name, (RuntimeError,), {"__module__": "solution", "_stands_for": base})
    if name == base and module == "builtins":
        return builtin_exception(name)
    found = known_exception(name, module) or EXCEPTION_CLASSES.get(tuple(names))
    found = found or class_of(rows(names, module, base, told), EXCEPTION_CLASSES, new_exception)
    return found or builtin_exception(base)


def known_exception(name, module):
    found = getattr(sys.modules.get(module), name, None) if module in KNOWN_EXCEPTIONS else None
    return found if isinstance(found, type) and issubclass(found, Exception) else None


def new_exception(names, module, parents):
    """The class of an exception with these bases; None for one that is none, such as a mixin, and for what is never raised."""
    if module == "builtins":
        return builtin_exception(names[0]) if is_exception(names[0]) else None
    parents = tuple(parent for parent in parents if parent)
    if not parents or (known := known_exception(names[0], module)):
        return known if parents else None
    parts = {"__module__": "solution", **EXCEPTION_PARTS}
    try:
        return ErrorMeta(names[0], parents, parts)
    except TypeError:  # classes of one name that are several there
        return ErrorMeta(names[0], parents[:1], parts)


class ErrorMeta(type):
    def __getattr__(cls, name):
        """What the class has there besides being an exception: constants, other ways to make one."""
        known = cls.__dict__
        if not name.startswith("_") and "_class_ref" not in known and "_object_ref" in known:
            attribute(known["_object_ref"], "__class__")  # who makes a class of it notes it
        reference = next((c.__dict__["_class_ref"] for c in cls.__mro__ if "_class_ref" in c.__dict__), None)
        if name.startswith("_") or reference is None:
            raise AttributeError(f"type object {cls.__name__!r} has no attribute {name!r}")
        return attribute(reference, name)


def is_exception(name):
    found = getattr(builtins, name, None)
    return (
        isinstance(found, type)
        and issubclass(found, BaseException)
        and name not in NEVER_RAISED_AS_THEMSELVES
    )


def exception_attribute(self, name):
    if name.startswith("_"):
        raise AttributeError(name)
    return attribute(self.__dict__["_ref"], name)


EXCEPTION_PARTS = {
    "__init__": lambda self, *args, **kwargs: None,
    "__str__": lambda self: self.__dict__.get("_text", ""),
    "__repr__": lambda self: self.__dict__.get("_repr") or BaseException.__repr__(self),
    "__getattr__": exception_attribute,
}
