"""What crosses by reference, as the solution's side knows it: its own objects, and what stands for those of the tests."""

import types

import values


class Refs:
    """Objects of this side that crossed by reference, and references to objects of the tests' side.

    `classes`: names of the solution's that the contract names. `module`: the solution itself, once it is loaded."""

    enums_cross = True

    def __init__(self, classes, module=None):
        self.module = module
        self.objects = []
        self.numbers = {}
        self.classes = frozenset(classes)

    def keeps(self, x):
        return type(x).__name__ in self.classes and type(x).__module__ == "solution"

    def put(self, x):
        if isinstance(x, Callback):
            return ["cb", x._number]
        number = self.numbers.get(id(x))
        if number is None:
            number = self.numbers[id(x)] = len(self.objects)
            self.objects.append(x)
        return ["h", number, *describe(x)]

    def get(self, tree):
        if tree[0] == "h":
            return self.objects[tree[1]]
        if tree[0] == "cb":
            return CALLBACKS[tree[2]](tree[1])
        if tree[0] == "m":
            return self.module
        raise values.Refused("unknown reference")


def describe(x):
    """(kind, class names outwards, module of the class, builtin base, overridden operators, and where it takes more the
    bases of each class); of a function its own name."""
    if isinstance(x, types.FunctionType):
        code = x.__code__
        return "func", said_of(x), "builtins", "function", list(code.co_varnames[: code.co_argcount])
    cls = x if isinstance(x, type) else type(x)
    line = [c for c in cls.__mro__ if c is not object]
    names = [str(c.__name__) for c in line]
    base = next(c.__name__ for c in cls.__mro__ if c.__module__ == "builtins")
    return kind_of(x), names, str(cls.__module__), base, overridden(cls), *bases_of(line, names, base)


def bases_of(line, names, base):
    """[[module, places of its bases] of each class], unless each is the only base of the one before (see `lineage`)."""
    own = (line[0].__module__, "builtins") if line else ()
    if names.count(base) < 2 and all(len(c.__bases__) == 1 and c.__module__ in own for c in line):
        return []
    places = {id(c): n for n, c in enumerate(line)}
    return [[[str(c.__module__), *(places[id(b)] for b in c.__bases__ if b is not object)] for c in line]]


def said_of(function):
    """Its name and, where there is one, its docstring."""
    name, doc = function.__name__, function.__doc__
    return [str(name), doc] if type(doc) is str else [str(name)]


def kind_of(x):
    if isinstance(x, type):
        return "class"
    if isinstance(x, (types.FunctionType, types.BuiltinFunctionType, types.MethodType)):
        return "func"
    if isinstance(x, types.GeneratorType):
        return "gen"
    if isinstance(x, types.CoroutineType):
        return "coro"
    if isinstance(x, types.AsyncGeneratorType):
        return "agen"
    return "callable" if callable(x) else "obj"


def overridden(cls):
    """Which of the operators that decide assertions a class defines itself, and not a builtin for it."""
    found = []
    for name in ("__eq__", "__bool__", "__len__", "__hash__", "__iter__", "__lt__"):
        owner = next((c for c in cls.__mro__ if name in c.__dict__), object)
        if owner.__module__ != "builtins":
            found.append(name)
    return found


class Callback:
    """A function of the tests: it can be called, nothing else."""

    _ask = None
    """How the tests' side is asked: `solution_process` puts it here."""

    def __init__(self, number):
        self._number = number

    def __call__(self, *args, **kwargs):
        return self._ask(self._number, "call", args, kwargs)


class IteratorCallback(Callback):
    """A generator or iterator of the tests."""

    __call__ = None

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
    """An instance of a class of the tests: public attributes and methods, nothing else."""

    def __getattr__(self, name):
        if name.startswith("_"):
            raise AttributeError(name)
        return self._ask(self._number, "get", (name,))

    def __setattr__(self, name, value):
        if name == "_number":
            object.__setattr__(self, name, value)
        elif name.startswith("_"):
            raise AttributeError(name)
        else:
            self._ask(self._number, "set", (name, value))

    def __enter__(self):
        return self._ask(self._number, "enter")

    def __exit__(self, *_):
        return self._ask(self._number, "exit")

    def __iter__(self):
        return self._ask(self._number, "iter")

    def __len__(self):
        return self._ask(self._number, "len")

    def __getitem__(self, key):
        return self._ask(self._number, "getitem", (key,))


CALLBACKS = {"func": Callback, "iter": IteratorCallback, "obj": ObjectCallback}
