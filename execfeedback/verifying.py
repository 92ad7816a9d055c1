"""Verdicts for many items: any iterable in, verdicts out in order or as they finish, with bounded memory."""

import asyncio
from collections import deque
from collections.abc import AsyncIterator, Iterable

from execfeedback.checks import checked_verdict
from execfeedback.errors import SandboxError
from execfeedback.ids import digest
from execfeedback.protocols import Sandbox
from execfeedback.types import Item, Verdict

AHEAD = 4
"""Items in flight for each worker."""


async def verify_items(
    items: Iterable[Item], sandbox: Sandbox, *, workers: int, ordered: bool = True
) -> AsyncIterator[Verdict]:
    """The verdict of each item. A fault of ours becomes that item's `error`, and harms no other item."""
    waiting: deque[asyncio.Task[Verdict]] = deque()
    source = iter(items)
    try:
        while True:
            while len(waiting) < workers * AHEAD and (item := next(source, None)) is not None:
                waiting.append(asyncio.create_task(judged(item, sandbox)))
            if not waiting:
                return
            done = await next_of(waiting, ordered)
            waiting.remove(done)
            yield done.result()
    finally:
        for task in waiting:
            task.cancel()
        await asyncio.gather(*waiting, return_exceptions=True)


async def next_of(waiting: deque[asyncio.Task[Verdict]], ordered: bool) -> asyncio.Task[Verdict]:
    if ordered:
        await asyncio.wait([waiting[0]])
        return waiting[0]
    done, _ = await asyncio.wait(waiting, return_when=asyncio.FIRST_COMPLETED)
    return next(iter(done))


async def judged(item: Item, sandbox: Sandbox) -> Verdict:
    """The verdict with the item's digest, or the error that is ours."""
    try:
        found = await checked_verdict(item, sandbox)
    except SandboxError as error:
        found = Verdict(id=item.id, verdict=None, passed=None, error=str(error))
    return found.model_copy(update={"digest": item_digest(item)})


def item_digest(item: Item) -> str:
    """Of what decides the verdict; what catalogues carry along is left out."""
    carried = {"class_", "expected", "mechanism", "why", "oracle", "problem", "meta"}
    return digest(item.model_dump(mode="json", exclude=carried))
