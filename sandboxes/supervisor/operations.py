"""The operators and builtin functions that tests may have applied to the solution's objects, by name."""

import builtins
import operator

BUILTINS = "iter next len bool repr str hash abs float int complex format round reversed divmod bytes isinstance issubclass dir"
OPERATORS = (
    "getitem setitem delitem contains eq ne lt le gt ge neg pos invert index add sub mul truediv floordiv mod pow and_ or_ "
    "xor matmul lshift rshift iadd isub imul itruediv ifloordiv imod ipow imatmul ilshift irshift iand ior ixor"
)
OPERATIONS = {name: getattr(builtins, name) for name in BUILTINS.split()} | {
    name: getattr(operator, name) for name in OPERATORS.split()
}


def copied(how):
    return lambda x: getattr(__import__("copy"), how)(x)  # few programs need it


def pickled(x):
    import pickle

    return pickle.loads(pickle.dumps(x))


def fields(cls):
    """(name, type, default as a list of one or none, whether it is an argument) of each field of a dataclass."""
    import dataclasses

    found = dataclasses.fields(cls)
    return [(f.name, f.type, [f.default][: f.default is not dataclasses.MISSING], f.init) for f in found]


ABSTRACT = (
    "__iter__ __next__ __reversed__ __len__ __contains__ __hash__ __call__ __await__ __aiter__ __anext__ __enter__ __exit__ "
    "__aenter__ __aexit__ send throw close asend athrow aclose"
).split()
"""What the classes of `collections.abc` look for."""


def abstract(cls):
    """Which of it a class has."""
    lines = [c.__dict__ for c in cls.__mro__]
    return [n for n in ABSTRACT if next((line[n] for line in lines if n in line), None) is not None]


OPERATIONS |= {"copy": copied("copy"), "deepcopy": copied("deepcopy"), "pickled": pickled, "fields": fields}
OPERATIONS["abstract"] = abstract

OFFERED_NAMES = (
    "eq ne hash lt le gt ge bool len iter next reversed getitem setitem delitem contains call str repr format enter exit "
    "int float index abs neg pos add radd sub rsub mul rmul truediv rtruediv floordiv mod pow and or xor matmul lshift rshift"
)
OFFERED = tuple(f"__{name}__" for name in OFFERED_NAMES.split())
"""What the solution may do with an object of the tests whose class defines it."""
