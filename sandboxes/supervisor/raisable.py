"""Exception classes of the solution as the tests see them: they raise, catch and construct them."""

from asking import call, exception_class
from conversation import TALK


def raisable_class(tree, names, base):
    """An exception class of the solution: tests raise it, catch it, construct it."""
    cls = exception_class(names, base, str(tree[4]), *tree[7:])
    if issubclass(AssertionError, cls):
        TALK.refuse("contract_classes", f"the solution's {names[0]} catches what the tests raise themselves")
    if "_class_ref" not in cls.__dict__ and cls.__module__ == "solution":
        cls._class_ref = tree
        cls.__new__ = staticmethod(lambda c, *args, **kwargs: construct_exception(c, args, kwargs))
        cls.__init__ = lambda self, *args, **kwargs: None
    return cls


def construct_exception(cls, args, kwargs):
    error = builtin_new(cls)
    if cls.__dict__.get("_class_ref") and not getattr(cls, "_making", False):
        cls._making = True
        try:
            made = call(cls.__dict__["_class_ref"], args, kwargs)
        finally:
            cls._making = False
        error.__dict__.update({k: v for k, v in made.__dict__.items() if k in ("_ref", "_text", "_repr")})
        args = made.args
    error.args = args
    return error


def builtin_new(cls):
    base = next(c for c in cls.__mro__ if c.__module__ == "builtins")
    return base.__new__(cls)
