"""Zygotes and runners as the supervisor sees them, and the children that they start."""

import array
import os
import select
import signal
import socket
import sys

import frames
import surroundings
import variation
from zygote_messages import COMMAND, ENDED, STARTED

HERE = os.path.dirname(os.path.abspath(__file__))
PORTION = 1 << 16
"""Bytes in one read. Fewer come where no more is there."""


class Zygote:
    """One fork server. `seed` is the hash seed of everything that is forked from it, and says how it varies (variation.py);
    a negative one has its clock where it is."""

    def __init__(self, role: str, seed: int) -> None:
        ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        self.role, self.control, self.alive, self.asked = role, ours, {}, []
        self.pid = os.fork()
        if self.pid == 0:
            start_interpreter(theirs, role, seed)
        theirs.close()
        ready = ours.recv(64)
        if ready[:1] != b"r":
            raise RuntimeError(f"zygote {role} did not start")
        ours.setblocking(False)

    def spawn(self, command, fds, child) -> None:
        """Ask for a child that owns `fds` (channel, stdin, stdout, stderr); its pid comes as a notice."""
        rights = [(socket.SOL_SOCKET, socket.SCM_RIGHTS, array.array("i", fds))]
        self.control.sendmsg([COMMAND.pack(*command)], rights)
        self.asked.append(child)

    def receive(self) -> None:
        """Take the notices of children that started or ended."""
        while True:
            try:
                message = self.control.recv(64)
            except BlockingIOError:
                return
            if not message:
                raise RuntimeError(f"zygote {self.role} ended")
            self.note(message)

    def note(self, message) -> None:
        """A child was forked (in the order that was asked for), or has ended."""
        if message[:1] == b"p":
            child = self.asked.pop(0)
            child.pid = STARTED.unpack(message)[1]
            self.alive[child.pid] = child
            return
        _kind, pid, status, user, system, max_rss_kb = ENDED.unpack(message)
        child = self.alive.pop(pid, None)
        if child is not None:
            child.finish(status, user + system, max_rss_kb)

    def stop(self) -> None:
        """End it; it leaves when its control socket closes."""
        self.control.close()
        os.waitpid(self.pid, 0)


def start_interpreter(control, role, seed):
    fd = os.dup(control.fileno())
    os.set_inheritable(fd, True)
    env = {
        "PYTHONHASHSEED": str(abs(seed)),
        "PATH": "/usr/local/bin:/usr/bin:/bin",
        "LANG": "C.UTF-8",
        "OPENBLAS_NUM_THREADS": "1",
        **surroundings.all_told(),
    }
    null = os.open("/dev/null", os.O_RDWR)
    os.dup2(null, 0)
    os.dup2(null, 1)  # the supervisor's own stdout is the stream to the host
    options = ["-s", "-S", "-B", *variation.options(abs(seed))]
    argv = [sys.executable, *options, os.path.join(HERE, "zygote.py"), str(fd), role, str(seed)]
    try:
        os.execve(sys.executable, argv, env)
    finally:
        os._exit(127)


