"""What is told of the solution's exceptions and warnings: data, whatever their class."""

import traceback

import tracebacks
import values

SOURCES = {}
"""Of every file that was run as it is: path -> bytes."""
WARNED = []
MEMBERS = (
    "code value errno strerror filename filename2 name lineno offset msg start end reason encoding".split()
)
"""Attributes that builtin exceptions have of their own."""
PLAIN = (int, str, bool, float)
DEEPEST = 8
"""So many exceptions are told of within one another: causes of causes, groups in groups."""
WITHIN = []
"""Those that are being told of."""


def note_warning(message, category, *_):
    base = next(c.__name__ for c in category.__mro__ if c.__module__ == "builtins")
    WARNED.append([[c.__name__ for c in category.__mro__ if c is not object], base, str(message)[:2000]])


def warned():
    """Warnings since the last reply, or None."""
    new, WARNED[:] = WARNED[:20], []
    return new or None


def report(error, refs):
    return [*told(error, refs, trace(error)), warned(), parts_of(error), holding(error, chain_of, refs)]


def report_within(error, refs):
    """Of one that is a value, or a part of another; `report` puts the traceback and the warnings into the answer."""
    return [*told(error, refs, ""), None, parts_of(error), holding(error, chain_of, refs)]


def told(error, refs, trace):
    names, cls = [c.__name__ for c in type(error).__mro__ if c is not object], type(error)
    base = next(c.__name__ for c in cls.__mro__ if c.__module__ == "builtins")
    return [
        "exc",
        names,
        base,
        str(cls.__module__),
        holding(error, args_of, refs),
        text_of(error),
        refs.reference(error),
        trace,
    ]


def holding(error, told, refs):
    """What is told of an exception and may hold others; None where that cannot be said."""
    if len(WITHIN) >= DEEPEST or any(one is error for one in WITHIN):
        return None
    WITHIN.append(error)
    try:
        return told(error, refs)
    except BaseException:
        return None
    finally:
        WITHIN.pop()


def args_of(error, refs):
    return values.items(error.args, refs, 0)


def chain_of(error, refs):
    """[cause, context, whether the context is left out, notes, its own repr]; None where there is nothing of these."""
    others = [values.encode(other, refs) for other in (error.__cause__, error.__context__)]
    notes = [str(note)[:2000] for note in getattr(error, "__notes__", ())][:20]
    found = [*others, error.__suppress_context__, notes, repr_of(error)]
    return found if any(found) else None


def repr_of(error):
    """Its own words for itself, where its class has some."""
    owner = next(c for c in type(error).__mro__ if "__repr__" in c.__dict__)
    try:
        return None if owner.__module__ == "builtins" else repr(error)[:20000]
    except BaseException:
        return None


def parts_of(error):
    """Attributes of an exception that are plain and that its args do not tell, such as `code` and `errno`."""
    cls = type(error)
    builtin = next(c for c in cls.__mro__ if c.__module__ == "builtins")
    names = [name for name in MEMBERS if hasattr(builtin, name)]
    if cls.__module__ not in ("builtins", "solution"):
        names += [name for name in error.__dict__ if type(name) is str and not name.startswith("_")]
    try:
        found = [[name, getattr(error, name)] for name in names]
    except BaseException:
        return []
    return [[name, x] for name, x in found if type(x) in PLAIN]


def text_of(error):
    try:
        return str(error)[:20000]
    except BaseException:
        return ""


def trace(error):
    """The traceback as people know it, frames of the solution only."""
    try:
        for path, source in SOURCES.items():
            tracebacks.remember(path, source.decode("utf-8-sig", "replace"))
        own = tracebacks.shown(error.__traceback__)
        shown = traceback.TracebackException(type(error), error, own, limit=-40)
        if shown.__cause__ is not None:
            shown.__cause__ = None
        shown.__context__ = None
        return "".join(shown.format())[-8000:]
    except BaseException:
        return names_of(error)


def names_of(error):
    return type(error).__name__ + "\n"
