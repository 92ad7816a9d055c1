"""APPS (Hendrycks et al. 2021) and sets of its form: TACO, and rows with `inputs`, `outputs`, `fn_name` of their own.

A row with `fn_name` is about a function (`cases`), any other about a program (`stdio`). APPS wraps the expected value of a
call in a list and newer sets do not: where every output of a row is a list of one, the value is what is in it.
"""

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Annotated, Any

from pydantic import BeforeValidator, ConfigDict, Field

from execfeedback.importers import LeftOut, problems_of
from execfeedback.types import Case, LimitsGiven, Problem, Source, StdioCase, Value

NAME = "apps"
IDS = ("id", "problem_id", "task_id", "name", "url")
TEXTS = ("question", "problem", "prompt")
SECONDS = re.compile(r"\s*([0-9]+(?:\.[0-9]+)?)\s*(?:s|sec|seconds?)?\s*", re.I)
MEGABYTES = re.compile(r"\s*([0-9]+)(?:\.0*)?\s*(?:mb|megabytes?|mebibytes?)?\s*", re.I)
MOST_MEMORY_MB = 2048


def _from_json(given: Any) -> Any:
    """Upstream stores lists and objects as JSON text in places; an empty text is nothing."""
    if not isinstance(given, str):
        return given
    if not given.strip():
        return None
    try:
        return json.loads(given)
    except json.JSONDecodeError as error:
        raise ValueError(f"is not JSON: {error.msg} (column {error.colno})") from None
    except (ValueError, RecursionError) as error:  # an integer with too many digits, or too deep
        raise ValueError(f"is no JSON that can be read: {error}") from None


class Pairs(Value):
    """Inputs with their outputs."""

    model_config = ConfigDict(extra="ignore")

    inputs: tuple[Any, ...] = ()
    outputs: tuple[Any, ...] = ()
    fn_name: str | None = None


class Row(Pairs):
    """A line of such a file; which names it uses depends on the set."""

    input_output: Annotated[Pairs | None, BeforeValidator(_from_json)] = None
    solutions: Annotated[tuple[str, ...] | None, BeforeValidator(_from_json)] = None
    starter_code: str | None = None
    difficulty: str | int | None = None
    url: str | None = None
    source: Any = None
    time_limit: str | int | float | None = None
    memory_limit: str | int | float | None = None
    language: str = Field("python", min_length=1)


def read(path: Path) -> Iterator[Problem]:
    """Problems of a file. Raises InputError naming file, line and field; rows without tests are left out with a note."""
    return problems_of(path, Row, problem)


def problem(row: dict[str, Any]) -> Problem:
    """One row as a problem. Raises ValueError for one without id or text, LeftOut for one without tests."""
    given = Row.model_validate(row)
    pairs = given.input_output or given
    _check(pairs, "input_output." if given.input_output else "")
    name = pairs.fn_name or given.fn_name or None
    return Problem(
        id=_first(row, IDS),
        statement=_statement(_first(row, TEXTS), given.starter_code or "", name),
        language=given.language,
        entry_point=name,
        style="cases" if name else "stdio",
        tests=_calls(pairs) if name else _programs(pairs),
        reference=_reference(given, name),
        limits=_limits(given),
        checker=None if name else "tokens",
        source=Source(name=given.source if isinstance(given.source, str) else None, url=given.url),
        tags=("apps",),
        difficulty=None if given.difficulty in (None, "") else str(given.difficulty),
        prompt=None if "class Solution" in (given.starter_code or "") else given.starter_code or None,
    )


def _first(row: dict[str, Any], names: tuple[str, ...]) -> str:
    """What the first of these columns holds that holds anything."""
    for name in names:
        value = row.get(name)
        if isinstance(value, str | int) and not isinstance(value, bool) and str(value).strip():
            return str(value)
    raise ValueError(f"field '{names[0]}': is required (or {', '.join(names[1:])})")


