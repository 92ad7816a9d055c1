"""Would these tests have noticed? The tests run again, without the solution, on replies that are wrong.

Theory of operation. A split run that is asked for it keeps what passed between the two sides. After a pass only a judge
process is started, once for each kind of change in perturbed.py, and its requests are answered from the record, every
value changed: what was returned, printed, and handed to the tests' own functions. Ends:

    noticed   a test failed: these tests can tell a right solution from a wrong one
    missed    all tests passed on wrong values
    unknown   the tests, on their changed way, asked for more than was ever answered, or overran a limit; or nothing was
              said that could be changed, but for the solution's own objects

A request that differs from the recorded one at its place gets the reply to an equal request if there was one, else the
reply at its place: a wrong solution may answer anything. The solution can neither see nor influence a replay.
"""

import json
import select
import time

import cleaning
import frames
import perturbed
from children import forked
from perturbed import unlinked
from split import wait_for_end

CLOSING_S = 2.0


class Answers:
    """The replies of a record, changed in one way."""

    def __init__(self, record, how):
        self.turns, self.how, self.next = record.turns, how, 0
        self.changed = False
        self.known = {}
        for turn in record.turns[1:]:
            self.known.setdefault(turn[0], turn)

    def to(self, request):
        """(printed, reply), or None where the record has nothing more to say."""
        request = unlinked(request)
        at = self.turns[self.next] if self.next < len(self.turns) else None
        self.next += 1
        found = at if at is not None and at[0] == request else self.known.get(request, at)
        if found is None:
            return None
        if request is None:  # the names of the solution, which it does not answer but has
            return found[1:]
        wrong = perturbed.printed(found[1], self.how), perturbed.reply(found[2], found[0], self.how)
        self.changed |= wrong[0] != found[1] or wrong[1] is not found[2]
        return wrong


def passed(report):
    """Whether a judge process says that all went well."""
    try:
        tests = json.loads(report)["tests"]
        return bool(tests) and all(test["outcome"] == "passed" for test in tests)
    except (ValueError, KeyError, TypeError):
        return False


def ends(slot, job, role, record, new_place):
    """How each replay ended: {"how", "end"}; and whether everything of them is gone. `role`: of the tests' zygote;
    `new_place` makes a run's directory."""
    found, clean, changed = [], True, False
    record.turns = [(unlinked(asked), printed, unlinked(told)) for asked, printed, told in record.turns]
    for how in perturbed.HOWS:
        place, answers = new_place(), Answers(record, how)
        found.append({"how": how, "end": replayed(slot, job, role, place, answers)})
        changed |= answers.changed
        clean = cleaning.clean(place.name, place.uids, slot.pids()) and clean
    return found if changed else [{**one, "end": "unknown"} for one in found], clean


def replayed(slot, job, role, place, answers):
    limits = job["limits"]
    child = forked(slot.zygote(role, job.get("fresh_seed")), place.uids[1], limits, place.name)
    until = time.monotonic() + limits["wall_s"]
    try:
        child.channel.send(b"j", json.dumps(job["split"]).encode("ascii"))
        give(child, answers.to(None))
        report = conversation(child, answers, until)
        child.hang_up()
        wait_for_end((child,), 0 if report is None else CLOSING_S)
        if not child.ended:
            cleaning.as_uid(child.uid, lambda: None)
            wait_for_end((child,), CLOSING_S)
    finally:
        child.close()
    return end_of(report)


def conversation(child, answers, until):
    """Answer until there is a report; None when there is none within the time."""
    poll = select.poll()
    streams = {child.out.fd: child.out, child.err.fd: child.err}
    for fd in (*streams, child.channel.sock.fileno(), child.parent.control.fileno()):
        poll.register(fd, select.POLLIN)
    while time.monotonic() < until and not (child.ended and child.channel.closed):
        for fd, _event in poll.poll(25):
            if fd in streams:
                streams[fd].drain()
                if streams[fd].closed:
                    poll.unregister(fd)
            elif fd == child.parent.control.fileno():
                child.parent.receive()
            else:
                child.channel.exchange()
                if child.channel.closed:
                    poll.unregister(fd)
        child.channel.flush()
        report = answer(child, answers)
        if report is not None:
            return report
    return None


def answer(child, answers):
    """Answer what was asked; the report when it came."""
    while True:
        try:
            message = child.channel.take()
        except frames.TooLarge:
            return b""
        if message is None:
            return None
        if message[0] == b"E":
            return message[1]
        if message[0] == b"c":
            give(child, answers.to(message[1]))


def give(child, reply):
    if reply is None:
        return child.channel.send(b"x", b"")
    if reply[0]:
        child.channel.send(b"o", reply[0])
    return child.channel.send(b"v", reply[1])


def end_of(report):
    """What a replay's report means; a test that only ran out of record has noticed nothing."""
    if report is None:
        return "unknown"
    if passed(report):
        return "missed"
    try:
        tests = json.loads(report)["tests"]
        noticed = any(t["outcome"] in ("failed", "error") and t["reason"] != "gone" for t in tests)
    except (ValueError, KeyError, TypeError):
        return "unknown"
    return "noticed" if noticed else "unknown"
