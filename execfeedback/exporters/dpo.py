"""Format `dpo`: preferences that execution decided, in TRL's conversational form with an explicit prompt.

`{"prompt": [message], "chosen": [message], "rejected": [message], "failure": verdict, "meta": JSON}`: a solution that
passed against each one that failed the same tests in the same trajectory. Only the solution's own faults are rejected
turns: never broken tests, what could not be judged, or a fault of ours.
"""

from collections.abc import Iterator
from typing import Any

from execfeedback import ids
from execfeedback.exporters.reasoning import Reasoning, chosen
from execfeedback.exporters.sft import meta, wanted
from execfeedback.exporters.tries import asked_for, tries
from execfeedback.types import Record


class Dpo:
    """A row for each failed attempt of a record."""

    name = "dpo"

    def __init__(self, include_semi_synthetic: bool = False, reasoning: Reasoning = "strip") -> None:
        self.include_semi_synthetic, self.reasoning = include_semi_synthetic, reasoning

    def rows(self, record: Record) -> Iterator[dict[str, Any]]:
        """No row for a solution that passed at once, and for a semi-synthetic record unless those were asked for."""
        if not wanted(record, self.include_semi_synthetic):
            return
        found = tries(record, self.reasoning)
        right = next(one for one in found if one.passed)
        for wrong in found:
            if not wrong.passed:
                yield {
                    "prompt": asked_for(record),
                    "chosen": [right.message],
                    "rejected": [wrong.message],
                    "failure": wrong.verdict,
                    "meta": ids.canonical(meta(record)),
                }


def create(include_semi_synthetic: bool = False, reasoning: str = "strip") -> Dpo:
    return Dpo(include_semi_synthetic, chosen(reasoning))
