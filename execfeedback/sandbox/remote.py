"""The backend `http://...` or `unix://...`: a service elsewhere runs the jobs, everything else stays here.

A job goes out and a measurement comes back; it is judged here, by the same code as a slot's. The service is trusted with
measuring and with nothing else: its reply is validated, and never names a class, a path or an exception.
"""

import asyncio
import os
from types import TracebackType
from typing import Self

from execfeedback.client import Client
from execfeedback.errors import InputError, SandboxError
from execfeedback.types import Execution, Job


class RemoteSandbox:
    """`workers` is how many slots the service is taken to have for us; it decides alone what runs when."""

    def __init__(self, address: str, workers: int = 2, *, token_env: str = "EXECFEEDBACK_TOKEN") -> None:
        token = os.environ.get(token_env)
        if token is not None and not token.isascii():
            raise InputError(f"the token in {token_env} holds characters that no header can carry")
        self.workers, self.client = workers, Client(address, token=token)
        self.under_way = set[asyncio.Task[Execution]]()
        self.closed = False

    async def __aenter__(self) -> Self:
        await self.client.__aenter__()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.closed = True
        for work in tuple(self.under_way):
            work.cancel()
        await self.client.__aexit__(kind, error, trace)

    async def run(self, job: Job) -> Execution:
        """Run one job there. Raises SandboxError for the service's faults, SandboxMissing for what it does not offer."""
        if self.closed:
            raise SandboxError("the sandbox is closed")
        work = asyncio.ensure_future(self.client.run(job))
        self.under_way.add(work)
        work.add_done_callback(self.under_way.discard)
        try:
            return await work
        except asyncio.CancelledError:
            if self.closed and work.cancelled() and not being_cancelled():
                raise SandboxError("the sandbox was closed while a job ran") from None
            raise


def being_cancelled() -> bool:
    task = asyncio.current_task()
    return task is not None and task.cancelling() > 0
