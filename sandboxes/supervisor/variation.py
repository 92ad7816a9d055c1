"""What is different in the interpreters that reruns take: everything that a right program does not depend on.

A hash seed comes with an address layout of its own, another number of cores, and a shifted clock. Both sides of a run have the
same seed, so they agree about the time. What is not shifted: the times of files, monotonic clocks, what a library reads from
the kernel by itself. Where a program imports more than the standard library, the clock stays: C code of packages may need the C
datetime. With some seeds the solution's own clocks say that it computes more slowly, as on another or a busy machine.
"""

import os
import re
import sys
import time

CORES = (1, 2, 8, 3, 64, 1, 4, 16)
DAY = 86_400
IMPORT = re.compile(r"^[ \t]*(?:from[ \t]+([\w.]+)|import[ \t]+([^#\n;]+))", re.MULTILINE)
NAMES = re.compile(r"(?:^|,)\s*(\w+)")
KNOWN = sys.stdlib_module_names | {"pytest", "hypothesis", "solution", ""}
SHIFTED = ("time", "localtime", "gmtime", "ctime", "strftime", "time_ns", "clock_gettime", "clock_gettime_ns")
SLOWER = 10
"""By so much, where it is."""
ELAPSED = ("perf_counter", "monotonic", "time")


def options(seed):
    """Options of the interpreter."""
    return ["-X", f"cpu_count={CORES[seed % len(CORES)]}"] if seed else []


def shift_of(seed):
    """Seconds: between about -1,400 and 1,600 days and some odd hours; 0 for the first interpreter."""
    return (seed * 5_417 % 3_000 - 1_400) * DAY + seed * 6_151 if seed else 0


def vary(seed, with_clock, solution):
    """Apply what an option cannot, before anything that uses it is imported. `solution`: this is not the tests' side."""
    if not seed:
        return
    os.sched_setaffinity(0, {min(os.sched_getaffinity(0))} if seed % 2 else set(range(os.cpu_count() or 1)))
    if solution and seed % 3 == 0:
        slow_down()
    if with_clock:
        shift(shift_of(seed))


def slow_down():
    """Computing takes longer by the clocks of this interpreter. Sleeping and waiting do not, as they do not elsewhere."""
    computed = computed_ns(time.process_time_ns, time.thread_time_ns)
    for name in ELAPSED:
        setattr(time, name, later(getattr(time, name), computed, 1e-9))
        setattr(time, f"{name}_ns", later(getattr(time, f"{name}_ns"), computed, 1))
    for name in ("process_time", "thread_time"):
        setattr(time, name, longer(getattr(time, name)))
        setattr(time, f"{name}_ns", longer(getattr(time, f"{name}_ns")))


def computed_ns(of_process, of_thread):
    """A clock of the time that this process has computed. Under a limit on CPU time the kernel tells the process' own in steps
    of some milliseconds; the thread's is exact. The larger of the two, and never less than before, whichever thread asks.
    A fork, whose own times begin at 0, goes on from where it was forked."""
    most = before = 0

    def computed():
        nonlocal most
        most = max(most, before + max(of_process(), of_thread()))
        return most

    def forked():
        nonlocal before
        before = most

    os.register_at_fork(after_in_child=forked)
    return computed


def later(clock, computed, unit):
    return lambda: clock() + (SLOWER - 1) * computed() * unit


def longer(clock):
    return lambda: SLOWER * clock()


def shift(seconds):
    """Move the wall clock of this interpreter: the functions of `time`, and a `datetime` that uses them."""
    real = {name: getattr(time, name) for name in SHIFTED}
    time.time = lambda: real["time"]() + seconds
    time.time_ns = lambda: real["time_ns"]() + seconds * 10**9
    time.localtime = lambda at=None: real["localtime"](time.time() if at is None else at)
    time.gmtime = lambda at=None: real["gmtime"](time.time() if at is None else at)
    time.ctime = lambda at=None: real["ctime"](time.time() if at is None else at)
    time.strftime = lambda form, at=None: real["strftime"](form, time.localtime() if at is None else at)
    time.clock_gettime = lambda clock: real["clock_gettime"](clock) + seconds * (clock == time.CLOCK_REALTIME)
    time.clock_gettime_ns = lambda clock: (
        real["clock_gettime_ns"](clock) + seconds * 10**9 * (clock == time.CLOCK_REALTIME)
    )
    sys.modules["_datetime"] = sys.modules["_zoneinfo"] = None  # their C code reads the clock by itself


def may_shift(texts, own):
    """Whether a program is sure to need nothing but the standard library, whose C code does not ask for the C datetime."""
    known = KNOWN | set(own)
    found = (whole or names for text in texts for whole, names in IMPORT.findall(text))
    return all(name in known for line in found for name in NAMES.findall(line))
