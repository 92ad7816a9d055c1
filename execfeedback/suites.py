"""Raw model text -> tests. What would make them vacuous is taken out: own solutions, wrong imports."""

import json
import re
from collections.abc import Callable
from functools import partial
from typing import Any, TypeVar

from execfeedback.blocks import answer, cleaned, fenced_blocks
from execfeedback.items import style_of
from execfeedback.meant import at_home, unguarded, unlisted
from execfeedback.parsing import code_blocks
from execfeedback.scanning import Chunk, broken_off, chunks
from execfeedback.types import Case, Problem, StdioCase, Style, Tests

Found = TypeVar("Found")

_CHECKS = re.compile(r"\bassert\b|\bself\.(?:assert|fail)|\braises\(")
_INPUT = ("stdin", "input", "in")
_OUTPUT = ("stdout", "output", "out", "expected", "expected_output", "expected_stdout")
_CALL = frozenset({"args", "kwargs", "expected", "raises"})
_REMARKS = frozenset({"id", "name", "description", "comment", "note", "explanation", "why"})
"""Fields that say nothing about the call."""
_RUNNER = re.compile(r"if\s+__name__\b|(?:unittest|pytest)\.main\(|doctest\.testmod\(|(?:test_\w*|check)\(")


def tests_in(text: str, problem: Problem) -> tuple[Style, Tests] | None:
    """The tests in an answer with the style that they are in, or None when there are none.

    For `stdio` a JSON list of objects with `stdin` and `stdout`, in a fenced block or bare; for `cases` of objects with
    `args`, `kwargs`, and `expected` or `raises`.
    """
    if problem.style == "stdio":
        cases = _listed(text, _case)
        return ("stdio", cases) if cases else None
    if problem.style == "cases":
        calls = _listed(text, partial(_call, named=problem.language == "python"))
        return ("cases", calls) if calls else None
    code = _test_code(text, problem)
    return (style_of(code), code) if code else None


def _test_code(text: str, problem: Problem) -> str:
    if problem.language != "python":
        return "\n".join(block.text for block in code_blocks(text, problem.language))
    name = (problem.entry_point or "").split(".")[0]
    blocks = code_blocks(unlisted(_begun(text, name)), "python")
    found = [piece for block in blocks for piece in chunks(block.text)]
    pieces = [piece for piece in unguarded(at_home(found, name) if name else found) if _belongs(piece, name)]
    if pieces and broken_off(pieces[-1].text):
        pieces.pop()  # the answer was cut in the middle of a test
    code = "\n".join(piece.text for piece in pieces) + "\n"
    return code if _CHECKS.search(code) else ""


def _begun(text: str, name: str) -> str:
    """Text that goes on after a prompt's last word, `assert`, with that word put back."""
    first = text.lstrip()
    return f"assert {first}" if name and first.startswith(f"{name}(") else text


def _belongs(piece: Chunk, name: str) -> bool:
    """Not the model's own solution or an import of it, no runner, no empty assert."""
    if name and name in piece.names:
        return False
    head = piece.head.strip()
    return bool(head) and head != "assert" and not _RUNNER.match(head)


def _listed(text: str, read: Callable[[Any], Found | None]) -> tuple[Found, ...]:
    """The tests of all fenced blocks that are lists of them, or of the first list outside of blocks."""
    said: str = answer(cleaned(text))
    blocks = [block.text for block in fenced_blocks(said)]
    found = tuple(test for block in blocks for test in _rows(block, read))
    return found or _rows(said[said.find("[") : said.rfind("]") + 1], read)


def _rows(text: str, read: Callable[[Any], Found | None]) -> tuple[Found, ...]:
    try:
        rows = json.loads(text)
    except (ValueError, RecursionError):
        return ()
    if not isinstance(rows, list):
        return ()
    return tuple(found for row in rows if (found := read(row)) is not None)


def _call(row: Any, *, named: bool) -> Case | None:
    """A call as the row has it, all of it: what is not understood might make it another test. `named`: whether the language
    has arguments by name."""
    if (
        not isinstance(row, dict)
        or not row.keys() <= _CALL | _REMARKS
        or not isinstance(row.get("args"), list)
    ):
        return None
    kwargs, raises = row.get("kwargs") or {}, row.get("raises")
    if not isinstance(kwargs, dict) or (kwargs and not named) or not isinstance(raises, str | None):
        return None
    if (not raises and "expected" not in row) or (raises and row.get("expected") is not None):
        return None
    return Case(args=tuple(row["args"]), kwargs=kwargs, expected=row.get("expected"), raises=raises or None)


def _case(row: Any) -> StdioCase | None:
    if not isinstance(row, dict):
        return None
    given = next((row[key] for key in _INPUT if key in row), "")
    told = next((row[key] for key in _OUTPUT if key in row), None)
    if not isinstance(given, str | int | float) or not isinstance(told, str | int | float):
        return None
    return StdioCase(stdin=str(given), stdout=str(told))
