"""Frames over a byte stream: one kind byte, four bytes of length (big endian), the payload.

The same form is used on every stream: host <-> supervisor, supervisor <-> judge process, supervisor <-> solution
process. A reader never trusts the length beyond its limit.
"""

import os
import struct

HEADER = struct.Struct(">cI")
LIMIT = 64 << 20
PORTION = 1 << 16
"""Bytes in one read. A larger buffer would be mapped and unmapped by the allocator for every read."""


class Closed(Exception):
    """The other end is gone."""


class TooLarge(Exception):
    """A frame announces more than the limit."""


def frame(kind: bytes, payload: bytes) -> bytes:
    return HEADER.pack(kind, len(payload)) + payload


def write_all(fd: int, data: bytes) -> None:
    """Blocking write of everything; raises Closed."""
    view = memoryview(data)
    try:
        while view:
            view = view[os.write(fd, view) :]
    except (BrokenPipeError, ConnectionResetError):
        raise Closed from None


class Reader:
    """Blocking frames from a descriptor; what comes with a frame is kept for the next call."""

    def __init__(self, fd: int, limit: int = LIMIT) -> None:
        self.fd, self.limit, self.inbox = fd, limit, bytearray()

    def frame(self) -> tuple[bytes, bytes]:
        """The next frame: (kind, payload); raises Closed, TooLarge."""
        self.fill(HEADER.size)
        kind, size = HEADER.unpack_from(self.inbox)
        if size > self.limit:
            raise TooLarge(size)
        end = HEADER.size + size
        self.fill(end)
        payload = bytes(self.inbox[HEADER.size : end])
        del self.inbox[:end]
        return kind, payload

    def fill(self, size: int) -> None:
        while len(self.inbox) < size:
            part = os.read(self.fd, PORTION)
            if not part:
                raise Closed
            self.inbox += part


class Channel:
    """A non-blocking stream socket as the supervisor holds it: whole frames in, buffered bytes out."""

    def __init__(self, sock, limit: int = LIMIT) -> None:
        sock.setblocking(False)
        self.sock = sock
        self.limit = limit
        self.inbox = bytearray()
        self.outbox = bytearray()
        self.closed = self.waiting = False

    def exchange(self) -> None:
        """Write what waits, read what is there."""
        self.flush()
        self.receive()

    def receive(self) -> None:
        """Take what is there. A stream that ended or broke is `closed`; what came before can still be taken."""
        try:
            while len(self.inbox) < self.limit + HEADER.size:
                part = self.sock.recv(PORTION)
                if not part:
                    self.closed = True
                    return
                self.inbox += part
                if len(part) < PORTION:
                    return
        except BlockingIOError:
            return
        except OSError:
            self.closed = True

    def take(self):
        """The next whole frame as (kind, payload), or None; raises TooLarge."""
        if len(self.inbox) < HEADER.size:
            return None
        kind, size = HEADER.unpack_from(self.inbox)
        if size > self.limit:
            raise TooLarge(size)
        end = HEADER.size + size
        if len(self.inbox) < end:
            return None
        payload = bytes(self.inbox[HEADER.size : end])
        del self.inbox[:end]
        return kind, payload

    def send(self, kind: bytes, payload: bytes) -> None:
        self.outbox += frame(kind, payload)
        self.flush()

    def flush(self) -> None:
        """Write what the stream takes now; the rest waits in `outbox`. Where nobody reads any more it is dropped; what the
        other end had said before it left is still there to be received."""
        try:
            while self.outbox:
                del self.outbox[: self.sock.send(self.outbox)]
        except BlockingIOError:
            return
        except OSError:
            self.outbox.clear()
