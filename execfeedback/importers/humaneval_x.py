"""HumanEval-X (Zheng et al. 2023, "CodeGeeX"): 164 functions by hand in Python, C++, Java, JavaScript, Go and Rust.

Upstream joins prompt, solution and tests to one text. Here tests stand beside a solution: what they need of the prompt
(imports) is given to them, and where a language refuses an import that is not used, each side has its own.
"""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from pydantic import ConfigDict, Field

from execfeedback.go_imports import import_lines
from execfeedback.importers import problems_of
from execfeedback.types import Problem, Source, Style, Value

NAME = "humaneval-x"
SOURCE = Source(name="THUDM/CodeGeeX", licence="Apache-2.0", url="https://github.com/THUDM/CodeGeeX")
LANGUAGES = {
    "Python": "python",
    "CPP": "cpp",
    "Java": "java",
    "JavaScript": "javascript",
    "Go": "go",
    "Rust": "rust",
}
DECLARED = {
    "python": r"^def (\w+)\(",
    "cpp": r"^\w[\w:<>,&* ]*?\b(\w+)\([^;{}]*\)\s*\{",
    "java": r"\b(\w+)\([^;{]*\)\s*(?:throws [\w, ]+)?\{\s*\Z",
    "javascript": r"^(?:const|let|var|function) (\w+)",
    "go": r"^func (\w+)\(",
    "rust": r"^(?:pub )?fn (\w+)",
}
"""How the last declaration of a prompt names its function."""
DEFECTIVE = {"JavaScript/112", "JavaScript/155"}
"""Upstream's own solution fails the tests: one returns half of a pair, one counts no digit in 0."""
JAVA_IMPORT = re.compile(r"^import [^;]*;", re.M)
GO_IMPORT = re.compile(r'"([\w/.-]+)"')
GO_IMPORTS = re.compile(r"^import\s*(?:\([^)]*\)|\"[^\"]*\")[ \t]*\n", re.M)
GO_KNOWN = (
    "fmt",
    "math",
    "math/rand",
    "sort",
    "strconv",
    "strings",
    "time",
    "crypto/md5",
    "regexp",
    "errors",
)


class Row(Value):
    """A line of an upstream file."""

    model_config = ConfigDict(extra="ignore")

    task_id: str = Field(pattern=r"^\w+/\d+$")
    prompt: str
    declaration: str
    canonical_solution: str
    test: str


def read(path: Path) -> Iterator[Problem]:
    """Problems of an upstream file. Raises InputError naming file, line and field."""
    return problems_of(path, Row, problem)


def problem(row: dict[str, Any]) -> Problem:
    """One upstream row as a problem. Raises ValueError for a language that the set does not have, and without tests."""
    prefix = row["task_id"].partition("/")[0]
    if prefix not in LANGUAGES:
        raise ValueError(f"field 'task_id': {prefix!r} is none of {', '.join(LANGUAGES)}")
    if not row["test"].strip():
        raise ValueError("field 'test': is empty")
    language = LANGUAGES[prefix]
    prompt, reference, tests = PARTS.get(language, _joined)(row)
    style: Style = "humaneval" if language == "python" else "native"
    return Problem(
        id=row["task_id"],
        statement=row["prompt"].strip() or row["declaration"].strip(),
        language=language,
        entry_point=_entry_point(row, language),
        style=style,
        tests=tests,
        reference=reference,
        prompt=prompt,
        integrity="shared" if style == "native" else "split",
        source=SOURCE,
        tags=("humaneval-x", "defective") if row["task_id"] in DEFECTIVE else ("humaneval-x",),
    )


def _entry_point(row: dict[str, Any], language: str) -> str | None:
    found = re.findall(DECLARED[language], row["declaration"], re.M)
    return found[-1] if found else None


def _joined(row: dict[str, Any]) -> tuple[str, str, str]:
    return row["prompt"], row["prompt"] + row["canonical_solution"], row["test"]


def _python(row: dict[str, Any]) -> tuple[str, str, str]:
    """`check` is called by whoever judges."""
    prompt, reference, tests = _joined(row)
    return prompt, reference, re.sub(r"\n+check\(\w+\)\s*\Z", "\n", tests)


def _rust(row: dict[str, Any]) -> tuple[str, str, str]:
    """Here the prompt is the statement alone."""
    prompt = row["prompt"] + row["declaration"]
    return prompt, prompt + row["canonical_solution"], row["test"]


def _java(row: dict[str, Any]) -> tuple[str, str, str]:
    prompt, reference, tests = _joined(row)
    return prompt, reference, "\n".join([*JAVA_IMPORT.findall(prompt), tests])


def _go(row: dict[str, Any]) -> tuple[str, str, str]:
    given = GO_IMPORT.findall(row.get("import", "")) + GO_IMPORT.findall(row.get("test_setup", ""))
    known = tuple(dict.fromkeys([*given, *GO_KNOWN]))
    text = GO_IMPORTS.sub("", row["prompt"]).lstrip()
    solution = text + row["canonical_solution"]
    head = _go_head(solution, known)
    return head + text, head + solution, _go_head(row["test"], known) + row["test"]


def _go_head(code: str, known: tuple[str, ...]) -> str:
    """Package and imports of what the code uses; Go refuses others."""
    lines = import_lines(code, known)
    return f"package main\n\n{lines}\n" if lines else "package main\n\n"


PARTS = {"python": _python, "java": _java, "go": _go, "rust": _rust}
"""Language -> (prompt, reference, tests) of a row; the others join what upstream gives."""
