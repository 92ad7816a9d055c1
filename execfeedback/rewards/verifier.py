"""One warm pool for each process, behind a thread with an event loop of its own.

So a reward may be called from any thread and any event loop, also one that ends after the call, and a pool outlives
them. A fork starts with none, and makes its own when it asks. The backend and the number of slots are those of the
configuration (`EXECFEEDBACK_SANDBOX`, `EXECFEEDBACK_WORKERS`, `execfeedback.toml`). Nothing must be closed: slots end
when the process does, however it ends.
"""

import asyncio
import os
import threading
from collections.abc import Callable, Coroutine
from concurrent.futures import Future
from typing import TYPE_CHECKING, Any, TypeVar

from execfeedback.errors import SandboxError
from execfeedback.library import backend_of
from execfeedback.protocols import SandboxPool
from execfeedback.types import Item, Verdict
from execfeedback.verifying import AHEAD, judged

if TYPE_CHECKING:
    from execfeedback.config import SandboxOptions

T = TypeVar("T")
START_S = 30.0


class Verifier:
    """Verdicts from anywhere in the process. The pool is opened by the first item; one that did not open is tried again.

    Raises InputError for a backend that there is not: a mistake of the configuration is no fault of the sandbox."""

    def __init__(self, sandbox: "SandboxOptions", workers: int) -> None:
        self.make: Callable[[], SandboxPool] = lambda: backend_of(sandbox, workers)
        self.make()
        self.opening: asyncio.Task[SandboxPool] | None = None
        self.started = threading.Event()
        self.thread = threading.Thread(target=lambda: asyncio.run(self.serve()), name="rewards", daemon=True)
        self.thread.start()
        if not self.started.wait(START_S):
            raise SandboxError("the thread of the rewards' verifier did not start")

    async def serve(self) -> None:
        self.loop = asyncio.get_running_loop()
        self.ended = asyncio.Event()
        self.started.set()
        await self.ended.wait()
        if self.opening is not None and not await failed(self.opening):
            await self.opening.result().__aexit__(None, None, None)

    def submit(self, work: Callable[["Verifier"], Coroutine[Any, Any, T]]) -> "Future[T]":
        """Start some work in the verifier's loop; its result may be waited for anywhere."""
        return asyncio.run_coroutine_threadsafe(work(self), self.loop)

    def close(self) -> None:
        """End the pool and the thread. What is under way fails."""
        self.loop.call_soon_threadsafe(self.ended.set)
        self.thread.join()

    # ---- in the verifier's loop ------------------------------------------------------------------------------

    async def verdict(self, item: Item, timeout_s: float) -> Verdict:
        """The verdict, or the error that is ours. Raises InputError for an item or a configuration that cannot be."""
        try:
            pool = await self.opened()
            async with self.room, asyncio.timeout(timeout_s):
                return await judged(item, pool)
        except (SandboxError, TimeoutError) as error:
            said = str(error) or f"no verdict within {timeout_s:g} s"
            return Verdict(id=item.id, verdict=None, passed=None, error=said)

    async def opened(self) -> SandboxPool:
        if self.opening is None or (self.opening.done() and await failed(self.opening)):
            self.opening = asyncio.create_task(self.open())
        return await asyncio.shield(self.opening)

    async def open(self) -> SandboxPool:
        pool = await self.make().__aenter__()
        self.room = asyncio.Semaphore(pool.workers * AHEAD)
        return pool


async def failed(opening: "asyncio.Task[SandboxPool]") -> bool:
    await asyncio.wait([opening])
    return opening.cancelled() or opening.exception() is not None


# ---- one for each process ----------------------------------------------------------------------------------------

_lock = threading.Lock()
_verifiers: dict[Any, Verifier] = {}
_inherited: list[dict[Any, Verifier]] = []
"""Of the process that this one was forked from: kept, so that nothing of it is finalized here."""


def verifier() -> Verifier:
    """The process's verifier under the configuration of now. Raises InputError."""
    from execfeedback.config import load_config

    config = load_config()
    key = (config.sandbox, config.workers)
    with _lock:
        if key not in _verifiers:
            _verifiers[key] = Verifier(*key)
        return _verifiers[key]


def close() -> None:
    """End this process's pools now; the next reward opens one again."""
    with _lock:
        for one in _verifiers.values():
            one.close()
        _verifiers.clear()


def _after_fork() -> None:
    """The threads of the parent are not here, and its lock may have been held."""
    global _lock, _verifiers
    _inherited.append(_verifiers)
    _lock, _verifiers = threading.Lock(), {}


os.register_at_fork(after_in_child=_after_fork)
