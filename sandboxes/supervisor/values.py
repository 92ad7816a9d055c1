"""The value codec: what may cross between the judge process and the solution process, and in which form.

Only exact builtin values (and a few of the standard library) cross as values; a subclass arrives as its plain value, so
that `==` in the judge process always runs on real builtins, and with a reference if it overrides something or can be
changed. Everything else crosses as a reference, through the `refs` object that each side supplies: `refs.put(x) -> list` and
`refs.get(list) -> object`. What a reply holds twice is written once (`encode_once`).

JSON scalars stand for themselves (None, bool, int, float with nan and inf, str); everything else is a list that
starts with a tag. Nothing is ever unpickled or evaluated.
"""

import base64
import collections
import datetime
import decimal
import enum
import fractions
import json
import pathlib
import re
import sys

DEPTH = 60
DTYPE = re.compile(r"[<>|=]?([biufcSU]\d{1,9}|[mM]8(\[\d{0,9}[a-zA-Z]{1,2}\])?)")
MALFORMED = (
    TypeError,
    ValueError,
    IndexError,
    KeyError,
    ArithmeticError,
    AttributeError,
    RecursionError,
    ImportError,
    MemoryError,
)
"""What building a value from a tree that nobody of ours wrote can raise."""
ATOMS = frozenset({type(None), bool, float, str})
LARGE = 1 << 4096


TYPES = {
    t.__name__: t
    for t in (
        int,
        float,
        str,
        bool,
        bytes,
        bytearray,
        complex,
        list,
        tuple,
        dict,
        set,
        frozenset,
        range,
        slice,
        type(None),
    )
}
"""Builtin classes cross by name: they are arguments such as `isinstance` takes."""


FOREIGN = {}
"""Package -> a writer for what it makes, which gives None where it has no form; `tables` adds pandas' and its readers."""


CHANGING = frozenset(
    {
        list,
        dict,
        set,
        bytearray,
        collections.deque,
        collections.OrderedDict,
        collections.Counter,
        collections.defaultdict,
    }
)
CHANGING_TAGS = frozenset("l d dd S Y q O C".split())
"""What can be changed in place: where one message holds such an object twice, it is one object there as well."""
MOST_REPEATED = 1 << 23
"""Values in a message, those of objects that it holds more than once counted each time."""


class Refused(Exception):
    """This value cannot cross (too deep, a cycle, malformed)."""


def dumps(tree) -> bytes:
    return json.dumps(tree).encode("ascii")


def loads(data: bytes):
    try:
        return json.loads(data)
    except (ValueError, RecursionError) as error:
        raise Refused(f"not a value: {error}") from None


# ---- to the wire -------------------------------------------------------------------------------------------------


def encode(x, refs, depth=0):
    """A JSON-able tree for `x`."""
    kind = type(x)
    if kind in ATOMS:
        return x
    if kind is int:
        return x if -LARGE < x < LARGE else ["i", hex(x)]
    if depth > DEPTH:
        raise Refused("a value is nested too deeply or contains itself")
    writer = WRITERS.get(kind)
    if writer is None:
        return encode_other(x, kind, refs, depth + 1)
    if refs.once is None or kind not in CHANGING:
        return writer(x, refs, depth + 1)
    return refs.once.place(x) or refs.once.passed(x, writer(x, refs, depth + 1))


def encode_other(x, kind, refs, depth):
    module = kind.__module__
    if module == "numpy" and "numpy" in sys.modules:
        tree = encode_numpy(x, sys.modules["numpy"])
        if tree is not None:
            return tree
    writer = FOREIGN.get(module.partition(".")[0])
    if writer is not None:
        tree = writer(x, refs, depth)
        if tree is not None:
            return tree
    if refs.keeps(x):
        return refs.put(x)
    if is_named_tuple(kind):
        told = [str(kind.__name__), list(map(str, kind._fields)), items(tuple.__iter__(x), refs, depth)]
        parts = refs.parts(kind)
        return ["NT", *told, refs.put(x), parts] if parts else ["N", *told]
    for base, plain in DECAY:
        if issubclass(kind, base):
            if base in (int, str) and issubclass(kind, enum.Enum) and refs.enums_cross:
                return refs.put(x)
            reference = refs.of_overriding(x)
            if reference and base in CHANGING:  # named by its reference, and by no place
                return ["V", WRITERS[base](plain(x), refs, depth + 1), reference]
            tree = encode(plain(x) if refs.once is None else refs.once.kept(plain(x)), refs, depth)
            return ["V", tree, reference] if reference else tree
    return refs.put(x)


