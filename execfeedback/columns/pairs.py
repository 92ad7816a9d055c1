"""Inputs beside outputs as tests: calls of a function where there is a name, else runs of a program."""

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from execfeedback.columns.fields import Unreadable, from_json
from execfeedback.types import Case, Checker, StdioCase, Style, Tests, TokenChecker, Value

INPUTS = ("inputs", "input", "stdin")
OUTPUTS = ("outputs", "output", "expected_output", "expected", "stdout")
_KINDS = {
    "call": ("function_call", "functional", "function", "call_based"),
    "program": ("stdin_stdout", "stdin", "stdio", "standard_input"),
}
_DECIMAL = re.compile(r"[+-]?[0-9]*\.[0-9]+(?:[eE][+-]?[0-9]+)?")
_LONG_WHOLE = re.compile(r"[+-]?[0-9]{9,}")
_ABSOLUTE, _RELATIVE = 1e-6, 1e-9
_WHOLE = re.compile(r"-?[0-9]{1,18}")


class Given(Value):
    """Tests in the form of a verify item. `unwrapped`: the same with each expected value taken out of its list of one."""

    style: Style
    tests: Tests
    entry_point: str | None = None
    unwrapped: tuple[Case, ...] | None = None
    language: str | None = None
    prompt: str | None = None
    """Both as they stand beside the tests."""
    checker: Checker | None = None
    library: bool = False
    """Those who publish such tests run them with much of the standard library imported ahead of the solution."""
    whole_keys: str | None = None
    """Whether the keys of objects that JSON made texts are whole numbers: where a value is `returned`, or `both` there and
    in arguments."""


def kind_of(value: Mapping[str, Any]) -> str | None:
    """`call` or `program`, where an object with tests says which of them they are."""
    said = {str(value[name]) for name in ("type", "testtype", "test_type") if value.get(name)}
    return next((kind for kind, names in _KINDS.items() if said.intersection(names)), None)


def column(value: Mapping[str, Any], names: tuple[str, ...]) -> Any:
    return next((from_json(value[name]) for name in names if value.get(name) is not None), None)


def first_of(one: Mapping[str, Any], names: tuple[str, ...], field: str) -> Any:
    """What a case holds under the first of the names; structs of Arrow have all of them, with null where one was not there."""
    found = sorted((name for name in names if name in one), key=lambda name: one[name] is None)
    if not found:
        raise Unreadable(f"field '{field}': a case has none of {', '.join(names)}")
    return one[found[0]]


def calls_or_programs(inputs: list[Any], outputs: list[Any], field: str, name: str | None) -> Given:
    if not inputs or len(inputs) != len(outputs):
        raise Unreadable(f"field '{field}': has {len(inputs)} inputs and {len(outputs)} outputs")
    pairs = list(zip(inputs, outputs, strict=True))
    if name is None:
        cases = tuple(_program(given, told, field) for given, told in pairs)
        return Given(style="stdio", tests=cases, checker=_checker(cases))
    calls = tuple(_call(given, told, field) for given, told in pairs)
    return Given(style="cases", tests=calls, entry_point=name, unwrapped=_unwrapped(calls), library=True)


# ---- programs ----------------------------------------------------------------------------------------------------


def _program(given: Any, told: Any, field: str) -> StdioCase:
    if told is None:
        raise Unreadable(f"field '{field}': an output of a program is null")
    return StdioCase(stdin="" if given is None else _through(given, field), stdout=_through(told, field))


def _through(value: Any, field: str) -> str:
    """What goes through stdin or stdout: text, or a list of lines."""
    if not isinstance(value, list):
        return _line(value, field)
    if len(value) == 1 and isinstance(value[0], list):
        return _through(value[0], field)
    return "".join(
        line if line.endswith("\n") else f"{line}\n" for line in (_line(one, field) for one in value)
    )


def _line(value: Any, field: str) -> str:
    if isinstance(value, list) and len(value) == 1:
        return _line(value[0], field)
    if isinstance(value, list | dict) or value is None:
        raise Unreadable(f"field '{field}': {str(value)[:100]} is neither text nor a line of it")
    return value if isinstance(value, str) else str(value)


def _checker(cases: Sequence[StdioCase]) -> Checker | None:
    """Decimals may be printed with more or fewer digits. Whole numbers may not be off by one: long ones allow no relative
    error beside them."""
    tokens = [token for case in cases for token in case.stdout.split()]
    if not any(map(_DECIMAL.fullmatch, tokens)):
        return None
    relative = 0.0 if any(map(_LONG_WHOLE.fullmatch, tokens)) else _RELATIVE
    return TokenChecker(ignore_case=False, absolute=_ABSOLUTE, relative=relative)


# ---- calls -------------------------------------------------------------------------------------------------------


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


# ---- other readings ----------------------------------------------------------------------------------------------


def other_readings(given: Given) -> Iterator[Given]:
    """What else tests of calls may mean, the likeliest first; of a row, only one is meant."""
    unwrapped = [given.model_copy(update={"tests": given.unwrapped})] if given.unwrapped is not None else []
    yield from unwrapped
    for keys in _whole_keys(given):
        yield from (one.model_copy(update={"whole_keys": keys}) for one in [given, *unwrapped])


def _whole_keys(given: Given) -> Iterator[str]:
    """JSON has texts alone as the keys of objects, so a dataset that went through it does not say what they were."""
    calls = [case for case in given.tests if isinstance(case, Case)] if given.library else []
    if any(_has_whole_keys(call.expected) for call in calls):
        yield "returned"
    if any(map(_are_whole, (argument for call in calls for argument in call.args))):
        yield "both"


def _has_whole_keys(value: Any) -> bool:
    left = [value]
    while left:
        one = left.pop()
        if _are_whole(one):
            return True
        left += one if isinstance(one, list) else one.values() if isinstance(one, dict) else []
    return False


def _are_whole(value: Any) -> bool:
    return isinstance(value, dict) and bool(value) and all(_WHOLE.fullmatch(str(key)) for key in value)
