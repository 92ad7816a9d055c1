"""What a class of the solution says of itself without being called: docstring, slots, annotations, fields of a dataclass."""

import sys
import types
from collections import abc

from asking import ask, assign, attribute, operate
from conversation import TALK
from operations import ABSTRACT
from references import reference_of

ASKED_FOR = frozenset(
    "__slots__ __match_args__ __members__ __abstractmethods__ __dataclass_params__ __dataclass_fields__".split()
)
PYTHONS = frozenset({"builtins", "collections", "collections.abc"})
REPLACED = {}
"""By class and name what the tests have put something else in place of."""
KINDS = (abc.Mapping, abc.MutableMapping, abc.Sequence, abc.MutableSequence, abc.Set, abc.MutableSet)


def class_reference(cls):
    """The class there; of one that was first seen in an object, that object is asked."""
    known = cls.__dict__.get("_stands_for", cls).__dict__
    if "_class_ref" not in known and "_object_ref" in known:
        attribute(known["_object_ref"], "__class__")  # who makes a proxy of it notes it
    if "_class_ref" not in known:
        raise AttributeError("_class_ref")
    return known["_class_ref"]


def asked(cls, name, default=None):
    try:
        return attribute(class_reference(cls), name)
    except AttributeError:
        return default


def class_part(cls, name):
    found = attribute(class_reference(cls), name)
    return fields_of(cls) if name == "__dataclass_fields__" else found


def set_class_part(cls, name, value):
    """`Counter.total = 0`. A function of the tests would be no method there, and operators are read once."""
    reference = class_reference(cls)
    if name.startswith("__") or (isinstance(value, types.FunctionType) and reference_of(value) is None):
        TALK.refuse("needs_shared", f"the tests put a {name} of their own into class {cls.__name__}")
    if (cls, name) not in REPLACED:
        try:
            REPLACED[cls, name] = attribute(reference, name)
        except AttributeError:
            pass
    assign(reference, name, value)


def delete_class_part(cls, name):
    """Who has replaced it and deletes what is there now undoes that: `patch` and `monkeypatch` see no `__dict__` of there."""
    if (cls, name) in REPLACED:
        assign(class_reference(cls), name, REPLACED.pop((cls, name)))
    else:
        ask(["del", class_reference(cls), name])


def face_of(cls):
    """A class with what `collections.abc` shall find in a class of the solution: a proxy has much that it has not."""
    has = ask(["op", "abstract", [class_reference(cls)]])
    return type(cls.__name__, (), {n: object.__init__ if n in has else None for n in ABSTRACT})


def known_as_abstract(cls, module):
    """A class of Python's own is a mapping, a sequence or the like here if it is one there."""
    known = getattr(sys.modules[module], cls.__name__, None) if module in PYTHONS else None
    for abstract in KINDS if isinstance(known, type) else ():
        if issubclass(known, abstract):
            abstract.register(cls)
    return cls


def fields_of(cls):
    """Fields that this side's `dataclasses` takes for fields: it knows its own by identity."""
    import dataclasses  # few tests need it

    made = {}
    for name, kind, default, init in operate("fields", cls):
        field = dataclasses.field(init=init is True, default=default[0] if default else dataclasses.MISSING)
        field.name, field.type, field._field_type = str(name), kind, dataclasses._FIELD
        made[field.name] = field
    return made
