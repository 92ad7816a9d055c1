"""The doctor: each fault is named with its remedy, no secret is shown, the exit code says whether one can go on."""

import json
import os
from pathlib import Path

import pytest
from typer.testing import CliRunner

from execfeedback.cli import app
from execfeedback.doctor import (
    Check,
    engine_checks,
    image_check,
    keys_check,
    local_checks,
    python_check,
    usable,
)
from execfeedback.sandbox.engine import EngineFacts
from execfeedback.sandbox.images import ensure_image
from execfeedback.sandbox.local_plan import LocalPlan

GOOD = EngineFacts(
    version="28.1.0-rc.1",
    api="1.49",
    os="Debian",
    architecture="amd64",
    kernel="6.1",
    cgroup_version="2",
    storage_driver="overlay2",
    security=("seccomp", "cgroupns"),
    runtimes=("runc", "runsc"),
    cpus=2,
    memory_mb=4000,
    memory_limit=True,
    pids_limit=True,
    cpu_limit=True,
)


def failed(facts: EngineFacts) -> dict[str, str]:
    return {check.name: check.remedy for check in engine_checks(facts) if not check.ok}


def test_a_good_engine_has_no_remedies() -> None:
    checks = engine_checks(GOOD)
    assert [check.name for check in checks] == ["engine", "cgroups", "seccomp", "isolation"]
    assert all(check.ok and not check.remedy for check in checks)
    assert "also runsc" in checks[-1].found


@pytest.mark.parametrize(
    ("change", "name", "remedy"),
    [
        ({"version": "19.3.1"}, "engine", "Docker Engine 20.10 or newer"),
        ({"security": ("seccomp=unconfined",)}, "seccomp", "default seccomp profile"),
        ({"security": ()}, "seccomp", "default seccomp profile"),
        ({"pids_limit": False}, "cgroups", "memory and pids controllers"),
        ({"memory_limit": False}, "cgroups", "memory and pids controllers"),
    ],
)
def test_a_weak_engine_has_its_remedy(change: dict[str, object], name: str, remedy: str) -> None:
    found = failed(GOOD.model_copy(update=change))
    assert list(found) == [name]
    assert remedy in found[name]


def test_debians_version_numbers_are_read() -> None:
    assert not failed(GOOD.model_copy(update={"version": "20.10.24+dfsg1"}))


PLAN = LocalPlan.model_validate(
    {
        **dict.fromkeys(LocalPlan.model_fields, ()),
        "python": "/usr/bin/python3",
        "version": "3.13.5",
        "supervisor": "x",
        "landlock": 7,
        "cgroup": False,
        "folder": True,
        "memory_mb": 1,
        "disk_mb": 1,
        "pids": 1,
        "found": ("pytest", "hypothesis", "ruff"),
    }
)


def test_what_the_kernel_grants_the_local_backend_is_listed() -> None:
    found = {check.name: check for check in local_checks(PLAN)}

    assert found["sandbox local"].found == "starts, with /usr/bin/python3 (3.13.5)"
    assert found["sandbox local: namespaces"].found == "none"
    assert "CAP_SYS_ADMIN" in found["sandbox local: namespaces"].remedy
    assert found["sandbox local: network"].found == "no sockets at all"
    assert "control groups" in found["sandbox local: memory"].remedy
    assert found["sandbox local: packages"].remedy.startswith(
        "install numpy, and for static checks ruff and mypy"
    )
    assert usable(list(found.values()))


def test_a_local_backend_that_would_not_start_says_why_and_is_needed_only_where_it_was_chosen() -> None:
    lame = PLAN.model_copy(update={"problems": (("no uids of their own for runs", "run as root"),)})

    (check,) = local_checks(lame)

    assert (check.found, check.remedy) == ("does not start: no uids of their own for runs", "run as root")
    assert usable([check]) and not usable(local_checks(lame, needed=True))


@pytest.mark.local
@pytest.mark.skipif(os.geteuid() != 0, reason="the backend local needs root")
def test_without_an_engine_the_local_backend_may_do(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("DOCKER_HOST", f"unix://{tmp_path}/none.sock")
    monkeypatch.setenv("EXECFEEDBACK_SANDBOX", "local")
    result = CliRunner().invoke(app, ["doctor"])

    assert result.exit_code == 0, result.stdout
    assert "note     engine: no engine" in result.stdout
    assert "ok       sandbox local: starts" in result.stdout


def test_an_old_python_is_named() -> None:
    assert python_check((3, 11)).ok
    assert not python_check((3, 10)).ok


def test_keys_are_named_and_never_shown() -> None:
    check = keys_check({"OPENAI_API_KEY": "sk-secret", "MISTRAL_API_KEY": "", "OTHER_API_KEY": "x"})
    assert check.ok
    assert check.found == "OPENAI_API_KEY"
    assert not keys_check({}).ok


def test_only_what_is_needed_decides() -> None:
    needed = Check(name="x", ok=False, found="")
    assert not usable([needed])
    assert usable([needed.model_copy(update={"needed": False})])


def test_without_an_engine_it_exits_with_4_and_says_what_to_do(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("DOCKER_HOST", f"unix://{tmp_path}/none.sock")
    monkeypatch.setenv("OPENAI_API_KEY", "sk-secret")
    result = CliRunner().invoke(app, ["doctor", "--json"])
    report = json.loads(result.stdout)
    assert (result.exit_code, report["usable"]) == (4, False)
    engine = next(check for check in report["checks"] if check["name"] == "engine")
    assert "unset DOCKER_HOST" in engine["remedy"]
    assert "sk-secret" not in result.stdout
    text = CliRunner().invoke(app, ["doctor"])
    assert text.exit_code == 4
    assert "MISSING  engine: no engine\n          -> no Docker engine answers at" in text.stdout


@pytest.mark.docker
def test_with_an_engine_and_an_image_it_is_well() -> None:
    tag = ensure_image("python", lambda words: None)
    result = CliRunner().invoke(app, ["doctor", "--json"])
    report = json.loads(result.stdout)
    assert (result.exit_code, report["usable"]) == (0, True)
    found = {check["name"]: check["found"] for check in report["checks"]}
    assert found["image python"] == tag
    assert "seccomp" in found["seccomp"]


@pytest.mark.docker
def test_a_missing_image_has_its_command() -> None:
    check = image_check("nobody-made")
    assert not check.ok
    assert check.found == "there is no environment 'nobody-made'"
    assert check.remedy.startswith("make it with: execfeedback images build nobody-made --from python")


@pytest.mark.docker
def test_languages_come_with_versions_and_images() -> None:
    tag = ensure_image("python", lambda words: None)
    rows = json.loads(CliRunner().invoke(app, ["languages", "--json"]).stdout)["languages"]
    python = next(row for row in rows if row["name"] == "python")
    assert (python["image"], python["remedy"], python["split"]) == (tag, None, True)
    assert python["version"].startswith("Python 3.13.")
    line = next(
        line
        for line in CliRunner().invoke(app, ["languages"]).stdout.splitlines()
        if line.startswith("python ")
    )
    assert line.startswith(f"python (py, python3): {python['version']}; asserts, ")
    assert line.endswith(f"; both proofs passed; {tag}")


@pytest.mark.docker
def test_cleanup_says_that_there_was_nothing() -> None:
    CliRunner().invoke(app, ["sandbox", "cleanup"])
    again = CliRunner().invoke(app, ["sandbox", "cleanup", "--json"])
    assert json.loads(again.stdout) == {"removed": []}
