"""Every language beyond the main ten: its proof, and calls where it takes them. `make test-all-languages` runs these."""

import tomllib
from pathlib import Path

import pytest

from execfeedback.languages import language, languages
from execfeedback.protocols import Sandbox
from execfeedback.sandbox.proving import proof_ends
from execfeedback.types import Item
from execfeedback.verdicts import verdict_of

RIGHT = tomllib.loads((Path(__file__).parent / "right.toml").read_text("utf-8"))
MORE = sorted(name for name, one in languages().items() if not one.main)
CALLS = {
    "total": [([[1, 2, 3]], 6), ([[]], 0)],
    "shout": [(["ab c"], "AB C!")],
    "count_words": [([["a", "b", "a"]], {"a": 2, "b": 1})],
    "halves": [([[1.0, 3.0]], [0.5, 1.5])],
    "flip": [([True], False)],
    "grid": [([3], [[0, 0, 0], [0, 1, 2], [0, 2, 4]])],
    "safe_div": [([7, 2], 3), ([1, 0], None)],
}
pytestmark = [pytest.mark.docker, pytest.mark.more_languages]


@pytest.mark.parametrize("name", MORE)
async def test_its_proof_holds(name: str, sandbox: Sandbox) -> None:
    assert await proof_ends(language(name), sandbox) == []


@pytest.mark.parametrize("name", [name for name in RIGHT if not languages()[name].main])
async def test_calls_are_judged_by_their_values(name: str, sandbox: Sandbox) -> None:
    for function, calls in CALLS.items():
        for expected, verdict in (({}, "passed"), ({"expected": "wrong"}, "wrong_answer")):
            cases = [{"args": args, "expected": value, **expected} for args, value in calls]
            fields = {"id": function, "language": name, "style": "cases", "entry_point": function}
            item = Item.model_validate({**fields, "solution": RIGHT[name], "tests": cases})
            found = await verdict_of(item, sandbox)
            assert found.verdict == verdict, found
