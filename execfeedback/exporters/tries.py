"""The attempts of a record that execution told apart, as answers to the problem alone."""

from typing import NamedTuple

from execfeedback.exporters.reasoning import Reasoning, told
from execfeedback.exporters.sft import asked
from execfeedback.parsing import fenced
from execfeedback.types import Record

Message = dict[str, str]


class Try(NamedTuple):
    message: Message
    passed: bool
    verdict: str


def asked_for(record: Record) -> list[Message]:
    return [{"role": "user", "content": asked(record.problem)}]


def tries(record: Record, reasoning: Reasoning) -> list[Try]:
    """Distinct attempts with a verdict on the solution, in their order; what is the tests' or the item's fault is left out."""
    thoughts = record.reasoning or (None,) * len(record.attempts)
    found: dict[str, Try] = {}
    for attempt, thought in zip(record.attempts, thoughts, strict=True):
        verdict, code = attempt.verdict, attempt.solution.code
        if verdict.passed is not None:
            said = told(fenced(code, record.problem.language), thought, reasoning)
            message = {"role": "assistant", **said}
            found.setdefault(code, Try(message, verdict.passed, str(verdict.verdict)))
    return list(found.values())
