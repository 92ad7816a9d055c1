"""Runs a corrected program against what the feedback says, and against the examples of the statement.

This executes code, so it is only ever run in the sandbox."""

import ast
import contextlib
import io
import sys
from collections.abc import Callable
from types import CodeType
from typing import Any

from execfeedback.behaviour.shown import Example
from execfeedback.generators.mutate.repair.told import Told

Check = Callable[[CodeType], bool]
_RAISES = ("raise", "raises", "exception")


def check_of(told: Told, entry_point: str | None) -> Check | None:
    """What the feedback lets us run: a program's output, an assertion, a call with its value; else None."""
    if told.stdin is not None and told.stdout is not None:
        return lambda program: _prints(program, told.stdin or "", told.stdout or "")
    call = told.call if told.expected else ""
    tree = _parsed(call or told.test)
    if tree is None or not tree.body:
        return None
    only = tree.body[0]
    if (
        len(tree.body) == 1
        and isinstance(only, ast.Expr)
        and told.expected
        and not told.test.startswith("self.")
    ):
        value = compile(ast.Expression(only.value), "test", "eval")
        return lambda program: _gives(program, value, told.expected, entry_point)
    test = compile(tree, "test", "exec")
    return lambda program: _holds(program, test, entry_point)


def _parsed(source: str) -> ast.Module | None:
    try:
        return ast.parse(source)
    except (SyntaxError, ValueError, RecursionError):
        return None


def _defined(program: CodeType, entry_point: str | None) -> dict[str, Any]:
    """The names that the program defines, with those that tests expect."""
    names: dict[str, Any] = {"__name__": "solution"}
    exec(program, names)  # noqa: S102 - in the sandbox
    names.setdefault("candidate", names.get(entry_point or ""))
    return names


def _holds(program: CodeType, test: CodeType, entry_point: str | None) -> bool:
    names = _defined(program, entry_point)
    if "pytest" in test.co_names:
        import pytest

        names["pytest"] = pytest
    if "self" in test.co_names:
        import unittest

        names["self"] = unittest.TestCase()
    before = set(names)
    exec(test, names)  # noqa: S102 - in the sandbox
    for name in [name for name in names if name not in before and name.startswith("test")]:
        names[name]()
    return True


def _gives(program: CodeType, call: CodeType, expected: str, entry_point: str | None) -> bool:
    names = _defined(program, entry_point)
    words = expected.replace("`", " ").split()
    wants_error = bool(words) and (words[0].lower() in _RAISES or words[-1].endswith(("Error", "Exception")))
    try:
        value = eval(call, names)  # noqa: S307 - in the sandbox
    except Exception as error:  # the program's fault is what we look for
        return wants_error and type(error).__name__ in words
    return not wants_error and same(value, expected)


def same(value: Any, text: str) -> bool:
    """Whether a value is the one that a repr shows; floats within 1e-6."""
    try:
        expected = ast.literal_eval(text)
    except (ValueError, SyntaxError, TypeError, MemoryError, RecursionError):
        return repr(value) == text
    if isinstance(expected, float) and isinstance(value, int | float):
        return abs(value - expected) <= 1e-6 * max(1.0, abs(expected))
    return bool(value == expected) and isinstance(value, bool) == isinstance(expected, bool)


def _prints(program: CodeType, given: str, expected: str) -> bool:
    """Whether the program prints the expected tokens."""
    out = io.TextIOWrapper(io.BytesIO(), encoding="utf-8", newline="\n", write_through=True)
    sys.stdin = io.TextIOWrapper(io.BytesIO(given.encode()), encoding="utf-8")
    with contextlib.redirect_stdout(out), contextlib.suppress(SystemExit):
        exec(program, {"__name__": "__main__"})  # noqa: S102 - in the sandbox
    return out.buffer.getvalue().decode(errors="replace").split() == expected.split()


def examples_met(program: CodeType, shown: tuple[Example, ...], entry_point: str | None) -> int:
    """How many examples show what they should; all of them run in one namespace, as a session."""
    names = _defined(program, entry_point) if shown else {}
    met = 0
    for example in shown:
        out = io.StringIO()
        try:
            with contextlib.redirect_stdout(out):
                exec(compile(example.source, "example", "single"), names)  # noqa: S102 - in the sandbox
        except Exception:  # the program's fault: this example is not met
            continue
        met += bool(example.want) and _shows(out.getvalue().strip(), example.want)
    return met


def _shows(text: str, want: str) -> bool:
    if text == want:
        return True
    try:
        return bool(ast.literal_eval(text) == ast.literal_eval(want))
    except (ValueError, SyntaxError, TypeError, MemoryError, RecursionError):
        return text.split() == want.split()
