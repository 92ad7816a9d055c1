"""The tests of a row, whatever form a dataset gives them: text, asserts, inputs and outputs, cases."""

import json
import re
from collections.abc import Mapping
from typing import Any

from execfeedback.columns.fields import WRAPPED, Unreadable, from_json
from execfeedback.items import style_of
from execfeedback.types import Case, StdioCase, Style, Tests, Value

_CHECK_CALL = re.compile(r"^check\(\s*([A-Za-z_]\w*)\s*\)[ \t]*$", re.MULTILINE)
_INPUTS = ("inputs", "input", "stdin")
_OUTPUTS = ("outputs", "output", "expected_output", "expected", "stdout")
_DEEPEST = 4
"""Objects within objects that are looked into for tests."""


class Given(Value):
    """Tests in the form of a verify item. `unwrapped`: the same with each expected value taken out of its list of one."""

    style: Style
    tests: Tests
    entry_point: str | None = None
    unwrapped: tuple[Case, ...] | None = None


def tests_of(value: Any, field: str, entry_point: str | None, depth: int = 0) -> Given:
    """Raises Unreadable, naming the field, when there are no tests in it."""
    value = from_json(value)
    if isinstance(value, str) and value.strip():
        return _from_text(value, entry_point)
    if isinstance(value, list) and value:
        return _from_list(value, field, entry_point)
    if isinstance(value, dict) and value and depth < _DEEPEST:
        return _from_object(value, field, entry_point, depth)
    raise Unreadable(f"field '{field}': holds no tests")


def _from_text(value: str, entry_point: str | None) -> Given:
    style = style_of(value)
    if style == "humaneval":
        called = _CHECK_CALL.findall(value)
        entry_point = entry_point or (called[-1] if called else None)
        value = _CHECK_CALL.sub("", value)
    return Given(style=style, tests=value, entry_point=entry_point)


def _from_list(value: list[Any], field: str, entry_point: str | None) -> Given:
    if all(isinstance(one, str) for one in value):
        return _from_text("\n".join(value) + "\n", entry_point)
    if all(isinstance(one, dict) for one in value):
        return _from_cases(value, field, entry_point)
    raise Unreadable(f"field '{field}': is a list of neither texts nor objects")


def _from_object(value: Mapping[str, Any], field: str, entry_point: str | None, depth: int) -> Given:
    name = next((str(value[key]) for key in ("fn_name", "entry_point") if value.get(key)), entry_point)
    inputs, outputs = _column(value, _INPUTS), _column(value, _OUTPUTS)
    if isinstance(inputs, list) and isinstance(outputs, list):
        return _from_pairs(inputs, outputs, field, name)
    for key in ("assert_case", "test_list", "test_cases", "tests", "test", "test_code", *WRAPPED):
        if value.get(key):
            return tests_of(value[key], f"{field}.{key}", name, depth + 1)
    raise Unreadable(
        f"field '{field}': holds no tests that are known (it has {', '.join(map(str, value))[:300]})"
    )


def _column(value: Mapping[str, Any], names: tuple[str, ...]) -> Any:
    return next((from_json(value[name]) for name in names if name in value), None)


def _from_cases(value: list[dict[str, Any]], field: str, entry_point: str | None) -> Given:
    """A list of objects: each a case of a verify item, or an input with its output."""
    if all("args" in one or "kwargs" in one for one in value):
        return Given(style="cases", tests=tuple(_case(one, field) for one in value), entry_point=entry_point)
    inputs = [_of(one, _INPUTS, field) for one in value]
    outputs = [_of(one, _OUTPUTS, field) for one in value]
    named = next((str(one["fn_name"]) for one in value if one.get("fn_name")), None)
    stdio = any(
        one.get("type", one.get("testtype")) in ("stdin_stdout", "stdin", "stdio") or "stdin" in one
        for one in value
    )
    return _from_pairs(inputs, outputs, field, named or (None if stdio else entry_point))


def _case(one: Mapping[str, Any], field: str) -> Case:
    known = {key: one[key] for key in ("args", "kwargs", "expected", "raises") if key in one}
    try:
        return Case.model_validate(known)
    except ValueError:
        raise Unreadable(f"field '{field}': {str(one)[:200]} is no case (args, expected or raises)") from None


def _of(one: Mapping[str, Any], names: tuple[str, ...], field: str) -> Any:
    found = next((name for name in names if name in one), None)
    if found is None:
        raise Unreadable(f"field '{field}': a case has none of {', '.join(names)}")
    return one[found]


def _from_pairs(inputs: list[Any], outputs: list[Any], field: str, name: str | None) -> Given:
    """Inputs beside outputs: calls of a function where there is a name, else runs of a program."""
    if not inputs or len(inputs) != len(outputs):
        raise Unreadable(f"field '{field}': has {len(inputs)} inputs and {len(outputs)} outputs")
    if name is None:
        pairs = zip(inputs, outputs, strict=True)
        cases = tuple(StdioCase(stdin=_lines(given), stdout=_lines(told)) for given, told in pairs)
        return Given(style="stdio", tests=cases)
    calls = tuple(_call(*pair, field) for pair in zip(inputs, outputs, strict=True))
    return Given(style="cases", tests=calls, entry_point=name, unwrapped=_unwrapped(calls))


def _lines(value: Any) -> str:
    """What goes through stdin or stdout: text, or a list of lines."""
    if isinstance(value, list):
        return "\n".join(map(_lines, value))
    return value if isinstance(value, str) else str(value)


def _call(given: Any, told: Any, field: str) -> Case:
    """A call from a list of arguments, or from text with one JSON value a line."""
    if isinstance(given, str):
        given = [_value(line, field) for line in given.splitlines() if line.strip()]
        told = _value(told, field) if isinstance(told, str) else told
    if not isinstance(given, list):
        raise Unreadable(f"field '{field}': the arguments of a call must be a list, not {str(given)[:100]}")
    return Case(args=tuple(given), expected=told)


def _value(line: str, field: str) -> Any:
    try:
        return json.loads(line)
    except (ValueError, RecursionError):
        raise Unreadable(f"field '{field}': {line[:100]!r} is no JSON value") from None


def _unwrapped(calls: tuple[Case, ...]) -> tuple[Case, ...] | None:
    """APPS and its kin put each expected value into a list of one. Whether a dataset does cannot be seen from one row."""
    if not all(isinstance(call.expected, list) and len(call.expected) == 1 for call in calls):
        return None
    return tuple(call.model_copy(update={"expected": call.expected[0]}) for call in calls)
