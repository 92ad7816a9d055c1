"""A pool of warm slots, whatever they are made of: who waits, who is retried, who runs alone, what is told apart.

A slot is a place with our supervisor in it; `source` opens, starts and closes the ones of a backend (`docker.py`,
`local.py`). Everything that a verdict rests on is the same for all of them, and is here.
"""

import asyncio
import itertools
import threading
from concurrent.futures import ThreadPoolExecutor
from contextvars import ContextVar
from types import TracebackType
from typing import Any, Protocol, Self

from execfeedback.errors import SandboxError, SandboxMissing, SlotLost
from execfeedback.sandbox import wire
from execfeedback.sandbox.host_slots import HostSlots, default_most
from execfeedback.sandbox.turns import Turns
from execfeedback.types import Execution, Job, Limits, SplitResult, Step, StepResult

GRACE_S = 30.0
LEFT_BEHIND = ContextVar[list[asyncio.Future[Any]]]("LEFT_BEHIND")
"""Where somebody who keeps count of slots is told of a job that goes on in its slot after it was called off."""


class Slot(Protocol):
    """A running supervisor. Its methods block; each slot is used by one thread at a time."""

    environment: str
    image: str
    """What the environment is, exactly: recorded with every measurement."""
    language_version: str
    number: int

    def run(self, frame: bytes, allowed_s: float) -> Execution:
        """The measurement of one job frame; raises SlotLost when the slot ends or stays silent."""
        ...

    def was_out_of_memory(self) -> bool: ...

    def kill(self) -> None:
        """End it from any thread: whoever listens to it hears the end."""
        ...

    def remove(self) -> None:
        """End it, whatever state it is in, and release what it held."""
        ...


class Source(Protocol):
    """Where slots come from. All methods block; errors of the machine are SandboxError."""

    offered: dict[str, int]
    """Largest limits that a job may ask for: memory_mb, disk_mb, processes, files."""

    def open(self) -> None: ...

    def start(self, environment: str, number: int) -> Slot: ...

    def close(self) -> None: ...


