"""Verdicts for many items: any iterable in, verdicts out in order or as they finish, with bounded memory."""

import asyncio
from collections import deque
from collections.abc import AsyncIterator, Callable, Coroutine, Iterable
from typing import Any, TypeVar

from execfeedback.checks import checked_verdict
from execfeedback.errors import ExecfeedbackError, SandboxError
from execfeedback.ids import digest
from execfeedback.nesting import too_deep
from execfeedback.protocols import Sandbox
from execfeedback.types import Item, Verdict

Given = TypeVar("Given")
Answer = TypeVar("Answer")

AHEAD = 4
"""Items in flight for each worker."""


def verify_items(
    items: Iterable[Item], sandbox: Sandbox, *, workers: int, ordered: bool = True
) -> AsyncIterator[Verdict]:
    """The verdict of each item. A fault of ours becomes that item's `error`, and harms no other item."""
    return in_flight(items, lambda item: judged(item, sandbox), workers=workers, ordered=ordered)


async def in_flight(
    given: Iterable[Given],
    work: Callable[[Given], Coroutine[Any, Any, Answer]],
    *,
    workers: int,
    ordered: bool = True,
) -> AsyncIterator[Answer]:
    """What `work` says of each, a few at one time; what is under way when nobody listens any more is called off."""
    waiting: deque[asyncio.Task[Answer]] = deque()
    source = iter(given)
    try:
        while True:
            while len(waiting) < workers * AHEAD and (one := next(source, None)) is not None:
                waiting.append(asyncio.create_task(work(one)))
            if not waiting:
                return
            done = await next_of(waiting, ordered)
            waiting.remove(done)
            yield done.result()
    finally:
        for task in waiting:
            task.cancel()
        await asyncio.gather(*waiting, return_exceptions=True)


async def next_of(waiting: deque[asyncio.Task[Answer]], ordered: bool) -> asyncio.Task[Answer]:
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
    except ExecfeedbackError:
        raise
    except Exception as error:  # a fault in our code: this item has no verdict, and no other loses its own
        told = f"a fault of execfeedback: {type(error).__name__}: {error}"
        found = Verdict(id=item.id, verdict=None, passed=None, error=told)
    return found.model_copy(update={"digest": item_digest(item)})


def item_digest(item: Item) -> str:
    """Of what decides the verdict; what catalogues carry along is left out."""
    if too_deep(item):  # never judged, so never mistaken for an item with such a text
        item = item.model_copy(update={"tests": "nested too deeply", "holdout": ()})
    carried = {"class_", "expected", "mechanism", "why", "oracle", "problem", "meta"}
    return digest(item.model_dump(mode="json", exclude=carried))
