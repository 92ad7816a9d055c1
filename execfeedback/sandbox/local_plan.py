"""What this machine grants a slot that no container stands around, and what a slot here will be like."""

import json
import resource
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

from execfeedback.errors import SandboxMissing
from execfeedback.ids import digest
from execfeedback.sandbox.building import sandboxes_folder, tree_digest
from execfeedback.sandbox.programs import finished
from execfeedback.types import Value

FIRST_UID, LAST_UID = 50_000, 60_000
"""Beyond those of people, below those that systemd hands out; containers of ours take others."""
UIDS_PER_SLOT = 64
RESERVE_MB = 512
PIDS = 512
PROBE_S = 60.0
CLOSED = "closed but for what programs need"


class LocalPlan(Value):
    """What was granted when it was tried; a slot is started with all of it, or not at all."""

    python: str
    version: str
    site: tuple[str, ...]
    bin: tuple[str, ...]
    readable: tuple[str, ...]
    packages: tuple[str, ...]
    supervisor: str
    namespaces: tuple[str, ...]
    landlock: int
    """Version of the kernel's interface; 0 without it."""
    cgroup: bool
    found: tuple[str, ...]
    """Of the packages that tests ask for, those that the interpreter has."""
    folder: bool
    """Runs live in a folder of the machine, since the slot has no root of its own."""
    memory_mb: int
    disk_mb: int
    pids: int
    problems: tuple[tuple[str, str], ...]
    """What is missing that a slot cannot be without, each with its remedy."""

    @property
    def walled(self) -> bool:
        """The slot has a root of its own."""
        return "mount" in self.namespaces

    def environment(self) -> str:
        """Names what programs run in: interpreter, packages and supervisor, by their digest."""
        supervisor = tree_digest(Path(self.supervisor))
        return f"local/python:{digest([self.version, list(self.packages), supervisor])[:12]}"

    def wall(self) -> str:
        """One line: what stands around a slot here, and what does not."""
        spaces = f"namespaces {' '.join(self.namespaces)}" if self.namespaces else "no namespaces"
        lock = f"Landlock {self.landlock}" if self.landlock else "no Landlock"
        return f"{spaces}; {lock}; files {self.files()}; network: {self.network()}; memory {self.memory()}"

    def network(self) -> str:
        return "loopback only" if self.walled and "net" in self.namespaces else "no sockets at all"

    def memory(self) -> str:
        return "counted by a control group" if self.cgroup else "counted over processes and files"

    def files(self) -> str:
        if self.walled:
            return "of the machine hidden"
        shared = "/tmp and /dev/shm shared with this machine"
        return (
            f"{CLOSED}, {shared}" if self.landlock else f"of the machine readable as for any user, {shared}"
        )


def asked(memory_mb: int, disk_mb: int, uids: tuple[int, int], readable: Sequence[Path]) -> dict[str, object]:
    """What we want of a slot, as the launcher takes it."""
    return {
        "uids": (uids[0], UIDS_PER_SLOT),
        "memory_mb": memory_mb + RESERVE_MB,
        "disk_mb": disk_mb,
        "pids": PIDS,
        "readable": [str(path) for path in readable],
        "supervisor": str(sandboxes_folder() / "supervisor"),
    }


def probed(python: Path | None, wanted: dict[str, object]) -> LocalPlan:
    """Try everything on this machine, in about a second. Raises SandboxMissing when it cannot even be tried."""
    argv = [str(python or sys.executable), "-I", "-B", launcher(), "probe", json.dumps(wanted)]
    try:
        ended = finished(argv, PROBE_S)
    except (OSError, subprocess.TimeoutExpired) as error:
        raise SandboxMissing(cannot_be_tried(argv[0], str(error))) from error
    try:
        said = json.loads(ended.output)
        return LocalPlan.model_validate({name: said[name] for name in LocalPlan.model_fields})
    except (ValueError, KeyError) as error:
        raise SandboxMissing(cannot_be_tried(argv[0], ended.last_words(300))) from error


def cannot_be_tried(python: str, why: str) -> str:
    return f"the local sandbox cannot be tried with {python}: {why}; name a Python 3.11 or newer with sandbox.python"


def launcher() -> str:
    """The program that starts slots: `sandboxes/local`."""
    return str(sandboxes_folder() / "local")


def offered(memory_mb: int, disk_mb: int) -> dict[str, int]:
    """The largest limits that a job may ask for: of this process' own, no more can be given on."""
    return {
        "memory_mb": memory_mb,
        "disk_mb": disk_mb,
        "processes": within(resource.RLIMIT_NPROC, 240),
        "files": within(resource.RLIMIT_NOFILE, 4096),
    }


def within(limit: int, most: int) -> int:
    hard = resource.getrlimit(limit)[1]
    return most if hard == resource.RLIM_INFINITY else min(hard, most)
