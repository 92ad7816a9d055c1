"""MBPP (Austin et al. 2021, "Program Synthesis with Large Language Models"), `full` and `sanitized`."""

import ast
from collections.abc import Iterator
from pathlib import Path
from typing import Annotated, Any

from pydantic import ConfigDict, Field

from execfeedback.importers import problems_of, tree
from execfeedback.types import Problem, Source, Value

NAME = "mbpp"
SOURCE = Source(
    name="google-research/mbpp",
    licence="CC-BY-4.0",
    url="https://github.com/google-research/google-research/tree/master/mbpp",
)


class Row(Value):
    """A line of either file: `full` has `text` and setup code, `sanitized` has `prompt` and imports."""

    model_config = ConfigDict(extra="ignore")

    task_id: int | Annotated[str, Field(min_length=1)]
    text: str = ""
    prompt: str = ""
    code: str
    test_list: tuple[str, ...] = Field(min_length=1)
    test_setup_code: str = ""
    test_imports: tuple[str, ...] = ()
    challenge_test_list: tuple[str, ...] = ()
    test: str = ""
    """Of MBPP+: its own inputs, beside the asserts of MBPP."""


def read(path: Path) -> Iterator[Problem]:
    """Problems of an upstream file. Raises InputError naming file, line and field."""
    return problems_of(path, Row, problem)


def problem(row: dict[str, Any]) -> Problem:
    """One upstream row as a problem; its code is kept byte for byte, CRLF and tabs included.

    Raises ValueError when there is no text, or no function of the code that the asserts call.
    """
    given = Row.model_validate(row)
    text = given.text or given.prompt
    if not text:
        raise ValueError("field 'text': is required ('prompt' in the sanitized set)")
    function = _entry_point(tree("code", given.code), given.test_list)
    return Problem(
        id=str(given.task_id),
        statement=_statement(text, function, given.test_list[0]),
        entry_point=function.name,
        style="asserts",
        tests=_tests(given),
        reference=given.code,
        source=SOURCE,
        tags=("mbpp",),
    )


def _tests(row: Row) -> str:
    parts = (*row.test_imports, row.test_setup_code, *row.test_list, *row.challenge_test_list, row.test)
    return "\n".join(part for part in parts if part) + "\n"


def _statement(text: str, function: ast.FunctionDef, example: str) -> str:
    """The upstream text does not name the function, so the signature and an example are added."""
    signature = f"{function.name}({ast.unparse(function.args)})"
    return f"{text.strip()}\n\nSignature: {signature}\nExample: {example.strip()}"


def _entry_point(code: ast.Module, asserts: tuple[str, ...]) -> ast.FunctionDef:
    """The function that the asserts are about: among those that the code defines, the outermost call in most.

    `set(f(x)) == {1}` and `math.isclose(f(x), 1)` are about `f`; so is `f(g(x)) == 1`, which calls `g` too;
    a name like `sum` counts when the code defines it. A later definition of a name replaces an earlier one.
    """
    defined = {node.name: node for node in code.body if isinstance(node, ast.FunctionDef)}
    votes: dict[str, int] = {}
    for text in asserts:
        for name in _outermost(tree("test_list", text), defined)[:1]:
            votes[name] = votes.get(name, 0) + 1
    if not votes:
        raise ValueError(
            f"field 'test_list': calls none of the functions that the code defines ({_list(defined)})"
        )
    return defined[max(votes, key=lambda name: votes[name])]


def _outermost(tree: ast.AST, defined: dict[str, ast.FunctionDef]) -> list[str]:
    """Names in `defined` that are called, from the outside in and from left to right."""
    calls = (
        node for node in ast.walk(tree) if isinstance(node, ast.Call) and isinstance(node.func, ast.Name)
    )
    return [node.func.id for node in calls if isinstance(node.func, ast.Name) and node.func.id in defined]


def _list(names: dict[str, ast.FunctionDef]) -> str:
    return ", ".join(names) or "none"
