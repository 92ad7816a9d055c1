"""What crosses by reference, as the solution's side knows it: its own objects, and what stands for those of the tests."""

import _thread
import collections
import types
from enum import Enum

import values
from solution_own import BASES, Own
from solution_reports import report_within
from test_objects import TESTS_OBJECTS, Callback

BARE = frozenset(dir(collections.namedtuple("Bare", "")))
NOTED = frozenset(
    "__dict__ __orig_bases__ __annotations__ __annotate__ __annotate_func__ __annotations_cache__ __weakref__ "
    "__firstlineno__ __static_attributes__ __parameters__ __type_params__ __classdictcell__ __abstractmethods__".split()
)
"""What every class of named tuples has, and what is noted of classes that are written out."""
NOT_BEHAVIOUR = NOTED | frozenset(
    "__new__ __init__ __init_subclass__ __class_getitem__ __subclasshook__ __set_name__ __module__ __doc__ __slots__ __dir__ "
    "__qualname__ __reduce__ __reduce_ex__ __getstate__ __setstate__ __getnewargs__ __getnewargs_ex__ __copy__ __deepcopy__ "
    "__del__ __sizeof__ __match_args__ __getattr__ __getattribute__ __setattr__ __delattr__ __static_attributes__".split()
)
"""What does not change how a value answers, or is asked of the object itself."""


class Refs:
    """Objects of this side that crossed by reference, and references to objects of the tests' side.

    `classes`: names of the solution's that the contract names. `module`: the solution itself, once it is loaded."""

    enums_cross = True
    once = again = None

    def __init__(self, classes, module=None):
        self.module = module
        self.objects = []
        self.own = Own(self.objects)
        self.numbers = {}
        self.theirs = {}
        self.trees = {}
        self.parts_of = {}
        self.constructed = set()
        self.classes = frozenset(classes)
        self.lock = _thread.allocate_lock()

    def keeps(self, x):
        kind = type(x)
        of_contract = kind.__name__ in self.classes and kind.__module__ == "solution"
        return (of_contract or id(x) in self.constructed) and not values.is_named_tuple(kind)

    def construct(self, x):
        """What the tests made is one object whenever it comes."""
        self.constructed.add(id(x))
        return self.put(x)

    def has_protocols(self):
        """Whether the solution may ask what an object of the tests has, without reading it (`runtime_checkable`)."""
        found = list(self.module.__dict__.values()) if self.module is not None else ()
        return any(isinstance(x, type) and "_is_runtime_protocol" in x.__dict__ for x in found)

    def numbered(self, x):
        return id(x) in self.numbers

    def of_overriding(self, x):
        """The reference of a value whose class answers otherwise than a plain one would, or that can be changed; None for
        others."""
        changing = issubclass(type(x), BASES)
        if not changing and not overridden(type(x)) and not adds(x):
            return None
        reference = self.reference(x)
        if changing and reference[0] == "h":
            self.own.crosses(reference[1])
        return reference

    def parts(self, kind):
        """Names of what a class of named tuples has besides its fields."""
        if kind not in self.parts_of:
            self.parts_of[kind] = list(own_parts(kind))
        return self.parts_of[kind]

    def put(self, x):
        """An exception is one on both sides: what is told of it comes along, unless operators of its own come into it."""
        reference = self.reference(x)
        if reference[0] == "h" and BaseException in type(x).__mro__ and not reference[6]:
            return ["x", report_within(x, self)]
        return reference

    def reference(self, x):
        if isinstance(x, Callback) or (self.theirs and isinstance(x, (type, BaseException))):
            number = getattr(x, "_number", None) if isinstance(x, Callback) else number_in(self.theirs, x)
            if number is not None:
                return self.trees[number]
        number = self.numbers.get(id(x))
        return ["h", self.number(x) if number is None else number, *describe(x)]

    def number(self, x):
        with self.lock:  # several threads of the solution may answer
            self.numbers[id(x)] = len(self.objects)
            self.objects.append(x)
            return self.numbers[id(x)]

    def get(self, tree):
        if tree[0] == "h":
            self.own.given(tree[1])
            return self.objects[tree[1]]
        if tree[0] == "cb":
            return self.of_the_tests(tree)
        if tree[0] == "m":
            return self.module
        raise values.Refused("unknown reference")

    def of_the_tests(self, tree):
        """What stands for an object of the tests: the same one whenever it comes."""
        if tree[1] not in self.theirs:
            self.theirs[tree[1]] = TESTS_OBJECTS[tree[2]](tree, self)
            self.trees[tree[1]] = tree
        return self.theirs[tree[1]]


