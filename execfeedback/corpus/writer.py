"""The one writer of a corpus. What is written in one step of the event loop is one transaction: a kill keeps all of it or
what was there before it. Outside of a loop every method is one. Who tells others of what was written calls `keep` first.
"""

import asyncio
import json
import sqlite3
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from execfeedback import ids
from execfeedback.corpus.files import as_text, open_to_write, refuse_odd_places, storable, unwritable
from execfeedback.corpus.lock import WriterLock
from execfeedback.corpus.reader import Corpus
from execfeedback.errors import CorpusError
from execfeedback.types import GateResult, ModelCall, Record, Rejection, Trajectory, Value


class UnitState(Value):
    """How far a unit (one sample of one problem, under one configuration) has come in this corpus."""

    trajectory: str | None = None
    examination: Any = None
    """What the gates found, as it was put; None as long as they have not looked, and once the unit was decided on."""
    admitted: bool = False


class CorpusWriter:
    """Opens or makes a corpus and holds its lock. Also the loop's cache of model calls (`get`, `put`).

    Raises InputError when the file is not a corpus, is newer than this program, or another process grows it; every method
    raises CorpusError when the disk takes no more.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        refuse_odd_places(path)
        self._lock = WriterLock(path)
        try:
            self._connection = open_to_write(path)
        except BaseException:
            self._lock.release()
            raise
        self.corpus = Corpus(path, self._connection)
        self._begun, self._failure = False, ""
        self._loop: asyncio.AbstractEventLoop | None = None
        """The one that will end the step."""

    def __enter__(self) -> "CorpusWriter":
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        try:
            self.keep()
        finally:
            self._connection.close()
            self._lock.release()

    # ---- the cache of model calls ------------------------------------------------------------------------

    def get(self, id: str) -> ModelCall | None:
        return self.corpus.call(id)

    def put(self, call: ModelCall) -> None:
        row = (call.id, call.kind, call.model, call.cost_usd, call.tokens_in, call.tokens_out, as_text(call))
        with self.transaction() as connection:
            connection.execute("INSERT OR IGNORE INTO calls VALUES (?, ?, ?, ?, ?, ?, ?)", row)

    # ---- a run and its units -----------------------------------------------------------------------------

    def start_run(self, config: dict[str, Any]) -> int:
        """Number of the run."""
        with self.transaction() as connection:
            query = "INSERT INTO runs (started, config) VALUES (?, ?)"
            return int(connection.execute(query, (time.time(), as_text(config))).lastrowid or 0)

    def event(self, kind: str, body: dict[str, Any]) -> None:
        with self.transaction() as connection:
            _event(connection, kind, body)

    def unit(self, key: str) -> UnitState:
        row = self._connection.execute(
            """SELECT units.trajectory, CASE WHEN admissions.seq IS NULL THEN examinations.body END, admissions.seq
               FROM units
               LEFT JOIN examinations ON examinations.unit = units.unit
               LEFT JOIN admissions ON admissions.unit = units.unit WHERE units.unit = ?""",
            (key,),
        ).fetchone()
        if row is None:
            return UnitState()
        examination = None if row[1] is None else json.loads(row[1])
        return UnitState(trajectory=row[0], examination=examination, admitted=row[2] is not None)

    def put_trajectory(self, unit: str | None, trajectory: Trajectory) -> str:
        """Keep a trajectory and what its runs measured; returns its id, the digest of all of it.

        With None for the unit it is kept, and the unit is still to be done (the model failed us, say).
        """
        text = ids.canonical(trajectory)
        id = ids.digest_of(text)
        problem, stopped = trajectory.problem.id, trajectory.stopped or ""
        row = (id, problem, trajectory.sample, stopped, len(trajectory.attempts), storable(text))
        with self.transaction() as connection:
            connection.execute("INSERT OR IGNORE INTO trajectories VALUES (?, ?, ?, ?, ?, ?)", row)
            if unit is not None:
                connection.execute("INSERT INTO units VALUES (?, ?)", (unit, id))
            _attempts(connection, id, trajectory)
            body = {"unit": unit, "trajectory": id, "problem": problem, "stopped": stopped}
            _event(connection, "trajectory", body)
        return id

    def put_examination(self, unit: str, trajectory: str, gates: tuple[GateResult, ...], found: Any) -> None:
        """Keep what the gates said, before admission. `found` is plain data that `unit` gives back."""
        with self.transaction() as connection:
            connection.execute("INSERT INTO examinations VALUES (?, ?)", (unit, as_text(found)))
            _gates(connection, trajectory, gates)

    # ---- admission ---------------------------------------------------------------------------------------

    def admit(self, unit: str, outcome: Record | Rejection, keys: dict[str, Any] | None = None) -> None:
        """Keep the decision on a unit. `keys`, by gate, is what `admitted_keys` gives back."""
        record, rejection = (outcome.id, None) if isinstance(outcome, Record) else (None, outcome.id)
        with self.transaction() as connection:
            _outcome(connection, outcome)
            _gates(connection, outcome.trajectory, outcome.gates)
            row = (None, unit, outcome.trajectory, record, rejection, as_text(keys or {}))
            connection.execute("INSERT INTO admissions VALUES (?, ?, ?, ?, ?, ?)", row)
            _event(connection, "admission", {"unit": unit, "record": record, "rejection": rejection})

    def admitted_keys(self) -> Iterator[dict[str, Any]]:
        """By gate the keys of each record, in the order of admission."""
        query = "SELECT keys FROM admissions WHERE record IS NOT NULL ORDER BY seq"
        for row in self._connection.execute(query):
            yield json.loads(row[0])

    @contextmanager
    def transaction(self) -> Iterator[sqlite3.Connection]:
        """The one of this step, committed when the step ends. An exception takes back all that the step wrote."""
        try:
            self._begin()
            yield self._connection
        except sqlite3.OperationalError as error:
            self._take_back()
            raise CorpusError(unwritable(self.path, error)) from error
        except BaseException:
            self._take_back()
            raise
        if _loop() is None:
            self.keep()

    def keep(self) -> None:
        """Commit what this step has written so far: before somebody is told of it, say. Raises CorpusError."""
        self._commit()
        self._raise_failure()

    def _begin(self) -> None:
        self._raise_failure()
        if self._begun:
            return
        self._connection.execute("BEGIN IMMEDIATE")
        self._begun = True
        if (loop := _loop()) is not None and loop is not self._loop:
            self._loop = loop
            loop.call_soon(self._end_step)

    def _end_step(self) -> None:
        self._loop = None
        self._commit()

    def _commit(self) -> None:
        """Keep what was written. Nobody hears what a loop's callback raises, so a failure is kept for who writes next."""
        if not self._begun:
            return
        try:
            self._connection.execute("COMMIT")
            self._begun = False
        except sqlite3.OperationalError as error:
            self._failure = unwritable(self.path, error)
            self._take_back()

    def _take_back(self) -> None:
        self._begun = False
        if self._connection.in_transaction:  # a full disk has SQLite roll back itself
            self._connection.execute("ROLLBACK")

    def _raise_failure(self) -> None:
        if self._failure:
            raise CorpusError(self._failure)


