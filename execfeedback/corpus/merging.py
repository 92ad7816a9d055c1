"""The union of corpora. Everything in a corpus has its content for a key, so a union of rows is a union of corpora.

Where a key has two values the same one is kept whatever the order: of bodies the first by text, of two states of a unit
the one that got further. So a merge is commutative, associative and idempotent, but for the order of the rows. No gate
looks again: what two corpora hold in other words stays twice.
"""

import secrets
import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import closing
from pathlib import Path
from typing import NamedTuple

from execfeedback.corpus.files import open_to_read
from execfeedback.corpus.writer import CorpusWriter
from execfeedback.errors import InputError
from execfeedback.ids import digest

KEYS = {
    "calls": ("id", "body"),
    "trajectories": ("id", None),
    "attempts": ("trajectory, n", None),
    "gate_results": ("trajectory, gate, version", "body"),
    "records": ("id", "body"),
    "tags": ("record, tag", None),
    "rejections": ("id", "body"),
    "environments": ("digest", "body"),
}
"""Table -> its key, and the column that decides between two rows of one key (None: they are equal)."""
LOGS = ("runs", "events")
NUMBERS = ("seq", "run")
"""Columns that count rows, and are no content."""


class State(NamedTuple):
    """How far a unit came in one corpus."""

    trajectory: str
    examination: str | None
    admitted: str | None
    """The trajectory that admission decided on; None as long as it has not."""
    record: str | None
    rejection: str | None
    keys: str | None


STATES = """SELECT units.unit, units.trajectory, examinations.body, admissions.trajectory, record, rejection, keys
    FROM units LEFT JOIN examinations ON examinations.unit = units.unit
    LEFT JOIN admissions ON admissions.unit = units.unit"""


def merge(sources: Sequence[Path], out: Path) -> None:
    """Write the union to a new file, whole or not at all. Raises InputError for what is no corpus, and when `out` is there."""
    if out.exists():
        raise InputError(f"{out}: is there already; give another --out, or remove it first")
    for path in sources:
        open_to_read(path).close()
    part = out.with_name(f".{out.name}.{secrets.token_hex(4)}.part")
    try:
        with CorpusWriter(part) as writer:
            for path in sources:
                with closing(open_to_read(path)) as source, writer.transaction() as target:
                    source.execute("BEGIN")  # one look, also while somebody grows it
                    _fold(source, target)
        part.replace(out)
    finally:
        part.unlink(missing_ok=True)


def _fold(source: sqlite3.Connection, target: sqlite3.Connection) -> None:
    """Take in what another corpus holds."""
    for table, (key, decides) in KEYS.items():
        _keyed(source, target, table, key, decides)
    for table in LOGS:
        _logged(source, target, table)
    for unit, *state in source.execute(f"{STATES} ORDER BY admissions.seq IS NULL, admissions.seq"):
        _place(target, unit, State(*state))


def _keyed(
    source: sqlite3.Connection, target: sqlite3.Connection, table: str, key: str, decides: str | None
) -> None:
    columns = _columns(target, table)
    changed = ", ".join(f"{name} = excluded.{name}" for name in columns)
    better = f"UPDATE SET {changed} WHERE excluded.{decides} < {table}.{decides}" if decides else "NOTHING"
    insert = f"{_insert(table, columns)} ON CONFLICT ({key}) DO {better}"
    target.executemany(insert, _rows(source, table, columns))


def _logged(source: sqlite3.Connection, target: sqlite3.Connection, table: str) -> None:
    """Rows without a key: those that are not there yet."""
    columns = _columns(target, table)
    seen = {digest(row) for row in _rows(target, table, columns)}
    new = (row for row in _rows(source, table, columns) if digest(row) not in seen)
    target.executemany(_insert(table, columns), new)


def _rows(connection: sqlite3.Connection, table: str, columns: Sequence[str]) -> Iterator[tuple[object, ...]]:
    """In the order in which they came."""
    return iter(connection.execute(f"SELECT {', '.join(columns)} FROM {table} ORDER BY rowid"))


def _columns(connection: sqlite3.Connection, table: str) -> list[str]:
    return [row[1] for row in connection.execute(f"PRAGMA table_info({table})") if row[1] not in NUMBERS]


def _insert(table: str, columns: Sequence[str]) -> str:
    return f"INSERT INTO {table} ({', '.join(columns)}) VALUES ({', '.join('?' * len(columns))})"


# ---- units -------------------------------------------------------------------------------------------------------


def _place(target: sqlite3.Connection, unit: str, new: State) -> None:
    """The state that got further has the unit's name; the other one, whose decision holds as well, a name beside it."""
    row = target.execute(f"{STATES} WHERE units.unit = ?", (unit,)).fetchone()
    old = State(*row[1:]) if row else None
    if old == new:
        return
    if old is None:
        _put(target, unit, new)
        return
    best, other = sorted((old, new), key=_rank)
    for table in ("units", "examinations", "admissions"):
        target.execute(f"DELETE FROM {table} WHERE unit = ?", (unit,))
    _put(target, unit, best)
    beside = f"{unit}:{digest(other)[:16]}"
    if not target.execute("SELECT 1 FROM units WHERE unit = ?", (beside,)).fetchone():
        _put(target, beside, other)


def _rank(state: State) -> tuple[object, ...]:
    """Smaller is further."""
    return state.admitted is None, state.examination is None, *(part or "" for part in state)


def _put(target: sqlite3.Connection, unit: str, state: State) -> None:
    target.execute(_insert("units", ("unit", "trajectory")), (unit, state.trajectory))
    if state.examination is not None:
        target.execute(_insert("examinations", ("unit", "body")), (unit, state.examination))
    if state.admitted is not None:
        columns = ("unit", "trajectory", "record", "rejection", "keys")
        row = (unit, state.admitted, state.record, state.rejection, state.keys)
        target.execute(_insert("admissions", columns), row)
