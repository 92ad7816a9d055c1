"""What the supervisor reads of a run's processes, where they end between two looks."""

import os
import subprocess
import sys
import time
from collections.abc import Iterator

import measure
import pytest

BURN = "while True: pass"


def waited_for_a_core(pid: int, at_least_s: float) -> bool:
    end = time.monotonic() + 30
    while time.monotonic() < end:
        if (measure.waited_s(pid) or 0.0) >= at_least_s:
            return True
        time.sleep(0.01)
    return False


@pytest.fixture
def burning() -> Iterator[list[subprocess.Popen[bytes]]]:
    """More processes than cores: each of them waits."""
    found = [subprocess.Popen([sys.executable, "-c", BURN]) for _ in range(2 * (os.cpu_count() or 1))]
    yield found
    for process in found:
        process.kill()
        process.wait()


@pytest.mark.skipif(not measure.WAITS_COUNTED, reason="this kernel does not count waiting for a core")
def test_one_that_ends_during_a_look_keeps_what_it_had_waited(
    burning: list[subprocess.Popen[bytes]], monkeypatch: pytest.MonkeyPatch
) -> None:
    pids = [process.pid for process in burning]
    monkeypatch.setattr(measure, "pids", lambda: pids)
    usage = measure.Usage(os.getuid(), (), 0)
    assert all(waited_for_a_core(pid, 0.05) for pid in pids)
    usage.sample()
    assert usage.living == pids and usage.waited_s >= 0.05
    known_s, uid_of = usage.waited_s, measure.uid_of

    def ends_now(pid: int) -> int | None:
        uid: int | None = uid_of(pid)
        for process in burning:
            process.kill()
            process.wait()
        return uid

    monkeypatch.setattr(measure, "uid_of", ends_now)
    usage.sample()
    assert (usage.living, usage.waited_s) == ([], known_s)
