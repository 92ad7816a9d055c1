"""The backend `local` beyond what all backends share: when it refuses, what it leaves behind, whom it never touches."""

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from execfeedback.errors import InputError, SandboxError, SandboxMissing
from execfeedback.library import open_backend
from execfeedback.sandbox import local_uids
from execfeedback.sandbox.local import LocalSandbox
from execfeedback.sandbox.local_plan import LocalPlan, asked, offered, probed
from execfeedback.types import Job, Limits, Step

UIDS = (50_000, 60_000)


@pytest.fixture(autouse=True)
def rooted(request: pytest.FixtureRequest) -> None:
    if request.node.get_closest_marker("local") and os.geteuid() != 0:
        pytest.skip("the backend local needs root, or a user namespace that makes one root")


def program(text: str) -> Job:
    step = Step(argv=("python3", "p.py"), warm=True)
    return Job(environment="python", files={"p.py": text}, limits=Limits(), steps=(step,))


def until(holds: Callable[[], bool], patience_s: float = 30.0) -> None:
    end = time.monotonic() + patience_s
    while not holds():
        assert time.monotonic() < end, "it never came to hold"
        time.sleep(0.05)


def has_ended(pid: int) -> bool:
    """It is gone, or only waits for the machine's first process to take note."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] == "Z"
    except (FileNotFoundError, ProcessLookupError):
        return True


# ---- chosen by name, and refused with a remedy ----------------------------------------------------------------------


def test_an_unknown_backend_or_option_is_named() -> None:
    with pytest.raises(InputError, match="docker, local"):
        open_backend("podman", 1)
    with pytest.raises(InputError, match="pyhton"):
        open_backend("local", 1, pyhton="x")
    with pytest.raises(InputError, match="two uids between 1000 and 65534"):
        open_backend("local", 1, uids=(10, 2000))


def test_a_missing_interpreter_is_named(tmp_path: Path) -> None:
    with pytest.raises(SandboxMissing, match=r"nowhere.*sandbox\.python"):
        probed(tmp_path / "nowhere", asked(512, 64, UIDS, ()))


def test_the_largest_limits_are_no_more_than_this_process_may_have() -> None:
    found = offered(2048, 128)

    assert 0 < found["files"] <= 4096 and 0 < found["processes"] <= 240
    assert (found["memory_mb"], found["disk_mb"]) == (2048, 128)


@pytest.fixture
def powerless(tmp_path: Path) -> Path:
    """This interpreter as root of a container that gave the right to change uid away."""
    wrapper = tmp_path / "python"
    wrapper.write_text(f'#!/bin/sh\nexec setpriv --bounding-set=-setuid,-setgid -- {sys.executable} "$@"\n')
    wrapper.chmod(0o755)
    return wrapper


@pytest.mark.local
def test_without_uids_for_runs_it_does_not_start_and_says_what_helps(powerless: Path, tmp_path: Path) -> None:
    item = {"id": "x", "language": "python", "solution": "x = 1\n", "tests": "assert x == 1\n"}
    (tmp_path / "items.jsonl").write_text(json.dumps(item) + "\n")
    told = {"EXECFEEDBACK_SANDBOX": "local", "EXECFEEDBACK_SANDBOX__PYTHON": str(powerless)}
    argv = [sys.executable, "-c", "from execfeedback.cli import main; main()", "verify"]

    ended = subprocess.run(
        [*argv, str(tmp_path / "items.jsonl")], env={**os.environ, **told}, capture_output=True, text=True
    )

    assert (ended.returncode, ended.stdout) == (4, "")
    assert "no uids of their own for runs" in ended.stderr and "run as root" in ended.stderr


@pytest.mark.local
def test_the_demo_without_an_engine_says_loudly_that_it_has_no_container(
    powerless: Path, tmp_path: Path
) -> None:
    told = {"DOCKER_HOST": f"unix://{tmp_path}/none.sock", "EXECFEEDBACK_SANDBOX__PYTHON": str(powerless)}
    script = Path(__file__).parent.parent / ".ci/demo"
    argv = [str(script), str(Path(sys.executable).parent), "--out", str(tmp_path / "c.db")]

    ended = subprocess.run(argv, env={**os.environ, **told}, capture_output=True, text=True)

    assert ended.returncode == 4 and not (tmp_path / "c.db").exists()
    reason, _, rest = ended.stderr.partition("NO DOCKER ENGINE")
    assert "no Docker engine answers" in reason and "WITHOUT A" in rest
    assert "the local sandbox does not start here" in rest


@pytest.fixture
def empty_python(tmp_path: Path) -> Path:
    """This interpreter without the packages that tests ask for."""
    made = [sys.executable, "-m", "venv", "--without-pip", str(tmp_path / "venv")]
    subprocess.run(made, check=True)
    return tmp_path / "venv/bin/python"


@pytest.mark.local
def test_an_interpreter_without_pytest_is_refused(empty_python: Path) -> None:
    plan = probed(empty_python, asked(512, 64, UIDS, ()))

    assert [what for what, _ in plan.problems] == [f"{plan.python} has no pytest, hypothesis"]
    assert "pip install pytest hypothesis" in plan.problems[0][1]


# ---- what stands around a slot --------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def plan() -> LocalPlan:
    return probed(None, asked(512, 64, UIDS, ()))


SEEN = """
import json, os, sys
print(json.dumps([os.path.exists(path) for path in json.loads(sys.argv[1])]))
"""


@pytest.mark.local
async def test_a_slot_with_a_root_of_its_own_shows_no_file_of_the_machine(plan: LocalPlan) -> None:
    if not plan.walled:
        pytest.skip("no mount namespace is granted here")
    paths = [__file__, "/etc/hostname", "/etc/shadow", "/var", "/home", "/run", "/usr", "/box", "/proc/self"]
    step = Step(argv=("python3", "p.py", json.dumps(paths)), warm=True)
    job = program(SEEN).model_copy(update={"steps": (step,)})
    async with LocalSandbox(workers=1) as sandbox:
        seen = json.loads((await sandbox.run(job)).steps[0].stdout)

    assert seen == [False] * 6 + [True] * 3


LISTED = """
import os
print(sorted({os.stat(f'/proc/{name}').st_uid for name in os.listdir('/proc') if name.isdigit()}) == [os.getuid()])
"""


@pytest.mark.local
async def test_a_slot_with_processes_of_its_own_lists_only_those_of_the_run(plan: LocalPlan) -> None:
    if "pid" not in plan.namespaces:
        pytest.skip("no process namespace is granted here")
    async with LocalSandbox(workers=1) as sandbox:
        assert (await sandbox.run(program(LISTED))).steps[0].stdout == "True\n"


def test_a_launcher_that_fails_is_missing_with_its_last_words(tmp_path: Path) -> None:
    broken = tmp_path / "python"
    broken.write_text("#!/bin/sh\necho no room left\nexit 1\n")
    broken.chmod(0o755)

    with pytest.raises(SandboxMissing, match=r"no room left; name a Python"):
        probed(broken, asked(512, 64, UIDS, ()))


@pytest.mark.local
async def test_opening_says_on_stderr_what_was_granted(
    plan: LocalPlan, capsys: pytest.CaptureFixture[str]
) -> None:
    async with LocalSandbox(workers=1, memory_mb=512):
        pass

    assert capsys.readouterr() == ("", f"execfeedback: sandbox local: {plan.wall()}\n")


def test_what_is_not_granted_is_said() -> None:
    facts = dict.fromkeys(LocalPlan.model_fields, ())
    strings = {
        "python": "p",
        "version": "3.13.5",
        "supervisor": "s",
        "landlock": 0,
        "cgroup": False,
        "folder": True,
    }
    plan = LocalPlan.model_validate({**facts, **strings, "memory_mb": 1, "disk_mb": 1, "pids": 1})

    assert plan.wall() == (
        "no namespaces; no Landlock; files of the machine readable as for any user, /tmp and /dev/shm shared with this "
        "machine; network: no sockets at all; memory counted over processes and files"
    )


IN_A_USER_NAMESPACE = """
import ctypes, os, sys

