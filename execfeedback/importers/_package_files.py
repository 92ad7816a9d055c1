"""Files of problem packages: below a folder, or in a .zip that is never unpacked to disk.

Packages are other people's: what is read is bounded, and nothing outside of a package is, wherever its links point.
"""

import os
import stat
import zipfile
import zlib
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path, PurePosixPath
from typing import NamedTuple

from execfeedback.errors import InputError

SETTINGS = "problem.yaml"
MOST_FILES = 100_000
MOST_BYTES = 48 << 20
"""Of one file; a slot takes no larger input."""
READ = {
    *(SETTINGS, ".timelimit"),
    *(
        "data",
        "include",
        "output_validator",
        "output_validators",
        "problem_statement",
        "statement",
        "submissions",
    ),
}
"""What of a package is read; links elsewhere are none of our business."""


class Entry(NamedTuple):
    """One file of a package."""

    size: int
    read: Callable[[], bytes]


class Package(NamedTuple):
    """A problem package: its folder's name, how messages call it, and its files by their paths in it."""

    name: str
    place: str
    files: dict[str, Entry]

    def content(self, path: str) -> bytes:
        """Raises InputError for a file that is too large, or cannot be read."""
        entry = self.files[path]
        if entry.size > MOST_BYTES:
            raise InputError(f"{self.place}/{path}: is larger than {MOST_BYTES >> 20} MB; make it smaller")
        return entry.read()

    def text(self, path: str) -> str:
        """Raises InputError as well for what is not UTF-8."""
        try:
            return self.content(path).decode()
        except UnicodeDecodeError as error:
            raise InputError(
                f"{self.place}/{path}: is not UTF-8 (byte {error.start + 1}); convert it"
            ) from None

    def below(self, *folders: str) -> list[str]:
        """Paths below these folders, in the order of the folders, then of the names; what is hidden is not there."""
        return [path for folder in folders for path in self._below(PurePosixPath(folder).parts)]

    def _below(self, folder: tuple[str, ...]) -> list[str]:
        found = (PurePosixPath(path) for path in self.files)
        inside = [one for one in found if one.parts[: len(folder)] == folder and not _hidden(one)]
        return [str(one) for one in sorted(inside, key=lambda one: one.parts)]


def packages(path: Path) -> Iterator[Package]:
    """The package that `path` is, or those that it holds. Raises InputError where there is none."""
    if not path.exists():
        raise InputError(f"{path}: no such file or folder")
    found = False
    for package in _in_folder(path) if path.is_dir() else _in_archive(path):
        found = True
        yield package
    if not found:
        raise InputError(
            f"{path}: holds no {SETTINGS}; name a problem package (folder or .zip) or a folder of them"
        )


def _hidden(path: PurePosixPath) -> bool:
    return any(part.startswith(".") or part == "__MACOSX" for part in path.parts)


# ---- folders -----------------------------------------------------------------------------------------------------


def _in_folder(root: Path) -> Iterator[Package]:
    for at, folders, names in os.walk(root):
        here = Path(at)
        folders[:] = sorted(name for name in folders if not name.startswith("."))
        if SETTINGS in names:
            folders.clear()
            yield Package(here.resolve().name, str(here), _listed(here))
        else:
            for name in sorted(name for name in names if name.endswith(".zip")):
                yield from _in_archive(here / name)


def _listed(root: Path) -> dict[str, Entry]:
    """The files below a folder that are read, by their paths in it."""
    found: dict[str, Entry] = {}
    for at, folders, names in os.walk(root):
        for path in (Path(at, name) for name in (*folders, *names)):
            inner = path.relative_to(root)
            if path.is_symlink() and inner.parts[0] in READ:
                _check_link(path, root)
            if inner.parts[0] in READ and path.is_file():
                found[inner.as_posix()] = Entry(path.stat().st_size, partial(_read, path))
        if len(found) > MOST_FILES:
            raise InputError(f"{root}: holds more than {MOST_FILES} files; import its parts")
    return found


def _check_link(path: Path, root: Path) -> None:
    if path.is_dir():
        raise InputError(f"{path}: is a link to a folder; put a copy in its place")
    if not path.resolve().is_relative_to(root.resolve()):
        raise InputError(f"{path}: is a link out of the package; put a copy in its place")


def _read(path: Path) -> bytes:
    try:
        with path.open("rb") as file:
            return file.read(MOST_BYTES)
    except OSError as error:
        raise InputError(f"{path}: cannot be read: {error.strerror or error}") from None


# ---- archives ----------------------------------------------------------------------------------------------------


def _in_archive(path: Path) -> Iterator[Package]:
    try:
        with zipfile.ZipFile(path) as archive:
            members = _members(archive, path)
            for root in _roots(members):
                inner = {name.relative_to(root).as_posix(): name for name in members if root in name.parents}
                files = {key: _entry(archive, members[name], path) for key, name in inner.items()}
                yield Package(root.name or path.stem, f"{path}/{root}".removesuffix("/."), files)
    except (zipfile.BadZipFile, OSError) as error:
        raise InputError(f"{path}: is no .zip that can be read: {error}") from None


def _members(archive: zipfile.ZipFile, path: Path) -> dict[PurePosixPath, zipfile.ZipInfo]:
    plain = [member for member in archive.infolist() if not member.is_dir()]
    if len(plain) > MOST_FILES:
        raise InputError(f"{path}: holds more than {MOST_FILES} files; import its parts")
    members = {PurePosixPath(member.filename): member for member in plain}
    for name in members:
        if name.is_absolute() or ".." in name.parts:
            raise InputError(f"{path}: the path {str(name)!r} leaves the archive; pack it again")
    return members


def _roots(members: dict[PurePosixPath, zipfile.ZipInfo]) -> list[PurePosixPath]:
    """Folders of packages that are not inside of another package."""
    found = sorted({name.parent for name in members if name.name == SETTINGS and not _hidden(name)})
    return [root for root in found if not set(root.parents) & set(found)]


def _entry(archive: zipfile.ZipFile, member: zipfile.ZipInfo, path: Path) -> Entry:
    return Entry(member.file_size, partial(_unpacked, archive, member, path))


def _unpacked(archive: zipfile.ZipFile, member: zipfile.ZipInfo, path: Path) -> bytes:
    """Never more than the archive says that it is: that much was checked."""
    if stat.S_ISLNK(member.external_attr >> 16):
        raise InputError(f"{path}/{member.filename}: is a link; put a copy in its place")
    try:
        with archive.open(member) as file:
            return file.read(member.file_size)
    except (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError, RuntimeError) as error:
        raise InputError(f"{path}/{member.filename}: cannot be unpacked: {error}") from None