def is_named_tuple(kind):
    """Whether its instances are tuples with names, which compare as tuples do."""
    return (
        issubclass(kind, tuple)
        and type(getattr(kind, "_fields", None)) is tuple
        and kind.__eq__ is tuple.__eq__
    )


class Once:
    """References of a message in which an object that can be changed is written once: then it is named by its place among
    those that are whole before it."""

    def __init__(self, refs):
        self.keeps, self.put, self.parts, self.enums_cross = (
            refs.keeps,
            refs.put,
            refs.parts,
            refs.enums_cross,
        )
        self.of_overriding = refs.of_overriding
        self.places, self.alive = {}, []
        self.repeated = False

    @property
    def once(self):
        """Itself; kept nowhere, for who holds itself holds all that it saw until somebody looks for such circles."""
        return self

    def place(self, x):
        place = self.places.get(id(x))
        if place is None:
            return None
        self.repeated = True
        return ["=", place]

    def passed(self, x, tree):
        self.places[id(x)] = len(self.places)
        return tree

    def kept(self, x):
        """What is made for the message alone stays until it is whole: places go by identity."""
        self.alive.append(x)
        return x


def encode_once(x, once):
    """A tree in which what `x` holds more than once is one object; as `encode` writes it where there is no such thing."""
    tree = encode(x, once)
    return ["&", tree] if once.repeated else tree


def items(values, refs, depth):
    return [v if type(v) in ATOMS else encode(v, refs, depth) for v in values]


def pairs(mapping, refs, depth):
    return [[encode(k, refs, depth), encode(v, refs, depth)] for k, v in mapping]


def encode_datetime(x, refs, depth):
    if x.tzinfo is not None and type(x.tzinfo) is not datetime.timezone:
        return refs.put(x)
    return ["dt", x.isoformat(), x.fold]


def encode_time(x, refs, depth):
    return refs.put(x) if x.tzinfo is not None else ["ti", x.isoformat()]


def encode_deque(x, refs, depth):
    return ["q", items(x, refs, depth), x.maxlen]


def encode_numpy(x, numpy):
    """Arrays and scalars of plain dtypes by dtype, shape and bytes; None for others."""
    if isinstance(x, numpy.ndarray) and x.dtype.kind in "biufcSUmM" and not x.dtype.hasobject:
        array = numpy.ascontiguousarray(x)
        return ["np", array.dtype.str, list(x.shape), base64.b64encode(array.tobytes()).decode()]
    if isinstance(x, numpy.generic) and x.dtype.kind in "biufcSUmM":
        return ["ns", x.dtype.str, base64.b64encode(x.tobytes()).decode()]
    return None


def b64(x):
    return base64.b64encode(bytes(x)).decode()


