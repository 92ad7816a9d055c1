"""The Docker backend: a pool of warm, hardened containers, each with our supervisor as process 1.

Host and supervisor talk in frames over the container's attached stdin and stdout, so the backend needs no port, no
`exec` and no file of the host, and works with a remote or rootless engine as well.
"""

import asyncio
import json
import random
import socket
import struct
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from types import TracebackType
from typing import Any, Self

from execfeedback.errors import SandboxError, SandboxMissing, SlotLost
from execfeedback.sandbox import engine, images, leftovers, wire
from execfeedback.types import Execution, Job, Limits, SplitResult, Step, StepResult

UIDS_PER_SLOT = 64
FIRST_UID, LAST_UID = 10_000, 60_000
RESERVE_MB = 512
"""Memory of a container beyond the largest limit that a job may ask for: zygotes, judge process, supervisor."""
GREETING_S = 60.0
GRACE_S = 30.0
DOCKER_STREAM = struct.Struct(">BxxxI")
STDERR = 2


class Slot:
    """One container and the attached stream. Its methods block; each slot is used by one thread at a time."""

    def __init__(
        self, client: Any, environment: str, options: dict[str, Any], labels: dict[str, str]
    ) -> None:
        self.client, self.environment = client, environment
        self.image = images.image_for(environment)
        self.stderr, self.inbox = b"", b""
        first_uid = free_uids(client)
        config = client.api.create_host_config(**options)
        self.container: str = client.api.create_container(
            self.image,
            command=[str(first_uid), str(UIDS_PER_SLOT)],
            host_config=config,
            stdin_open=True,
            network_disabled=True,
            labels={**labels, "execfeedback.uids": str(first_uid)},
        )["Id"]
        try:
            self.stream = self.attach()
            client.api.start(self.container)
            greeting = json.loads(self.read_frame(b"H", time.monotonic() + GREETING_S))
        except BaseException:
            self.remove()
            raise
        self.language_version = str(greeting["language_version"])

    def attach(self) -> socket.socket:
        """The raw stream; attached before the start, so that nothing is missed."""
        params = {"stdin": 1, "stdout": 1, "stderr": 1, "stream": 1}
        attached = self.client.api.attach_socket(self.container, params=params)
        self.attached = attached  # closing it closes the stream
        raw: socket.socket = getattr(attached, "_sock", attached)
        return raw

    def run(self, frame: bytes, allowed_s: float) -> Execution:
        """Send one job and wait for its measurement; raises SlotLost when the slot ends or stays silent."""
        self.stream.settimeout(GRACE_S)
        try:
            self.stream.sendall(frame)
        except OSError as error:
            raise SlotLost(f"the slot does not take a job: {error}") from error
        payload = self.read_frame(b"R", time.monotonic() + allowed_s)
        return wire.decode_execution(payload, environment=self.image, language_version=self.language_version)

    def read_frame(self, wanted: bytes, until: float) -> bytes:
        kind, size = wire.HEADER.unpack(self.read_exactly(wire.HEADER.size, until))
        if kind != wanted or size > wire.LARGEST:
            raise SlotLost(f"unexpected frame {kind!r} of {size} bytes from the supervisor")
        return self.read_exactly(size, until)

    def read_exactly(self, size: int, until: float) -> bytes:
        parts, have = [self.inbox], len(self.inbox)
        while have < size:
            part = self.read_stdout(until)
            parts.append(part)
            have += len(part)
        data = b"".join(parts)
        self.inbox = data[size:]
        return data[:size]

    def read_stdout(self, until: float) -> bytes:
        """The next portion of the supervisor's stdout; its stderr is kept for the error message."""
        while True:
            stream, size = DOCKER_STREAM.unpack(self.receive(DOCKER_STREAM.size, until))
            data = self.receive(size, until)
            if stream != STDERR:
                return data
            self.stderr = (self.stderr + data)[-4000:]

    def receive(self, size: int, until: float) -> bytes:
        data = bytearray()
        while len(data) < size:
            self.stream.settimeout(max(0.01, until - time.monotonic()))
            try:
                part = self.stream.recv(size - len(data))
            except TimeoutError:
                raise SlotLost("the slot did not answer in time") from None
            except OSError as error:
                raise SlotLost(f"the stream to the slot broke: {error}") from error
            if not part:
                raise SlotLost(f"the slot ended: {self.stderr.decode('utf-8', 'replace').strip()[-600:]}")
            data += part
        return bytes(data)

    def was_out_of_memory(self) -> bool:
        try:
            with engine.engine_errors("looking at a lost slot"):
                return bool(self.client.api.inspect_container(self.container)["State"]["OOMKilled"])
        except SandboxError:
            return False  # it is gone already, and with it what it knew

    def remove(self) -> None:
        """End the container, whatever state it is in. One that is gone already is fine."""
        if hasattr(self, "stream"):
            self.stream.close()
            self.attached.close()
        with suppress(SandboxError), engine.engine_errors("removing a slot"):
            self.client.api.remove_container(self.container, force=True, v=True)


def free_uids(client: Any) -> int:
    """First uid of a range that no other slot on this engine uses: limits on processes count by uid, over containers."""
    slots = client.api.containers(all=True, filters={"label": "execfeedback.uids"})
    used = {int(c["Labels"]["execfeedback.uids"]) for c in slots}
    free = [uid for uid in range(FIRST_UID, LAST_UID, UIDS_PER_SLOT) if uid not in used]
    if not free:
        raise SandboxError("every uid range is in use; run: execfeedback sandbox cleanup")
    return random.choice(free)