class Pool:
    """A pool of `workers` slots. `run` may be called by many tasks at once; each waits for a free slot, and for one of the
    `host_slots` places that all processes of this user share on this machine."""

    def __init__(self, workers: int, source: Source, host_slots: int | None = None) -> None:
        self.workers, self.source = workers, source
        self.host = HostSlots(host_slots or default_most(workers))
        self.ahead = asyncio.Semaphore(2 * workers)
        """What is handed to the threads is what they do now and next: an interpreter that ends does all that they have."""
        self.idle: list[Slot] = []
        """As many threads as slots may run; one without work has left its slot here."""
        self.slots: set[Slot] = set()
        """Every slot that runs, idle or busy."""
        self.turns = Turns()
        self.numbers: set[int] = set()
        self.numbering = threading.Lock()
        self.closed = False

    async def __aenter__(self) -> Self:
        self.threads = ThreadPoolExecutor(self.workers, thread_name_prefix="slot")
        try:
            await self.blocking(self.source.open)
        except BaseException:
            self.threads.shutdown()
            raise
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.closed = True
        await asyncio.to_thread(self.close)

    def close(self) -> None:
        """Blocking: end every slot, whatever runs in it, and wait for the threads."""
        for slot in tuple(self.slots):
            slot.kill()
        self.threads.shutdown()
        for slot in tuple(self.slots):
            slot.remove()
        self.source.close()

    async def blocking(self, function: Any, *args: Any) -> Any:
        return await asyncio.get_running_loop().run_in_executor(self.threads, function, *args)

    async def run(self, job: Job) -> Execution:
        """Run one job on the next free slot. A slot that is lost is replaced and the job tried once more; lost again
        while a canary passes, the program did it (the verdict is the item's). Raises SandboxError for our faults. When
        the caller is cancelled, the slot comes back as soon as the job ends."""
        async with self.ahead:
            waiting = self.threads.submit(self.perform, job, self.checked(job))
            work = asyncio.wrap_future(waiting)
            work.add_done_callback(heard)
            try:
                await asyncio.wait([work])
            except asyncio.CancelledError:
                if not waiting.cancel():
                    LEFT_BEHIND.get([]).append(work)
                raise
            return work.result()

    def checked(self, job: Job) -> bytes:
        """The frame of a job that fits into a slot; SandboxMissing says which limit does not."""
        if self.closed:
            raise SandboxError("the sandbox is closed")
        sides = [job] if job.interactor is None else [job, job.interactor]
        steps = [step for side in sides for step in (*side.compile, *side.steps)]
        every = [side.limits for side in sides] + [step.limits for step in steps if step.limits is not None]
        for name, most in self.source.offered.items():
            if (asked := max(getattr(limits, name) for limits in every)) > most:
                own = f" or raise the sandbox's {name}" if name.endswith("_mb") else ""
                raise SandboxMissing(
                    f"a job asks for {name} {asked}, slots have {most}: lower limits.{name}{own}"
                )
        frame = wire.encode_job(job)
        if len(frame) > min(wire.LARGEST_JOB, self.source.offered["disk_mb"] << 20):
            raise SandboxMissing(
                f"a job has {len(frame) >> 20} MB of files and tests: that is more than a slot takes"
            )
        return frame

    def perform(self, job: Job, frame: bytes) -> Execution:
        """Blocking, in one of the threads, so that a slot's next job waits for no turn of the event loop: run the job; if its
        slot is lost, once more on a fresh one while no other job runs."""
        if self.closed:
            raise SandboxError("the sandbox was closed while a job waited")
        slot = self.left_slot()
        try:
            with self.turns.among_others(), self.host.place(self.is_closed):
                execution, slot = self.attempt(slot, job, frame)
        except SlotLost:
            with self.turns.alone(), self.host.place(self.is_closed):
                execution, slot = self.last_attempt(job, frame)
        except BaseException:
            if slot in self.slots:  # in no thread, and not idle: nobody would find it again
                self.discard(slot)
            raise
        if slot:
            self.idle.append(slot)
        return execution

    def left_slot(self) -> Slot | None:
        try:
            return self.idle.pop()
        except IndexError:
            return None

    def is_closed(self) -> bool:
        return self.closed

    def last_attempt(self, job: Job, frame: bytes) -> tuple[Execution, Slot | None]:
        lost: list[bool] = []
        try:
            return self.attempt(None, job, frame, lost)
        except SlotLost as again:
            fresh = self.start(job.environment)
            if self.canary(fresh):
                return lost_execution(job, fresh, out_of_memory=bool(lost and lost[0])), fresh
            self.discard(fresh)
            raise SandboxError(f"slots are lost again and again: {again}") from again

    def attempt(
        self, slot: Slot | None, job: Job, frame: bytes, lost: list[bool] | None = None
    ) -> tuple[Execution, Slot | None]:
        slot = self.fitting(slot, job.environment)
        try:
            execution = slot.run(frame, allowed_seconds(job))
        except SlotLost:
            if lost is not None:
                lost.append(slot.was_out_of_memory())
            self.discard(slot)
            raise
        if execution.slot_recycled:
            self.discard(slot)
            return execution, None
        return execution, slot

    def fitting(self, slot: Slot | None, environment: str) -> Slot:
        """A running slot of that environment: this one, or a new one in its place."""
        if slot is not None and slot.environment == environment:
            return slot
        if slot is not None:
            self.discard(slot)
        return self.start(environment)

    def start(self, environment: str) -> Slot:
        if self.closed:
            raise SandboxError("the sandbox was closed while a job ran")
        number = self.take_number()
        try:
            slot = self.source.start(environment, number)
        except BaseException:
            self.numbers.discard(number)
            raise
        self.slots.add(slot)
        if self.closed:  # `close` may have looked before this slot was there
            slot.kill()
        return slot

    def take_number(self) -> int:
        """The lowest number that no slot has: neighbours in number are on different cores."""
        with self.numbering:
            number = next(n for n in itertools.count() if n not in self.numbers)
            self.numbers.add(number)
            return number

    def discard(self, slot: Slot) -> None:
        self.slots.discard(slot)
        slot.remove()
        self.numbers.discard(slot.number)

    def canary(self, slot: Slot) -> bool:
        """A program that cannot fail, to tell a broken machine from a program that breaks its slot."""
        job = Job(
            environment=slot.environment,
            files={"canary.py": "print(6 * 7)"},
            limits=Limits(),
            steps=(Step(argv=("python3", "canary.py"), warm=True),),
        )
        try:
            return slot.run(wire.encode_job(job), allowed_seconds(job)).steps[0].stdout == "42\n"
        except SlotLost:
            return False


def heard(work: asyncio.Future[Execution]) -> None:
    """An error of a job that was called off is nobody's any more."""
    if not work.cancelled():
        work.exception()


def allowed_seconds(job: Job) -> float:
    """How long a slot may be silent: what the limits allow, both sides of a split run, and a grace for a loaded machine."""
    tests = max(1, len(job.steps), len(job.split.cases) if job.split else 0)
    compiling = sum((step.limits or job.limits).wall_s for step in job.compile)
    theirs = allowed_seconds(job.interactor) if job.interactor else 0.0
    return GRACE_S + 4 * (job.limits.wall_s * tests + compiling) + theirs


def lost_execution(job: Job, slot: Slot, *, out_of_memory: bool) -> Execution:
    """What is known of a program that ended its slot twice while others run well there."""
    step = StepResult(cause="memory" if out_of_memory else "signaled", signal=9)
    facts: dict[str, Any] = {
        "environment": slot.image,
        "language_version": slot.language_version,
        "slot_recycled": True,
    }
    if job.split is None:
        return Execution(steps=(step,), **facts)
    return Execution(split=SplitResult(ended=False, judge=StepResult(cause="exited"), solution=step), **facts)