WRITERS = {
    list: lambda x, r, d: ["l", items(x, r, d)],
    tuple: lambda x, r, d: ["t", items(x, r, d)],
    dict: lambda x, r, d: ["d", pairs(x.items(), r, d)],
    set: lambda x, r, d: ["S", items(x, r, d)],
    frozenset: lambda x, r, d: ["F", items(x, r, d)],
    bytes: lambda x, r, d: ["y", b64(x)],
    bytearray: lambda x, r, d: ["Y", b64(x)],
    complex: lambda x, r, d: ["c", x.real, x.imag],
    range: lambda x, r, d: ["r", x.start, x.stop, x.step],
    slice: lambda x, r, d: ["sl", items((x.start, x.stop, x.step), r, d)],
    collections.OrderedDict: lambda x, r, d: ["O", pairs(x.items(), r, d)],
    collections.Counter: lambda x, r, d: ["C", pairs(x.items(), r, d)],
    collections.defaultdict: lambda x, r, d: [
        "dd",
        pairs(dict.items(x), r, d),
        encode(x.default_factory, r, d),
    ],
    collections.deque: encode_deque,
    fractions.Fraction: lambda x, r, d: ["R", hex(x.numerator), hex(x.denominator)],
    decimal.Decimal: lambda x, r, d: ["D", str(x)],
    datetime.date: lambda x, r, d: ["da", x.toordinal()],
    datetime.datetime: encode_datetime,
    datetime.time: encode_time,
    datetime.timedelta: lambda x, r, d: ["td", x.days, x.seconds, x.microseconds],
    type: lambda x, r, d: ["T", x.__name__] if TYPES.get(x.__name__) is x else r.put(x),
    type(...): lambda x, r, d: ["e"],
    type(NotImplemented): lambda x, r, d: ["ni"],
    pathlib.PosixPath: lambda x, r, d: ["P", str(x)],
    pathlib.PurePosixPath: lambda x, r, d: ["PP", str(x)],
}

# the plain value of a subclass, by the base class' own methods: an override cannot lie here
DECAY = (
    (int, lambda x: int.__add__(x, 0)),
    (float, lambda x: float.__add__(x, 0.0)),
    (str, lambda x: "".join(str.__iter__(x))),
    (bytes, lambda x: bytes(bytes.__iter__(x))),
    (bytearray, lambda x: bytearray(bytearray.__iter__(x))),
    (list, lambda x: list(list.__iter__(x))),
    (tuple, lambda x: tuple(tuple.__iter__(x))),
    (set, lambda x: set(set.__iter__(x))),
    (frozenset, lambda x: frozenset(frozenset.__iter__(x))),
    (dict, lambda x: dict(dict.items(x))),
)


# ---- from the wire -----------------------------------------------------------------------------------------------


def decode(tree, refs, depth=0):
    """The value of a tree; raises Refused for anything that `encode` would not have written."""
    kind = type(tree)
    if kind in ATOMS or kind is int:
        return tree
    if kind is not list or not tree or type(tree[0]) is not str or depth > DEPTH + 2:
        raise Refused("malformed value")
    reader = READERS.get(tree[0])
    if reader is None:
        return refs.get(tree)
    again = refs.again
    before = 0 if again is None else again.size
    try:
        found = reader(tree, refs, depth + 1)
    except Refused:
        raise
    except MALFORMED as error:
        raise Refused(f"malformed value: {type(error).__name__}") from None
    return found if again is None else again.passed(tree, found, before)


class Again:
    """References of a message that names objects by their place."""

    def __init__(self, refs):
        self.inner, self.found = refs, []
        self.size = 0

    @property
    def again(self):
        return self

    def get(self, tree):
        if tree[0] != "=":
            return self.inner.get(tree)
        if len(tree) != 2 or type(tree[1]) is not int or not 0 <= tree[1] < len(self.found):
            raise Refused("malformed value")
        found, size = self.found[tree[1]]
        self.size += size
        if self.size > MOST_REPEATED:
            raise Refused("a value holds too much of itself")
        return found

    def passed(self, tree, found, before):
        """`before`: the size of what was read before it."""
        self.size += 1 + (len(tree[1]) if type(tree[-1]) is list and type(tree[1]) is list else 0)
        if tree[0] in CHANGING_TAGS:
            self.found.append((found, self.size - before))
        return found


def decode_again(tree, refs, depth):
    if refs.again is not None or len(tree) != 2:
        raise Refused("malformed value")
    return decode(tree[1], Again(refs), depth)


def values(trees, refs, depth):
    if type(trees) is not list:
        raise Refused("malformed value")
    return [t if type(t) in ATOMS else decode(t, refs, depth) for t in trees]


