"""Real problem sets and probes through real containers: what is right passes, what is wrong or hostile does not."""

import json
from pathlib import Path
from typing import Any

import pytest

import execfeedback as ef
from execfeedback.importers import importer
from execfeedback.items import item_for, suite_of
from execfeedback.protocols import SandboxPool
from execfeedback.types import Item, Problem, Verdict
from execfeedback.verifying import verify_items

pytestmark = [pytest.mark.docker, pytest.mark.slow]

SETS = {
    "humaneval": ("humaneval", "humaneval/humaneval.jsonl", 164),
    "mbpp full": ("mbpp", "mbpp/mbpp_full.jsonl", 974),
    "mbpp sanitized": ("mbpp", "mbpp/mbpp_sanitized.jsonl", 427),
}


async def verdicts(sandbox: SandboxPool, items: list[Item]) -> dict[str, Verdict]:
    return {v.id: v async for v in verify_items(items, sandbox, workers=sandbox.workers)}


def problems(data_dir: Path, name: str) -> list[Problem]:
    kind, path, count = SETS[name]
    found = list(importer(kind).read(data_dir / path))
    assert len(found) == count
    return found


def item(problem: Problem, code: str) -> Item:
    suite = suite_of(problem)
    assert suite is not None
    return item_for(problem, code, suite)


@pytest.mark.parametrize("name", SETS)
async def test_every_canonical_solution_passes_in_two_processes(
    name: str, data_dir: Path, sandbox: SandboxPool
) -> None:
    items = [item(problem, problem.reference or "") for problem in problems(data_dir, name)]

    found = await verdicts(sandbox, items)

    assert {v.id: (v.verdict, v.reasons, v.failure) for v in found.values() if not v.passed} == {}
    assert {v.integrity for v in found.values()} == {"split"} and len(found) == len(items)


@pytest.mark.parametrize("name", ["humaneval", "mbpp full"])
async def test_no_stub_that_returns_none_passes(name: str, data_dir: Path, sandbox: SandboxPool) -> None:
    stub = "def {}(*args, **kwargs):\n    return None\n"
    items = [item(problem, stub.format(problem.entry_point)) for problem in problems(data_dir, name)]

    found = await verdicts(sandbox, items)

    assert len(found) == len(items)
    assert {v.id for v in found.values() if v.passed is not False} == set(), "each is the solution's fault"


def probes(path: Path) -> list[dict[str, Any]]:
    rows = [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]
    found = [row for row in rows if row["language"] == "python"]
    assert len(found) >= 20
    return found


async def test_no_wrong_solution_that_tries_to_be_counted_as_right_passes(
    probes_dir: Path, sandbox: SandboxPool
) -> None:
    items = [Item.model_validate(row) for row in probes(probes_dir / "false_pass.jsonl")]

    found = await verdicts(sandbox, items)

    assert {v.id for v in found.values() if v.passed or v.verdict is None} == set()
    assert len(found) == len(items)


async def test_what_looks_suspicious_and_is_right_passes(probes_dir: Path, sandbox: SandboxPool) -> None:
    rows = probes(probes_dir / "honest.jsonl")

    found = await verdicts(sandbox, [Item.model_validate(row) for row in rows])

    edge = {row["id"] for row in rows if (row.get("meta") or {}).get("edge")}
    for verdict in found.values():
        allowed = {"passed", "unverifiable"} if verdict.id in edge else {"passed"}
        assert verdict.verdict in allowed, verdict


SAID = {"ha-pickle-output": "the words are part of a pickle that nobody loads"}
"""Probes whose output may hold the mark of success, and why."""

ENDS: dict[str, tuple[str, int | None]] = {
    "ha-abort": ("runtime_error", 6),
    "ha-segfault": ("runtime_error", 11),
    "ha-core-dump": ("runtime_error", 6),
    "ha-bigint-pow": ("time_limit", 9),
    "ha-fork-tree": ("time_limit", 9),
    "ha-ignore-sigterm": ("time_limit", 9),
    "ha-regex-blowup": ("time_limit", 9),
    "ha-sleep-forever": ("time_limit", 9),
    "ha-c-recursion": ("runtime_error", None),
    "ha-invalid-utf8": ("wrong_answer", None),
    "ha-both-pipes-deadlock": ("wrong_answer", None),
    "ha-zombies": ("wrong_answer", None),
}
"""Probes whose oracle names the end: verdict and signal."""

LOOK = """
import os


def seen():
    return sorted(name for place in ('.', '/tmp', '/dev/shm') for name in os.listdir(place))
"""
HONEST = {
    "language": "python",
    "solution": LOOK,
    "tests": "assert seen() == ['solution.py']\nassert len(seen()) == 1\n",
}


def between_neighbours(rows: list[dict[str, Any]]) -> list[Item]:
    """Each probe as often as it asks for, and an honest item after it that looks around."""
    items: list[dict[str, Any]] = []
    for row in rows:
        for time in range((row.get("meta") or {}).get("repeat", 1)):
            items += [{**row, "id": f"{row['id']}/{time}"}, {**HONEST, "id": f"after {row['id']}/{time}"}]
    return [Item.model_validate(one) for one in items]


async def test_harm_is_contained_and_its_neighbours_see_nothing_of_it(probes_dir: Path) -> None:
    async with ef.Sandbox(workers=1) as one_slot:
        items = between_neighbours(probes(probes_dir / "harm.jsonl"))
        found = await verdicts(one_slot.pool, items)

    assert len(found) == len(items)
    for name, verdict in found.items():
        if name.startswith("after "):
            assert verdict.verdict == "passed", (name, verdict)
            continue
        probe = name.split("/")[0]
        assert verdict.passed is False, verdict
        assert "HARM-OK" not in verdict.stdout or probe in SAID, verdict.stdout
        if probe in ENDS:
            assert (verdict.verdict, verdict.signal) == ENDS[probe], verdict
