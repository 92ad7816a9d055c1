"""Statements out of what writers answer, and what is none."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from execfeedback.statements import slug, stated
from execfeedback.types import Derivation, Problem

CODE = '''def spans(prices):
    """Days since the price was last higher."""
    found, open_days = [], []
    for day, price in enumerate(prices):
        while open_days and prices[open_days[-1]] <= price:
            open_days.pop()
        found.append(day - open_days[-1] if open_days else day + 1)
        open_days.append(day)
    return found
'''
SEED = Problem(
    id="s", statement="", derived=Derivation(how="inspired", language="python", code=CODE, name="spans")
)
TO_DOCUMENT = SEED.model_copy(update={"derived": SEED.derived.model_copy(update={"how": "backtranslated"})})  # type: ignore[union-attr]
TASK = "A museum notes how many visitors stand in each room. `quietest(rooms)` returns the number of the emptiest room."
ANSWER = f"Topic: Museums & Rooms\nDifficulty: Easy\nFunction: quietest\nProblem:\n{TASK}\n\nExample: quietest([3, 1]) is 1."


@pytest.mark.parametrize(
    "text",
    [
        ANSWER,
        f"<think>hm</think>\nSure!\n\n{ANSWER}",
        ANSWER.replace("Topic", "**Topic**")
        .replace("quietest\n", "`quietest`\n", 1)
        .replace("Problem:", "## Problem:"),
    ],
)
def test_an_invented_problem_is_read(text: str) -> None:
    problem = stated(text, SEED, 3)
    assert problem is not None
    assert (problem.id, problem.entry_point, problem.difficulty) == ("s~3", "quietest", "easy")
    assert problem.tags == ("museums-rooms",)
    assert problem.statement.startswith("A museum") and problem.statement.endswith("is 1.")
    assert problem.derived == SEED.derived


def test_what_it_is_to_be_about_stands() -> None:
    assert SEED.derived is not None
    aimed = SEED.model_copy(update={"derived": SEED.derived.model_copy(update={"topic": "money"})})
    problem = stated(ANSWER, aimed, 0)
    assert problem is not None and problem.tags == ("money",)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "I cannot do that.",
        ANSWER.replace("quietest\n", "quietest(rooms)\n", 1),
        ANSWER.replace("quietest\n", "class\n", 1),
        ANSWER.replace("Easy", "impossible"),
        ANSWER.replace("Problem:\n", ""),
        "Topic: a\nDifficulty: easy\nFunction: f\nProblem:\nToo short.",
        f"Topic: a\nDifficulty: easy\nFunction: f\nProblem:\n{'word ' * 3000}",
        f"Topic: a\nDifficulty: easy\nFunction: f\nProblem:\nWrite this code again, please:\n{CODE}",
    ],
    ids=["empty", "refusal", "signature", "keyword", "difficulty", "no-problem", "short", "long", "copied"],
)
def test_what_is_no_problem(text: str) -> None:
    assert stated(text, SEED, 0) is None


def test_a_documentation_is_its_text_unless_it_gives_the_code_away() -> None:
    said = "spans(prices) says for each day how many days ago the price was last higher, or how many days there were so far."
    problem = stated(said, TO_DOCUMENT, 0)
    assert problem is not None and (problem.statement, problem.id) == (said, "s~0")
    assert stated(f"It is this:\n```python\n{CODE}```\n", TO_DOCUMENT, 0) is None
    assert stated("Returns spans.", TO_DOCUMENT, 0) is None


@given(st.text())
def test_any_text_is_read_or_refused(text: str) -> None:
    stated(text, SEED, 0)
    stated(text, TO_DOCUMENT, 0)
    assert all(part.isalnum() for part in slug(text).split("-") if part)
