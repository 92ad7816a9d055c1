"""What stands between a request and the pool: a turn in the queue, the deadline, the counting, what is known already."""

import asyncio
import time
from collections.abc import Awaitable, Callable
from typing import TypeVar

from pydantic import Field

from execfeedback import jobs
from execfeedback.checks import checked_verdict
from execfeedback.errors import EngineMissing, SandboxError, SandboxMissing
from execfeedback.jsonl import json_line
from execfeedback.languages import language, spoken_names
from execfeedback.protocols import SandboxPool
from execfeedback.sandbox.pool import LEFT_BEHIND
from execfeedback.service.callers import Caller
from execfeedback.service.kept import Kept
from execfeedback.service.metrics import Metrics
from execfeedback.service.turns import Queue, Refused, Ticket
from execfeedback.types import Execution, Item, Job, Value, Verdict, VerdictName
from execfeedback.verifying import item_digest

T = TypeVar("T")
LASTING: set[VerdictName | None] = {"passed", "wrong_answer", "compile_error", "runtime_error"}
"""Verdicts that the result cache keeps: a limit that was overrun once may hold the next time."""


class DeadlinePassed(SandboxError):
    """The caller's deadline came before the end of its run."""


class Settings(Value):
    """How much the service takes on. Megabytes and seconds."""

    slots: int = Field(2, ge=1)
    memory_mb: int = Field(4096, ge=64)
    """For all runs together, by the limits that they ask for."""
    job_memory_mb: int = Field(2048, ge=64)
    """The most that one program may ask for."""
    queue: int = Field(1024, ge=1)
    """Runs that wait; more are refused."""
    wait_s: float = Field(30.0, gt=0)
    """How long a run may wait for its turn, where the caller names no deadline."""
    body_mb: int = Field(64, ge=1)
    suites_mb: int = Field(256, ge=0)
    cache_mb: int = Field(0, ge=0)
    """Verdicts kept by content; 0: every request is run."""
    drain_s: int = Field(30, ge=0)
    """How long requests may take to end after SIGTERM."""


class Runner:
    """A sandbox for one turn (`run`), and the turns."""

    def __init__(self, pool: SandboxPool, settings: Settings, metrics: Metrics, callers: int = 1) -> None:
        self.pool, self.settings, self.metrics = pool, settings, metrics
        ahead = max(1, settings.slots // 4)
        self.queue = Queue(settings.slots, settings.memory_mb, settings.queue, ahead)
        self.share = max(1, settings.queue // callers)
        self.known: Kept[Verdict] = Kept(settings.cache_mb << 20)
        self.well_at = float("-inf")
        """When a run last came back from a slot."""

    async def run(self, job: Job) -> Execution:
        """Measure one job of a run that has its turn."""
        try:
            execution = await self.pool.run(job)
        except SandboxError as error:
            self.metrics.faults.labels(kind_of(error)).inc()
            raise
        self.well_at = time.monotonic()
        self.metrics.measured(execution)
        return execution

    def enter(self, caller: Caller, memories: list[int], wait_s: float) -> list[Ticket]:
        """Tickets, at once. Raises Refused."""
        try:
            return self.queue.enter(caller.name, memories, wait_s, caller.waiting or self.share)
        except Refused as refused:
            self.metrics.refused.labels(refused.why).inc(len(memories))
            raise

    def crowded(self, caller: Caller) -> Refused | None:
        """Why not even one more run can wait. Nothing where results are kept: an item may need no run."""
        wait_s, share = self.settings.wait_s, caller.waiting or self.share
        if self.settings.cache_mb or (refused := self.queue.refusal(caller.name, 1, wait_s, share)) is None:
            return None
        self.metrics.refused.labels(refused.why).inc()
        return refused

    async def in_turn(
        self, ticket: Ticket, kind: str, work: Callable[[], Awaitable[T]], until: float = float("inf")
    ) -> T:
        """Do it when the turn has come. `until`: the deadline, on the monotonic clock. Raises Refused, DeadlinePassed."""
        try:
            async with (
                ticket,
                asyncio.timeout(None if until == float("inf") else until - time.monotonic()) as limit,
            ):
                LEFT_BEHIND.set(ticket.left_behind)
                self.metrics.wait.observe(ticket.waited_s)
                with self.metrics.run.labels(kind).time():
                    return await work()
        except TimeoutError:
            if not limit.expired():
                raise
            raise DeadlinePassed("the deadline of the request passed before its run ended") from None
        except Refused as refused:
            self.metrics.refused.labels(refused.why).inc()
            raise
        finally:
            ticket.leave()

    async def verdict(self, item: Item, ticket: Ticket, until: float = float("inf")) -> Verdict:
        """Judge an item in its turn. Raises Refused, and SandboxError for our faults."""
        found = await self.in_turn(ticket, "verify", lambda: checked_verdict(item, self), until)
        found = found.model_copy(update={"digest": item_digest(item)})
        self.metrics.judged(found)
        if self.settings.cache_mb and found.verdict in LASTING:
            self.known.put(content_of(item), found, len(json_line(found)))
        return found

    def known_verdict(self, item: Item) -> Verdict | None:
        """The verdict of an item of the same content, where results are kept."""
        if not self.settings.cache_mb or (found := self.known.get(content_of(item))) is None:
            return None
        self.metrics.cached.inc()
        return found.model_copy(update={"id": item.id, "digest": item_digest(item)})


def content_of(item: Item) -> str:
    """Digest of what decides the verdict: not of its name."""
    return item_digest(item.model_copy(update={"id": ""}))


def kind_of(error: SandboxError) -> str:
    if isinstance(error, EngineMissing):
        return "engine"
    return "missing" if isinstance(error, SandboxMissing) else "sandbox"


def memory_of(item: Item) -> int:
    """What its runs may take, by the limits that hold for it."""
    if item.language not in spoken_names():
        return 0  # judged without a run
    return jobs.limits_of(item, language(item.language)).memory_mb
