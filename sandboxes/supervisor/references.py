"""What crosses by reference, as the tests' side knows it: proxies of the solution's things, and the tests' own objects."""

import enum
import io
import types
import weakref

import values
from conversation import TALK
from operations import OFFERED

PASSED_WHOLE = (
    io.StringIO,
    io.BytesIO,
    io.TextIOWrapper,
    io.BufferedReader,
    io.BufferedWriter,
    types.SimpleNamespace,
)
"""What is handed over by its public parts, besides what is of these modules: objects of the tests, and mocks."""
TEST_MODULES = {"tests", "test_solution", "__main__"}
WHOLE_MODULES = TEST_MODULES | {"unittest.mock"}
PASSED_FUNCTIONS = {"builtins", "functools", "operator", "types", "numpy"}
KNOWN_EXCEPTIONS = frozenset(
    "json.decoder decimal subprocess queue statistics struct binascii re configparser dataclasses csv graphlib ipaddress "
    "asyncio.exceptions concurrent.futures._base zoneinfo urllib.error copy _queue".split()
)
"""Modules of the standard library whose exceptions are the same on both sides."""


class Standin:
    """What every proxy is."""

    _lend = None
    """What is to be done before the solution gets it."""


class Refs:
    """Proxies that were made, and objects of the tests that crossed by reference."""

    enums_cross = False
    once = again = None
    make = make_error = make_tuple = make_overriding = heard = None
    """A proxy of a reference, an exception, a named tuple and a value whose class overrides something, of what is told of them,
    and what is told of such a value later; `proxies` and `overriding` put them here."""

    def __init__(self):
        self.made = {}
        self.passing = weakref.WeakValueDictionary()  # a generator closes when nobody has it any more
        self.test_objects = []
        self.numbers = {}
        self.in_place = set()

    def forget(self):
        self.__init__()

    def keeps(self, x):
        return isinstance(x, Standin)

    def parts(self, _kind):
        return []

    def of_overriding(self, x):
        """Nothing: of a value of the tests only the plain one crosses, unless the solution could miss the rest."""
        if has_more(x):
            why = f"a value of the tests' class {type(x).__name__}, which overrides or adds something, cannot be handed over"
            TALK.refuse("needs_shared", why)

    def put(self, x):
        reference = reference_of(x)
        if reference is not None:
            if isinstance(x, Standin) and x._lend is not None:
                x._lend()
            return reference
        key = identity(x)
        passed = self.passed(x)
        number = self.numbers.get(key)
        if number is None:
            number = self.numbers[key] = len(self.test_objects)
            self.test_objects.append(x)
        return ["cb", number, *passed]

    def passed(self, x):
        """How it may be used there, and what must be known of it for that."""
        if isinstance(x, BaseException):
            return error_of(x, self)
        how = how_to_pass(x)
        if how is None:
            name = type(x).__name__
            TALK.refuse(
                "needs_shared", f"an object of type {name} of the tests cannot be handed to the solution"
            )
        if how == "class" and issubclass(x, BaseException):
            return error_class(x, self)
        return [how, *known_of(type(x))] if how == "obj" else [how]

    def get(self, tree):
        if (
            tree[0] == "cb"
            and len(tree) > 1
            and type(tree[1]) is int
            and 0 <= tree[1] < len(self.test_objects)
        ):
            return self.test_objects[tree[1]]
        if tree[0] == "x" and len(tree) == 2:
            return self.make_error(tree[1])
        if tree[0] == "NT" and len(tree) == 6:
            return self.make_tuple(*tree[1:])
        if tree[0] == "V":
            return self.make_overriding(*tree[1:])
        if tree[0] != "h" or len(tree) not in (7, 8) or type(tree[1]) is not int:
            raise values.Refused(f"unknown reference {tree!r:.200}")
        kept = self.passing if tree[2] == "gen" else self.made
        found = kept.get(tree[1])
        if found is None:
            found = kept[tree[1]] = self.make(tree)
        return found


REFS = Refs()


