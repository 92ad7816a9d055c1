"""What a class of the solution says of itself without being called: docstring, slots, annotations, fields of a dataclass."""

from asking import attribute, operate

ASKED_FOR = frozenset(
    "__slots__ __match_args__ __members__ __abstractmethods__ __dataclass_params__ __dataclass_fields__".split()
)


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


def fields_of(cls):
    """Fields that this side's `dataclasses` takes for fields: it knows its own by identity."""
    import dataclasses  # few tests need it

    made = {}
    for name, kind, default, init in operate("fields", cls):
        field = dataclasses.field(init=init is True, default=default[0] if default else dataclasses.MISSING)
        field.name, field.type, field._field_type = str(name), kind, dataclasses._FIELD
        made[field.name] = field
    return made
