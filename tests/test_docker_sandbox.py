"""The Docker backend under faults: slots that die, an engine that goes, callers that go, and what must not survive."""

import asyncio
import contextlib
import gc
import os
import signal
import subprocess
import sys
import time
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio

from execfeedback.errors import SandboxError, SandboxMissing
from execfeedback.sandbox import engine, wire
from execfeedback.sandbox.docker import DockerSandbox, host_options
from execfeedback.sandbox.leftovers import OWNER, owner_label, remove_leftovers
from execfeedback.sandbox.slot import seccomp_profile
from execfeedback.types import Item, Job, Limits, Step
from execfeedback.verdicts import verdict_of

pytestmark = pytest.mark.docker


def program(text: str, environment: str = "python", **limits: Any) -> Job:
    step = Step(argv=("python3", "p.py"), warm=True)
    return Job(environment=environment, files={"p.py": text}, limits=Limits(**limits), steps=(step,))


async def printed(sandbox: DockerSandbox, text: str, **limits: Any) -> str:
    return (await sandbox.run(program(text, **limits))).steps[0].stdout


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def pool() -> AsyncIterator[DockerSandbox]:
    """One slot of our own, so that a test knows which one its job is in."""
    async with DockerSandbox(workers=1) as opened:
        yield opened


@pytest.fixture
def docker_engine() -> Iterator[Any]:
    with closing(engine.client()) as client:
        yield client


async def until(holds: Callable[[], bool], patience_s: float = 60.0) -> None:
    end = time.monotonic() + patience_s
    while not holds():
        assert time.monotonic() < end, "it never came to hold"
        await asyncio.sleep(0.05)


def running(sandbox: DockerSandbox) -> set[str]:
    return {slot.container for slot in sandbox.slots}


def owned(client: Any, owner: str) -> set[str]:
    """Ids of the containers of an owner, in any state."""
    return {c["Id"] for c in client.api.containers(all=True, filters={"label": f"{OWNER}={owner}"})}


async def lose_slots(sandbox: DockerSandbox, client: Any, times: int) -> None:
    """Kill the slot of a job that sleeps in it, and the slots that replace it."""
    killed: set[str] = set()
    for _ in range(times):
        await until(lambda: not sandbox.idle and bool(running(sandbox) - killed))
        await asyncio.sleep(0.7)  # the greeting was heard: now the job is inside
        for container in running(sandbox) - killed:
            client.api.kill(container)
            killed.add(container)


# ---- slots that die ----------------------------------------------------------------------------------------------


async def test_a_container_killed_during_a_run_is_replaced_and_the_result_is_right(
    pool: DockerSandbox, docker_engine: Any
) -> None:
    assert await printed(pool, "print(1)") == "1\n"
    before = running(pool)

    work = asyncio.create_task(pool.run(program("import time\ntime.sleep(3)\nprint('slept')")))
    await lose_slots(pool, docker_engine, 1)
    execution = await work

    assert (execution.steps[0].stdout, execution.steps[0].exit_code) == ("slept\n", 0)
    assert len(running(pool)) == 1 and running(pool).isdisjoint(before)


async def test_the_second_try_of_a_job_runs_alone(docker_engine: Any) -> None:
    said_at_start = "import time\nprint(time.monotonic(), flush=True)\ntime.sleep(1.5)"
    said_at_end = "import time\ntime.sleep(4)\nprint(time.monotonic())"
    async with DockerSandbox(workers=2) as two:
        await asyncio.gather(printed(two, "import time; time.sleep(0.3)"), printed(two, "print(1)"))
        first = asyncio.create_task(printed(two, said_at_start))
        await asyncio.sleep(0.4)
        (other,) = {slot.container for slot in two.slots if slot is two.idle[-1]}
        long = asyncio.create_task(printed(two, said_at_end))
        await asyncio.sleep(0.4)
        for container in running(two) - {other}:
            docker_engine.api.kill(container)

        assert float(await first) > float(await long)


async def test_the_next_job_of_a_slot_waits_for_no_turn_of_the_event_loop(pool: DockerSandbox) -> None:
    await printed(pool, "print(1)")
    work = [asyncio.create_task(printed(pool, "import time\nprint(time.monotonic())")) for _ in range(2)]
    await asyncio.sleep(0)

    time.sleep(2)  # noqa: ASYNC251

    free = time.monotonic()
    assert all([float(await one) < free for one in work])


