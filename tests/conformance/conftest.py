"""One suite that every backend must pass: each test here runs on each backend that is named below.

A backend is added as a parameter, with the mark that says what it needs. `EXECFEEDBACK_TEST_PYTHON` names the interpreter
of the backend `local`; without it, the one that runs the tests. `remote` is the service, over the backend `docker`.
"""

import os
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager
from typing import Any, Self

import pytest
import pytest_asyncio
from running_service import Running

from execfeedback.library import open_backend
from execfeedback.sandbox.docker import DockerSandbox
from execfeedback.sandbox.local import LocalSandbox
from execfeedback.sandbox.remote import RemoteSandbox
from execfeedback.service.runner import Settings

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
    """The service and its client. `slots` and `idle` are those of the pool behind it, for tests that end its slots."""

    def __init__(self, workers: int) -> None:
        pool = DockerSandbox(workers)
        self.service = Running(pool, Settings(slots=workers, memory_mb=16384))
        super().__init__(self.service.address, workers)
        self.slots, self.idle = pool.slots, pool.idle

    async def __aenter__(self) -> Self:
        await self.service.__aenter__()
        return await super().__aenter__()

    async def __aexit__(self, *error: Any) -> None:
        await super().__aexit__(*error)
        await self.service.__aexit__(*error)


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
