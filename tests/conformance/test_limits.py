"""What a run may use, and that nothing of it is there for the next."""

from typing import Any

import pytest

from execfeedback.errors import SandboxMissing
from execfeedback.protocols import Sandbox
from execfeedback.types import Job, Limits, Step, StepResult


def job_of(text: str, stdin: str = "", warm: bool = True, **limits: Any) -> Job:
    step = Step(argv=("python3", "p.py"), stdin=stdin, warm=warm)
    return Job(environment="python", files={"p.py": text}, limits=Limits(**limits), steps=(step,))


async def measured(
    sandbox: Sandbox, text: str, stdin: str = "", warm: bool = True, **limits: Any
) -> StepResult:
    return (await sandbox.run(job_of(text, stdin, warm, **limits))).steps[0]


# ---- nothing of a run is there for the next ---------------------------------------------------------------------

LEAVE = """
import os, subprocess, tempfile, time
for place in ('.', '/tmp', tempfile.gettempdir(), '/dev/shm', '..'):
    try:
        os.makedirs(f'{place}/mark/inner')
        open(f'{place}/mark/inner/file', 'w').write('x')
        open(f'{place}/mark-file', 'w').write('x')
        os.symlink('/etc/passwd', f'{place}/mark-link')
        os.mkfifo(f'{place}/mark-fifo')
        os.chmod(f'{place}/mark/inner', 0)
        os.chmod(f'{place}/mark', 0)
    except OSError as error:
        print(place, error)
for _ in range(3):
    if os.fork() == 0:
        os.setsid()
        os.close(1), os.close(2)
        time.sleep(120)
print('left')
"""
LOOK = """
import os, tempfile
names = {place: sorted(os.listdir(place)) for place in ('.', tempfile.gettempdir())}
marks = [n for place in ('/tmp', '/dev/shm', '..') for n in os.listdir(place) if n.startswith('mark')]
try:
    uids = {os.stat(f'/proc/{p}').st_uid for p in os.listdir('/proc') if p.isdigit()}
except PermissionError:
    uids = {os.getuid()}
print(*names.values(), len(os.listdir('..')), marks, {u for u in uids if u >= 10000} == {os.getuid()})
"""


async def test_files_shared_memory_and_daemons_of_a_run_are_not_there_for_the_next(sandbox: Sandbox) -> None:
    for _ in range(2):  # whichever slot it was
        assert (await measured(sandbox, LEAVE)).stdout.endswith("left\n")
    for _ in range(2):
        seen = await measured(sandbox, LOOK)
        assert seen.stdout == "['p.py'] [] 1 [] True\n"


async def test_two_runs_that_follow_each_other_have_other_uids(sandbox: Sandbox) -> None:
    text = "import os\nprint(os.getuid(), os.getgid(), os.getgroups())"
    uids = {(await measured(sandbox, text)).stdout for _ in range(6)}

    assert len(uids) == 6
    assert all(10_000 <= int(line.split()[0]) < 65_536 for line in uids)


async def test_the_environment_is_built_from_nothing(sandbox: Sandbox) -> None:
    seen = await measured(sandbox, "import os\nprint(*sorted(os.environ))")

    assert set(seen.stdout.split()) == {
        *("HOME", "LANG", "PATH", "TMPDIR", "OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS"),
        *("PYTHONDONTWRITEBYTECODE", "PYTHONUNBUFFERED"),
    }


CAPABILITIES = """
import ctypes
libc = ctypes.CDLL(None)
held = (ctypes.c_uint32 * 6)()
done = libc.capget((ctypes.c_uint32 * 2)(0x20080522, 0), held)
print(done, list(held), libc.prctl(39, 0, 0, 0, 0), libc.prctl(21, 0, 0, 0, 0))
"""
"""Effective, permitted and inheritable sets; no new privileges; a filter."""


async def test_a_program_has_no_capability_and_cannot_get_one(sandbox: Sandbox) -> None:
    seen = await measured(sandbox, CAPABILITIES)

    assert seen.stdout == "0 [0, 0, 0, 0, 0, 0] 1 2\n"


async def test_a_program_holds_no_descriptor_but_its_own(sandbox: Sandbox) -> None:
    text = "import os\nprint([fd for fd in range(4096) if os.path.lexists(f'/proc/self/fd/{fd}')])"

    assert (await measured(sandbox, text)).stdout in ("[0, 1, 2]\n", "[0, 1, 2, 3]\n")


OTHERS = """
import os
try:
    others = sorted(set(filter(str.isdigit, os.listdir('/proc'))) - {str(os.getpid())})
except PermissionError:
    others = []
for pid in others:
    for name in ('cmdline', 'environ', 'maps', 'mem', 'fd', 'cwd', 'io', 'auxv'):
        try:
            path = f'/proc/{pid}/{name}'
            found = os.listdir(path) if name == 'fd' else os.readlink(path) if name == 'cwd' else open(path, 'rb').read(1)
            if found:
                print(path)
        except OSError:
            continue
"""


