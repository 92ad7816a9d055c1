"""Where a slot's control group is made, by what the kernel shows; what its files say. Real groups: test_local_sandbox.py."""

from pathlib import Path

import cgroups
import pytest


@pytest.fixture
def root(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr(cgroups, "ROOT", str(tmp_path))
    (tmp_path / "session").mkdir()
    return tmp_path


def counting(folder: Path, controllers: str) -> None:
    (folder / "cgroup.subtree_control").write_text(controllers)


def test_version_2_is_used_where_the_parent_counts_memory_and_processes_for_its_children(root: Path) -> None:
    counting(root / "session", "memory pids\n")
    assert cgroups.unified("/session") == (2, [f"{root}/session"] * 2)

    counting(root / "session", "cpu memory\n")  # processes are in it: it can count nothing for children
    counting(root, "cpu io memory pids\n")
    assert cgroups.unified("/session") == (2, [str(root)] * 2)

    counting(root, "cpu\n")
    assert cgroups.unified("/session") is None


def test_a_path_of_the_engine_that_is_not_shown_here_is_the_mount_itself(root: Path) -> None:
    assert cgroups.existing(str(root), "/docker/0123") == str(root)
    assert cgroups.existing(str(root), "/session") == f"{root}/session"


@pytest.mark.parametrize(
    ("name", "text", "killed"),
    [
        ("memory.events", "low 0\nhigh 0\nmax 3\noom 1\noom_kill 1\noom_group_kill 0\n", True),
        ("memory.events", "low 0\nhigh 0\nmax 3\noom 1\noom_kill 0\n", False),
        ("memory.oom_control", "oom_kill_disable 0\nunder_oom 0\noom_kill 2\n", True),
        ("memory.oom_control", "oom_kill_disable 0\nunder_oom 0\n", False),
        ("other", "", False),
    ],
)
def test_a_kill_for_memory_is_read_from_either_version(
    name: str, text: str, killed: bool, root: Path
) -> None:
    (root / name).write_text(text)

    assert cgroups.killed([str(root)]) is killed
    assert cgroups.killed([]) is False
