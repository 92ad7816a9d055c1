"""The tests of a row, whatever form a dataset gives them: text, asserts, inputs and outputs, cases."""

import re
from collections.abc import Mapping
from typing import Any

from execfeedback.columns.fields import (
    LANGUAGES,
    PROMPTS,
    WRAPPED,
    Unreadable,
    from_json,
    function_name,
    text,
    unpacked,
)
from execfeedback.columns.pairs import INPUTS, OUTPUTS, Given, calls_or_programs, column, first_of, kind_of
from execfeedback.items import style_of
from execfeedback.types import Case

_NAME = r"[A-Za-z_]\w*"
_CHECK_CALL = re.compile(rf"^check\(\s*((?:{_NAME}\(\)\.)?{_NAME})\s*\)[ \t]*$", re.MULTILINE)
_METHOD = re.compile(rf"({_NAME})\(\)\.({_NAME})")
_CHECK_OF_A_METHOD = """


_check_of_a_method = check


def check(candidate):
    _check_of_a_method(candidate().{method})
"""
_DEEPEST = 4
"""Objects within objects that are looked into for tests."""
_TESTS = ("test_cases", "tests", "test", "test_code", "functional", *WRAPPED)


def tests_of(value: Any, field: str, entry_point: str | None, depth: int = 0) -> Given:
    """Raises Unreadable, naming the field, when there are no tests in it."""
    value = from_json(unpacked(value, field))
    if isinstance(value, str) and value.strip():
        return _from_text(value, entry_point)
    if isinstance(value, list) and value:
        return _from_list(value, field, entry_point)
    if isinstance(value, dict) and value and depth < _DEEPEST:
        return _from_object(value, field, entry_point, depth)
    raise Unreadable(f"field '{field}': holds no tests")


def has_asserts(value: Mapping[str, Any]) -> bool:
    """Whether `assert_case` holds any; then inputs and outputs beside it say nothing, as in verl."""
    given = from_json(value.get("assert_case"))
    return any(
        map(str.strip, filter(None, map(_text_or_none, given if isinstance(given, list) else [given])))
    )


def _text_or_none(value: Any) -> str | None:
    return value if isinstance(value, str) else None


def _from_text(value: str, entry_point: str | None) -> Given:
    style = style_of(value)
    if style == "humaneval":
        called = _CHECK_CALL.findall(value)
        entry_point = entry_point or (called[-1] if called else None)
        value = _CHECK_CALL.sub("", value)
    method = _METHOD.fullmatch(entry_point or "")
    if method is None:
        return Given(style=style, tests=value, entry_point=entry_point)
    if style == "humaneval":
        value = value.rstrip() + _CHECK_OF_A_METHOD.format(method=method[2])
    return Given(style=style, tests=value, entry_point=method[1], library=True)


def _from_list(value: list[Any], field: str, entry_point: str | None) -> Given:
    if all(isinstance(one, str) for one in value):
        return _from_text("\n".join(value) + "\n", entry_point)
    if all(isinstance(one, dict) for one in value):
        return _from_cases(value, field, entry_point)
    raise Unreadable(f"field '{field}': is a list of neither texts nor objects")


def _from_object(value: Mapping[str, Any], field: str, entry_point: str | None, depth: int) -> Given:
    """With the language and the prompt that stand beside the tests, unless some stand nearer to them."""
    given = _within(value, field, function_name(value) or entry_point, depth)
    beside = {"language": text(value, LANGUAGES), "prompt": text(value, PROMPTS)}
    return given.model_copy(
        update={name: one for name, one in beside.items() if getattr(given, name) is None}
    )


def _within(value: Mapping[str, Any], field: str, name: str | None, depth: int) -> Given:
    if has_asserts(value):
        return tests_of(value["assert_case"], f"{field}.assert_case", name, depth + 1)
    inputs, outputs = column(value, INPUTS), column(value, OUTPUTS)
    if isinstance(inputs, list) and isinstance(outputs, list):
        return calls_or_programs(inputs, outputs, field, _callee(name, {kind_of(value)}, field))
    if value.get("test_list"):
        return tests_of(mbpp_tests(value), f"{field}.test_list", name, depth + 1)
    for key in _TESTS:
        if value.get(key):
            return tests_of(value[key], f"{field}.{key}", name, depth + 1)
    raise Unreadable(
        f"field '{field}': holds no tests that are known (it has {', '.join(map(str, value))[:300]})"
    )


def _more_asserts(test: Any) -> str:
    """MBPP+ has its own inputs as statements of `test`, beside the three asserts of MBPP."""
    return test if isinstance(test, str) and style_of(test) == "asserts" else ""


def mbpp_tests(value: Mapping[str, Any]) -> str:
    """MBPP's asserts after what they need."""
    names = ("test_imports", "test_setup_code", "test_list", "challenge_test_list")
    lines: list[str] = []
    for part in (from_json(value.get(name)) for name in names):
        lines += [str(one) for one in part] if isinstance(part, list | tuple) else [str(part or "")]
    lines.append(_more_asserts(value.get("test")))
    return "\n".join(line for line in lines if line) + "\n"


def _callee(name: str | None, kinds: set[str | None], field: str) -> str | None:
    """The function that is called, or None where programs are run. What the tests say that they are goes before a name."""
    if kinds >= {"call", "program"}:
        raise Unreadable(f"field '{field}': some of its tests are calls and some are programs")
    if "call" in kinds and name is None:
        raise Unreadable(f"field '{field}': its tests are calls, and nothing names the function")
    method = _METHOD.fullmatch(name or "")
    return None if "program" in kinds else method[2] if method else name


def _from_cases(value: list[dict[str, Any]], field: str, entry_point: str | None) -> Given:
    """A list of objects: each a case of a verify item, or an input with its output."""
    if all(one.get("args") is not None or one.get("kwargs") is not None for one in value):
        return Given(style="cases", tests=tuple(_case(one, field) for one in value), entry_point=entry_point)
    inputs = [first_of(one, INPUTS, field) for one in value]
    outputs = [first_of(one, OUTPUTS, field) for one in value]
    named = _the_one(map(function_name, value), "function", field)
    callee = _callee(
        named or entry_point,
        {"program" if one.get("stdin") is not None else kind_of(one) for one in value},
        field,
    )
    given = calls_or_programs(inputs, outputs, field, callee)
    language = _the_one((text(one, LANGUAGES) for one in value), "language", field)
    return given.model_copy(update={"language": language})


def _the_one(found: Any, what: str, field: str) -> str | None:
    several = {one for one in found if one}
    if len(several) > 1:
        raise Unreadable(
            f"field '{field}': its tests name more than one {what}: {', '.join(sorted(several))[:200]}"
        )
    return several.pop() if several else None


def _case(one: Mapping[str, Any], field: str) -> Case:
    fields = ("args", "kwargs", "expected", "raises")
    known = {key: one[key] for key in fields if one.get(key) is not None}
    try:
        return Case.model_validate(known)
    except ValueError:
        raise Unreadable(f"field '{field}': {str(one)[:200]} is no case (args, expected or raises)") from None
