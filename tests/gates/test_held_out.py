"""Gate `held_out`: what knows its tests by heart is refused, and the evidence shows a case that it failed."""

from pathlib import Path

import pytest
from gate_fakes import HostSandbox
from gate_fixtures import all_of, examined, must_hold

REJECTS = Path(__file__).parent / "held_out" / "reject"


@pytest.mark.parametrize("path", all_of("held_out"))
async def test_fixture(path: Path) -> None:
    await must_hold(path, "held_out", HostSandbox())


@pytest.mark.docker
@pytest.mark.parametrize("path", all_of("held_out"))
async def test_fixture_in_the_real_sandbox(path: Path, sandbox: object) -> None:
    await must_hold(path, "held_out", sandbox)


@pytest.mark.docker
async def test_the_evidence_shows_the_case_that_failed(sandbox: object) -> None:
    result = await examined(REJECTS / "table.json", "held_out", sandbox)

    assert (result.evidence["cases"], result.evidence["verdict"]) == (2, "rejected")
    assert result.evidence["failure"]["test"] == "double(10)"