read_end, write_end = os.pipe()
ready_end, mapped_end = os.pipe()
child = os.fork()
if child == 0:
    assert ctypes.CDLL(None).unshare(0x10000000) == 0
    os.write(write_end, b"x"), os.read(ready_end, 1)
    os.setresgid(0, 0, 0), os.setresuid(0, 0, 0)
    os.execv(sys.argv[1], sys.argv[1:])
os.read(read_end, 1)
for name in ("gid_map", "uid_map"):
    with open(f"/proc/{child}/{name}", "w") as file:
        file.write("0 0 1\\n1 100001 65535\\n")
os.write(mapped_end, b"x")
sys.exit(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]))
"""
"""Root of a user namespace with uids of its own, and with no right on the machine."""


@pytest.mark.local
def test_root_of_a_user_namespace_is_enough(tmp_path: Path) -> None:
    item = {"id": "x", "language": "python", "solution": "x = 1\n", "tests": "assert x == 1\n"}
    (tmp_path / "items.jsonl").write_text(json.dumps(item) + "\n")
    verify = "from execfeedback.cli import main; main()", "verify", str(tmp_path / "items.jsonl")
    inside = [sys.executable, "-c", *verify, "--sandbox", "local"]

    ended = subprocess.run(
        [sys.executable, "-c", IN_A_USER_NAMESPACE, *inside], capture_output=True, text=True
    )

    if "AssertionError" in ended.stderr:
        pytest.skip("this kernel grants no user namespace")
    assert ended.returncode == 0, ended.stderr
    assert json.loads(ended.stdout)["verdict"] == "passed"


# ---- what it leaves, and whom it never touches ----------------------------------------------------------------------

HOST = """
import asyncio, os
from execfeedback.sandbox.local import LocalSandbox
from execfeedback.types import Job, Limits, Step


