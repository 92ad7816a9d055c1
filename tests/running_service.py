"""The service, really listening, in a thread and an event loop of its own."""

import asyncio
import threading
from pathlib import Path
from types import TracebackType
from typing import Any

from execfeedback.service.runner import Settings
from execfeedback.service.serving import address_of, listening, server


class Running:
    """`with Running(pool) as address`: the service over a pool that is not open yet, until the block ends."""

    def __init__(
        self,
        pool: Any,
        settings: Settings = Settings(memory_mb=16384),  # noqa: B008
        callers: Any = (),
        unix: Path | None = None,
        backend: str = "docker",
    ) -> None:
        self.pool, self.settings, self.callers, self.backend = pool, settings, callers, backend
        self.listening = listening("127.0.0.1", 0, unix, callers)
        self.socket = self.listening.__enter__()
        self.address = address_of(self.socket)
        self.open, self.errors = threading.Event(), list[BaseException]()
        self.thread = threading.Thread(target=self.run)

    def run(self) -> None:
        try:
            asyncio.run(self.serve())
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