def own_parts(kind):
    for cls in kind.__mro__[: kind.__mro__.index(tuple)]:
        for name, part in cls.__dict__.items():
            own = name not in NOTED if name not in BARE else getattr(part, "__module__", "") == cls.__module__
            if own and name not in kind._fields and type(name) is str:
                yield name


def number_in(theirs, x):
    return next((number for number, known in theirs.items() if known is x), None)


def describe(x):
    """(kind, class names outwards, module of the class, builtin base, overridden operators, and where it takes more the
    bases of each class); of a function its own name."""
    if isinstance(x, types.FunctionType):
        code = x.__code__
        kind = "func" if x.__dict__.keys() <= {"__wrapped__"} else "func with parts"
        return kind, said_of(x), "builtins", "function", list(code.co_varnames[: code.co_argcount])
    if isinstance(x, types.MethodType) and isinstance(x.__func__, types.FunctionType):
        return "func", said_of(x), "builtins", "method", []
    cls = x if isinstance(x, type) else type(x)
    line = [c for c in cls.__mro__ if c is not object]
    names = [str(c.__name__) for c in line]
    refuse_namesakes(cls, names)
    base = next(c.__name__ for c in cls.__mro__ if c.__module__ == "builtins")
    return kind_of(x), names, str(cls.__module__), base, overridden(cls), *bases_of(line, names, base)


def refuse_namesakes(cls, names):
    """The tests' side knows classes by their names: two of one name (`User.NotFound`, `Order.NotFound`) would be one."""
    place = cls.__module__, cls.__qualname__
    if NAMESAKES.setdefault(tuple(names), place) != place:
        raise values.Refused(f"two classes of the solution are called {names[0]}")


NAMESAKES = {}
"""By the names of a class and its bases where it is defined."""


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
    """Which of the operators that decide assertions a class defines itself, and not a builtin for it; of a subclass of a
    value all that the value would answer otherwise."""
    if cls not in OVERRIDDEN:
        base = next((base for base, _ in values.DECAY if issubclass(cls, base)), None)
        OVERRIDDEN[cls] = deciding(cls) if base is None else differing(cls, base)
    return OVERRIDDEN[cls]


OVERRIDDEN = {}


def differing(cls, base):
    """Names under which a class does something else than its builtin base."""
    own = [c for c in cls.__mro__ if c not in base.__mro__]
    names = dict.fromkeys(n for c in own for n in c.__dict__ if type(n) is str and n not in NOT_BEHAVIOUR)
    first = {n: next(c for c in cls.__mro__ if n in c.__dict__) for n in names}
    return [n for n in names if first[n] in own and (n[:2] == "__" or hasattr(base, n))]


def adds(x):
    """Whether a value of a subclass is more than the value: by attributes, or by what its class adds."""
    if isinstance(x, Enum):
        return False
    cls = type(x)
    if cls not in ADDED:
        own = [c for c in cls.__mro__ if c.__module__ != "builtins"]
        names = {n for c in own for n in c.__dict__ if type(n) is str}
        ADDED[cls] = any(n[:2] != "__" for n in names) or "__getattr__" in names
    return ADDED[cls] or bool(getattr(x, "__dict__", None))


ADDED = {}


def deciding(cls):
    found = []
    for name in (
        "__eq__",
        "__bool__",
        "__len__",
        "__hash__",
        "__iter__",
        "__next__",
        "__contains__",
        "__lt__",
        "__ne__",
    ):
        owner = next((c for c in cls.__mro__ if name in c.__dict__), object)
        plain_enum = name == "__hash__" and owner is Enum  # its members are what they are by identity
        if owner.__module__ != "builtins" and not plain_enum:
            found.append(name)
    return found
