"""Wrong arrays and tables made of right ones, without numpy or pandas: of their trees (see values.py and tables.py).

An array keeps its dtype and a table its columns' kinds, as from a solution that reckons wrongly. What comes out may be a tree
that the other side refuses (an interval that ends before it begins, say): then a test has noticed something.
"""

import base64
import struct

CHANGED = 4096
"""Elements of an array that are changed, from its beginning."""
INTEGERS = {("i", 1): "b", ("i", 2): "h", ("i", 4): "i", ("i", 8): "q", ("M", 8): "q", ("m", 8): "q"}
NATURALS = {("u", 1): "B", ("u", 2): "H", ("u", 4): "I", ("u", 8): "Q"}
FLOATS = {("f", 2): "e", ("f", 4): "f", ("f", 8): "d", ("c", 8): "f", ("c", 16): "d"}
NAN = float("nan")


def table(tree, how, value):
    """Another of the same kind; 0 where there is nothing in it to change. `value` changes what is no table."""
    return TAGS[tree[0]](tree, how, value)


# ---- numpy -------------------------------------------------------------------------------------------------------


def array(tree, how, value):
    _, dtype, shape, data = tree
    raw = base64.b64decode(data)
    if not raw:
        return 0
    if how == "fewer" and shape and shape[0] > 1:
        return ["np", dtype, [shape[0] - 1, *shape[1:]], b64(raw[: len(raw) // shape[0] * (shape[0] - 1)])]
    return ["np", dtype, shape, b64(elements(dtype, raw, how))]


def scalar(tree, how, value):
    return ["ns", tree[1], b64(elements(tree[1], base64.b64decode(tree[2]), how))]


def elements(dtype, raw, how):
    if how == "constant":
        return bytes(len(raw))
    order, kind = dtype[0].replace("|", "="), dtype[1]
    size = 8 if kind in "Mm" else int(dtype[2:])
    if kind in "SU":
        return texts(order, kind, size, raw)
    if kind == "b":
        return bytes(1 - x for x in raw[:CHANGED]) + raw[CHANGED:]
    code = (INTEGERS | NATURALS | FLOATS).get((kind, size))
    if code is None:  # wider than C's double
        return bytes(len(raw))
    count = min(len(raw) // struct.calcsize(code), CHANGED)
    form = f"{order}{count}{code}"
    head = struct.calcsize(form)
    found = struct.unpack(form, raw[:head])
    if kind in "fc":
        return floats(form, found, how) + raw[head:]
    return struct.pack(form, *(wrapped(x, how, 8 * size, kind == "u") for x in found)) + raw[head:]


def floats(form, found, how):
    if how == "inner":
        return struct.pack(form, *(NAN for _ in found))
    try:
        return struct.pack(
            form, *(2 * x + 1 if how == "scaled" else x - 1 if how == "fewer" else x + 1 for x in found)
        )
    except OverflowError:  # too large for this width
        return struct.pack(form, *(NAN for _ in found))


def wrapped(x, how, bits, natural):
    """A number of so many bits."""
    changed = {"more": x + 1, "fewer": x - 1, "inner": -x - 1, "scaled": 2 * x + 1}[how] % (1 << bits)
    return changed if natural or changed < 1 << (bits - 1) else changed - (1 << bits)


def texts(order, kind, size, raw):
    """Texts that begin with another letter."""
    width = size if kind == "S" else 4 * size
    if not width:
        return raw
    letters = [
        letter.encode("ascii") if kind == "S" else struct.pack(order + "I", ord(letter)) for letter in "xy"
    ]
    changed = []
    for at in range(0, min(len(raw), CHANGED * width), width):
        here = raw[at : at + len(letters[0])]
        changed += [letters[here == letters[0]], raw[at + len(here) : at + width]]
    return b"".join(changed) + raw[CHANGED * width :]


def b64(data):
    return base64.b64encode(data).decode("ascii")


# ---- pandas ------------------------------------------------------------------------------------------------------


def frame(tree, how, value):
    _, columns, names, rows = tree
    if not columns or not length(rows):
        return 0
    if how == "scaled" and len(columns) > 1:
        return ["pF", columns[:-1], first(names, len(columns) - 1), rows]
    return ["pF", *in_rows(columns, rows, how, value, names)]


def series(tree, how, value):
    _, data, rows, name = tree
    if not length(rows):
        return 0
    (changed,), rows = in_rows([data], rows, how, value)
    return ["pS", changed, rows, name]


def in_rows(columns, rows, how, value, *names):
    """Columns of the same rows: fewer of them, or none, or with other elements."""
    if how in ("fewer", "constant"):
        left = length(rows) - 1 if how == "fewer" else 0
        return [[first_of(one, left) for one in columns], *names, first(rows, left)]
    return [[column(one, how, value) for one in columns], *names, rows]


def index(tree, how, value):
    labels = tree[1]
    if not length(labels):
        return 0
    if how in ("fewer", "constant"):
        return ["pI", first(labels, length(labels) - 1 if how == "fewer" else 0)]
    if labels[0] == "i":
        return ["pI", ["i", column(labels[1], how, value), labels[2], None]]
    if labels[0] == "r":
        _, start, stop, step, names = labels
        return ["pI", ["r", start + step, stop + step, step, names]]
    return ["pI", ["m", labels[1], [column(["n", one], "fewer", value)[1] for one in labels[2]], labels[3]]]


def extension(tree, how, value):
    if not count(tree[1]):
        return 0
    if how in ("fewer", "constant"):
        return ["pA", first_of(tree[1], count(tree[1]) - 1 if how == "fewer" else 0)]
    return ["pA", column(tree[1], how, value)]


def column(tree, how, value):
    """As many other elements."""
    kind = tree[0]
    if kind == "o":
        return [
            "o",
            [one if type(one) is list and one[:1] == ["h"] else value(one, "more") for one in tree[1]],
        ]
    if kind == "n":
        return ["n", same_shape(tree[1], how)]
    if kind == "c":  # all missing
        return ["c", filled(tree[1], b"\xff"), *tree[2:]]
    if kind in "zp":
        return [kind, same_shape(tree[1], how), tree[2]]
    if kind == "v":
        return ["v", column(tree[1], "more", value), column(tree[2], "more", value), tree[3]]
    found = [None if how == "inner" else value(one, "more") if one is not None else None for one in tree[3]]
    return ["x", tree[1], tree[2], found]


def same_shape(tree, how):
    _, dtype, shape, data = tree
    return ["np", dtype, shape, b64(elements(dtype, base64.b64decode(data), how))]


def filled(tree, octet):
    _, dtype, shape, data = tree
    return ["np", dtype, shape, b64(octet * len(base64.b64decode(data)))]


def count(tree):
    """Elements of a column."""
    kind = tree[0]
    if kind == "v":
        return count(tree[1])
    return len(tree[{"o": 1, "x": 3}[kind]]) if kind in "ox" else tree[1][2][0]


def first_of(tree, left):
    """A column's first elements."""
    kind = tree[0]
    if kind == "o":
        return ["o", tree[1][:left]]
    if kind == "x":
        return [*tree[:3], tree[3][:left]]
    if kind == "v":
        return ["v", first_of(tree[1], left), first_of(tree[2], left), tree[3]]
    return [kind, first_numbers(tree[1], left), *tree[2:]]


def first_numbers(tree, left):
    _, dtype, shape, data = tree
    raw = base64.b64decode(data)
    return ["np", dtype, [left], b64(raw[: len(raw) // max(1, shape[0]) * left])]


def length(labels):
    """Labels in an index."""
    kind = labels[0]
    if kind == "r":
        return len(range(labels[1], labels[2], labels[3]))
    return count(labels[1]) if kind == "i" else labels[2][0][2][0]


def first(labels, left):
    """An index's first labels."""
    kind = labels[0]
    if kind == "r":
        return ["r", labels[1], labels[1] + left * labels[3], *labels[3:]]
    if kind == "i":
        return ["i", first_of(labels[1], left), labels[2], None]
    return ["m", labels[1], [first_numbers(one, left) for one in labels[2]], labels[3]]


def nothing(tree, how, value):
    return None if how == "constant" else 0


TAGS = {
    "np": array,
    "ns": scalar,
    "pF": frame,
    "pS": series,
    "pI": index,
    "pA": extension,
    "pT": lambda tree, how, value: ["pT", scalar(tree[1], how, value), tree[2]],
    "pD": lambda tree, how, value: ["pD", scalar(tree[1], how, value)],
    "pV": lambda tree, how, value: ["pV", value(tree[1], "more"), value(tree[2], "more"), tree[3]],
    "pN": nothing,
}
"""By the tag of a tree."""
