"""Format `kto`: every attempt with what execution said of it, in TRL's unpaired form.

`{"prompt": [message], "completion": [message], "label": passed, "failure": verdict or null, "meta": JSON}`.
"""

from collections.abc import Iterator
from typing import Any

from execfeedback import ids
from execfeedback.exporters.reasoning import Reasoning, chosen
from execfeedback.exporters.sft import meta, wanted
from execfeedback.exporters.tries import asked_for, tries
from execfeedback.types import Record


class Kto:
    """A row for each attempt of a record that passed or failed by its own doing."""

    name = "kto"

    def __init__(self, include_semi_synthetic: bool = False, reasoning: Reasoning = "strip") -> None:
        self.include_semi_synthetic, self.reasoning = include_semi_synthetic, reasoning

    def rows(self, record: Record) -> Iterator[dict[str, Any]]:
        """No row for a semi-synthetic record unless those were asked for."""
        if not wanted(record, self.include_semi_synthetic):
            return
        for one in tries(record, self.reasoning):
            yield {
                "prompt": asked_for(record),
                "completion": [one.message],
                "label": one.passed,
                "failure": None if one.passed else one.verdict,
                "meta": ids.canonical(meta(record)),
            }


def create(include_semi_synthetic: bool = False, reasoning: str = "strip") -> Kto:
    return Kto(include_semi_synthetic, chosen(reasoning))
