"""What a generator is asked, and the promise that no request is paid for twice.

A call's id is the digest of everything that decides its answer. It is looked up before the generator is
asked, and kept before the answer is used.
"""

import asyncio
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Protocol
from weakref import WeakValueDictionary

from execfeedback.blocks import parted
from execfeedback.ids import digest
from execfeedback.parts import pieces, text_of
from execfeedback.plan import Ask, AskReview, ReviseSolution, ReviseTests, WriteStatement, WriteTests
from execfeedback.prompts import prompt_id, render
from execfeedback.protocols import Completion, Generator, Request
from execfeedback.types import CallKind, Message, ModelCall, Problem, TestSuite, Trajectory


class CallCache(Protocol):
    """Calls by their id, kept by whoever owns the corpus."""

    def get(self, id: str) -> ModelCall | None: ...

    def put(self, call: ModelCall) -> None: ...


def request_for(step: Ask, trajectory: Trajectory, generator: Generator, prompts_dir: Path | None) -> Request:
    """What the generator is asked for a step.

    It sees a reference only if it says that it edits references, and no reviser ever does: a reviser sees the
    blind problem, the faulty code and the feedback; who revises tests, the blind problem and these tests.
    """
    blind = trajectory.problem.blind()
    revises = step if isinstance(step, ReviseSolution) else None
    kind, template = _kind(step, trajectory.problem)
    return Request(
        kind=kind,
        problem=trajectory.problem if generator.edits_references and not _revises(step) else blind,
        messages=_messages(template, trajectory.problem, step, prompts_dir),
        code=step.code if isinstance(step, ReviseSolution | AskReview) else None,
        feedback=revises.feedback if revises else None,
        sample=trajectory.sample,
        attempt=step.attempt,
        seed=trajectory.seed,
        prompt=prompt_id(template, prompts_dir),
    )


def _kind(step: Ask, problem: Problem) -> tuple[CallKind, str]:
    """Kind of call and name of the prompt."""
    how = problem.derived.how if problem.derived else None
    if isinstance(step, WriteStatement):
        return ("document", "document") if how == "backtranslated" else ("problem", "invent")
    if isinstance(step, WriteTests):
        return "tests", "tests"
    if isinstance(step, ReviseTests):
        return "test_revision", "retest"
    if isinstance(step, AskReview):
        return "judge", "judge"
    if isinstance(step, ReviseSolution):
        return "revision", "revise"
    return "solution", "translate" if how == "translated" else "solve"


def _messages(template: str, problem: Problem, step: Ask, folder: Path | None) -> tuple[Message, ...]:
    """Nothing of reference and tests; the code that the problem was derived of where `_shown` says so."""
    values: dict[str, Any] = {
        "statement": problem.statement.strip(),
        "language": problem.language,
        "entry_point": problem.entry_point,
        "prompt": problem.prompt,
        "style": problem.style,
        "difficulty": problem.difficulty,
        "original": problem.derived if _shown(step, problem) else None,
        "retry": step.again,
    }
    if isinstance(step, ReviseSolution):
        values["feedback"] = step.feedback
    if isinstance(step, ReviseSolution | AskReview):
        values["code"] = step.code
    if isinstance(step, ReviseTests):
        values |= {"tests": tests_text(step.suite), "disputed": step.disputed}
    return render(template, folder, **values)


def _shown(step: Ask, problem: Problem) -> bool:
    """To who writes a seed's statement, who translates, and the judge of a backtranslation."""
    how = problem.derived.how if problem.derived else None
    if isinstance(step, WriteStatement):
        return True
    if isinstance(step, AskReview):
        return how == "backtranslated"
    return how == "translated" and not isinstance(step, WriteTests | ReviseTests)


def _revises(step: Ask) -> bool:
    return isinstance(step, ReviseSolution | ReviseTests)


def tests_text(suite: TestSuite) -> str:
    """The tests in the form in which they are asked for."""
    if isinstance(suite.tests, str):
        return suite.tests
    return "[" + ",\n ".join(text_of(piece) for piece in pieces(suite)) + "]"


def call_id(request: Request, generator: Generator) -> str:
    """Digest of everything that decides the answer: what is asked, of whom, with which settings and seed.

    A generator that edits references decides by the whole problem, every other by what it is told.
    """
    return digest(
        {
            "kind": request.kind,
            "problem": digest(request.problem) if generator.edits_references else request.problem.id,
            "messages": [message.model_dump() for message in request.messages],
            "seed": request.seed,
            "sample": request.sample,
            "attempt": request.attempt,
            "generator": generator.name,
            "settings": dict(settings_of(generator)),
        }
    )


def settings_of(generator: Generator) -> Mapping[str, Any]:
    """What a generator says of itself that changes its answers: model, sampling. Plain data; none is fine."""
    settings: Mapping[str, Any] = getattr(generator, "settings", {})
    return settings


async def fetched(request: Request, generator: Generator, calls: CallCache) -> tuple[ModelCall, bool]:
    """The call, and whether it was known already. Raises GeneratorError when the generator fails.

    Samples may ask for the same call at the same time (as evidence about tests); one makes it, the others wait."""
    id = call_id(request, generator)
    async with _MAKING.setdefault((id, asyncio.get_running_loop()), asyncio.Lock()):
        known = calls.get(id)
        if known is not None:
            return known, True
        call = _call(id, request, await generator.complete(request))
        calls.put(call)
        return call, False


_MAKING: WeakValueDictionary[tuple[str, asyncio.AbstractEventLoop], asyncio.Lock] = WeakValueDictionary()
"""A lock for each call that is being made, as long as it is."""


def _call(id: str, request: Request, completion: Completion) -> ModelCall:
    """The call to keep: reasoning apart, whether it came so or between tags in the text."""
    thought, said = parted(completion.text)
    reasoning = "\n\n".join(part for part in (completion.reasoning, thought) if part)
    return ModelCall(
        id=id,
        kind=request.kind,
        messages=request.messages,
        text=storable(said),
        model=completion.model,
        prompt=request.prompt,
        seed=request.seed,
        tokens_in=completion.tokens_in,
        tokens_out=completion.tokens_out,
        cost_usd=completion.cost_usd,
        finish=completion.finish,
        reasoning=storable(reasoning) or None,
        reasoning_tokens=completion.reasoning_tokens,
    )


def storable(text: str) -> str:
    """Text without the halves of surrogate pairs, which no file or database in UTF-8 takes."""
    return text.encode("utf-8", "replace").decode("utf-8")
