"""The problems of our own: complete, distinct, varied, and right when they are run."""

import ast
import asyncio
import tomllib
from collections import Counter
from pathlib import Path

import pytest

from execfeedback.items import item_for
from execfeedback.problems import bundled, load_problems
from execfeedback.protocols import Sandbox
from execfeedback.types import Problem, TestSuite, Verdict
from execfeedback.verdicts import verdict_of

PROBLEMS = list(load_problems(bundled()))
NAMED = {problem.id: problem for problem in PROBLEMS}
BY_ID = pytest.mark.parametrize("problem", PROBLEMS, ids=NAMED)
CALLED = [problem for problem in PROBLEMS if problem.style != "stdio"]


def names_in(code: str) -> set[str]:
    return {getattr(node, "name", "") for node in ast.parse(code).body}


def test_there_are_enough_of_each_kind() -> None:
    sets = Counter(problem.id.split("/")[0] for problem in PROBLEMS)
    assert sets["stdio"] >= 15
    assert sets["classes"] >= 12
    assert sum(sets.values()) - sets["stdio"] - sets["classes"] >= 100


def test_styles_difficulties_and_topics_are_spread() -> None:
    styles = Counter(problem.style for problem in PROBLEMS)
    assert set(styles) == {"asserts", "pytest", "unittest", "humaneval", "cases", "stdio"}
    assert min(styles.values()) >= 5
    difficulties = Counter(problem.difficulty for problem in PROBLEMS)
    assert set(difficulties) == {"easy", "medium", "hard"}
    assert min(difficulties.values()) >= len(PROBLEMS) // 8
    tags = Counter(tag for problem in PROBLEMS for tag in problem.tags)
    assert len(tags) >= 60
    assert max(tags.values()) <= len(PROBLEMS) // 4


def test_statements_and_references_are_distinct() -> None:
    assert len({problem.statement for problem in PROBLEMS}) == len(PROBLEMS)
    assert len({problem.reference for problem in PROBLEMS}) == len(PROBLEMS)


@BY_ID
def test_a_problem_is_complete(problem: Problem) -> None:
    assert problem.language == "python"
    assert len(problem.statement) >= 80
    assert "xample" in problem.statement
    assert problem.style and problem.tests and problem.reference
    assert 1 <= len(problem.tags) <= 4
    assert problem.id == problem.id.lower()


@BY_ID
def test_its_origin_is_the_one_of_its_set(problem: Problem) -> None:
    stated = tomllib.loads((bundled() / problem.id.split("/")[0] / "SOURCE.toml").read_text("utf-8"))
    assert (problem.source.name, problem.source.licence) == (stated["name"], stated["licence"])


@BY_ID
def test_there_are_enough_tests(problem: Problem) -> None:
    tests = problem.tests or ""
    if isinstance(tests, str):
        count = sum(isinstance(node, ast.Assert) for node in ast.walk(ast.parse(tests)))
        count += tests.count("self.assert") + tests.count("\n        (") + tests.count("pytest.raises")
        assert count >= 6
    else:
        assert len(tests) >= 5


@pytest.mark.parametrize("problem", CALLED, ids=[problem.id for problem in CALLED])
def test_its_reference_and_prompt_define_its_entry_point(problem: Problem) -> None:
    assert problem.entry_point in names_in(problem.reference or "")
    assert problem.prompt is not None
    assert problem.entry_point in names_in(problem.prompt)
    for line in problem.prompt.split("\n"):
        assert line in (problem.reference or "").split("\n")


def test_contracts_are_stated_where_they_are_needed() -> None:
    mutating = {problem.id for problem in PROBLEMS if problem.contract.mutates}
    assert mutating >= {
        "foundations/zeros-last",
        "foundations/drop-repeats",
        "foundations/turn-square",
        "algorithms/step-permutation",
    }
    for problem in PROBLEMS:
        compares = problem.id.startswith("classes/") and "def __eq__" in (problem.reference or "")
        assert (problem.contract.classes == (problem.entry_point,)) == compares


def test_set_folders_hold_nothing_else() -> None:
    for folder in bundled().iterdir():
        assert sorted(path.name for path in folder.iterdir()) == ["SOURCE.toml", "problems.jsonl"]


# ---- run ---------------------------------------------------------------------------------------------------------


async def verdicts(codes: dict[str, str], sandbox: Sandbox) -> dict[str, Verdict]:
    """The verdict on each problem's code under the problem's own tests."""

    async def judged(id: str, code: str) -> Verdict:
        problem = NAMED[id]
        assert problem.style and problem.tests
        return await verdict_of(
            item_for(problem, code, TestSuite(style=problem.style, tests=problem.tests)), sandbox
        )

    found = await asyncio.gather(*(judged(id, code) for id, code in codes.items()))
    return dict(zip(codes, found, strict=True))


def stub(problem: Problem) -> str:
    if problem.style == "stdio":
        return "pass\n"
    return f"def {problem.entry_point}(*args, **kwargs):\n    return None\n"


@pytest.mark.docker
async def test_every_reference_passes(sandbox: Sandbox) -> None:
    found = await verdicts({problem.id: problem.reference or "" for problem in PROBLEMS}, sandbox)
    wrong = {id: (v.verdict, v.reasons) for id, v in found.items() if v.verdict != "passed"}
    assert wrong == {}
    assert {v.integrity for v in found.values()} == {"split"}
    assert min(v.tests.passed for id, v in found.items() if NAMED[id].style != "humaneval") >= 4


@pytest.mark.docker
async def test_no_stub_passes(sandbox: Sandbox) -> None:
    found = await verdicts({problem.id: stub(problem) for problem in PROBLEMS}, sandbox)
    assert {id: v.verdict for id, v in found.items() if v.passed is not False} == {}


@pytest.mark.docker
async def test_no_prompt_alone_passes(sandbox: Sandbox) -> None:
    """What every solver is shown, with no body, must not be enough."""
    codes = {problem.id: problem.prompt or "" for problem in CALLED}
    found = await verdicts(codes, sandbox)
    assert {id: v.verdict for id, v in found.items() if v.passed is not False} == {}


def test_the_folder_in_the_checkout_is_the_bundled_one() -> None:
    assert bundled() == Path(__file__).resolve().parent.parent / "problems"