def _loop() -> asyncio.AbstractEventLoop | None:
    """The event loop that this runs in, if any."""
    try:
        return asyncio.get_running_loop()
    except RuntimeError:
        return None


def _event(connection: sqlite3.Connection, kind: str, body: dict[str, Any]) -> None:
    row = (None, time.time(), kind, as_text(body))
    connection.execute("INSERT INTO events VALUES (?, ?, ?, ?)", row)


def _attempts(connection: sqlite3.Connection, id: str, trajectory: Trajectory) -> None:
    for n, attempt in enumerate(trajectory.attempts):
        verdict = attempt.verdict
        facts = (verdict.cpu_s, verdict.wall_s, verdict.memory_peak_mb, verdict.environment)
        row = (id, n, verdict.verdict or "", as_text(list(verdict.reasons)), *facts)
        connection.execute("INSERT OR IGNORE INTO attempts VALUES (?, ?, ?, ?, ?, ?, ?, ?)", row)
        known = {"language": trajectory.problem.language, "language_version": verdict.language_version}
        if verdict.environment:
            environment = (verdict.environment, as_text(known))
            connection.execute("INSERT OR IGNORE INTO environments VALUES (?, ?)", environment)


def _gates(connection: sqlite3.Connection, trajectory: str, gates: tuple[GateResult, ...]) -> None:
    rows = [(trajectory, g.gate, g.version, int(g.passed), g.reason, as_text(g)) for g in gates]
    connection.executemany("INSERT OR IGNORE INTO gate_results VALUES (?, ?, ?, ?, ?, ?)", rows)


def _outcome(connection: sqlite3.Connection, outcome: Record | Rejection) -> None:
    if isinstance(outcome, Rejection):
        row = (None, outcome.id, outcome.trajectory, outcome.problem, outcome.reason, as_text(outcome))
        connection.execute("INSERT OR IGNORE INTO rejections VALUES (?, ?, ?, ?, ?, ?)", row)
        return
    solution = ids.digest([outcome.problem.id, outcome.item.solution])
    facts = (outcome.trajectory, outcome.problem.id, solution, outcome.origin, len(outcome.attempts))
    about = (outcome.item.style, outcome.problem.difficulty, outcome.problem.source.name)
    full_row = (None, outcome.id, *facts, *about, as_text(outcome))
    connection.execute("INSERT OR IGNORE INTO records VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)", full_row)
    tags = [(outcome.id, tag) for tag in outcome.problem.tags]
    connection.executemany("INSERT OR IGNORE INTO tags VALUES (?, ?)", tags)
