"""Python packages for an image, fetched on the host with its pip, so that building an image needs no network.

A lock is requirements text with a version and hashes for every package; only locks go into images.
"""

import hashlib
import re
import sys
from collections.abc import Callable, Iterable
from pathlib import Path

from execfeedback.errors import InputError, SandboxMissing
from execfeedback.sandbox.programs import finished

Say = Callable[[str], None]

PYTHON = "3.13"
SITE = "opt/execfeedback/site"
MACHINES = {"amd64": "x86_64", "arm64": "aarch64"}
NEWEST_GLIBC = 41
"""Of Debian 13: wheels for glibc 2.17 to 2.41 run there."""
SITE_FOLDERS = ("dist-packages", "site-packages")
PIP_S = 1800


def platform_options(architecture: str) -> list[str]:
    """pip's options for wheels that the image's Python runs. `architecture` as the engine names it."""
    machine = MACHINES.get(architecture)
    if machine is None:
        raise SandboxMissing(
            f"no image is known for {architecture}; use an engine on {' or '.join(MACHINES)}"
        )
    tags = [f"manylinux_2_{minor}_{machine}" for minor in range(NEWEST_GLIBC, 16, -1)]
    tags += [f"manylinux2014_{machine}", f"linux_{machine}"]
    platforms = [word for tag in tags for word in ("--platform", tag)]
    return [*platforms, "--only-binary=:all:", "--python-version", PYTHON, "--implementation", "cp"]


def names(requirements: str) -> set[str]:
    """Normalised names of the packages that the lines of a requirements text ask for."""
    found = (re.match(r"[A-Za-z0-9][A-Za-z0-9._-]*", line) for line in requirements.splitlines())
    return {normal(match.group()) for match in found if match}


def normal(name: str) -> str:
    """The name as package indexes compare it (PEP 503)."""
    return re.sub(r"[-_.]+", "-", name).lower()


def without(lock: str, theirs: set[str]) -> str:
    """The lock less the packages that somebody names a version of himself, and less its hashes."""
    pins = (line.removesuffix("\\").strip() for line in lock.splitlines() if "==" in line)
    return "".join(f"{pin}\n" for pin in pins if normal(pin.partition("==")[0]) not in theirs)


def resolve(requirements: Path, ours: str, architecture: str, work: Path, say: Say) -> str:
    """Fetch what `requirements` and our own lock ask for together. Returns their lock for this architecture.

    Raises InputError with pip's words when they do not fit together, or are not to be had as wheels.
    """
    if "--hash" in (text := requirements.read_text()):
        raise InputError(
            f"{requirements}: leave the hashes out; the image records the ones that it was built with"
        )
    pins = work / "pins.txt"
    pins.write_text(without(ours, names(text)))
    wheels = work / "wheels"
    say(f"resolving {requirements}")
    options = [
        "--dest",
        str(wheels),
        *platform_options(architecture),
        "-r",
        str(requirements),
        "-r",
        str(pins),
    ]
    if problem := _pip(["download", *options]):
        raise InputError(
            f"{requirements}: pip cannot resolve it for Python {PYTHON} in the image:\n{problem}"
        )
    return lock_of(wheels.iterdir())


def lock_of(wheels: Iterable[Path]) -> str:
    """Wheel files -> requirements text with their versions and hashes, sorted by name."""
    hashes: dict[str, list[str]] = {}
    for wheel in wheels:
        name, version = wheel.name.split("-")[:2]
        digest = hashlib.sha256(wheel.read_bytes()).hexdigest()
        hashes.setdefault(f"{normal(name)}=={version}", []).append(digest)
    return "".join(
        f"{pin}" + "".join(f" \\\n    --hash=sha256:{digest}" for digest in sorted(set(digests))) + "\n"
        for pin, digests in sorted(hashes.items())
    )


def unpack(lock: str, architecture: str, work: Path, say: Say) -> Path:
    """Install what the lock names into a tree that goes over an image's root. Returns the tree.

    Raises SandboxMissing with pip's words. pip would hold the packages against its own Python, not the
    image's: hence `--ignore-requires-python`.
    """
    tree, pinned = work / "tree", work / "lock.txt"
    pinned.write_text(lock)
    say(f"fetching {len(names(lock))} packages for the image")
    options = ["--target", str(tree / SITE), "--no-deps", "--require-hashes", "--no-compile"]
    options += ["--ignore-requires-python", *platform_options(architecture), "-r", str(pinned)]
    if problem := _pip(["install", *options]):
        raise SandboxMissing(f"pip could not fetch the packages of the image:\n{problem}")
    _place_programs(tree)
    _announce_site(tree)
    return tree


def _pip(arguments: list[str]) -> str | None:
    """Run this interpreter's pip. None when it went well, else its errors (or the end of what it said)."""
    quiet = ["--quiet", "--no-input", "--disable-pip-version-check"]
    ended = finished([sys.executable, "-m", "pip", arguments[0], *quiet, *arguments[1:]], PIP_S)
    if ended.code == 0:
        return None
    errors = [line for line in ended.output.splitlines() if line.startswith("ERROR")]
    return "\n".join(errors)[:1200] or ended.last_words()


def _place_programs(tree: Path) -> None:
    """Native programs go on PATH. Scripts name the host's Python in their first line: they go away."""
    scripts, programs = tree / SITE / "bin", tree / "usr/local/bin"
    programs.mkdir(parents=True)
    for script in sorted(scripts.iterdir()) if scripts.exists() else ():
        if script.read_bytes()[:4] == b"\x7fELF":
            script.rename(programs / script.name)
        else:
            script.unlink()
    if scripts.exists():
        scripts.rmdir()


def _announce_site(tree: Path) -> None:
    """A plain `python3` in the image finds the packages as well, Debian's and the official one."""
    for folder in SITE_FOLDERS:
        place = tree / f"usr/local/lib/python{PYTHON}" / folder
        place.mkdir(parents=True)
        (place / "execfeedback.pth").write_text(f"/{SITE}\n")
