"""How many requests one server takes at one time, learnt from what it says.

Additive increase, multiplicative decrease, as TCP does it: a request that was too much (429, 503, a time-out) halves the
lane, each full lane of answers widens it by one. Until the first such word the lane is as wide as it may be.
"""

import asyncio
import math
import time
from collections.abc import Awaitable, Callable
from typing import TypeVar

from execfeedback.errors import GeneratorBusy

T = TypeVar("T")
LONGEST_WAIT_S = 600.0
"""Retry-After of one answer keeps the whole lane waiting, but not for longer."""


class Lane:
    """The way to one server. `most`: requests at one time, None is no bound of ours."""

    def __init__(self, most: int | None = None) -> None:
        self._most = float(most or math.inf)
        self.limit = self._most
        self._under_way = 0
        self._narrowed = self._opens = 0.0
        self._changed = asyncio.Event()

    async def ask(self, question: Callable[[], Awaitable[T]]) -> T:
        """The answer, once there is room. Raises what the question raises."""
        await self._enter()
        began = time.monotonic()
        try:
            answer = await question()
        except GeneratorBusy as busy:
            self._learn(busy, began)
            raise
        finally:
            self._under_way -= 1
            self._changed.set()
        self.limit = min(self._most, self.limit + 1 / self.limit)
        return answer

    async def _enter(self) -> None:
        """Wait until the server's Retry-After is over and there is room."""
        while True:
            if (wait := self._opens - time.monotonic()) > 0:
                await asyncio.sleep(wait)
            elif self._under_way + 1 <= self.limit:
                break
            else:
                self._changed.clear()
                await self._changed.wait()
        self._under_way += 1

    def _learn(self, busy: GeneratorBusy, began: float) -> None:
        now = time.monotonic()
        if busy.retry_after:
            self._opens = max(self._opens, now + min(busy.retry_after, LONGEST_WAIT_S))
        if busy.overload and began >= self._narrowed:  # a burst of refusals is one word
            self.limit = max(1.0, min(self.limit, self._under_way) / 2)
            self._narrowed = now
