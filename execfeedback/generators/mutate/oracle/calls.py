"""Example calls: the arguments of a function that its statement and its given tests show."""

import ast
import contextlib
import doctest
from collections.abc import Iterator
from typing import Any

Call = tuple[Any, ...]


def example_calls(texts: list[str], entry_point: str) -> list[Call]:
    """Positional arguments of every call with plain literals, each once, in the order of the texts."""
    found: dict[str, Call] = {}
    for text in texts:
        for source in _sources(text, entry_point):
            for call in _calls(source, entry_point):
                found.setdefault(repr(call), call)
    return list(found.values())


def _sources(text: str, entry_point: str) -> Iterator[str]:
    """Python in a text: all of it, or its `>>>` sessions and what each line may have as a call."""
    if _parsed(text):
        yield text
        return
    with contextlib.suppress(ValueError):  # not indented as doctest wants it
        yield from [example.source for example in doctest.DocTestParser().get_examples(text)]
    for line in text.splitlines():
        start = line.find(entry_point + "(")
        ends = [end for end in range(start + 1, len(line) + 1) if line[end - 1] == ")"] if start >= 0 else []
        yield from (line[start:end] for end in ends)


def _parsed(source: str) -> ast.Module | None:
    try:
        return ast.parse(source)
    except (SyntaxError, ValueError, RecursionError):
        return None


def _calls(source: str, entry_point: str) -> Iterator[Call]:
    tree = _parsed(source)
    for node in ast.walk(tree) if tree else ():
        if isinstance(node, ast.Call) and _calls_it(node, entry_point):
            with contextlib.suppress(ValueError, TypeError, SyntaxError):  # arguments that are no literals
                yield tuple(ast.literal_eval(argument) for argument in node.args)


def _calls_it(node: ast.Call, entry_point: str) -> bool:
    return (
        isinstance(node.func, ast.Name) and node.func.id in (entry_point, "candidate") and not node.keywords
    )
