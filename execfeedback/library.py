"""What a training pipeline calls: `verify`, `Sandbox`, `grow`. Each enters the same path as the command line."""

import asyncio
from collections.abc import AsyncIterator, Iterable, Mapping
from types import TracebackType
from typing import Any, Self

from pydantic import ValidationError

from execfeedback.errors import InputError
from execfeedback.protocols import SandboxPool
from execfeedback.types import Execution, Item, Job, Verdict
from execfeedback.verifying import verify_items

Items = Iterable[Item | Mapping[str, Any]]


class Sandbox:
    """One warm pool. `async with Sandbox() as sandbox: async for verdict in sandbox.verify(items): ...`"""

    def __init__(self, backend: str = "docker", *, workers: int = 2) -> None:
        self.pool = open_backend(backend, workers)

    async def __aenter__(self) -> Self:
        await self.pool.__aenter__()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.pool.__aexit__(kind, error, trace)

    async def run(self, job: Job) -> Execution:
        """Measure one job; raises SandboxError for our faults."""
        return await self.pool.run(job)

    def verify(self, items: Items, *, ordered: bool = True) -> AsyncIterator[Verdict]:
        """Verdicts of any iterable of items, in order (or as they finish), with bounded memory."""
        checked = (as_item(item) for item in items)
        return verify_items(checked, self.pool, workers=self.pool.workers, ordered=ordered)


def open_backend(name: str, workers: int) -> SandboxPool:
    """The backend of that name, not started yet. It is never changed by itself."""
    if name != "docker":
        raise InputError(f"unknown sandbox backend {name!r}; there is: docker")
    from execfeedback.sandbox.docker import DockerSandbox

    return DockerSandbox(workers=workers)


def as_item(item: Item | Mapping[str, Any]) -> Item:
    if isinstance(item, Item):
        return item
    try:
        return Item.model_validate(item)
    except ValidationError as error:
        first = error.errors()[0]
        field = ".".join(str(part) for part in first["loc"])
        raise InputError(f"item {item.get('id')!r}: field {field!r}: {first['msg']}") from error


def verify(items: Items, *, workers: int = 2, backend: str = "docker") -> list[Verdict]:
    """Verdicts of items, in order. Starts a warm pool for this call; use `Sandbox` to keep one."""

    async def run() -> list[Verdict]:
        async with Sandbox(backend, workers=workers) as sandbox:
            return [verdict async for verdict in sandbox.verify(items)]

    return asyncio.run(run())
