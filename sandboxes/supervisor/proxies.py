"""The solution as the tests see it: a module, functions, classes and objects that stand for things in another process.

Calls go over as typed plain values (`values.py`) and come back as such. What has no plain value comes back as a
reference and is a proxy here. An operator that would hand the solution an operand of the tests (`==`, `<`, `in`, `+`)
is refused unless the problem's contract names the class: `==` must run on real builtins, in this process.
"""

import io
import sys
import types
import warnings

import changes
import values
from conversation import TALK, builtin_exception

CONTRACT_CLASSES = frozenset()
WRITE_BACK = False
UNLIKE = (None, "neither this nor that", -987654321)
PLAIN_BASES = frozenset(
    {"int", "float", "str", "bytes", "bytearray", "list", "tuple", "set", "frozenset", "dict"}
)
KNOWN_EXCEPTIONS = frozenset(
    "json.decoder decimal subprocess queue statistics struct binascii re configparser dataclasses csv graphlib ipaddress "
    "asyncio.exceptions concurrent.futures._base zoneinfo urllib.error copy".split()
)
NEVER_RAISED_AS_THEMSELVES = frozenset(
    {"KeyboardInterrupt", "GeneratorExit", "BaseException", "BaseExceptionGroup"}
)
PASSED_FILES = (io.StringIO, io.BytesIO, io.TextIOWrapper, io.BufferedReader, io.BufferedWriter)


def start(contract, write_back):
    """Set what the item promises; called once, before the first request."""
    global CONTRACT_CLASSES, WRITE_BACK
    CONTRACT_CLASSES = frozenset(contract["classes"])
    names = contract.get("mutates")
    WRITE_BACK = frozenset(names) if write_back and isinstance(names, list) else write_back
    TALK.answer_callback = answer_callback


# ---- references ---------------------------------------------------------------------------------------------------


class Refs:
    """Proxies that were made, and objects of the tests that crossed by reference."""

    enums_cross = False

    def __init__(self):
        self.made = {}
        self.test_objects = []

    def keeps(self, x):
        return isinstance(x, Proxy)

    def put(self, x):
        reference = reference_of(x)
        if reference is not None:
            return reference
        how = how_to_pass(x)
        if how is None:
            TALK.refuse(
                "needs_shared",
                f"an object of type {type(x).__name__} of the tests cannot be handed to the solution",
            )
        number = next((i for i, known in enumerate(self.test_objects) if known is x), None)
        if number is None:
            number = len(self.test_objects)
            self.test_objects.append(x)
        return ["cb", number, how]

    def get(self, tree):
        if tree[0] == "cb" and type(tree[1]) is int and 0 <= tree[1] < len(self.test_objects):
            return self.test_objects[tree[1]]
        if tree[0] != "h" or len(tree) != 7 or type(tree[1]) is not int:
            raise values.Refused(f"unknown reference {tree!r:.200}")
        if tree[1] not in self.made:
            self.made[tree[1]] = make_proxy(tree)
        return self.made[tree[1]]


REFS = Refs()


def reference_of(x):
    if isinstance(x, Proxy):
        return object.__getattribute__(x, "_ref")
    if isinstance(x, type):
        return x.__dict__.get("_class_ref")
    if isinstance(x, BaseException):
        return x.__dict__.get("_ref")
    if isinstance(x, types.FunctionType):
        return getattr(x, "_ref", None)
    return None


def how_to_pass(x):
    """How an object of the tests may be used by the solution: called, iterated, by its public parts; None: not at all."""
    if isinstance(x, (types.FunctionType, types.BuiltinFunctionType, types.MethodType, type)) or type(
        x
    ).__name__ in (
        "partial",
        "method-wrapper",
        "itemgetter",
        "attrgetter",
        "methodcaller",
    ):
        return "func"
    if isinstance(x, types.ModuleType):
        return None
    if hasattr(type(x), "__next__"):
        return "iter"
    if isinstance(x, PASSED_FILES) or type(x).__module__ in TEST_MODULES:
        return "obj"
    return "func" if callable(x) else None


