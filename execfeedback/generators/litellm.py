"""Any model that litellm knows by name, asked over the network: a hosted one, or a server of one's own.

litellm retries nothing here (its retries would multiply with ours); its faults are either GeneratorBusy,
which is asked again with patience, or GeneratorRefused, which ends the trajectory at once.
"""

import asyncio
import os
import re
import time
import types
from collections.abc import Mapping
from email.utils import parsedate_to_datetime
from functools import cache
from typing import Any

from execfeedback.errors import GeneratorBusy, GeneratorError, GeneratorRefused, InputError
from execfeedback.ids import digest
from execfeedback.protocols import Completion, Request
from execfeedback.retrying import Patience, patiently
from execfeedback.roles import Role, Roles

BUSY = frozenset(
    {
        "Timeout",
        "RateLimitError",
        "InternalServerError",
        "ServiceUnavailableError",
        "BadGatewayError",
        "APIConnectionError",
        "APIError",
        "APIResponseValidationError",
        "JSONSchemaValidationError",
        "MidStreamFallbackError",
        "MockException",
        "OpenAIError",
    }
)
"""litellm's exceptions after which the same request may succeed."""
REFUSED = frozenset(
    {
        "AuthenticationError",
        "NotFoundError",
        "BadRequestError",
        "ImageFetchError",
        "VectorStoreSearchError",
        "UnprocessableEntityError",
        "PermissionDeniedError",
        "ContextWindowExceededError",
        "PaymentRequiredError",
        "RejectedRequestError",
        "ContentPolicyViolationError",
        "UnsupportedParamsError",
        "ModelNotMappedError",
        "BudgetExceededError",
        "InvalidRequestError",
        "LiteLLMUnknownProvider",
        "GuardrailRaisedException",
        "BlockedPiiEntityError",
        "ModifyResponseException",
        "SensitiveDataRouteException",
    }
)
"""litellm's exceptions after which it would fail again."""
_NO_KEY = re.compile(r"missing credentials|api[_ ]key client option|no api[_ ]key", re.IGNORECASE)
_SPENT = re.compile(r"insufficient_quota|exceeded your current quota|billing", re.IGNORECASE)
_CUT_SHORT = ("length", "content_filter", "refusal")
GRACE_S = 5.0
"""How long after its own time-out litellm may still take to report it."""


class LiteLLM:
    """Each request goes to the model of its role."""

    name = "litellm"
    edits_references = False

    def __init__(self, roles: Roles, patience: Patience) -> None:
        self._roles, self._patience = roles, patience
        given = {name: role for name in Roles.model_fields if (role := getattr(roles, name))}
        played = {"solver": roles.solver, "tester": roles.playing("tester")} | given
        self.settings: dict[str, Any] = {name: _decisive(role) for name, role in played.items()}

    async def complete(self, request: Request) -> Completion:
        """Raises GeneratorBusy when patience ends, GeneratorRefused at once."""
        role = self._roles.playing(request.role)
        library = await asyncio.to_thread(_litellm)
        tries = iter(range(self._patience.attempts))

        async def once() -> Completion:
            return await _once(library, _arguments(role, request, next(tries)), role)

        return await patiently(once, self._patience)


def create(
    model: str | None = None,
    *,
    tester: Mapping[str, Any] | None = None,
    judge: Mapping[str, Any] | None = None,
    writer: Mapping[str, Any] | None = None,
    patience: Patience | None = None,
    **options: Any,
) -> LiteLLM:
    """A generator of a model by name, the solver; `options` and the other roles are those of `roles.Role`.

    Raises InputError."""
    told = {"solver": {"model": model, **options}, "tester": tester, "judge": judge, "writer": writer}
    roles = {name: _role(name, given) for name, given in told.items() if given}
    return LiteLLM(Roles.model_validate(roles), patience or Patience())


def _role(name: str, options: Mapping[str, Any]) -> Role:
    from pydantic import ValidationError

    try:
        role = Role.model_validate(dict(options))
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        raise InputError(f"[roles.{name}] {'.'.join(map(str, first['loc']))}: {first['msg']}") from error
    if not role.model:
        raise InputError(f"[roles.{name}] model: give a model, as in --model openai/gpt-4o")
    if role.api_key_env and not os.environ.get(role.api_key_env):
        raise InputError(f"[roles.{name}] api_key_env: the environment has no {role.api_key_env}")
    return role


def _decisive(role: Role) -> dict[str, Any]:
    """What decides a role's answers: not where it answers, not whose key it has."""
    return role.model_dump(exclude={"api_base", "api_key_env", "timeout_s"})


