"""Containers of dead processes are told from those of living ones, and only they are removed."""

import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing, suppress
from typing import Any

import docker
import pytest

from execfeedback.sandbox.engine import client as open_client
from execfeedback.sandbox.images import ensure_image
from execfeedback.sandbox.leftovers import OWNER, is_alive, leftovers, owner_label, remove_leftovers


def changed(position: int, value: str) -> str:
    parts = owner_label().split(":", 3)
    parts[position] = value
    return ":".join(parts)


def dead_owner() -> str:
    """The label of a process that wrote it and ended."""
    program = "from execfeedback.sandbox.leftovers import owner_label; print(owner_label())"
    return subprocess.run(
        [sys.executable, "-c", program], check=True, capture_output=True, text=True
    ).stdout.strip()


def test_we_live() -> None:
    assert owner_label().startswith(f"{os.getpid()}:")
    assert is_alive(owner_label())


def test_a_process_that_ended_is_dead() -> None:
    label = dead_owner()
    assert label.count(":") >= 3
    assert not is_alive(label)


@pytest.mark.skipif(not os.path.exists("/proc/self/stat"), reason="needs /proc")
def test_a_number_that_was_given_again_is_dead() -> None:
    assert not is_alive(changed(1, "12345"))


def test_a_process_from_before_a_restart_is_dead() -> None:
    assert not is_alive(changed(3, "another-boot"))


@pytest.mark.parametrize(
    "label",
    [changed(2, "another-host"), "", "nonsense", changed(0, "x")],
    ids=["another host", "empty", "nonsense", "no number"],
)
def test_what_we_cannot_know_lives(label: str) -> None:
    assert is_alive(label)


def test_a_killed_process_that_nobody_waited_for_is_dead() -> None:
    program = (
        "from execfeedback.sandbox.leftovers import owner_label; print(owner_label(), flush=True); input()"
    )
    with subprocess.Popen(
        [sys.executable, "-c", program], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout is not None
        label = process.stdout.readline().strip()
        assert is_alive(label)
        process.kill()
        os.waitid(os.P_PID, process.pid, os.WEXITED | os.WNOWAIT)
        assert not is_alive(label)


@pytest.fixture
def engine() -> Iterator[Any]:
    with closing(open_client()) as client:
        yield client


@pytest.fixture
def slots(engine: Any) -> Iterator[dict[str, str]]:
    """Containers that were created and never started: of a dead process, and of this one."""
    image = ensure_image("python", lambda words: None)
    owners = {"dead": dead_owner(), "alive": owner_label()}
    made = {
        name: engine.api.create_container(image, labels={"execfeedback": "slot", OWNER: owner})["Id"]
        for name, owner in owners.items()
    }
    yield made
    for container in made.values():
        with suppress(docker.errors.APIError):
            engine.api.remove_container(container, force=True)


@pytest.mark.docker
def test_only_slots_of_dead_processes_are_removed(engine: Any, slots: dict[str, str]) -> None:
    names = {key: engine.containers.get(container).name for key, container in slots.items()}
    assert names["dead"] in leftovers(engine)
    removed = remove_leftovers(engine)
    assert names["alive"] not in removed
    assert engine.containers.get(slots["alive"]).name == names["alive"]
    with pytest.raises(docker.errors.NotFound):
        engine.containers.get(slots["dead"])
    assert names["dead"] not in leftovers(engine)
