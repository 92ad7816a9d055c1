"""The ready environment `python-data`: tables, arrays and numbers are judged outside the solution's process."""

import tomllib
from pathlib import Path
from typing import Any

import pytest

from execfeedback.protocols import Sandbox
from execfeedback.sandbox import images, packages
from execfeedback.types import Item
from execfeedback.verdicts import verdict_of

PROBLEMS = tomllib.loads(Path(__file__).with_name("python_data.toml").read_text("utf-8"))


def pins(name: str) -> set[str]:
    return set(packages.without(images.bundled_recipe(name).lock, set()).splitlines())


def test_it_has_its_packages_and_pythons_own_in_the_same_versions() -> None:
    assert pins("python") < pins("python-data")
    assert {"numpy", "pandas", "scipy"} <= packages.names(images.bundled_recipe("python-data").lock)


def item(name: str, solution: str, **more: Any) -> Item:
    problem = PROBLEMS[name]
    fields = {"id": name, "language": "python", "style": "asserts", "environment": "python-data"}
    taken = {"entry_point": problem["entry_point"], "tests": problem["tests"], "solution": problem[solution]}
    return Item.model_validate({**fields, **taken, **more})


@pytest.mark.docker
@pytest.mark.more_languages
@pytest.mark.parametrize(("solution", "ends"), [("right", "passed"), ("wrong", "wrong_answer")])
@pytest.mark.parametrize("name", [name for name in PROBLEMS if name != "frame_given"])
async def test_problems_are_judged_split(name: str, solution: str, ends: str, sandbox: Sandbox) -> None:
    found = await verdict_of(item(name, solution), sandbox)
    assert (found.verdict, found.integrity) == (ends, "split"), found
    assert found.environment.startswith("execfeedback/python-data:")


@pytest.mark.docker
@pytest.mark.more_languages
@pytest.mark.parametrize(("solution", "ends"), [("right", "passed"), ("wrong", "wrong_answer")])
async def test_a_table_as_an_argument_needs_one_process(solution: str, ends: str, sandbox: Sandbox) -> None:
    split = await verdict_of(item("frame_given", solution), sandbox)
    assert (split.verdict, split.reasons) == ("unverifiable", ("needs_shared",))
    shared = await verdict_of(item("frame_given", solution, integrity="shared"), sandbox)
    assert (shared.verdict, shared.integrity) == (ends, "shared")
