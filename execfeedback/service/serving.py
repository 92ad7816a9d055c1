"""Listening: a socket of our own making, uvicorn over it (in an event loop of uvloop), an end that loses no answer."""

import asyncio
import errno
import fcntl
import gc
import os
import signal
import socket
import stat
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

from execfeedback.errors import InputError
from execfeedback.protocols import SandboxPool
from execfeedback.service.callers import Caller, is_loopback
from execfeedback.service.runner import Settings

if TYPE_CHECKING:
    import uvicorn

BACKLOG = 2048
KEEP_ALIVE_S = 75
"""Longer than clients keep a connection that nothing comes over, and than they are told to wait before they ask again: what is
asked on a connection that is being closed is lost."""


@contextmanager
def listening(host: str, port: int, unix: Path | None, callers: Sequence[Caller]) -> Iterator[socket.socket]:
    """A bound socket. Raises InputError where it would be open to others without a token, or cannot be had."""
    if unix is None and not callers and not is_loopback(host):
        raise InputError(f"--host {host} can be reached by others: give --token-file, or serve on 127.0.0.1")
    try:
        sock = (
            unix_socket(unix)
            if unix
            else socket.create_server((host, port), backlog=BACKLOG, reuse_port=False, **family_of(host))
        )
    except OSError as error:
        raise InputError(
            f"{unix or f'{host}:{port}'} cannot be listened on: {error.strerror or error}"
        ) from error
    if (
        unix is None
    ):  # accepted sockets inherit it; without it an answer waits 40 ms for the client's delayed ACK
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    with sock:
        yield sock
    if unix:
        with alone_in(unix.parent):
            if not is_answered(unix):  # by a service that came after this one
                unix.unlink(missing_ok=True)


def family_of(host: str) -> dict[str, Any]:
    """`::` is every address, of either family."""
    if ":" not in host:
        return {}
    both = host == "::" and socket.has_dualstack_ipv6()
    return {"family": socket.AF_INET6, "dualstack_ipv6": both}


def unix_socket(path: Path) -> socket.socket:
    """For this user alone. A file that a killed service left is replaced; one that is listened on is not."""
    with alone_in(path.parent):
        with suppress(FileNotFoundError):
            if not stat.S_ISSOCK(path.lstat().st_mode) or is_answered(path):
                raise InputError(f"--unix {path}: there is another file, or a service that listens")
            path.unlink()
        sock = socket.socket(socket.AF_UNIX)
        before = os.umask(0o177)
        try:
            sock.bind(str(path))
            sock.listen(BACKLOG)
        except BaseException:
            sock.close()
            raise
        finally:
            os.umask(before)
    return sock


@contextmanager
def alone_in(folder: Path) -> Iterator[None]:
    """Of two services that find the same file left, one at a time looks at it and takes its place."""
    found = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        fcntl.flock(found, fcntl.LOCK_EX)
        yield
    finally:
        os.close(found)


def is_answered(path: Path) -> bool:
    """False only where nobody listens: a service that is too busy to answer now has its socket still."""
    with socket.socket(socket.AF_UNIX) as sock:
        sock.setblocking(False)
        return sock.connect_ex(str(path)) not in (errno.ECONNREFUSED, errno.ENOENT)


def address_of(sock: socket.socket) -> str:
    """As clients give it."""
    name = sock.getsockname()
    if sock.family == socket.AF_UNIX:
        return f"unix://{Path(name).resolve()}"
    return f"http://{f'[{name[0]}]' if ':' in name[0] else name[0]}:{name[1]}"


def server(
    pool: SandboxPool, settings: Settings, callers: Sequence[Caller], *, backend: str, unix: bool
) -> "uvicorn.Server":
    """Answers under way are finished after SIGTERM, within the drain time; new connections are not taken."""
    import uvicorn

    from execfeedback.service.app import application
    from execfeedback.service.wire import Connection

    config = uvicorn.Config(
        application(pool, settings, callers, backend=backend, unix=unix),
        http=Connection,
        lifespan="off",
        log_level="warning",
        access_log=False,
        server_header=False,
        proxy_headers=False,
        backlog=BACKLOG,
        timeout_keep_alive=KEEP_ALIVE_S,
        timeout_graceful_shutdown=settings.drain_s,
    )
    return uvicorn.Server(config)


async def serve(
    pool: SandboxPool, sock: socket.socket, settings: Settings, callers: Sequence[Caller], *, backend: str
) -> int:
    """Serve until SIGINT, SIGTERM or SIGHUP, and return which when the slots are gone. Prints the address when slots and socket
    are there. Raises SandboxError."""
    stopped: list[int] = []
    loop = asyncio.get_running_loop()
    for number in (
        signal.SIGINT,
        signal.SIGTERM,
    ):  # uvicorn, having ended well, raises again what it was sent
        loop.add_signal_handler(number, stopped.append, int(number))
    if signal.getsignal(signal.SIGHUP) is not signal.SIG_IGN:  # nohup
        loop.add_signal_handler(signal.SIGHUP, signal.raise_signal, signal.SIGTERM)
    async with pool:
        serving = server(pool, settings, callers, backend=backend, unix=sock.family == socket.AF_UNIX)
        gc.collect()
        gc.freeze()  # what is loaded by now stays: looking through it would stop every answer for 50 ms, time and again
        print(address_of(sock), flush=True)
        print(f"execfeedback: serving on {address_of(sock)}, {settings.slots} slots", file=sys.stderr)
        await serving.serve(sockets=[sock])
    return stopped[0] if stopped else 0
