"""Examples of a statement: `>>>` sessions, calls with their value written behind them, inputs over their output."""

import ast
import doctest
import re
from dataclasses import dataclass

_ARROW = re.compile(
    r"^[`'\"]?\s*(?:={1,2}>|=>|➞|->|→|==|=|#\s*(?:=>|->|returns?)?|(?:should\s+)?returns?|is|gives)\s*"
)
_WORDS = {"true": "True", "false": "False", "null": "None", "none": "None"}
"""How statements write what Python spells otherwise."""
_ON = re.compile(r"\s*(?:$|[.,;:#)`'\"])|\s+\(?[A-Za-z]")
"""What may stand behind a value; a digit or an operator says that the value is a longer one."""
_PAIR = re.compile(
    r"^\s*(?:Input|In)\s*:(.+)\n\s*(?:Output|Out)\s*:(.+)$"
    r"|^\s*For\s(\s*\w+\s*=.+?),?\s+the\s+(?:output|result|answer)\s+(?:should|will|would)\s+be\s+(.+)$",
    re.MULTILINE,
)


@dataclass(frozen=True)
class Example:
    """Code to be run, and what it shows (a repr or what is printed); a step without `want` only prepares."""

    source: str
    want: str


def examples(text: str, entry_point: str | None) -> tuple[Example, ...]:
    """Examples in the order of the text."""
    if not entry_point:
        return _sessions(text)
    return (*_sessions(text), *_calls(text, entry_point), *_pairs(text, entry_point))


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
        value = _value(line[end + arrow.end() :]) if end and arrow else ""
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


def _pairs(text: str, entry_point: str) -> tuple[Example, ...]:
    """`Input: 3` over `Output: 4`, or `For n = 3 the output should be 4`, where the input is nothing but literals."""
    found = []
    for pair in _PAIR.finditer(text):
        given, wanted = pair[1] or pair[3], pair[2] or pair[4]
        arguments, value = _arguments(given.strip()), _value(wanted)
        if value and arguments:
            found.append(Example(f"{entry_point}({arguments})", value))
    return tuple(found)


def _arguments(text: str) -> str:
    """Literals, or names with their literals (`nums = [1, 2], k = 3`, in the order of the parameters), as a call's
    arguments; empty where there is anything else."""
    try:
        call = ast.parse(f"_({text})", mode="eval").body
        assert isinstance(call, ast.Call)
        values = [*call.args, *(keyword.value for keyword in call.keywords)]
        return ", ".join(repr(ast.literal_eval(value)) for value in values)
    except (ValueError, SyntaxError, TypeError, MemoryError, RecursionError):
        return ""


def _value(text: str) -> str:
    """The literal that a text begins with, as Python writes it; quotes around it as prose has them do not count."""
    bare = text.strip().strip("`").removesuffix(".")
    for said in (bare, bare.lstrip("'\"")):
        word = re.match(r"[A-Za-z]+", said)
        if word and word.group().lower() in _WORDS:
            return _WORDS[word.group().lower()]
        if value := _longest_literal(said):
            return value
    return ""


def _longest_literal(text: str) -> str:
    for end in range(len(text), 0, -1):
        if not _ON.match(text[end:]):
            continue
        try:
            ast.literal_eval(text[:end].strip())
        except (ValueError, SyntaxError, TypeError, MemoryError, RecursionError):
            continue
        return text[:end].strip()
    return ""
