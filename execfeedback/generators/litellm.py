"""Any model that litellm knows by name, asked over the network: a hosted one, or a server of one's own.

litellm retries nothing here (its retries would multiply with ours); its faults are either GeneratorBusy,
which is asked again with patience, or GeneratorRefused, which ends the trajectory at once.
"""

import asyncio
import os
import re
import types
from collections.abc import Mapping
from functools import cache
from typing import Any

from execfeedback.asking import Asking, played, roles_of, settings_of_roles
from execfeedback.chat_form import SPENT, body_of, completion_of, unusable
from execfeedback.errors import GeneratorBusy, GeneratorError, GeneratorRefused
from execfeedback.protocols import Completion, Request, Waste
from execfeedback.retrying import Patience, seconds_to_wait
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
_OVERLOAD = frozenset({"Timeout", "RateLimitError", "ServiceUnavailableError"})
"""Those after which fewer requests at one time may help."""
GRACE_S = 5.0
"""How long after its own time-out litellm may still take to report it."""


class LiteLLM:
    """Each request goes to the model of its role."""

    name = "litellm"
    edits_references = False

    def __init__(self, roles: Roles, patience: Patience) -> None:
        self.settings = settings_of_roles(roles)
        self._roles, self._asking = roles, Asking(roles, _once, patience)

    async def complete(self, request: Request) -> Completion:
        """Raises GeneratorBusy when patience ends, GeneratorRefused at once."""
        return await self._asking.complete(request)

    def unpriced(self) -> tuple[str, ...]:
        """Models whose price neither the configuration nor the library has."""
        without = (str(role.model) for role in played(self._roles) if role.cost(0, 0) is None)
        return tuple(model for model in without if not _has_price(model))


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
    return LiteLLM(roles_of(told), patience or Patience())


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


def _has_price(model: str) -> bool:
    """Whether the library would price an answer of this model."""
    library = _litellm()
    try:
        known = library.get_model_info(model)
    except Exception:  # it raises plain Exception for a model that it does not know
        return False
    return bool(known.get("input_cost_per_token") or known.get("output_cost_per_token"))


async def _once(role: Role, base: str | None, request: Request) -> Completion:
    library = await asyncio.to_thread(_litellm)
    known = tuple(getattr(library.exceptions, name) for name in sorted(BUSY | REFUSED))
    try:
        async with asyncio.timeout(role.timeout_s + GRACE_S):
            response = await library.acompletion(**_arguments(role, base, request))
    except TimeoutError as error:
        raise unusable(f"no answer within {role.timeout_s:g} s", role, overload=True) from error
    except known as error:
        raise mapped(error, str(role.model)) from error
    return completion_of(response.model_dump(), role, _cost(response))


def _arguments(role: Role, base: str | None, request: Request) -> dict[str, Any]:
    body = {key: value for key, value in body_of(role, request).items() if key not in role.extra_body}
    return {
        **body,
        "api_base": base,
        "api_key": _key(role, base),
        "timeout": role.timeout_s,
        "max_retries": 0,
        "num_retries": 0,
        **({"extra_body": role.extra_body} if role.extra_body else {}),
    }


def _key(role: Role, base: str | None) -> str | None:
    """The role's key. A server of one's own is never sent a key that was meant for a provider."""
    if role.api_key_env:
        return os.environ[role.api_key_env]
    return "none" if base else None


def mapped(error: Exception, model: str = "") -> GeneratorError:
    """Our error for one of litellm's, by the nearest class that is listed; some faults come mislabelled."""
    text = f"{type(error).__name__}: {str(error)[:500]}"
    kind = next((each.__name__ for each in type(error).__mro__ if each.__name__ in BUSY | REFUSED), "")
    if kind in REFUSED or _NO_KEY.search(text) or (kind == "RateLimitError" and SPENT.search(text)):
        return GeneratorRefused(text)
    wasted = (Waste(why="timeout", model=model),) if kind == "Timeout" else ()
    return GeneratorBusy(text, retry_after(error), overload=kind in _OVERLOAD, wasted=wasted)


def retry_after(error: Exception) -> float | None:
    """Seconds that the server asked to wait, from its header; None when it did not say."""
    headers = getattr(error, "litellm_response_headers", None) or {}
    response = getattr(error, "response", None)
    own = response.headers.get("retry-after") if response is not None else None
    return seconds_to_wait(headers.get("retry-after") or own)


def _cost(response: Any) -> float | None:
    """What litellm says that the call cost. It knows no price of most models; that is unknown, not free."""
    cost = getattr(response, "_hidden_params", {}).get("response_cost")
    return float(cost) if cost else None
