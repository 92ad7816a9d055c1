"""One suite that every backend must pass: each test here runs on each backend that is named below.

A backend is added as a parameter, with the mark that says what it needs. `EXECFEEDBACK_TEST_PYTHON` names the interpreter
of the backend `local`; without it, the one that runs the tests. `remote` is the service, over the backend `docker`.
"""

import asyncio
import os
import threading
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager
from typing import Any, Self

import pytest
import pytest_asyncio

from execfeedback.library import open_backend
from execfeedback.sandbox.docker import DockerSandbox
from execfeedback.sandbox.local import LocalSandbox
from execfeedback.sandbox.remote import RemoteSandbox
from execfeedback.service.runner import Settings
from execfeedback.service.serving import address_of, listening, server

Open = Callable[[int], AbstractAsyncContextManager[Any]]

BACKENDS = [
    pytest.param("docker", marks=pytest.mark.docker),
    pytest.param("local", marks=pytest.mark.local),
    pytest.param("remote", marks=pytest.mark.docker),
]
OPTIONS: dict[str, dict[str, Any]] = {
    "docker": {},
    "local": {"python": os.environ.get("EXECFEEDBACK_TEST_PYTHON")},
}


class Served(RemoteSandbox):
    """The service in a thread of its own, and its client here. `slots` and `idle` are those of the pool behind it, for
    tests that end its slots."""

    def __init__(self, workers: int) -> None:
        self.listening = listening("127.0.0.1", 0, None, ())
        self.socket = self.listening.__enter__()
        super().__init__(address_of(self.socket), workers)
        self.pool, self.open = DockerSandbox(workers), threading.Event()
        self.slots, self.idle = self.pool.slots, self.pool.idle
        self.thread = threading.Thread(target=lambda: asyncio.run(self.serve()))

    async def serve(self) -> None:
        settings = Settings(slots=self.workers, memory_mb=16384)
        async with self.pool:
            self.server = server(self.pool, settings, (), backend="docker", unix=False)
            self.open.set()
            await self.server.serve(sockets=[self.socket])

    async def __aenter__(self) -> Self:
        self.thread.start()
        assert await asyncio.to_thread(self.open.wait, 60)
        return await super().__aenter__()

    async def __aexit__(self, *error: Any) -> None:
        await super().__aexit__(*error)
        self.server.should_exit = True
        await asyncio.to_thread(self.thread.join)
        self.listening.__exit__(None, None, None)


@pytest.fixture(scope="session", params=BACKENDS)
def backend(request: pytest.FixtureRequest) -> str:
    """The name of a backend, as people give it."""
    if request.param == "local" and os.geteuid() != 0:
        pytest.skip("the backend local needs root, or a user namespace that makes one root")
    return str(request.param)


@pytest.fixture(scope="session")
def opened(backend: str) -> Open:
    """Opens a pool of that backend with so many slots. What it lacks is a failure."""
    if backend == "remote":
        return Served
    return lambda workers: open_backend(backend, workers, **OPTIONS[backend])


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def sandbox(opened: Open) -> AsyncIterator[Any]:
    """A warm pool with two slots."""
    async with opened(2) as pool:
        yield pool


@pytest.fixture
def numpy_there(sandbox: Any) -> None:
    """Images have numpy; an interpreter of this machine may have none."""
    if isinstance(sandbox, LocalSandbox) and "numpy" not in sandbox.source.plan.found:
        pytest.skip("the interpreter has no numpy")
