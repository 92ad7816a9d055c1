"""Solutions in the forms that people and models write them, and such as would get by their tests: each ends as it should."""

import json
from pathlib import Path

import pytest

from execfeedback.languages import languages
from execfeedback.protocols import Sandbox
from execfeedback.types import Item
from execfeedback.verdicts import verdict_of

ITEMS = [json.loads(line) for line in (Path(__file__).parent / "forms.jsonl").read_text("utf-8").splitlines()]
MAIN, MORE = ([one for one in ITEMS if languages()[one["language"]].main is main] for main in (True, False))
pytestmark = pytest.mark.docker


async def ends(fields: dict[str, object], sandbox: Sandbox) -> None:
    found = await verdict_of(Item.model_validate(fields), sandbox)
    assert found.verdict == fields["expected"], found


@pytest.mark.parametrize("fields", MAIN, ids=[str(one["id"]) for one in MAIN])
async def test_a_form_in_a_main_language(fields: dict[str, object], sandbox: Sandbox) -> None:
    await ends(fields, sandbox)


@pytest.mark.more_languages
@pytest.mark.parametrize("fields", MORE, ids=[str(one["id"]) for one in MORE])
async def test_a_form_in_another_language(fields: dict[str, object], sandbox: Sandbox) -> None:
    await ends(fields, sandbox)
