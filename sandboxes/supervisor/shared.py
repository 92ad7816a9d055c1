"""A shared run: tests and solution in one process, for tests that cannot be told from outside.

Whatever runs in that process can say what it likes, so a result is taken only where three things agree: a report frame
that carries a word which was taken out of the plan before the solution was loaded, the number of tests, and exit status 0.
That makes accidents visible and forging harder; it does not make forging impossible, and the verdict says `shared`.
"""

import json
import os

import measure
from children import forked
from frames import TooLarge
from split import facts
from steps import follow


def run(slot, job, place):
    """The facts of one process, in the form of a split run."""
    plan, limits, uid = job["split"], job["limits"], place.uids[0]
    role = "judge_testing" if needs_testing(plan) else "judge"
    usage = measure.Usage(uid, slot.pids(), slot.base_kb)
    child = forked(slot.zygote(role, job.get("fresh_seed")), uid, limits, place.name)
    watch, word = measure.Stopwatch("solution"), os.urandom(16).hex()
    try:
        child.channel.send(b"j", json.dumps({**plan, "word": word}).encode("ascii"))
        cause, orphans = follow(child, usage, limits, watch, child.channel)
        if child.signal == 9 and cause is None and slot.ran_out_of_memory():
            cause = "memory"
        child.channel.receive()
        report = "" if cause else report_of(child.channel, word)
        seen = facts(child, cause, watch.of("solution"), usage.peak_kb, orphans)
    finally:
        child.close()
    counts = {"calls": 0, "values": 0, "shared": True}
    return {"ended": bool(report), "report": report, **counts, "judge": seen, "solution": seen}


def needs_testing(plan):
    return plan["style"] in ("pytest", "unittest") or any(
        w in plan["tests"] for w in ("pytest", "hypothesis", "unittest")
    )


def report_of(channel, word):
    """The report of the first result frame, if it begins with the word; else none."""
    try:
        message = channel.take()
    except TooLarge:
        return ""
    if message is None or message[0] != b"E" or not message[1].startswith(word.encode()):
        return ""
    return message[1][len(word) :].decode("utf-8", "replace")
