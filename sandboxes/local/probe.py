"""What this machine grants a slot, found out by trying it: each thing in a child process, the whole of it at the end.

The answer is one JSON document on stdout: the plan that `keeper.py` follows to the letter, and what is missing.
"""

import json
import os
import platform
import shutil
import socket
import sys
import tempfile
from importlib import metadata

import cgroups
import kernel
import landlock
import rooms

NEEDED = ("pytest", "hypothesis")
USEFUL = ("numpy", "ruff", "mypy")
ERRORS = 2000
UIDS = (
    "run as root with the capabilities SETUID and SETGID, or as root of a user namespace that maps the uids of sandbox.uids "
    "(with entries in /etc/subuid: unshare --map-root-user --map-auto COMMAND)"
)
FILTER = "use a kernel with seccomp filters, on x86_64 or aarch64"
INTERPRETER = "name an interpreter that everybody on this machine may read with sandbox.python, and what else it reads " \
    "with sandbox.readable"  # fmt: skip
PACKAGES = "python -m pip install pytest hypothesis; or name another interpreter with sandbox.python"
HERE = os.path.dirname(os.path.realpath(__file__))
OURS = (HERE, os.path.join(os.path.dirname(HERE), "supervisor"))
TRIAL = """
import importlib, json, os, sys
sys.path += json.loads(sys.argv[1])
found = []
for name in json.loads(sys.argv[2]):
    try:
        importlib.import_module(name)
        found.append(name)
    except ImportError:
        continue
open(os.path.join(sys.argv[3], 'trial'), 'w').close()
os.unlink(os.path.join(sys.argv[3], 'trial'))
print(json.dumps(found))
"""


def attempt(action):
    """Do it in a child; None when it went well, else the error's words."""
    read_end, write_end = os.pipe()
    pid = os.fork()
    if pid == 0:
        try:
            action()
        except BaseException as error:
            os.write(write_end, f"{type(error).__name__}: {error}".encode()[:ERRORS])
        finally:
            os._exit(0)
    os.close(write_end)
    with os.fdopen(read_end, "rb") as file:
        said = file.read().decode()
    os.waitpid(pid, 0)
    return said or None


def interpreter():
    """This interpreter, as a slot needs it."""
    own = {os.path.realpath(path) for path in (sys.base_prefix, sys.prefix)}
    standard = os.path.dirname(os.path.realpath(os.__file__))
    packages = list(dict.fromkeys(filter(holds_packages, map(os.path.realpath, sys.path))))
    return {
        "python": os.path.realpath(sys.executable),
        "version": platform.python_version(),
        "site": [p for p in packages if not p.startswith(standard) or p.endswith("-packages")],
        "bin": [os.path.dirname(os.path.abspath(sys.executable))]
        if sys.prefix == sys.base_prefix
        else [os.path.join(os.path.realpath(sys.prefix), "bin")],
        "own": sorted(path for path in {*own, *packages, standard} if not path.startswith("/usr/")),
        "packages": sorted({f"{d.metadata['Name']}=={d.version}" for d in metadata.distributions()}),
    }


def holds_packages(path):
    """A folder of the interpreter's own path; our own source is of no use to programs."""
    return os.path.isdir(path) and path not in OURS and not os.path.isdir(f"{path}/execfeedback/sandbox")


def become(uid):
    os.setgroups([])
    os.setresgid(uid, uid, uid)
    os.setresuid(uid, uid, uid)


def namespaces(plan):
    """Names of those that the kernel grants. A process namespace is of use only with a /proc of its own."""
    single = [
        n for n in ("ipc", "net", "uts", "cgroup") if not attempt(lambda n=n: kernel.unshare(rooms.FLAGS[n]))
    ]
    found = []
    for more in (["mount"], ["pid"]):
        trial = {**plan, "namespaces": [*found, *more]}
        if (not found and more != ["mount"]) or attempt(lambda trial=trial: in_room(trial, [], lambda: None)):
            break
        found += more
    return [*found, *single]


def in_room(plan, groups, action):
    """Call it in a process as the supervisor's: in the room, as its first process. Raises what goes wrong."""
    if "pid" in plan["namespaces"]:
        kernel.unshare(kernel.NEW_PIDS)

    def inside():
        rooms.enter(plan, groups)
        action()

    problem = attempt(inside)
    if problem:
        raise OSError(problem)


