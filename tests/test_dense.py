"""What a zygote does to its memory before it forks."""

import itertools
import json
import subprocess
import sys
from pathlib import Path

SUPERVISOR = Path(__file__).resolve().parent.parent / "sandboxes" / "supervisor"
FRESH = """
import json, sys
sys.path.insert(0, sys.argv[1])
import dense
kept = dense.fill_holes()
print(json.dumps([[size, [id(one) for one in made[-dense.IN_A_ROW:]]] for size, made in zip(dense.SIZES, kept)]))
print(len(dense.filled(lambda: bytearray(3000), 16)) == dense.MOST)
"""


def test_every_size_ends_with_blocks_side_by_side_and_a_scattering_allocator_is_given_up() -> None:
    done = subprocess.run(
        [sys.executable, "-c", FRESH, SUPERVISOR], capture_output=True, text=True, check=True
    )
    sizes, given_up = done.stdout.splitlines()

    assert given_up == "True"
    for size, addresses in json.loads(sizes):
        steps = [b - a for a, b in itertools.pairwise(addresses)]
        assert len(steps) >= 11 and all(0 < step <= 2 * size for step in steps), size
