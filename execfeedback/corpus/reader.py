"""What is in a corpus. Everything here only reads, and may run while another process grows the file."""

import json
import sqlite3
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from execfeedback.corpus.files import open_to_read
from execfeedback.errors import InputError
from execfeedback.types import GateResult, ModelCall, Record, Rejection, Trajectory, Value

KINDS = ("record", "rejection", "trajectory")
_TABLE = {"record": "records", "rejection": "rejections", "trajectory": "trajectories"}


class Counts(Value):
    """How much of everything there is."""

    trajectories: int
    verified_at_once: int
    repaired: int
    """Passed at a later attempt than the first."""
    failed: int
    """Trajectories that ended without a solution that passes."""
    examined: int
    admitted: int
    """Trajectories that admission has decided on, either way."""
    records: int
    distinct_solutions: int
    rejections: int
    attempts: int
    calls: int
    tokens_in: int
    tokens_out: int
    cost_usd: float
    """Sum over the calls whose price is known."""
    calls_without_price: int
    wasted: int
    """Requests that were answered to no use (empty, cut off, timed out), and may have been paid."""
    wasted_tokens_in: int
    wasted_tokens_out: int
    wasted_usd: float
    wasted_without_price: int
    """Those of which the server did not tell what they cost."""

    @property
    def usd(self) -> float:
        """All that is known to have been paid."""
        return self.cost_usd + self.wasted_usd

    @property
    def tokens(self) -> int:
        """All that is known to have been read and written."""
        return self.tokens_in + self.tokens_out + self.wasted_tokens_in + self.wasted_tokens_out


