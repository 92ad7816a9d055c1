"""Places for slots that all processes of a user share: never more than there are, free when a process dies, in no verdict."""

import json
import multiprocessing
import os
import subprocess
import sys
import threading
import time
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest

from execfeedback.errors import SandboxError, SandboxMissing
from execfeedback.sandbox.docker import DockerSandbox
from execfeedback.sandbox.host_slots import HostSlots, default_most
from execfeedback.types import Job, Limits, Step

PROGRAM = str(Path(sys.executable).with_name("execfeedback"))
SPAWN = multiprocessing.get_context("spawn")


def never() -> bool:
    return False


def worker(path: Path, times: int, log: Any) -> None:
    """Takes a place again and again; puts when it had it."""
    slots = HostSlots(2, path)
    for _ in range(times):
        with slots.place(never):
            began = time.monotonic()
            time.sleep(0.005)
            ended = time.monotonic()
        log.put((began, ended))


def test_processes_and_their_threads_never_have_more_than_there_are(tmp_path: Path) -> None:
    log = SPAWN.Queue()
    others = [SPAWN.Process(target=worker, args=(tmp_path / "slots", 20, log)) for _ in range(3)]
    threads = [threading.Thread(target=worker, args=(tmp_path / "slots", 20, log)) for _ in range(2)]
    for one in (*others, *threads):
        one.start()
    held = [log.get(timeout=60) for _ in range(100)]
    for one in (*others, *threads):
        one.join()

    changes = sorted([(began, 1) for began, _ in held] + [(ended, -1) for _, ended in held])
    running = [sum(change for _, change in changes[: n + 1]) for n in range(len(changes))]
    assert max(running) == 2, "both places were used, and never a third"


def holder(path: Path, told: Any) -> None:
    with HostSlots(1, path).place(never):
        told.put("held")
        time.sleep(60)


def test_a_process_that_is_killed_gives_up_its_place(tmp_path: Path) -> None:
    told = SPAWN.Queue()
    other = SPAWN.Process(target=holder, args=(tmp_path / "slots", told))
    other.start()
    told.get(timeout=60)
    until = time.monotonic() + 0.1
    with (
        pytest.raises(SandboxError, match="closed while"),
        HostSlots(1, tmp_path / "slots").place(lambda: time.monotonic() > until),
    ):
        pytest.fail("two have one place")

    other.kill()
    other.join()

    with HostSlots(1, tmp_path / "slots").place(never):
        pass


def test_a_fork_does_not_keep_the_place_that_was_held_when_it_began(tmp_path: Path) -> None:
    slots = HostSlots(1, tmp_path / "slots")
    reading, writing = os.pipe()
    with slots.place(never):
        child = os.fork()
        if not child:
            os.close(writing)
            os.read(reading, 1)
            os._exit(0)
    with ExitStack() as left:
        left.callback(os.waitpid, child, 0)
        left.callback(os.close, reading)
        left.callback(os.close, writing)
        until = time.monotonic() + 5
        with slots.place(lambda: time.monotonic() > until):
            pass


def test_who_is_allowed_more_is_not_held_up_by_who_is_allowed_less(tmp_path: Path) -> None:
    with ExitStack() as held:
        for _ in range(3):
            held.enter_context(HostSlots(3, tmp_path / "slots").place(never))
        held.enter_context(HostSlots(4, tmp_path / "slots").place(never))
        with (
            pytest.raises(SandboxError),
            HostSlots(3, tmp_path / "slots").place(lambda: True),
        ):
            pytest.fail("there is no fourth of three")
    assert default_most(1) == 2 * (os.cpu_count() or 1) and default_most(1000) == 1000


def test_a_file_of_somebody_else_is_not_trusted(tmp_path: Path) -> None:
    (tmp_path / "link").symlink_to(tmp_path / "elsewhere")
    os.mkfifo(tmp_path / "fifo")
    for path in (tmp_path / "link", tmp_path / "nowhere" / "slots", tmp_path, tmp_path / "fifo"):
        with pytest.raises(SandboxMissing, match="/tmp"), HostSlots(1, path).place(never):
            pytest.fail("it was taken")
    assert not (tmp_path / "elsewhere").exists()


@pytest.mark.docker
def test_processes_with_pools_of_their_own_wait_and_no_verdict_knows(tmp_path: Path) -> None:
    sleeps = "import time\ntime.sleep(0.3)\nx = 1\n"
    fields = {"language": "python", "solution": sleeps, "tests": "assert x == 1\n", "limits": {"wall_s": 1}}
    items = tmp_path / "items.jsonl"
    items.write_text("".join(json.dumps({"id": f"{n}", **fields}) + "\n" for n in range(2)))
    environment = {**os.environ, "EXECFEEDBACK_SANDBOX__HOST_SLOTS": "1"}
    command = [PROGRAM, "verify", str(items), "--workers", "2", "--json"]

    began = time.monotonic()
    several = [
        subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=environment) for _ in range(2)
    ]
    found = [json.loads(line) for one in several for line in one.communicate(timeout=120)[0].splitlines()]

    assert time.monotonic() - began > 4 * 0.3, "some ran at one time"
    assert [(row["verdict"], row["wall_s"] < 0.9) for row in found] == [("passed", True)] * 4


@pytest.mark.docker
async def test_a_slot_that_gets_no_place_is_not_kept_for_nobody(tmp_path: Path) -> None:
    job = Job(environment="python", files={}, limits=Limits(), steps=(Step(argv=("true",)),))
    async with DockerSandbox(workers=1) as sandbox:
        await sandbox.run(job)
        sandbox.host.path, right = tmp_path / "nowhere" / "slots", sandbox.host.path
        with pytest.raises(SandboxMissing, match="cannot be opened"):
            await sandbox.run(job)
        assert not sandbox.slots

        sandbox.host.path = right
        assert (await sandbox.run(job)).steps[0].exit_code == 0
        assert len(sandbox.slots) == 1


def test_where_the_kernel_has_no_such_lock_there_is_no_bound(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("execfeedback.sandbox.host_slots.BOUND", False)
    slots = HostSlots(1, tmp_path / "slots")

    with slots.place(never), slots.place(never):
        assert not slots.path.exists()
