"""What runs showed, kept on disk by the content of the question, so that a rerun of a benchmark is quick."""

import json
import sqlite3
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

from execfeedback import ids


class KeptRuns:
    """`await kept("verdict", item, run)`: the kept answer (plain data), or that of `run`, kept from now on."""

    def __init__(self, folder: Path) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self._file = sqlite3.connect(folder / "runs.db", isolation_level=None)
        self._file.execute("PRAGMA journal_mode=WAL")
        self._file.execute("CREATE TABLE IF NOT EXISTS runs (id TEXT PRIMARY KEY, answer TEXT NOT NULL)")

    async def __call__(self, kind: str, question: Any, run: Callable[[], Awaitable[Any]]) -> Any:
        id = ids.digest([kind, question])
        known = self._file.execute("SELECT answer FROM runs WHERE id = ?", (id,)).fetchone()
        if known is not None:
            return json.loads(known[0])
        answer = await run()
        self._file.execute("INSERT OR IGNORE INTO runs VALUES (?, ?)", (id, json.dumps(answer)))
        return answer
