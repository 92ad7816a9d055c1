"""How deeply the values of cases are nested: what nobody can write down again is told apart before anything runs. Pure."""

from collections.abc import Sequence
from typing import Any

from execfeedback.types import Case, Item, StdioCase

DEEPEST = 230
"""Lists and objects in each other. pydantic writes about 250, and the item around a value takes some of them."""


def too_deep(item: Item) -> str | None:
    """The field of an item that holds a value nested too deeply, as `tests.3.args`."""
    tests = () if isinstance(item.tests, str) else item.tests
    return deep_case(tests, "tests") or deep_case(item.holdout, "holdout")


def deep_case(cases: Sequence[Case | StdioCase], field: str) -> str | None:
    for number, case in enumerate(cases):
        if isinstance(case, Case):
            for name in ("args", "kwargs", "expected"):
                if deeper(getattr(case, name), DEEPEST):
                    return f"{field}.{number}.{name}"
    return None


def deeper(value: Any, most: int) -> bool:
    """Without recursion, which ends before some values do."""
    level = [value] if isinstance(value, list | tuple | dict) else []
    for _ in range(most):
        if not level:
            return False
        level = [
            inner for outer in level for inner in inside(outer) if isinstance(inner, list | tuple | dict)
        ]
    return bool(level)


def inside(value: Any) -> Any:
    return value.values() if isinstance(value, dict) else value
