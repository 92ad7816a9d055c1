"""Get a Docker engine on Debian or Ubuntu as root: install it, start it, wait for it. Elsewhere: say how."""

import os
import shutil
import subprocess
import time
from collections.abc import Callable
from pathlib import Path

from execfeedback.errors import SandboxMissing
from execfeedback.sandbox.engine import client, how_to_get_an_engine, machine
from execfeedback.sandbox.programs import finished

Say = Callable[[str], None]

LOG = Path("/var/log/execfeedback-dockerd.log")
PID = Path("/var/run/docker.pid")
SYSTEM_PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
WAIT_S = 60.0
APT_S = 900
WITHOUT_NETWORK = ("--bridge=none", "--iptables=false")
"""Slots have no network, so an engine that may not touch the firewall serves us as well."""
STARTED: "list[subprocess.Popen[bytes]]" = []
"""The dockerd that outlives us; a handle that is dropped before its process ends is a warning."""


def ensure_engine(say: Say) -> None:
    """An engine answers when this returns. Raises SandboxMissing with the exact remedy."""
    if answers():
        return
    here = machine()
    if here.docker_host or here.system != "Linux" or not (here.root and (here.apt or _found("dockerd"))):
        raise SandboxMissing(f"no Docker engine answers here; {how_to_get_an_engine(here)}")
    if _found("dockerd") is None:
        install(("docker.io",), say)
    if not answers():
        start(say)


def answers() -> bool:
    """An engine answers this user."""
    try:
        client(timeout_s=10).close()
    except SandboxMissing:
        return False
    return True


def install(packages: tuple[str, ...], say: Say) -> None:
    """`apt-get install`, with lists that are refreshed first. Raises SandboxMissing with apt's last words."""
    say(f"installing {', '.join(packages)} with apt-get")
    environment = {**os.environ, "PATH": SYSTEM_PATH, "DEBIAN_FRONTEND": "noninteractive"}
    for argv in (["apt-get", "update", "-q"], ["apt-get", "install", "-q", "-y", *packages]):
        ended = finished(argv, APT_S, environment)
    if ended.code != 0:
        raise SandboxMissing(f"apt-get could not install {', '.join(packages)}:\n{ended.last_words()}")


def start(say: Say) -> None:
    """Start dockerd and wait until it answers, by the service manager where there is one, else detached."""
    if Path("/run/systemd/system").is_dir():
        say("starting the Docker engine with systemctl")
        finished(["systemctl", "start", "docker"], WAIT_S)
        return _wait(None, "see: journalctl -u docker")
    if PID.exists() and _is_dockerd(PID.read_text().strip()):
        return _wait(None, "dockerd runs and does not answer; end it and try again")
    PID.unlink(missing_ok=True)
    _mount_cgroups()
    try:
        _start_detached((), say)
    except SandboxMissing:
        say("dockerd ended; trying once more without a network of its own")
        _start_detached(WITHOUT_NETWORK, say)
    return None


def _start_detached(options: tuple[str, ...], say: Say) -> None:
    """dockerd in a session of its own, holding none of our streams, so that no script waits for it."""
    program = _found("dockerd") or "dockerd"
    with LOG.open("ab") as log:
        process = subprocess.Popen(
            [program, *options],
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            start_new_session=True,
            cwd="/",
            env={**os.environ, "PATH": SYSTEM_PATH},
        )
    STARTED.append(process)
    say(f"started dockerd, process {process.pid}, log {LOG}")
    _wait(process, f"see its log: {LOG}")


def _wait(process: "subprocess.Popen[bytes] | None", where_to_look: str) -> None:
    end = time.monotonic() + WAIT_S
    while time.monotonic() < end:
        if answers():
            return
        if process is not None and process.poll() is not None:
            raise SandboxMissing(f"dockerd ended with {process.returncode}; {where_to_look}\n{_last_words()}")
        time.sleep(0.25)
    raise SandboxMissing(f"dockerd did not answer within {WAIT_S:.0f} s; {where_to_look}")


def _last_words() -> str:
    return LOG.read_text(errors="replace")[-600:].strip() if LOG.exists() else ""


def _mount_cgroups() -> None:
    """Machines without a service manager may not have mounted them; Debian has a program that does."""
    if (program := _found("cgroupfs-mount")) and not any(Path("/sys/fs/cgroup").iterdir()):
        finished([program], WAIT_S)


def _is_dockerd(pid: str) -> bool:
    """dockerd refuses to start while the number in its pid file is alive, whoever has that number now."""
    name = Path("/proc") / pid / "comm"
    return pid.isdigit() and name.exists() and name.read_text().strip() == "dockerd"


def _found(program: str) -> str | None:
    return shutil.which(program, path=f"{os.environ.get('PATH', '')}:{SYSTEM_PATH}")
