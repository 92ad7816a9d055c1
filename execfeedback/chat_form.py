"""The OpenAI chat form, from a request and to a completion: the same on a wire, in a stream's end and in a batch file.

What comes back is untrusted: it is checked field by field, and chooses nothing but text and numbers.
"""

import re
from collections.abc import Mapping
from typing import Any

from pydantic import BaseModel, ValidationError

from execfeedback.errors import GeneratorBusy, GeneratorError, GeneratorRefused
from execfeedback.ids import digest
from execfeedback.protocols import Completion, Request, Waste
from execfeedback.roles import Role

_CUT_SHORT = ("length", "content_filter", "refusal")
_PASSING = frozenset({408, 409, 425, 429})
_OVERLOAD = frozenset({408, 429, 503, 504, 529})
SPENT = re.compile(r"insufficient_quota|exceeded your current quota|billing", re.IGNORECASE)
"""A quota that is used up comes as a rate limit, and does not pass."""


class _Message(BaseModel):
    content: str | None = None
    reasoning_content: str | None = None
    reasoning: str | None = None
    refusal: str | None = None
    provider_specific_fields: dict[str, Any] | None = None


class _Choice(BaseModel):
    message: _Message
    finish_reason: str | None = None


class _Details(BaseModel):
    reasoning_tokens: int | None = None


class _Usage(BaseModel):
    prompt_tokens: int | None = None
    completion_tokens: int | None = None
    completion_tokens_details: _Details | None = None


class _Answer(BaseModel):
    choices: tuple[_Choice, ...]
    usage: _Usage | None = None


def body_of(role: Role, request: Request) -> dict[str, Any]:
    """The body of a request."""
    sampling = role.model_dump(include={"temperature", "top_p", "max_tokens"}, exclude_none=True)
    messages = [message.model_dump() for message in request.messages]
    return {
        "model": role.model,
        "messages": messages,
        "seed": seed_of(request),
        **sampling,
        **role.extra_body,
    }


def seed_of(request: Request) -> int:
    """A sampling seed of 31 bits, another one for every request of a trajectory."""
    facts = [request.problem.id, request.kind, request.seed, request.sample, request.attempt]
    return int(digest(facts)[:8], 16) & 0x7FFFFFFF


def completion_of(body: Any, role: Role, cost_usd: float | None = None) -> Completion:
    """The answer in a body; `cost_usd` counts where the role has no prices. Raises GeneratorBusy for one of no use.

    An answer without text is asked for again, unless the model was cut short or refuses.
    """
    try:
        answer = _Answer.model_validate(body)
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        place = ".".join(map(str, first["loc"]))
        raise unusable(f"an answer in another form: {place}: {first['msg']}", role) from None
    usage, choice = answer.usage or _Usage(), answer.choices[0] if answer.choices else None
    said = choice.message if choice else _Message()
    finish = choice.finish_reason if choice else None
    refusal = said.refusal or str((said.provider_specific_fields or {}).get("refusal") or "") or None
    priced = role.cost(usage.prompt_tokens, usage.completion_tokens)
    facts: dict[str, Any] = {
        "model": role.model or "",
        "tokens_in": usage.prompt_tokens,
        "tokens_out": usage.completion_tokens,
        "cost_usd": cost_usd if priced is None else priced,
    }
    if not (said.content or "").strip() and refusal is None and finish not in _CUT_SHORT:
        told = f"{role.model} gave an empty answer (finish: {finish})"
        raise GeneratorBusy(told, wasted=(Waste(why="empty", **facts),))
    details = usage.completion_tokens_details or _Details()
    return Completion(
        text=said.content or refusal or "",
        finish="refusal" if refusal is not None else finish,
        reasoning=said.reasoning_content or said.reasoning or None,
        reasoning_tokens=details.reasoning_tokens,
        **facts,
    )


def unusable(why: str, role: Role, *, overload: bool = False) -> GeneratorBusy:
    """For an answer that came, or was on its way, and could not be read: it may have been paid, nobody knows how much."""
    kind = "timeout" if overload else "unreadable"
    waste = Waste(why=kind, model=role.model or "")
    return GeneratorBusy(f"{role.model}: {why}", overload=overload, wasted=(waste,))


def failure(status: int, body: Any, role: Role, retry_after: float | None = None) -> GeneratorError:
    """Our error for a status that is none of success, with what the server said."""
    text = f"{role.model}: {status}: {_said(body)[:500]}"
    if (status in _PASSING or status >= 500) and not (status == 429 and SPENT.search(text)):
        return GeneratorBusy(text, retry_after, overload=status in _OVERLOAD)
    return GeneratorRefused(text)


def _said(body: Any) -> str:
    """The words of an error body, its code first."""
    error = body.get("error") if isinstance(body, Mapping) else None
    if isinstance(error, Mapping):
        return " ".join(str(error[key]) for key in ("code", "message") if error.get(key))
    return str(error or body or "nothing was said")
