"""Opening a corpus file, and saying plainly why one cannot be opened."""

import json
import os
import sqlite3
import time
from pathlib import Path

from execfeedback import ids
from execfeedback.corpus.lock import WriterLock
from execfeedback.corpus.schema import APPLICATION_ID, SCHEMA, TABLES
from execfeedback.errors import CorpusError, InputError
from execfeedback.jsonl import strict

BUSY_S = 30.0
"""How long SQLite waits for its own short locks. The long one, of a growing process, is `lock.py`."""


def open_to_write(path: Path) -> sqlite3.Connection:
    """A connection that may write, for the holder of the lock; makes the file when there is none."""
    connection = sqlite3.connect(path, timeout=BUSY_S, isolation_level=None, check_same_thread=False)
    try:
        if _is_new(connection, path):
            connection.execute("PRAGMA journal_mode=WAL")
            _create(connection)
        _check(connection, path)
        _teach(connection)
        connection.execute("PRAGMA journal_mode=WAL")
        connection.execute("PRAGMA synchronous=NORMAL")
    except sqlite3.OperationalError as error:
        connection.close()
        raise CorpusError(unwritable(path, error)) from error
    except BaseException:
        connection.close()
        raise
    return connection


def unwritable(path: Path, error: sqlite3.OperationalError) -> str:
    return f"{path}: cannot be written ({error}); make room, and the same command goes on from here"


def open_to_read(path: Path) -> sqlite3.Connection:
    """A read-only connection, good while another process writes. Raises InputError."""
    refuse_odd_places(path)
    if not path.exists():
        raise InputError(f"{path}: no such corpus; `execfeedback grow PROBLEMS --out {path}` makes one")
    mode = "mode=ro&immutable=1" if _lies_still(path) else "mode=ro"
    connection = sqlite3.connect(
        f"{path.absolute().as_uri()}?{mode}", uri=True, timeout=BUSY_S, isolation_level=None
    )
    try:
        _check(connection, path)
        _teach(connection)
    except BaseException:
        connection.close()
        raise
    return connection


def _lies_still(path: Path) -> bool:
    """A corpus that nobody grows, where we may not write: SQLite would make a file beside it even to read."""
    return not os.access(path.absolute().parent, os.W_OK) and not path.with_name(f"{path.name}-wal").exists()


TRIES = """CREATE TEMP VIEW tries AS SELECT * FROM trajectories WHERE id NOT IN (
    SELECT one.id FROM trajectories one JOIN trajectories other
    ON other.problem = one.problem AND other.sample = one.sample AND other.id != one.id
    WHERE one.stopped = 'model' AND (other.stopped != 'model' OR other.rowid > one.rowid)
    OR other.rowid > one.rowid AND other.stopped = one.stopped AND other.attempts = one.attempts
       AND unmeasured((SELECT body FROM trajectories WHERE id = other.id)) = unmeasured(one.body))"""
"""What is counted: a trajectory that no model answered gives way to the next try, which begins with the same calls, and what
two merged corpora ran, and measured differently, is one. (`other.body` would be copied for every row.)"""


def unmeasured(body: str) -> str:
    """What was asked, written and judged in a trajectory."""
    row = json.loads(body)
    tries = [[one["solution"]["code"], one["verdict"]["verdict"]] for one in row["attempts"]]
    return ids.canonical([tries, [call["id"] for call in row["calls"]]])


def _teach(connection: sqlite3.Connection) -> None:
    """`strict(body)` in queries: a body may hold NaN, which the JSON functions of most versions of SQLite refuse. `tries`:
    the trajectories without those that another took the place of."""
    connection.create_function("strict", 1, strict, deterministic=True)
    connection.create_function("unmeasured", 1, unmeasured, deterministic=True)
    connection.execute(TRIES)


def check(path: Path) -> None:
    """Raise InputError now if a run could not write this corpus: not ours, too new, no folder, being grown."""
    refuse_odd_places(path)
    if path.exists() and path.stat().st_size:
        open_to_read(path).close()
    WriterLock(path).release()


def refuse_odd_places(path: Path) -> None:
    """Raise InputError where no corpus can be. SQLite itself would overwrite a short file of another kind."""
    if path.is_dir():
        raise InputError(f"{path}: is a folder; a corpus is one SQLite file, such as {path / 'corpus.db'}")
    if not path.absolute().parent.is_dir():
        raise InputError(f"{path}: the folder {path.absolute().parent} does not exist; make it first")
    if path.exists() and _start(path) not in (b"", b"SQLite format 3\0"):
        raise InputError(f"{path}: is not a corpus of execfeedback; give the file that `grow --out` wrote")


def _start(path: Path) -> bytes:
    with path.open("rb") as file:
        return file.read(16)


def _is_new(connection: sqlite3.Connection, path: Path) -> bool:
    """An empty file, or one whose maker was killed before the tables were there."""
    return _header(connection, path) == (0, 0, 0)


def _check(connection: sqlite3.Connection, path: Path) -> None:
    application, version, _ = _header(connection, path)
    if application != APPLICATION_ID:
        raise InputError(f"{path}: is not a corpus of execfeedback; give the file that `grow --out` wrote")
    if version > SCHEMA:
        raise InputError(
            f"{path}: was written by a newer execfeedback (schema {version}, this one reads up to {SCHEMA}); "
            "upgrade execfeedback"
        )


def _header(connection: sqlite3.Connection, path: Path) -> tuple[int, int, int]:
    """Application id, schema version and number of tables."""
    try:
        application = connection.execute("PRAGMA application_id").fetchone()[0]
        version = connection.execute("PRAGMA user_version").fetchone()[0]
        tables = connection.execute("SELECT count(*) FROM sqlite_master").fetchone()[0]
    except sqlite3.OperationalError as error:
        raise InputError(
            f"{path}: cannot be opened ({error}); check its permissions and its folder's"
        ) from error
    except sqlite3.DatabaseError as error:
        raise InputError(
            f"{path}: is not a corpus ({error}); give the file that `grow --out` wrote"
        ) from error
    return application, version, tables


def _create(connection: sqlite3.Connection) -> None:
    """All tables or none: a process killed here leaves an empty file that the next one fills."""
    connection.execute("BEGIN IMMEDIATE")
    for statement in TABLES:
        connection.execute(statement)
    meta = {"schema": str(SCHEMA), "made": str(time.time())}
    connection.executemany("INSERT INTO meta VALUES (?, ?)", meta.items())
    connection.execute(f"PRAGMA application_id = {APPLICATION_ID}")
    connection.execute(f"PRAGMA user_version = {SCHEMA}")
    connection.execute("COMMIT")


def as_text(value: object) -> str:
    """Canonical JSON that SQLite can hold: lone surrogates (no UTF-8 form) become escapes."""
    return storable(ids.canonical(value))


def storable(text: str) -> str:
    """JSON text that SQLite can hold."""
    try:
        text.encode("utf-8")
    except UnicodeEncodeError:
        text = "".join(f"\\u{ord(c):04x}" if "\ud800" <= c <= "\udfff" else c for c in text)
    return text
