"""Calls made of the types that a signature names, for statements that show few examples. Small plain values.

Drawn with a fixed seed, the same on every machine."""

import ast
import random
import string
from collections.abc import Callable
from typing import Any

from execfeedback.behaviour.inputs import Call

_LETTERS = string.ascii_letters + string.digits + " ,.-()[]"
_SEQUENCES = ("list", "List", "Sequence", "Iterable", "Collection")
_PLAIN: dict[str, Callable[[random.Random], Any]] = {
    "int": lambda draw: draw.choice([draw.randint(0, 12), draw.randint(-20, 120), draw.randint(1, 2000)]),
    "float": lambda draw: round(draw.uniform(-10, 100), 2),
    "bool": lambda draw: draw.random() < 0.5,
    "str": lambda draw: "".join(draw.choices(_LETTERS, k=draw.randint(0, 10))),
    "bytes": lambda draw: draw.randbytes(draw.randint(0, 6)),
    "None": lambda draw: None,
    "list": lambda draw: [draw.randint(-10, 20) for _ in range(draw.randint(0, 7))],
}


class _Unknown(Exception):
    """A type that values cannot be made of."""


def typed_calls(prompt: str, entry_point: str, limit: int) -> list[Call]:
    """Calls with a value for each parameter; none where the signature does not name a known type for each."""
    function = _function(prompt, entry_point)
    if function is None or function.args.kwonlyargs or not function.args.args:
        return []
    draw = random.Random(0)
    try:
        return [([_value(one.annotation, draw) for one in function.args.args], {}) for _ in range(limit)]
    except _Unknown:
        return []


def _function(prompt: str, entry_point: str) -> ast.FunctionDef | None:
    for text in (prompt, f"{prompt}\n    pass\n"):
        try:
            tree = ast.parse(text)
        except (SyntaxError, ValueError, RecursionError, MemoryError):
            continue
        named = (n for n in ast.walk(tree) if isinstance(n, ast.FunctionDef) and n.name == entry_point)
        return next(named, None)
    return None


def _value(hint: ast.expr | None, draw: random.Random) -> Any:
    """A value of an annotation. Raises _Unknown."""
    if isinstance(hint, ast.Constant) and hint.value is None:
        return None
    if isinstance(hint, ast.BinOp):
        return _value(draw.choice([hint.left, hint.right]), draw)
    if isinstance(hint, ast.Subscript):
        return _generic(_name(hint.value), hint.slice, draw)
    made = _PLAIN.get(_name(hint).lower() if _name(hint) == "List" else _name(hint))
    if made is None:
        raise _Unknown
    return made(draw)


def _name(node: ast.expr | None) -> str:
    return node.id if isinstance(node, ast.Name) else node.attr if isinstance(node, ast.Attribute) else ""


def _generic(name: str, inner: ast.expr, draw: random.Random) -> Any:
    parts = inner.elts if isinstance(inner, ast.Tuple) else [inner]
    if name in _SEQUENCES:
        return [_value(parts[0], draw) for _ in range(draw.randint(0, 7))]
    if name in ("Tuple", "tuple"):
        return tuple(_value(part, draw) for part in parts)
    if name in ("Dict", "dict") and len(parts) == 2:
        return {_value(parts[0], draw): _value(parts[1], draw) for _ in range(draw.randint(0, 4))}
    if name in ("Optional", "Union"):
        return _value(draw.choice([*parts, ast.Constant(None)] if name == "Optional" else parts), draw)
    raise _Unknown
