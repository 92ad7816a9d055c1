"""Solutions that people wrote pass on every backend; the sets lie outside of this repository."""

from pathlib import Path

import pytest

from execfeedback.importers import importer
from execfeedback.items import item_for, suite_of
from execfeedback.protocols import SandboxPool
from execfeedback.verifying import verify_items

pytestmark = pytest.mark.slow


async def test_every_canonical_solution_of_humaneval_passes(data_dir: Path, sandbox: SandboxPool) -> None:
    problems = list(importer("humaneval").read(data_dir / "humaneval/humaneval.jsonl"))
    suites = [suite_of(problem) for problem in problems]
    items = [
        item_for(problem, problem.reference or "", suite)
        for problem, suite in zip(problems, suites, strict=True)
        if suite is not None
    ]

    found = [verdict async for verdict in verify_items(items, sandbox, workers=sandbox.workers)]

    assert [(v.id, v.verdict, v.failure) for v in found if not v.passed] == []
    assert len(found) == 164
