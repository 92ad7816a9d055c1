"""What a feedback suggests about the kind of mistake: boosts, in natural logarithms of odds."""

import ast
from typing import Any

from execfeedback.generators.mutate.repair.told import Told

_RANGES = ("off_by_one", "plus_one", "range_bounds", "range_start", "slice_bounds", "wrong_index", "boundary")
_ERRORS: dict[str, tuple[str, ...]] = {
    "NameError": ("known_name", "forgotten_import", "wrong_variable"),
    "ImportError": ("forgotten_import", "known_name"),
    "ModuleNotFoundError": ("forgotten_import", "known_name"),
    "AttributeError": (
        "method", "method_back", "known_name", "wrong_variable", "wrap", "own_attribute", "none_default",
        "last_return",
    ),
    "UnboundLocalError": ("assignment", "word", "out_of_loop", "into_loop", "wrong_variable"),
    "IndexError": (*_RANGES, "guard", "safe_condition", "boolean", "loop_word"),
    "KeyError": ("safe_condition", "negation", "comparison", "wrong_variable", "swapped_targets", "method"),
    "ZeroDivisionError": ("guard", "range_bounds", "range_start", "off_by_one", "division", "wrong_variable"),
    "TypeError": (
        "wrap", "last_return", "wrong_variable", "swapped_arguments", "division", "wrong_return",
        "missing_call", "guard", "none_default",
    ),
    "ValueError": ("guard", "extremes", "suffix", "wrap", "off_by_one"),
    "RecursionError": ("guard", "off_by_one", "plus_one", "boundary", "comparison", "arithmetic"),
    "SyntaxError": ("syntax",),
    "EOFError": ("off_by_one", "range_bounds", "range_start"),
}  # fmt: skip
_NOTHING = ("last_return", "other_return", "out_of_loop", "empty_case")
_LOOPING = (
    "update",
    "arithmetic",
    "assignment",
    "into_loop",
    "loop_word",
    "break_continue",
    "comparison",
    "empty_case",
)
_TRUTH = (
    "negation",
    "comparison",
    "boundary",
    "boolean",
    "constant",
    "early_return",
    "missing_case",
    "out_of_loop",
)
_ORDER = ("wrap", "suffix", "simple_call", "extremes", "missing_call", "swapped_arguments", "slice_bounds")
_CASE = ("method", "method_back", "suffix", "text_case", "constant", "missing_method")


def boosts(told: Told) -> dict[str, float]:
    """Kind to boost; a kind that is not named has none."""
    found = dict.fromkeys(_ERRORS.get(told.error, ()), 2.0)
    if told.slow:
        found |= dict.fromkeys(_LOOPING, 1.5)
    if "NoneType" in told.message or told.got == "None":
        found |= dict.fromkeys(_NOTHING, 2.5)
    if told.got and told.expected:
        found |= dict.fromkeys(_related(_plain(told.got), _plain(told.expected)), 1.2)
    if told.printed is not None and told.stdout is not None:
        found |= dict.fromkeys(_related(told.printed, told.stdout), 1.2)
    return found


def _plain(text: str) -> Any:
    try:
        return ast.literal_eval(text)
    except (ValueError, SyntaxError, TypeError, MemoryError, RecursionError):
        return text


def _related(got: Any, expected: Any) -> tuple[str, ...]:
    """Kinds that explain how the value that came differs from the one that was expected."""
    if isinstance(got, bool) or isinstance(expected, bool):
        return _TRUTH
    if isinstance(got, int | float) and isinstance(expected, int | float):
        return _number_kinds(got, expected)
    if isinstance(got, str) and isinstance(expected, str):
        same = got.casefold().split() == expected.casefold().split()
        return _CASE if same or "".join(got.split()) == "".join(expected.split()) else (*_RANGES, "update")
    if isinstance(got, list | tuple) and isinstance(expected, list | tuple):
        return _sequence_kinds(list(got), list(expected))
    return ("wrap", "wrong_return", "other_return", "missing_call") if type(got) is not type(expected) else ()


def _number_kinds(got: float, expected: float) -> tuple[str, ...]:
    if got == -expected:
        return ("arithmetic", "swapped_arguments", "wrap", "assignment", "extremes")
    if abs(got - expected) == 1:
        return (*_RANGES, "initial_value", "update")
    if type(got) is not type(expected) or int(got) == int(expected):
        return ("division", "wrap", "missing_call", "number")
    return ("update", "arithmetic", "operator", "range_bounds", "assignment", "initial_value")


def _sequence_kinds(got: list[Any], expected: list[Any]) -> tuple[str, ...]:
    if sorted(map(repr, got)) == sorted(map(repr, expected)):
        return _ORDER + (("swapped_targets",) if len(got) == 2 else ())
    if len(got) != len(expected):
        return (
            *_RANGES,
            "update",
            "missing_statement",
            "break_continue",
            "negation",
            "into_loop",
            "out_of_loop",
            "wrap",
        )
    return ("arithmetic", "wrong_variable", "comparison", "update", "operator", "wrong_index")
