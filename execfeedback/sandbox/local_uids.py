"""Uids that belong to one slot of this machine and to nobody else, for as long as it lives."""

import os
import pwd
import random
import socket
from pathlib import Path

from execfeedback.errors import SandboxError
from execfeedback.sandbox.local_plan import UIDS_PER_SLOT


class Claim:
    """A range of uids. The name of a socket stands for it: the kernel gives it up with the last process that holds it."""

    def __init__(self, first: int, held: socket.socket) -> None:
        self.first, self.held = first, held

    def close(self) -> None:
        self.held.close()


def claim(uids: tuple[int, int]) -> Claim:
    """A range that no slot, no user and no process of this machine has. Raises SandboxError when there is none."""
    taken = in_use()
    ranges = list(range(uids[0], uids[1] - UIDS_PER_SLOT + 1, UIDS_PER_SLOT))
    for first in random.sample(ranges, len(ranges)):
        if taken.isdisjoint(range(first, first + UIDS_PER_SLOT)) and (held := claimed(first)):
            return Claim(first, held)
    raise SandboxError(
        f"every range of {UIDS_PER_SLOT} uids in {uids[0]}-{uids[1]} is in use; widen sandbox.uids"
    )


def claimed(first: int) -> socket.socket | None:
    held = socket.socket(socket.AF_UNIX)
    try:
        held.bind(f"\0execfeedback-uids-{first}")
    except OSError:
        held.close()
        return None
    return held


def in_use() -> set[int]:
    """Uids of people and of processes."""
    found = {person.pw_uid for person in pwd.getpwall()}
    for path in Path("/proc").iterdir():
        if path.name.isdigit():
            try:
                found.add(os.stat(path).st_uid)
            except FileNotFoundError:
                continue
    return found
