"""Containers that a killed host process left behind. A label says whose they are; a dead owner's are removed.

A label is `PID:START:HOST:BOOT`: the start of the process, in clock ticks since boot, tells a reused number
apart, and the boot id one from before a restart. Of a process on another host nothing is known: it may live.
"""

import os
import socket
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from execfeedback.sandbox.engine import engine_errors

if TYPE_CHECKING:
    import docker

SLOT = "execfeedback=slot"
OWNER = "execfeedback.owner"
UNKNOWN = "0"


def owner_label() -> str:
    """Names this process, as no other process on any machine is named."""
    return f"{os.getpid()}:{_start(os.getpid()) or UNKNOWN}:{_host()}:{_boot()}"


def is_alive(label: str) -> bool:
    """The process that the label names may still live. False only where it is sure that it does not."""
    pid, start, host, boot = (label.split(":", 3) + [""] * 4)[:4]
    if host != _host() or not pid.isdigit():
        return True
    if boot != _boot():
        return False
    if start == UNKNOWN:
        return _answers(int(pid))
    return _start(int(pid)) == start


def remove_leftovers(client: "docker.DockerClient", *, everything: bool = False) -> list[str]:
    """Remove slots whose owner is gone (`everything`: all slots). Returns the names of the removed ones."""
    with engine_errors("looking for containers that were left behind"):
        slots = client.api.containers(all=True, filters={"label": SLOT})
    dead = [slot for slot in slots if everything or not is_alive(slot["Labels"].get(OWNER, ""))]
    return [_name(slot) for slot in dead if _remove(client, slot["Id"])]


def leftovers(client: "docker.DockerClient") -> list[str]:
    """Names of slots whose owner is gone."""
    with engine_errors("looking for containers that were left behind"):
        slots = client.api.containers(all=True, filters={"label": SLOT})
    return [_name(slot) for slot in slots if not is_alive(slot["Labels"].get(OWNER, ""))]


def _name(slot: dict[str, Any]) -> str:
    return str((slot.get("Names") or [slot["Id"][:12]])[0]).lstrip("/")


def _remove(client: "docker.DockerClient", container: str) -> bool:
    """False when somebody else was quicker: it is gone, or going."""
    import docker

    with engine_errors("removing a container that was left behind"):
        try:
            client.api.remove_container(container, force=True, v=True)
        except docker.errors.NotFound:
            return False
        except docker.errors.APIError as error:
            if error.status_code != 409:
                raise
            return False
    return True


def _start(pid: int) -> str | None:
    """Field 22 of /proc/PID/stat (the second may hold spaces and brackets). None when it does not live."""
    try:
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except OSError:
        return None
    return None if fields[0] in "ZX" else fields[19]


def _answers(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True


@cache
def _host() -> str:
    return socket.gethostname()


@cache
def _boot() -> str:
    path = Path("/proc/sys/kernel/random/boot_id")
    return path.read_text().strip() if path.exists() else ""
