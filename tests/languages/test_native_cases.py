"""Test programs of the kinds that people and models write, in the real sandbox: each ends as `native_cases.toml` says."""

import tomllib
from pathlib import Path
from typing import Any

import pytest

from execfeedback.protocols import Sandbox
from execfeedback.types import Item
from execfeedback.verdicts import verdict_of

CASES = tomllib.loads(Path(__file__).with_suffix(".toml").with_stem("native_cases").read_text("utf-8"))
pytestmark = pytest.mark.docker


@pytest.mark.parametrize("case", [pytest.param(case, id=name) for name, case in CASES.items()])
async def test_a_test_program_ends_as_it_should(case: dict[str, Any], sandbox: Sandbox) -> None:
    fields = {key: case[key] for key in ("language", "solution", "tests")}
    item = Item.model_validate({"id": "case", "style": "native", "integrity": "shared", **fields})
    found = await verdict_of(item, sandbox)
    assert found.verdict == case["verdict"], found
