"""A server of one's own that speaks the OpenAI chat form (vLLM, SGLang, llama.cpp, TGI, ...), asked without a library.

The model's name goes over the wire as it is written. Faults are GeneratorBusy or GeneratorRefused, as for litellm.
"""

import asyncio
import json
import os
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from execfeedback.asking import Asking, played, roles_of, settings_of_roles
from execfeedback.calling import call_id
from execfeedback.chat_form import body_of, completion_of, failure, unusable
from execfeedback.errors import GeneratorBusy, InputError
from execfeedback.protocols import Completion, Request
from execfeedback.retrying import Patience, seconds_to_wait
from execfeedback.roles import Role, Roles
from execfeedback.sse import gathered

if TYPE_CHECKING:
    import aiohttp

MOST_BYTES = 64 * 2**20
"""Of one answer; a longer one is not read to its end."""


class OpenAIHttp:
    """Each request goes to a server of its role. Connections are kept until `aclose`."""

    name = "openai-http"
    edits_references = False

    def __init__(self, roles: Roles, patience: Patience) -> None:
        self.settings = settings_of_roles(roles)
        self._roles, self._asking = roles, Asking(roles, self._once, patience)
        self._session: aiohttp.ClientSession | None = None

    async def complete(self, request: Request) -> Completion:
        """Raises GeneratorBusy when patience ends, GeneratorRefused at once."""
        return await self._asking.complete(request)

    async def aclose(self) -> None:
        """Close all connections; the next request opens new ones."""
        session, self._session = self._session, None
        if session is not None:
            await session.close()

    def unpriced(self) -> tuple[str, ...]:
        """Models whose price nobody gave."""
        return tuple(str(role.model) for role in played(self._roles) if role.cost(0, 0) is None)

    def _opened(self) -> "aiohttp.ClientSession":
        import aiohttp

        if self._session is None:
            self._session = aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=0))
        return self._session

    async def _once(self, role: Role, base: str | None, request: Request) -> Completion:
        import aiohttp

        body = body_of(role, request)
        if role.stream:
            body |= {"stream": True, "stream_options": {"include_usage": True}}
        headers = {"X-Request-Id": call_id(request, self)}
        if role.api_key_env:
            headers["Authorization"] = f"Bearer {os.environ[role.api_key_env]}"
        began = False
        try:
            async with (
                asyncio.timeout(role.timeout_s),
                self._opened().post(
                    f"{str(base).rstrip('/')}/chat/completions",
                    json=body,
                    headers=headers,
                    allow_redirects=False,
                    timeout=aiohttp.ClientTimeout(total=None),
                ) as reply,
            ):
                began = reply.status == 200
                return _read(reply, await _bytes_of(reply, role), role)
        except TimeoutError as error:
            raise unusable(f"no answer within {role.timeout_s:g} s", role, overload=True) from error
        except aiohttp.ClientError as error:
            told = f"{type(error).__name__}: {error}"
            raise unusable(told, role) if began else GeneratorBusy(f"{role.model}: {told}") from error


async def _bytes_of(reply: "aiohttp.ClientResponse", role: Role) -> bytes:
    pieces = bytearray()
    async for piece in reply.content.iter_any():
        pieces += piece
        if len(pieces) > MOST_BYTES:
            raise unusable(f"more than {MOST_BYTES} bytes", role)
    return bytes(pieces)


def _read(reply: "aiohttp.ClientResponse", raw: bytes, role: Role) -> Completion:
    """What a reply says. Raises our errors."""
    kind = reply.content_type
    if reply.status != 200:
        told = _json(raw) or raw[:500].decode("utf-8", "replace")
        raise failure(reply.status, told, role, seconds_to_wait(reply.headers.get("Retry-After")))
    if kind == "text/event-stream":
        body = gathered(raw.decode("utf-8", "replace"))
    else:
        body = _json(raw) if kind == "application/json" else None
    if body is None:
        raise unusable(f"{len(raw)} bytes of {kind} that cannot be read", role)
    return completion_of(body, role)


def _json(raw: bytes) -> Any:
    """The value, or None where it is none."""
    try:
        return json.loads(raw)
    except (ValueError, RecursionError):
        return None


def create(
    model: str | None = None,
    *,
    tester: Mapping[str, Any] | None = None,
    judge: Mapping[str, Any] | None = None,
    writer: Mapping[str, Any] | None = None,
    patience: Patience | None = None,
    **options: Any,
) -> OpenAIHttp:
    """A generator of a model at an address, the solver; `options` and the other roles are those of `roles.Role`.

    Raises InputError."""
    roles = roles_of(
        {"solver": {"model": model, **options}, "tester": tester, "judge": judge, "writer": writer}
    )
    for role in played(roles):
        if not all(base and base.startswith(("http://", "https://")) for base in role.bases()):
            raise InputError(
                f"{role.model}: api_base: openai-http needs the address of the server, "
                "as in http://127.0.0.1:8000/v1"
            )
    return OpenAIHttp(roles, patience or Patience())
