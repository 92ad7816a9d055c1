"""HumanEval (Chen et al. 2021, "Evaluating Large Language Models Trained on Code"): 164 Python functions."""

import ast
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from pydantic import ConfigDict, Field

from execfeedback.importers import problems_of, tree
from execfeedback.types import Problem, Source, Value

NAME = "humaneval"
SOURCE = Source(name="openai/human-eval", licence="MIT", url="https://github.com/openai/human-eval")


class Row(Value):
    """A line of the upstream file."""

    model_config = ConfigDict(extra="ignore")

    task_id: str = Field(min_length=1)
    prompt: str
    entry_point: str
    canonical_solution: str
    test: str


def read(path: Path) -> Iterator[Problem]:
    """Problems of an upstream file. Raises InputError naming file, line and field."""
    return problems_of(path, Row, problem)


def problem(row: dict[str, Any]) -> Problem:
    """One upstream row as a problem. Raises ValueError when the prompt does not define the entry point."""
    return Problem(
        id=row["task_id"],
        statement=_docstring(row["prompt"], row["entry_point"]),
        entry_point=row["entry_point"],
        style="humaneval",
        tests=row["test"],
        reference=row["prompt"] + row["canonical_solution"],
        prompt=row["prompt"],
        source=SOURCE,
        tags=("humaneval",),
    )


def _docstring(prompt: str, entry_point: str) -> str:
    """The text that the prompt gives for its function; a prompt without one stands for itself."""
    for node in tree("prompt", prompt).body:
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) and node.name == entry_point:
            return ast.get_docstring(node) or prompt
    raise ValueError(f"field 'entry_point': the prompt defines no function '{entry_point}'")
