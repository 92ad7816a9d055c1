"""The backend `local` as root inside a default `docker run` container: no capability added, the engine's own filter, no
namespace to be had. Trainers' pods are like that. The suite runs there whole.

Host side and tests run on this machine's interpreter, brought in by read-only mounts (which grant nothing); programs run on
the image's own Python, as they would in a pod. The container has no network: an engine may have none to give.
"""

import re
import sys
import sysconfig
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from execfeedback.sandbox import engine, images

pytestmark = [pytest.mark.docker, pytest.mark.slow]

NOT_CONTAINED = {"files_without_a_name"}
CANNOT_BE_TRIED = {"listener_for_the_next_run"}
"""Two tests of each are skipped: no socket can be opened there."""
"""Attacks that end otherwise there (test_attacks.py says why)."""
ROOT = Path(__file__).resolve().parent.parent.parent
HOST = "/opt/host"
VERSION = f"python{sys.version_info.major}.{sys.version_info.minor}"
PYTHON = f"{HOST}/python/bin/{VERSION}"
TESTS = ["-m", "pytest", "-q", "-rsxX", "-c", f"{HOST}/source/pyproject.toml", "--rootdir", f"{HOST}/source"]
TESTS += ["-p", "no:cacheprovider", "-m", "local and not slow", f"{HOST}/source/tests/conformance"]
TESTS += [
    f"{HOST}/source/tests/test_local_sandbox.py::test_a_killed_host_leaves_no_process_no_group_and_no_folder"
]


def mounts() -> dict[str, dict[str, str]]:
    """This interpreter, its packages and this source tree."""
    base = Path(sys.base_prefix)
    own = [base] if base != Path("/usr") else [base / "bin" / VERSION, base / "lib" / VERSION]
    brought = {str(path): f"{HOST}/python/{path.relative_to(base)}".removesuffix("/.") for path in own}
    brought |= {sysconfig.get_path("purelib"): f"{HOST}/packages", str(ROOT): f"{HOST}/source"}
    return {source: {"bind": target, "mode": "ro"} for source, target in brought.items()}


def container(client: Any, argv: list[str]) -> tuple[int, str]:
    """Exit status and output of this interpreter in a container with default options."""
    started = client.containers.run(
        images.image_for("python"),
        argv,
        entrypoint=PYTHON,
        working_dir="/tmp",
        volumes=mounts(),
        network_mode="none",
        environment={
            "LD_LIBRARY_PATH": f"{HOST}/python/lib",
            "PYTHONPATH": f"{HOST}/source:{HOST}/packages",
            "PYTHONDONTWRITEBYTECODE": "1",
            "EXECFEEDBACK_TEST_PYTHON": "/usr/bin/python3",
            "EXECFEEDBACK_SANDBOX__PYTHON": "/usr/bin/python3",
        },
        labels={"execfeedback": "test"},
        detach=True,
    )
    try:
        given = started.attrs["HostConfig"]
        assert (given["Privileged"], given["CapAdd"], given["CapDrop"], given["SecurityOpt"]) == (
            False,
            None,
            None,
            None,
        )
        code = started.wait(timeout=560)["StatusCode"]
        return code, started.logs().decode()
    finally:
        started.remove(force=True)


def test_the_suite_passes_in_a_default_container() -> None:
    with closing(engine.client()) as client:
        code, output = container(client, TESTS)

    assert code == 0, output[-6000:]
    counts = {name: int(n) for n, name in re.findall(r"(\d+) ([a-z]+)", output.splitlines()[-1])}
    assert counts["passed"] > 100 and counts["xfailed"] == len(NOT_CONTAINED), output[-2000:]
    assert counts.get("skipped", 0) == 2 * len(CANNOT_BE_TRIED), output[-2000:]
    assert counts.keys() <= {"passed", "xfailed", "skipped", "deselected"}, output[-2000:]


PLAN = """
import json
from pathlib import Path
from execfeedback.sandbox import local_plan
plan = local_plan.probed(Path("/usr/bin/python3"), local_plan.asked(2048, 128, (50000, 60000), ()))
print(json.dumps([plan.namespaces, plan.cgroup, plan.folder, plan.problems, plan.wall()]))
"""


def test_it_says_what_is_not_granted_there() -> None:
    with closing(engine.client()) as client:
        code, output = container(client, ["-c", PLAN])

    assert code == 0 and output.startswith('[[], false, true, [], "no namespaces; '), output
    assert "/tmp and /dev/shm shared with this machine; network: no sockets at all" in output
    assert "memory counted over processes and files" in output
