"""A split run: the tests in a judge process, the solution in a process of its own, and we relay between them.

Theory of operation. The two processes have different uids and no way to reach each other but the frames that pass
through here. They take turns: the judge process asks (`c`), the solution answers (`v`). Because every frame passes here,
the supervisor itself counts calls and observed values, keeps the clock of whoever's turn it is, and says who overran
which limit. Whatever the solution prints is taken from its pipe before its reply is passed on (`o`), so that tests see
it in order. Tests with files of their own say first that these are placed (`p`); only then does the solution begin. The
result frame (`E`) is taken from the judge's channel alone. When the solution is gone, the judge process
hears so (`x`) and ends its tests by itself.
"""

import json
import re
import select
import signal
import time

import cleaning
import frames
import measure
import surroundings
import variation
from children import forked
from record import Record

CLOSING_S = 0.25
MOST_CASES = 100
CALL = b'["call"'
NAME = b'["get", ["m"]'
"""A request for a name of the module: it is a call only when a plain value comes back."""
ANSWERS = (b'["ok"', b'["same"')
"""An exception alone is no observed value: tests that only expect one cannot tell right from wrong."""
ERRORS_SEEN = re.compile(r"\.err\b|stderr|capfd")
"""Tests that look at what the solution writes to stderr."""
REFERENCE, ERROR = b'["ok", ["h"', b'["ok", ["x"'


