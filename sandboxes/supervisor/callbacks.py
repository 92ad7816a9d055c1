"""What the solution may ask of the tests' objects: to call them, to iterate, their public parts."""

import sys

import values
from conversation import builtin_exception
from references import REFS, how_to_pass


def answer_callback(tree):
    _, number, how, args, kwargs = tree
    args = values.values(args, REFS, 0)
    kwargs = dict(values.entries(kwargs, REFS, 0))
    target = sys.modules["builtins"].input if number == -1 else REFS.test_objects[number]
    if how == "call":
        return values.encode(target(*args, **kwargs), REFS)
    passed = how_to_pass(target)
    if passed == "iter" and how in ITERATOR_PARTS:
        return values.encode(ITERATOR_PARTS[how](target, *args), REFS)
    if passed == "obj" and how in OBJECT_PARTS:
        return values.encode(OBJECT_PARTS[how](target, *args), REFS)
    raise TypeError(f"{type(target).__name__} of the tests does not offer {how}")


def public(name):
    if type(name) is not str or name.startswith("_"):
        raise AttributeError(name)
    return name


ITERATOR_PARTS = {
    "next": next,
    "send": lambda x, v: x.send(v),
    "throw": lambda x, name: x.throw(builtin_exception(name)),
    "close": lambda x: x.close(),
}
OBJECT_PARTS = {
    "get": lambda x, name: getattr(x, public(name)),
    "set": lambda x, name, value: setattr(x, public(name), value),
    "enter": lambda x: x.__enter__(),
    "exit": lambda x: x.__exit__(None, None, None),
    "iter": lambda x: iter(x),
    "len": lambda x: len(x),
    "getitem": lambda x, key: x[key],
}
