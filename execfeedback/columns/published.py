"""Rows of published sets whose columns nobody else has, in columns that are known. Pure: what upstream has pickled is not
unpickled, since that would run it.

LiveCodeBench keeps public and private tests apart, the private ones as JSON or packed (pickle of a JSON text, zlib, base64),
and the function's name in `metadata`. AceCode keeps model answers with their pass rates in `inferences`.
"""

import json
import zlib
from base64 import b64decode
from collections.abc import Mapping
from typing import Any

from execfeedback.columns.fields import Unreadable, from_json

_MOST_BYTES = 64 << 20
"""Of tests, unpacked."""


def in_common_columns(row: Mapping[str, Any]) -> dict[str, Any]:
    """The row with `tests`, `fn_name`, `completions` and `passed` where a published set has them in its own form. Raises
    Unreadable."""
    found = dict(row)
    if "public_test_cases" in row or "private_test_cases" in row:
        found |= _live_code_bench(row)
    answers = from_json(row.get("inferences"))
    if isinstance(answers, list) and answers and all(_is_answer(one) for one in answers):
        found |= {"completions": [one["completion"] for one in answers]}
        found |= {"passed": [one["pass_rate"] == 1 for one in answers]}
    return found


def _is_answer(one: Any) -> bool:
    return isinstance(one, dict) and isinstance(one.get("completion"), str) and "pass_rate" in one


def _live_code_bench(row: Mapping[str, Any]) -> dict[str, Any]:
    named = from_json(row.get("metadata"))
    name = named.get("func_name") if isinstance(named, dict) else None
    cases = [case for column in ("public_test_cases", "private_test_cases") for case in _cases(row, column)]
    if name:
        cases = [{**case, "fn_name": name} for case in cases if isinstance(case, dict)]
    return {"tests": cases}


def _cases(row: Mapping[str, Any], column: str) -> list[Any]:
    value = row.get(column) or []
    cases = from_json(value)
    if isinstance(cases, str):
        cases = _packed(cases, column)
    if not isinstance(cases, list):
        raise Unreadable(f"field '{column}': is no list of cases")
    return cases


def _packed(text: str, column: str) -> Any:
    """The JSON list that lies as it is within the pickle."""
    try:
        data = zlib.decompressobj().decompress(b64decode(text, validate=True), _MOST_BYTES)
        return json.loads(data[data.index(b"[") : data.rindex(b"]") + 1])
    except (ValueError, zlib.error, RecursionError) as error:
        raise Unreadable(f"field '{column}': cannot be unpacked: {error}") from None
