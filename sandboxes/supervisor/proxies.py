"""The solution as the tests see it: a module, functions, classes and objects that stand for things in another process.

Calls go over as typed plain values (`values.py`) and come back as such. What has no plain value comes back as a
reference and is a proxy here. An operator that would hand the solution an operand of the tests (`==`, `<`, `in`, `+`)
is refused unless the problem's contract names the class: `==` must run on real builtins, in this process.
"""

import contextlib
import copyreg
import sys

import asking
import values
from asking import ask, assign, attribute, call, operate
from callbacks import answer_callback
from class_parts import (
    ASKED_FOR,
    asked,
    class_part,
    class_reference,
    delete_class_part,
    face_of,
    known_as_abstract,
    set_class_part,
)
from conversation import TALK, builtin_exception
from lineage import class_of, rows
from operations import OPERATIONS
from raisable import raisable_class
from references import REFS, Standin, reference_of
from remote_functions import FUNCTIONS
from tests_links import LINKS

CONTRACT_CLASSES = frozenset()
UNLIKE = (None, "neither this nor that", -987654321)
MOST_LOOKED_AT = 10_000
"""Of items in search of one by `in`: what has an operator of its own for that may go on for ever."""
PREDICATES = frozenset(
    "startswith endswith issubset issuperset isdisjoint match fullmatch search isalnum isalpha isascii isdecimal isdigit "
    "isidentifier islower isnumeric isprintable isspace istitle isupper is_integer".split()
)
"""Methods of builtin values whose answer alone decides an assertion. On an object that stands in place of such a value the
object would be its own judge; a class that the tests themselves name may have methods that are called so. What gives
a number or an item (`count`, `get`) must still be the right one, as from any function."""
PLAIN_BASES = frozenset(
    {"int", "float", "str", "bytes", "bytearray", "list", "tuple", "set", "frozenset", "dict"}
)
CHANGING_BASES = frozenset({"bytearray", "list", "set", "dict"})
VIEWS = ("dict_keys", "dict_items", "mappingproxy", "memoryview")
"""Objects of Python's own that compare as a set, a dict or bytes, which is what crosses then."""


def start(contract, write_back):
    """Set what the item promises; called once, before the first request."""
    global CONTRACT_CLASSES
    CONTRACT_CLASSES = frozenset(contract["classes"])
    names = contract.get("mutates")
    asking.WRITE_BACK = frozenset(names) if write_back and isinstance(names, list) else write_back
    TALK.answer_callback, TALK.tell_error, TALK.links = answer_callback, REFS.put, LINKS


def make_proxy(tree):
    kind, names, base = tree[2], [str(n) for n in tree[3]], str(tree[5])
    if kind == "class":
        if issubclass(builtin_exception(base), BaseException) and base.endswith(
            ("Exception", "Error", "Exit", "Iteration", "Warning")
        ):
            return raisable_class(tree, names, base)
        return class_proxy(tree, names)
    if maker := FUNCTIONS.get(str(kind)):
        return maker(tree, names)
    return object_proxy(tree, names, kind == "callable")


CLASSES = {}


