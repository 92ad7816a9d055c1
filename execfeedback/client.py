"""A typed client of the service, for other asyncio programs and for the backend `http://...`.

    async with Client("http://runner:8080", token="...") as client:
        verdict = await client.verify(item)
        async for verdict in client.verify_many(items): ...

What the service answers is read as data: a status chooses one of our own errors from a fixed table, a body is validated,
and a text out of it ends up in a message at most.
"""

import asyncio
import json
import logging
import random
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from io import BytesIO
from types import TracebackType
from typing import TYPE_CHECKING, Any, Self, TypeVar

from pydantic import BaseModel, ValidationError

from execfeedback.errors import InputError, SandboxError, SandboxMissing
from execfeedback.printable import printable
from execfeedback.types import Execution, Item, Job, Verdict

if TYPE_CHECKING:
    import aiohttp

Model = TypeVar("Model", bound=BaseModel)
Answer = TypeVar("Answer")
Sent = Mapping[str, Any] | Sequence[Any]

log = logging.getLogger("execfeedback.client")

UNIX = "unix://"
LATER = {429, 500, 502, 503, 504}
"""Statuses after which the same request may do better."""
FIRST_WAIT_S, LONGEST_WAIT_S = 0.05, 5.0
CONNECTING_S = 5.0
QUIET_S, TOLD_EVERY_S = 2.0, 30.0
"""Waits so long are told to nobody; longer ones every so often, whatever the number of calls that wait."""
LONGEST_REPLY = 256 << 20
LONGEST_MESSAGE = 600


class Later(SandboxError):
    """The service cannot do it now. `after_s` is what it asks to wait, or None."""

    def __init__(self, message: str, after_s: float | None = None) -> None:
        super().__init__(message)
        self.after_s = after_s


class TooMuch(SandboxMissing):
    """The service does not take so much in one request, now or later."""


class Client:
    """One service at `http://`, `https://` or `unix://PATH`. Every call waits while the service is busy or away, at most
    `patience_s` from its first try; then it raises SandboxError. Refused for good: SandboxMissing."""

    def __init__(self, address: str, *, token: str | None = None, patience_s: float = 300.0) -> None:
        if not address.startswith(("http://", "https://", UNIX)) or address.endswith("://"):
            raise InputError(f"{address!r} is no address of a service: http://HOST:PORT or {UNIX}PATH")
        self.address, self.patience_s, self.told_at = address, patience_s, -TOLD_EVERY_S
        self.base = "http://service" if address.startswith(UNIX) else address.rstrip("/")
        self.headers = {"Authorization": f"Bearer {token}"} if token else {}

    async def __aenter__(self) -> Self:
        import aiohttp

        path = self.address.removeprefix(UNIX)
        connector = (
            aiohttp.UnixConnector(path, limit=0)
            if path != self.address
            else aiohttp.TCPConnector(limit=0, keepalive_timeout=4.0)
        )
        timeout = aiohttp.ClientTimeout(total=None, sock_connect=CONNECTING_S, sock_read=self.patience_s)
        self.session = aiohttp.ClientSession(connector=connector, headers=self.headers, timeout=timeout)
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.session.close()

    async def run(self, job: Job) -> Execution:
        """Measure one job."""
        body = await self.asked("POST", "/v1/run", job.model_dump(mode="python"))
        return checked(body, Execution)

    async def verify(self, item: Item) -> Verdict:
        """The verdict of one item; a fault of the service's own is raised, never returned."""
        return checked(await self.asked("POST", "/v1/verify", plain(item)), Verdict)

    async def verify_many(self, items: Sequence[Item]) -> AsyncIterator[Verdict]:
        """Verdicts as they finish. A fault of the service's own is in that verdict's `error`; a stream that breaks off raises
        SandboxError, and what came before it holds. What the service does not take at one time is sent in parts."""
        done, size = 0, max(1, len(items))
        while done < len(items):
            part = items[done : done + size]
            try:
                async for verdict in self.verify_part(part):
                    yield verdict
            except TooMuch:
                if len(part) == 1:
                    raise
                size = len(part) // 2
            else:
                done += len(part)

    async def verify_part(self, items: Sequence[Item]) -> AsyncIterator[Verdict]:
        """Of one request. Raises TooMuch before the first."""
        data, headers = encoded([plain(item) for item in items]), {"Accept": "application/x-ndjson"}
        response = await self.patiently(lambda: self.answer("POST", "/v1/verify", data, headers))
        left = len(items)
        async with response:
            async for line in lines(response, self.address):
                left -= 1
                yield checked(decoded(line), Verdict)
        if left:
            raise SandboxError(f"{self.address} left {left} of {len(items)} items without an answer")

    async def put_suite(self, suite: Mapping[str, Any]) -> str:
        """Keep tests in the service; items name them by this digest in `tests_ref`."""
        answer = await self.asked("PUT", "/v1/suites", suite)
        return str(answer["digest"]) if isinstance(answer, dict) and "digest" in answer else broken(answer)

    async def languages(self) -> list[dict[str, Any]]:
        """What the service speaks: `execfeedback languages --json` there."""
        answer = await self.asked("GET", "/v1/languages")
        found = answer.get("languages") if isinstance(answer, dict) else None
        return found if isinstance(found, list) else broken(answer)

    async def asked(self, method: str, path: str, body: Sent | None = None) -> Any:
        """The body of an answer with status 200, asked for again while there is patience."""
        data = None if body is None else encoded(body)

        async def once() -> bytes:
            response = await self.answer(method, path, data)
            async with response:
                return b"".join([part async for part in parts(response, self.address)])

        return decoded(await self.patiently(once))

    async def patiently(self, ask: Callable[[], Awaitable[Answer]]) -> Answer:
        """Waits are random below a bound that doubles, and no shorter than half of what the service asks for."""
        until, wait = time.monotonic() + self.patience_s, FIRST_WAIT_S
        while True:
            try:
                return await ask()
            except Later as later:
                pause = max(later.after_s or 0.0, wait) * random.uniform(0.5, 1.0)
                if time.monotonic() + pause > until:
                    raise
                self.tell(later, until)
            await asyncio.sleep(pause)
            wait = min(2 * wait, LONGEST_WAIT_S)

    def tell(self, later: Later, until: float) -> None:
        """Say that we wait, for whom and how long. A service that says itself when it has time is busy, and not away."""
        now = time.monotonic()
        waited = self.patience_s - (until - now)
        if later.after_s is None and waited > QUIET_S and now - self.told_at > TOLD_EVERY_S:
            self.told_at = now
            log.warning("%s; asking again, for at most %.0f s more", later, until - now)

    async def answer(
        self, method: str, path: str, data: bytes | None, headers: Mapping[str, str] | None = None
    ) -> "aiohttp.ClientResponse":
        """Raises Later for what may pass, SandboxMissing for what will not."""
        with transport_errors(self.address):
            sent = {"Content-Type": "application/json", **(headers or {})}
            response = await self.session.request(
                method,
                self.base + path,
                data=None if data is None else BytesIO(data),
                headers=sent,
                allow_redirects=False,
            )
            if response.status == 200:
                return response
            async with response:
                said = await response.content.read(8 * LONGEST_MESSAGE)
        message = f"{self.address} answered {response.status}: {told(said)}"
        if response.status == 413:
            raise TooMuch(message)
        if response.status in LATER:
            raise Later(message, seconds(response.headers.get("Retry-After")))
        raise SandboxMissing(message)