TEST_MODULES = {"tests", "test_solution", "__main__"}


# ---- callbacks: what the solution asks of the tests' objects ---------------------------------------------------------


def answer_callback(tree):
    _, number, how, args, kwargs = tree
    args = values.values(args, REFS, 0)
    kwargs = dict(values.entries(kwargs, REFS, 0))
    target = sys.modules["builtins"].input if number == -1 else REFS.test_objects[number]
    if how == "call":
        return values.encode(target(*args, **kwargs), REFS)
    passed = how_to_pass(target)
    if passed == "iter" and how in ITERATOR_PARTS:
        return values.encode(ITERATOR_PARTS[how](target, *args), REFS)
    if passed == "obj" and how in OBJECT_PARTS:
        return values.encode(OBJECT_PARTS[how](target, *args), REFS)
    raise TypeError(f"{type(target).__name__} of the tests does not offer {how}")


def public(name):
    if type(name) is not str or name.startswith("_"):
        raise AttributeError(name)
    return name


ITERATOR_PARTS = {
    "next": next,
    "send": lambda x, v: x.send(v),
    "throw": lambda x, name: x.throw(builtin_exception(name)),
    "close": lambda x: x.close(),
}
OBJECT_PARTS = {
    "get": lambda x, name: getattr(x, public(name)),
    "set": lambda x, name, value: setattr(x, public(name), value),
    "enter": lambda x: x.__enter__(),
    "exit": lambda x: x.__exit__(None, None, None),
    "iter": lambda x: iter(x),
    "len": lambda x: len(x),
    "getitem": lambda x, key: x[key],
}


# ---- requests -------------------------------------------------------------------------------------------------------


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


# ---- exceptions -------------------------------------------------------------------------------------------------------


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
        return type(name, (RuntimeError,), {"__module__": "solution"})
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


# ---- proxies ----------------------------------------------------------------------------------------------------------


def make_proxy(tree):
    kind, names, base = tree[2], [str(n) for n in tree[3]], str(tree[5])
    if kind == "class":
        if issubclass(builtin_exception(base), BaseException) and base.endswith(
            ("Exception", "Error", "Exit", "Iteration", "Warning")
        ):
            return raisable_class(tree, names, base)
        return class_proxy(tree, names)
    if kind == "func":
        return function_proxy(tree, names)
    if kind == "gen":
        return generator(tree)
    if kind == "coro":
        return coroutine(tree)
    if kind == "agen":
        return async_generator(tree)
    return object_proxy(tree, names, kind == "callable")


def raisable_class(tree, names, base):
    """An exception class of the solution: tests raise it, catch it, construct it."""
    cls = exception_class(names, base, str(tree[4]))
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
        error.__dict__.update({k: v for k, v in made.__dict__.items() if k in ("_ref", "_text")})
    error.args = args
    return error


def builtin_new(cls):
    base = next(c for c in cls.__mro__ if c.__module__ == "builtins")
    return base.__new__(cls)


def function_proxy(tree, names):
    def proxy(*args, **kwargs):
        return call(tree, args, kwargs)

    proxy._ref = tree
    proxy.__name__ = proxy.__qualname__ = names[0]
    proxy.__doc__ = names[1] if len(names) > 1 else None
    proxy.__module__ = "solution"
    return proxy


def generator(tree):
    def steps():
        how, value = "send", None
        try:
            while True:
                try:
                    step = result(TALK.ask(["gen", tree, how, [send(value)]]))
                except StopIteration as end:
                    return end.value
                try:
                    how, value = "send", (yield step)
                except GeneratorExit:
                    raise
                except BaseException as error:
                    how, value = "throw", builtin_exception(type(error).__name__)(str(error))
        finally:
            if not TALK.gone:
                TALK.ask(["gen", tree, "close", []])

    return steps()


async def coroutine(tree):
    return result(TALK.ask(["await", tree]))


