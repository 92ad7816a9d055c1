"""Raw model text -> what a judge says of a solution: two marks, 0 or 1, and remarks. Pure.

Correctness and style, kept at 2 of 2, as the quality filter of Llama 3.1 (section 4.3.1) has it. Read strictly: whatever is
not one JSON object of this form is no review, and no word of the text counts as a mark.
"""

import json

from pydantic import Field, ValidationError

from execfeedback.blocks import answer, cleaned, fenced_blocks
from execfeedback.feedback import cut
from execfeedback.types import Attempt, ModelCall, Review, Trajectory, Value

REMARKS_CHARS = 2000


class Marks(Value):
    """The answer's object; another field or value is an error."""

    correct: int = Field(strict=True, ge=0, le=1)
    style: int = Field(strict=True, ge=0, le=1)
    remarks: str = ""


def marks_in(text: str) -> Marks | None:
    """The marks in an answer: its last fenced block, or all of it."""
    said = answer(cleaned(text))
    blocks = [block.text for block in fenced_blocks(said)]
    try:
        return Marks.model_validate(json.loads(blocks[-1] if blocks else said))
    except (ValueError, ValidationError, RecursionError):
        return None


def reviewed(call: ModelCall, trajectory: Trajectory) -> Trajectory | None:
    """The trajectory with the review of its last attempt; a refusal becomes its feedback. None without marks."""
    marks = marks_in(call.text)
    if marks is None:
        return None
    at = len(trajectory.attempts) - 1
    review = Review(
        attempt=at,
        call=call.id,
        correct=bool(marks.correct),
        style=bool(marks.style),
        remarks=cut(marks.remarks.strip(), REMARKS_CHARS),
    )
    attempts = trajectory.attempts if review.approved else _refused(trajectory, review)
    return trajectory.model_copy(update={"attempts": attempts, "reviews": (*trajectory.reviews, review)})


def _refused(trajectory: Trajectory, review: Review) -> tuple[Attempt, ...]:
    *before, last = trajectory.attempts
    return (*before, last.model_copy(update={"feedback": told(review, remarks=_may_be_told(trajectory))}))


def _may_be_told(trajectory: Trajectory) -> bool:
    """A judge that saw the original would give it away to who must write it again."""
    made = trajectory.problem.derived
    return made is None or made.how != "backtranslated"


def told(review: Review, *, remarks: bool) -> str:
    """A refusal as the solution's author reads it."""
    wrong = [
        *(() if review.correct else ("is not correct",)),
        *(() if review.style else ("has a poor style",)),
    ]
    said = f"All tests passed, but a reviewer refused the solution: it {' and '.join(wrong)}."
    return f"{said}\nRemarks: {review.remarks}" if remarks and review.remarks else said
