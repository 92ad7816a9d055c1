"""The tests' side: runs the tests against proxies and reports what it saw. It never runs the solution's code.

Theory of operation. The first frame on the channel is the split plan (style, tests, contract, files). The tests are
placed in a folder that only this uid can read, the solution's names become proxies, the style's runner makes a list of
test results, and one result frame (`E`) ends the conversation. Tests are not trusted either: they run under this
process' own uid and limits, and what they may write is this result; the supervisor counts calls and values itself.
"""

import base64
import json
import os
import sys

import frames
import proxies
import values
from conversation import CHANNEL, TALK
from results import not_loaded, test

STYLES = {"judge_asserts": ("asserts", "humaneval")}
RUNNERS = {}


def load_runners(names):
    """Import the runners of these styles before the fork, so that a child imports nothing of ours."""
    for name in names:
        for style in STYLES.get(name, (name.removeprefix("judge_"),)):
            RUNNERS[style] = __import__(name)


WARM_TESTS = """
import math


def check(candidate):
    assert candidate([1, 2], 3) == [1, 2.5], "message"
    assert abs(candidate(0)) < 1e-6
    assert not candidate("")
    for i in range(3):
        assert candidate(i) is True


assert {"a": 1} == {"a": 1}
"""


def warm_up():
    """Use what every run uses, before the fork: the interpreter specialises code as it runs, and writes to its pages."""
    refs = proxies.Refs()
    reference = ["h", 0, "func", ["function"], "builtins", "function", []]
    for _ in range(20):
        for style in ("asserts", "humaneval"):
            if style in RUNNERS:
                prepared = RUNNERS[style].prepare({"tests": WARM_TESTS, "style": style})
                RUNNERS[style].names_used(prepared.code)
        for value in ([1, 2.5, "a"], (1, None), {"a": [True]}, "text"):
            refs.keeps(value)
            values.decode(values.loads(values.dumps(values.encode(value, refs))), refs)
        proxies.result(["ok", ["l", [1]], None, None])
        proxies.make_proxy(reference)
        test("name", "passed")


def main():
    _kind, payload = frames.read_frame(CHANNEL)
    plan = json.loads(payload)
    proxies.start(plan["contract"], plan["write_back"])
    runner = RUNNERS[plan["style"]]
    place_files(plan["files"])
    try:
        prepared = runner.prepare(plan)
    except runner.BAD_TESTS as error:
        return end([test("tests", "error", "tests", "tests_error", f"{type(error).__name__}: {error}")], 0)
    try:
        names = loaded()
    except not_loaded.CAUGHT as error:
        return end([not_loaded(error)], runner.expected(prepared))
    module = sys.modules["solution"] = proxies.SolutionModule(names)
    return end(*runner.run(plan, prepared, module))


def loaded():
    """Names that the solution defines; raises what its import raised."""
    return [str(n) for n in proxies.result(TALK.reply())]


def place_files(files):
    for path, content in files.items():
        os.makedirs(os.path.dirname(path) or ".", exist_ok=True)
        data = (
            base64.b64decode(content["base64"])
            if isinstance(content, dict)
            else content.encode("utf-8", "surrogatepass")
        )
        fd = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW, 0o600)
        with os.fdopen(fd, "wb") as file:
            file.write(data)


def end(tests, expected):
    """Send the result and leave, whatever threads the tests left behind."""
    for stream in (sys.stdout, sys.stderr):
        try:
            stream.flush()
        except (AttributeError, ValueError, OSError):
            continue
    refused = TALK.refused and {"reason": TALK.refused[0], "message": TALK.refused[1]}
    report = {
        "tests": tests,
        "expected": expected,
        "refused": refused,
        "mutated": TALK.mutated,
        "gone": TALK.gone,
    }
    frames.write_all(CHANNEL, frames.frame(b"E", values.dumps(report)))
    os._exit(0)
