"""Wrong answers made of right ones: what a plausible wrong solution might have replied, for the replay of tests.

A reply is changed within its type, and the same value is always changed to the same other one, as by a solution that is
wrong but deterministic: tests that compare a solution with itself do not notice. Values are trees (see values.py).
"""

import base64
import datetime
import decimal
import json
import math
import struct

import perturbed_tables
import values

NEW = 987654321
MOST_UNFOLDED = 1 << 16
"""Values in an object that a reply names again; a larger one, which no honest reply holds twice, becomes 0."""
HOWS = ("more", "fewer", "inner", "scaled", "constant")
SEQUENCES = ("l", "t", "q")
SETS = ("S", "F")
MAPPINGS = ("d", "dd", "O", "C")


def reply(payload, request, how):
    """The reply frame with every value of the solution changed, also those that it hands to the tests' functions.
    Exceptions and the solution's own objects stay as they are, and so does what it did not write by our code: the payload
    itself where nothing changed."""
    try:
        wrong = changed_reply(json.loads(payload), request, how)
        return payload if wrong == json.loads(payload) else json.dumps(wrong).encode("ascii")
    except (*values.MALFORMED, struct.error):
        return payload


def unlinked(payload):
    """A request or a reply without what it says of links (see `links`): a replay has one side only. What our code did not
    write stays as it is."""
    if payload is None or not (payload.endswith(b"}]") or b'["&"' in payload or b'["a"' in payload):
        return payload
    try:
        tree = json.loads(payload)
        if type(tree[-1]) is dict:
            tree.pop()
        at, whole = {"ok": 2, "same": 2, "exc": 11}.get(tree[0], len(tree)), []
        if at < len(tree) and tree[at] is not None:
            tree[at] = [None if now is None else unfolded(now, whole)[0] for now in tree[at]]
        if tree[0] == "ok" and type(tree[1]) is list and tree[1][0] == "&":
            tree[1] = unfolded(tree[1][1], whole)[0]
        return json.dumps(tree).encode("ascii")
    except values.MALFORMED:
        return payload


def changed_reply(tree, request, how):
    if tree[0] == "cb":
        return handed_over(tree, how)
    if tree[0] == "same":
        tree = same_as_value(tree, request)
    if tree[0] != "ok":
        return tree
    if not is_reference(tree[1]):
        tree[1] = value(tree[1], how)
    elif how == "constant" and is_foreign(tree[1]):
        tree[1] = None
    if tree[2] is not None:
        tree[2] = [None if changed is None else value(changed, how) for changed in tree[2]]
    return tree


def handed_over(tree, how):
    """What the solution gives to the tests' objects: arguments of calls, what is sent to a generator or set."""
    _, number, asked, args, kwargs = tree
    if asked == "set":
        return ["cb", number, asked, [args[0], given(args[1], how)], kwargs]
    if asked not in ("call", "send"):
        return tree
    changed = [[name, given(one, how)] for name, one in kwargs]
    return ["cb", number, asked, [given(one, how) for one in args], changed]


def given(tree, how):
    return tree if is_reference(tree) or (type(tree) is list and tree[:1] == ["cb"]) else value(tree, how)


def printed(octets, how):
    """Other output of the solution. None is none."""
    return octets and text(octets.decode("utf-8", "replace"), how).encode()


def same_as_value(tree, request):
    """An argument that was returned, as the value that it had then."""
    _, number, changed, warnings = tree
    call = json.loads(request)
    whole = []
    asked = [unfolded(tree, whole)[0] for tree in (*call[2], *(value for _, value in call[3]))]
    was = asked[number] if changed is None or changed[number] is None else changed[number]
    return ["ok", was, changed, warnings]


def unfolded(tree, whole):
    """(A tree without names of objects that came before, how much it holds); `whole`: such pairs, as `values` counts them. What
    names a link or an argument says as well what it was."""
    if type(tree) is not list or is_reference(tree):
        return tree, 1
    if tree[0] in ("~", "a"):
        return unfolded(tree[2], whole) if len(tree) == 3 else (0, 1)
    if tree[0] == "=":
        made, size = whole[tree[1]]
        return (made, size) if size < MOST_UNFOLDED else (0, 1)
    if tree[0] == "V":
        made, size = unfolded(tree[1], whole)
        if type(made) is list and made[0] in values.CHANGING_TAGS:  # named by its reference, and by no place
            whole.pop()
        return ["V", made, *tree[2:]], size
    at = 3 if tree[0] in ("N", "NT") else 1
    if tree[0] not in (*SEQUENCES, *SETS, *MAPPINGS, "N", "NT"):
        made, size = tree, 1
    else:
        parts = [inner(part, tree[0], whole) for part in tree[at]]
        made, size = [*tree[:at], [part for part, _ in parts], *tree[at + 1 :]], 1 + sum(n for _, n in parts)
    if tree[0] in values.CHANGING_TAGS:
        whole.append((made, size))
    return made, size


def inner(part, tag, whole):
    if tag not in MAPPINGS:
        return unfolded(part, whole)
    (key, first), (item, second) = unfolded(part[0], whole), unfolded(part[1], whole)
    return [key, item], first + second


def is_reference(tree):
    return type(tree) is list and tree[:1] in (["h"], ["x"])


