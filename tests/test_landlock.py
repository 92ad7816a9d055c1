"""Landlock as programs get it: what is listed is open, what is not is closed, for the process and all that it starts."""

import os
import subprocess
import sys
from pathlib import Path

import landlock
import pytest

SUPERVISOR = Path(landlock.__file__).parent
pytestmark = pytest.mark.skipif(landlock.version() == 0, reason="this kernel has no Landlock")

PROGRAM = """
import ctypes, os, sys
sys.path.append(sys.argv[1])
import landlock
ctypes.CDLL(None).prctl(38, 1, 0, 0, 0)
landlock.restrict(sys.argv[2].split(":"), sys.argv[3].split(":"))


def tried(action):
    try:
        action()
        return "done"
    except OSError as error:
        return error.errno


closed, readable, writable = sys.argv[4:7]
print(tried(lambda: open(closed + "/file").read()), tried(lambda: os.listdir(closed)))
print(tried(lambda: open(readable + "/file").read()), tried(lambda: open(readable + "/new", "w")))
print(tried(lambda: open(writable + "/new", "w").write("x")), tried(lambda: os.mkdir(writable + "/folder")))
print(tried(lambda: os.rename(writable + "/new", writable + "/folder/new")))
print(tried(lambda: os.unlink(readable + "/file")), tried(lambda: os.unlink(writable + "/folder/new")))
print(os.spawnlp(os.P_WAIT, "cat", "cat", closed + "/file"))
"""


def test_only_what_is_listed_can_be_read_and_written(tmp_path: Path) -> None:
    folders = [tmp_path / name for name in ("closed", "readable", "writable")]
    for folder in folders:
        folder.mkdir()
        (folder / "file").write_text("x")
    system = [sys.base_prefix, "/usr", "/lib", "/lib64", "/bin", str(SUPERVISOR), "/nowhere"]
    readable = ":".join([*system, str(folders[1])])

    ended = subprocess.run(
        [sys.executable, "-c", PROGRAM, str(SUPERVISOR), readable, str(folders[2]), *map(str, folders)],
        env={"PATH": os.environ["PATH"], "PYTHONDONTWRITEBYTECODE": "1"},
        capture_output=True,
        text=True,
    )

    lines = ended.stdout.splitlines()
    assert lines == ["13 13", "done 13", "done done", "done", "13 done", "1"], (lines, ended.stderr)


def test_a_kernel_without_it_counts_as_version_0(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(landlock, "CREATE", 999)  # a call that no kernel has

    assert landlock.version() == 0
