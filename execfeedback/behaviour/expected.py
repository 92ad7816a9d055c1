"""The program that reads tests and statements in the sandbox: which value they expect of which call.

Reads `{"entry_point", "tests": [texts], "given", "statement", "prompt"}` on stdin and writes `{"expected": [[source,
call, value, line], ...], "tests"}`: `source` is the place of the text in `tests`, -1 for `given` and the statement's
own examples; `call` and `value` are texts as `script.py` writes them with `loose`; `line` is the expectation as an assert;
`tests` are all calls that were seen, to be observed. No foreign code is run."""

import ast
import json
import sys
from collections.abc import Iterator
from typing import Any

from execfeedback.behaviour.inputs import Call, call_text, called, example_calls, literal_call
from execfeedback.behaviour.shown import examples
from execfeedback.behaviour.texts import text_of
from execfeedback.behaviour.typed import typed_calls

_CANDIDATE = "candidate"
_TYPED = 24
"""Calls made of the signature's types alone."""
Expectation = tuple[Call, Any]


def answer(question: dict[str, Any]) -> dict[str, Any]:
    """What is expected, and the calls to observe."""
    name = question["entry_point"]
    shown = [f"assert {one.source.strip()} == {one.want}" for one in examples(question["statement"], name)]
    sources = [(-1, "\n".join(shown)), (-1, question["given"]), *enumerate(question["tests"])]
    expected = [
        [source, call_text(call), text_of(value, loose=True), _line(name, call, value)]
        for source, text in sources
        for call, value in expectations(text, name)
    ]
    calls = [call for _, text in sources for tree in trees(text) for call in example_calls(tree, name)]
    calls += typed_calls(question["prompt"], name, _TYPED)
    asked = {text: _line(name, call) for call in calls if (text := call_text(call)) is not None}
    whole = [one for one in expected if None not in one]
    return {"expected": whole, "tests": "\n".join(line for line in asked.values() if line)}


def trees(text: str) -> Iterator[ast.Module]:
    """The syntax tree of a text; where it has none, those of its lines that have one."""
    tree = _tree(text)
    if tree is not None:
        yield tree
        return
    for line in text.splitlines():
        tree = _tree(line.strip())
        if tree is not None:
            yield tree


def _tree(text: str) -> ast.Module | None:
    try:
        return ast.parse(text)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return None


def expectations(text: str, entry_point: str) -> Iterator[Expectation]:
    """Calls with literal arguments that asserts compare with a literal, or take for true or false."""
    for tree in trees(text):
        for node in ast.walk(tree):
            if isinstance(node, ast.Assert) and (found := _expectation(node.test, entry_point)):
                yield found


def _expectation(test: ast.expr, entry_point: str) -> Expectation | None:
    if isinstance(test, ast.UnaryOp) and isinstance(test.op, ast.Not):
        call = _call(test.operand, entry_point)
        return (call, False) if call else None
    if not isinstance(test, ast.Compare):
        call = _call(test, entry_point)
        return (call, True) if call else None
    if len(test.ops) != 1 or not isinstance(test.ops[0], ast.Eq | ast.Is):
        return None
    for one, other in ((test.left, test.comparators[0]), (test.comparators[0], test.left)):
        call = _call(one, entry_point)
        if call is not None:
            return _compared(call, other)
    return None


def _compared(call: Call, value: ast.expr) -> Expectation | None:
    try:
        return call, ast.literal_eval(value)
    except (ValueError, TypeError, SyntaxError, MemoryError, RecursionError):
        return None


def _call(node: ast.expr, entry_point: str) -> Call | None:
    if not isinstance(node, ast.Call) or called(node) not in (entry_point, _CANDIDATE):
        return None
    return literal_call(node)


def _line(name: str, call: Call, *value: Any) -> str | None:
    """`assert f(1) == 2`, or the bare call without a value; None for what repr does not write as it was."""
    arguments = [repr(one) for one in call[0]] + [f"{key}={one!r}" for key, one in call[1].items()]
    written = f"{name}({', '.join(arguments)})"
    line = f"assert {written} == {value[0]!r}" if value else written
    return line if _tree(line) is not None else None


def main() -> None:
    """Read the question, write the answer."""
    json.dump(answer(json.load(sys.stdin)), sys.stdout)
