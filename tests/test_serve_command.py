"""`execfeedback serve` as a process: what it refuses to start with, how it ends, and that a kill leaves nothing behind."""

import asyncio
import os
import re
import shlex
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
import yaml
from forked import console
from running_service import ask

from execfeedback.client import Client
from execfeedback.sandbox import engine
from execfeedback.sandbox.leftovers import OWNER, remove_leftovers
from execfeedback.types import Item, LimitsGiven

ROOT = Path(__file__).resolve().parent.parent
DEPLOY = ROOT / "docs" / "deploy"
PROGRAM = [str(Path(sys.executable).with_name("execfeedback")), "serve"]
GOOD = Item(id="x", language="python", solution="x = 1\n", tests="assert x == 1\n")


@pytest.fixture
def serving(tmp_path: Path) -> Iterator[Any]:
    """Starts the command; returns process and address. What still runs at the end is killed."""
    started: list[subprocess.Popen[str]] = []

    def start(*words: str) -> tuple[subprocess.Popen[str], str]:
        with (tmp_path / "log").open("a") as log:
            process = subprocess.Popen([*PROGRAM, *words], stdout=subprocess.PIPE, stderr=log, text=True)
        started.append(process)
        assert process.stdout is not None
        address = process.stdout.readline().strip()
        assert address, (tmp_path / "log").read_text()
        return process, address

    yield start
    for process in started:
        process.kill()
        process.wait()
        assert process.stdout is not None
        process.stdout.close()


def slots_of(process: subprocess.Popen[str]) -> int:
    with closing(engine.client()) as client:
        found = client.api.containers(all=True, filters={"label": "execfeedback=slot"})
    return sum(one["Labels"][OWNER].startswith(f"{process.pid}:") for one in found)


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["--host", "0.0.0.0"], "give --token-file"),
        (["--token-file", "/nowhere/tokens"], "--token-file /nowhere/tokens: cannot be read"),
        (["--sandbox", "http://127.0.0.1:1"], "serve runs programs itself"),
        (["--sandbox", "nothing"], "unknown sandbox backend"),
        (["--unix", "/nowhere/socket"], "cannot be listened on"),
    ],
)
def test_what_it_does_not_start_with(words: list[str], said: str) -> None:
    ended = console("serve", *words)

    assert ended.returncode == 2 and said in ended.stderr and not ended.stdout


def test_without_an_engine_it_says_so_and_serves_nothing(tmp_path: Path) -> None:
    ended = console("serve", "--port", "0", DOCKER_HOST=f"unix://{tmp_path}/none.sock")

    assert ended.returncode == 4 and "none.sock" in ended.stderr and not ended.stdout


@pytest.mark.docker
@pytest.mark.parametrize("sent", [signal.SIGTERM, signal.SIGHUP])
async def test_a_signal_finishes_what_is_under_way_and_leaves_no_slot(
    sent: signal.Signals, serving: Any
) -> None:
    process, address = await asyncio.to_thread(serving, "--port", "0", "--workers", "1")
    slow = GOOD.model_copy(update={"solution": "import time\ntime.sleep(1.5)\nx = 1\n"})
    async with Client(address) as client:
        await client.verify(GOOD)
        work = asyncio.create_task(client.verify(slow))
        await asyncio.sleep(0.5)

        process.send_signal(sent)

        assert (await work).verdict == "passed"
    assert await asyncio.to_thread(process.wait, 30) == 128 + signal.SIGTERM
    assert slots_of(process) == 0


@pytest.mark.docker
async def test_a_killed_service_comes_back_its_clients_wait_and_nothing_stays(
    serving: Any, tmp_path: Path
) -> None:
    where = ("--unix", str(tmp_path / "socket"), "--workers", "2")
    process, address = await asyncio.to_thread(serving, *where)
    items = [GOOD.model_copy(update={"id": str(n)}) for n in range(60)]
    async with Client(address) as client:
        await client.verify(GOOD)
        work = [asyncio.create_task(client.verify(item)) for item in items]
        await asyncio.sleep(0.1)

        process.kill()
        await asyncio.to_thread(process.wait)
        second, _ = await asyncio.to_thread(serving, *where)

        found = await asyncio.gather(*work)
    assert [(v.id, v.verdict) for v in found] == [(item.id, "passed") for item in items]
    assert (await ask(address, "/readyz")).status == 200
    with closing(engine.client()) as client:
        remove_leftovers(client)
    end = time.monotonic() + 30
    while slots_of(process):
        assert time.monotonic() < end, "slots of the killed service are still there"
        await asyncio.sleep(0.2)
    assert 1 <= slots_of(second) <= 2


def commands() -> list[list[str]]:
    """Every way in which docs/deploy starts `execfeedback`."""
    compose = yaml.safe_load((DEPLOY / "compose.yaml").read_text())
    cluster = list(yaml.safe_load_all((DEPLOY / "kubernetes.yaml").read_text()))
    pods = [one["spec"]["template"]["spec"] for one in cluster if one["kind"] == "Deployment"]
    command = re.search(r"^CMD (\[.*\])$", (DEPLOY / "Dockerfile").read_text(), re.M)
    assert command is not None
    return [
        compose["services"]["runner"]["command"],
        *(container["args"] for pod in pods for container in pod["containers"]),
        shlex.split(command[1].strip("[]").replace(",", " ")),
    ]


def test_the_manifests_start_it_with_options_that_it_has() -> None:
    helped = subprocess.run(
        [*PROGRAM, "--help"], capture_output=True, text=True, env={**os.environ, "COLUMNS": "200"}
    )
    known = set(re.findall(r"--[a-z-]+", helped.stdout))

    for words in commands():
        assert words[0] == "serve"
        named = {word.partition("=")[0] for word in words[1:] if word.startswith("--")}
        assert "--token-file" in named and named <= known, named - known


GREEDY = """
import time

end = time.process_time() + 0.05
while time.process_time() < end:
    pass
taken = b"x" * (1 << 30)
x = 1
"""


@pytest.mark.docker
@pytest.mark.slow
async def test_a_hundred_programs_that_want_a_gigabyte_each_get_their_own_verdict(serving: Any) -> None:
    _, address = await asyncio.to_thread(serving, "--port", "0", "--workers", "2", "--memory-mb", "1024")
    room, answered = asyncio.Semaphore(32), list[float]()

    async def one(client: Client, number: int) -> tuple[str, str | None]:
        greedy = {"solution": GREEDY, "limits": LimitsGiven(memory_mb=128)} if number % 4 else {}
        item = GOOD.model_copy(update={"id": f"{number}", **greedy})
        async with room:
            found = await client.verify(item)
        return found.id, found.verdict

    async def look() -> None:
        while True:
            began = time.monotonic()
            assert (await ask(address, "/healthz")).status == 200
            answered.append(time.monotonic() - began)
            await asyncio.sleep(0.1)

    async with Client(address) as client:
        looking = asyncio.create_task(look())
        found = await asyncio.gather(*(one(client, number) for number in range(133)))
        looking.cancel()
    assert found == [(f"{n}", "memory_limit" if n % 4 else "passed") for n in range(133)]
    assert sorted(answered)[len(answered) // 2] < 0.5, "it answered slowly while they ran"
