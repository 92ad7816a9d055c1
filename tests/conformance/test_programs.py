"""Programs that are started one after the other by a process of their own user: what they can do to it, and to each other."""

from typing import Any

import pytest

from execfeedback.protocols import Sandbox
from execfeedback.types import Job, Limits, Step, StepResult

FINE = "print('fine')"


async def ran(
    sandbox: Sandbox, *texts: str, env: dict[str, str] | None = None, **limits: Any
) -> list[StepResult]:
    """The programs, each a step of one job."""
    files: dict[str, Any] = {f"p{number}.py": text for number, text in enumerate(texts)}
    steps = tuple(Step(argv=("python3", path), env=env or {}) for path in files)
    job = Job(environment="python", files=files, limits=Limits(**limits), steps=steps)
    execution = await sandbox.run(job)
    assert not execution.slot_recycled
    return list(execution.steps)


async def test_one_that_kills_what_started_it_ends_as_killed_and_the_next_runs(sandbox: Sandbox) -> None:
    killing = "import os\nprint('right')\nos.kill(os.getppid(), 9)"

    killed, next_one = await ran(sandbox, killing, FINE)

    assert (killed.cause, killed.signal) == ("signaled", 9)
    assert (next_one.cause, next_one.exit_code, next_one.stdout) == ("exited", 0, "fine\n")


async def test_one_that_stops_what_started_it_ends_at_its_wall_limit(sandbox: Sandbox) -> None:
    stopping = "import os, signal\nprint('right')\nos.kill(os.getppid(), signal.SIGSTOP)"

    stopped, next_one = await ran(sandbox, stopping, FINE, wall_s=1)

    assert stopped.cause == "wall"
    assert (next_one.cause, next_one.stdout) == ("exited", "fine\n")


async def test_what_is_left_behind_and_stops_it_later_hurts_its_own_job_alone(sandbox: Sandbox) -> None:
    leaving = """
import os, signal, time
starter = os.getppid()
if os.fork() == 0:
    os.setsid()
    while os.getppid() != 1:
        time.sleep(0.0005)
    os.kill(starter, signal.SIGSTOP)
"""
    first, *others = await ran(sandbox, leaving, FINE, FINE, wall_s=1)
    (alone,) = await ran(sandbox, FINE)

    assert first.cause in ("exited", "wall")
    assert all((step.cause, step.stdout) in (("exited", "fine\n"), ("wall", "")) for step in others)
    assert alone.stdout == "fine\n"


async def test_a_signal_to_the_own_group_reaches_nobody_else(sandbox: Sandbox) -> None:
    text = "import os, signal\nsignal.signal(signal.SIGTERM, signal.SIG_IGN)\nos.kill(0, signal.SIGTERM)\nprint('fine')"

    (step,) = await ran(sandbox, text)

    assert (step.cause, step.exit_code, step.stdout) == ("exited", 0, "fine\n")


async def test_nothing_of_what_started_it_can_be_read(sandbox: Sandbox) -> None:
    text = """
import os
for name in ('mem', 'maps', 'environ', 'fd', 'cwd', 'auxv', 'syscall'):
    path = f'/proc/{os.getppid()}/{name}'
    try:
        found = os.listdir(path) if name == 'fd' else os.readlink(path) if name == 'cwd' else open(path, 'rb').read(1)
        print(path, found)
    except OSError:
        continue
"""
    (step,) = await ran(sandbox, text)

    assert (step.stdout, step.exit_code) == ("", 0)


async def test_a_module_that_a_program_leaves_is_not_taken_by_what_starts_the_next(sandbox: Sandbox) -> None:
    planting = (
        "for name in ('json', 'os', 'socket', 'signal', 'frames'): open(f'{name}.py', 'w').write('1 / 0')"
    )
    second = "import sys\nsys.path.pop(0)\nimport os\nprint(os.getcwd() in sys.path)"

    _, step = await ran(sandbox, planting, second)

    assert (step.stdout, step.exit_code) == ("False\n", 0)


async def test_each_has_its_own_time(sandbox: Sandbox) -> None:
    burning = "import time\nwhile time.process_time() < 0.6: pass\nprint('fine')"

    steps = await ran(sandbox, burning, burning, burning, cpu_s=1)

    assert [step.stdout for step in steps] == ["fine\n"] * 3
    assert all(0.6 <= step.cpu_s < 1 for step in steps)


