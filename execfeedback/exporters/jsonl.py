"""Format `jsonl`: records whole, everything that is needed to run them again."""

from typing import Any

from execfeedback.exporters.reasoning import Reasoning, chosen
from execfeedback.types import Record


class Jsonl:
    """One record a row, of every origin."""

    name = "jsonl"

    def __init__(self, reasoning: Reasoning = "field") -> None:
        self.reasoning = reasoning

    def row(self, record: Record) -> dict[str, Any] | None:
        row = record.model_dump(mode="json", by_alias=True)
        return row | {"reasoning": []} if self.reasoning == "strip" else row


def create(include_semi_synthetic: bool = True, reasoning: str = "field") -> Jsonl:
    """A whole record says its origin itself, so the first option, which all formats take, changes nothing."""
    return Jsonl(chosen(reasoning))
