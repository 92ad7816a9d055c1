"""What is wrong with a field, in a line that a person can act on, made of pydantic's errors."""

import difflib
import re
from collections.abc import Sequence
from typing import Any

from pydantic import BaseModel, ValidationError

MAX_LINES = 5


def described(error: ValidationError, row: Any, model: type[BaseModel]) -> list[str]:
    """One line for each wrong field, `field 'limits.cpu_s': must be greater than 0`; at most MAX_LINES.

    `row` is the plain data that was validated. pydantic reports every member of a union that it tried, with
    the member's name in the location; here the names are left out and only the best fitting member described.
    """
    branches: dict[str, dict[str, list[_Fault]]] = {}
    for detail in error.errors(include_url=False, include_context=True):
        fault = _Fault(detail, row)
        branches.setdefault(fault.top, {}).setdefault(fault.branch, []).append(fault)
    best = [min(of_field.values(), key=_misfit) for of_field in branches.values()]
    lines = list(dict.fromkeys(fault.line(model) for faults in best for fault in faults))
    hidden = len(lines) - MAX_LINES
    return lines[:MAX_LINES] + ([f"and {hidden} more"] if hidden > 0 else [])


class _Fault:
    """One error of pydantic's, with the members of unions taken out of its location."""

    def __init__(self, detail: Any, row: Any) -> None:
        self.kind: str = detail["type"]
        self.message: str = detail["msg"]
        self.path, self.branch = _walk(detail["loc"], row, self.kind)
        self.top = str(self.path[0]) if self.path else ""

    def line(self, model: type[BaseModel]) -> str:
        name = ".".join(map(str, self.path))
        return f"field '{name}': {self._reason(model)}" if name else self._reason(model)

    def _reason(self, model: type[BaseModel]) -> str:
        if self.kind == "missing":
            return "is required"
        if self.kind == "extra_forbidden":
            return "is not a known field" + _suggestion(self.path, model)
        return _plain(self.message)


def _walk(location: Sequence[int | str], row: Any, kind: str) -> tuple[tuple[int | str, ...], str]:
    """The part of a location that exists in the data, and the first that does not: a member of a union."""
    path: list[int | str] = []
    branch = ""
    for place, part in enumerate(location):
        last_missing = kind == "missing" and place == len(location) - 1
        if isinstance(row, dict) and isinstance(part, str) and (part in row or last_missing):
            row = row.get(part)
        elif isinstance(row, list | tuple) and isinstance(part, int) and part < len(row):
            row = row[part]
        else:
            branch = branch or str(part)
            continue
        path.append(part)
    return tuple(path), branch


def _misfit(faults: list[_Fault]) -> tuple[int, int, int]:
    """Least for the member of a union that got furthest into the data, then has the fewest unknown fields."""
    depth = max(len(fault.path) for fault in faults)
    unknown = sum(fault.kind == "extra_forbidden" for fault in faults)
    return -depth, unknown, len(faults)


def _suggestion(path: tuple[int | str, ...], model: type[BaseModel]) -> str:
    if len(path) != 1:
        return "; remove it or correct its name"
    known = [field.alias or name for name, field in model.model_fields.items()]
    close = difflib.get_close_matches(str(path[0]), known, n=1)
    return f"; did you mean '{close[0]}'?" if close else f"; known are {', '.join(known)}"


def _plain(message: str) -> str:
    """pydantic's sentence as the rest of ours."""
    message = re.sub(r"^(Input|Value|String|Tuple|List) should ", "must ", message)
    message = re.sub(r"^Value error, ", "", message)
    return message.replace("a valid tuple", "a list").replace("a valid dictionary", "an object")
