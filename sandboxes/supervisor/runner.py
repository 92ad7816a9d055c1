"""Starts a run's programs one after the other, as the user that they run as.

Theory of operation. Forking an interpreter costs several times what starting a program does. So the programs of a job are
started by one process, the runner: forked once for them from a zygote, under the run's uid, with its limits, in its
directory. `posix_spawn` lends its memory to the new program until that has begun, and copies nothing. The supervisor hands
over stdin, stdout and stderr of each program, and hears from here how it ended.

A program has the runner's uid, so it may kill or stop it, and then ends as killed, or at its wall limit. It can neither read
its memory and descriptors nor answer for it: the runner is not dumpable, and tracing is denied. Nothing is imported here once
a program has run, and no file is read.

    orders:   one byte + descriptors [stdin, stdout, stderr], then a frame: {"argv", "env", "spread", "limits"?}
    answers:  ENDED, as a zygote's
"""

import json
import os
import signal
import socket

import frames
import inside
from zygote_messages import ENDED

CHANNEL = 3
NOT_FOUND, NOT_ALLOWED = 127 << 8, 126 << 8
"""Wait statuses of a program that cannot be started, as of a shell."""
HARMLESS = '{"argv": ["true"], "env": {}, "spread": false}'


def warm_up():
    """Start programs before the fork: the interpreter specialises code as it runs, and writes to its pages."""
    for _ in range(10):
        ended(json.loads(HARMLESS), [os.open("/dev/null", os.O_RDWR | os.O_CLOEXEC) for _ in range(3)])


def main():
    """Start what is ordered until the supervisor hangs up."""
    control, orders = socket.socket(fileno=CHANNEL), frames.Reader(CHANNEL)
    cores = os.sched_getaffinity(0)
    while True:
        _, fds, _, _ = socket.recv_fds(control, 1, 3, socket.MSG_CMSG_CLOEXEC)
        if not fds:
            os._exit(0)
        order = json.loads(orders.frame()[1])
        if "limits" in order:
            inside.set_limits(*order["limits"])
        os.sched_setaffinity(0, range(os.cpu_count()) if order["spread"] else cores)
        control.send(ended(order, fds))


def ended(order, fds):
    """Run one program to its end: the message that says how it ended."""
    try:
        pid = start(order["argv"], order["env"], fds)
    except OSError as error:
        os.write(fds[2], f"{order['argv'][0]}: {error.strerror}\n".encode())
        status = NOT_ALLOWED if isinstance(error, PermissionError) else NOT_FOUND
        return ENDED.pack(b"x", 0, status, 0.0, 0.0, 0)
    finally:
        for fd in fds:
            os.close(fd)
    _, status, usage = os.wait4(pid, 0)
    return ENDED.pack(b"x", pid, status, usage.ru_utime, usage.ru_stime, usage.ru_maxrss)


def start(argv, env, fds):
    """The pid of the program. It leads a session of its own: what it sends to its group does not reach us."""
    return os.posix_spawnp(
        argv[0],
        argv,
        {**os.environ, **env},
        file_actions=[(os.POSIX_SPAWN_DUP2, fd, target) for target, fd in enumerate(fds)],
        setsid=True,
        setsigdef=[signal.SIGPIPE],
    )
