"""One writer at a time: an advisory lock on a file beside the corpus, released by the kernel however we end.

The lock is not on the corpus itself, because closing any descriptor of a database file drops the locks that
SQLite holds on it (sqlite.org/howtocorrupt.html, section 2.2).
"""

import fcntl
import os
import time
from pathlib import Path

from execfeedback.errors import InputError

_TRIES = 5
"""A reader that asks `writer_of` holds a shared lock for an instant: not a reason to give up."""


def lock_path(corpus: Path) -> Path:
    return corpus.with_name(corpus.name + ".lock")


def writer_of(corpus: Path) -> int | None:
    """Process id of the `grow` that writes this corpus now, or None."""
    try:
        descriptor = os.open(lock_path(corpus), os.O_RDONLY)
    except FileNotFoundError:
        return None
    try:
        fcntl.flock(descriptor, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return _pid(descriptor)
    finally:
        os.close(descriptor)
    return None


class WriterLock:
    """Held from construction to `release`. Raises InputError, naming the process that holds it."""

    def __init__(self, corpus: Path) -> None:
        self._path = lock_path(corpus)
        self._descriptor = _acquire(self._path, corpus)
        os.ftruncate(self._descriptor, 0)
        os.pwrite(self._descriptor, str(os.getpid()).encode(), 0)

    def release(self) -> None:
        """Remove the lock file and let go of it, in this order, so that nobody finds it unlocked."""
        self._path.unlink(missing_ok=True)
        os.close(self._descriptor)


def _acquire(path: Path, corpus: Path) -> int:
    pid = None
    for _ in range(_TRIES):
        descriptor = _opened(path, corpus)
        if _locked(descriptor) and _is_at(descriptor, path):
            return descriptor
        pid = _pid(descriptor)
        os.close(descriptor)
        time.sleep(0.05)
    raise InputError(
        f"{corpus}: process {pid or 'unknown'} is growing this corpus; wait until it ends, stop it, "
        "or give another --out"
    )


def _opened(path: Path, corpus: Path) -> int:
    try:
        return os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o644)
    except OSError as error:
        raise InputError(f"{corpus}: cannot be written ({error.strerror}); give another --out") from error


def _locked(descriptor: int) -> bool:
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def _is_at(descriptor: int, path: Path) -> bool:
    """False when its last holder removed the file between our open and our lock."""
    try:
        return os.path.samestat(os.fstat(descriptor), os.stat(path))
    except FileNotFoundError:
        return False


def _pid(descriptor: int) -> int | None:
    text = os.pread(descriptor, 32, 0).decode("ascii", "replace").strip()
    return int(text) if text.isdigit() else None