async def async_generator(tree):
    for item in result(TALK.ask(["collect", tree])):
        yield item


CLASSES = {}


class Meta(type):
    """The class of class proxies. Making a subclass of one in a test needs one interpreter."""

    def __new__(mcs, name, bases, namespace, made=False):
        if not made:
            TALK.refuse("needs_shared", f"class {name} of the tests derives from a class of the solution")
        return super().__new__(mcs, name, bases, namespace)

    def __init__(cls, name, bases, namespace, made=False):
        super().__init__(name, bases, namespace)

    def __call__(cls, *args, **kwargs):
        return call(cls._class_ref, args, kwargs)

    def __getattr__(cls, name):
        if name.startswith("__") or "_class_ref" not in cls.__dict__:
            raise AttributeError(name)
        return attribute(cls._class_ref, name)

    def __iter__(cls):
        return iter_of(cls)

    def __len__(cls):
        return operate("len", cls)

    def __getitem__(cls, key):
        return operate("getitem", cls, key)

    def __instancecheck__(cls, x):
        return type.__instancecheck__(cls, x)


def equals(x, other):
    """Whether the solution's own == holds; one that raises does not."""
    try:
        return operate("eq", x, other) is True
    except Exception:
        return False


def class_proxy(tree, names):
    key = tuple(names)
    if key not in CLASSES:
        up = next((n for n in range(1, len(names)) if tuple(names[n:]) in CLASSES), None)
        parent = CLASSES[tuple(names[up:])] if up else Proxy
        CLASSES[key] = Meta(
            names[0],
            (parent,),
            {"__module__": "solution", "_declared": not CONTRACT_CLASSES.isdisjoint(names)},
            made=True,
        )
    cls = CLASSES[key]
    if tree[2] == "class":
        type.__setattr__(cls, "_class_ref", tree)
    return cls


def object_proxy(tree, names, is_callable):
    cls = class_proxy(tree, names)
    if is_callable:
        cls = callable_class(cls)
    proxy = object.__new__(cls)
    object.__setattr__(proxy, "_ref", tree)
    object.__setattr__(proxy, "_own", frozenset(str(n) for n in tree[6]))
    object.__setattr__(proxy, "_base", str(tree[5]))
    return proxy


CALLABLE = {}


def callable_class(cls):
    if cls not in CALLABLE:
        parts = {"__call__": lambda self, *a, **k: call(reference_of(self), a, k), "__module__": "solution"}
        CALLABLE[cls] = Meta(cls.__name__, (cls,), parts, made=True)
    return CALLABLE[cls]


def iter_of(x):
    iterator = operate("iter", x)
    return remote_iterator(iterator) if isinstance(iterator, Proxy) else iter(iterator)


def remote_iterator(x):
    while True:
        try:
            yield operate("next", x)
        except StopIteration:
            return


