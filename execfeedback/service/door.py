"""The door of the service: who comes in, with how much, and the line about it in the log. Pure ASGI, around everything."""

import asyncio
import sys
from collections.abc import Callable, Mapping, Sequence
from functools import lru_cache
from typing import TYPE_CHECKING, TextIO

from fastapi import Response

from execfeedback.service.callers import ANYBODY, Caller, Rates, caller_of, is_loopback
from execfeedback.service.metrics import Metrics
from execfeedback.service.replies import TooLarge, error_reply, fault
from execfeedback.service.turns import Ending, Refused
from execfeedback.service.visits import Log, Visit

if TYPE_CHECKING:
    from starlette.types import ASGIApp, Message, Receive, Scope, Send

PUBLIC = {"/healthz", "/readyz"}
"""Asked by probes, which carry no token."""
Headers = Sequence[tuple[bytes, bytes]]
Busy = Callable[[Refused], Response]
"""What one interface's clients understand as: ask again."""
BODIES = 8
"""Bodies of the largest size that may be held at one time."""


class Door:
    """`unix`: the socket is a file, whose mode says who may come. Without callers, loopback's own programs may."""

    def __init__(
        self,
        app: "ASGIApp",
        *,
        callers: Sequence[Caller],
        unix: bool,
        most_body: int,
        metrics: Metrics,
        crowded: Callable[[Caller], Refused | None],
        busy: Mapping[str, Busy],
        log: TextIO | None = None,
    ) -> None:
        self.app, self.callers, self.unix, self.most_body = app, callers, unix, most_body
        self.metrics, self.log = metrics, Log(log or sys.stderr)
        self.crowded, self.busy = crowded, busy
        self.rates, self.held = Rates(), 0

    async def __call__(self, scope: "Scope", receive: "Receive", send: "Send") -> None:
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        visit = Visit(scope["method"], scope["path"])
        try:
            await Passage(self, visit, scope, receive, send).made()
        finally:
            self.held -= visit.received
            known = visit.path if visit.path in self.busy else "other"
            self.note(visit, getattr(scope.get("route"), "path", known))

    def refused_run(self, method: str, path: str, head: Headers) -> "Refusal | None":
        """The answer to a run that there is no room for, where its head says so. `wire` gives it without a task."""
        if method != "POST" or path not in self.busy:
            return None
        caller = self.turned_away(path, headers := decoded(head))
        if isinstance(caller, Response) or "content-length" not in headers:
            return None
        if (refused := self.crowded(caller)) is None:
            return None
        reply = alike(self.busy[path], refused.why, str(refused), refused.after_s)
        return Refusal(self, Visit(method, path, caller), reply)

    def turned_away(self, path: str, headers: dict[str, str]) -> "Caller | Response":
        """The caller, or the reply to who may not come in."""
        if path in PUBLIC:
            return ANYBODY
        caller = caller_of(headers.get("authorization", ""), self.callers) if self.callers else ANYBODY
        if caller is None:
            return fault(401, "token", "a known token is needed", {"WWW-Authenticate": "Bearer"})
        host = host_in(headers.get("host", ""))
        if not self.callers and not self.unix and ("origin" in headers or not is_loopback(host)):
            return fault(
                403, "web_page", "without tokens only programs on this machine are served, by its own name"
            )
        if headers.get("content-encoding", "identity").lower() != "identity":
            return fault(415, "encoding", "bodies are read as they are: send it without Content-Encoding")
        if int(headers.get("content-length", "0")) > self.most_body:
            return error_reply(self.too_large())
        return caller

    def no_room(self, scope: "Scope", caller: Caller) -> Response | None:
        """The reply to what comes too often, or wants a run while no more can wait: at the door, since reading and checking
        what was sent is most of what a refusal would cost, and in an overload there are many."""
        runs = scope["method"] == "POST" and scope["path"] in self.busy
        refused = (self.crowded(caller) if runs else None) or self.hurried(caller)
        return self.refusal(scope["path"], refused) if refused else None

    def hurried(self, caller: Caller) -> Refused | None:
        if (wait_s := self.rates.left_s(caller)) is None:
            return None
        self.metrics.refused.labels("rate").inc()
        return Refused("rate", f"more than {caller.per_minute} requests in a minute", wait_s)

    def refusal(self, path: str, refused: Refused) -> Response:
        """In the words of the interface that was asked."""
        return self.busy.get(path, error_reply)(refused)

    def too_large(self) -> TooLarge:
        return TooLarge(f"the body is larger than {self.most_body >> 20} MB")

    def note(self, visit: Visit, route: str) -> None:
        self.metrics.requests.labels(route, str(visit.status)).inc()
        if visit.path not in PUBLIC or visit.status != 200:
            self.log.tell(visit)


