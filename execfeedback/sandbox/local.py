"""The backend `local`: our supervisor started on this machine itself, for places where the wall already stands.

A Kubernetes pod of its own, a virtual machine, a cluster node without Docker. Slots take every right of the kernel that
is granted here (`sandboxes/local`), say on stderr which, and do not start without uids of their own, the filter on system
calls and a closed network. It is used where it is named, never instead of another backend.
"""

import sys
from collections.abc import Sequence
from pathlib import Path

from execfeedback.errors import SandboxMissing
from execfeedback.sandbox.local_plan import FIRST_UID, LAST_UID, LocalPlan, asked, offered, probed
from execfeedback.sandbox.local_slot import LocalSlot
from execfeedback.sandbox.local_uids import claim
from execfeedback.sandbox.pool import Pool

ENVIRONMENT = "python"


class Rooms:
    """Slots on this machine."""

    def __init__(
        self,
        python: Path | None,
        memory_mb: int,
        disk_mb: int,
        uids: tuple[int, int],
        readable: Sequence[Path],
    ) -> None:
        self.python, self.uids = python, uids
        self.wanted = asked(memory_mb, disk_mb, uids, readable)
        self.offered = offered(memory_mb, disk_mb)

    def open(self) -> None:
        """Raises SandboxMissing, with the remedy, where a slot would not be safe."""
        self.plan = probed(self.python, self.wanted)
        refuse(self.plan)
        self.environment = self.plan.environment()
        print(f"execfeedback: sandbox local: {self.plan.wall()}", file=sys.stderr)

    def start(self, environment: str, number: int) -> LocalSlot:
        if environment not in (ENVIRONMENT, self.environment):
            raise SandboxMissing(
                f"the local sandbox has no environment {environment!r}: it runs {self.plan.python} alone; use --sandbox docker"
            )
        return LocalSlot(self.plan, environment, self.environment, number, claim(self.uids))

    def close(self) -> None:
        """Nothing is shared by slots."""


def refuse(plan: LocalPlan) -> None:
    """Raises SandboxMissing when something is not there that a slot cannot be without."""
    if plan.problems:
        said = "; ".join(f"{what}: {remedy}" for what, remedy in plan.problems)
        raise SandboxMissing(f"the local sandbox does not start here: {said}")


class LocalSandbox(Pool):
    """A pool of `workers` slots on this machine. `python` runs the programs, and has pytest and Hypothesis; `uids` are
    [first, last) of a range that nobody else here uses; `readable` is what the interpreter reads beyond its own folders."""

    def __init__(
        self,
        workers: int = 2,
        *,
        memory_mb: int = 2048,
        disk_mb: int = 128,
        python: Path | None = None,
        uids: tuple[int, int] = (FIRST_UID, LAST_UID),
        readable: Sequence[Path] = (),
        host_slots: int | None = None,
    ) -> None:
        super().__init__(workers, Rooms(python, memory_mb, disk_mb, uids, readable), host_slots)
