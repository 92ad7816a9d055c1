"""Exercism's exercises (python, javascript, java), a row for each: instructions, stub, test file, example solution.

Upstream keeps an exercise as files (https://github.com/exercism); a row holds them as path -> text in `stub_files`,
`test_files`, `example_files`, `editor_files` (given to the student) and `support_files`. Here a solution is one text and its
tests another: imports of the solution by its file's name are rewritten, and tests that upstream leaves for later are on.
"""

import ast
import re
from collections.abc import Iterator
from pathlib import Path, PurePosixPath
from typing import Any, Literal

from pydantic import ConfigDict, Field

from execfeedback.importers import LeftOut, problems_of, tree
from execfeedback.types import Contract, Problem, Source, Style, Value

NAME = "exercism"
LATER = (
    (re.compile(r"\bx((?:test|it|describe)\()"), r"\1"),
    (re.compile(r"\b(test|it|describe)\.skip\("), r"\1("),
    (re.compile(r'^[ \t]*@(?:Ignore|Disabled)\("Remove to run test"\)[ \t]*\n', re.M), ""),
)
"""How upstream leaves a test for later."""
JAVA_IMPORT = re.compile(r"^import\s[^;]*;[ \t]*\n?", re.M)
JAVA_PUBLIC = re.compile(
    r"^public\s+(?=(?:(?:final|abstract|sealed)\s+)*(?:class|record|interface|enum)\b)", re.M
)
"""Of a type at the top of a file."""
OPERATORS = {
    "__eq__",
    "__ne__",
    "__lt__",
    "__le__",
    "__gt__",
    "__ge__",
    "__contains__",
    "__bool__",
    "__len__",
}

Files = dict[str, str]


class Origin(Value):
    """Where upstream keeps the exercise."""

    model_config = ConfigDict(extra="ignore")

    repo: str | None = None
    commit: str | None = None
    licence: str | None = None


class Row(Value):
    """A line of such a file."""

    model_config = ConfigDict(extra="ignore")

    id: str = Field(min_length=1)
    language: Literal["python", "javascript", "java"]
    instructions: str = Field(min_length=1)
    stub_files: Files = Field(default={})
    test_files: Files
    example_files: Files = Field(default={})
    editor_files: Files = Field(default={})
    support_files: Files = Field(default={})
    source: Origin = Origin()


def read(path: Path) -> Iterator[Problem]:
    """Problems of a file. Raises InputError naming file, line and field; what needs more files is left out with a note."""
    return problems_of(path, Row, problem)


def problem(row: dict[str, Any]) -> Problem:
    """One row as a problem. Raises LeftOut for an exercise that needs more files, and ValueError."""
    given = Row.model_validate(row)
    if len(given.test_files) > 1:
        names = ", ".join(given.test_files)
        raise ValueError(f"field 'test_files': holds several files ({names}); a problem's tests are one text")
    if not any(text.strip() for text in given.test_files.values()):
        raise ValueError("field 'test_files': holds no test")
    tests, reference = PARTS[given.language](given)
    classes = _classes_with_operators(reference) if given.language == "python" and reference else ()
    style = _style(given.language, tests)
    return Problem(
        id=given.id,
        statement=_statement(given),
        language=given.language,
        style=style,
        tests=tests,
        reference=reference,
        contract=Contract(classes=classes),
        integrity="shared" if style == "native" else "split",
        source=_source(given.source),
        tags=("exercism", *(("contract-of-reference",) if classes else ())),
    )


def _style(language: str, tests: str) -> Style:
    if language != "python":
        return "native"
    return "unittest" if "TestCase" in tests else "pytest"


def _source(origin: Origin) -> Source:
    url = f"https://github.com/{origin.repo}" if origin.repo else None
    return Source(name=origin.repo, licence=origin.licence, url=url, commit=origin.commit)


def _statement(row: Row) -> str:
    """Instructions do not name what the tests call, the stub does."""
    shown = [row.instructions.strip()]
    for title, files in (("Start from this:", row.stub_files), ("This is there:", row.editor_files)):
        if files:
            code = "\n\n".join(text.strip() for text in files.values())
            shown.append(f"{title}\n\n```{row.language}\n{code}\n```")
    return "\n\n".join(shown)


def _name(path: str) -> str:
    return PurePosixPath(path).name


def _module(row: Row) -> str:
    """The name by which the tests import the solution."""
    path = next(iter(row.stub_files), None) or next(iter(row.test_files))
    return re.sub(r"(?:_test|\.spec|\.test)$", "", PurePosixPath(path).stem)


def _switched_on(row: Row) -> str:
    text = next(iter(row.test_files.values()))
    for pattern, put in LATER:
        text = pattern.sub(put, text)
    return text


def _example(row: Row) -> str | None:
    if len(row.example_files) > 1:
        raise LeftOut(f"its example has several files ({', '.join(row.example_files)})")
    return next(iter(row.example_files.values()), None)


# ---- languages ---------------------------------------------------------------------------------------------------


def _python(row: Row) -> tuple[str, str | None]:
    tests, module = _switched_on(row), re.escape(_module(row))
    for path in (*row.support_files, *row.editor_files):
        stem = re.escape(PurePosixPath(path).stem)
        if path.endswith(".py") and re.search(rf"^\s*(?:from|import)\s+{stem}\b", tests, re.M):
            raise LeftOut(f"its tests import another file ({path})")
    tests = re.sub(rf"^(\s*from\s+){module}(\s+import\b)", r"\1solution\2", tests, flags=re.M)
    tests = re.sub(rf"^(\s*import\s+){module}(\s+as\b)", r"\1solution\2", tests, flags=re.M)
    whole = re.compile(rf"^(\s*import\s+)({module})[ \t]*$", re.M)
    return whole.sub(r"\1solution as \2", tests), _example(row)


def _classes_with_operators(code: str) -> tuple[str, ...]:
    """Classes whose own operators may decide an assertion: these exercises are about them."""
    found = (node for node in tree("example_files", code).body if isinstance(node, ast.ClassDef))
    return tuple(c.name for c in found if OPERATORS & {getattr(part, "name", "") for part in c.body})


def _javascript(row: Row) -> tuple[str, str | None]:
    """Solution and tests are one module."""
    if row.editor_files:
        raise LeftOut(f"it needs further modules ({', '.join(row.editor_files)})")
    own = rf"""^import\s+(?:\{{[^}}]*\}}|\w+)\s+from\s+['"]\./{re.escape(_module(row))}(?:\.js)?['"];?[ \t]*\n"""
    return re.sub(own, "", _switched_on(row), flags=re.M), _example(row)


def _java(row: Row) -> tuple[str, str | None]:
    """A file may hold many types, one of them public: what is given to the student goes along with the tests."""
    given = {_name(path) for path in row.editor_files}
    example = [text for path, text in row.example_files.items() if _name(path) not in given]
    tests = _one_file([_switched_on(row), *row.editor_files.values()])
    return tests, _one_file(example) if example else None


def _one_file(texts: list[str]) -> str:
    """Imports of all, then the types, the first file's alone public."""
    if len(texts) == 1:
        return texts[0]
    imports = dict.fromkeys(match.strip() for text in texts for match in JAVA_IMPORT.findall(text))
    first, *others = (JAVA_IMPORT.sub("", text).strip() for text in texts)
    bodies = [first, *(JAVA_PUBLIC.sub("", text) for text in others)]
    return "\n".join(imports) + "\n\n" * bool(imports) + "\n\n".join(bodies) + "\n"


PARTS = {"python": _python, "javascript": _javascript, "java": _java}
"""Language -> (tests, reference) of a row."""
