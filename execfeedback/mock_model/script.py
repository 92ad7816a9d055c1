"""Which line of a script answers a request. Chance is drawn by seed and content, not by the order of arrival."""

import re
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Literal, get_args

from pydantic import Field, field_validator

from execfeedback.ids import digest
from execfeedback.jsonl import read_jsonl
from execfeedback.types import Value

Fault = Literal[
    "429",
    "500",
    "hang",
    "slow",
    "cut",
    "cut_stream",
    "content_type",
    "context",
    "empty",
    "refusal",
    "language",
    "blocks",
]
FAULTS: tuple[Fault, ...] = get_args(Fault)
_OF_A_TEXT = ("slow", "cut", "cut_stream", "blocks")
"""Faults in the delivery of an answer. Without a text of their own they take that of the next line that fits."""


class Line(Value):
    """One line of a script: what it fits, and the answer or the fault."""

    match: str = ""
    """A regular expression that is searched in the texts of all messages."""
    attempt: int | None = None
    """How many answers the conversation holds already."""
    text: str = ""
    reasoning: str | None = None
    """Sent apart from the text, as `reasoning_content`."""
    finish: str = "stop"
    fault: Fault | None = None
    retry_after: float | None = None
    """Seconds, sent with a 429."""
    delay_s: float | None = Field(None, ge=0)
    """Before the first byte. Without it a slow answer takes 1 s and a hang an hour."""
    rate: float = Field(1.0, ge=0, le=1)
    """The share of the fitting requests that the line takes."""
    times: int | None = Field(None, ge=1)
    """How often it may be used; None is always."""

    @field_validator("match")
    @classmethod
    def _is_pattern(cls, value: str) -> str:
        try:
            re.compile(value)
        except re.error as error:
            raise ValueError(f"is no regular expression ({error})") from None
        return value


def load_script(path: Path) -> list[Line]:
    """The lines of a script. Raises InputError naming file, line and field."""
    return [line for _, line in read_jsonl(path, Line)]


class Script:
    """The lines, and what has been used of them.

    With a `fault_rate`, that share of the answers comes with a fault, of every kind alike. What is drawn depends on the
    seed, the request (`key`) and how often that very request came, so it is the same in any order of arrival.
    """

    def __init__(self, lines: Sequence[Line], seed: int = 0, fault_rate: float = 0.0) -> None:
        self.lines, self._seed, self._fault_rate = tuple(lines), seed, fault_rate
        self._used: Counter[int] = Counter()
        self._came: Counter[str] = Counter()

    def answer_for(self, messages: Sequence[dict[str, Any]], key: str = "") -> Line | None:
        """The line for a conversation, marked as used once more."""
        text = "\n".join(str(message.get("content") or "") for message in messages)
        attempt = sum(message.get("role") == "assistant" for message in messages)
        came = self._came[key]
        self._came[key] += 1
        fits = (at for at, line in enumerate(self.lines) if self._fits(at, line, text, attempt))
        at = next((at for at in fits if self._draw(at, key, came) < self.lines[at].rate), None)
        if at is None:
            return None
        self._used[at] += 1
        line = self.lines[at]
        if line.fault in _OF_A_TEXT and not line.text:
            told = next((self.lines[at] for at in fits if self.lines[at].fault is None), line)
            return line.model_copy(update={"text": told.text, "reasoning": told.reasoning})
        return line if line.fault else self._spoiled(line, key, came)

    def _fits(self, at: int, line: Line, text: str, attempt: int) -> bool:
        left = line.times is None or self._used[at] < line.times
        return left and line.attempt in (None, attempt) and re.search(line.match, text) is not None

    def _spoiled(self, line: Line, key: str, came: int) -> Line:
        """The line, or with `fault_rate` one of the faults in its place."""
        drawn = self._draw("fault", key, came)
        if drawn >= self._fault_rate:
            return line
        fault = FAULTS[int(drawn / self._fault_rate * len(FAULTS))]
        own = {"delay_s": None} if fault in ("hang", "slow") else {}  # and not the wait of a good answer
        return line.model_copy(update={"fault": fault, **own})

    def _draw(self, *facts: object) -> float:
        """From 0 up to 1."""
        return int(digest([self._seed, *facts])[:12], 16) / 16**12
