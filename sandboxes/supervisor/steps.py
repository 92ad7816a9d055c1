"""Runs of whole programs: argv, stdin, output, limits. What the output means is judged outside."""

import os
import select
import time

import cleaning
import frames
import measure
from children import Child, Runner, forked
from split import CLOSING_S, dumps, facts, seed_of, wait_for_end

QUICK_S = 0.005
"""Most programs have ended by then. Until then nobody is woken by what they print."""
SILENT_S = 5.0
"""How much longer than its limit a program may take whose end nobody has told us."""


class Starter:
    """Starts the programs of a job in a place: each in a fork of the warm interpreter, or by a runner."""

    def __init__(self, slot, job, place):
        self.slot, self.job, self.place, self.runner = slot, job, place, None

    def limits_of(self, step):
        return step["limits"] or self.job["limits"]

    def start(self, step, stdin):
        """The child; `stdin` is a descriptor that becomes its own, or None."""
        child = self.started(step, stdin)
        for stream in (child.out, child.err):
            os.fchmod(stream.fd, 0o622)  # a program may open `/dev/stdout`
        return child

    def started(self, step, stdin):
        uid, name, limits = self.place.uids[0], self.place.name, self.limits_of(step)
        text = "".join(t for t in self.job["files"].values() if isinstance(t, str))
        seed = seed_of(self.job, (text,))
        if step["warm"]:
            role = "solution_numpy" if "numpy" in text else "solution"
            child = forked(self.slot.zygote(role, seed), uid, limits, name, stdin)
            child.channel.send(b"j", dumps({"do": "program", "argv": step["argv"][1:]}))
            return child
        if self.runner is None or not self.runner.may_take(limits):
            self.leave()
            self.runner = Runner(self.slot.zygote("runner", seed), uid, limits, name)
        order = {name: step[name] for name in ("argv", "env", "spread")} | self.runner.lowered(limits)
        return Child(self.runner, uid, limits, dumps(order), stdin)

    def pids(self):
        """Processes that are ours."""
        return set() if self.runner is None else {self.runner.pid}

    @property
    def lost(self):
        """Whether a program has ended the runner."""
        return self.runner is not None and self.runner.lost

    def leave(self):
        """End the runner: it leaves when its channel closes."""
        if self.runner is not None:
            self.runner.process.hang_up()
            wait_for_end((self.runner.process,), CLOSING_S)
            self.runner.process.close()
            self.runner = None


def run(starter, steps, stop_on_failure, total_wall_s=None):
    """Facts of each step, in order; of those that were begun in time. Steps share the run's directory, and nothing else."""
    slot, place = starter.slot, starter.place
    results, began = [], time.monotonic()
    for step in steps:
        if results and total_wall_s is not None and time.monotonic() - began > total_wall_s:
            break
        child = starter.start(step, given(step["stdin"]))
        ours = slot.pids() | starter.pids()
        usage = measure.Usage(place.uids[0], ours, slot.base_kb)
        results.append(outcome(slot, child, starter.limits_of(step), usage))
        if cleaning.strangers(ours) or starter.lost:
            starter.leave()
            cleaning.killed(place.uids, slot.pids())
        if stop_on_failure and not went_well(results[-1]):
            break
    return results


def went_well(result):
    return result["cause"] == "exited" and result["exit_code"] == 0


def given(text):
    """An open file with the stdin of a step, or None: a pipe could block, and a path could be reopened. Readable by its
    program, which may open `/dev/stdin`."""
    if not text:
        return None
    fd = os.memfd_create("stdin")
    os.fchmod(fd, 0o444)
    frames.write_all(fd, text.encode("utf-8", "surrogatepass"))
    os.lseek(fd, 0, os.SEEK_SET)
    return fd


def outcome(slot, child, limits, usage):
    """Follow a program to its end: the facts."""
    watch = measure.Stopwatch("solution")
    try:
        cause, orphans = follow(child, usage, limits, watch)
        if child.signal == 9 and cause is None and slot.ran_out_of_memory():
            cause = "memory"
        return facts(child, cause, watch.of("solution"), usage.peak_kb, orphans)
    finally:
        child.close()


def follow(child, usage, limits, watch, result=None):
    """Drain, and receive on the channel `result` if there is one, until the child itself has ended (a daemon that holds
    the pipe does not count); (cause or None, orphans' CPU)."""
    poll = select.poll()
    streams = {child.out.fd: child.out, child.err.fd: child.err}
    for fd in (*streams, child.parent.control.fileno()):
        poll.register(fd, select.POLLIN)
    if result is not None:
        poll.register(result.sock, select.POLLIN)
    if result is None:
        wait_for_end((child,), QUICK_S)
    orphans = cleaning.reap()
    while not child.ended:
        ready = poll.poll(measure.TICK_S * 1000)
        for fd, _event in ready:
            if fd not in streams:
                child.parent.receive()
                if result is not None and not result.closed:
                    receive(poll, result)
                continue
            streams[fd].drain()
            if streams[fd].closed:
                poll.unregister(fd)
        orphans += cleaning.reap()
        cause = exceeded(child, usage, limits, watch, orphans, sampled=not ready)
        if cause and not child.ended:
            cleaning.as_uid(child.uid, lambda: None)
            wait_for_end((child,), 2.0)
            return cause, orphans
    return None, orphans


def receive(poll, channel):
    channel.receive()
    if channel.closed:
        poll.unregister(channel.sock)


def exceeded(child, usage, limits, watch, orphans, sampled):
    """The limit that was overrun, or None. Output is looked at always, the rest from time to time."""
    if child.out.over or child.err.over:
        return "output"
    if not sampled and watch.of("solution") < usage.next_look:
        return None
    usage.next_look = watch.of("solution") + measure.TICK_S
    cpu_s = usage.sample() + orphans
    child.cpu_s = max(child.cpu_s, cpu_s) if not child.ended else child.cpu_s
    if cpu_s > limits["cpu_s"]:
        return "cpu"
    if usage.over(limits["memory_mb"], 0):
        return "memory"
    late = watch.of("solution") - usage.waited_s - limits["wall_s"]
    return "wall" if late > (0 if usage.living else SILENT_S) else None