def is_foreign(reference):
    """An object of a class that is not the solution's own, such as a match of `re`: an answer like a value."""
    return reference[0] == "h" and reference[2] == "obj" and reference[4] != "solution"


def value(tree, how):
    """Another value of the same type; a class, a slice or another thing that is hardly an answer becomes 0."""
    kind = type(tree)
    if tree is None:
        return None if how == "constant" else 0
    if kind is bool:
        return False if how == "constant" else not tree
    if kind in (int, float):
        return number(tree, how)
    if kind is str:
        return text(tree, how)
    return container(tree, how)


def number(x, how):
    return {"more": x + 1, "fewer": x - 1, "inner": -x - 1, "scaled": 2 * x + 1, "constant": type(x)(0)}[how]


def text(x, how):
    changed = {"more": x + "x", "fewer": x[:-1], "inner": x[::-1], "scaled": x + x, "constant": ""}[how]
    return changed if changed != x or how == "constant" else "x"


def container(tree, how):
    tag = tree[0]
    if tag == "i":
        return ["i", hex(number(int(tree[1], 16), how))]
    if tag in SEQUENCES or tag in SETS:
        return [tag, items(tree[1], how, tag in SETS), *tree[2:]]
    if tag in MAPPINGS:
        return [tag, pairs(tree[1], how), *tree[2:]]
    if tag in perturbed_tables.TAGS:
        return perturbed_tables.table(tree, how, value)
    try:
        return RARE[tag](tree, how) if tag in RARE else 0
    except (ArithmeticError, ValueError):  # the far end of the calendar
        return 0


def items(trees, how, distinct):
    if how == "constant":
        return []
    if how == "more" or not trees:
        return [*trees, NEW if distinct or not trees else trees[-1]]
    if how == "fewer":
        return trees[:-1]
    if how == "scaled" and not distinct:
        return trees + trees
    return [one if is_reference(one) else value(one, "more") for one in trees]


def pairs(trees, how):
    if how == "constant":
        return []
    if how == "more" or not trees:
        return [*trees, [NEW, NEW]]
    if how == "fewer":
        return trees[:-1]
    return [[key, one if is_reference(one) else value(one, "more")] for key, one in trees]


# ---- kinds that are rarer ----------------------------------------------------------------------------------------

WIDE = decimal.Context(prec=60, traps=[])
DAY = datetime.timedelta(days=1)


def octets(tree, how):
    x = base64.b64decode(tree[1])
    changed = {"more": x + b"x", "fewer": x[:-1], "inner": x[::-1], "scaled": x + x, "constant": b""}[how]
    changed = changed if changed != x or how == "constant" else b"x"
    return [tree[0], base64.b64encode(changed).decode("ascii")]


def fraction(tree, how):
    over, under = int(tree[1], 16), int(tree[2], 16)
    steps = {"more": over + under, "fewer": over - under, "inner": -over - under, "scaled": 2 * over + under}
    found = steps.get(how, 0)
    common = math.gcd(found, under)
    return ["R", hex(found // common), hex(under // common)]


def exact(tree, how):
    x = decimal.Decimal(tree[1])
    twice = WIDE.add(x, x) if how == "scaled" else WIDE.minus(x) if how == "inner" else x
    found = WIDE.subtract(twice, 1) if how in ("fewer", "inner") else WIDE.add(twice, 1)
    return ["D", "0" if how == "constant" else str(found)]


def shifted(x, how):
    """A date or a moment at another time."""
    days = {"more": 1, "fewer": -1, "inner": -40, "scaled": 800}
    return x + days[how] * DAY if how in days else x.replace(2000, 1, 1)


def moment(tree, how):
    return ["dt", shifted(datetime.datetime.fromisoformat(tree[1]), how).isoformat(), tree[2]]


def time_of_day(tree, how):
    day = datetime.datetime.combine(datetime.date(2000, 1, 1), datetime.time.fromisoformat(tree[1]))
    minutes = {"more": 1, "fewer": -1, "inner": -90, "scaled": 700, "constant": -60 * day.hour - day.minute}
    return ["ti", (day + datetime.timedelta(minutes=minutes[how])).time().isoformat()]


def named_tuple(tree, how):
    changed = [one if is_reference(one) else value(one, how) for one in tree[3]]
    return [*tree[:3], changed, *tree[4:]]


RARE = {
    "y": octets,
    "Y": octets,
    "c": lambda tree, how: ["c", *(number(float(x), how) for x in tree[1:])],
    "r": lambda tree, how: ["r", tree[1], tree[1] if how == "constant" else number(tree[2], how), tree[3]],
    "R": fraction,
    "D": exact,
    "da": lambda tree, how: ["da", shifted(datetime.date.fromordinal(tree[1]), how).toordinal()],
    "dt": moment,
    "ti": time_of_day,
    "td": lambda tree, how: ["td", number(tree[1], how), 0 if how == "constant" else tree[2], tree[3]],
    "P": lambda tree, how: ["P", text(tree[1], how)],
    "PP": lambda tree, how: ["PP", text(tree[1], how)],
    "N": lambda tree, how: named_tuple(tree, how),
    "NT": lambda tree, how: named_tuple(tree, how),
    "V": lambda tree, how: ["V", value(tree[1], how), *tree[2:]],
}
"""By the tag of a tree."""