def host_options(memory_mb: int, disk_mb: int, runtime: str | None) -> dict[str, Any]:
    """The wall, as `docker run` options; sandboxes/README.md has the reasons."""
    tmpfs = f"rw,nosuid,nodev,mode=1777,size={disk_mb}m,nr_inodes=8192"
    return {
        "network_mode": "none",
        "read_only": True,
        "tmpfs": {"/work": tmpfs, "/tmp": tmpfs},
        "shm_size": f"{disk_mb}m",
        "ipc_mode": "private",
        "cap_drop": ["ALL"],
        "cap_add": ["SETUID", "SETGID"],
        "security_opt": ["no-new-privileges"],
        "pids_limit": 512,
        "mem_limit": f"{memory_mb + RESERVE_MB}m",
        "memswap_limit": f"{memory_mb + RESERVE_MB}m",
        "oom_kill_disable": False,
        "log_config": {"type": "none"},
        "auto_remove": True,
        "ulimits": [{"Name": "core", "Soft": 0, "Hard": 0}, {"Name": "nofile", "Soft": 4096, "Hard": 4096}],
        **({"runtime": runtime} if runtime else {}),
    }


class DockerSandbox:
    """A pool of `workers` slots. `run` may be called by many tasks at once; each waits for a free slot."""

    def __init__(
        self, workers: int = 2, *, memory_mb: int = 2048, disk_mb: int = 128, runtime: str | None = None
    ) -> None:
        self.workers, self.memory_mb, self.disk_mb = workers, memory_mb, disk_mb
        self.options = host_options(memory_mb, disk_mb, runtime)
        self.idle: asyncio.LifoQueue[Slot | None] = asyncio.LifoQueue()

    async def __aenter__(self) -> Self:
        self.threads = ThreadPoolExecutor(self.workers, thread_name_prefix="slot")
        self.client = await self.blocking(engine.client)
        await self.blocking(leftovers.remove_leftovers, self.client)
        self.labels = {"execfeedback": "slot", "execfeedback.owner": leftovers.owner_label()}
        await self.blocking(images.image_for, "python")
        for _ in range(self.workers):
            self.idle.put_nowait(None)
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        slots = [self.idle.get_nowait() for _ in range(self.idle.qsize())]
        await asyncio.gather(*(self.blocking(slot.remove) for slot in slots if slot))
        self.threads.shutdown()
        self.client.close()

    async def blocking(self, function: Any, *args: Any) -> Any:
        return await asyncio.get_running_loop().run_in_executor(self.threads, function, *args)

    async def run(self, job: Job) -> Execution:
        """Run one job on the next free slot. A slot that is lost is replaced and the job tried once more, alone; lost
        again while a canary passes, the program did it (the verdict is the item's). Raises SandboxError for our faults."""
        self.check(job)
        slot = await self.idle.get()
        shielded = asyncio.ensure_future(self.blocking(self.perform, slot, job))
        try:
            execution: Execution
            execution, slot = await asyncio.shield(shielded)
            return execution
        except asyncio.CancelledError:
            _, slot = await shielded
            raise
        except SandboxError:
            slot = None
            raise
        finally:
            self.idle.put_nowait(slot)

    def check(self, job: Job) -> None:
        if job.limits.memory_mb > self.memory_mb:
            raise SandboxMissing(
                f"a job asks for {job.limits.memory_mb} MB, slots have {self.memory_mb} MB: "
                "lower limits.memory_mb or raise the sandbox's memory_mb"
            )

    def perform(self, slot: Slot | None, job: Job) -> tuple[Execution, Slot | None]:
        """Blocking: run the job, with one more try on a fresh slot. Returns the slot that may be used again."""
        frame, allowed_s = wire.encode_job(job), allowed_seconds(job)
        try:
            return self.attempt(slot, job, frame, allowed_s)
        except SlotLost:
            pass
        lost: list[bool] = []
        try:
            return self.attempt(None, job, frame, allowed_s, lost)
        except SlotLost as again:
            fresh = self.start(job.environment)
            if self.canary(fresh):
                return lost_execution(job, fresh, out_of_memory=bool(lost and lost[0])), fresh
            fresh.remove()
            raise SandboxError(f"slots are lost again and again: {again}") from again

    def attempt(
        self, slot: Slot | None, job: Job, frame: bytes, allowed_s: float, lost: list[bool] | None = None
    ) -> tuple[Execution, Slot | None]:
        slot = self.fitting(slot, job.environment)
        try:
            execution = slot.run(frame, allowed_s)
        except SlotLost:
            if lost is not None:
                lost.append(slot.was_out_of_memory())
            slot.remove()
            raise
        if execution.slot_recycled:
            slot.remove()
            return execution, None
        return execution, slot

    def fitting(self, slot: Slot | None, environment: str) -> Slot:
        """A running slot of that environment: this one, or a new one in its place."""
        if slot is not None and slot.environment == environment:
            return slot
        if slot is not None:
            slot.remove()
        return self.start(environment)

    def start(self, environment: str) -> Slot:
        with engine.engine_errors("starting a slot"):
            return Slot(self.client, environment, self.options, self.labels)

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
