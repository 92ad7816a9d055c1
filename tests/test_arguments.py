"""What others may see of our processes."""

import subprocess
import sys
from pathlib import Path

SUPERVISOR = Path(__file__).resolve().parent.parent / "sandboxes" / "supervisor"
SHOWN = """
import ctypes, sys
sys.path.insert(0, sys.argv[1])
import arguments
before = ctypes.CDLL(None).prctl(3, 0, 0, 0, 0)
arguments.forbid_dumps()
print(before, ctypes.CDLL(None).prctl(3, 0, 0, 0, 0))
"""


def test_a_process_of_ours_is_not_dumpable() -> None:
    done = subprocess.run(
        [sys.executable, "-c", SHOWN, SUPERVISOR], capture_output=True, text=True, check=True
    )

    assert done.stdout == "1 0\n"
