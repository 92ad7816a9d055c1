"""Gate `reference`: a repair that fits its tests and is wrong elsewhere is refused, with the input that shows it."""

from pathlib import Path

import pytest
from gate_fakes import HostSandbox
from gate_fixtures import all_of, examined, must_hold

REJECTS = Path(__file__).parent / "reference" / "reject"


@pytest.mark.parametrize("path", all_of("reference"))
async def test_fixture(path: Path) -> None:
    await must_hold(path, "reference", HostSandbox())


@pytest.mark.docker
@pytest.mark.parametrize("path", all_of("reference"))
async def test_fixture_in_the_real_sandbox(path: Path, sandbox: object) -> None:
    await must_hold(path, "reference", sandbox)


@pytest.mark.docker
async def test_the_evidence_shows_the_input(sandbox: object) -> None:
    result = await examined(REJECTS / "fits_the_tests.json", "reference", sandbox)

    assert result.evidence["compared"] > 8
    assert "-" in result.evidence["input"] and result.evidence["expected"].startswith("value (-")
