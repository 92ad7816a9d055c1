"""The program that runs in the sandbox, beside `solution.py`: what the entry point answers to each call.

Reads `{"entry_point", "tests" or "cases", "seed", "limit", "call_cpu_s", "arguments"}` on stdin and writes
`[call, outcome, text]` a line: `value` with the value's text, `raised` with the exception's name, `late`
after `call_cpu_s` seconds of CPU, `opaque` for a value that has no text. With `arguments`, what the call made
of its arguments is part of the answer; with `loose`, equal numbers have one text. The lines are claims of untrusted
code: whoever reads them knows.
"""

import copy
import importlib
import json
import os
import signal
import sys
from types import FrameType
from typing import Any, TextIO

from execfeedback.behaviour.inputs import Call, call_text, example_calls, varied_calls
from execfeedback.behaviour.texts import text_of


class Late(BaseException):
    """The call has used its CPU time. No Exception: a solution's `except Exception` must not catch it."""


def calls_of(question: dict[str, Any]) -> list[Call]:
    """The calls that a question asks for; none when its tests cannot be read."""
    if "cases" in question:
        examples = [(list(args), dict(kwargs)) for args, kwargs in question["cases"]]
    else:
        try:
            examples = example_calls(question["tests"], question["entry_point"])
        except (SyntaxError, ValueError, RecursionError, MemoryError):
            return []
    return varied_calls(examples, question["limit"], question["seed"])


def answer(
    function: Any, call: Call, call_cpu_s: float, arguments: bool, loose: bool = False
) -> tuple[str, str]:
    """Outcome and text of one call, on a copy of its arguments."""
    args, kwargs = copy.deepcopy(call)
    signal.setitimer(signal.ITIMER_VIRTUAL, call_cpu_s)
    try:
        value = function(*args, **kwargs)
        text = text_of((value, args, kwargs) if arguments else value, loose)
    except Late:
        return "late", ""
    except BaseException as error:  # sys.exit and the like are an answer of the program, too
        return "raised", type(error).__name__
    finally:
        signal.setitimer(signal.ITIMER_VIRTUAL, 0)
    return ("opaque", "") if text is None else ("value", text)


def _late(number: int, frame: FrameType | None) -> None:
    raise Late


def _own_stdout() -> TextIO:
    """Where the answers go; what the solution prints goes nowhere."""
    own = os.fdopen(os.dup(1), "w")
    nowhere = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, 1)
    return own


def main() -> None:
    """Read the question, write a line for each call."""
    question = json.load(sys.stdin)
    calls, out = calls_of(question), _own_stdout()
    signal.signal(signal.SIGVTALRM, _late)
    function = getattr(importlib.import_module("solution"), question["entry_point"])
    for call in calls:
        outcome = answer(
            function, call, question["call_cpu_s"], question["arguments"], question.get("loose", False)
        )
        out.write(json.dumps([call_text(call), *outcome]) + "\n")
        out.flush()
