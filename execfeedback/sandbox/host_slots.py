"""How many slots of one user run at one time on this machine, over all its processes.

A place is a byte of a file in /tmp, locked while a job is in a slot. The lock belongs to the open file: the kernel gives it
up when the process ends, however it ends, so nothing is ever stale. Whoever holds a place waits for nothing else, so
no two can wait for each other. Such locks are Linux'; elsewhere (Docker Desktop on a Mac) each process has its own slots,
and nothing bounds them together.
"""

import fcntl
import itertools
import os
import random
import stat
import struct
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from execfeedback.errors import SandboxError, SandboxMissing

BOUND = hasattr(fcntl, "F_OFD_SETLK")
LOOK_S = 0.002
BYTE = struct.Struct("hhqqi0q")
"""`struct flock` of fcntl(2): type, whence, start, length, process (0)."""
WITHOUT = "give us a file of our own there, or a working /tmp"


class HostSlots:
    """At most `most` places; other processes may see more or fewer, and share those that both see."""

    def __init__(self, most: int, path: Path | None = None) -> None:
        self.most, self.path = most, path or Path(f"/tmp/execfeedback-slots-{os.geteuid()}")
        self.looking = threading.Lock()

    @contextmanager
    def place(self, given_up: Callable[[], bool]) -> Iterator[None]:
        """Blocking: one place, for as long as the block runs. Raises SandboxError when `given_up()` while it waits."""
        if not BOUND:
            yield
            return
        file = self.opened()
        try:
            with self.looking:  # one thread of a process looks; the others wait without looking
                place = self.free(file, given_up)
            try:
                yield
            finally:  # not left to closing: a fork may hold the file as well
                lock(file, place, fcntl.F_UNLCK)
        finally:
            os.close(file)

    def free(self, file: int, given_up: Callable[[], bool]) -> int:
        """A place that is locked now."""
        while not given_up():
            first = random.randrange(self.most)
            for place in itertools.chain(range(first, self.most), range(first)):
                if lock(file, place, fcntl.F_WRLCK):
                    return place
            time.sleep(LOOK_S)
        raise SandboxError("the sandbox was closed while a job waited for a place on this machine")

    def opened(self) -> int:
        """The file, which nobody else may have made. Raises SandboxMissing."""
        flags = os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW | os.O_CLOEXEC
        try:
            file = os.open(self.path, flags, 0o600)
        except OSError as error:
            raise SandboxMissing(f"{self.path} cannot be opened ({error.strerror}): {WITHOUT}") from error
        found = os.fstat(file)
        if not stat.S_ISREG(found.st_mode) or found.st_uid != os.geteuid():
            os.close(file)
            raise SandboxMissing(f"{self.path} is no file of this user's: {WITHOUT}")
        return file


def lock(file: int, place: int, kind: int) -> bool:
    """Whether it could be done at once."""
    try:
        fcntl.fcntl(file, fcntl.F_OFD_SETLK, BYTE.pack(kind, os.SEEK_SET, place, 1, 0))
    except (BlockingIOError, PermissionError):
        return False
    return True


def default_most(workers: int) -> int:
    """Twice the machine's cores, and never fewer than one pool was asked to have."""
    return max(2 * (os.cpu_count() or 1), workers)
