"""One slot on this machine: the keeper as our child process, and the stream to the supervisor that it starts."""

import json
import os
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress

from execfeedback.errors import SandboxError, SlotLost
from execfeedback.sandbox import wire
from execfeedback.sandbox.local_plan import UIDS_PER_SLOT, LocalPlan, launcher
from execfeedback.sandbox.local_uids import Claim
from execfeedback.sandbox.pool import GRACE_S
from execfeedback.types import Execution

GREETING_S = 60.0
LEAVING_S = 15.0
OUT_OF_MEMORY = 77
"""The keeper's exit status when the kernel has killed for memory in its slot."""


class LocalSlot:
    """A keeper, a supervisor and its zygotes. Methods block; each slot is used by one thread at a time."""

    def __init__(self, plan: LocalPlan, environment: str, image: str, number: int, claim: Claim) -> None:
        self.environment, self.image, self.number = environment, image, number
        self.claim, self.inbox = claim, bytearray()
        self.errors = tempfile.TemporaryFile()  # noqa: SIM115 (it lives as long as the slot)
        self.stream, theirs = socket.socketpair()
        with theirs, starting(claim):
            self.process = subprocess.Popen(
                [plan.python, "-I", "-S", "-B", launcher(), "keep", told(plan, claim.first, number)],
                stdin=theirs.fileno(),
                stdout=theirs.fileno(),
                stderr=self.errors,
                env={"LANG": "C.UTF-8"},
                cwd="/",
                start_new_session=True,
                pass_fds=(claim.held.fileno(),),
            )
        try:
            greeting = json.loads(self.read_frame(b"H", time.monotonic() + GREETING_S))
        except BaseException:
            self.remove()
            raise
        self.language_version = str(greeting["language_version"])

    def run(self, frame: bytes, allowed_s: float) -> Execution:
        """Send one job and wait for its measurement; raises SlotLost when the slot ends or stays silent."""
        try:
            self.stream.settimeout(GRACE_S)
            self.stream.sendall(frame)
        except OSError as error:
            raise SlotLost(f"the slot does not take a job: {error}; {self.said()}") from error
        payload = self.read_frame(b"R", time.monotonic() + allowed_s, wire.SILENCE_S)
        return wire.decode_execution(payload, environment=self.image, language_version=self.language_version)

    def read_frame(self, wanted: bytes, until: float, silence_s: float = GREETING_S) -> bytes:
        kind, size = wire.BEAT
        while (kind, size) == wire.BEAT:
            heard = min(until, time.monotonic() + silence_s)
            kind, size = wire.HEADER.unpack(self.read(wire.HEADER.size, heard))
        if kind != wanted or size > wire.LARGEST:
            raise SlotLost(f"unexpected frame {kind!r} of {size} bytes from the supervisor")
        return self.read(size, until)

    def read(self, size: int, until: float) -> bytes:
        while len(self.inbox) < size:
            self.stream.settimeout(max(0.01, until - time.monotonic()))
            try:
                part = self.stream.recv(1 << 16)
            except TimeoutError:
                raise SlotLost("the slot did not answer in time") from None
            except OSError as error:
                raise SlotLost(f"the stream to the slot broke: {error}") from error
            if not part:
                raise SlotLost(f"the slot ended: {self.said()}")
            self.inbox += part
        data = bytes(self.inbox[:size])
        del self.inbox[:size]
        return data

    def said(self) -> str:
        """The last words of keeper and supervisor."""
        with suppress(subprocess.TimeoutExpired):
            self.process.wait(1)
        self.errors.seek(0)
        return self.errors.read().decode("utf-8", "replace").strip()[-600:]

    def was_out_of_memory(self) -> bool:
        with suppress(subprocess.TimeoutExpired):
            return int(self.process.wait(LEAVING_S)) == OUT_OF_MEMORY
        return False

    def kill(self) -> None:
        """Tell the keeper to end the slot; whoever listens hears the end of the stream."""
        self.process.terminate()

    def remove(self) -> None:
        """End the slot and wait until its keeper has taken everything away."""
        self.process.terminate()
        try:
            self.process.wait(LEAVING_S)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
        self.stream.close()
        self.errors.close()
        self.claim.close()


@contextmanager
def starting(claim: Claim) -> Iterator[None]:
    """A keeper that cannot be started is our fault."""
    try:
        yield
    except OSError as error:
        claim.close()
        raise SandboxError(f"a slot cannot be started: {error}") from error


def told(plan: LocalPlan, first_uid: int, number: int) -> str:
    """The plan as the keeper takes it."""
    folder = f"{tempfile.gettempdir()}/sandbox-slot-{os.getpid()}-{os.urandom(8).hex()}"
    own = {
        "uids": (first_uid, UIDS_PER_SLOT),
        "number": number,
        "host": os.getpid(),
        "folder": folder if plan.folder else None,
    }
    return json.dumps(plan.model_dump(exclude={"packages", "problems", "found"}) | own)