class SplitRun:
    """One conversation. `limits` are the solution's; the judge process has the same ones, counted apart."""

    def __init__(self, job, solution, judge, usages):
        self.job, self.limits = job, job["limits"]
        self.solution, self.judge = solution, judge
        self.usages = usages
        self.watch = measure.Stopwatch("solution", "judge")
        self.cause = {"solution": None, "judge": None}
        self.calls = self.values = 0
        self.result = None
        self.told = self.loaded = self.asked_name = self.asked_call = False
        self.returned = set()
        self.per_call = job["split"]["style"] == "cases"
        self.errors_seen = ERRORS_SEEN.search(job["split"]["tests"]) is not None
        self.cpu_base_s, self.wall_base_s, self.new_case = 0.0, 0.0, False
        self.orphans_cpu_s = 0.0
        self.record = Record() if job["split"]["replay"] else None

    # -- the loop

    def run(self):
        split = self.job["split"]
        order = {"do": "split", "classes": split["contract"]["classes"], "main": split["main"]}
        self.order = dumps(order)
        if split["files"]:
            self.watch.switch("judge")
        else:
            self.begin()
        self.judge.channel.send(b"j", dumps(split))
        self.poll = select.poll()
        self.watched, self.streams = self.actions(), {}
        for child in (self.solution, self.judge):
            channel, fd = child.channel, child.channel.sock.fileno()
            self.streams.update({child.out: child.out.fd, child.err: child.err.fd, channel: fd})
        for fd in self.watched:
            self.poll.register(fd, select.POLLIN)
        next_look = time.monotonic() + measure.TICK_S
        while self.result is None and not self.judge_gone():
            self.want_output()
            events = self.poll.poll(measure.TICK_S * 1000)
            if len(events) > 1:  # what was printed is ready when the reply after it is: outputs go first
                events.sort(key=lambda event: self.watched[event[0]][0])
            for fd, _event in events:
                self.watched[fd][1]()
            self.pump()
            if any(stream.closed for stream in self.streams):
                self.drop_closed()
            if time.monotonic() >= next_look:
                self.tick()
                next_look = time.monotonic() + measure.TICK_S
        if self.result is None:
            self.result = self.last_word()

    def begin(self):
        """Tell the solution's side what to load. The tests' own files lie there before anything of it runs."""
        self.solution.channel.send(b"j", self.order)
        self.order = None
        self.watch.switch("solution")

    def last_word(self):
        """The result of a judge process that did not wait for the solution, and ended while it was the solution's turn."""
        try:
            while (message := self.judge.channel.take()) is not None:
                if message[0] == b"E":
                    return message[1]
        except frames.TooLarge:
            pass
        return None

    def actions(self):
        """Descriptor -> (rank, what to do when it is ready)."""
        found = {}
        for child in (self.solution, self.judge):
            found[child.out.fd] = (0, child.out.drain)
            found[child.err.fd] = (0, child.err.drain)
            found[child.channel.sock.fileno()] = (1, child.channel.exchange)
            found[child.parent.control.fileno()] = (2, child.parent.receive)
        return found

    def judge_gone(self):
        """It ended without a result; what it sent before has been read."""
        return self.judge.ended and self.judge.channel.closed

    def want_output(self):
        """Ask to be told when a full channel takes bytes again."""
        for channel in (self.solution.channel, self.judge.channel):
            if bool(channel.outbox) != channel.waiting and not channel.closed:
                channel.waiting = not channel.waiting
                mask = select.POLLIN | (select.POLLOUT if channel.waiting else 0)
                self.poll.modify(channel.sock.fileno(), mask)

    def drop_closed(self):
        """Stop listening to streams that ended: they would wake us for ever."""
        for stream in [stream for stream in self.streams if stream.closed]:
            fd = self.streams.pop(stream)
            self.poll.unregister(fd)
            del self.watched[fd]

    # -- what the two say

    def pump(self):
        """Pass on every whole frame that is here, in turns. A frame out of turn waits for its turn."""
        while self.result is None:
            side = self.judge if self.watch.turn == "judge" else self.solution
            try:
                message = side.channel.take()
            except frames.TooLarge:
                message, side.channel.closed = None, True
            if message is None:
                break
            if side is self.solution:
                self.pass_reply(message[1])
            elif message[0] == b"E":
                self.result = message[1]
            elif message[0] == b"p" and self.order:
                self.begin()
            elif message[0] == b"c":
                self.pass_call(message[1])
        if self.watch.turn == "solution" and self.solution.channel.closed:
            self.tell_gone()

    def pass_call(self, payload):
        self.asked_name, self.asked_call = payload.startswith(NAME), payload.startswith(CALL)
        if self.record is not None:
            self.record.asked(payload)
        self.calls += not payload.startswith((NAME, b'["ret"'))
        if self.solution.channel.closed or self.cause["solution"]:
            return self.tell_gone()
        if self.per_call and payload.startswith(b'["call"'):
            self.new_case, self.wall_base_s = True, self.watch.of("solution")
        self.solution.channel.send(b"c", payload)
        return self.watch.switch("solution")

    def pass_reply(self, payload):
        if self.solution.out.over or self.solution.err.over:
            return self.stop("solution", "output")
        printed = self.solution.out.take()
        if printed:
            self.judge.channel.send(b"o", printed)
        if self.errors_seen and (warned := self.solution.err.take()):
            self.judge.channel.send(b"w", warned)
        observed = self.loaded and payload.startswith(ANSWERS) and self.tells(payload)
        self.values += observed
        self.calls += observed and self.asked_name
        self.loaded = True
        if self.record is not None:
            self.record.answered(printed, payload)
        self.judge.channel.send(b"v", payload)
        return self.watch.switch("judge")

    def tells(self, payload):
        """Whether an answer is something to judge by: a value, or the very object that another call returned."""
        if not payload.startswith(REFERENCE):
            return not payload.startswith(ERROR)
        number = payload[len(REFERENCE) :].split(b",", 2)[1]
        known = self.asked_call and number in self.returned
        if self.asked_call:
            self.returned.add(number)
        return known

    def tell_gone(self):
        """The solution answers no more. Its end may be a tick away: the judge process only needs to know that."""
        if not self.told:
            self.told = True
            self.judge.channel.send(b"x", b"")
        self.watch.switch("judge")

    # -- limits

    def tick(self):
        """Look at what both sides use."""
        self.orphans_cpu_s += cleaning.reap()
        for name, child in (("solution", self.solution), ("judge", self.judge)):
            cause = self.cause[name] or self.exceeded(name, child)
            if cause and not self.cause[name]:
                self.stop(name, cause)

    def exceeded(self, name, child):
        usage, limits = self.usages[name], self.limits
        cpu_s = usage.sample() + (self.orphans_cpu_s if name == "solution" else 0.0)
        child.cpu_s = max(child.cpu_s, cpu_s) if not child.ended else child.cpu_s
        cpu_base_s, wall_base_s = self.bases(name, cpu_s)
        if cpu_s - cpu_base_s > limits["cpu_s"]:
            return "cpu"
        if (
            self.watch.of(name) - wall_base_s - usage.waited_s > limits["wall_s"]
            and self.watch.turn == name
            and usage.living  # of one that is gone nobody knows how long it waited; word of its end is on the way
        ):
            return "wall"
        if name == "solution" and usage.over(limits["memory_mb"], self.judges_share_kb()):
            return "memory"
        if name == "judge" and self.judge_kb() > limits["memory_mb"] << 10:
            return "memory"
        if child.out.over or child.err.over:
            return "output"
        return None

    def bases(self, name, cpu_s):
        """Where the clocks of this test began: `cases` have limits for each call, every other style for the run."""
        if name == "judge":
            return 0.0, 0.0
        if self.new_case:
            self.new_case, self.cpu_base_s = False, cpu_s
        return self.cpu_base_s, self.wall_base_s

    def judges_share_kb(self):
        """What the peak holds of the judge's: all of it where the slot is counted whole, nothing where processes are."""
        return self.judge_kb() if self.usages["solution"].whole else 0

    def judge_kb(self):
        return measure.anonymous_kb(self.judge.pid) if self.judge.pid else 0

    def stop(self, name, cause):
        """End one side for overrunning a limit. The other hears of it as of any end."""
        self.cause[name] = cause
        child = self.solution if name == "solution" else self.judge
        cleaning.as_uid(child.uid, lambda: None)
        if name == "judge":
            self.result = b""
        else:
            self.tell_gone()

    # -- the end

    def finish(self, slot):
        """Both sides end: the solution by itself when its channel closes, or it is killed. Returns the facts."""
        self.solution.channel.sock.close()
        self.judge.channel.sock.close()
        wait_for_end((self.solution, self.judge), CLOSING_S)
        self.orphans_cpu_s += cleaning.reap()
        for child in (self.solution, self.judge):
            if not child.ended:
                cleaning.as_uid(child.uid, lambda: None)
        wait_for_end((self.solution, self.judge), CLOSING_S * 8)
        if self.solution.signal == 9 and not self.cause["solution"] and slot.ran_out_of_memory():
            self.cause["solution"] = "memory"
        return {
            "ended": bool(self.result),
            "report": self.result.decode("utf-8", "replace") if self.result else "",
            "calls": self.calls,
            "values": self.values,
            "gone": self.told,
            "judge": facts(self.judge, self.cause["judge"], self.watch.of("judge"), 0, 0.0),
            "solution": facts(
                self.solution,
                self.cause["solution"],
                self.watch.of("solution"),
                self.usages["solution"].peak_kb,
                self.orphans_cpu_s,
            ),
        }


