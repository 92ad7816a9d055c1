"""What a judge says: two marks or nothing."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from execfeedback.reviewing import Marks, marks_in, reviewed
from execfeedback.types import Attempt, Derivation, ModelCall, Problem, Solution, Trajectory, Verdict


@pytest.mark.parametrize(
    ("text", "marks"),
    [
        ('{"correct": 1, "style": 0, "remarks": "names"}', (1, 0, "names")),
        ('{"correct": 0, "style": 1}', (0, 1, "")),
        ('I think:\n```json\n{"correct": 1, "style": 1, "remarks": ""}\n```\n', (1, 1, "")),
        ('<think>{"correct": 0, "style": 0}</think>\n{"correct": 1, "style": 1}', (1, 1, "")),
    ],
)
def test_marks_are_read(text: str, marks: tuple[int, int, str]) -> None:
    correct, style, remarks = marks
    assert marks_in(text) == Marks(correct=correct, style=style, remarks=remarks)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "correct: 1, style: 1",
        "The solution is correct. 2/2",
        '{"correct": 1}',
        '{"correct": 2, "style": 1}',
        '{"correct": "1", "style": 1}',
        '{"correct": true, "style": true}',
        '{"correct": 1, "style": 1, "approved": 1}',
        '[{"correct": 1, "style": 1}]',
        'It says {"correct": 1, "style": 1} and more.',
        "[" * 100_000,
    ],
)
def test_anything_else_is_no_review(text: str) -> None:
    assert marks_in(text) is None


@given(st.text())
def test_no_text_is_taken_for_marks_by_accident(text: str) -> None:
    assert marks_in(text) is None or "correct" in text


def refused(how: str | None) -> Trajectory:
    made = Derivation.model_validate({"how": how, "language": "python", "code": "x"}) if how else None
    attempt = Attempt(
        solution=Solution(code="c", author="m"), verdict=Verdict(id="p", verdict="passed", passed=True)
    )
    trajectory = Trajectory(problem=Problem(id="p", statement="s", derived=made), attempts=(attempt,))
    call = ModelCall(
        id="j", kind="judge", messages=(), text='{"correct": 0, "style": 0, "remarks": "use max"}', model="m",
        prompt="judge@1", seed=0,
    )  # fmt: skip
    after = reviewed(call, trajectory)
    assert after is not None
    return after


def test_a_refusal_is_feedback_with_the_remarks() -> None:
    after = refused(None)
    assert [review.approved for review in after.reviews] == [False]
    assert after.attempts[0].verdict.passed, "what execution measured stands"
    assert after.attempts[0].feedback == (
        "All tests passed, but a reviewer refused the solution: it is not correct and has a poor style.\nRemarks: use max"
    )


def test_a_judge_who_saw_the_original_gives_nothing_of_it_away() -> None:
    assert "max" not in refused("backtranslated").attempts[0].feedback
    assert "max" in refused("inspired").attempts[0].feedback
