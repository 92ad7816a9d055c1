"""Format `rl`: what to ask and how to verify the answer, for trainers that make their own solutions (TRL's GRPO, RLOO).

`{"prompt": [message], "verify": JSON, "meta": JSON}`. `verify` is the record's verify item without its solution: `tests`
are the visible ones, `holdout` those that nobody is shown. The rewards read it as it is. It is text, because Arrow has no
column for values of mixed types. Records of one problem with the same tests are one row.
"""

from typing import Any

from execfeedback import ids
from execfeedback.exporters.sft import wanted
from execfeedback.exporters.tries import asked_for
from execfeedback.types import Record


class Rl:
    """One prompt with its tests for each problem."""

    name = "rl"

    def __init__(self, include_semi_synthetic: bool = False) -> None:
        self.include_semi_synthetic = include_semi_synthetic

    def row(self, record: Record) -> dict[str, Any] | None:
        """None for a semi-synthetic record unless those were asked for."""
        if not wanted(record, self.include_semi_synthetic):
            return None
        return {
            "prompt": asked_for(record),
            "verify": verify(record),
            "meta": ids.canonical(about(record)),
        }


def create(include_semi_synthetic: bool = False) -> Rl:
    return Rl(include_semi_synthetic)


def verify(record: Record) -> str:
    """The verify item without id and solution, as JSON; what has its default is left out but for language and style."""
    item = record.item.model_dump(
        mode="json", by_alias=True, exclude_defaults=True, exclude={"id", "solution"}
    )
    return ids.canonical(item | {"language": record.item.language, "style": record.item.style})


def about(record: Record) -> dict[str, Any]:
    """What is known of the problem: nothing of the solution, so that its records give the same row."""
    problem = record.problem
    return {
        "problem": problem.id,
        "source": problem.source.model_dump(mode="json"),
        "tags": list(problem.tags),
        "difficulty": problem.difficulty,
    }