def entries(trees, refs, depth):
    return [(decode(k, refs, depth), decode(v, refs, depth)) for k, v in trees]


def decode_namedtuple(tree, refs, depth):
    _, name, fields, trees = tree
    return named_tuple(name, tuple(fields))(*values(trees, refs, depth))


NAMED = {}


def named_tuple(name, fields):
    if (name, fields) not in NAMED:
        NAMED[name, fields] = collections.namedtuple(name, fields)
    return NAMED[name, fields]


def decode_tuple_with_parts(tree, refs, depth):
    """What stands for it has its methods too, and is made by who knows references."""
    return refs.get([*tree[:3], values(tree[3], refs, depth), *tree[4:]])


def decode_overriding(tree, refs, depth):
    """A value whose class answers otherwise than a plain one would, or that can be changed."""
    _, plain, reference = tree
    if type(plain) is not list or plain[0] not in CHANGING_TAGS:
        return refs.get(["V", decode(plain, refs, depth), reference])
    if refs.again is not None:
        refs.again.size += len(plain[1])
    return refs.get(["V", READERS[plain[0]](plain, refs, depth + 1), reference])


def decode_array(tree, refs, depth):
    import numpy

    return numpy.frombuffer(base64.b64decode(tree[3]), numpy_dtype(numpy, tree[1])).reshape(tree[2]).copy()


def decode_scalar(tree, refs, depth):
    import numpy

    return numpy.frombuffer(base64.b64decode(tree[2]), numpy_dtype(numpy, tree[1]))[0]


def numpy_dtype(numpy, text):
    if type(text) is not str or not DTYPE.fullmatch(text):  # numpy would parse a text of any form
        raise Refused("malformed dtype")
    return numpy.dtype(text)


READERS = {
    "&": decode_again,
    "i": lambda t, r, d: int(t[1], 16),
    "l": lambda t, r, d: values(t[1], r, d),
    "t": lambda t, r, d: tuple(values(t[1], r, d)),
    "d": lambda t, r, d: dict(entries(t[1], r, d)),
    "dd": lambda t, r, d: collections.defaultdict(decode(t[2], r, d), entries(t[1], r, d)),
    "S": lambda t, r, d: set(values(t[1], r, d)),
    "F": lambda t, r, d: frozenset(values(t[1], r, d)),
    "y": lambda t, r, d: base64.b64decode(t[1]),
    "Y": lambda t, r, d: bytearray(base64.b64decode(t[1])),
    "c": lambda t, r, d: complex(t[1], t[2]),
    "r": lambda t, r, d: range(t[1], t[2], t[3]),
    "sl": lambda t, r, d: slice(*values(t[1], r, d)),
    "O": lambda t, r, d: collections.OrderedDict(entries(t[1], r, d)),
    "C": lambda t, r, d: collections.Counter(dict(entries(t[1], r, d))),
    "q": lambda t, r, d: collections.deque(values(t[1], r, d), t[2]),
    "R": lambda t, r, d: fractions.Fraction(int(t[1], 16), int(t[2], 16)),
    "D": lambda t, r, d: decimal.Decimal(t[1]),
    "da": lambda t, r, d: datetime.date.fromordinal(t[1]),
    "dt": lambda t, r, d: datetime.datetime.fromisoformat(t[1]).replace(fold=t[2]),
    "ti": lambda t, r, d: datetime.time.fromisoformat(t[1]),
    "td": lambda t, r, d: datetime.timedelta(t[1], t[2], t[3]),
    "T": lambda t, r, d: TYPES[t[1]],
    "e": lambda t, r, d: ...,
    "ni": lambda t, r, d: NotImplemented,
    "P": lambda t, r, d: pathlib.PosixPath(t[1]),
    "PP": lambda t, r, d: pathlib.PurePosixPath(t[1]),
    "N": decode_namedtuple,
    "NT": decode_tuple_with_parts,
    "V": decode_overriding,
    "np": decode_array,
    "ns": decode_scalar,
}
