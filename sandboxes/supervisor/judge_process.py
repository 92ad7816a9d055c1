"""The tests' side: runs the tests against proxies and reports what it saw. It never runs the solution's code.

Theory of operation. The first frame on the channel is the split plan (style, tests, contract, files). The tests are
placed in a folder that only this uid can read, the solution's names become proxies, the style's runner makes a list of
test results, and one result frame (`E`) ends the conversation. Tests are not trusted either: they run under this
process' own uid and limits, and what they may write is this result; the supervisor counts calls and values itself.
"""

import base64
import json
import linecache
import os
import sys
import tempfile

import asking
import conversation
import frames
import guard
import one_process
import overriding  # noqa: F401, as tables
import proxies
import solution_module
import tables  # noqa: F401, adds itself to what values may cross
import values
from ambient import Ambient
from conversation import CHANNEL, TALK
from references import REFS
from results import not_loaded, test
from unseen import Replaced

STYLES = {"judge_asserts": ("asserts", "humaneval")}
RUNNERS = {}


def load_runners(names):
    """Import the runners of these styles before the fork, so that a child imports nothing of ours."""
    for name in names:
        for style in STYLES.get(name, (name.removeprefix("judge_"),)):
            RUNNERS[style] = __import__(name)


WARM_PLAN = {
    "style": "humaneval",
    "entry_point": "f",
    "tests": """
import math


def check(candidate):
    assert candidate([1, 2], 3) == 3, "message"
    assert abs(candidate(0) - 3) < 1e-6
    for i in range(3):
        assert candidate(i, (1, "a"), {"k": None}) == 3


assert {"a": 1} == {"a": 1}
""",
}
WARM_FAILING = {**WARM_PLAN, "tests": "def check(candidate):\n    assert candidate([1, 2], 3) == 4\n"}
WARM_REPLIES = [["ok", ["h", 0, "func", ["f", "It does."], "builtins", "function", []], None, None]]
WARM_REPLIES += [["ok", 3, None, None]] * 5


def warm_up():
    """Run tests against canned replies, before the fork: the interpreter specialises code as it runs, and writes to its
    pages. Nothing of it is left: conversation, references and modules are made anew."""
    sys.addaudithook(guard.hook)
    if "humaneval" not in RUNNERS:
        return
    replies = b"".join(frames.frame(b"v", values.dumps(reply)) for reply in WARM_REPLIES)
    conversation.CHANNEL = os.open("/dev/null", os.O_WRONLY)
    proxies.start({"classes": []}, False)
    for plan, outcome in [(WARM_PLAN, "passed"), (WARM_FAILING, "failed")] * 10:
        read_end, write_end = os.pipe()
        os.write(write_end, replies)
        TALK.replies = frames.Reader(read_end)
        runner = RUNNERS["humaneval"]
        watch_surroundings(plan["tests"])
        made, _expected = runner.run(plan, runner.prepare(plan), solution_module.SolutionModule(["f"], {}))
        if made[0]["outcome"] != outcome:
            raise RuntimeError(f"the judge process cannot judge: {made}")
        REFS.forget()
        os.close(read_end)
        os.close(write_end)
    os.close(conversation.CHANNEL)
    conversation.CHANNEL = CHANNEL
    TALK.__init__()
    linecache.clearcache()
    del sys.modules["tests"]


def main():
    _kind, payload = TALK.replies.frame()
    plan = json.loads(payload)
    word = plan.pop("word", "").encode()
    proxies.start(plan["contract"], plan["write_back"])
    runner = RUNNERS[plan["style"]]
    try:
        place_files(plan["files"])
    except OSError as error:  # the host has checked the paths, and no solution has begun
        return end(
            [test("files", "error", "tests", "tests_error", f"a file of the tests has no place: {error}")], 0
        )
    if plan["shared"]:
        return end(*one_process.judged(runner, plan), word)
    if plan["files"]:
        frames.write_all(CHANNEL, frames.frame(b"p", b""))
    guard.start()
    try:
        prepared = runner.prepare(plan)
    except runner.BAD_TESTS as error:
        return end([test("tests", "error", "tests", "tests_error", f"{type(error).__name__}: {error}")], 0)
    open_temporary_files()
    watch_surroundings("\n".join(texts(plan)))
    try:
        names, functions, modules = loaded()
    except not_loaded.CAUGHT as error:
        return end([not_loaded(error)], runner.expected(prepared))
    module = solution_module.SolutionModule(names, functions, modules, plan["entry_point"])
    solution_module.put(module, plan["modules"], plan["main"])
    found = runner.run(plan, prepared, module)
    asking.settle_links()
    return end(*found)


def texts(plan):
    return [text for text in (plan["tests"], *plan["files"].values()) if isinstance(text, str)]


def open_temporary_files():
    """What the tests make for the solution to read and write is for both uids; their own files have their places by now."""
    make_folder, make_file = tempfile.mkdtemp, tempfile._mkstemp_inner

    def mkdtemp(*args, **kwargs):
        path = make_folder(*args, **kwargs)
        os.chmod(path, 0o777)
        return path

    def mkstemp(*args, **kwargs):
        fd, path = make_file(*args, **kwargs)
        os.fchmod(fd, 0o666)
        return fd, path

    tempfile.mkdtemp, tempfile._mkstemp_inner = mkdtemp, mkstemp


def watch_surroundings(text):
    """From now on the solution's side hears of what the tests set around themselves. `text`: all that they are written in."""
    ambient, replaced = Ambient(text), Replaced(text)

    def around():
        replaced.refuse_change()
        return ambient.said()

    if ambient.last or replaced.were or replaced.logs:
        TALK.around = around


def loaded():
    """Names that the solution defines, references to those that are functions, and which are modules; raises what its
    import raised."""
    reply = TALK.reply()
    names = [str(name) for name in asking.result(reply)]
    functions = reply[4] if type(reply[4]) is dict else {}
    return names, functions, [n for n in reply[5] if type(n) is str] if type(reply[5]) is list else []


def place_files(files):
    """Files that this uid alone may read, in folders where everybody may put files and nobody may remove another's."""
    for path, content in files.items():
        make_folders(os.path.dirname(path))
        data = (
            base64.b64decode(content["base64"])
            if isinstance(content, dict)
            else content.encode("utf-8", "surrogatepass")
        )
        fd = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW, 0o600)
        with os.fdopen(fd, "wb") as file:
            file.write(data)
            guard.placed(file)


def make_folders(path):
    """A folder that is there already is the supervisor's, for files of both sides."""
    if path and not os.path.isdir(path):
        make_folders(os.path.dirname(path))
        os.mkdir(path, 0o1777)


def end(tests, expected, word=b""):
    """Send the result and leave, whatever threads the tests left behind. `word`: what a shared run's result begins with."""
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
    }
    frames.write_all(CHANNEL, frames.frame(b"E", word + values.dumps(report)))
    os._exit(0)
