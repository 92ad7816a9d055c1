"""One request as the log tells it: no payload, no query, no token."""

import asyncio
import json
import secrets
import time
from typing import TextIO

from execfeedback.printable import printable
from execfeedback.service.callers import ANYBODY, Caller


class Visit:
    """A request and what became of it. Status 499: the caller left before the answer."""

    def __init__(self, method: str, path: str, caller: Caller = ANYBODY) -> None:
        self.began, self.id = time.monotonic(), secrets.token_hex(8)
        self.method, self.path, self.caller = method, path, caller
        self.status, self.received, self.sent = 499, 0, 0


def log_line(visit: Visit) -> str:
    line = {
        "at": round(time.time(), 3),
        "id": visit.id,
        "caller": visit.caller.name,
        "method": visit.method,
        "path": printable(visit.path)[:200],
        "status": visit.status,
        "ms": round(1000 * (time.monotonic() - visit.began), 1),
        "bytes_in": visit.received,
        "bytes_out": visit.sent,
    }
    return json.dumps(line)


class Log:
    """What is told in one turn of the event loop goes out in one write."""

    def __init__(self, file: TextIO) -> None:
        self.file, self.lines = file, list[str]()

    def tell(self, visit: Visit) -> None:
        if not self.lines:
            asyncio.get_running_loop().call_soon(self.write)
        self.lines.append(log_line(visit))

    def write(self) -> None:
        lines, self.lines = self.lines, []
        print(*lines, sep="\n", file=self.file, flush=True)
