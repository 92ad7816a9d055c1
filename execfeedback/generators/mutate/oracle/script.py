"""The program that makes tests in the sandbox: one JSON object on stdin, one on stdout.

Asked `{"reference", "entry_point", "texts", "cases", "seed", "most"}`, it answers `{"tests": [texts]}` or
`{"reason": text}`. It runs the reference, so it is only ever run in the sandbox."""

import ast
import contextlib
import copy
import io
import json
import math
import signal
import sys
from collections.abc import Callable, Iterator
from typing import Any

from execfeedback.generators.mutate.oracle.calls import Call, example_calls

CALL_S = 0.5
"""CPU seconds that one call may take."""
DRAWN = 120
_PLAIN = (int, float, str, bytes, bool, type(None))


class _Slow(BaseException):
    """A call that takes too long."""


def answer(question: dict[str, Any]) -> dict[str, Any]:
    """Assertions that hold for the reference, or why there are none."""
    names: dict[str, Any] = {"__name__": "solution"}
    with contextlib.redirect_stdout(io.StringIO()):
        exec(compile(question["reference"], "solution.py", "exec"), names)  # noqa: S102 - in the sandbox
    function = names.get(question["entry_point"])
    if not callable(function) or isinstance(function, type):
        return {"reason": f"{question['entry_point']} is no function"}
    shown = example_calls(question["texts"], question["entry_point"])
    shown += [tuple(case) for case in question["cases"]]
    calls = [*shown, *drawn(function, shown, question["seed"])]
    tests = chosen(list(observed(function, calls)), question["entry_point"], question["most"])
    return {"tests": tests} if tests else {"reason": "no signature or example tells what its arguments are"}


def drawn(function: Callable[..., Any], shown: list[Call], seed: int) -> list[Call]:
    """Arguments drawn by Hypothesis, the same for the same seed."""
    import hypothesis

    from execfeedback.generators.mutate.oracle.strategies import arguments

    strategy, found = arguments(function, shown), []
    if strategy is None:
        return []

    @hypothesis.seed(seed)
    @hypothesis.settings(
        max_examples=DRAWN,
        database=None,
        deadline=None,
        phases=[hypothesis.Phase.generate],
        suppress_health_check=list(hypothesis.HealthCheck),
    )
    @hypothesis.given(strategy)
    def collect(call: Call) -> None:
        found.append(call)

    collect()
    return found


def observed(function: Callable[..., Any], calls: list[Call]) -> Iterator[tuple[Call, str]]:
    """Calls with the repr of their value: plain, the same twice, in time, arguments untouched."""
    signal.signal(signal.SIGPROF, _ring)
    for call in {repr(call): call for call in calls}.values():
        text = _value(function, call)
        if text is not None and text == _value(function, call) and len(text) < 400:
            yield call, text


def _ring(_number: int, _frame: object) -> None:
    raise _Slow


def _value(function: Callable[..., Any], call: Call) -> str | None:
    given = copy.deepcopy(call)
    signal.setitimer(signal.ITIMER_PROF, CALL_S)
    try:
        with contextlib.redirect_stdout(io.StringIO()):
            value = function(*given)
        signal.setitimer(signal.ITIMER_PROF, 0)
        return shown_plainly(value) if repr(given) == repr(call) else None
    except (Exception, _Slow):  # a call outside the domain of the reference is no test
        return None
    finally:
        signal.setitimer(signal.ITIMER_PROF, 0)


def shown_plainly(value: Any) -> str | None:
    """The literal of a plain value, sets in sorted order; None for what has no exact literal."""
    if type(value) in _PLAIN:
        return None if isinstance(value, float) and not math.isfinite(value) else repr(value)
    if type(value) in (set, frozenset):
        parts = sorted(str(shown_plainly(element)) for element in value)
        text = "{" + ", ".join(parts) + "}" if parts else "set()"
        text = f"frozenset({text})" if type(value) is frozenset else text
        return None if "None" in parts else text
    if type(value) in (list, tuple, dict) and _all_plain(value):
        text = repr(value)
        return text if ast.literal_eval(text) == value else None
    return None


def _all_plain(value: Any) -> bool:
    parts = [*value, *value.values()] if isinstance(value, dict) else list(value)
    nested = (list, tuple, dict)
    return all(_all_plain(part) if type(part) in nested else type(part) in _PLAIN for part in parts)


def chosen(pairs: list[tuple[Call, str]], entry_point: str, most: int) -> list[str]:
    """Assertions on calls whose values differ as far as there are such; short and long arguments in turn."""
    by_value: dict[str, list[Call]] = {}
    for call, value in pairs:
        by_value.setdefault(value, []).append(call)
    turns = {value: _from_both_ends(calls) for value, calls in by_value.items()}
    rounds = max(map(len, by_value.values()), default=0)
    order = [(value, calls[at]) for at in range(rounds) for value, calls in turns.items() if at < len(calls)]
    return [f"assert {entry_point}({_written(call)}) == {value}" for value, call in order[:most]]


def _from_both_ends(calls: list[Call]) -> list[Call]:
    ordered = sorted(calls, key=lambda call: len(repr(call)))
    pairs = zip(ordered, reversed(ordered), strict=True)
    return [call for pair in pairs for call in pair][: len(ordered)]


def _written(call: Call) -> str:
    return ", ".join(shown_plainly(argument) or repr(argument) for argument in call)


def main() -> None:
    """Read the question, write the answer."""
    json.dump(answer(json.load(sys.stdin)), sys.stdout)
