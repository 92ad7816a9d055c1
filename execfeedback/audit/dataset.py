"""A file of rows as subjects with distinct ids, read anew each time, so that a large file needs no more memory."""

from collections import Counter
from collections.abc import Iterator
from itertools import islice
from pathlib import Path
from typing import Any

from execfeedback.audit import rows, shapes
from execfeedback.audit.values import Row, Subject
from execfeedback.columns import fields
from execfeedback.errors import InputError

_SHOWN_FAULTS = 3


class Dataset:
    """`limit` is in rows from the start of the file. Raises InputError for a wrong map or file of tasks."""

    def __init__(self, path: Path, map: str | None, tasks: Path | None, limit: int | None) -> None:
        self.path, self.limit = path, limit
        self.mapping = fields.parse_map(map)
        self.tasks = _tasks(tasks) if tasks else None

    def rows(self) -> Iterator[Row]:
        return islice(rows.read(self.path), self.limit)

    def subjects(self) -> Iterator[Subject]:
        """An id that comes again gets `~2`, `~3`, ..."""
        seen: Counter[str] = Counter()
        for row in self.rows():
            for subject in shapes.subjects(row, self.mapping, self.tasks):
                seen[subject.id] += 1
                again = f"~{seen[subject.id]}" if seen[subject.id] > 1 else ""
                yield subject.model_copy(update={"id": subject.id + again})

    def shapes(self) -> Counter[str]:
        """How many subjects have each shape. Raises InputError when none can be read as a solution with tests."""
        found: Counter[str] = Counter()
        faults: list[str] = []
        for subject in self.subjects():
            found[subject.shape if subject.readings else "malformed"] += 1
            if not subject.readings and len(faults) < _SHOWN_FAULTS:
                said = subject.fault.removeprefix(f"line {subject.row}: ")
                faults.append(f"  row {subject.row}: {said}")
        if found.keys() <= {"malformed"}:
            raise InputError(_nothing_fits(self.path, faults))
        return found


def _nothing_fits(path: Path, faults: list[str]) -> str:
    if not faults:
        return f"{path}: holds no row"
    known = [f"  {name:<16}{columns}" for name, columns in shapes.SHAPES.items()]
    lines = [
        f"{path}: no row can be read as a solution with its tests",
        *faults,
        "The shapes that are known, by their columns:",
        *known,
        "For any other, say which column is what: --map solution=COLUMN,tests=COLUMN,id=COLUMN",
        "(a dotted path reaches into nested fields: --map tests=meta.unit_tests). Samples whose tests are in another",
        "file are joined with it by their task_id: --tasks FILE",
    ]
    return "\n".join(lines)


def _tasks(path: Path) -> dict[str, dict[str, Any]]:
    """The rows of a problem file by their ids."""
    values = (row.value for row in rows.read(path) if row.value is not None)
    named = ((fields.text(value, fields.IDS), value) for value in values)
    found = {name: value for name, value in named if name is not None}
    if not found:
        raise InputError(f"--tasks {path}: no row of it has an id ({', '.join(fields.IDS)})")
    return found