LEAVES_WORK = """
import asyncio, threading, time
from execfeedback.sandbox.docker import DockerSandbox
from execfeedback.types import Job, Limits, Step
job = Job(environment="python", files={"p.py": "import time; time.sleep(1)"}, limits=Limits(),
          steps=(Step(argv=("python3", "p.py"), warm=True),))
async def work():
    async with DockerSandbox(workers=1) as sandbox:
        await sandbox.run(job)
        began.set()
        await asyncio.gather(*(sandbox.run(job) for _ in range(60)))
began = threading.Event()
threading.Thread(target=lambda: asyncio.run(work()), daemon=True).start()
began.wait()
time.sleep(0.5)
print("ends", flush=True)
"""


async def test_an_interpreter_that_ends_does_not_wait_for_jobs_that_wait(docker_engine: Any) -> None:
    host = await asyncio.create_subprocess_exec(sys.executable, "-c", LEAVES_WORK, stdout=subprocess.PIPE)
    assert host.stdout and await host.stdout.readline() == b"ends\n"
    began = time.monotonic()

    await host.wait()

    assert time.monotonic() - began < 20


async def test_a_slot_lost_twice_while_a_canary_passes_is_the_items_verdict(
    pool: DockerSandbox, docker_engine: Any
) -> None:
    fields = {"language": "python", "solution": "import time\ntime.sleep(8)\n\n\ndef f():\n    return 1\n"}
    item = Item(id="x", tests="assert f() == 1\n", **fields)  # type: ignore[arg-type]

    work = asyncio.create_task(verdict_of(item, pool))
    await lose_slots(pool, docker_engine, 2)
    found = await work

    assert (found.verdict, found.reasons, found.passed) == ("runtime_error", ("slot_lost",), False)
    assert found.slot_recycled and found.error is None
    assert await printed(pool, "print('next')") == "next\n"


async def test_a_slot_that_dies_between_jobs_costs_its_next_job_nothing(
    pool: DockerSandbox, docker_engine: Any
) -> None:
    await printed(pool, "print(1)")
    (container,) = running(pool)
    docker_engine.api.kill(container)

    assert await printed(pool, "print(2)") == "2\n"


DEEP = """
import os
made = 0
try:
    while True:
        os.mkdir('d' * 50)
        os.chdir('d' * 50)
        made += 1
except OSError as error:
    print(3000 < made < 4096, error.errno)
"""


async def test_a_tree_too_deep_to_remove_by_path_ends_the_slot_and_never_reaches_the_next_run(
    pool: DockerSandbox,
) -> None:
    await printed(pool, "print(1)")
    before = running(pool)

    execution = await pool.run(program(DEEP))
    seen = await printed(pool, "import os\nprint(sorted(os.listdir('.')), len(os.listdir('/box')))")

    assert execution.steps[0].stdout == "True 28\n"
    assert seen == "['p.py'] 1\n"
    assert execution.slot_recycled and running(pool).isdisjoint(before)


async def test_a_slot_that_says_that_it_is_not_clean_is_not_used_again(pool: DockerSandbox) -> None:
    """A stopped process that no signal of its own uid can end does not exist, so the answer of a real slot is edited."""
    await printed(pool, "print(1)")
    (slot,) = pool.slots
    answer = slot.run

    def dirty(frame: bytes, allowed_s: float) -> Any:
        return answer(frame, allowed_s).model_copy(update={"slot_recycled": True})

    slot.run = dirty  # type: ignore[method-assign]
    execution = await pool.run(program("print(2)"))

    assert execution.slot_recycled and running(pool) == set()
    assert await printed(pool, "print(3)") == "3\n"
    assert slot.container not in running(pool)