@cache
def _litellm() -> types.ModuleType:
    """The library, told to stay off the network and off stdout, and to read no `.env`."""
    os.environ["LITELLM_LOCAL_MODEL_COST_MAP"] = "True"
    os.environ["LITELLM_MODE"] = "PRODUCTION"
    os.environ.setdefault("LITELLM_LOG", "ERROR")
    import litellm

    litellm.telemetry = False
    litellm.suppress_debug_info = True
    litellm.drop_params = True
    return litellm


def _arguments(role: Role, request: Request, tried: int) -> dict[str, Any]:
    bases = role.bases()
    base = bases[(request.sample + request.attempt + tried) % len(bases)]
    sampling = role.model_dump(include={"temperature", "top_p", "max_tokens"}, exclude_none=True)
    return {
        "model": role.model,
        "messages": [message.model_dump() for message in request.messages],
        "api_base": base,
        "api_key": _key(role, base),
        "timeout": role.timeout_s,
        "max_retries": 0,
        "num_retries": 0,
        "seed": seed_of(request),
        **sampling,
        **({"extra_body": role.extra_body} if role.extra_body else {}),
    }


def _key(role: Role, base: str | None) -> str | None:
    """The role's key. A server of one's own is never sent a key that was meant for a provider."""
    if role.api_key_env:
        return os.environ[role.api_key_env]
    return "none" if base else None


def seed_of(request: Request) -> int:
    """A sampling seed of 31 bits, another one for every request of a trajectory."""
    facts = [request.problem.id, request.kind, request.seed, request.sample, request.attempt]
    return int(digest(facts)[:8], 16) & 0x7FFFFFFF


async def _once(library: types.ModuleType, arguments: dict[str, Any], role: Role) -> Completion:
    known = tuple(getattr(library.exceptions, name) for name in sorted(BUSY | REFUSED))
    try:
        async with asyncio.timeout(role.timeout_s + GRACE_S):
            response = await library.acompletion(**arguments)
    except TimeoutError as error:
        raise GeneratorBusy(f"{role.model} did not answer within {role.timeout_s:g} s") from error
    except known as error:
        raise mapped(error) from error
    return _completion(response, role)


def mapped(error: Exception) -> GeneratorError:
    """Our error for one of litellm's, by the nearest class that is listed; some faults come mislabelled."""
    text = f"{type(error).__name__}: {str(error)[:500]}"
    kind = next((each.__name__ for each in type(error).__mro__ if each.__name__ in BUSY | REFUSED), "")
    if kind in REFUSED or _NO_KEY.search(text) or (kind == "RateLimitError" and _SPENT.search(text)):
        return GeneratorRefused(text)
    return GeneratorBusy(text, retry_after=retry_after(error))


def retry_after(error: Exception) -> float | None:
    """Seconds that the server asked to wait, from its header; None when it did not say."""
    headers = getattr(error, "litellm_response_headers", None) or {}
    response = getattr(error, "response", None)
    told = headers.get("retry-after") or (
        response.headers.get("retry-after") if response is not None else None
    )
    return None if told is None else _seconds(str(told))


def _seconds(told: str) -> float | None:
    """A Retry-After header: seconds, or a date. None for anything else."""
    if re.fullmatch(r"\d{1,9}(\.\d*)?", told):
        return float(told)
    try:
        return max(0.0, parsedate_to_datetime(told).timestamp() - time.time())
    except (ValueError, TypeError):
        return None


def _completion(response: Any, role: Role) -> Completion:
    """The answer. One without text is asked for again, unless the model was cut short or refuses."""
    choice = response.choices[0] if response.choices else None
    text = (choice.message.content or "") if choice else ""
    finish = choice.finish_reason if choice else None
    refusal = _refusal(choice) if choice else None
    if not text.strip() and refusal is None and finish not in _CUT_SHORT:
        raise GeneratorBusy(f"{role.model} gave an empty answer (finish: {finish})")
    usage = getattr(response, "usage", None)
    return Completion(
        text=text or refusal or "",
        model=role.model or "",
        tokens_in=getattr(usage, "prompt_tokens", None),
        tokens_out=getattr(usage, "completion_tokens", None),
        cost_usd=_cost(response),
        finish="refusal" if refusal is not None else finish,
        reasoning=getattr(choice.message, "reasoning_content", None) if choice else None,
        reasoning_tokens=getattr(getattr(usage, "completion_tokens_details", None), "reasoning_tokens", None),
    )


def _refusal(choice: Any) -> str | None:
    own = getattr(choice.message, "refusal", None)
    fields = getattr(choice.message, "provider_specific_fields", None) or {}
    found = own or fields.get("refusal")
    return str(found) if found else None


def _cost(response: Any) -> float | None:
    """What litellm says that the call cost. It knows no price of most models; that is unknown, not free."""
    cost = getattr(response, "_hidden_params", {}).get("response_cost")
    return float(cost) if cost else None
