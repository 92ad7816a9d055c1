"""Which column of a row is what: `--map`, and the names that datasets use."""

import json
import re
import zlib
from base64 import b64decode
from collections.abc import Iterable, Mapping
from typing import Any

from execfeedback.errors import InputError

FIELDS = ("id", "solution", "tests", "prompt", "entry_point", "language", "passed", "task")
"""What `--map` may name."""

IDS = ("id", "task_id", "problem_id", "question_id", "name", "uid")
TASKS = ("task_id", "problem_id", "question_id", "task")
MODEL_TEXTS = (
    "completion",
    "completions",
    "generation",
    "generations",
    "generated_code",
    "generated_solution",
    "response",
    "responses",
    "model_output",
)
SOLUTIONS = (
    "canonical_solution",
    "solution",
    "solutions",
    "code_list",
    "reference_solution",
    "reference",
    "code",
    "gold_standard_solution",
    "raw",
    "answer",
    "output",
)
PROMPTS = ("prompt", "prompt_or_intent", "complete_prompt")
ENTRY_POINTS = ("entry_point", "fn_name", "func_name", "function_name", "method_name")
LANGUAGES = ("language", "lang", "programming_language")
LABELS = ("passed", "correct", "is_correct", "is_passing", "graded_list")
TESTS = (
    "test",
    "tests",
    "test_cases",
    "unit_tests",
    "test_code",
    "unit_test",
    "testcases",
    "test_case",
    "asserts",
    "official_tests",
)
WRAPPED = ("verification_info", "ground_truth", "reward_model", "input_output")
"""Columns that hold tests in a form of their own, as an object or as JSON text."""

_PACKED = re.compile(r"(?:[A-Za-z0-9+/]{4}\s*){8,}(?:[A-Za-z0-9+/]{2}[A-Za-z0-9+/=]=)?")
_LONGEST_PACKED = 64 << 20
_DEEPEST = 100


class Unreadable(ValueError):
    """A row, or a part of it, that cannot be made sense of; the message names the field."""


class Unrecognised(Unreadable):
    """A row in none of the shapes."""


def parse_map(text: str | None) -> dict[str, str]:
    """`solution=code,tests=meta.tests` as field -> column. Raises InputError."""
    found: dict[str, str] = {}
    for part in filter(None, (text or "").split(",")):
        field, equals, column = (piece.strip() for piece in part.partition("="))
        if not equals or not column or field not in FIELDS:
            raise InputError(
                f"--map {part!r}: write field=column, with a field of {', '.join(FIELDS)}; "
                "a column may be a path into nested fields, such as meta.tests"
            )
        if field in found:
            raise InputError(f"--map: field '{field}' comes twice")
        found[field] = column
    return found


def at(row: Mapping[str, Any], column: str) -> Any:
    """The value at a column, or at a dotted path through objects, lists and JSON text. Raises Unreadable."""
    if column in row:
        return row[column]
    value: Any = row
    for part in column.split("."):
        value = from_json(value)
        if isinstance(value, Mapping) and part in value:
            value = value[part]
        elif isinstance(value, list) and part.isdigit() and int(part) < len(value):
            value = value[int(part)]
        else:
            raise Unreadable(f"field '{column}': is not in the row (it has {names(row)})")
    return value


def from_json(value: Any) -> Any:
    """Text that is a JSON list or object as that, also where it was written as JSON twice; all else as it is."""
    if not isinstance(value, str) or not value.lstrip().startswith(("[", "{", '"')):
        return value
    try:
        found = json.loads(value)
        found = json.loads(found) if isinstance(found, str) else found
    except (ValueError, RecursionError):
        return value
    return found if isinstance(found, list | dict) else value


def unpacked(value: Any, field: str) -> Any:
    """JSON that was compressed and written as base64 (as LiveCodeBench packs tests), as text; all else as it is.

    Raises Unreadable for what else is packed so. Nothing is unpickled."""
    if not isinstance(value, str) or not _PACKED.fullmatch(value.strip()):
        return value
    try:
        stream = zlib.decompressobj()
        found = stream.decompress(b64decode(value, validate=False), _LONGEST_PACKED)
        text = found.decode()
    except (ValueError, zlib.error):
        raise Unreadable(
            f"field '{field}': is packed in a form that is not read (such as a pickle)"
        ) from None
    if not stream.eof:
        raise Unreadable(
            f"field '{field}': is packed, and longer than {_LONGEST_PACKED >> 20} MiB or cut off"
        )
    return text


def shallow(values: Iterable[Any]) -> bool:
    """Whether nothing in values from JSON is nested more deeply than can be passed on."""
    level, depth = list(values), 0
    while level and depth <= _DEEPEST:
        inner = [
            one.values() if isinstance(one, dict) else one
            for one in level
            if isinstance(one, dict | list | tuple)
        ]
        level, depth = [each for one in inner for each in one], depth + 1
    return not level


def first(row: Mapping[str, Any], columns: Iterable[str]) -> str | None:
    """The first of the columns that the row has with something in it."""
    return next((name for name in columns if row.get(name) not in (None, "", [], {})), None)


def text(row: Mapping[str, Any], columns: Iterable[str]) -> str | None:
    """The first text (or whole number) in one of the columns."""
    found = (row.get(name) for name in columns)
    return next((str(v) for v in found if type(v) in (str, int) and v != ""), None)


def function_name(value: Mapping[str, Any]) -> str | None:
    """The function that an object with tests names, itself or in its `metadata` (LiveCodeBench and its kin)."""
    metadata = from_json(value.get("metadata"))
    within = metadata if isinstance(metadata, Mapping) else {}
    return text(value, ENTRY_POINTS) or text(within, ENTRY_POINTS)


def names(row: Mapping[str, Any], most: int = 24) -> str:
    """The row's columns as people read them."""
    shown = [str(name)[:60] for name in list(row)[:most]]
    return (", ".join(shown) or "no field") + (", ..." if len(row) > most else "")
