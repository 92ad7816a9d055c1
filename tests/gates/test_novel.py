"""Gate `novel` on its fixtures."""

from pathlib import Path

import pytest
from gate_fakes import HostSandbox
from gate_fixtures import all_of, must_hold


@pytest.mark.parametrize("path", all_of("novel"))
async def test_fixture(path: Path) -> None:
    await must_hold(path, "novel", HostSandbox())
