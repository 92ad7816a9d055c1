"""A root file system of Debian 13 by `debootstrap`, for `docker import`. Needs root on Debian or Ubuntu."""

import os
import shutil
import tarfile
import tempfile
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from execfeedback.errors import SandboxMissing
from execfeedback.ids import digest
from execfeedback.sandbox.engine import machine
from execfeedback.sandbox.engine_start import SYSTEM_PATH, install
from execfeedback.sandbox.programs import finished

Say = Callable[[str], None]

SUITE = "trixie"
INCLUDE = ("python3", "ca-certificates")
KEYRING = Path("/usr/share/keyrings/debian-archive-keyring.gpg")
LIMIT_S = 1200
ROOMY = "/var/tmp"
"""Not /tmp: where that is a tmpfs, it is mounted `nodev`, and debootstrap makes device files."""
NOT_NEEDED = (
    "usr/share/doc/",
    "usr/share/man/",
    "usr/share/info/",
    "usr/share/locale/",
    "usr/share/i18n/",
    "usr/share/lintian/",
    "usr/share/bash-completion/",
    "var/cache/",
    "var/lib/apt/lists/",
    "var/log/",
    "dev/",
)
SET_ID_BITS = 0o6000


@contextmanager
def root_file_system(say: Say) -> Iterator[tuple[Path, str]]:
    """A tar file of Debian, and the digest of its packages' names and versions; both gone after the block.

    Raises SandboxMissing when this machine cannot make one, with the remedy.
    """
    _require(say)
    with tempfile.TemporaryDirectory(prefix="execfeedback-base-", dir=ROOMY) as work:
        root, packed = Path(work, "root"), Path(work, "base.tar")
        _debootstrap(root, say)
        packages = _packages(root)
        _pack(root, packed)
        shutil.rmtree(root)
        yield packed, packages


def _require(say: Say) -> None:
    here = machine()
    if not (here.system == "Linux" and here.root and here.apt):
        raise SandboxMissing(
            "no container registry answered, and a base image can be built only on Debian or Ubuntu as root;"
            " connect to a registry, or build it there and bring it here with `docker save` and `docker load`"
        )
    if shutil.which("debootstrap", path=SYSTEM_PATH) is None or not KEYRING.exists():
        install(("debootstrap", "debian-archive-keyring"), say)


def _debootstrap(root: Path, say: Say) -> None:
    say(f"building the base image with debootstrap (Debian {SUITE}); this takes a minute or two, once")
    try:
        ended = finished(command(root, mirror()), LIMIT_S, environment(os.environ))
    finally:
        _unmount(root)
    if ended.code != 0:
        raise SandboxMissing(f"debootstrap ended with {ended.code}:\n{ended.last_words()}")


def _unmount(root: Path) -> None:
    """debootstrap mounts /proc and /sys; a killed one leaves them, and they must go before the folder."""
    mounted = [line.split()[1] for line in Path("/proc/self/mounts").read_text().splitlines()]
    for point in reversed([point for point in mounted if point.startswith(f"{root}/")]):
        finished(["umount", "--lazy", point], LIMIT_S, {"PATH": SYSTEM_PATH})


def environment(ours: Mapping[str, str]) -> dict[str, str]:
    """For debootstrap: built from nothing, but for the proxies by which this machine reaches its mirror."""
    proxies = {name: value for name, value in ours.items() if name.lower().endswith("_proxy")}
    return {**proxies, "PATH": SYSTEM_PATH, "LC_ALL": "C"}


def command(root: Path, mirror_url: str | None) -> list[str]:
    """What is run. Without a mirror, debootstrap uses the default that it was built with."""
    return [
        "debootstrap",
        "--variant=minbase",
        f"--include={','.join(INCLUDE)}",
        f"--keyring={KEYRING}",
        SUITE,
        str(root),
        *([mirror_url] if mirror_url else []),
    ]


def mirror() -> str | None:
    """The mirror that this machine's own apt uses, if it is one of Debian's main archive; else None."""
    asked = ["apt-get", "indextargets", "--format", "$(ORIGIN)|$(LABEL)|$(REPO_URI)", "Created-By: Packages"]
    return mirror_in(finished(asked, LIMIT_S).output)


def mirror_in(targets: str) -> str | None:
    """The first Debian archive in lines of origin|label|address."""
    for line in targets.splitlines():
        origin, label, address = [*line.split("|", 2), "", ""][:3]
        if (origin, label) == ("Debian", "Debian"):
            return address.rstrip("/")
    return None


def _packages(root: Path) -> str:
    """Digest of what is installed, so that two machines that built the same Debian name the same base."""
    text = (root / "var/lib/dpkg/status").read_text(errors="replace")
    return digest(installed(text))


def installed(status: str) -> list[str]:
    """dpkg's status file -> sorted `name version architecture` lines."""
    stanzas = [dict(_field(line) for line in stanza.splitlines()) for stanza in status.split("\n\n")]
    return sorted(
        f"{fields['Package']} {fields.get('Version', '')} {fields.get('Architecture', '')}"
        for fields in stanzas
        if "Package" in fields
    )


def _field(line: str) -> tuple[str, str]:
    name, _, value = line.partition(":")
    return name, value.strip()


def _pack(root: Path, packed: Path) -> None:
    with tarfile.open(packed, "w") as archive:
        archive.add(root, arcname=".", filter=kept)


def kept(entry: tarfile.TarInfo) -> tarfile.TarInfo | None:
    """The entry without set-uid bits; None for what no program in a slot needs (the folders stay)."""
    name = entry.name.removeprefix("./")
    if any(name.startswith(folder) for folder in NOT_NEEDED):
        return None
    entry.mode &= ~SET_ID_BITS
    return entry
