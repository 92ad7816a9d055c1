"""Fewer page copies after a fork: make what the zygote holds immortal.

CPython writes a reference count whenever an object is touched, and the first write to a page after a fork copies the
page. An immortal object's count is never written (PEP 683), so a child of a zygote whose objects are immortal touches a
quarter fewer pages. Nothing of a zygote is ever freed, so nothing is lost. Measured in docs/decisions.
"""

import ctypes
import gc
import sys

IMMORTAL = 0xFFFFFFFF
"""The lower half of the count of an immortal object in CPython 3.12 and 3.13, 64-bit, with the GIL."""


def known_layout():
    """Whether this interpreter is one whose object header we know: only then is anything written."""
    return (
        sys.implementation.name == "cpython"
        and (3, 12) <= sys.version_info[:2] <= (3, 13)
        and sys.maxsize > 2**32
        and ctypes.c_uint32.from_address(id(None)).value == IMMORTAL
    )


def make_everything_immortal():
    """All objects that the collector knows and all that they refer to; returns how many, 0 where the layout is unknown.

    The mark itself says what has been seen: a set of all would leave a megabyte of used and freed pages for every child
    to inherit. What was immortal before is followed only where it is a type; the rest refers to nothing that is written."""
    if not known_layout():
        return 0
    gc.collect()
    waiting, types, made = gc.get_objects(), set(), 0
    ours = {id(waiting), id(types)}
    while waiting:
        one = waiting.pop()
        count = ctypes.c_uint32.from_address(id(one))
        if count.value == IMMORTAL:
            if not issubclass(type(one), type) or id(one) in types:
                continue
            types.add(id(one))
        elif id(one) in ours:
            continue
        else:
            count.value, made = IMMORTAL, made + 1
        waiting.extend(gc.get_referents(one))
    return made
