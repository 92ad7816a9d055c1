"""Format `jsonl`: records whole, everything that is needed to run them again."""

from typing import Any

from execfeedback.types import Record


class Jsonl:
    """One record a row, of every origin."""

    name = "jsonl"

    def row(self, record: Record) -> dict[str, Any] | None:
        return record.model_dump(mode="json", by_alias=True)


def create(include_semi_synthetic: bool = True) -> Jsonl:
    """A whole record says its origin itself, so the option, which all formats take, changes nothing."""
    return Jsonl()