def filtered(plan):
    """The filter as programs get it, and that the network is closed behind it."""
    os.environ.update(rooms.environment(plan, []))
    import seccomp  # it reads what it is told when it is imported

    seccomp.install()
    if {"net", "mount"} <= set(plan["namespaces"]):
        return
    for family in (socket.AF_INET, socket.AF_INET6, socket.AF_UNIX):
        try:
            socket.socket(family).close()
        except OSError:
            continue
        raise OSError(f"a socket of family {family} can be opened")


def rehearsed(plan):
    """Which packages a program finds, in the room and under a run's uid; (names, None) or ([], the error's words)."""
    read_end, write_end = os.pipe()
    folder = rooms.TMP if "mount" in plan["namespaces"] else f"{plan['folder']}/tmp"
    argv = [plan["python"], "-I", "-S", "-B", "-c", TRIAL]
    argv += [json.dumps(part) for part in (plan["site"], NEEDED + USEFUL)]

    def run():
        told = rooms.told(plan, [])
        become(plan["uids"][0])
        if told.get("READABLE"):
            kernel.LIBC.prctl(38, 1, 0, 0, 0)
            landlock.restrict(told["READABLE"].split(":"), told["WRITABLE"].split(":"))
        os.dup2(write_end, 1)
        os.execve(plan["python"], [*argv, folder], {"LANG": "C.UTF-8", "HOME": folder, "PATH": told["PATH"]})

    problem = attempt(lambda: in_room(plan, [], run))
    os.close(write_end)
    with os.fdopen(read_end, "rb") as file:
        said = file.read().decode()
    return (json.loads(said), None) if said else ([], problem or "the interpreter did not start")


def grouped(asked):
    """Whether we may make a control group for a slot."""
    groups = cgroups.make(asked["memory_mb"], asked["pids"])
    cgroups.remove(groups)
    return bool(groups)


def probe(asked):
    """The plan and its `problems`: pairs (what is missing, what helps). `asked`: what the host wants of a slot."""
    plan = {**asked, **interpreter(), "landlock": landlock.version(), "namespaces": [], "folder": None}
    plan["readable"] = [*plan["own"], *asked["readable"]]
    problems = []
    if said := attempt(lambda: become(plan["uids"][0])):
        return {
            **plan,
            "folder": False,
            "cgroup": False,
            "found": [],
            "problems": [(f"no uids of their own for runs ({said})", UIDS)],
        }
    cgroups.sweep()
    sweep_folders()
    plan["namespaces"] = namespaces(plan)
    if "mount" in plan["namespaces"]:
        plan["python"] = rooms.seen_at(plan["python"])
        plan |= {key: [rooms.seen_at(path) for path in plan[key]] for key in ("site", "bin")}
    plan["cgroup"] = grouped(asked)
    if said := attempt(lambda: filtered(plan)):
        problems.append((f"the filter on system calls cannot be set ({said})", FILTER))
    if "mount" not in plan["namespaces"]:
        plan["folder"] = tempfile.mkdtemp(prefix="sandbox-probe-")
    plan["found"], said = trial(plan)
    if said:
        problems.append((f"{plan['python']} does not run under a run's uid ({said})", INTERPRETER))
    elif missing := [name for name in NEEDED if name not in plan["found"]]:
        problems.append((f"{plan['python']} has no {', '.join(missing)}", f"install it there: {PACKAGES}"))
    return {**plan, "problems": problems, "folder": bool(plan["folder"])}


def sweep_folders():
    """Folders of slots whose host and keeper were killed: ours, and named after a process that is no more."""
    for entry in list(os.scandir(tempfile.gettempdir())):
        host = entry.name.removeprefix("sandbox-slot-").partition("-")[0]
        ours = (
            entry.name.startswith("sandbox-slot-") and entry.stat(follow_symlinks=False).st_uid == os.getuid()
        )
        if ours and host.isdigit() and not os.path.exists(f"/proc/{host}"):
            shutil.rmtree(entry.path, ignore_errors=True)


def trial(plan):
    try:
        if plan["folder"]:
            os.chmod(plan["folder"], 0o711)
            for name in ("box", "tmp"):
                os.mkdir(f"{plan['folder']}/{name}")
                os.chmod(f"{plan['folder']}/{name}", 0o1777)
        return rehearsed(plan)
    finally:
        if plan["folder"]:
            shutil.rmtree(plan["folder"], ignore_errors=True)


def main(text):
    print(json.dumps(probe(json.loads(text))))
