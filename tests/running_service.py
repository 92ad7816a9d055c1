"""The service, really listening, in a thread and an event loop of its own."""

import asyncio
import json
import threading
import time
from collections.abc import Callable, Mapping
from io import BytesIO
from pathlib import Path
from types import TracebackType
from typing import Any, NamedTuple

import aiohttp
import uvloop

from execfeedback.errors import EngineMissing, SandboxError, SandboxMissing
from execfeedback.service.runner import Settings
from execfeedback.service.serving import address_of, listening, server
from execfeedback.types import Execution, Job, StepResult


class Running:
    """`with Running(pool) as address`: the service over a pool that is not open yet, until the block ends."""

    def __init__(
        self,
        pool: Any,
        settings: Settings = Settings(memory_mb=16384),  # noqa: B008
        callers: Any = (),
        unix: Path | None = None,
        backend: str = "docker",
        host: str = "127.0.0.1",
    ) -> None:
        self.pool, self.settings, self.callers, self.backend = pool, settings, callers, backend
        self.listening = listening(host, 0, unix, callers)
        self.socket = self.listening.__enter__()
        self.address = address_of(self.socket)
        self.open, self.errors = threading.Event(), list[BaseException]()
        self.thread = threading.Thread(target=self.run)

    def run(self) -> None:
        try:
            uvloop.run(self.serve())
        except BaseException as error:
            self.errors.append(error)
        finally:
            self.open.set()

    async def serve(self) -> None:
        unix = self.address.startswith("unix://")
        async with self.pool:
            self.server = server(self.pool, self.settings, self.callers, backend=self.backend, unix=unix)
            self.open.set()
            await self.server.serve(sockets=[self.socket])

    def __enter__(self) -> str:
        self.thread.start()
        self.open.wait()
        if self.errors:
            raise self.errors[0]
        return self.address

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.server.should_exit = True
        self.thread.join()
        self.listening.__exit__(None, None, None)
        if self.errors:
            raise self.errors[0]

    async def __aenter__(self) -> str:
        return await asyncio.to_thread(self.__enter__)

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await asyncio.to_thread(self.__exit__, kind, error, trace)


class Echo:
    """A sandbox at its seam: each step prints its input. `sleep N` takes so long, `hold` until `released`; `fault`, `away`,
    `missing` are our faults."""

    workers = 2

    def __init__(self) -> None:
        self.started, self.cancelled, self.running, self.most = 0, 0, 0, 0
        self.released = False

    async def __aenter__(self) -> "Echo":
        return self

    async def __aexit__(self, *error: object) -> None:
        pass

    async def run(self, job: Job) -> Execution:
        self.started += 1
        self.running += 1
        self.most = max(self.most, self.running)
        try:
            return Execution(
                steps=tuple([await self.step(step.stdin) for step in job.steps]), environment="echo"
            )
        except asyncio.CancelledError:
            self.cancelled += 1
            raise
        finally:
            self.running -= 1

    async def step(self, stdin: str) -> StepResult:
        word, _, number = stdin.strip().partition(" ")
        if word == "fault":
            raise SandboxError("no slot starts")
        if word == "away":
            raise EngineMissing("no engine answers")
        if word == "missing":
            raise SandboxMissing("there is no such image")
        if word == "hold":
            await until(lambda: self.released)
        if word == "sleep":
            await asyncio.sleep(float(number))
        return StepResult(cause="exited", exit_code=0, stdout=stdin or "42\n")


class Answer(NamedTuple):
    status: int
    headers: Mapping[str, str]
    text: str

    @property
    def json(self) -> Any:
        return json.loads(self.text)


async def ask(
    address: str, path: str, body: Any = None, method: str = "", headers: Mapping[str, str] | None = None
) -> Answer:
    """One request on a connection of its own."""
    connector = aiohttp.UnixConnector(address.removeprefix("unix://")) if address.startswith("unix") else None
    base = "http://service" if connector else address
    data = body if isinstance(body, bytes) else None if body is None else json.dumps(body).encode()
    sent = {"Content-Type": "application/json", **(headers or {})}
    async with (
        aiohttp.ClientSession(connector=connector) as session,
        session.request(
            method or ("GET" if body is None else "POST"),
            base + path,
            data=data and BytesIO(data),
            headers=sent,
        ) as reply,
    ):
        return Answer(reply.status, reply.headers, await reply.text())


def echo_item(text: str, id: str = "x", **changes: Any) -> dict[str, Any]:
    """An item that passes where programs echo."""
    tests = [{"stdin": text, "stdout": text}]
    return {"id": id, "language": "python", "solution": "...", "style": "stdio", "tests": tests, **changes}


async def until(holds: Callable[[], bool]) -> None:
    end = time.monotonic() + 10
    while not holds():
        assert time.monotonic() < end, "it never came to hold"
        await asyncio.sleep(0.01)
