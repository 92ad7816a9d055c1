"""Problem files: a `.jsonl`, `.jsonl.zst`, `.jsonl.gz` or `.parquet` file, or a folder of those, to `Problem` values."""

import json
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

from execfeedback.errors import InputError
from execfeedback.items import style_of
from execfeedback.jsonl import optional, parsed, read_rows
from execfeedback.types import Case, Problem, StdioCase

SUFFIXES = (".jsonl", ".jsonl.zst", ".jsonl.gz", ".parquet")


def load_problems(path: Path) -> Iterator[Problem]:
    """Problems of a file, or of all files below a folder in the order of their names.

    Raises InputError naming file, line, field and remedy, also for an id that comes twice and an empty input.
    """
    rows = (found for file in _files(path) for found in _rows(file))
    return distinct(((where, _checked(row, where)) for where, row in rows), path)


def distinct(problems: Iterable[tuple[str, Problem]], path: Path) -> Iterator[Problem]:
    """Problems without their places. Raises InputError for an id that comes twice, and for no problem."""
    seen: dict[str, str] = {}
    for where, problem in problems:
        first = seen.setdefault(problem.id, where)
        if first != where:
            raise InputError(f"{where}: field 'id': {problem.id!r} is the id of {first} as well; rename one")
        yield problem
    if not seen:
        raise InputError(f"{path}: holds no problem; each line must be one JSON object")


def bundled() -> Path:
    """The folder of the problems that come with the package: installed, or in the source checkout."""
    package = Path(__file__).resolve().parent
    for folder in (package / "_problems", package.parent / "problems"):
        if folder.is_dir():
            return folder
    raise InputError(f"{package / '_problems'}: the bundled problems are missing; install execfeedback again")


def problem_row(problem: Problem) -> dict[str, Any]:
    """A problem as a line of a problem file: what has its default is left out, but for the language."""
    row = problem.model_dump(mode="json", by_alias=True, exclude_defaults=True)
    return {"id": row.pop("id"), "statement": row.pop("statement"), "language": problem.language} | row


def _files(path: Path) -> list[Path]:
    if not path.exists():
        raise InputError(f"{path}: no such file or folder")
    if not path.is_dir():
        if not path.name.endswith(SUFFIXES):
            raise InputError(f"{path}: is none of {', '.join(SUFFIXES)}; rename or convert it")
        return [path]
    found = [file for file in path.rglob("*") if file.is_file() and file.name.endswith(SUFFIXES)]
    visible = [
        file for file in found if not any(part.startswith(".") for part in file.relative_to(path).parts)
    ]
    if not visible:
        raise InputError(f"{path}: holds no {', '.join(SUFFIXES)} file")
    return sorted(visible)


def _rows(file: Path) -> Iterator[tuple[str, dict[str, Any]]]:
    """Place (`FILE:LINE`) and object of each row."""
    if file.suffix == ".parquet":
        yield from _parquet_rows(file)
    else:
        for number, row in read_rows(file):
            yield f"{file}:{number}", row


def _parquet_rows(file: Path) -> Iterator[tuple[str, dict[str, Any]]]:
    for number, row in enumerate(parquet_rows(file), start=1):
        yield f"{file}:row {number}", _from_columns(row)


def parquet_rows(file: Path) -> Iterator[dict[str, Any]]:
    """Rows of a Parquet file, a part of it in memory at one time. Raises InputError."""
    parquet = optional("pyarrow.parquet", "pyarrow", f"{file}: reading Parquet")
    arrow = optional("pyarrow", "pyarrow", f"{file}: reading Parquet")
    try:
        with parquet.ParquetFile(file) as table:
            for batch in table.iter_batches(batch_size=256):
                yield from batch.to_pylist()
    except FileNotFoundError:
        raise InputError(f"{file}: no such file") from None
    except arrow.ArrowInvalid as error:
        raise InputError(f"{file}: is not a whole Parquet file: {error}") from None


def _from_columns(row: dict[str, Any]) -> dict[str, Any]:
    """A column has one type, so what a problem lacks is null there, and lists of mixed values are JSON."""
    row = {name: value for name, value in row.items() if value is not None}
    for name in ("tests", "holdout"):
        text = row.get(name)
        if isinstance(text, str) and (name == "holdout" or row.get("style") in ("stdio", "cases")):
            row[name] = _json_or_text(text)
    return row


def _json_or_text(text: str) -> Any:
    try:
        return json.loads(text)
    except json.JSONDecodeError:
        return text


# ---- what the model cannot say ----------------------------------------------------------------------------


def _checked(row: dict[str, Any], where: str) -> Problem:
    problem = parsed(row, Problem, where)
    _check_text(problem, where)
    _check_tests(problem, where)
    return problem


def _check_text(problem: Problem, where: str) -> None:
    """JSON can spell half of a surrogate pair, which no file, database or sandbox can hold."""
    for name, value in problem_row(problem).items():
        try:
            json.dumps(value, ensure_ascii=False).encode()
        except UnicodeEncodeError:
            raise InputError(f"{where}: field '{name}': holds a lone surrogate; replace it by text") from None


def _check_tests(problem: Problem, where: str) -> None:
    """Tests must have the form of their style (the one that they show, where none is named), and the styles that call by
    name need the name."""
    if problem.tests is None:
        return
    style = problem.style or style_of(problem.tests)
    if not _has_form(style, problem.tests):
        raise InputError(f"{where}: field 'tests': style '{style}' needs {_form(style)}")
    if style in ("humaneval", "cases") and problem.entry_point is None:
        raise InputError(f"{where}: field 'entry_point': style '{style}' needs the name of the function")


def _has_form(style: str, tests: str | tuple[StdioCase, ...] | tuple[Case, ...]) -> bool:
    if isinstance(tests, str):
        return style not in ("stdio", "cases")
    wanted = {"stdio": StdioCase, "cases": Case}.get(style)
    return wanted is not None and all(isinstance(test, wanted) for test in tests)


def _form(style: str) -> str:
    forms = {"stdio": 'a list of {"stdin", "stdout"}', "cases": 'a list of {"args", "expected" or "raises"}'}
    return forms.get(style, "text")
