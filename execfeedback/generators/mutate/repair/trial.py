"""Tries corrected programs one after the other in forked workers, each under a limit of CPU time.

A worker goes on until a program takes it down (memory, `os._exit`, a loop in C); then a new one takes over
behind that program. CPU time decides, so that a loaded machine changes nothing; wall time is the backstop.
This executes code, so it is only ever run in the sandbox."""

import os
import resource
import select
import signal
import sys
import time
import warnings
from collections.abc import Callable, Iterator
from types import CodeType

CPU_S = 0.25
CPU_S_LATER = 0.05
"""CPU seconds of a program, and after `PATIENCE` programs ran out of them."""
PATIENCE = 6
MOST_SLOW = 40
"""After so many slow programs the rest is not tried."""
STUCK_S = 1.0
"""CPU seconds of a program that does not even end when its time is up: a loop in C."""
WALL_S = 20.0
"""The same for a program that only waits."""
MEMORY = 256 << 20
"""Bytes that a program may add to the address space."""

Judge = Callable[[CodeType], int]
"""Points of a program: 0 when it does not do what the feedback asks. May raise anything."""
Trial = tuple[int, int]
"""Index of the program and its points; -1 for out of time."""


class _OutOfTime(BaseException):
    """The CPU time of one program is spent."""


def trials(programs: list[str], judge: Judge) -> Iterator[Trial]:
    """Points of each program, in order; closing the iterator ends the worker."""
    start = slow = 0
    while start < len(programs) and slow < MOST_SLOW:
        reader, writer = os.pipe()
        worker = os.fork()
        if worker == 0:
            _work(programs, start, slow, judge, reader, writer)
        os.close(writer)
        try:
            for index, points in _answers(reader, worker):
                slow += points < 0
                start = index + 1
                yield index, points
                if slow >= MOST_SLOW:
                    return
        finally:
            os.close(reader)
            os.kill(worker, signal.SIGKILL)
            os.waitpid(worker, 0)
        if start < len(programs):
            slow += PATIENCE
            yield start, -1
            start += 1


def _answers(reader: int, worker: int) -> Iterator[Trial]:
    """Lines of a worker until it ends, or is silent for too long."""
    rest, since, used = b"", time.monotonic(), _cpu_s(worker)
    while time.monotonic() - since < WALL_S and _cpu_s(worker) - used < STUCK_S:
        if not select.select([reader], [], [], 0.05)[0]:
            continue
        data = os.read(reader, 65536)
        if not data:
            return
        *lines, rest = (rest + data).split(b"\n")
        for line in lines:
            index, points = line.split()
            yield int(index), int(points)
        since, used = time.monotonic(), _cpu_s(worker)


def _cpu_s(process: int) -> float:
    """CPU seconds of a process that was not waited for yet; its clock as in clock_getcpuclockid(3)."""
    return time.clock_gettime((~process << 3) | 2)


def _work(programs: list[str], start: int, slow: int, judge: Judge, reader: int, writer: int) -> None:
    """The worker: it never returns."""
    try:
        os.close(reader)
        _silenced()
        signal.signal(signal.SIGPROF, _ring)
        for index in range(start, len(programs)):
            points = _points(programs[index], judge, CPU_S if slow < PATIENCE else CPU_S_LATER)
            slow += points < 0
            os.write(writer, b"%d %d\n" % (index, points))
    finally:
        os._exit(0)


def _silenced() -> None:
    nothing = os.open(os.devnull, os.O_RDWR)
    for descriptor in (0, 1, 2):
        os.dup2(nothing, descriptor)
    sys.stdin = open(0, closefd=False)  # noqa: SIM115 - of the whole worker
    warnings.simplefilter("ignore")
    with open("/proc/self/statm") as file:
        used = int(file.read().split()[0]) * resource.getpagesize()
    resource.setrlimit(resource.RLIMIT_AS, (used + MEMORY, used + MEMORY))


def _ring(_number: int, _frame: object) -> None:
    raise _OutOfTime


def _points(source: str, judge: Judge, limit: float) -> int:
    try:
        program = compile(source, "solution.py", "exec", dont_inherit=True)
        signal.setitimer(signal.ITIMER_PROF, limit, limit / 5)
        return judge(program)
    except _OutOfTime:
        return -1
    except BaseException:  # whatever the program raises: it does not do what is asked
        return 0
    finally:
        signal.setitimer(signal.ITIMER_PROF, 0)
