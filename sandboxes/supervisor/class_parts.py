"""What a class of the solution says of itself without being called: docstring, slots, annotations, fields of a dataclass."""

import sys
from collections import abc

from asking import ask, attribute, operate
from operations import ABSTRACT

ASKED_FOR = frozenset(
    "__slots__ __match_args__ __members__ __abstractmethods__ __dataclass_params__ __dataclass_fields__".split()
)
PYTHONS = frozenset({"builtins", "collections", "collections.abc"})
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