class Proxy(metaclass=Meta, made=True):
    """An object of the solution. Its attributes and methods are forwarded; see the module's text for operators."""

    _declared = False

    def __getattr__(self, name):
        if name.startswith("__"):
            raise AttributeError(name)
        found = attribute(reference_of(self), name)
        if callable(found) and not type(self)._declared and is_tables(name):
            return no_judge_of_tables(found, self, name)
        return found

    def __setattr__(self, name, value):
        result(TALK.ask(["set", reference_of(self), name, send(value)]))

    def __delattr__(self, name):
        result(TALK.ask(["del", reference_of(self), name]))

    def _decide(self, operator, *operands):
        """An operator that decides: only for classes that the contract names."""
        if not type(self)._declared:
            name = type(self).__name__
            TALK.refuse(
                "contract_classes", f"operator {operator} of class {name}, which the contract does not name"
            )
        return operate(operator, *operands)

    def _plain(self):
        return result(TALK.ask(["plain", reference_of(self)]))

    def __eq__(self, other):
        if self is other:
            return (
                True
                if not (type(self)._declared and "__eq__" in self._own)
                else self._decide("eq", self, other) is True
            )
        if "__eq__" not in self._own:
            return self._plain() == other if self._base in PLAIN_BASES else False
        return self._decide("eq", self, other) is True and self._can_differ()

    def _can_differ(self):
        """Refuse a declared class whose == holds for anything; asked once for each class, when its == decided a test."""
        cls = type(self)
        if "_differs" not in cls.__dict__:
            type.__setattr__(cls, "_differs", True)
            if all(equals(self, other) for other in UNLIKE):
                TALK.refuse("contract_classes", f"operator eq of class {cls.__name__} is never false")
        return True

    def __ne__(self, other):
        return not self.__eq__(other)

    def __hash__(self):
        return self._decide("hash", self) if "__hash__" in self._own else object.__hash__(self)

    def __bool__(self):
        if "__bool__" in self._own or "__len__" in self._own:
            return self._decide("bool", self) is True
        return bool(self._plain()) if self._base in PLAIN_BASES else True

    def __contains__(self, x):
        if "__iter__" in self._own and not type(self)._declared:
            return any(x is v or x == v for v in iter_of(self))
        return self._decide("contains", self, x) is True

    def __len__(self):
        return operate("len", self)

    def __iter__(self):
        return iter_of(self)

    def __next__(self):
        return operate("next", self)

    def __reversed__(self):
        return iter(list(iter_of(operate("reversed", self))))

    def __getitem__(self, key):
        return operate("getitem", self, key)

    def __setitem__(self, key, value):
        operate("setitem", self, key, value)

    def __delitem__(self, key):
        operate("delitem", self, key)

    def __repr__(self):
        return operate("repr", self)

    def __str__(self):
        return operate("str", self)

    def __format__(self, spec):
        return operate("format", self, spec)

    def __enter__(self):
        return call_method(self, "__enter__")

    def __exit__(self, kind, error, _trace):
        name = None if kind is None else next(c.__name__ for c in kind.__mro__ if c.__module__ == "builtins")
        return result(TALK.ask(["exit", reference_of(self), name, str(error)]))

    def __dir__(self):
        return operate("dir", self)


def is_tables(name):
    """Whether pandas' own tables have such a part: tests that expect one may compare by it (`equals`, `ne`, `isin`)."""
    pandas = sys.modules.get("pandas")
    return any(hasattr(getattr(pandas, kind, None), name) for kind in ("DataFrame", "Series", "Index"))


def no_judge_of_tables(method, proxy, name):
    """A method that answers for an object in place of a table: over a table of the tests it would be its own judge."""

    def checked(*args, **kwargs):
        if any(type(x).__module__.partition(".")[0] == "pandas" for x in (*args, *kwargs.values())):
            cls = type(proxy).__name__
            TALK.refuse("contract_classes", f"method {name} of class {cls}, which the contract does not name")
        return method(*args, **kwargs)

    checked._ref = reference_of(method)
    return checked


def call_method(proxy, name):
    TALK.calls += 1
    return result(TALK.ask(["gen", reference_of(proxy), name, []]))


def add_operators():
    for name in ("int", "float", "complex", "index", "abs", "neg", "pos", "invert", "round", "bytes"):
        setattr(Proxy, f"__{name}__", (lambda op: lambda self, *a: operate(op, self, *a))(name))
    for name in (
        "lt",
        "le",
        "gt",
        "ge",
        "add",
        "sub",
        "mul",
        "truediv",
        "floordiv",
        "mod",
        "pow",
        "and",
        "or",
        "xor",
        "matmul",
        "divmod",
    ):
        operator = {"and": "and_", "or": "or_"}.get(name, name)
        setattr(
            Proxy, f"__{name}__", (lambda op: lambda self, other: self._decide(op, self, other))(operator)
        )
        if name not in ("lt", "le", "gt", "ge"):
            setattr(
                Proxy,
                f"__r{name}__",
                (lambda op: lambda self, other: self._decide(op, other, self))(operator),
            )


add_operators()