class Output:
    """What a child writes to one stream: up to the limit all of it, beyond it the head and the tail; the rest is drained and
    counted."""

    def __init__(self, fd: int, limit: int) -> None:
        os.set_blocking(fd, False)
        self.fd, self.limit = fd, limit
        self.kept, self.tail, self.seen, self.taken, self.closed = bytearray(), b"", 0, 0, False

    def drain(self, most: int = 64) -> None:
        """Read what is there, in at most `most` portions, so that a flood cannot hold the supervisor."""
        while most and not self.closed:
            most -= 1
            try:
                part = os.read(self.fd, PORTION)
            except BlockingIOError:
                return
            except OSError:
                part = b""
            if not part:
                self.closed = True
                return
            self.seen += len(part)
            self.keep(part)
            if len(part) < PORTION:
                return

    def keep(self, part: bytes) -> None:
        room = self.limit - len(self.kept)
        self.kept += part[:room]
        if len(part) > room:
            self.tail = (self.tail + part[room:])[-(self.limit // 2) :]

    @property
    def over(self) -> bool:
        return self.seen > self.limit

    @property
    def utf8(self) -> bool:
        """Whether the text is what was written: where it is not, U+FFFD in it stands for other bytes."""
        try:
            self.kept.decode()
        except UnicodeDecodeError:
            return False
        return True

    def take(self) -> bytes:
        """What came since the last call."""
        new = bytes(self.kept[self.taken :])
        self.taken = len(self.kept)
        return new

    def text(self) -> str:
        if not self.over:
            return self.kept.decode("utf-8", "replace")
        half = self.limit // 2
        tail = (bytes(self.kept[half:]) + self.tail)[-half:]
        note = f"\n[{self.seen - half - len(tail)} bytes left out]\n"
        return self.kept[:half].decode("utf-8", "replace") + note + tail.decode("utf-8", "replace")


class Child:
    """A process under a uid of its own, with its outputs. `parent` (a zygote, or a runner) starts it by an `order`, and hears
    how it ended. One that a zygote forked has a channel."""

    def __init__(self, parent, uid, limits, order, stdin=None, channel=()) -> None:
        out_r, out_w = os.pipe()
        err_r, err_w = os.pipe()
        given = os.open("/dev/null", os.O_RDONLY) if stdin is None else stdin
        self.pid = self.channel = None
        self.uid, self.parent = uid, parent
        limit = limits["output_kb"] << 10
        self.out, self.err = Output(out_r, limit), Output(err_r, limit)
        self.ended, self.status, self.cpu_s, self.max_rss_kb = False, None, 0.0, 0
        try:
            parent.spawn(order, [*channel, given, out_w, err_w], self)
        finally:
            for fd in (out_w, err_w, given):
                os.close(fd)

    def finish(self, status, cpu_s, max_rss_kb) -> None:
        self.ended, self.status, self.cpu_s, self.max_rss_kb = True, status, cpu_s, max_rss_kb

    def hang_up(self) -> None:
        """Close our end of the channel: a warm interpreter that waits for a request leaves."""
        self.channel.sock.close()

    def close(self) -> None:
        if self.channel:
            self.channel.sock.close()
        self.out.drain()
        self.err.drain()
        os.close(self.out.fd)
        os.close(self.err.fd)

    @property
    def exit_code(self):
        return os.WEXITSTATUS(self.status) if self.ended and os.WIFEXITED(self.status) else None

    @property
    def signal(self):
        return os.WTERMSIG(self.status) if self.ended and os.WIFSIGNALED(self.status) else None


def kernels(limits):
    """The limits that the kernel keeps: processes, MB of a file, CPU seconds with a margin, open files."""
    return limits["processes"], limits["disk_mb"], int(limits["cpu_s"]) + 2, limits["files"]


def forked(zygote, uid, limits, name, stdin=None) -> Child:
    """A child of a zygote, in the directory `name`, with its limits."""
    ours, theirs = socket.socketpair()
    command = (uid, *kernels(limits), name.encode())
    with theirs:
        child = Child(zygote, uid, limits, command, stdin, [theirs.fileno()])
    child.channel = frames.Channel(ours)
    return child


class Runner:
    """What starts a run's programs, one after the other (runner.py): a child of a zygote. A program may end it. Its limits,
    which its programs inherit, can be lowered, and never raised again."""

    def __init__(self, zygote, uid, limits, name) -> None:
        self.limits = limits
        self.process = forked(zygote, uid, {**limits, "processes": limits["processes"] + 1}, name)
        self.control, self.running = self.process.channel.sock, None

    @property
    def pid(self):
        """Waits until the zygote has said it."""
        while self.process.pid is None:
            select.select([self.process.parent.control], [], [])
            self.process.parent.receive()
        return self.process.pid

    @property
    def lost(self) -> bool:
        return self.process.channel.closed

    def may_take(self, limits) -> bool:
        return all(self.limits[name] >= value for name, value in limits.items())

    def lowered(self, limits):
        """What an order says of the limits: the four that the kernel keeps, where they are others than before."""
        if limits == self.limits:
            return {}
        self.limits = limits
        return {"limits": kernels({**limits, "processes": limits["processes"] + 1})}

    def spawn(self, order, fds, child) -> None:
        """Start a program with these descriptors (stdin, stdout, stderr). Without a runner it ends as killed."""
        self.running = child
        try:
            socket.send_fds(self.control, [b"s"], fds)
        except OSError:
            return self.lose()
        return self.process.channel.send(b"s", order)

    def receive(self) -> None:
        """Take the word of how the program ended."""
        try:
            message = self.control.recv(ENDED.size)
        except BlockingIOError:
            return None
        except OSError:
            message = b""
        if not message:
            return self.lose()
        _kind, _pid, status, user, system, max_rss_kb = ENDED.unpack(message)
        return self.running.finish(status, user + system, max_rss_kb)

    def lose(self) -> None:
        self.process.channel.closed = True
        if not self.running.ended:
            self.running.finish(signal.SIGKILL, self.running.cpu_s, 0)
