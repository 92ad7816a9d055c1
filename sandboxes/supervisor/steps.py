"""Runs of whole programs: argv, stdin, output, limits. What the output means is judged outside."""

import json
import os
import select
import tempfile

import cleaning
import measure
from children import Child
from split import facts, seed_of, wait_for_end

TICK_S = 0.025


def run(slot, job, place, steps):
    """Facts of each step, in order. Steps share the run's directory, and nothing else."""
    results = []
    for step in steps:
        results.append(run_step(slot, job, step, place))
        left = cleaning.strangers(slot.pids())
        if left:
            cleaning.killed(place.uids, slot.pids())
        if job["stop_on_failure"] and results[-1]["exit_code"] != 0:
            break
    return results


def given(text):
    """An open file with the stdin of a step: a pipe could block, and a path could be reopened. Readable by its program, which
    may open `/dev/stdin`."""
    file = tempfile.TemporaryFile(dir="/dev/shm", buffering=0)
    os.fchmod(file.fileno(), 0o444)
    file.write(text.encode("utf-8", "surrogatepass"))
    file.seek(0)
    return os.dup(file.fileno())


def run_step(slot, job, step, place):
    limits = step["limits"] or job["limits"]
    text = "".join(t for t in job["files"].values() if isinstance(t, str))
    role = "solution_numpy" if step["warm"] and "numpy" in text else "solution"
    zygote = slot.zygote(role, seed_of(job, (text,)))
    usage = measure.Usage(place.uids[0], slot.pids(), slot.base_kb)
    child = Child(zygote, place.uids[0], limits, place.name, given(step["stdin"]) if step["stdin"] else None)
    for stream in (child.out, child.err):
        os.fchmod(stream.fd, 0o622)  # a program may open `/dev/stdout`
    watch = measure.Stopwatch("solution")
    try:
        argv = list(step["argv"])
        other = {"do": "exec", "argv": argv, "env": step["env"], "spread": step["spread"]}
        order = {"do": "program", "argv": argv[1:]} if step["warm"] else other
        child.channel.send(b"j", json.dumps(order).encode("ascii"))
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
    for fd in (*streams, child.zygote.control.fileno()):
        poll.register(fd, select.POLLIN)
    if result is not None:
        poll.register(result.sock, select.POLLIN)
    orphans = 0.0
    while not child.ended:
        ready = poll.poll(TICK_S * 1000)
        for fd, _event in ready:
            if fd not in streams:
                child.zygote.receive()
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
    usage.next_look = watch.of("solution") + TICK_S
    cpu_s = usage.sample() + orphans
    child.cpu_s = max(child.cpu_s, cpu_s) if not child.ended else child.cpu_s
    if cpu_s > limits["cpu_s"]:
        return "cpu"
    if usage.over(limits["memory_mb"], 0):
        return "memory"
    if usage.living and watch.of("solution") - usage.waited_s() > limits["wall_s"]:
        return "wall"
    return None
