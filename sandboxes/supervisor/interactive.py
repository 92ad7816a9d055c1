"""Two programs that talk with each other: a solution, and the tests' interactor, each under a uid of its own.

Theory of operation. What one prints is the other's stdin, and passes through here: so each side's output has its limit, nobody
waits for a full pipe, and we know whose turn it is. It is the interactor's while it has something to read, or the solution
has ended; else it is the solution's, less the CPU time that the interactor takes to think: an interactor that has read
all that it was told waits for more, and a solution that says nothing then has overrun its own limit. The interactor's files
and its directory are closed to the solution's uid (`place.Room`). The first limit that one side overruns ends both.

    job["interactor"]: a job; its n-th step talks with the n-th step of `job`. `data` of it are files that no compiler sees
"""

import fcntl
import os
import select
import struct
import termios
import time

import cleaning
import compiling
import measure
import steps
from place import Room, fill
from split import facts, wait_for_end

ACCEPTS = 42
"""Exit status of an interactor that goes on if the solution ends well; after any other its judgement is made."""
SIDES = "solution", "interactor"


class Feed:
    """The stdin of one side."""

    def __init__(self):
        self.given, self.fd = os.pipe()
        os.set_blocking(self.fd, False)
        os.fchmod(self.given, 0o444)  # a program may open `/dev/stdin`
        self.waiting, self.closed, self.last = bytearray(), False, False

    def add(self, data):
        if not self.closed:
            self.waiting += data

    def flush(self):
        """Write what the pipe takes; after the last word close it."""
        try:
            while self.waiting and not self.closed:
                del self.waiting[: os.write(self.fd, self.waiting)]
        except BlockingIOError:
            return
        except OSError:  # nobody reads any more
            self.waiting.clear()
            self.last = True
        if self.last:
            self.close()

    def unread(self):
        """Whether there is something that the side has not read yet."""
        if self.closed:
            return False
        return bool(self.waiting or struct.unpack("i", fcntl.ioctl(self.fd, termios.FIONREAD, bytes(4)))[0])

    def close(self):
        if not self.closed:
            self.closed = True
            os.close(self.fd)


class Talk:
    """One conversation. `children`, `feeds`, `usages` and `limits` are by side."""

    def __init__(self, children, feeds, usages, limits):
        self.children, self.feeds, self.usages, self.limits = children, feeds, usages, limits
        self.watch = measure.Stopwatch(*SIDES)
        self.cause = dict.fromkeys(SIDES)
        self.interactor_first = False
        self.orphans = 0.0

    def run(self):
        """Pass on what they say until both have ended, or one has overrun a limit."""
        solution, interactor = (self.children[side] for side in SIDES)
        next_look = measure.TICK_S
        while not (solution.ended and interactor.ended):
            self.wait()
            for side, other in (SIDES, SIDES[::-1]):
                self.pass_on(self.children[side], self.feeds[other])
            if interactor.ended and not solution.ended and not self.interactor_first:
                self.interactor_first = True
                if interactor.exit_code != ACCEPTS:
                    return self.kill()
            thinking = self.feeds["interactor"].unread() or solution.ended
            self.watch.switch("interactor" if thinking else "solution")
            if sum(self.watch.spent.values()) >= next_look:
                next_look = sum(self.watch.spent.values()) + measure.TICK_S
                self.look()
            if any(self.cause.values()):
                return self.kill()
        return None

    def wait(self):
        """Until somebody says something or ends, or takes what waits for it."""
        poll = select.poll()
        for child in self.children.values():
            for stream in (child.out, child.err):
                if not stream.closed:
                    poll.register(stream.fd, select.POLLIN)
            poll.register(child.parent.control, select.POLLIN)
        for feed in self.feeds.values():
            if feed.waiting and not feed.closed:
                poll.register(feed.fd, select.POLLOUT)
        poll.poll(measure.TICK_S * 1000)

    def pass_on(self, child, feed):
        child.parent.receive()
        child.out.drain()
        child.err.drain()
        feed.add(child.out.take())
        feed.last = feed.last or child.ended
        feed.flush()

    def look(self):
        """Look at what both sides use; what they print is looked at here too, since none of it can wait anywhere."""
        self.orphans += cleaning.reap()
        cpu_s = {side: usage.sample() for side, usage in self.usages.items()}
        for side, child in self.children.items():
            child.cpu_s = child.cpu_s if child.ended else max(child.cpu_s, cpu_s[side])
            if child.out.closed:
                self.feeds[SIDES[1 - SIDES.index(side)]].last = True
        theirs_kb = sum(map(measure.anonymous_kb, self.usages["interactor"].living))
        thought_s = self.children["interactor"].cpu_s
        self.cause["solution"] = self.exceeded(
            "solution", cpu_s["solution"] + self.orphans, thought_s, theirs_kb
        )
        self.cause["interactor"] = self.exceeded("interactor", cpu_s["interactor"], 0.0, 0)
        if theirs_kb > self.limits["interactor"]["memory_mb"] << 10:
            self.cause["interactor"] = "memory"

    def exceeded(self, side, cpu_s, thought_s, theirs_kb):
        child, usage, limits = self.children[side], self.usages[side], self.limits[side]
        if child.out.over or child.err.over:
            return "output"
        if cpu_s > limits["cpu_s"]:
            return "cpu"
        if side == "solution" and usage.over(limits["memory_mb"], theirs_kb if usage.whole else 0):
            return "memory"
        late = self.watch.of(side) - thought_s - usage.waited_s - limits["wall_s"]
        return "wall" if late > (0 if usage.living else steps.SILENT_S) else None

    def kill(self):
        for child in self.children.values():
            if not child.ended:
                cleaning.as_uid(child.uid, lambda: None)
        wait_for_end(tuple(self.children.values()), 2.0)

    def facts(self, slot):
        """Of both sides, as the host's StepResult takes them, and who ended first."""
        if not any(self.cause.values()) and 9 in (c.signal for c in self.children.values()):
            killed = "solution" if self.children["solution"].signal == 9 else "interactor"
            self.cause[killed] = "memory" if slot.ran_out_of_memory() else None
        found = [
            facts(
                self.children[side],
                self.cause[side],
                self.watch.of(side),
                self.usages[side].peak_kb if side == "solution" else 0,
                self.orphans if side == "solution" else 0.0,
            )
            for side in SIDES
        ]
        return found[0], {"step": found[1], "first": self.interactor_first}


