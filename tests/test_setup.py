"""Set-up from nothing: the scripts refuse with clear words, and what is tracked names no place to download from."""

import re
import subprocess
import sys
import tomllib
import zipfile
from pathlib import Path

import pytest

from execfeedback import setup_machine
from execfeedback.sandbox.building import tree_digest
from execfeedback.sandbox.packages import names, normal

ROOT = Path(__file__).resolve().parent.parent

HOSTS = [
    ".".join(parts)
    for parts in (
        ("pypi", "org"),
        ("pythonhosted", "org"),
        ("docker", "io/"),
        ("ghcr", "io"),
        ("quay", "io"),
        ("gcr", "io"),
        ("registry", "npmjs"),
        ("deb", "debian", "org"),
        ("archive", "ubuntu"),
        ("snapshot", "debian"),
    )
]
"""Spelled in parts, so that this file does not name them either."""


def tracked() -> list[Path]:
    listed = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, text=True, check=False)
    if listed.returncode != 0:
        pytest.skip("not a git checkout")
    return [path for name in listed.stdout.split("\0") if name and (path := ROOT / name).is_file()]


def test_no_tracked_file_names_a_package_registry() -> None:
    found = [
        f"{path.relative_to(ROOT)}: {host}"
        for path in tracked()
        for host in HOSTS
        if host in path.read_text(errors="replace")
    ]
    assert found == []


@pytest.mark.parametrize("name", [".ci/requirements.txt", "sandboxes/python/requirements.txt"])
def test_requirements_are_pins_with_hashes_and_nothing_else(name: str) -> None:
    text = re.sub(r"^#.*\n", "", (ROOT / name).read_text(), flags=re.MULTILINE).replace("\\\n", " ")
    requirement = re.compile(r"[\w.-]+==[\w.+!]+( ; [^-]*)?(\s+--hash=sha256:[0-9a-f]{64})+\s*")
    lines = text.splitlines()
    assert len(lines) > 5
    assert [line for line in lines if not requirement.fullmatch(line)] == []


def test_everything_that_the_package_needs_is_pinned() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    wanted = "\n".join([*project["dependencies"], *project["optional-dependencies"]["dev"]])
    build = (ROOT / ".ci/build.in").read_text()
    pinned = names((ROOT / ".ci/requirements.txt").read_text())
    assert names(wanted) | names(build) <= pinned
    assert normal("Typer") in pinned


def make_venv(python: str) -> tuple[int, str]:
    done = subprocess.run(
        [str(ROOT / ".ci/make-venv"), python], capture_output=True, text=True, stdin=subprocess.DEVNULL
    )
    return done.returncode, done.stderr


def test_a_missing_python_is_named() -> None:
    code, said = make_venv("/nowhere/python3")
    assert code == 2
    assert "there is no /nowhere/python3; install Python 3.11 or newer" in said


def test_an_old_python_is_named(tmp_path: Path) -> None:
    old = tmp_path / "python3"
    old.write_text('#!/bin/sh\n[ "$1" = --version ] && echo Python 3.9.2 && exit\nexit 1\n')
    old.chmod(0o755)
    code, said = make_venv(str(old))
    assert code == 2
    assert "Python 3.9.2 is too old; install Python 3.11 or newer" in said


def test_ci_calls_exactly_make_test() -> None:
    script = (ROOT / ".ci/run").read_text()
    assert script.rstrip().splitlines()[-1] == "exec make test"
    plan = subprocess.run(
        ["make", "--no-print-directory", "--dry-run", "test"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        stdin=subprocess.DEVNULL,
    )
    assert plan.stdout.rstrip().splitlines()[-3:] == [
        ".venv/bin/python -m execfeedback.setup_machine",
        ".venv/bin/execfeedback images build main",
        ".venv/bin/python -m pytest",
    ]


def test_an_installed_package_builds_the_same_images(tmp_path: Path) -> None:
    build = [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(tmp_path)]
    subprocess.run(build, cwd=ROOT, check=True, capture_output=True)
    installed = tmp_path / "installed"
    zipfile.ZipFile(next(tmp_path.glob("*.whl"))).extractall(installed)
    program = (
        "from execfeedback.sandbox.building import sandboxes_folder as f, tree_digest as d\n"
        "print(f(), d(f() / 'supervisor'), sep='|')"
    )
    said = subprocess.run(
        [sys.executable, "-c", program],
        cwd=tmp_path,
        env={"PYTHONPATH": str(installed), "PYTHONDONTWRITEBYTECODE": "1"},
        check=True,
        capture_output=True,
        text=True,
    )
    expected = tree_digest(ROOT / "sandboxes" / "supervisor")
    assert said.stdout.strip() == f"{installed}/execfeedback/_sandboxes|{expected}"


def test_a_machine_that_cannot_be_set_up_says_why(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("DOCKER_HOST", f"unix://{tmp_path}/none.sock")
    assert setup_machine.main() == 4
    assert "set-up: no Docker engine answers here; start the engine at unix://" in capsys.readouterr().err


@pytest.mark.docker
def test_a_machine_that_is_set_up_is_left_alone(capsys: pytest.CaptureFixture[str]) -> None:
    assert setup_machine.main() == 0
    capsys.readouterr()
    assert setup_machine.main() == 0
    assert capsys.readouterr().err == ""
