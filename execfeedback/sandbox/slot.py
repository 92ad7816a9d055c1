"""One slot: a warm, hardened container with our supervisor as process 1, and the attached stream to it."""

import json
import random
import socket
import struct
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from functools import cache
from typing import Any

from execfeedback.errors import SandboxError, SlotLost
from execfeedback.sandbox import engine, images, wire
from execfeedback.sandbox.building import sandboxes_folder
from execfeedback.sandbox.pool import GRACE_S
from execfeedback.types import Execution

UIDS_PER_SLOT = 64
FIRST_UID, LAST_UID = 10_000, 50_000
RESERVE_MB = 512
"""Memory of a container beyond the largest limit that a job may ask for: zygotes, judge process, supervisor."""
MOST_GRACE_MB = 256
"""What a language may add to an item's memory limit for its own run-time."""
PIDS = 512
"""Processes of a container: both sides of a run with the largest limit that a job may ask for, zygotes, supervisor."""
MOST_PROCESSES, MOST_OPEN_FILES = 288, 4096
GREETING_S = 60.0
DOCKER_STREAM = struct.Struct(">BxxxI")
STDERR = 2


class Slot:
    """One container and the attached stream. Its methods block; each slot is used by one thread at a time."""

    def __init__(
        self, client: Any, environment: str, options: dict[str, Any], labels: dict[str, str], number: int
    ) -> None:
        self.client, self.environment = client, environment
        self.number = number
        """Which of the pool's slots it is; the supervisor takes its core by it."""
        self.image = images.image_for(environment)
        self.stderr, self.inbox = b"", b""
        first_uid = free_uids(client)
        of_image = client.api.inspect_image(self.image)["Config"]["Labels"] or {}
        compiled = of_image.get(images.LANGUAGE, "python") != "python"
        config = client.api.create_host_config(**(with_programs(options) if compiled else options))
        self.container: str = client.api.create_container(
            self.image,
            command=[str(first_uid), str(UIDS_PER_SLOT), str(number)],
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
        said = of_image.get(images.VERSION) if compiled else None
        self.language_version = str(said or greeting["language_version"])

    def attach(self) -> socket.socket:
        """The raw stream; attached before the start, so that nothing is missed."""
        params = {"stdin": 1, "stdout": 1, "stderr": 1, "stream": 1}
        attached = self.client.api.attach_socket(self.container, params=params)
        # Closing the reply closes the stream; the other way round Python 3.13 complains on stderr of a reply without one.
        self.attached = getattr(attached, "_response", attached)
        raw: socket.socket = getattr(attached, "_sock", attached)
        return raw

    def run(self, frame: bytes, allowed_s: float) -> Execution:
        """Send one job and wait for its measurement; raises SlotLost when the slot ends or stays silent."""
        try:
            self.stream.settimeout(GRACE_S)
            self.stream.sendall(frame)
        except OSError as error:
            raise SlotLost(f"the slot does not take a job: {error}") from error
        payload = self.read_frame(b"R", time.monotonic() + allowed_s, wire.SILENCE_S)
        return wire.decode_execution(payload, environment=self.image, language_version=self.language_version)

    def read_frame(self, wanted: bytes, until: float, silence_s: float = GREETING_S) -> bytes:
        kind, size = wire.BEAT
        while (kind, size) == wire.BEAT:
            heard = min(until, time.monotonic() + silence_s)
            kind, size = wire.HEADER.unpack(self.read_exactly(wire.HEADER.size, heard))
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
            with answering("looking at a lost slot") as client:
                return bool(client.api.inspect_container(self.container)["State"]["OOMKilled"])
        except SandboxError:
            return False  # it is gone already, and with it what it knew

    def remove(self) -> None:
        """End the container, whatever state it is in. One that is gone already is fine."""
        if hasattr(self, "stream"):
            self.attached.close()
            self.stream.close()
        self.kill()

    def kill(self) -> None:
        """End the container alone: a thread that listens to its stream hears the end of it."""
        with suppress(SandboxError), answering("removing a slot") as client:
            client.api.remove_container(self.container, force=True, v=True)


@contextmanager
def answering(doing: str) -> Iterator[Any]:
    """A client of an engine that answers now; docker-py would leave a socket open when there is none."""
    with closing(engine.client()) as client, engine.engine_errors(doing):
        yield client


def free_uids(client: Any) -> int:
    """First uid of a range that no other slot on this engine uses: limits on processes count by uid, over containers."""
    slots = client.api.containers(all=True, filters={"label": "execfeedback.uids"})
    used = {int(c["Labels"]["execfeedback.uids"]) for c in slots}
    free = [uid for uid in range(FIRST_UID, LAST_UID, UIDS_PER_SLOT) if uid not in used]
    if not free:
        raise SandboxError("every uid range is in use; run: execfeedback sandbox cleanup")
    return random.choice(free)


@cache
def seccomp_profile() -> str:
    """The container's list of allowed system calls. The engine takes its content, so it may be elsewhere."""
    return json.dumps(json.loads((sandboxes_folder() / "seccomp.json").read_text(encoding="utf-8")))


def with_programs(options: dict[str, Any]) -> dict[str, Any]:
    """The same wall, for languages whose programs are files that a run makes. In Python's slots nothing there can be run."""
    return {**options, "tmpfs": {folder: f"{mount},exec" for folder, mount in options["tmpfs"].items()}}


def host_options(memory_mb: int, disk_mb: int, runtime: str | None) -> dict[str, Any]:
    """The wall, as `docker run` options; sandboxes/README.md has the reasons."""
    memory = f"{memory_mb + MOST_GRACE_MB + RESERVE_MB}m"
    tmpfs = f"rw,nosuid,nodev,mode=1777,size={disk_mb}m,nr_inodes=4096"
    return {
        "network_mode": "none",
        "read_only": True,
        "tmpfs": {"/box": tmpfs, "/tmp": tmpfs},
        "shm_size": f"{disk_mb}m",
        "ipc_mode": "private",
        "cap_drop": ["ALL"],
        "cap_add": ["SETUID", "SETGID"],
        "security_opt": ["no-new-privileges", f"seccomp={seccomp_profile()}"],
        "pids_limit": PIDS,
        "mem_limit": memory,
        "memswap_limit": memory,
        "oom_kill_disable": False,
        "log_config": {"type": "none"},
        "auto_remove": True,
        "ulimits": [
            {"Name": "core", "Soft": 0, "Hard": 0},
            {"Name": "nofile", "Soft": MOST_OPEN_FILES, "Hard": MOST_OPEN_FILES},
        ],
        **({"runtime": runtime} if runtime else {}),
    }
