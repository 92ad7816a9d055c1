"""Examples of a statement: `>>>` sessions, and calls with their value written behind them."""

import ast
import doctest
import re
from dataclasses import dataclass

_ARROW = re.compile(
    r"^[`'\"]?\s*(?:={1,2}>|=>|➞|->|→|==|=|#\s*(?:=>|->|returns?)?|(?:should\s+)?returns?|is|gives)\s*[`'\"]?\s*"
)


@dataclass(frozen=True)
class Example:
    """Code to be run, and what it shows (a repr or what is printed); a step without `want` only prepares."""

    source: str
    want: str


def examples(text: str, entry_point: str | None) -> tuple[Example, ...]:
    """Examples in the order of the text."""
    return (*_sessions(text), *(_calls(text, entry_point) if entry_point else ()))


def _sessions(text: str) -> tuple[Example, ...]:
    try:
        found = doctest.DocTestParser().get_examples(text)
    except ValueError:  # prompts that are not indented as doctest wants them
        return ()
    return tuple(Example(one.source, one.want.strip()) for one in found if one.exc_msg is None)


def _calls(text: str, entry_point: str) -> tuple[Example, ...]:
    found = []
    for line in text.splitlines():
        start = line.find(entry_point + "(")
        if start < 0 or ">>>" in line:
            continue
        end = _call_end(line, start)
        arrow = _ARROW.match(line[end:]) if end else None
        value = _longest_literal(line[end + arrow.end() :]) if end and arrow else ""
        if end and value:
            found.append(Example(line[start:end], value))
    return tuple(found)


def _call_end(line: str, start: int) -> int | None:
    for found in re.finditer(r"\)", line[start:]):
        end = start + found.end()
        try:
            ast.parse(line[start:end], mode="eval")
        except (SyntaxError, ValueError):
            continue
        return end
    return None


def _longest_literal(text: str) -> str:
    for end in range(len(text), 0, -1):
        try:
            ast.literal_eval(text[:end].strip())
        except (ValueError, SyntaxError, TypeError, MemoryError, RecursionError):
            continue
        return text[:end].strip()
    return ""