def reference_of(x):
    if isinstance(x, Standin):
        return object.__getattribute__(x, "_ref")
    if isinstance(x, type):
        return x.__dict__.get("_class_ref")
    if isinstance(x, BaseException):
        return x.__dict__.get("_ref")
    if isinstance(x, types.FunctionType):
        return getattr(x, "_ref", None)
    return None


def identity(x):
    """Methods are made anew whenever they are read, and are equal."""
    if isinstance(x, types.MethodType):
        return id(x.__self__), id(x.__func__)
    if isinstance(x, types.BuiltinMethodType) and not isinstance(x.__self__, (types.ModuleType, type(None))):
        return id(x.__self__), x.__name__
    return id(x)


OPERATORS, CLASSES = {}, {}


def known_of(cls):
    """Of the class of an object of the tests: operators, name, a number that tells it from others, and so of its bases."""
    bases = [known_of(base) for base in cls.__bases__ if base.__module__ in TEST_MODULES]
    return [list(offered(cls)), str(cls.__name__), CLASSES.setdefault(cls, len(CLASSES)), bases]


def offered(cls):
    """The operators that a class of the tests defines itself."""
    if cls not in OPERATORS:
        line = cls.__mro__
        inherited = ((n, next((c.__dict__[n] for c in line if n in c.__dict__), None)) for n in OFFERED)
        OPERATORS[cls] = [
            n for n, found in inherited if found is not None and found is not getattr(object, n, None)
        ]
    return OPERATORS[cls]


def error_class(cls, refs):
    """Exceptions are caught by their class: one of the standard library by name, one of the tests by its name and bases."""
    if cls.__module__ == "builtins" or cls.__module__ in KNOWN_EXCEPTIONS:
        return ["known class", cls.__module__, cls.__name__]
    return [
        "error class",
        cls.__name__,
        [refs.put(base) for base in cls.__bases__ if issubclass(base, BaseException)],
    ]


def error_of(error, refs):
    """An exception of the tests as the solution may see it: class, args, and public attributes that are plain values."""
    args = error.args if all(is_plain(x) for x in error.args) else (str(error),)
    parts = [(name, x) for name, x in error.__dict__.items() if not name.startswith("_") and is_plain(x)]
    return [
        "error",
        refs.put(type(error)),
        values.items(args, refs, 0),
        [[n, values.encode(x, refs)] for n, x in parts],
    ]


def is_plain(x):
    """Whether it crosses by value."""
    try:
        values.encode(x, NOTHING)
    except values.Refused:
        return False
    return True


UNSEEN = frozenset(
    "__module__ __qualname__ __doc__ __dict__ __weakref__ __slots__ __init__ __new__ __annotations__ __firstlineno__ "
    "__static_attributes__ __orig_bases__ __parameters__".split()
)


def has_more(x):
    """Whether a value of a class that the tests define is more than the builtin one that it is derived from."""
    own = [c for c in type(x).__mro__ if c.__module__ in TEST_MODULES]
    if not own or isinstance(x, enum.Enum):
        return False
    return bool(getattr(x, "__dict__", None)) or not all(c.__dict__.keys() <= UNSEEN for c in own)


class Nothing:
    """A side to which nothing crosses by reference."""

    enums_cross = False
    once = again = None

    def keeps(self, x):
        return isinstance(x, Standin)

    def parts(self, _kind):
        return []

    def of_overriding(self, _x):
        return None

    def put(self, x):
        raise values.Refused("no plain value")


NOTHING = Nothing()


def how_to_pass(x):
    """How an object of the tests may be used by the solution: called, iterated, by its public parts; None: not at all."""
    if isinstance(x, type):
        return "class"
    if isinstance(x, (types.FunctionType, types.BuiltinFunctionType, types.MethodType)):
        return "func"
    module = type(x).__module__
    if isinstance(x, PASSED_WHOLE) or module in WHOLE_MODULES or type(x) is object:
        return "obj"
    if isinstance(x, types.ModuleType):
        return None
    if hasattr(type(x), "__next__"):
        return "iter"
    return "func" if callable(x) and module.partition(".")[0] in PASSED_FUNCTIONS else None