async def test_a_stuck_slot_is_replaced_long_before_its_job_could_be_over(
    pool: DockerSandbox, docker_engine: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    await printed(pool, "print(1)")
    (stuck,) = pool.slots
    monkeypatch.setattr(wire, "SILENCE_S", 5.0)
    began = time.monotonic()
    work = asyncio.create_task(printed(pool, "import time\ntime.sleep(2)\nprint('slept')", wall_s=60))
    await asyncio.sleep(0.5)  # the job is inside
    docker_engine.api.pause(stuck.container)

    assert await work == "slept\n"
    assert time.monotonic() - began < 30 and stuck.container not in running(pool)


# ---- an engine that goes -------------------------------------------------------------------------------------------


async def test_no_engine_is_an_exception_with_its_remedy_and_never_a_verdict(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("DOCKER_HOST", f"unix://{tmp_path}/none.sock")

    with pytest.raises(SandboxMissing, match=r"none\.sock.*unset DOCKER_HOST"):
        async with DockerSandbox(workers=1):
            pytest.fail("there is no engine, and it opened")
    gc.collect()  # what was left open would be a warning now, and so a failure


class Road:
    """The way to the real engine, through a socket of our own that can be cut."""

    def __init__(self, path: Path) -> None:
        self.path, self.lanes = path, set[asyncio.StreamWriter]()
        self.tasks = set[asyncio.Task[None]]()

    async def open(self) -> None:
        self.server = await asyncio.start_unix_server(self.drive, self.path)

    async def drive(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        real = (engine_address or "").removeprefix("unix://")
        far_reader, far_writer = await asyncio.open_unix_connection(real)
        self.lanes |= {writer, far_writer}
        await asyncio.gather(self.carry(reader, far_writer), self.carry(far_reader, writer))

    async def carry(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with contextlib.suppress(OSError):
            while data := await reader.read(1 << 16):
                writer.write(data)
                await writer.drain()
        writer.close()

    async def cut(self) -> None:
        self.server.close()
        for lane in self.lanes:
            lane.close()
        self.path.unlink(missing_ok=True)
        await asyncio.sleep(0.1)


engine_address = engine.address()


async def test_an_engine_that_goes_during_a_run_is_our_fault_and_jobs_run_when_it_is_back(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, docker_engine: Any
) -> None:
    road = Road(tmp_path / "road.sock")
    monkeypatch.setenv("DOCKER_HOST", f"unix://{road.path}")
    await road.open()
    item = Item(id="x", language="python", solution="x = 1\n", tests="assert x == 1\n")
    async with DockerSandbox(workers=1) as sandbox:
        assert (await verdict_of(item, sandbox)).verdict == "passed"
        used = running(sandbox)
        slow = item.model_copy(update={"solution": "import time\ntime.sleep(6)\nx = 1\n"})
        work = asyncio.create_task(verdict_of(slow, sandbox))
        await asyncio.sleep(0.5)

        await road.cut()
        with pytest.raises(SandboxError):
            await work
        with pytest.raises(SandboxError):
            await verdict_of(item, sandbox)

        await road.open()
        assert (await verdict_of(item, sandbox)).verdict == "passed"
        last = running(sandbox)
    await until(lambda: owned(docker_engine, owner_label()).isdisjoint(used | last))
    await road.cut()


async def test_an_environment_that_does_not_exist_is_missing_and_says_how_to_make_it(
    pool: DockerSandbox,
) -> None:
    with pytest.raises(SandboxMissing, match="execfeedback images build nowhere"):
        await pool.run(program("print(1)", environment="nowhere"))

    assert await printed(pool, "print('next')") == "next\n"


# ---- callers that go -----------------------------------------------------------------------------------------------

HOST = """
import asyncio, sys
from execfeedback.sandbox.docker import DockerSandbox
from execfeedback.sandbox.leftovers import owner_label
from execfeedback.types import Job, Limits, Step


def program(text):
    step = Step(argv=("python3", "p.py"), warm=True)
    return Job(environment="python", files={"p.py": text}, limits=Limits(wall_s=300), steps=(step,))


async def main():
    async with DockerSandbox(workers=2) as sandbox:
        sleeping = asyncio.create_task(sandbox.run(program("import time; time.sleep(300)")))
        await asyncio.sleep(0.1)
        await sandbox.run(program("print(1)"))
        print(owner_label(), flush=True)
        await sleeping


asyncio.run(main())
"""


async def test_a_killed_host_process_leaves_no_container_behind(docker_engine: Any) -> None:
    argv = [sys.executable, "-c", HOST]
    host = await asyncio.to_thread(subprocess.Popen, argv, stdout=subprocess.PIPE, text=True)
    assert host.stdout is not None
    owner = (await asyncio.to_thread(host.stdout.readline)).strip()
    await until(lambda: len(owned(docker_engine, owner)) == 2)

    host.send_signal(signal.SIGKILL)
    await asyncio.to_thread(host.wait)
    host.stdout.close()

    await until(lambda: len(owned(docker_engine, owner)) <= 1, 30)  # the idle one hears that its stdin closed
    remove_leftovers(docker_engine)  # the other is in a run; every start of a sandbox does this
    await until(lambda: owned(docker_engine, owner) == set(), 30)


async def test_closing_the_sandbox_ends_what_still_runs_and_leaves_nothing(docker_engine: Any) -> None:
    async with DockerSandbox(workers=1) as sandbox:
        work = asyncio.create_task(sandbox.run(program("import time\ntime.sleep(60)", wall_s=90)))
        await until(lambda: bool(running(sandbox)))
        await asyncio.sleep(0.5)
        used = running(sandbox)
        closing_began = time.monotonic()

    with pytest.raises(SandboxError, match="closed"):
        await work
    assert time.monotonic() - closing_began < 30
    await until(lambda: owned(docker_engine, owner_label()).isdisjoint(used), 30)
    with pytest.raises(SandboxError, match="closed"):
        await sandbox.run(program("print(1)"))
    gc.collect()


async def test_a_cancelled_caller_leaves_at_once_and_its_slot_serves_the_next(pool: DockerSandbox) -> None:
    await printed(pool, "print(1)")
    before = running(pool)
    work = asyncio.create_task(pool.run(program("import time\ntime.sleep(3)")))
    await asyncio.sleep(0.3)
    began = time.monotonic()

    work.cancel()
    with pytest.raises(asyncio.CancelledError):
        await work

    assert time.monotonic() - began < 1
    assert await printed(pool, "print('mine')") == "mine\n"
    assert running(pool) == before and len(pool.idle) == 1


async def test_a_caller_cancelled_while_it_waits_takes_no_slot_with_it(pool: DockerSandbox) -> None:
    first = asyncio.create_task(pool.run(program("import time\ntime.sleep(1)\nprint('first')")))
    await asyncio.sleep(0)
    second = asyncio.create_task(pool.run(program("print('second')")))
    await asyncio.sleep(0.1)

    second.cancel()
    with pytest.raises(asyncio.CancelledError):
        await second

    assert (await first).steps[0].stdout == "first\n"
    assert await printed(pool, "print('third')") == "third\n"


async def test_many_callers_on_two_slots_each_get_their_own_answer(sandbox: DockerSandbox) -> None:
    answers = await asyncio.gather(*(printed(sandbox, f"print({n} * 1000 + 7)") for n in range(40)))

    assert answers == [f"{n * 1000 + 7}\n" for n in range(40)]


# ---- the wall ------------------------------------------------------------------------------------------------------


def test_the_wall_is_what_the_threat_model_says() -> None:
    options = host_options(2048, 128, None)

    assert options["network_mode"] == "none" and options["read_only"] is True
    assert options["cap_drop"] == ["ALL"] and options["cap_add"] == ["SETUID", "SETGID"]
    assert options["security_opt"] == ["no-new-privileges", f"seccomp={seccomp_profile()}"]
    assert options["ipc_mode"] == "private"
    assert options["memswap_limit"] == options["mem_limit"] == "2816m"
    assert not {"binds", "mounts", "devices", "privileged", "volumes", "pid_mode"} & options.keys()
    assert "runtime" not in options and host_options(1, 1, "runsc")["runtime"] == "runsc"


async def test_the_engine_grants_the_wall_to_a_slot_that_runs(
    pool: DockerSandbox, docker_engine: Any
) -> None:
    await printed(pool, "print(1)")
    (container,) = running(pool)

    granted = docker_engine.api.inspect_container(container)

    given = granted["HostConfig"]
    assert (given["NetworkMode"], given["ReadonlyRootfs"], given["Privileged"]) == ("none", True, False)
    assert [c.removeprefix("CAP_") for c in given["CapAdd"]] == ["SETUID", "SETGID"]
    assert given["CapDrop"] == ["ALL"] and granted["Mounts"] == [] and given["PidsLimit"] == 512
    assert granted["Config"]["Labels"][OWNER] == owner_label()


async def test_a_runtime_that_the_engine_has_starts_slots_under_it(docker_engine: Any) -> None:
    async with DockerSandbox(workers=1, runtime="runc") as opened:
        assert await printed(opened, "print(6 * 7)") == "42\n"
        [container] = running(opened)
        assert docker_engine.containers.get(container).attrs["HostConfig"]["Runtime"] == "runc"


async def test_an_unknown_runtime_is_missing_and_those_of_the_engine_are_named() -> None:
    with pytest.raises(SandboxMissing, match=r"no runtime 'nowhere'; it has: .*runc"):
        async with DockerSandbox(workers=1, runtime="nowhere"):
            pass


async def test_each_slot_stays_on_a_core_of_its_own(docker_engine: Any) -> None:
    text = "import os, time\ntime.sleep(0.3)\nprint(*sorted(os.sched_getaffinity(0)))"
    async with DockerSandbox(workers=2) as sandbox:
        found = await asyncio.gather(*(printed(sandbox, text) for _ in range(2)))

    cores = [line.split() for line in found]
    assert [len(one) for one in cores] == [1, 1]
    assert cores[0] != cores[1] or len(os.sched_getaffinity(0)) == 1
