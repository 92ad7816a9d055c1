"""What the solution may ask of the tests' objects: to call them, to iterate, their public parts and operators."""

import sys
from functools import partial

import values
from conversation import TALK, builtin_exception
from operations import OFFERED
from references import REFS, how_to_pass, offered

HIDDEN_OF_MOCKS = ("assert_", "reset_mock", "configure_mock", "mock_add_spec", "attach_mock")


def answer_callback(tree):
    """[what it gives, for each argument that can be changed whether the tests keep it, whether they keep what it gives]: the
    solution must not change these afterwards (`solution_process.HANDED`)."""
    _, number, how, args, kwargs = tree
    args = values.values(args, REFS, 0)
    kwargs = dict(values.entries(kwargs, REFS, 0))
    target = sys.modules["builtins"].input if number == -1 else REFS.test_objects[number]
    function = target if how == "call" else partial(part_of(target, how), target)
    given = [x for x in (*args, *kwargs.values()) if type(x) in values.CHANGING]
    before, held = [values.encode(x, REFS) for x in given], holders(given)
    try:
        found = function(*args, **kwargs)
    finally:
        if any(values.encode(x, REFS) != was for x, was in zip(given, before)):
            why = "a function of the tests changes what the solution hands to it, which does not hear of it"
            TALK.refuse("needs_shared", why)
    tree, shared = (
        values.encode(found, REFS),
        type(found) in values.CHANGING and sys.getrefcount(found) > ALONE,
    )
    del found
    return tree, [now > was for now, was in zip(holders(given), held)], shared


def holders(objects):
    return [sys.getrefcount(x) for x in objects]


def alone():
    """References of what a function has just given and nobody else has, as `answer_callback` counts them."""
    found = []
    return sys.getrefcount(found)


ALONE = alone()


def part_of(target, how):
    passed = how_to_pass(target)
    if how in OFFERED and passed == "obj" and how in offered(type(target)):
        return getattr(type(target), how)
    found = PARTS.get(passed, {}).get(how)
    if found is None:
        raise TypeError(f"{type(target).__name__} of the tests does not offer {how}")
    return found


def public(target, name):
    mocks = type(target).__module__ == "unittest.mock"
    if type(name) is not str or name.startswith("_") or (mocks and name.startswith(HIDDEN_OF_MOCKS)):
        raise AttributeError(name)
    return name


def change(target, name, value):
    """Set an attribute. What the tests call stays theirs: a method that the solution puts there would judge for them."""
    if callable(getattr(target, public(target, name), None)) or type(target).__module__ == "unittest.mock":
        kind = type(target).__name__
        TALK.refuse("needs_shared", f"the solution replaces {name} of an object of type {kind} of the tests")
    setattr(target, name, value)


def leave(target, name=None, text=""):
    error = None if name is None else builtin_exception(name)(text)
    return target.__exit__(None if name is None else type(error), error, None)


def about(target):
    """[name, qualified name, docstring, parameters] of a function or class, as far as there are such."""
    import inspect  # few programs need it

    try:
        parameters = inspect.signature(target).parameters.values()
        told = [[p.name, int(p.kind), p.default is not p.empty] for p in parameters]
    except (TypeError, ValueError):
        told = None
    texts = [getattr(target, name, None) for name in ("__name__", "__qualname__", "__doc__")]
    return [*(text if isinstance(text, str) else None for text in texts), told]


ITERATOR_PARTS = {
    "next": next,
    "send": lambda x, v: x.send(v),
    "throw": lambda x, name: x.throw(builtin_exception(name)),
    "close": lambda x: x.close(),
}
OBJECT_PARTS = {
    "get": lambda x, name: getattr(x, public(x, name)),
    "set": change,
    "exit": leave,
    "names": lambda x: [] if type(x).__module__ == "unittest.mock" else [n for n in dir(x) if n[:1] != "_"],
}
CALLED_PARTS = {"about": about}
CLASS_PARTS = {
    **OBJECT_PARTS,
    **CALLED_PARTS,
    "instance": lambda cls, x: isinstance(x, cls),
    "subclass": lambda cls, x: issubclass(x, cls),
}
PARTS = {"func": CALLED_PARTS, "iter": ITERATOR_PARTS, "obj": OBJECT_PARTS, "class": CLASS_PARTS}
