"""The engine: what is said when there is none, how its errors become ours, and how one is started."""

import contextlib
import gc
import os
import socket
import subprocess
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import docker
import pytest
import requests

from execfeedback.errors import SandboxError, SandboxMissing
from execfeedback.sandbox import engine, engine_start
from execfeedback.sandbox.engine import Machine, engine_errors, how_to_get_an_engine
from execfeedback.sandbox.programs import finished

DEBIAN_ROOT = Machine(system="Linux", root=True, apt=True, docker_host=None)


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({}, "python -m execfeedback.setup_machine"),
        ({"root": False}, "as root, run: apt-get install -y docker.io"),
        ({"apt": False}, "install Docker Engine with the package manager"),
        ({"system": "Darwin", "apt": False}, "Docker Desktop or Colima"),
        ({"system": "Windows", "apt": False}, "WSL 2"),
        ({"docker_host": "tcp://far:2375"}, "start the engine at tcp://far:2375, or unset DOCKER_HOST"),
    ],
)
def test_each_machine_has_its_remedy(change: dict[str, object], words: str) -> None:
    assert words in how_to_get_an_engine(DEBIAN_ROOT.model_copy(update=change))


def test_no_engine_behind_docker_host_is_missing(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("DOCKER_HOST", f"unix://{tmp_path}/none.sock")
    with pytest.raises(SandboxMissing, match=r"none\.sock.*unset DOCKER_HOST"):
        engine.client()


def test_no_socket_anywhere_is_missing(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.delenv("DOCKER_HOST", raising=False)
    monkeypatch.setattr(engine, "sockets", lambda: [tmp_path / "none.sock"])
    with pytest.raises(SandboxMissing, match="there is no Docker engine on this machine; "):
        engine.client()


def test_a_socket_that_refuses_us_names_the_group(monkeypatch: pytest.MonkeyPatch) -> None:
    """Root may open every socket, so the refusal comes from a stand-in for the kernel."""

    def refuse(path: str, timeout_s: int) -> None:
        raise PermissionError(13, "Permission denied", path)

    monkeypatch.setenv("DOCKER_HOST", "unix:///var/run/docker.sock")
    monkeypatch.setattr(engine, "_knock", refuse)
    with pytest.raises(SandboxMissing, match=r"may not open .*docker\.sock.*usermod -aG docker"):
        engine.client()


@pytest.fixture
def rude_engine(tmp_path: Path) -> Iterator[str]:
    """Something that answers 500 on a socket, whatever it is asked."""
    path = tmp_path / "rude.sock"
    listener = socket.socket(socket.AF_UNIX)
    listener.bind(str(path))
    listener.listen()

    def answer() -> None:
        with contextlib.suppress(OSError):
            while True:
                connection, _ = listener.accept()
                with connection:
                    if connection.recv(4096):
                        connection.sendall(
                            b"HTTP/1.1 500 Internal Server Error\r\nContent-Length: 3\r\n\r\nno!"
                        )

    thread = threading.Thread(target=answer)
    thread.start()
    yield f"unix://{path}"
    listener.shutdown(socket.SHUT_RDWR)
    thread.join()
    listener.close()


@pytest.mark.filterwarnings("ignore:unclosed <socket")  # docker-py's, when the first answer is no answer
def test_what_is_no_engine_is_missing(monkeypatch: pytest.MonkeyPatch, rude_engine: str) -> None:
    monkeypatch.setenv("DOCKER_HOST", rude_engine)
    with pytest.raises(SandboxMissing, match="no Docker engine answers at"):
        engine.client()
    gc.collect()


def subclasses(root: type[Exception]) -> list[type[Exception]]:
    return [root, *(below for child in root.__subclasses__() for below in subclasses(child))]


@pytest.mark.parametrize(
    "kind",
    [*subclasses(docker.errors.DockerException), *subclasses(requests.exceptions.RequestException), OSError],
)
def test_every_error_of_the_engine_becomes_ours(kind: type[Exception]) -> None:
    error = kind.__new__(kind)
    error.explanation = None  # type: ignore[attr-defined]
    error.response = None  # type: ignore[attr-defined]
    for name in ("msg", "container", "exit_status", "command", "image", "stderr", "name", "doc", "param"):
        setattr(error, name, "x")
    with pytest.raises(SandboxError, match="doing this") as caught, engine_errors("doing this"):
        raise error
    assert isinstance(caught.value, SandboxMissing) == issubclass(kind, docker.errors.ImageNotFound)


def test_errors_of_our_own_pass_unchanged() -> None:
    with pytest.raises(ZeroDivisionError), engine_errors("doing this"):
        raise ZeroDivisionError


@pytest.mark.parametrize(
    ("option", "name"),
    [
        ("name=seccomp,profile=default", "seccomp"),
        ("name=seccomp,profile=unconfined", "seccomp=unconfined"),
        ("name=rootless", "rootless"),
        ("apparmor", "apparmor"),
    ],
)
def test_security_options_are_named(option: str, name: str) -> None:
    assert engine._security_name(option) == name


def test_nothing_is_installed_when_the_user_named_an_engine(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("DOCKER_HOST", f"unix://{tmp_path}/none.sock")
    monkeypatch.setattr(engine_start, "install", pytest.fail)
    said: list[str] = []
    with pytest.raises(SandboxMissing, match="unset DOCKER_HOST"):
        engine_start.ensure_engine(said.append)
    assert said == []


def fake_dockerd(monkeypatch: pytest.MonkeyPatch, folder: Path, script: str) -> Path:
    """A program named dockerd, first on PATH, with its log in the folder; no engine answers."""
    program = folder / "dockerd"
    program.write_text(f"#!/bin/sh\n{script}\n")
    program.chmod(0o755)
    monkeypatch.setenv("PATH", f"{folder}:{os.environ['PATH']}")
    monkeypatch.setenv("DOCKER_HOST", f"unix://{folder}/none.sock")
    monkeypatch.setattr(engine_start, "LOG", folder / "dockerd.log")
    monkeypatch.setattr(engine_start, "WAIT_S", 1.0)
    return folder / "dockerd.log"


def test_a_dockerd_that_ends_is_reported_with_its_last_words(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    log = fake_dockerd(monkeypatch, tmp_path, "echo cannot mount cgroups >&2; exit 3")
    with pytest.raises(
        SandboxMissing, match=r"dockerd ended with 3; see its log: .*\n.*cannot mount cgroups"
    ):
        engine_start._start_detached((), lambda words: None)
    assert log.read_text() == "cannot mount cgroups\n"


def test_dockerd_holds_none_of_our_streams(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    fake_dockerd(monkeypatch, tmp_path, "exec sleep 30")
    with pytest.raises(SandboxMissing, match="did not answer within 1 s"):
        engine_start._start_detached((), lambda words: None)
    process = engine_start.STARTED.pop()
    pid = process.pid
    try:
        streams = [os.readlink(f"/proc/{pid}/fd/{number}") for number in range(3)]
        assert streams == ["/dev/null", *2 * [str(tmp_path / "dockerd.log")]]
        assert os.getsid(pid) == pid
    finally:
        process.kill()
        process.wait()


def test_a_number_in_the_pid_file_is_only_dockerds_when_it_is() -> None:
    assert not engine_start._is_dockerd(str(os.getpid()))
    assert not engine_start._is_dockerd("")


def test_a_program_past_its_time_leaves_no_children(tmp_path: Path) -> None:
    note = tmp_path / "pid"
    with pytest.raises(subprocess.TimeoutExpired):
        finished(["sh", "-c", f"sleep 60 & echo $! > {note}; wait"], 0.5)
    child = Path("/proc") / note.read_text().strip()
    for _ in range(50):
        if not child.exists() or (child / "stat").read_text().split()[2] == "Z":
            return
        time.sleep(0.02)
    pytest.fail("the child of the program still runs")


def test_a_program_that_fails_says_how() -> None:
    ended = finished(["sh", "-c", "echo out; echo err >&2; exit 7"], 5)
    assert (ended.code, ended.output) == (7, "out\nerr\n")
    assert ended.last_words(4) == "\nerr"


@pytest.mark.docker
def test_the_engine_tells_its_facts() -> None:
    with contextlib.closing(engine.client()) as client:
        known = engine.facts(client)
    assert known.architecture in ("amd64", "arm64")
    assert known.cgroup_version in ("1", "2")
    assert "memory" in known.limits()
    assert known.cpus >= 1


@pytest.mark.docker
def test_an_unknown_image_is_missing() -> None:
    with (
        contextlib.closing(engine.client()) as client,
        pytest.raises(SandboxMissing, match="reading it"),
        engine_errors("reading it"),
    ):
        client.images.get("execfeedback/python:never")
