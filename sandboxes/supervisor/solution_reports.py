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


def note_warning(message, category, *_):
    base = next(c.__name__ for c in category.__mro__ if c.__module__ == "builtins")
    WARNED.append([[c.__name__ for c in category.__mro__ if c is not object], base, str(message)[:2000]])


def warned():
    """Warnings since the last reply, or None."""
    new, WARNED[:] = WARNED[:20], []
    return new or None


def report(error, refs):
    names, cls = [c.__name__ for c in type(error).__mro__ if c is not object], type(error)
    base = next(c.__name__ for c in cls.__mro__ if c.__module__ == "builtins")
    try:
        args = values.items(error.args, refs, 0)
    except BaseException:
        args = None
    return [
        "exc",
        names,
        base,
        str(cls.__module__),
        args,
        text_of(error),
        refs.put(error),
        trace(error),
        warned(),
        parts_of(error),
    ]


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
