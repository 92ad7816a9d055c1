"""The fork server: one pre-imported interpreter that turns fixed-size commands into children.

Theory of operation. The supervisor starts one zygote for each role (`judge`, `judge_testing`, `solution`,
`solution_numpy`, `runner`). A zygote holds no job, no result channel and nothing of an earlier run; it receives a command of a
fixed size with four descriptors, forks, and answers the child's pid; when a child ends it reports status and usage. The
child gives up its uid before it reads the first byte of the job, which comes over its own channel (see `inside.py`).

    argv: zygote.py CONTROL_FD ROLE SEED
    command:  COMMAND struct + descriptors [channel, stdin, stdout, stderr]
    answers:  b"p" + pid        after a fork
              b"x" + pid, wait status, user s, system s, max rss kB     after a child ended
"""

import array
import gc
import os
import select
import signal
import socket
import sys

import surroundings
import variation
from zygote_messages import COMMAND, ENDED, STARTED

COMMON = (
    "abc base64 bisect builtins collections collections.abc contextlib copy dataclasses datetime decimal enum fractions "
    "functools heapq io itertools json linecache math operator os pathlib re string struct sys textwrap time traceback "
    "types typing warnings weakref"
).split()
"""What most programs import. Each further module makes every fork slower: measured, not guessed (docs/decisions)."""
TESTING = "asyncio unittest unittest.mock _pytest.config pytest hypothesis hypothesis.strategies".split()
ROLES = {
    "judge": (
        "judge_process",
        ("judge_asserts", "judge_cases"),
        ["collections", "itertools", "re", "typing"],
    ),
    "judge_testing": (
        "judge_process",
        ("judge_asserts", "judge_cases", "judge_unittest", "judge_pytest"),
        [*COMMON, *TESTING],
    ),
    "solution": ("solution_process", (), COMMON),
    "solution_numpy": ("solution_process", (), [*COMMON, "numpy"]),
    "runner": ("runner", (), []),
}
for _role in ("judge", "judge_testing", "solution"):
    _program, _runners, _modules = ROLES[_role]
    ROLES[f"{_role}_pandas"] = (_program, _runners, [*_modules, "numpy", "pandas"])


def preload(names):
    """Import what most programs of a role import. An interpreter of a machine may have no numpy: programs will be told so
    when they import it."""
    for name in names:
        try:
            __import__(name)
        except ModuleNotFoundError as error:
            if error.name != "numpy":
                raise


def receive(control):
    """One command and its descriptors; None when the supervisor is gone."""
    fds = array.array("i")
    data, ancillary, _flags, _address = control.recvmsg(COMMAND.size, socket.CMSG_SPACE(4 * fds.itemsize))
    for level, kind, content in ancillary:
        if level == socket.SOL_SOCKET and kind == socket.SCM_RIGHTS:
            fds.frombytes(content[: len(content) - len(content) % fds.itemsize])
    return (data, list(fds)) if data else None


def reap(control):
    """Report every child that ended."""
    while True:
        try:
            pid, status, usage = os.wait4(-1, os.WNOHANG)
        except ChildProcessError:
            return
        if not pid:
            return
        control.send(ENDED.pack(b"x", pid, status, usage.ru_utime, usage.ru_stime, usage.ru_maxrss))


def serve(control):
    """Fork for each command until the supervisor closes the control socket. Returns only in a child."""
    read_end, write_end = os.pipe()
    os.set_blocking(read_end, False)
    os.set_blocking(write_end, False)
    signal.set_wakeup_fd(write_end, warn_on_full_buffer=False)
    signal.signal(signal.SIGCHLD, lambda *_: None)
    poll = select.poll()
    poll.register(control, select.POLLIN)
    poll.register(read_end, select.POLLIN)
    while True:
        for fd, _event in poll.poll():
            if fd == read_end:
                os.read(read_end, 4096)
                reap(control)
                continue
            message = receive(control)
            if message is None:
                os._exit(0)
            data, fds = message
            pid = os.fork()
            if pid == 0:
                signal.set_wakeup_fd(-1)
                return data, fds
            control.send(STARTED.pack(b"p", pid))
            for number in fds:
                os.close(number)


def forget_own_modules(here):
    """Our modules keep working, but an import of the same name finds the program's own."""
    for name, module in list(sys.modules.items()):
        if name != "__main__" and (getattr(module, "__file__", None) or "").startswith(here):
            del sys.modules[name]


def main():
    control_fd, role = int(sys.argv[1]), sys.argv[2]
    here = os.path.dirname(os.path.abspath(__file__))
    sys.path[:] = [p for p in sys.path if p != here]
    sys.path += [here, *surroundings.SITE]
    seed = int(sys.argv[3])
    variation.vary(abs(seed), with_clock=seed > 0, solution=role.startswith("solution"))
    import site

    site.setquit()
    site.setcopyright()
    site.sethelper()
    program, runners, modules = ROLES[role]
    import arguments
    import dense
    import frames
    import immortal
    import inside

    arguments.hide()
    inside.prepare()
    child = __import__(program)
    if runners:
        child.load_runners(runners)
    preload(modules)
    child.warm_up()
    sys.path.remove(here)
    forget_own_modules(here)
    control = socket.socket(fileno=control_fd)
    gc.collect()
    fillers = dense.fill_holes()  # noqa: F841, kept while we live
    immortal.make_everything_immortal()
    gc.freeze()
    arguments.forbid_dumps()
    control.send(STARTED.pack(b"r", os.getpid()))
    data, fds = serve(control)
    inside.enter(COMMAND.unpack(data), fds)
    try:
        child.main()
    except frames.Closed:  # there was no job for this pair
        os._exit(0)


main()