def _check(pairs: Pairs, where: str) -> None:
    if not pairs.inputs:
        raise LeftOut(f"field '{where}inputs': holds no test")
    if len(pairs.inputs) != len(pairs.outputs):
        counts = f"{len(pairs.outputs)} for {len(pairs.inputs)} inputs"
        raise ValueError(f"field '{where}outputs': must have one for each input, not {counts}")


# ---- tests -------------------------------------------------------------------------------------------------------


def _programs(pairs: Pairs) -> tuple[StdioCase, ...]:
    both = zip(pairs.inputs, pairs.outputs, strict=True)
    return tuple(StdioCase(stdin=_text(one, "inputs"), stdout=_text(other, "outputs")) for one, other in both)


def _text(given: Any, field: str) -> str:
    """A text, or its lines."""
    if isinstance(given, str):
        return given
    if isinstance(given, list) and all(isinstance(line, str | int | float) for line in given):
        return "".join(f"{line}\n" for line in given)
    raise ValueError(f"field '{field}': a program's must be texts or lists of lines, not {_kind(given)}")


def _calls(pairs: Pairs) -> tuple[Case, ...]:
    """Arguments as a list, or as text with a JSON value on each line."""
    outputs = [
        _value(one, "outputs") if isinstance(one, str) and _lines(pairs) else one for one in pairs.outputs
    ]
    wrapped = all(isinstance(one, list) and len(one) == 1 for one in outputs)
    return tuple(
        Case(args=tuple(_arguments(given)), expected=expected[0] if wrapped else expected)
        for given, expected in zip(pairs.inputs, outputs, strict=True)
    )


def _lines(pairs: Pairs) -> bool:
    return all(isinstance(given, str) for given in pairs.inputs)


def _arguments(given: Any) -> list[Any]:
    if isinstance(given, list):
        return given
    if isinstance(given, str):
        return [_value(line, "inputs") for line in given.splitlines() if line.strip()]
    raise ValueError(f"field 'inputs': a function's must be lists of arguments, not {_kind(given)}")


def _value(text: str, field: str) -> Any:
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        raise ValueError(f"field '{field}': {text[:40]!r} is no JSON value") from None


def _kind(given: Any) -> str:
    return {dict: "an object", list: "a list", type(None): "null"}.get(type(given), repr(given)[:40])


# ---- the rest ----------------------------------------------------------------------------------------------------


def _statement(text: str, starter: str, name: str | None) -> str:
    """Many texts do not say what the function is called; a method of `Solution` is asked for as a function."""
    if name is None:
        return text
    if "class Solution" in starter:
        return f"{text.rstrip()}\n\nWrite a function `{name}` with the parameters of this method:\n{starter.strip()}"
    return text if name in text else f"{text.rstrip()}\n\nWrite a function `{name}`."


def _reference(row: Row, name: str | None) -> str | None:
    """The first solution; a method of `Solution` gets a function that calls it."""
    code = next((one for one in row.solutions or () if one.strip()), None)
    if code is None or name is None or not re.search(r"^class Solution\b", code, re.M):
        return code
    if re.search(rf"^def {re.escape(name)}\(", code, re.M):
        return code
    return f"{code.rstrip()}\n\n\ndef {name}(*args):\n    return Solution().{name}(*args)\n"


def _limits(row: Row) -> LimitsGiven:
    """Where a set has them (`2 seconds`, `256 megabytes`); what is written in another way is not taken."""
    seconds = SECONDS.fullmatch(str(row.time_limit))
    megabytes = MEGABYTES.fullmatch(str(row.memory_limit))
    cpu_s, memory_mb = float(seconds[1]) if seconds else 0.0, int(megabytes[1]) if megabytes else 0
    return LimitsGiven(
        cpu_s=cpu_s if 0 < cpu_s <= 3600 else None,
        memory_mb=min(memory_mb, MOST_MEMORY_MB) or None,
    )
