"""Format `openai`: chat fine-tuning as OpenAI, Together, Fireworks and others take it, and no key beside `messages`.

The dialog of `sft`; `weight` says which of the assistant's turns to train on.
"""

from typing import Any

from execfeedback.exporters.reasoning import Reasoning, chosen
from execfeedback.exporters.sft import dialog, wanted
from execfeedback.types import Record


class OpenAi:
    """One dialog a record."""

    name = "openai"

    def __init__(self, include_semi_synthetic: bool = False, reasoning: Reasoning = "strip") -> None:
        self.include_semi_synthetic, self.reasoning = include_semi_synthetic, reasoning

    def row(self, record: Record) -> dict[str, Any] | None:
        """None for a semi-synthetic record unless those were asked for."""
        if not wanted(record, self.include_semi_synthetic):
            return None
        turns = dialog(record, self.reasoning)
        return {"messages": [{k: v for k, v in turn.items() if k != "train"} for turn in turns]}


def create(include_semi_synthetic: bool = False, reasoning: str = "strip") -> OpenAi:
    return OpenAi(include_semi_synthetic, chosen(reasoning))
