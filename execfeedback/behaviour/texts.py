"""A text for a plain value, equal for equal values of equal type, whatever the hash seed or the address."""

import hashlib
import itertools
import math
from collections.abc import Iterator
from typing import Any

_LONG = 160
_ITEMS = 1000
"""Elements that are read of an iterator: it may have no end."""
_DEPTH = 30
_LARGE = 10**30
"""From here on a number is written in base 16: Python limits the digits of base 10."""
_EXACT = 2**53
"""Below it every whole number has a float of its own."""
_AS_WRITTEN = ("decimal", "fractions", "datetime", "pathlib", "range", "uuid")
"""Modules and builtins whose values say all that they are in their repr."""


class Opaque(Exception):
    """The value holds something that has no text of its own."""


def text_of(value: Any, loose: bool = False) -> str | None:
    """The text, long ones shortened to a digest; None for what cannot be told from another.

    `loose`: numbers that are equal have one text whatever their type, and floats count to nine digits."""
    try:
        text = _text(_levelled(value, 0) if loose else value, 0)
    except Opaque:
        return None
    return text if len(text) <= _LONG else f"{text[:100]}... {hashlib.sha256(text.encode()).hexdigest()}"


def _levelled(value: Any, depth: int) -> Any:
    """A value with its numbers as `loose` writes them."""
    if depth > _DEPTH:
        raise Opaque
    if isinstance(value, float) and math.isfinite(value):
        short = float(f"{value:.9g}")
        return int(short) if short.is_integer() and abs(short) < _EXACT else short
    if isinstance(value, bool):
        return int(value)
    if type(value) in (list, tuple, set, frozenset):
        return type(value)(_levelled(item, depth + 1) for item in value)
    if type(value) is dict:
        return {_levelled(key, depth + 1): _levelled(item, depth + 1) for key, item in value.items()}
    return value


def _text(value: Any, depth: int) -> str:
    if depth > _DEPTH:
        raise Opaque
    if isinstance(value, bool | str | bytes | bytearray | float | complex) or value is None:
        return ascii(value)
    if isinstance(value, int):
        return str(value) if abs(value) < _LARGE else hex(value)
    if isinstance(value, dict):
        pairs = [f"{_text(key, depth + 1)}: {_text(entry, depth + 1)}" for key, entry in value.items()]
        return f"{_kind(value)}{{{', '.join(sorted(pairs))}}}"
    if isinstance(value, list | tuple | set | frozenset | Iterator):
        return _items_text(value, depth)
    if type(value).__module__ in _AS_WRITTEN or isinstance(value, range):
        return ascii(value)
    raise Opaque


def _items_text(value: Any, depth: int) -> str:
    items = [_text(item, depth + 1) for item in itertools.islice(value, _ITEMS)]
    if isinstance(value, set | frozenset):
        items.sort()
    opened, closed = "()" if isinstance(value, tuple) else "[]"
    return f"{_kind(value)}{opened}{', '.join(items)}{closed}"


def _kind(value: Any) -> str:
    """What a text starts with, so that types differ: nothing for a list, a tuple, a dict."""
    if type(value) in (list, tuple, dict):
        return ""
    return "iterator" if isinstance(value, Iterator) else type(value).__name__