@lru_cache(64)
def alike(busy: Busy, why: str, message: str, after_s: float) -> Response:
    """A refusal in one interface's words. In one moment many are refused alike."""
    return busy(Refused(why, message, after_s))


def decoded(head: Headers) -> dict[str, str]:
    return {name.decode("latin-1"): value.decode("latin-1") for name, value in head}


def host_in(header: str) -> str:
    """`NAME:PORT`, `[ADDRESS]:PORT`, or either without its port."""
    return header[1:].partition("]")[0] if header.startswith("[") else header.partition(":")[0]


class Passage:
    """One request on its way through the door, and its answer back."""

    def __init__(self, door: Door, visit: Visit, scope: "Scope", receive: "Receive", send: "Send") -> None:
        self.door, self.visit, self.scope, self.receive, self.send = door, visit, scope, receive, send
        self.answered = False

    async def made(self) -> None:
        found = self.door.turned_away(self.visit.path, decoded(self.scope["headers"]))
        if isinstance(found, Response):
            await found(self.scope, self.receive, self.answering)
            return
        self.visit.caller = self.scope.setdefault("state", {})["caller"] = found
        if (reply := self.door.no_room(self.scope, found)) is not None:
            await (await self.after_all_was_sent(reply))(self.scope, self.receive, self.answering)
            return
        try:
            await self.door.app(self.scope, self.reading, self.answering)
        except asyncio.CancelledError:  # the time for requests to end after SIGTERM is over
            if self.answered:
                raise
            reply = self.door.refusal(self.visit.path, Ending("the service ends: ask again"))
            await reply(self.scope, self.receive, self.answering)

    async def after_all_was_sent(self, reply: Response) -> Response:
        """The reply, or another if the body is too large. A connection that is closed while a client still sends loses it."""
        try:
            while (await self.reading()).get("more_body", False):
                pass
        except TooLarge as error:
            return error_reply(error)
        except Refused as error:
            return self.door.refusal(self.visit.path, error)
        return reply

    async def reading(self) -> "Message":
        message = await self.receive()
        size = len(message.get("body", b""))
        self.visit.received += size
        self.door.held += size
        if self.visit.received > self.door.most_body:
            raise self.door.too_large()
        if self.door.held > BODIES * self.door.most_body:
            raise Refused("bodies", "too many large bodies at one time", 1.0)
        return message

    async def answering(self, message: "Message") -> None:
        if message["type"] == "http.response.start":
            self.visit.status, self.answered = message["status"], True
            message.setdefault("headers", []).append((b"x-request-id", self.visit.id.encode()))
        self.visit.sent += len(message.get("body", b""))
        await self.send(message)


class Refusal:
    """The answer to a run that there is no room for, while its body still comes. Nobody keeps it."""

    def __init__(self, door: Door, visit: Visit, reply: Response) -> None:
        self.door, self.visit, self.reply = door, visit, reply

    def answer(self) -> tuple[int, Headers, bytes]:
        """Status, headers and body, counted and logged as any other answer."""
        visit, reply, body = self.visit, self.reply, bytes(self.reply.body)
        visit.status, visit.sent = reply.status_code, len(body)
        self.door.note(visit, visit.path)
        return visit.status, [*reply.raw_headers, (b"x-request-id", visit.id.encode())], body

    def lost(self) -> None:
        """The caller left before all was sent."""
        self.door.note(self.visit, self.visit.path)