class Meta(type):
    # The class of class proxies. Making a subclass of one in a test needs one interpreter.

    def __new__(mcs, name, bases, namespace, made=False):
        if not made:
            TALK.refuse("needs_shared", f"class {name} of the tests derives from a class of the solution")
        return super().__new__(mcs, name, bases, namespace)

    def __init__(cls, name, bases, namespace, made=False):
        super().__init__(name, bases, namespace)

    def __call__(cls, *args, **kwargs):
        return call(class_reference(cls), args, kwargs)

    def __getattr__(cls, name):
        if name.startswith("__") and name not in ASKED_FOR:
            raise AttributeError(name)
        return class_part(cls, name)

    def __setattr__(cls, name, value):
        set_class_part(cls, name, value)

    def __delattr__(cls, name):
        delete_class_part(cls, name)

    __doc__ = property(lambda cls: asked(cls, "__doc__"))
    __annotations__ = property(lambda cls: asked(cls, "__annotations__", {}))

    @property
    def __mro__(cls):
        """As `collections.abc` reads it."""
        line = type.__dict__["__mro__"].__get__(cls)
        if "_face" not in cls.__dict__ and not TALK.gone:
            with contextlib.suppress(
                AttributeError
            ):  # of a class that nobody has named there is nothing to ask
                type.__setattr__(cls, "_face", face_of(cls))
        return (cls, cls.__dict__["_face"], *line[1:]) if "_face" in cls.__dict__ else line

    def __iter__(cls):
        return iter_of(cls)

    def __len__(cls):
        return operate("len", cls)

    def __getitem__(cls, key):
        return operate("getitem", cls, key)

    def __instancecheck__(cls, x):
        return type.__instancecheck__(cls, x) or is_tuple_of(cls, x)


def holds(operator, x, other):
    """Whether an operator of the solution's own holds; one that raises does not."""
    try:
        return operate(operator, x, other) is True
    except Exception:
        return False


def plain_of(x):
    """The builtin value that an operand is; an object of the solution that has not come by value is asked."""
    if not isinstance(x, Standin):
        return x
    plain = next((plain for base, plain in values.DECAY if issubclass(type(x), base)), None)
    return x._plain() if plain is None else plain(x)


def class_proxy(tree, names):
    cls = CLASSES.get(tuple(names))
    if cls is None:
        cls = class_of(rows(names, str(tree[4]), str(tree[5]), *tree[7:]), CLASSES, new_class)
    if tree[2] == "class":
        type.__setattr__(cls, "_class_ref", tree)
    elif "_class_ref" not in cls.__dict__:
        type.__setattr__(cls, "_object_ref", tree)
    return cls


def new_class(names, module, parents):
    declared = not CONTRACT_CLASSES.isdisjoint(names)
    parts = {"__module__": "solution", "_declared": declared}
    try:
        return known_as_abstract(Meta(names[0], parents or (Proxy,), parts, made=True), module)
    except TypeError:  # classes of one name that are several there
        TALK.refuse("needs_shared", f"the bases of class {names[0]} cannot be told apart")


def object_proxy(tree, names, is_callable):
    cls = class_proxy(tree, names)
    if str(tree[5]) in PLAIN_BASES:
        REFS.in_place.add(names[0])
    if is_callable and "__call__" not in cls.__dict__:
        type.__setattr__(cls, "__call__", call_proxy)
    proxy = object.__new__(cls)
    stand_for(proxy, tree)
    return proxy


def stand_for(proxy, tree):
    object.__setattr__(proxy, "_ref", tree)
    object.__setattr__(proxy, "_own", frozenset(str(n) for n in tree[6]))
    object.__setattr__(proxy, "_base", str(tree[5]))
    object.__setattr__(proxy, "_module", str(tree[4]))


def derived(cls, base):
    """The class of a proxy with its builtin base; nothing is ever of that class."""
    if issubclass(cls, base):
        return cls
    if "_derived" not in cls.__dict__:
        parts = {"__module__": "solution", "_stands_for": cls}
        type.__setattr__(cls, "_derived", Meta(cls.__name__, (cls, base), parts, made=True))
    return cls.__dict__["_derived"]


def is_tuple_of(cls, x):
    """Whether a named tuple that came by value is of this class of the solution."""
    if not isinstance(x, tuple) or not values.is_named_tuple(type(x)):
        return False
    known = values.NAMED.get((cls.__name__, type(x)._fields))
    return known is type(x) and asked(cls, "_fields") == known._fields


def call_proxy(self, *args, **kwargs):
    return call(reference_of(self), args, kwargs)


def iter_of(x):
    iterator = operate("iter", x)
    if iterator is x:
        return x
    return remote_iterator(iterator) if isinstance(iterator, Proxy) else iter(iterator)


