"""Fixtures that several test modules share: the real data where it lies, and one warm real sandbox."""

import os
import sys
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import pytest_asyncio

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT / "tests"))  # `running_service` is for several folders of tests


@pytest.fixture(scope="session")
def data_dir() -> Path:
    """Folder of real problem sets; skips where it is absent, since the project may not redistribute them."""
    folder = Path(os.environ.get("EXECFEEDBACK_TEST_DATA", ROOT.parent / "shared" / "data"))
    if not folder.is_dir():
        pytest.skip(f"real problem sets are not at {folder}; set EXECFEEDBACK_TEST_DATA to their folder")
    return folder


@pytest.fixture(scope="session")
def probes_dir() -> Path:
    """Folder of hostile and honest programs; skips where it is absent."""
    folder = Path(os.environ.get("EXECFEEDBACK_TEST_PROBES", ROOT.parent / "shared" / "probes"))
    if not folder.is_dir():
        pytest.skip(f"probes are not at {folder}; set EXECFEEDBACK_TEST_PROBES to their folder")
    return folder


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def sandbox() -> AsyncIterator[object]:
    """A warm Docker sandbox with two slots. It raises when there is no engine or image: that is a failure."""
    from execfeedback.sandbox.docker import DockerSandbox

    async with DockerSandbox(workers=2) as pool:
        yield pool
