"""Values of the solution whose class is derived from a builtin one and overrides some of it, as the tests see them.

Each is a real value of the builtin class, so that all of Python takes it for one; what its class overrides is asked of the
object itself. One that can be changed is here whatever its class overrides: the tests change it there, and hear what has become
of it (`solution_own`). Where they have changed it in another way, it cannot be handed over any more. Of named tuples what
their classes add is asked.
"""

import collections

import values
from asking import attribute
from conversation import TALK
from links import Ended, Reading
from proxies import Meta, Proxy, call_proxy, class_proxy, holds, plain_of, stand_for
from references import REFS, reference_of
from tests_links import LINKS

NEVER = frozenset("__eq__ __ne__ __hash__ __getattribute__ __getattr__ __setattr__ __dict__ __new__".split())
"""What no class of named tuples decides here: they compare as the tuples that they are."""
BASES = frozenset(base for base, _ in values.DECAY)
CHANGING = (list, dict, set, bytearray)
MUTATORS = frozenset(
    "append extend insert pop remove clear sort reverse update setdefault popitem add discard difference_update "
    "intersection_update symmetric_difference_update __setitem__ __delitem__ __iadd__ __imul__ __ior__ __iand__ __isub__ "
    "__ixor__".split()
)
LACKING = "__iter__ __next__ __len__ __contains__ __getitem__ __reversed__".split()
"""What every proxy has, and a class of values may not."""
REFLECTED = [n for n in Proxy.__dict__ if n[:3] == "__r" and Proxy.__dict__.get(f"__{n[3:]}")]
"""So with operators of operands on the right: `plain += x` would not change `plain`."""
CLASSES = {}


def overriding(plain, reference):
    """What stands for such a value: one object whenever it comes."""
    base, made = type(plain), REFS.made.get(reference[1])
    if base not in BASES:
        raise values.Refused("malformed value")
    if made is None:
        cls = class_of(base, reference)
        made = REFS.made[reference[1]] = base.__new__(cls, *(() if base in CHANGING else (plain,)))
        stand_for(made, reference)
        if base in CHANGING:
            become(made, plain)
    elif issubclass(type(made), CHANGING):
        refuse_unheard(made)
        become(made, plain)
    return made


def class_of(base, reference):
    """The class of such values: the builtin one before the proxies of the solution's."""
    names, overridden = [str(n) for n in reference[3]], [str(n) for n in reference[6]]
    key = (base, *names, None, *overridden)
    if key not in CLASSES:
        parts = {n: None for n in LACKING if not hasattr(base, n)}
        parts |= {n: of_no_operand for n in REFLECTED if not hasattr(base, n)}
        parts |= {"__module__": "solution", "__dict__": Proxy.__dict__["__dict__"]}
        if base in CHANGING:
            parts |= {n: part_of(n) for n in MUTATORS if hasattr(base, n)}
            parts |= {"__getattr__": asked, "_lend": refuse_unheard}
        parts |= {n: part_of(n) for n in overridden if is_part(base, n)}
        proxy = class_proxy(reference, names)
        CLASSES[key] = Meta(names[0], (base, proxy), {**parts, "_stands_for": proxy}, made=True)
    return CLASSES[key]


def of_no_operand(_x, _other):
    return NotImplemented


def is_part(base, name):
    if name[:2] != "__":
        return hasattr(base, name)
    return name in DECIDING or (name in Proxy.__dict__ and name not in NEVER)


def part_of(name):
    known = DECIDING.get(name) or (Proxy.__dict__[name] if name[:2] == "__" else None)
    return known or property(lambda x: asked(x, name))


def asked(x, name):
    """An attribute of the object itself; a method may change it."""
    found = Proxy.__getattr__(x, name)
    if not isinstance(x, CHANGING) or not callable(found):
        return found

    def method(*args, **kwargs):
        refuse_unheard(x)
        return found(*args, **kwargs)

    return method


# ---- named tuples ----------------------------------------------------------------------------------------------------

TUPLES = {}


def tuple_with_parts(name, fields, items, reference, parts):
    """A named tuple whose class has methods: a real tuple, and for what else it can do its reference."""
    key = (name, *fields, None, *parts)
    if key not in TUPLES:
        proxy = class_proxy(reference, [str(n) for n in reference[3]])
        own = {
            n: Proxy.__dict__[n] for n in parts if n[:2] == "__" and n in Proxy.__dict__ and n not in NEVER
        }
        own |= {"__module__": "solution", "_replace": lambda x, **new: attribute(x._ref, "_replace")(**new)}
        TUPLES[key] = Meta(name, (collections.namedtuple(name, fields), proxy), own, made=True)
    made = REFS.made.get(reference[1])
    if type(made) is not TUPLES[key]:
        made = REFS.made[reference[1]] = tuple.__new__(TUPLES[key], items)
        stand_for(made, reference)
    return made


# ---- of those that can be changed: the same content on both sides ------------------------------------------------


def lying_in(x):
    base = next(base for base in CHANGING if isinstance(x, base))
    return [*base.__iter__(x), *(dict.values(x) if base is dict else ())]


def become(x, plain):
    base = type(plain)
    if base in (list, bytearray):
        base.__setitem__(x, slice(None), plain)
    else:
        base.clear(x)
        base.update(x, plain)
    object.__setattr__(x, "_seen", lying_in(x))


def refuse_unheard(x):
    now, seen = lying_in(x), object.__getattribute__(x, "_seen")
    if len(now) != len(seen) or any(one is not other for one, other in zip(now, seen)):
        why = f"the tests change an object of class {type(x).__name__} of the solution, which does not hear of it"
        TALK.refuse("needs_shared", why)


def heard(number, content):
    """What one of these is now, if that number is one's."""
    x = REFS.made.get(number)
    if not issubclass(type(x), CHANGING):
        return
    refuse_unheard(x)
    try:
        become(x, values.decode(content, Reading(LINKS, None)))
    except Ended:
        TALK.refuse("needs_shared", f"an object of class {type(x).__name__} holds what the tests have let go")


def missing(x, key):
    found = attribute(reference_of(x), "__missing__")
    refuse_unheard(x)
    return found(key)


# ---- what decides --------------------------------------------------------------------------------------------------


def equal(x, other):
    """As the plain value is; where the object's own class says otherwise, who is right is not for it to say."""
    same = plain_of(x) == other
    if same and (not holds("eq", x, other) or holds("ne", x, other)):
        x._refuse("operator", "eq")
    return same


DECIDING = {
    "__eq__": equal,
    "__ne__": lambda x, other: not equal(x, other),
    "__hash__": Proxy.__hash__,
    "__call__": call_proxy,
    "__missing__": missing,
}
REFS.make_overriding, REFS.make_tuple, REFS.heard = overriding, tuple_with_parts, heard