def remote_iterator(x):
    while True:
        try:
            yield operate("next", x)
        except StopIteration:
            return


class Initializer:
    """`C.__init__` and `x.__init__` are the solution's; no proxy is made by it."""

    def __get__(self, x, cls):
        return attribute(class_reference(cls) if x is None else reference_of(x), "__init__")


class Proxy(Standin, metaclass=Meta, made=True):
    """An object of the solution. Its attributes and methods are forwarded; see the module's text for operators."""

    _declared = False
    _named = False
    """Whether the tests name the class, or one that it derives from, as classes are named."""

    def __getattr__(self, name):
        if name in ASKED_FOR:
            return getattr(type(self), name)
        if name.startswith("__"):
            raise AttributeError(name)
        found = attribute(reference_of(self), name)
        if callable(found) and not type(self)._declared:
            if is_tables(name):
                return no_judge_of_tables(found, self, name)
            if name in PREDICATES and not type(self)._named and self._module != "re":
                self._refuse("method", name)
        return found

    def __getattribute__(self, name):
        if (
            name in OPERATORS
        ):  # `hasattr(x, "__iter__")`; Python itself looks for operators in the class alone
            found = attribute(reference_of(self), name)
            if name == "__doc__":
                return found
        return super().__getattribute__(name)

    __init__ = Initializer()

    @property
    def __class__(self):
        """What `isinstance` asks where the type says no: an object in place of a builtin value is one of its class, too."""
        cls = type(self)
        reader = sys._getframe(2).f_code  # behind `__getattribute__`
        if self._base not in PLAIN_BASES or "__class__" in reader.co_names:
            return cls
        return derived(cls, values.TYPES[self._base])

    def __setattr__(self, name, value):
        assign(reference_of(self), name, value)

    def __delattr__(self, name):
        ask(["del", reference_of(self), name])

    def _decide(self, operator, *operands):
        """An operator that decides: only for classes that the contract names."""
        if not type(self)._declared:
            self._refuse("operator", operator)
        return operate(operator, *operands)

    def _combine(self, operator, *operands):
        """An operator that a builtin class has for its subclass is of values, and those are here."""
        if type(self)._declared or not all(is_builtin(operator, x) for x in operands):
            return self._decide(operator, *operands)
        if operator in IN_PLACE and self._base in CHANGING_BASES:
            return operate(operator, *operands)
        return OPERATIONS[operator](*map(plain_of, operands))

    def _refuse(self, part, name):
        text = f"{part} {name} of class {type(self).__name__}, which the contract does not name"
        TALK.refuse("contract_classes", text)

    def _plain(self):
        return ask(["plain", reference_of(self)])

    def __eq__(self, other):
        if self is other:
            return (
                True
                if not (type(self)._declared and "__eq__" in self._own)
                else self._decide("eq", self, other) is True
            )
        if "__eq__" not in self._own:
            return self._plain() == other if self._base in (*PLAIN_BASES, *VIEWS) else False
        return self._decide("eq", self, other) is True and self._can_differ()

    def _can_differ(self, operator="eq"):
        """Refuse a declared class whose operator holds for anything; asked once for each class, when it decided a test."""
        cls = type(self)
        if f"_differs_{operator}" not in cls.__dict__:
            type.__setattr__(cls, f"_differs_{operator}", True)
            if all(holds(operator, self, other) for other in UNLIKE):
                TALK.refuse("contract_classes", f"operator {operator} of class {cls.__name__} is never false")
        return True

    def __ne__(self, other):
        if "__ne__" in self._own:
            return self._decide("ne", self, other) is True
        return not self.__eq__(other)

    def __hash__(self):
        if "__hash__" in self._own:
            return self._decide("hash", self)
        return hash(plain_of(self)) if self._base in PLAIN_BASES else object.__hash__(self)

    def __bool__(self):
        if "__bool__" in self._own or "__len__" in self._own:
            return self._decide("bool", self) is True
        return bool(self._plain()) if self._base in PLAIN_BASES else True

    def __contains__(self, x):
        if type(self)._declared:
            return self._decide("contains", self, x) is True and self._can_differ("contains")
        if "__next__" in self._own or not ("__iter__" in self._own or self._base in PLAIN_BASES):
            self._refuse("operator", "contains")
        found = self._held(x)
        if "__contains__" in self._own and holds("contains", self, x) is not found:
            self._refuse("operator", "contains")
        return found

    def _held(self, x):
        """Whether `x` is among what iteration gives: found out before the solution hears what is looked for."""
        items = iter_of(self) if "__iter__" in self._own else iter(self._plain())
        for n, item in enumerate(items):
            if item is x or item == x:
                return True
            if n > MOST_LOOKED_AT:
                self._refuse("operator", "contains")
        return False

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
        return leave(self, "__exit__", error)

    async def __aenter__(self):
        return await call_method(self, "__aenter__")

    async def __aexit__(self, kind, error, _trace):
        return await leave(self, "__aexit__", error)

    def __aiter__(self):
        return call_method(self, "__aiter__")

    async def __anext__(self):
        return await call_method(self, "__anext__")

    def __dir__(self):
        return operate("dir", self)

    def __copy__(self):
        return operate("copy", self)

    def __deepcopy__(self, _memo):
        return operate("deepcopy", self)

    def __reduce_ex__(self, _protocol):
        """A pickle names the object that the solution has made of one for it; whoever reads it gets one more."""
        return copyreg.__newobj__, (type(self),), reference_of(operate("pickled", self))

    def __setstate__(self, tree):
        stand_for(self, reference_of(operate("pickled", REFS.get(tree))))

    @property
    def __dict__(self):
        return attribute(reference_of(self), "__dict__")


