"""What the processes of a run use, read from /proc and the cgroup. Works on cgroup v1 and v2, and without either."""

import os
import time

import folders
from surroundings import CGROUPS, COMMON

TICK_S = 0.025
"""Seconds between two looks at what a run uses."""
TICKS = os.sysconf("SC_CLK_TCK")
MEMORY_STAT = tuple(f"{folder}/memory.stat" for folder in CGROUPS)
WAITS_COUNTED = os.path.exists("/proc/self/schedstat")
FACTS = frozenset(name for name in os.listdir("/proc") if not name.isdigit())
"""What /proc holds beside processes: most of it, and passed over quickly."""
OOM_EVENTS = tuple(
    f"{folder}/{name}" for folder in CGROUPS for name in ("memory.events", "memory.oom_control")
)


def read(path):
    """A small file of the kernel, or None; by descriptor, since a file object costs four more calls."""
    try:
        fd = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    except OSError:
        return None
    try:
        return os.read(fd, 1 << 16)
    except OSError:
        return None
    finally:
        os.close(fd)


def fields(paths):
    """The first readable `key value` file as a dictionary, or None."""
    for path in paths:
        text = read(path)
        if text is not None:
            return {
                k: int(v) for k, _, v in (line.partition(b" ") for line in text.splitlines()) if v.isdigit()
            }
    return None


def container_kb():
    """Anonymous and shared memory of the whole container, tmpfs and memfd included; None if the kernel does not say."""
    stat = fields(MEMORY_STAT)
    if stat is None:
        return None
    anonymous = stat[b"anon"] if b"anon" in stat else stat.get(b"rss", 0)
    return (anonymous + stat.get(b"shmem", 0)) >> 10


def oom_kills():
    return (fields(OOM_EVENTS) or {}).get(b"oom_kill", 0)


def pids():
    return [int(name) for name in os.listdir("/proc") if name not in FACTS and name.isdigit()]


def uid_of(pid):
    """Real uid of a process; None if it is gone. From `status`: /proc/<pid> of one that is not dumpable is root's."""
    status = read(f"/proc/{pid}/status")
    if status is None:
        return None
    return int(status.split(b"\nUid:", 1)[1].split(None, 1)[0])


def cpu_of(pid):
    """CPU seconds of a process and of the children that it has waited for."""
    stat = read(f"/proc/{pid}/stat")
    if stat is None:
        return 0.0
    values = stat.rsplit(b")", 1)[1].split()
    return sum(int(v) for v in values[11:15]) / TICKS


def waited_s(pid):
    """Seconds that a process was ready and waited for a core, 0 where the kernel does not say; None if it is gone."""
    text = read(f"/proc/{pid}/schedstat") if WAITS_COUNTED else b"0 0 0"
    return int(text.split()[1]) / 1e9 if text else None


def anonymous_kb(pid):
    status = read(f"/proc/{pid}/status") or b""
    found = 0
    for key in (b"\nRssAnon:", b"\nRssShmem:"):
        if key in status:
            found += int(status.split(key, 1)[1].split(None, 1)[0])
    return found


class Usage:
    """CPU and memory of the processes of one uid, sampled. `base_kb` is what the container uses when no run is in it."""

    def __init__(self, uid, others, base_kb):
        self.uid, self.others = uid, frozenset(others)
        self.base_kb, self.peak_kb = base_kb, 0
        self.living_cpu_s, self.living, self.next_look = 0.0, [], TICK_S
        self.waited_s = 0.0
        self.crowded, self.whole = False, bool(CGROUPS)
        self.files_kb, self.next_count = 0, 0.0
        """Whether the peak is that of the whole slot, the other side of a run included."""
        self.shared_kb = 0 if self.whole else min(map(anonymous_kb, others), default=0)
        """Memory of a zygote, which each of its children shows as its own."""

    def sample(self):
        """Look once; returns the CPU seconds of the living processes."""
        self.look_for_living()
        self.living_cpu_s = sum(cpu_of(pid) for pid in self.living)
        total = container_kb()
        self.whole = total is not None
        used = self.counted_kb() if total is None else total - (self.base_kb or 0)
        self.peak_kb = max(self.peak_kb, used)
        return self.living_cpu_s

    def counted_kb(self):
        """Where the kernel does not count the slot: its processes, and the files that lie on the machine."""
        if COMMON and time.monotonic() >= self.next_count:
            self.count_files()
        return self.files_kb + sum(max(0, anonymous_kb(pid) - self.shared_kb) for pid in self.living)

    def count_files(self):
        """Folders of a machine may be large: a tenth of the time at most goes into looking."""
        began = time.monotonic()
        self.files_kb, more = folders.kept(self.uid)
        self.crowded = self.crowded or more
        self.next_count = time.monotonic() + 10 * (time.monotonic() - began)

    def over(self, memory_mb, others_kb):
        """More was used than that, less what belongs to others; or more files were made than a slot holds."""
        return self.crowded or self.peak_kb - others_kb > memory_mb << 10

    def look_for_living(self):
        """A process that ends between two looks at it takes the time that it waited with it: it does not count as living."""
        waits = {pid: waited_s(pid) for pid in pids() if pid not in self.others and uid_of(pid) == self.uid}
        self.living = [pid for pid, wait in waits.items() if wait is not None]
        self.waited_s = max((waits[pid] for pid in self.living), default=self.waited_s)


class Stopwatch:
    """Wall seconds of the party whose turn it is."""

    def __init__(self, *parties):
        self.spent = dict.fromkeys(parties, 0.0)
        self.turn, self.since = parties[0], time.monotonic()

    def switch(self, party):
        now = time.monotonic()
        self.spent[self.turn] += now - self.since
        self.turn, self.since = party, now

    def of(self, party):
        running = time.monotonic() - self.since if party == self.turn else 0.0
        return self.spent[party] + running
