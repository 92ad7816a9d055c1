"""The Docker backend: a pool of warm, hardened containers, each with our supervisor as process 1.

Host and supervisor talk in frames over the container's attached stdin and stdout, so the backend needs no port, no
`exec` and no file of the host, and works with a remote or rootless engine as well.
"""

import asyncio
import itertools
import threading
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, closing
from types import TracebackType
from typing import Any, Self

from execfeedback.errors import SandboxError, SandboxMissing, SlotLost
from execfeedback.sandbox import engine, images, leftovers, wire
from execfeedback.sandbox.slot import GRACE_S, MOST_OPEN_FILES, MOST_PROCESSES, Slot, host_options
from execfeedback.sandbox.turns import Turns
from execfeedback.types import Execution, Job, Limits, SplitResult, Step, StepResult


class DockerSandbox:
    """A pool of `workers` slots. `run` may be called by many tasks at once; each waits for a free slot."""

    def __init__(
        self, workers: int = 2, *, memory_mb: int = 2048, disk_mb: int = 128, runtime: str | None = None
    ) -> None:
        self.workers, self.memory_mb, self.disk_mb = workers, memory_mb, disk_mb
        self.options = host_options(memory_mb, disk_mb, runtime)
        self.idle: asyncio.LifoQueue[Slot | None] = asyncio.LifoQueue()
        self.slots: set[Slot] = set()
        """Every slot that runs, idle or busy."""
        self.turns = Turns()
        self.numbers: set[int] = set()
        self.numbering = threading.Lock()
        self.closed = False

    async def __aenter__(self) -> Self:
        with ExitStack() as opened:
            self.threads = opened.enter_context(ThreadPoolExecutor(self.workers, thread_name_prefix="slot"))
            self.client = opened.enter_context(closing(await self.blocking(engine.client)))
            await self.blocking(leftovers.remove_leftovers, self.client)
            self.labels = {"execfeedback": "slot", "execfeedback.owner": leftovers.owner_label()}
            await self.blocking(images.image_for, "python")
            self.opened = opened.pop_all()
        for _ in range(self.workers):
            self.idle.put_nowait(None)
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.closed = True
        await asyncio.to_thread(self.close)

    def close(self) -> None:
        """Blocking: end every container, whatever runs in it, and wait for the threads."""
        for slot in tuple(self.slots):
            slot.kill()
        self.threads.shutdown()
        for slot in tuple(self.slots):
            slot.remove()
        self.opened.close()

    async def blocking(self, function: Any, *args: Any) -> Any:
        return await asyncio.get_running_loop().run_in_executor(self.threads, function, *args)

    async def run(self, job: Job) -> Execution:
        """Run one job on the next free slot. A slot that is lost is replaced and the job tried once more; lost again
        while a canary passes, the program did it (the verdict is the item's). Raises SandboxError for our faults. When
        the caller is cancelled, the slot comes back as soon as the job ends."""
        frame = self.checked(job)
        slot = await self.idle.get()
        work = asyncio.get_running_loop().run_in_executor(self.threads, self.perform, slot, job, frame)
        work.add_done_callback(self.take_back)
        execution, _ = await asyncio.shield(work)
        return execution

    def take_back(self, work: asyncio.Future[tuple[Execution, Slot | None]]) -> None:
        self.idle.put_nowait(None if work.cancelled() or work.exception() else work.result()[1])

    def checked(self, job: Job) -> bytes:
        """The frame of a job that fits into a slot; SandboxMissing says which limit does not."""
        if self.closed:
            raise SandboxError("the sandbox is closed")
        offered = {
            "memory_mb": self.memory_mb,
            "disk_mb": self.disk_mb,
            "processes": MOST_PROCESSES,
            "files": MOST_OPEN_FILES,
        }
        for name, most in offered.items():
            if (asked := getattr(job.limits, name)) > most:
                own = f" or raise the sandbox's {name}" if hasattr(self, name) else ""
                raise SandboxMissing(
                    f"a job asks for {name} {asked}, slots have {most}: lower limits.{name}{own}"
                )
        frame = wire.encode_job(job)
        if len(frame) > min(wire.LARGEST_JOB, self.disk_mb << 20):
            raise SandboxMissing(
                f"a job has {len(frame) >> 20} MB of files and tests: that is more than a slot takes"
            )
        return frame

    def perform(self, slot: Slot | None, job: Job, frame: bytes) -> tuple[Execution, Slot | None]:
        """Blocking: run the job; if its slot is lost, once more on a fresh one while no other job runs. Returns the slot
        that may be used again."""
        try:
            with self.turns.among_others():
                return self.attempt(slot, job, frame)
        except SlotLost:
            with self.turns.alone():
                return self.last_attempt(job, frame)

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
            with engine.engine_errors("starting a slot"):
                slot = Slot(self.client, environment, self.options, self.labels, number)
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


def allowed_seconds(job: Job) -> float:
    """How long a slot may be silent: what the limits allow, both sides of a split run, and a grace for a loaded machine."""
    tests = max(1, len(job.steps), len(job.split.cases) if job.split else 0)
    return GRACE_S + 4 * job.limits.wall_s * tests


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