async def test_nothing_of_other_processes_can_be_read_but_their_states(sandbox: Sandbox) -> None:
    found = await measured(sandbox, OTHERS)

    assert (found.stdout, found.exit_code) == ("", 0)


# ---- limits ------------------------------------------------------------------------------------------------------


async def test_no_more_processes_than_allowed(sandbox: Sandbox) -> None:
    text = """
import os, time
made = 0
try:
    for _ in range(100):
        if os.fork() == 0:
            time.sleep(30)
        made += 1
except BlockingIOError:
    print(made)
"""

    assert (await measured(sandbox, text, processes=8)).stdout == "7\n"


async def test_threads_count_as_processes(sandbox: Sandbox) -> None:
    text = """
import threading, time
made = 0
try:
    for _ in range(100):
        threading.Thread(target=time.sleep, args=(30,), daemon=True).start()
        made += 1
except RuntimeError:
    print(made, flush=True)
import os
os._exit(0)
"""

    assert (await measured(sandbox, text, processes=8)).stdout == "7\n"


async def test_a_file_is_no_larger_than_the_disk_allows(sandbox: Sandbox) -> None:
    text = """
import os, signal
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
with open('big', 'wb') as file:
    try:
        for _ in range(64):
            file.write(b'x' * (1 << 20))
            file.flush()
    except OSError as error:
        print(os.path.getsize('big') >> 20, error.errno)
        os._exit(0)
"""

    assert (await measured(sandbox, text, disk_mb=4)).stdout == "4 27\n"


OPEN_FILES = """
kept = []
try:
    while True:
        kept.append(open('/dev/null'))
except OSError as error:
    made = len(kept)
    kept.clear()
    print(30 < made < 40, error.errno)
"""


async def test_no_more_open_files_than_allowed(sandbox: Sandbox) -> None:
    assert (await measured(sandbox, OPEN_FILES, files=40)).stdout == "True 24\n"


async def test_memory_is_summed_over_processes_and_files(sandbox: Sandbox) -> None:
    processes = """
import os, time
for _ in range(4):
    if os.fork() == 0:
        block = b'x' * (60 << 20)
        time.sleep(30)
time.sleep(30)
"""
    files = """
import tempfile, time
open('/dev/shm/a', 'wb').write(b'x' * (50 << 20))
open(tempfile.gettempdir() + '/a', 'wb').write(b'x' * (50 << 20))
time.sleep(30)
"""

    for text in (processes, files):
        found = await measured(sandbox, text, memory_mb=96, disk_mb=60, wall_s=15)
        assert found.cause == "memory", found
        assert found.memory_peak_mb > 96


@pytest.mark.parametrize(
    ("limits", "words"),
    [
        ({"memory_mb": 4096}, "memory_mb 4096, slots have \\d+: lower limits.memory_mb or raise the sandbox"),
        ({"disk_mb": 4096}, "disk_mb 4096, slots have 128: lower limits.disk_mb or raise the sandbox"),
        ({"processes": 5000}, "processes 5000, slots have \\d+: lower limits.processes"),
        ({"files": 5000}, "files 5000, slots have 4096: lower limits.files"),
    ],
)
async def test_a_job_that_asks_for_more_than_a_slot_has_is_told_what_to_change(
    limits: dict[str, int], words: str, sandbox: Sandbox
) -> None:
    with pytest.raises(SandboxMissing, match=words):
        await sandbox.run(job_of("print(1)", **limits))


async def test_the_largest_limits_that_a_slot_offers_can_be_had(sandbox: Sandbox) -> None:
    found = await measured(
        sandbox,
        "print('here')",
        memory_mb=2048,
        disk_mb=128,
        processes=240,
        files=4096,
        cpu_s=3600,
        wall_s=3600,
    )

    assert (found.stdout, found.cause) == ("here\n", "exited")


async def test_a_job_too_large_for_a_slot_is_refused_before_it_is_sent(sandbox: Sandbox) -> None:
    with pytest.raises(SandboxMissing, match=r"65 MB of files and tests|larger than 64 MB"):
        await sandbox.run(job_of("print(1)", stdin="x" * (65 << 20)))


DEEP = """
import os
made = 0
try:
    while made < 6000:
        os.mkdir('d' * 50)
        os.chdir('d' * 50)
        made += 1
finally:
    print(made > 70, made < 6000, flush=True)
"""


async def test_a_tree_too_deep_to_be_named_ends_and_never_reaches_the_next_run(sandbox: Sandbox) -> None:
    found = await measured(sandbox, DEEP)

    assert found.cause == "memory" or found.stdout == "True True\n"
    for _ in range(2):  # whichever slot it was
        assert (await measured(sandbox, LOOK)).stdout == "['p.py'] [] 1 [] True\n"
