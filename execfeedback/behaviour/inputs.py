"""Inputs near those of the tests: the example calls themselves, then small changes of these, step by step.

Near the examples is where a problem is defined; far from them a solution may do anything. Drawn with a seed,
the same on every machine.
"""

import ast
import random
import re
from collections.abc import Iterator
from typing import Any

from execfeedback.behaviour.texts import text_of

Call = tuple[list[Any], dict[str, Any]]
"""Positional and keyword arguments, as plain values."""

_CANDIDATE = "candidate"
"""What a `humaneval` test calls the entry point."""
_TRIES = 8
"""Draws for each input that is asked for: small value spaces run dry."""
_NEAR = 0.6
"""Share of inputs that are one step away from an example."""
_NUMBER = re.compile(r"-?\d+")


def example_calls(tests: str | ast.Module, entry_point: str) -> list[Call]:
    """Calls of the entry point with literal arguments, in the order of the text. Raises SyntaxError."""
    tree = ast.parse(tests) if isinstance(tests, str) else tests
    nodes = (node for node in ast.walk(tree) if isinstance(node, ast.Call))
    calls = [literal_call(node) for node in nodes if called(node) in (entry_point, _CANDIDATE)]
    return [call for call in calls if call is not None]


def called(node: ast.Call) -> str:
    """The name that is called, whatever it is an attribute of."""
    function = node.func
    if isinstance(function, ast.Attribute):
        return function.attr
    return function.id if isinstance(function, ast.Name) else ""


def literal_call(node: ast.Call) -> Call | None:
    """The arguments of a call; None when one is no literal."""
    try:
        arguments = [ast.literal_eval(argument) for argument in node.args]
        keywords = {str(word.arg): ast.literal_eval(word.value) for word in node.keywords if word.arg}
    except (ValueError, TypeError, SyntaxError, MemoryError, RecursionError):
        return None
    return (arguments, keywords) if len(keywords) == len(node.keywords) else None


def call_text(call: Call) -> str | None:
    """A call as it would be written, `(1, [2], key=3)`; None when an argument has no text."""
    arguments = [text_of(value) for value in call[0]]
    keywords = [(name, text_of(value)) for name, value in sorted(call[1].items())]
    if None in arguments or None in (text for _, text in keywords):
        return None
    return f"({', '.join([*map(str, arguments), *(f'{name}={text}' for name, text in keywords)])})"


def varied_calls(examples: list[Call], limit: int, seed: int) -> list[Call]:
    """The examples and changes of them, at most `limit`, no two alike."""
    draw = random.Random(seed)
    found: dict[str, Call] = {}
    for call in _candidates(examples, found, limit * _TRIES, draw):
        text = call_text(call)
        if text is not None:
            found.setdefault(text, call)
        if len(found) >= limit:
            break
    return list(found.values())


def _candidates(
    examples: list[Call], found: dict[str, Call], tries: int, draw: random.Random
) -> Iterator[Call]:
    """The examples, then changes of an example or of what was `found` so far."""
    yield from examples
    changeable = [call for call in examples if call[0] or call[1]]
    for _ in range(tries if changeable else 0):
        near = (
            changeable if draw.random() < _NEAR else [call for call in found.values() if call[0] or call[1]]
        )
        yield _varied(draw.choice(near or changeable), changeable, draw)


def _varied(call: Call, others: list[Call], draw: random.Random) -> Call:
    """`call` with one argument changed, or taken over from another example."""
    arguments, keywords = list(call[0]), dict(call[1])
    place = draw.choice([*range(len(arguments)), *sorted(keywords)])
    holder: Any = arguments if isinstance(place, int) else keywords
    same = [other for other in others if isinstance(place, int) and len(other[0]) == len(arguments)]
    other = draw.choice(same) if same and draw.random() < 0.3 else None
    holder[place] = other[0][place] if other and isinstance(place, int) else varied(holder[place], draw)
    return arguments, keywords


def varied(value: Any, draw: random.Random) -> Any:
    """Another value of the same type, near this one; the value itself where none is known."""
    if isinstance(value, bool):
        return not value
    if isinstance(value, int):
        return draw.choice([value + 1, value - 1, 0, 1, -1, -value, value * 2, value // 2])
    if isinstance(value, float):
        return draw.choice([value + 1.0, value - 0.5, -value, value * 2, 0.0])
    if isinstance(value, str | bytes):
        return _other_text(value, draw)
    if isinstance(value, dict):
        return _other_dict(value, draw)
    if isinstance(value, list | tuple):
        return type(value)(_other_items(list(value), draw))
    if isinstance(value, set | frozenset):
        return type(value)(_other_items(sorted(value, key=repr), draw))
    return value


def _other_text(value: Any, draw: random.Random) -> Any:
    place = draw.randrange(len(value)) if value else 0
    one = value[place : place + 1]
    other = draw.randrange(len(value)) if value else 0
    return draw.choice(
        [
            value[:0],
            value[:place] + value[place + 1 :],
            value[:place] + one + value[place:],
            value[:place] + value[other : other + 1] + value[place + 1 :],
            value[::-1],
            value.swapcase(),
            value + value,
        ]
    )


def _other_items(items: list[Any], draw: random.Random) -> list[Any]:
    if not items:
        return items
    place = draw.randrange(len(items))
    changed = [*items[:place], varied(items[place], draw), *items[place + 1 :]]
    dropped = items[:place] + items[place + 1 :]
    doubled = [*items[:place], items[place], *items[place:]]
    return draw.choice([changed, changed, dropped, doubled, items[::-1], draw.sample(items, len(items)), []])


def _other_dict(value: dict[Any, Any], draw: random.Random) -> dict[Any, Any]:
    if not value:
        return value
    key = draw.choice(list(value))
    changed = {**value, key: varied(value[key], draw)}
    return draw.choice([changed, changed, {k: v for k, v in value.items() if k != key}, {}])


def varied_stdins(examples: list[str], limit: int, seed: int) -> list[str]:
    """Like `varied_calls` for programs: one number changed, or two neighbouring lines exchanged."""
    draw = random.Random(seed)
    found = dict.fromkeys(examples[:limit])
    for _ in range(limit * _TRIES if examples else 0):
        if len(found) >= limit:
            break
        found.setdefault(_other_stdin(draw.choice(examples), draw))
    return list(found)


def _other_stdin(stdin: str, draw: random.Random) -> str:
    numbers = list(_NUMBER.finditer(stdin))
    lines = stdin.splitlines(keepends=True)
    if numbers and (len(lines) < 3 or draw.random() < 0.7):
        number = draw.choice(numbers)
        return f"{stdin[: number.start()]}{varied(int(number[0][:300]), draw)}{stdin[number.end() :]}"
    if len(lines) < 3:
        return stdin
    place = draw.randrange(1, len(lines) - 1)
    lines[place], lines[place + 1] = lines[place + 1].rstrip("\n") + "\n", lines[place]
    return "".join(lines)
