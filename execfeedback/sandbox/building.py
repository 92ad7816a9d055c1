"""Building one layer of an image from files of the host, with the one Dockerfile and no network."""

import fcntl
import os
import tarfile
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import IO, TYPE_CHECKING

import execfeedback
from execfeedback.errors import InputError
from execfeedback.ids import digest
from execfeedback.sandbox.engine import engine_errors

if TYPE_CHECKING:
    import docker

BUILD_S = 1800
SKIPPED = {"__pycache__", ".DS_Store"}


def sandboxes_folder() -> Path:
    """What goes into the images: beside the package in a source tree, inside it in a wheel."""
    package = Path(execfeedback.__file__).resolve().parent
    for folder in (package / "_sandboxes", package.parent / "sandboxes"):
        if (folder / "Dockerfile").exists():
            return folder
    raise InputError(f"{package}: the folder `sandboxes` is missing; install execfeedback again")


def files_in(folder: Path) -> list[Path]:
    """All files below the folder but byte code, sorted."""
    return sorted(
        path for path in folder.rglob("*") if path.is_file() and not SKIPPED.intersection(path.parts)
    )


def tree_digest(folder: Path) -> str:
    """Digest of names and contents below the folder."""
    return digest([[str(path.relative_to(folder)), path.read_bytes().hex()] for path in files_in(folder)])


@contextmanager
def one_builder() -> Iterator[None]:
    """Of all processes of this user, one is inside at a time; the lock ends with its process."""
    cache = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "execfeedback"
    cache.mkdir(parents=True, exist_ok=True)
    with (cache / "images.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def build(
    client: "docker.DockerClient",
    *,
    tag: str,
    base: str,
    tree: Mapping[str, Path],
    compiled: str,
    labels: dict[str, str],
    setup: tuple[str, ...] = (),
) -> None:
    """Put `tree` (path in the image -> file or folder here) over `base`. `compiled`: folders to compile; `setup`: shell lines.

    Raises SandboxError with the engine's words; nothing is tagged then.
    """
    arguments = {"COMPILE": compiled, "SETUP": "\n".join(setup) or ":"}
    build_layer(client, tag=tag, base=base, tree=tree, arguments=arguments, labels=labels)


def build_layer(
    client: "docker.DockerClient",
    *,
    tag: str,
    base: str,
    tree: Mapping[str, Path],
    arguments: dict[str, str],
    labels: dict[str, str],
    recipe: str = "Dockerfile",
    network: str = "none",
) -> None:
    """One run of a recipe of `sandboxes/` with `tree` over `base`. Raises as `build` does."""
    with tempfile.TemporaryFile() as context, engine_errors(f"building {tag}"):
        _write_context(context, tree, recipe)
        client.images.build(
            fileobj=context,
            custom_context=True,
            tag=tag,
            buildargs={"BASE": base, **arguments},
            labels=labels,
            network_mode=network,
            rm=True,
            forcerm=True,
            timeout=BUILD_S,
        )


def _write_context(context: IO[bytes], tree: Mapping[str, Path], recipe: str = "Dockerfile") -> None:
    with tarfile.open(fileobj=context, mode="w") as archive:
        archive.add(sandboxes_folder() / recipe, "Dockerfile", filter=plain)
        archive.addfile(_folder("tree"))
        for inside, here in sorted(tree.items()):
            archive.add(here, f"tree/{inside}", filter=plain)
    context.seek(0)


def _folder(name: str) -> tarfile.TarInfo:
    entry = tarfile.TarInfo(name)
    entry.type, entry.mode = tarfile.DIRTYPE, 0o755
    return entry


def plain(entry: tarfile.TarInfo) -> tarfile.TarInfo | None:
    """The entry as it has to be on every machine: root's, dated zero, readable by all; None for byte code."""
    if SKIPPED.intersection(Path(entry.name).parts):
        return None
    entry.uid = entry.gid = entry.mtime = 0
    entry.uname = entry.gname = "root"
    entry.mode = 0o755 if entry.isdir() or entry.mode & 0o100 else 0o644
    return entry