class Corpus:
    """A corpus file, opened to read. Use it as a context manager, or call `close`."""

    def __init__(self, path: Path, connection: sqlite3.Connection | None = None) -> None:
        self.path = path
        self._connection = connection or open_to_read(path)

    def __enter__(self) -> "Corpus":
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        self._connection.close()

    # ---- one row by id -----------------------------------------------------------------------------------

    def trajectory(self, id: str) -> Trajectory:
        return Trajectory.model_validate(self._body("trajectories", id))

    def record(self, id: str) -> Record:
        return Record.model_validate(self._body("records", id))

    def rejection(self, id: str) -> Rejection:
        return Rejection.model_validate(self._body("rejections", id))

    def call(self, id: str) -> ModelCall | None:
        row = self._one("SELECT body FROM calls WHERE id = ?", id)
        return None if row is None else ModelCall.model_validate(json.loads(row[0]))

    def find(self, prefix: str) -> list[tuple[str, str]]:
        """(kind, id) of everything whose id starts so."""
        return self._found("substr(id, 1, length(?1)) = ?1 ORDER BY id", prefix)

    def about(self, problem: str) -> list[tuple[str, str]]:
        """(kind, id) of what belongs to the problem of that id, else to problems whose id holds the text.

        Records come first, then rejections, then trajectories.
        """
        exact = self._found("problem = ? ORDER BY rowid", problem)
        return exact or self._found("instr(problem, ?) > 0 ORDER BY rowid", problem)

    def _found(self, condition: str, text: str) -> list[tuple[str, str]]:
        queries = ((kind, f"SELECT id FROM {_TABLE[kind]} WHERE {condition}") for kind in KINDS)
        return [(kind, row[0]) for kind, query in queries for row in self.select(query, text)]

    # ---- all rows of a kind ------------------------------------------------------------------------------

    def records(self) -> Iterator[Record]:
        """In the order of admission."""
        for row in self._connection.execute("SELECT body FROM records ORDER BY seq"):
            yield Record.model_validate(json.loads(row[0]))

    def rejections(self) -> Iterator[Rejection]:
        """In the order of admission."""
        for row in self._connection.execute("SELECT body FROM rejections ORDER BY seq"):
            yield Rejection.model_validate(json.loads(row[0]))

    def trajectories(self) -> Iterator[Trajectory]:
        """By problem, then sample."""
        order = "SELECT body FROM trajectories ORDER BY problem, sample, id"
        for row in self._connection.execute(order):
            yield Trajectory.model_validate(json.loads(row[0]))

    def gate_results(self, trajectory: str) -> list[GateResult]:
        rows = self.select("SELECT body FROM gate_results WHERE trajectory = ? ORDER BY rowid", trajectory)
        return [GateResult.model_validate(json.loads(row[0])) for row in rows]

    def runs(self) -> list[dict[str, Any]]:
        """Configuration of every `grow` on this file, oldest first, and `run`, `started` (Unix seconds)."""
        rows = self.select("SELECT run, started, config FROM runs ORDER BY run")
        return [{"run": run, "started": started, **json.loads(config)} for run, started, config in rows]

    def environments(self) -> dict[str, dict[str, Any]]:
        """What is known of each sandbox image, by digest."""
        rows = self.select("SELECT digest, body FROM environments ORDER BY digest")
        return {digest: json.loads(body) for digest, body in rows}

    def events(self, kind: str | None = None) -> list[dict[str, Any]]:
        rows = self.select(
            "SELECT seq, at, kind, body FROM events WHERE ?1 IS NULL OR kind = ?1 ORDER BY seq", kind
        )
        return [{"seq": seq, "at": at, "kind": kind_, **json.loads(body)} for seq, at, kind_, body in rows]

    # ---- counting ----------------------------------------------------------------------------------------

    def counts(self) -> Counts:
        """One consistent look, also while somebody writes."""
        one = self._one("""SELECT tried.n, tried.once, tried.repaired, tried.n - tried.once - tried.repaired,
            (SELECT count(*) FROM examinations), (SELECT count(*) FROM admissions),
            (SELECT count(*) FROM records), (SELECT count(DISTINCT solution) FROM records),
            (SELECT count(*) FROM rejections), tried.attempts, (SELECT count(*) FROM calls),
            (SELECT coalesce(sum(tokens_in), 0) FROM calls), (SELECT coalesce(sum(tokens_out), 0) FROM calls),
            (SELECT coalesce(sum(cost_usd), 0.0) FROM calls),
            (SELECT count(*) FROM calls WHERE cost_usd IS NULL), wasted.* FROM (SELECT count(*),
                coalesce(sum(json_extract(body, '$.tokens_in')), 0),
                coalesce(sum(json_extract(body, '$.tokens_out')), 0),
                coalesce(sum(json_extract(body, '$.cost_usd')), 0.0),
                count(*) - count(json_extract(body, '$.cost_usd'))
            FROM events WHERE kind = 'waste') AS wasted, (SELECT count(*) AS n,
                coalesce(sum(stopped = 'passed' AND attempts = 1), 0) AS once,
                coalesce(sum(stopped = 'passed' AND attempts > 1), 0) AS repaired,
                coalesce(sum(attempts), 0) AS attempts
            FROM tries) AS tried""")
        return Counts(**dict(zip(Counts.model_fields, one or (), strict=True)))

    def tally(self, table: str, column: str) -> dict[str, int]:
        """How often each value of a column occurs, most frequent first. Both names are our own."""
        query = f"SELECT {column}, count(*) AS n FROM {table} GROUP BY {column} ORDER BY n DESC, {column}"
        rows = self.select(query)
        return {str(value): number for value, number in rows}

    def select(self, query: str, *values: Any) -> list[Any]:
        """Rows of a query, for reports."""
        return self._connection.execute(query, values).fetchall()

    # ---- below -------------------------------------------------------------------------------------------

    def _body(self, table: str, id: str) -> Any:
        row = self._one(f"SELECT body FROM {table} WHERE id = ?", id)
        if row is None:
            raise InputError(f"{self.path}: nothing in {table} has the id {id}")
        return json.loads(row[0])

    def _one(self, query: str, *values: Any) -> Any:
        return self._connection.execute(query, values).fetchone()
