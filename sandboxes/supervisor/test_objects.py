"""What stands on the solution's side for functions, objects, classes and exceptions of the tests.

There is one for each object of the tests, so that `is`, `in`, keys of dicts and sets mean what they mean in one process.
It has of the operators what the object's own class defines, and asks the tests' side for each."""

import builtins
import types

import values


class Callback:
    """Something of the tests, by number."""

    _ask = None
    """How the tests' side is asked: `solution_process` puts it here."""

    def __init__(self, tree, _refs=None):
        object.__setattr__(self, "_number", tree[1])

    def __copy__(self):
        raise values.Refused("the solution copies an object of the tests")

    def __deepcopy__(self, _memo):
        raise values.Refused("the solution copies an object of the tests")

    def __getattr__(self, name):
        raise AttributeError(f"{type(self).__name__!r} object has no attribute {name!r}")


def told(n):
    """What is known of a function besides its being called; asked for once."""

    def part(self):
        if "_told" not in self.__dict__:
            self.__dict__["_told"] = self._ask(self._number, "about")
        return self.__dict__["_told"][n]

    return part


class Called(Callback):
    """Functions and classes say what they are called and what they take."""

    __name__ = property(told(0))
    __doc__ = property(told(2))
    __signature__ = property(lambda self: signature(told(3)(self)))
    __code__ = property(lambda self: code(told(3)(self)))

    def __call__(self, *args, **kwargs):
        return self._ask(self._number, "call", args, kwargs)

    def __getattr__(self, name):
        if name == "__qualname__":
            return told(1)(self)
        return super().__getattr__(name)


class FunctionCallback(Called):
    __doc__ = Called.__doc__  # what the function itself says


def signature(parameters):
    if parameters is None:
        raise AttributeError("__signature__")
    import inspect  # few programs need it

    empty = inspect.Parameter.empty
    made = [
        inspect.Parameter(n, inspect._ParameterKind(k), default=None if d else empty)
        for n, k, d in parameters
    ]
    return inspect.Signature(made)


def code(parameters):
    names = tuple(name for name, kind, _ in parameters or () if kind < 2)
    return types.SimpleNamespace(co_argcount=len(names), co_varnames=names)


class IteratorCallback(Callback):
    """A generator or iterator of the tests."""

    def __iter__(self):
        return self

    def __next__(self):
        return self._ask(self._number, "next")

    def send(self, value):
        return self._ask(self._number, "send", (value,))

    def throw(self, error, *_):
        name = type(error).__name__ if isinstance(error, BaseException) else str(error)
        return self._ask(self._number, "throw", (name,))

    def close(self):
        return self._ask(self._number, "close")


class ObjectCallback(Callback):
    """An object of the tests: public attributes and methods, and the operators that its class defines."""

    def __getattr__(self, name):
        if name.startswith("_"):
            raise AttributeError(name)
        return self._ask(self._number, "get", (name,))

    def __setattr__(self, name, value):
        if name.startswith("_"):
            raise AttributeError(name)
        self._ask(self._number, "set", (name, value))

    def _leave(self, kind, error, _trace):
        name = kind and next(c.__name__ for c in kind.__mro__ if c.__module__ == "builtins")
        return self._ask(self._number, "exit", (name, str(error)) if kind else ())


class ClassCallback(Called, ObjectCallback):
    __doc__ = Called.__doc__

    def __instancecheck__(self, x):
        return self._ask(self._number, "instance", (x,))

    def __subclasscheck__(self, x):
        return self._ask(self._number, "subclass", (x,))


def operator(name):
    return lambda self, *args, **kwargs: self._ask(self._number, name, args, kwargs)


CLASSES = {}


def object_callback(tree, refs):
    """`tree[3:]`: the operators that the object's class defines, its name, its number, and the same of its bases."""
    cls = class_of(*tree[3:])
    made = cls(tree)
    if "_shown" not in cls.__dict__ and refs.has_protocols():
        cls._shown = True
        for name in made._ask(made._number, "names"):
            setattr(cls, name, property(lambda self, name=name: self._ask(self._number, "get", (name,))))
    return made


def class_of(names, called, key, bases):
    if key not in CLASSES:
        parts = {name: ObjectCallback._leave if name == "__exit__" else operator(name) for name in names}
        CLASSES[key] = type(called, tuple(class_of(*base) for base in bases) or (ObjectCallback,), parts)
    return CLASSES[key]


def error_class(tree, refs):
    """An exception class of the tests: its name and bases are enough to catch and to raise it."""
    bases = tuple(values.decode(base, refs) for base in tree[4])
    return type(
        tree[3],
        bases or (Exception,),
        {"__module__": "tests", "__init__": lambda self, *args, **kwargs: None},
    )


def error(tree, refs):
    """An exception of the tests: its class, args, and plain public attributes."""
    cls, args, parts = values.decode(tree[3], refs), values.values(tree[4], refs, 0), tree[5]
    try:
        made = cls.__new__(cls, *args)
    except Exception:
        made = Exception.__new__(cls)
    made.args = tuple(args)
    made.__dict__.update((name, values.decode(value, refs)) for name, value in parts)
    return made


def builtin_error(tree, refs):
    return getattr(builtins if tree[3] == "builtins" else __import__(tree[3], fromlist=["*"]), tree[4])


TESTS_OBJECTS = {
    "func": FunctionCallback,
    "iter": IteratorCallback,
    "obj": object_callback,
    "class": ClassCallback,
    "error": error,
    "error class": error_class,
    "known class": builtin_error,
}