def run(slot, job, place):
    """Facts of the compilers of both sides, and of each conversation if all went well."""
    theirs = {**job["interactor"], "fresh_seed": job["fresh_seed"]}
    made = {"compile": compiled(slot, job, place), "interactor_compile": [], "steps": [], "talks": []}
    if not all(map(steps.went_well, made["compile"])):
        return made
    room = fill(Room(place), theirs["files"])
    made["interactor_compile"] = compiled(slot, theirs, room)
    if not all(map(steps.went_well, made["interactor_compile"])):
        return made
    fill(room, theirs["data"])
    base_kb = measure.container_kb()
    starters = {
        side: steps.Starter(slot, of, at) for side, of, at in zip(SIDES, (job, theirs), (place, room))
    }
    until = None if job["total_wall_s"] is None else time.monotonic() + job["total_wall_s"]
    for pair in zip(job["steps"], theirs["steps"]):
        if made["steps"] and until and time.monotonic() > until:
            break
        result, other = talk(slot, dict(zip(SIDES, pair)), starters, base_kb)
        made["steps"].append(result)
        made["talks"].append(other)
        if cleaning.strangers(ours(slot, starters)) or any(one.lost for one in starters.values()):
            for one in starters.values():
                one.leave()
            cleaning.killed(place.uids, slot.pids())
    for one in starters.values():
        one.leave()
    return made


def compiled(slot, job, place):
    starter = steps.Starter(slot, job, place)
    found = compiling.made(starter)
    starter.leave()
    return found


def ours(slot, starters):
    return slot.pids().union(*(one.pids() for one in starters.values()))


def talk(slot, pair, starters, base_kb):
    """The facts of one conversation."""
    feeds = {side: Feed() for side in SIDES}
    children = {side: starters[side].start(pair[side], feeds[side].given) for side in SIDES}
    limits = {side: starters[side].limits_of(pair[side]) for side in SIDES}
    known = ours(slot, starters)
    usages = {side: measure.Usage(children[side].uid, known, base_kb) for side in SIDES}
    conversation = Talk(children, feeds, usages, limits)
    try:
        conversation.run()
        return conversation.facts(slot)
    finally:
        for side in SIDES:
            feeds[side].close()
            children[side].close()