def is_builtin(operator, x):
    """Whether an operand has nothing of the solution's own for an operator."""
    if not isinstance(x, Standin):
        return True
    stem = operator.strip("_")
    names = {f"__{stem}__", f"__r{stem}__", f"__{stem[1:]}__" if operator in IN_PLACE else None}
    return isinstance(x, Proxy) and x._base in PLAIN_BASES and names.isdisjoint(x._own)


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
    return ask(["gen", reference_of(proxy), name, []])


def leave(proxy, name, error):
    """Leave a context of the solution's: it sees the exception itself if it is one of its own, else one of its class."""
    return ask(["exit", reference_of(proxy), name, None if error is None else REFS.put(error)])


IN_PLACE = "iadd isub imul itruediv ifloordiv imod ipow imatmul ilshift irshift iand ior ixor".split()
"""`x += y` is one question: there it is `x + y` where the class has nothing of its own."""


def add_operators():
    for name in ("int", "float", "complex", "index", "abs", "neg", "pos", "invert", "round", "bytes"):
        type.__setattr__(Proxy, f"__{name}__", (lambda op: lambda self, *a: operate(op, self, *a))(name))
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
        "lshift",
        "rshift",
        *IN_PLACE,
    ):
        operator = {"and": "and_", "or": "or_"}.get(name, name)
        type.__setattr__(
            Proxy, f"__{name}__", (lambda op: lambda self, other: self._combine(op, self, other))(operator)
        )
        if name not in ("lt", "le", "gt", "ge", *IN_PLACE):
            type.__setattr__(
                Proxy,
                f"__r{name}__",
                (lambda op: lambda self, other: self._combine(op, other, self))(operator),
            )


add_operators()
OPERATORS = frozenset(name for name in Proxy.__dict__ if name.startswith("__") and not hasattr(object, name))
OPERATORS -= {"__copy__", "__deepcopy__", "__setstate__", "__getattr__"}
OPERATORS |= {"__doc__"}
"""Of proxies all, of the solution's classes those that they have."""
REFS.make, REFS.make_error = make_proxy, asking.error_as_value
