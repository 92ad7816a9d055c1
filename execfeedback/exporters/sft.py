"""Format `sft`: multi-turn dialogs in TRL's conversational form, `{"messages": [{"role", "content"}, ...]}`.

A repaired record is told in full: problem, faulty solution, what execution said, fix. Every assistant turn
says whether to train on it, in the two spellings that trainers read: `train` (Axolotl) and `weight` (OpenAI).
Only the verified turn is to be learned. What else is known of a record is one JSON text, `meta`, because
columns of free form do not survive Arrow.
"""

from typing import Any

from execfeedback import ids
from execfeedback.exporters.reasoning import Reasoning, chosen, told
from execfeedback.parsing import fenced
from execfeedback.types import Attempt, Problem, Record

Turn = dict[str, Any]


class Sft:
    """One dialog a record."""

    name = "sft"

    def __init__(self, include_semi_synthetic: bool = False, reasoning: Reasoning = "strip") -> None:
        self.include_semi_synthetic, self.reasoning = include_semi_synthetic, reasoning

    def row(self, record: Record) -> dict[str, Any] | None:
        """None for a semi-synthetic record (faults put into human code) unless those were asked for."""
        if not wanted(record, self.include_semi_synthetic):
            return None
        return {"messages": dialog(record, self.reasoning), "meta": ids.canonical(meta(record))}


def create(include_semi_synthetic: bool = False, reasoning: str = "strip") -> Sft:
    return Sft(include_semi_synthetic=include_semi_synthetic, reasoning=chosen(reasoning))


def dialog(record: Record, reasoning: Reasoning = "strip") -> list[Turn]:
    """The turns of a record. The last one is the assistant's, verified, and the only one to train on."""
    language = record.problem.language
    thoughts = record.reasoning or (None,) * len(record.attempts)
    turns: list[Turn] = [{"role": "user", "content": asked(record.problem)}]
    for attempt, thought in zip(record.attempts, thoughts, strict=True):
        verified = attempt is record.attempts[-1]
        said = told(fenced(attempt.solution.code, language), thought, reasoning)
        turns.append({"role": "assistant", **said, "train": verified, "weight": int(verified)})
        if not verified:
            turns.append({"role": "user", "content": _told(attempt)})
    return turns


def wanted(record: Record, include_semi_synthetic: bool) -> bool:
    """Semi-synthetic records teach mistakes that nobody made: they are for those who ask for them."""
    return include_semi_synthetic or record.origin != "semi_synthetic"


def asked(problem: Problem) -> str:
    """The problem as the first turn says it."""
    parts = [problem.statement.strip()]
    if problem.prompt:
        parts.append(f"Complete this code:\n\n{fenced(problem.prompt, problem.language)}")
    elif problem.entry_point:
        parts.append(f"Name it `{problem.entry_point}`.")
    return "\n\n".join(part for part in parts if part)


def _told(attempt: Attempt) -> str:
    """The feedback that was given, or the bare verdict where there was none."""
    if attempt.feedback.strip():
        return attempt.feedback.strip()
    failure = attempt.verdict.failure
    said = f": {failure.message}" if failure else ""
    return f"That solution does not pass ({attempt.verdict.verdict}){said}"


def meta(record: Record) -> dict[str, Any]:
    """What else is known of a record; a column of one JSON text."""
    problem = record.problem
    return {
        "record": record.id,
        "problem": problem.id,
        "source": problem.source.model_dump(mode="json"),
        "tags": list(problem.tags),
        "difficulty": problem.difficulty,
        "origin": record.origin,
        "repaired": record.repaired,
        "attempts": len(record.attempts),
        "integrity": record.integrity,
        "confidence": record.confidence,
        "gates": [gate.gate for gate in record.gates if gate.passed],
        "models": list(record.models),
        "environment": record.environment,
        "trajectory": record.trajectory,
    }