def wait_for_end(children, seconds):
    """Wait until the zygotes have reported the end of the children, or the time is over."""
    until = time.monotonic() + seconds
    poll = select.poll()
    for fd in {child.parent.control.fileno() for child in children}:
        poll.register(fd, select.POLLIN)
    while not all(child.ended for child in children) and time.monotonic() < until:
        poll.poll(5)
        for child in children:
            child.parent.receive()
            child.out.drain()
            child.err.drain()


def facts(child, cause, wall_s, peak_kb, extra_cpu_s):
    """What is known of one child, as the host's StepResult takes it."""
    child.out.drain()
    child.err.drain()
    if cause is None and (child.out.over or child.err.over):
        cause = "output"
    if cause is None and child.signal == signal.SIGXCPU:
        cause = "cpu"
    if cause is None:
        cause = "signaled" if child.signal is not None else "exited"
    return {
        "cause": cause,
        "exit_code": child.exit_code,
        "signal": child.signal,
        "cpu_s": round(child.cpu_s + extra_cpu_s, 6),
        "wall_s": round(wall_s, 6),
        "memory_peak_mb": round(max(peak_kb, child.max_rss_kb) / 1024, 3),
        "stdout": child.out.text(),
        "stderr": child.err.text(),
        "truncated": child.out.over or child.err.over,
        "utf8": child.out.utf8,
    }


def dumps(value):
    return json.dumps(value).encode("ascii")


def wanted(job):
    """What the two sides must be forked with: (zygote of the solution, zygote of the tests, hash seed, limits). The heavy
    interpreters are taken where the texts name what they have imported."""
    split = job["split"]
    text = "".join(t for t in job["files"].values() if isinstance(t, str))
    numeric = "numpy" in text or "numpy" in split["tests"]
    tables = "pandas" in text or "pandas" in split["tests"]
    testing = split["style"] in ("pytest", "unittest") or any(
        word in split["tests"] for word in ("pytest", "hypothesis", "unittest")
    )
    limits = dict(job["limits"])
    if (
        split["style"] == "cases"
    ):  # the limit holds for each call; the kernel's, for the process, is only a backstop
        limits["cpu_s"] *= MOST_CASES
    roles = ["solution_numpy" if numeric else "solution", "judge_testing" if testing else "judge"]
    if (
        tables and surroundings.HAVE_PANDAS and not job.get("fresh_seed")
    ):  # one for each seed would be too large
        roles = ["solution_pandas", f"{roles[1]}_pandas"]
    return (*roles, seed_of(job, (text, split["tests"])), tuple(sorted(limits.items())))


def seed_of(job, texts):
    """The seed of the interpreters; a negative one leaves the clock where it is."""
    seed = job.get("fresh_seed")
    own = [path.partition(".")[0] for path in job["files"]]
    return seed if not seed or variation.may_shift(texts, own) else -seed


def start(slot, place, what):
    """Fork both sides: (solution, judge)."""
    solution, judge, seed, limits = what
    return (
        forked(slot.zygote(solution, seed), place.uids[0], dict(limits), place.name),
        forked(slot.zygote(judge, seed), place.uids[1], dict(limits), place.name),
    )


def leave(pair):
    """End a pair that got no job: each side leaves when its channel closes."""
    for child in pair:
        child.hang_up()
    wait_for_end(pair, CLOSING_S * 8)
    for child in pair:
        child.close()


def run(slot, job, place, pair):
    """The facts of a split run, and the record if one was asked for. The children are gone when it returns."""
    ours = slot.pids()
    usages = {
        party: measure.Usage(uid, ours, slot.base_kb) for party, uid in zip(("solution", "judge"), place.uids)
    }
    conversation = SplitRun(job, *pair, usages)
    try:
        conversation.run()
        return conversation.finish(slot), conversation.record
    finally:
        for child in pair:
            child.close()
