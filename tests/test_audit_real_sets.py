"""`audit` over sets that others made: what holds, holds; what it blames, an exit code blames as well."""

import json
from pathlib import Path
from typing import Any

import pytest

from execfeedback.audit.command import Options, run
from execfeedback.audit.values import Finding
from execfeedback.jsonl import read_jsonl

pytestmark = [pytest.mark.docker, pytest.mark.slow]


def audited(rows: Path, out: Path, tasks: Path | None = None) -> list[Finding]:
    run(Options(rows=rows, tasks=tasks, out=out, quick=True, quiet=True))
    return [finding for _, finding in read_jsonl(out / "findings.jsonl", Finding)]


@pytest.mark.parametrize(
    ("path", "shape", "count"),
    [
        ("humaneval/humaneval.jsonl", "humaneval", 164),
        ("mbpp/mbpp_full.jsonl", "mbpp", 974),
        ("mbpp/mbpp_sanitized.jsonl", "mbpp", 427),
    ],
)
def test_human_written_sets_hold(path: str, shape: str, count: int, data_dir: Path, tmp_path: Path) -> None:
    found = audited(data_dir / path, tmp_path)

    assert len(found) == count and {finding.shape for finding in found} == {shape}
    assert [(f.id, f.finding, f.message) for f in found if f.finding not in ("holds", "duplicate")] == []


def python_rows(path: Path) -> list[dict[str, Any]]:
    """Model generations in Python with the id that their task has in the file of tasks."""
    rows = [json.loads(line) for line in path.read_text("utf-8").splitlines()]
    found = [row for row in rows if row["language"] == "python"]
    for row in found:
        row.setdefault("task_id", f"Python/{row.get('humaneval_task_id')}")
    return found


@pytest.mark.parametrize(
    ("name", "count", "wrong_at_most"), [("codejudge_humanevalx", 457, 8), ("icescore_humanevalx", 852, 8)]
)
def test_labels_of_model_samples_are_checked_in_both_directions(
    name: str, count: int, wrong_at_most: int, data_dir: Path, tmp_path: Path
) -> None:
    rows = python_rows(data_dir / "completions" / f"{name}.jsonl")
    samples = tmp_path / "samples.jsonl"
    samples.write_text("".join(json.dumps(row) + "\n" for row in rows))

    found = audited(samples, tmp_path / "out", data_dir / "humaneval_x" / "humaneval_python.jsonl")

    assert len(found) == count
    blamed = [f for f in found if f.finding not in ("holds", "duplicate")]
    assert all(f.finding == "fails" and f.claim == "passes" for f in blamed), [
        (f.id, f.finding) for f in blamed
    ]
    assert all(f.by_exit_code is False for f in blamed), "what we blame fails beside its tests as well"
    assert 0 < len(blamed) <= wrong_at_most
