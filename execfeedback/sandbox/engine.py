"""The Docker engine: the one place that opens a client, and the words for what is wrong when there is none.

Engine errors are mapped so: no engine, no image, no permission -> SandboxMissing (retrying does not help);
everything else that the engine or the connection to it does -> SandboxError (retrying may).
"""

import os
import platform
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from execfeedback.errors import EngineMissing, SandboxError, SandboxMissing
from execfeedback.types import Value

if TYPE_CHECKING:
    import docker

TIMEOUT_S = 60
SETUP = "python -m execfeedback.setup_machine"


class Machine(Value):
    """What decides how an engine is had here."""

    system: str
    """`Linux`, `Darwin`, `Windows`."""
    root: bool
    apt: bool
    """Debian, Ubuntu and their like."""
    docker_host: str | None
    """The engine that the user named in DOCKER_HOST."""


class EngineFacts(Value):
    version: str
    api: str
    os: str
    architecture: str
    """As the engine names it: `amd64`, `arm64`."""
    kernel: str
    cgroup_version: str
    storage_driver: str
    security: tuple[str, ...]
    """`seccomp`, `apparmor`, `rootless`, `userns`, ..."""
    runtimes: tuple[str, ...]
    cpus: int
    memory_mb: int
    memory_limit: bool
    """Whether the kernel lets the engine limit memory, the number of processes, CPU time."""
    pids_limit: bool
    cpu_limit: bool

    def limits(self) -> str:
        """Names of what can be limited."""
        granted = {"memory": self.memory_limit, "pids": self.pids_limit, "cpu": self.cpu_limit}
        return " ".join(name for name, is_granted in granted.items() if is_granted) or "none"


def machine() -> Machine:
    """The machine that we run on."""
    return Machine(
        system=platform.system(),
        root=hasattr(os, "geteuid") and os.geteuid() == 0,
        apt=any((Path(folder) / "apt-get").exists() for folder in ("/usr/bin", "/bin")),
        docker_host=os.environ.get("DOCKER_HOST") or None,
    )


def how_to_get_an_engine(here: Machine) -> str:
    """The exact words of what to do where no engine answers."""
    if here.docker_host:
        return f"start the engine at {here.docker_host}, or unset DOCKER_HOST"
    if here.system == "Darwin":
        return "install Docker Desktop or Colima, start it, and try again"
    if here.system != "Linux":
        return "install Docker Desktop, start it, and run this inside its Linux (WSL 2)"
    if here.apt and here.root:
        return f"run: {SETUP}   (installs docker.io and starts dockerd)"
    if here.apt:
        return (
            "as root, run: apt-get install -y docker.io debootstrap debian-archive-keyring"
            " && systemctl start docker && usermod -aG docker $USER   then log in again"
        )
    return "install Docker Engine with the package manager of this system, start it, and try again"


def how_to_be_allowed(socket: str) -> str:
    """The words for an engine that is there and refuses this user."""
    return f"this user may not open {socket}; as root, run: usermod -aG docker $USER   then log in again"


def sockets() -> list[Path]:
    """Where an engine listens without DOCKER_HOST: the system's, a rootless one, Docker Desktop's."""
    found = [Path("/var/run/docker.sock")]
    if runtime := os.environ.get("XDG_RUNTIME_DIR"):
        found.append(Path(runtime) / "docker.sock")
    return [*found, Path.home() / ".docker" / "run" / "docker.sock"]


def address() -> str | None:
    """DOCKER_HOST, else the first socket that exists, else None."""
    if named := os.environ.get("DOCKER_HOST"):
        return named
    return next((f"unix://{path}" for path in sockets() if path.exists()), None)


def client(timeout_s: int = TIMEOUT_S) -> "docker.DockerClient":
    """An open client of an engine that answered. Raises EngineMissing with the remedy."""
    here, where = machine(), address()
    if where is None:
        raise EngineMissing(f"there is no Docker engine on this machine; {how_to_get_an_engine(here)}")
    try:
        if where.startswith("unix://"):
            _knock(where.removeprefix("unix://"), timeout_s)
        return _answering(where, timeout_s)
    except PermissionError as error:
        raise EngineMissing(how_to_be_allowed(where)) from error
    except SandboxError as error:
        raise EngineMissing(f"{error}; {how_to_get_an_engine(here)}") from error
    except OSError as error:
        remedy = how_to_get_an_engine(here)
        raise EngineMissing(f"no Docker engine answers at {where} ({error.strerror}); {remedy}") from error


def _knock(path: str, timeout_s: int) -> None:
    """Raises OSError with the plain reason, which docker-py would bury (and its socket with it)."""
    with socket.socket(socket.AF_UNIX) as door:
        door.settimeout(timeout_s)
        door.connect(path)


def _answering(where: str, timeout_s: int) -> "docker.DockerClient":
    import docker

    with engine_errors(f"no Docker engine answers at {where}"):
        opened = docker.from_env(environment={**os.environ, "DOCKER_HOST": where}, timeout=timeout_s)
        opened.ping()
    return opened


@contextmanager
def engine_errors(doing: str) -> Iterator[None]:
    """Turn what docker-py, requests and the socket raise into our errors. `doing` starts the message."""
    import docker
    import requests

    try:
        yield
    except docker.errors.ImageNotFound as error:
        raise SandboxMissing(f"{doing}: {error.explanation or error}") from error
    except (docker.errors.DockerException, requests.exceptions.RequestException, OSError) as error:
        raise SandboxError(f"{doing}: {error}") from error


def facts(opened: "docker.DockerClient") -> EngineFacts:
    """What the engine says about itself. Raises SandboxError when it stops answering."""
    with engine_errors("asking the Docker engine about itself"):
        version, info = opened.version(), opened.info()
    return EngineFacts(
        version=version["Version"],
        api=version["ApiVersion"],
        os=info.get("OperatingSystem", ""),
        architecture=version["Arch"],
        kernel=info.get("KernelVersion", ""),
        cgroup_version=str(info.get("CgroupVersion", "1")),
        storage_driver=info.get("Driver", ""),
        security=tuple(_security_name(option) for option in info.get("SecurityOptions") or ()),
        runtimes=tuple(sorted(info.get("Runtimes") or ())),
        cpus=int(info.get("NCPU", 0)),
        memory_mb=int(info.get("MemTotal", 0)) // 2**20,
        memory_limit=bool(info.get("MemoryLimit")),
        pids_limit=bool(info.get("PidsLimit")),
        cpu_limit=bool(info.get("CpuCfsQuota") or info.get("CPUCfsQuota")),
    )


def check_runtime(opened: "docker.DockerClient", name: str) -> None:
    """Raises SandboxMissing, naming those that the engine has, when this one is not among them."""
    offered = facts(opened).runtimes
    if name not in offered:
        has = ", ".join(offered) or "none that it names"
        raise SandboxMissing(f"the Docker engine has no runtime {name!r}; it has: {has}")


def _security_name(option: str) -> str:
    """`name=seccomp,profile=default` -> `seccomp`; with the profile `unconfined` -> `seccomp=unconfined`."""
    fields = dict(part.partition("=")[::2] for part in option.split(","))
    name, profile = fields.get("name", option), fields.get("profile", "")
    return f"{name}=unconfined" if profile == "unconfined" else name