class transport_errors:
    """A connection that fails is ours, and may be there again."""

    def __init__(self, address: str) -> None:
        self.address = address

    def __enter__(self) -> None:
        pass

    def __exit__(self, kind: object, error: BaseException | None, trace: object) -> None:
        import aiohttp

        if isinstance(error, aiohttp.ClientError | OSError | TimeoutError):
            raise Later(f"{self.address} cannot be reached: {error or type(error).__name__}") from error


async def parts(response: "aiohttp.ClientResponse", address: str) -> AsyncIterator[bytes]:
    """The body as it comes, up to a size that no answer of ours has."""
    size = 0
    with transport_errors(address):
        async for part in response.content.iter_any():
            size += len(part)
            if size > LONGEST_REPLY:
                raise SandboxError(f"{address} sent more than {LONGEST_REPLY >> 20} MB")
            yield part


async def lines(response: "aiohttp.ClientResponse", address: str) -> AsyncIterator[bytes]:
    rest = b""
    async for part in parts(response, address):
        *whole, rest = (rest + part).split(b"\n")
        for line in whole:
            yield line


def encoded(body: Sent) -> bytes:
    """As frames to a slot are: ASCII, so that lone surrogates survive."""
    return json.dumps(body).encode("ascii")


def plain(item: Item) -> dict[str, Any]:
    """As it goes over the wire: what was given, and no default."""
    return item.model_dump(mode="python", by_alias=True, exclude_unset=True)


def decoded(data: bytes) -> Any:
    """Raises SandboxError for what is no JSON."""
    try:
        return json.loads(data)
    except (ValueError, RecursionError):
        return broken(data)


def checked(body: Any, model: type[Model]) -> Model:
    try:
        return model.model_validate(body)
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False)[0]
        raise SandboxError(f"the service's answer cannot be read: {first['loc']}: {first['msg']}") from None


def broken(body: object) -> Any:
    raise SandboxError(f"the service's answer cannot be read: {printable(str(body)[:200])}")


def told(said: bytes) -> str:
    """The message of an error reply, as one printable line."""
    text = said.decode("utf-8", "replace")
    try:
        error = json.loads(text)["error"]["message"]
    except (ValueError, KeyError, TypeError, RecursionError):
        error = text
    return printable(" ".join(str(error).split())[:LONGEST_MESSAGE])


def seconds(header: str | None) -> float | None:
    """`Retry-After` in seconds; a date or nonsense counts as none."""
    try:
        return min(max(float(header or ""), 0.0), 60.0)
    except ValueError:
        return None
