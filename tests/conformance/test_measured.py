"""What is measured of a run: exit, time, memory and output, on a loaded machine as well."""

import subprocess
import sys
from collections.abc import Iterator
from typing import Any

import pytest

from execfeedback.protocols import Sandbox
from execfeedback.types import Item, Job, Limits, Step, StepResult
from execfeedback.verdicts import verdict_of


def job_of(text: str, stdin: str = "", warm: bool = True, **limits: Any) -> Job:
    step = Step(argv=("python3", "p.py"), stdin=stdin, warm=warm)
    return Job(environment="python", files={"p.py": text}, limits=Limits(**limits), steps=(step,))


async def measured(
    sandbox: Sandbox, text: str, stdin: str = "", warm: bool = True, **limits: Any
) -> StepResult:
    return (await sandbox.run(job_of(text, stdin, warm, **limits))).steps[0]


@pytest.mark.parametrize("warm", [True, False])
@pytest.mark.parametrize(
    ("text", "exit_code", "signal"),
    [
        ("print(1)", 0, None),
        ("raise SystemExit(7)", 7, None),
        ("import sys\nsys.exit('words')", 1, None),
        ("1 / 0", 1, None),
        ("import os\nos._exit(255)", 255, None),
        ("import os, signal\nos.kill(os.getpid(), signal.SIGTERM)", None, 15),
        ("import os\nos.abort()", None, 6),
        ("import ctypes\nctypes.string_at(0)", None, 11),
    ],
)
async def test_exit_code_and_signal_are_the_programs_own(
    text: str, exit_code: int | None, signal: int | None, warm: bool, sandbox: Sandbox
) -> None:
    found = await measured(sandbox, text, warm=warm)

    assert (found.exit_code, found.signal) == (exit_code, signal)
    assert found.cause == ("exited" if signal is None else "signaled")


async def test_cpu_wall_and_memory_are_measured_plausibly(sandbox: Sandbox) -> None:
    burn = "import time\nwhile time.process_time() < 0.4:\n    pass\n"
    busy = await measured(sandbox, burn)
    asleep = await measured(sandbox, "import time\ntime.sleep(0.5)")
    large = await measured(sandbox, "import time\nblock = b'x' * (150 << 20)\ntime.sleep(0.4)")

    assert 0.35 <= busy.cpu_s <= 0.9 and busy.wall_s >= 0.35
    assert asleep.cpu_s < 0.2 and 0.45 <= asleep.wall_s < 10
    assert 150 <= large.memory_peak_mb < 260 and asleep.memory_peak_mb < 100


async def test_cpu_of_children_is_counted_reaped_or_not(sandbox: Sandbox) -> None:
    child = "import time\n    while time.process_time() < 0.3:\n        pass\n    os._exit(0)\n"
    waited = f"import os\nif os.fork() == 0:\n    {child}os.wait()\n"
    orphan = (
        f"import os\nif os.fork() == 0:\n    if os.fork() > 0:\n        os._exit(0)\n    {child}os.wait()\n"
    )
    orphan += "import time\ntime.sleep(2)\n"

    assert (await measured(sandbox, waited)).cpu_s >= 0.25
    assert (await measured(sandbox, orphan)).cpu_s >= 0.2


@pytest.mark.parametrize(
    ("text", "stdout", "stderr"),
    [
        (r"import os; os.write(1, b'a\0b'); os.write(2, b'\0')", "a\0b", "\0"),
        (r"import os; os.write(1, b'\xff\xfe ok \xc3')", "\ufffd\ufffd ok \ufffd", ""),
        ("print('x' * 100000, end='')", "x" * 100000, ""),
        ("import os; os.close(1); os.close(2)", "", ""),
        ("import os; os.close(1); os.write(2, b'e')", "", "e"),
        ("print('\\x1b[2J\\r\\u2028\\U0001f600')", "\x1b[2J\r\u2028\U0001f600\n", ""),
    ],
    ids=["nul", "not-utf8", "long-line", "both-closed", "stdout-closed", "control"],
)  # fmt: skip
async def test_output_of_any_bytes_is_delivered(
    text: str, stdout: str, stderr: str, sandbox: Sandbox
) -> None:
    found = await measured(sandbox, text)

    assert (found.stdout, found.stderr, found.truncated) == (stdout, stderr, False)
    assert found.utf8 is ("\ufffd" not in stdout)
    assert (found.cause, found.exit_code) == ("exited", 0)


