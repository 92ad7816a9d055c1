"""The supervisor: process 1 of a slot. It takes one job at a time from the host and answers with what it measured.

Theory of operation. Host and supervisor talk in frames over the container's stdin and stdout: `J` a job, `R` its
measurement, `H` the greeting, `B` a beat. The supervisor keeps the clock, the limits and the result channel; the untrusted
programs run in children that fork-servers make, each under a uid of its own (see `zygote.py`, `inside.py`). A run ends with
cleaning and its proof (`cleaning.py`); a slot that cannot be proven clean says so and is not used again. A fault of ours
is an exception here: the supervisor ends, the host sees a lost slot, and no verdict is made of it.

    argv: FIRST_UID NUMBER_OF_UIDS NUMBER_OF_THE_SLOT
"""

import collections
import json
import os
import platform
import signal
import sys

import arguments
import cleaning
import compiling
import frames
import interactive
import measure
import replay
import shared
import split
from children import Zygote
from place import Place, fill

MOST_SEEDED = 16
BEAT_S = 2.0


class Slot:
    """The zygotes of this container, started when they are first needed, and the uids that runs take in turn."""

    def __init__(self, first_uid: int, uids: int) -> None:
        self.first_uid, self.uids, self.runs = first_uid, uids, 0
        self.zygotes = {}
        self.base_kb, self.oom_kills = None, measure.oom_kills()
        self.spare = None
        self.compiled = compiling.Cache()

    def zygote(self, role, seed=None):
        """The fork server of that role and hash seed. Those of other seeds are kept too, the latest used ones: they were
        started apart, with an address layout of their own, and starting them is what a rerun would pay for."""
        key = (role, seed or 0)
        found = self.zygotes.pop(key, None) or self.started(*key)
        self.zygotes[key] = found
        self.retire()
        return found

    def started(self, role, seed):
        before = measure.container_kb()
        zygote = Zygote(role, seed)
        self.base_kb = measure.container_kb() if self.base_kb is None else self.grown(before)
        return zygote

    def retire(self):
        """End the seeded zygotes that were not used for longest."""
        seeded = [key for key in self.zygotes if key[1]]
        for key in seeded[:-MOST_SEEDED]:
            self.zygotes.pop(key).stop()
            self.base_kb = None if self.base_kb is None else measure.container_kb()

    def grown(self, before_kb):
        """The base with a zygote more, which may have started while a run was there."""
        now = measure.container_kb()
        return None if now is None else self.base_kb + max(0, now - before_kb)

    def ran_out_of_memory(self):
        """Whether the kernel has killed for memory in this container since we asked last."""
        now = measure.oom_kills()
        more, self.oom_kills = now > self.oom_kills, now
        return more

    def pids(self):
        """Processes that are ours."""
        return {os.getpid(), *(zygote.pid for zygote in self.zygotes.values())}

    def next_uids(self):
        """(solution, judge): fresh for this run; a pair returns only after all others were used."""
        base = self.first_uid + 2 * (self.runs % (self.uids // 2))
        self.runs += 1
        return base, base + 1

    def place_for(self, what):
        """Where the next run is, and its forked pair for a split run: the spare one where it fits."""
        spare, self.spare = self.spare, None
        if spare is not None and spare.what == what:
            return spare.place, spare.pair
        if spare is not None:
            split.leave(spare.pair)
            cleaning.clean(spare.place.name, spare.place.uids, self.pids())
        place = Place(self.next_uids())
        return place, what and split.start(self, place, what)

    def prepare(self, what):
        """Fork the pair of the next run ahead, while the host is busy with the last one: most runs are like the one before.
        The slot has just been proven clean, and a pair knows nothing until its job comes over its channels."""
        if self.compiled.changed():
            self.base_kb = measure.container_kb()
        if self.spare is None and what is not None and what[2] is None:
            place = Place(self.next_uids())
            self.spare = Spare(what, place, split.start(self, place, what))


Spare = collections.namedtuple("Spare", "what place pair")


def perform(slot, job):
    """Run one job; the measurement, and whether the slot may be used again."""
    one_process = job["split"] is not None and job["split"]["shared"]
    what = split.wanted(job) if job["split"] is not None and not one_process else None
    place, pair = slot.place_for(what)
    fill(place, job["files"], job["split"])
    if one_process:
        measured = {"split": shared.run(slot, job, place)}
    elif pair:
        facts, record = split.run(slot, job, place, pair)
        measured = {"split": facts}
    elif job["interactor"]:
        measured = interactive.run(slot, job, place)
    else:
        measured = compiling.run(slot, job, place)
    clean = cleaning.clean(place.name, place.uids, slot.pids())
    if pair and record is not None and record.whole() and replay.passed(facts["report"]):
        facts["replays"], also_clean = replay.ends(
            slot, job, what[1], record, lambda: filled_place(slot, job)
        )
        clean = clean and also_clean
    return {**measured, "clean": clean}, what


def filled_place(slot, job):
    """A fresh place with the job's files."""
    return fill(Place(slot.next_uids()), job["files"], job["split"])


def stay_on_one_core(number):
    """The parties of a run take turns, so one core is enough, and waking each other across cores costs a fifth of the rate.
    Children inherit it; one that wants more cores may ask the kernel for them."""
    cores = sorted(os.sched_getaffinity(0))
    os.sched_setaffinity(0, {cores[number % len(cores)]})


def beat(*_):
    """Say that we live, while a job runs: a slot that is silent is stuck, whatever its job may take."""
    frames.write_all(1, frames.frame(b"B", b""))


def main():
    signal.signal(signal.SIGPIPE, signal.SIG_IGN)
    signal.signal(signal.SIGTERM, lambda *_: os._exit(0))
    os.umask(0o022)
    number = int(sys.argv[3])
    arguments.hide()
    arguments.forbid_dumps()
    stay_on_one_core(number)
    slot = Slot(int(sys.argv[1]), int(sys.argv[2]))
    slot.zygote("solution")
    slot.zygote("judge")
    greeting = {"language_version": platform.python_version(), "left": cleaning.leftovers()}
    frames.write_all(1, frames.frame(b"H", json.dumps(greeting).encode()))
    jobs = frames.Reader(0)
    signal.signal(signal.SIGALRM, beat)
    while True:
        try:
            _kind, payload = jobs.frame()
        except frames.Closed:
            return
        signal.setitimer(signal.ITIMER_REAL, BEAT_S, BEAT_S)
        result, what = perform(slot, json.loads(payload))
        signal.setitimer(signal.ITIMER_REAL, 0)
        frames.write_all(1, frames.frame(b"R", json.dumps(result).encode()))
        if result["clean"]:
            slot.prepare(what)


main()