async def test_one_process_is_enough_for_one_that_starts_none(sandbox: Sandbox) -> None:
    forking = "import os\ntry:\n    os.fork()\nexcept OSError as error:\n    print(type(error).__name__)"

    (step,) = await ran(sandbox, forking, processes=1)

    assert step.stdout == "BlockingIOError\n"


async def test_one_that_is_not_there_ends_as_a_shell_says_it(sandbox: Sandbox) -> None:
    steps = tuple(Step(argv=(name,)) for name in ("nowhere", "./data"))
    job = Job(environment="python", files={"data": "x"}, limits=Limits(), steps=steps)

    missing, forbidden = (await sandbox.run(job)).steps

    assert (missing.exit_code, missing.stderr) == (127, "nowhere: No such file or directory\n")
    assert (forbidden.exit_code, forbidden.stderr) == (126, "./data: Permission denied\n")


async def test_no_step_is_begun_when_the_time_of_all_is_over(sandbox: Sandbox) -> None:
    step = Step(argv=("python3", "p.py"))
    files: dict[str, Any] = {"p.py": "import time\ntime.sleep(0.3)"}
    job = Job(environment="python", files=files, limits=Limits(), steps=(step,) * 20, total_wall_s=0.5)

    assert 1 < len((await sandbox.run(job)).steps) < 5


MAKES = """
import os
os.makedirs("closed", mode=0o700)
with open(os.open("closed/made", os.O_CREAT | os.O_WRONLY, 0o600), "w") as file:
    file.write(os.urandom(8).hex())
"""
SHOWS = "import os\nprint(open('closed/made').read(), os.stat('closed/made').st_uid == 0)"


async def made_and_shown(sandbox: Sandbox, making: str) -> tuple[str, str]:
    """What a compile step makes, as two jobs of the same text see it."""
    files: dict[str, Any] = {"make.py": making, "show.py": SHOWS}
    job = Job(
        environment="python",
        files=files,
        limits=Limits(),
        compile=(Step(argv=("python3", "make.py")),),
        steps=(Step(argv=("python3", "show.py")),),
    )
    first, second = [(await sandbox.run(job)) for _ in range(2)]
    assert not first.slot_recycled and not second.slot_recycled
    return first.steps[0].stdout, second.steps[0].stdout


async def test_what_compiling_made_comes_back_as_files_of_root(sandbox: Sandbox) -> None:
    """Closed to others too: it is read with the rights of who made it."""
    first, second = await made_and_shown(sandbox, MAKES)

    assert first.split()[0] == second.split()[0]
    assert (first.split()[1], second.split()[1]) == ("False", "True")


@pytest.mark.parametrize(
    "more", ["os.symlink('/etc/passwd', 'link')", "os.symlink('/', 'closed/folder')", "os.mkfifo('pipe')"]
)
async def test_what_is_not_plain_files_alone_is_not_kept(more: str, sandbox: Sandbox) -> None:
    first, second = await made_and_shown(sandbox, f"{MAKES}{more}\n")

    assert first.split()[0] != second.split()[0]
    assert (first.split()[1], second.split()[1]) == ("False", "False")


SHOWN = (
    "import resource as r\nprint([r.getrlimit(x) for x in (r.RLIMIT_NPROC, r.RLIMIT_FSIZE, r.RLIMIT_NOFILE)])"
)


def kernels(limits: Limits) -> str:
    """What such a program prints: soft and hard limits alike, so none can be raised. The starter is a process too."""
    given = (limits.processes + 1, limits.disk_mb << 20, limits.files)
    return f"{[(value, value) for value in given]}\n"


@pytest.mark.parametrize("files", [128, 256, 512])
async def test_compiler_and_programs_have_their_own_limits_whichever_are_larger(
    files: int, sandbox: Sandbox
) -> None:
    compiler = Limits(processes=40, disk_mb=32, files=256)
    programs = Limits(processes=20, disk_mb=16, files=files)
    job = Job(
        environment="python",
        files={"p.py": SHOWN},
        compile=(Step(argv=("python3", "p.py"), limits=compiler),),
        limits=programs,
        steps=(Step(argv=("python3", "p.py")), Step(argv=("python3", "p.py"))),
    )

    execution = await sandbox.run(job)

    assert [step.stdout for step in execution.compile] == [kernels(compiler)]
    assert [step.stdout for step in execution.steps] == [kernels(programs)] * 2
