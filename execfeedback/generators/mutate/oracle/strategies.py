"""Hypothesis strategies from what the examples show, else from the annotations of the signature.

Examples come first: preconditions ("a positive n", "a string of parentheses") show in them and in no type."""

import inspect
import string
import types
import typing
from collections.abc import Callable, Sequence
from typing import Any

from hypothesis import strategies as st

Strategy = st.SearchStrategy[Any]
_LONGEST = 8


def arguments(function: Callable[..., Any], calls: Sequence[tuple[Any, ...]]) -> Strategy | None:
    """A strategy for the tuple of positional arguments; None when neither examples nor annotations tell."""
    widths = {len(call) for call in calls}
    if len(widths) == 1:
        columns = list(zip(*calls, strict=True))
        return st.tuples(*(of_values(column) for column in columns)) if columns else None
    try:
        hints = typing.get_type_hints(function)
        parameters = inspect.signature(function).parameters.values()
    except (TypeError, ValueError, NameError):
        return None
    positional = (inspect.Parameter.POSITIONAL_ONLY, inspect.Parameter.POSITIONAL_OR_KEYWORD)
    plain = [p for p in parameters if p.default is p.empty and p.kind in positional]
    known = [one for parameter in plain if (one := of_type(hints.get(parameter.name))) is not None]
    return st.tuples(*known) if plain and len(known) == len(plain) else None


def of_values(values: Sequence[Any]) -> Strategy:
    """More values of the kind of these: their types, signs, lengths, letters."""
    kinds = {type(value) for value in values}
    if kinds == {int, float}:
        return _floats([float(value) for value in values])
    if len(kinds) > 1:
        names = sorted(kind.__name__ for kind in kinds)
        groups = [[value for value in values if type(value).__name__ == name] for name in names]
        return st.one_of(*(of_values(group) for group in groups))
    return _of_kind(values)


def _of_kind(values: Sequence[Any]) -> Strategy:
    first = values[0]
    if isinstance(first, bool):
        return st.booleans()
    if isinstance(first, int):
        return _integers(values)
    if isinstance(first, float):
        return _floats(values)
    if isinstance(first, str):
        return _texts(values)
    if isinstance(first, list | set | frozenset):
        return _lists(values).map(type(first))
    if isinstance(first, tuple):
        same = len({len(value) for value in values}) == 1 and first
        columns = [of_values(column) for column in zip(*values, strict=True)] if same else []
        return st.tuples(*columns) if same else _lists(values).map(tuple)
    if isinstance(first, dict):
        return _dicts(values)
    return st.sampled_from(list(values))


def _integers(values: Sequence[int]) -> Strategy:
    low, high = min(values), max(values)
    spread = max(10, min(high - low, 1000))
    least = max(low - spread, 1) if low > 0 else max(low - spread, 0) if low == 0 else low - spread
    return st.integers(least, min(high + spread, max(high, 10**6)))


def _floats(values: Sequence[float]) -> Strategy:
    low, high = min(values), max(values)
    least = 0.0 if low >= 0 else low - 10
    return st.floats(least, high + 10, allow_nan=False, allow_infinity=False).map(
        lambda value: round(value, 2)
    )


def _texts(values: Sequence[str]) -> Strategy:
    """Sentences as a whole, or letters of the kinds that occur; not empty where no example is."""
    shown = "".join(values)
    letters = sorted(set(shown) | _neighbours(shown))
    least = 1 if all(values) else 0
    fresh = st.text(letters or list("abc"), min_size=least, max_size=min(_LONGEST, max(map(len, values)) + 2))
    mixed = st.lists(st.sampled_from(sorted(values)), min_size=1, max_size=2).map("".join)
    return st.one_of(fresh, mixed) if max(map(len, values)) > 3 else fresh


def _neighbours(shown: str) -> set[str]:
    more: set[str] = set()
    for letters in (string.ascii_lowercase, string.ascii_uppercase, string.digits):
        if len(set(letters) & set(shown)) > 2:
            more |= set(letters)
    return more


def _lists(values: Sequence[Any]) -> Strategy:
    elements = [element for value in values for element in sorted(value, key=repr)]
    inner = of_values(elements) if elements else st.integers(-10, 10)
    least = 1 if all(len(value) for value in values) else 0
    even = len({len(value) for value in values}) == 1 and len(values) > 2
    size = len(values[0]) if even else _LONGEST
    return st.lists(inner, min_size=size if even else least, max_size=size)


def _dicts(values: Sequence[dict[Any, Any]]) -> Strategy:
    keys = [key for value in values for key in value]
    items = [item for value in values for item in value.values()]
    if not keys:
        return st.just({})
    return st.dictionaries(of_values(keys), of_values(items), min_size=1 if all(values) else 0, max_size=4)


_PLAIN: dict[Any, Strategy] = {
    int: st.integers(-20, 100),
    float: st.floats(-100, 100, allow_nan=False).map(lambda value: round(value, 2)),
    bool: st.booleans(),
    str: st.text(string.ascii_letters + string.digits + " ,.-", max_size=12),
    bytes: st.binary(max_size=8),
    type(None): st.none(),
}


def of_type(hint: Any) -> Strategy | None:
    """Small values of an annotation made of builtin types; None where it is made of anything else."""
    origin, inner = typing.get_origin(hint), typing.get_args(hint)
    if origin is None and hint in (list, set, tuple, dict):
        return st.lists(_PLAIN[int], max_size=6).map(hint) if hint is not dict else None
    if origin is None:
        return _PLAIN.get(hint) if isinstance(hint, type) else None
    made = [of_type(part) for part in inner if part is not Ellipsis]
    known = [one for one in made if one is not None]
    return _combined(origin, known, Ellipsis in inner) if len(known) == len(made) else None


def _combined(origin: Any, parts: list[Strategy], endless: bool) -> Strategy | None:
    if origin in (typing.Union, types.UnionType):
        return st.one_of(*parts)
    if origin is tuple:
        return st.lists(parts[0], max_size=6).map(tuple) if endless else st.tuples(*parts)
    if origin is dict:
        return st.dictionaries(parts[0], parts[1], max_size=4)
    if origin in (set, frozenset):
        return st.sets(parts[0], max_size=6).map(origin)
    sequences = ("list", "Sequence", "Iterable", "Collection", "MutableSequence")
    return st.lists(parts[0], max_size=6) if getattr(origin, "__name__", "") in sequences else None
