"""Bad traffic and SIGKILLs change nothing in a corpus and nothing in its accounts: the benchmark, in small."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

BENCHMARK = Path(__file__).resolve().parent.parent / "benchmarks" / "model_traffic.py"


@pytest.mark.docker
@pytest.mark.slow
def test_faults_and_kills_end_as_no_faults_do(tmp_path: Path) -> None:
    sizes = ["--problems", "12", "--calls", "6", "--kills", "2", "--fault-rate", "0.3", "--latency", "0.1"]
    done = subprocess.run(
        [sys.executable, BENCHMARK, *sizes, "--span", "0.3", "--out", tmp_path / "told.json"],
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    told = json.loads((tmp_path / "told.json").read_text("utf-8"))
    assert told["fine"]
    for run in ("faults", "killed"):
        assert len(told[run]["served"]) >= 4, "too few faults to show anything"
        assert told[run]["trajectories"] == 12
        assert told[run]["trajectories_that_end_otherwise"] == []
        assert told[run]["asked_again_though_kept"] == 0
        assert told[run]["tokens_in"][0] == told[run]["tokens_in"][1] > 0
    assert told["killed"]["kills"] == 2
    assert told["faults"]["untold_equal"]
