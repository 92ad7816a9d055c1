"""The engine goes away in the middle of a run. It is cut off at a socket of ours; the real engine goes on for others."""

import os
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

import execfeedback as ef
from execfeedback.corpus import Corpus
from execfeedback.units import Settings

FOUNDATIONS = Path(__file__).resolve().parent.parent / "problems" / "foundations"
ENGINE = os.environ.get("DOCKER_HOST", "unix:///var/run/docker.sock").removeprefix("unix://")


# The Docker client leaves the socket of a connection that was refused to the garbage collector.
pytestmark = pytest.mark.filterwarnings(
    "ignore:Exception ignored in. <socket:pytest.PytestUnraisableExceptionWarning"
)

RELAY = """
import asyncio, sys

async def passed_on(source, target):
    while data := await source.read(65536):
        target.write(data)
        await target.drain()
    target.write_eof()

async def connected(near, to_near):
    far, to_far = await asyncio.open_unix_connection(sys.argv[2])
    await asyncio.gather(passed_on(near, to_far), passed_on(far, to_near), return_exceptions=True)
    for each in (to_near, to_far):
        each.close()

async def main():
    async with await asyncio.start_unix_server(connected, sys.argv[1]) as server:
        print("ready", flush=True)
        await server.serve_forever()

asyncio.run(main())
"""


class Relay:
    """A process that passes everything on to the engine. When it is killed, it is as if the engine had ended."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.open()

    def open(self) -> None:
        self.path.unlink(missing_ok=True)
        command = [sys.executable, "-c", RELAY, str(self.path), ENGINE]
        self.process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
        assert self.process.stdout is not None
        self.process.stdout.readline()

    def cut(self) -> None:
        self.process.kill()
        self.process.communicate()


@pytest.fixture
def relay(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Relay]:
    if not Path(ENGINE).is_socket():
        pytest.skip(f"the engine is not at a local socket: {ENGINE}")
    made = Relay(tmp_path / "engine.sock")
    monkeypatch.setenv("DOCKER_HOST", f"unix://{made.path}")
    yield made
    made.cut()


def records(path: Path, patience_s: float, on_event: Any) -> list[str]:
    options = Settings(limit=5, in_flight=2, patience_s=patience_s)
    gates = ["static", "duplicate"]
    with ef.grow(FOUNDATIONS, out=path, gates=gates, settings=options, on_event=on_event) as corpus:
        return [record.id for record in corpus.records()]


@pytest.mark.docker
@pytest.mark.slow
def test_an_engine_that_comes_back_is_waited_for(relay: Relay, tmp_path: Path) -> None:
    seen: list[str] = []

    def on_event(event: dict[str, Any]) -> None:
        seen.append(event["event"])
        if seen.count("attempt") == 2 and event["event"] == "attempt":
            relay.cut()
            threading.Timer(3.0, relay.open).start()

    whole = records(tmp_path / "whole.db", 0.0, lambda event: None)
    assert records(tmp_path / "cut.db", 60.0, on_event) == whole
    assert len(whole) > 0
    assert "sandbox_waiting" in seen


@pytest.mark.docker
@pytest.mark.slow
def test_an_engine_that_stays_away_ends_the_run_and_the_corpus_is_whole(relay: Relay, tmp_path: Path) -> None:
    path, seen = tmp_path / "c.db", list[str]()

    def on_event(event: dict[str, Any]) -> None:
        seen.append(event["event"])
        if seen.count("attempt") == 2 and event["event"] == "attempt":
            relay.cut()

    with pytest.raises(ef.SandboxError) as caught:
        records(path, 2.0, on_event)
    assert caught.value.exit_code == 4
    with Corpus(path) as corpus:
        before = corpus.counts()
        assert before.calls > 0
        assert all(attempt[0] for attempt in corpus.select("SELECT verdict FROM attempts"))
    relay.open()
    assert len(records(path, 0.0, lambda event: None)) > 0