BY_NAME = """
given = open('/dev/stdin').read()
with open('/dev/stdout', 'w') as out, open('/dev/stderr', 'w') as err:
    out.write(given.upper())
    err.write('told')
try:
    open('/dev/stdin', 'a')
except PermissionError:
    print('for reading only')
"""


@pytest.mark.parametrize("warm", [True, False])
async def test_standard_streams_can_be_opened_by_their_names(warm: bool, sandbox: Sandbox) -> None:
    found = await measured(sandbox, BY_NAME, stdin="words\n", warm=warm)

    assert (found.stdout, found.stderr) == ("WORDS\nfor reading only\n", "told")


async def test_a_megabyte_line_is_cut_at_the_limit_and_says_so(sandbox: Sandbox) -> None:
    found = await measured(sandbox, "print('y' * (4 << 20))", output_kb=64)

    assert (found.cause, found.truncated) == ("output", True)
    head, note, tail = found.stdout.strip().split("\n")
    assert head == "y" * (32 << 10) and tail in (head, head[1:]) and "bytes left out" in note


async def test_both_outputs_are_drained_at_one_time(sandbox: Sandbox) -> None:
    text = "import os\nfor _ in range(100):\n    os.write(2, b'e' * 1000)\n    os.write(1, b'o' * 1000)\n"
    found = await measured(sandbox, text)

    assert (found.stdout, found.stderr) == ("o" * 100_000, "e" * 100_000)


async def test_a_megabyte_of_stdin_arrives_whole(sandbox: Sandbox) -> None:
    text = "import sys, hashlib\ndata = sys.stdin.buffer.read()\nprint(len(data), data[-3:])"

    assert (await measured(sandbox, text, stdin="z" * (1 << 20) + "end")).stdout == "1048579 b'end'\n"


@pytest.fixture
def busy_cores() -> Iterator[None]:
    """Both cores taken for the time of a test."""
    text = "import time\nend = time.monotonic() + 30\nwhile time.monotonic() < end:\n    pass\n"
    others = [subprocess.Popen([sys.executable, "-c", text]) for _ in range(2)]
    yield
    for other in others:
        other.kill()
        other.wait()


@pytest.mark.usefixtures("busy_cores")
async def test_waiting_for_a_core_is_not_charged_to_wall_time(sandbox: Sandbox) -> None:
    text = "import time\nwhile time.process_time() < 0.5:\n    pass\nprint('done')\n"

    for _ in range(3):
        found = await measured(sandbox, text, cpu_s=1, wall_s=0.75)
        assert (found.cause, found.stdout) == ("exited", "done\n"), found


BURN = """
import time


def burn():
    until = time.process_time() + 0.25
    while time.process_time() < until:
        pass
    return 1


"""


@pytest.mark.usefixtures("busy_cores")
async def test_waiting_for_a_core_is_not_charged_to_either_side_of_a_split_run(sandbox: Sandbox) -> None:
    limits = Limits(cpu_s=1, wall_s=0.75).model_dump()
    item = Item.model_validate(
        {
            "id": "x",
            "language": "python",
            "solution": BURN,
            "limits": limits,
            "tests": BURN.replace("burn()", "mine()") + "assert mine() == 1\nassert burn() + burn() == 2\n",
        }
    )

    found = await verdict_of(item, sandbox)

    assert found.verdict == "passed", found
    assert 0.45 <= found.cpu_s <= 1


async def test_wall_time_still_ends_a_program_that_sleeps(sandbox: Sandbox) -> None:
    found = await measured(sandbox, "import time\ntime.sleep(60)", cpu_s=1, wall_s=0.5)

    assert found.cause == "wall" and found.wall_s < 20