async def main():
    step = Step(argv=("python3", "p.py"), warm=True)
    text = "import os, time\\nif os.fork() == 0:\\n    os.setsid()\\ntime.sleep(300)"
    job = Job(environment="python", files={"p.py": text}, limits=Limits(wall_s=300), steps=(step,))
    async with LocalSandbox(workers=1, python=os.environ.get("EXECFEEDBACK_TEST_PYTHON")) as sandbox:
        work = asyncio.create_task(sandbox.run(job))
        while not sandbox.slots:
            await asyncio.sleep(0.05)
        (slot,) = sandbox.slots
        print(slot.claim.first, slot.process.pid, flush=True)
        await work


asyncio.run(main())
"""


@contextmanager
def host_in_a_run() -> Iterator[tuple["subprocess.Popen[str]", set[int], int]]:
    """A process that holds a slot in which a program and its daemon run; the slot's uids, the keeper's pid."""
    argv = [sys.executable, "-c", HOST]
    with subprocess.Popen(argv, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True) as host:
        assert host.stdout is not None
        first, keeper = map(int, host.stdout.readline().split())
        uids = set(range(first, first + 64))
        until(lambda: bool(local_uids.in_use() & uids))
        yield host, uids, keeper
        host.kill()


@pytest.mark.local
def test_a_killed_host_leaves_no_process_no_group_and_no_folder() -> None:
    with host_in_a_run() as (host, uids, keeper):
        host.send_signal(signal.SIGKILL)
        host.wait()

        until(lambda: not local_uids.in_use() & uids and has_ended(keeper))
        assert list(Path("/sys/fs/cgroup").rglob(f"execfeedback-{keeper}")) == []
        assert list(Path("/tmp").glob(f"sandbox-slot-{host.pid}-*")) == []


@pytest.mark.local
def test_a_killed_keeper_takes_its_supervisor_and_the_runs_with_it() -> None:
    with host_in_a_run() as (_host, uids, keeper):
        supervisors = Path(f"/proc/{keeper}/task/{keeper}/children").read_text().split()
        os.kill(keeper, signal.SIGKILL)

        until(lambda: not any(os.path.exists(f"/proc/{pid}") for pid in supervisors))
        until(lambda: not local_uids.in_use() & uids)


@pytest.mark.local
def test_a_range_of_uids_belongs_to_one_slot_and_to_no_process_of_the_machine() -> None:
    held = local_uids.claim((50_000, 50_064))
    with pytest.raises(SandboxError, match="in use"):
        local_uids.claim((50_000, 50_064))
    held.close()

    with subprocess.Popen(["sleep", "30"], user=50_010) as other:
        with pytest.raises(SandboxError, match="in use"):
            local_uids.claim((50_000, 50_064))
        other.kill()
    local_uids.claim((50_000, 50_064)).close()
