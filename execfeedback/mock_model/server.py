"""Serves a script on loopback and counts what it served, so that a client's accounts can be compared.

`GET /stats` says how many requests ended how; `usage`: the tokens of all answers whose usage reached the wire;
`untold`: those of answers that were cut off before it, which a provider bills as well; `answered_again`: answers to
requests that had been answered whole before; `most_at_once`: the most requests that were open together.
"""

import asyncio
import json
import sys
import time
from collections import Counter
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from execfeedback import loopback
from execfeedback.ids import digest
from execfeedback.mock_model import wire
from execfeedback.mock_model.script import Line, Script, load_script

if TYPE_CHECKING:
    from aiohttp import web

WHOLE = ("answer", "slow", "refusal", "language", "blocks")
"""Outcomes that a client can use, for better or worse."""


class Served(NamedTuple):
    """One request that was answered: when it came (Unix seconds), its name, how it ended, what it cost."""

    at: float
    key: str
    """The client's `X-Request-Id`, else the digest of the body."""
    outcome: str
    tokens_in: int
    tokens_out: int
    told: bool


class MockModel:
    """The script, and what has been served of it."""

    def __init__(self, script: Sequence[Line], seed: int = 0, fault_rate: float = 0.0) -> None:
        self.script = Script(script, seed, fault_rate)
        self.served: Counter[str] = Counter()
        self.log: list[Served] = []
        self._open = self._most_open = 0

    def answer_for(self, messages: Sequence[dict[str, Any]]) -> Line | None:
        return self.script.answer_for(messages)

    def application(self) -> "web.Application":
        from aiohttp import web

        app = web.Application(client_max_size=64 * 2**20)
        app.router.add_post("/v1/chat/completions", self._complete)
        app.router.add_get("/v1/models", self._models)
        app.router.add_get("/stats", self._stats)
        return app

    async def _models(self, request: "web.Request") -> "web.Response":
        from aiohttp import web

        return web.json_response({"object": "list", "data": [{"id": "mock", "object": "model"}]})

    async def _stats(self, request: "web.Request") -> "web.Response":
        from aiohttp import web

        return web.json_response(self.stats())

    def stats(self) -> dict[str, Any]:
        """What `GET /stats` says."""
        answered = Counter(served.key for served in self.log if served.outcome in WHOLE)
        return {
            "requests": sum(self.served.values()),
            "served": dict(self.served),
            "usage": _summed(self.log, told=True),
            "untold": _summed(self.log, told=False),
            "answered_again": answered.total() - len(answered),
            "most_at_once": self._most_open,
        }

    async def _complete(self, request: "web.Request") -> "web.StreamResponse":
        self._open += 1
        self._most_open = max(self._most_open, self._open)
        try:
            return await self._answer(request)
        finally:
            self._open -= 1

    async def _answer(self, request: "web.Request") -> "web.StreamResponse":
        from aiohttp import web

        came, body = time.time(), await request.json()
        messages, content = body.get("messages", []), digest(body)
        line = self.script.answer_for(messages, content)
        outcome = "unmatched" if line is None else line.fault or "answer"
        self.served[outcome] += 1
        if line is None:
            missing = wire.error("no line of the script fits this request", "mock")
            return web.json_response(missing, status=400)
        await asyncio.sleep(_delay_s(line))
        if (refused := _refused(line)) is not None:
            return refused
        said = wire.message(line)
        counted = wire.usage(said, messages)
        told = line.fault not in ("cut", "cut_stream")
        key = request.headers.get("X-Request-Id", content)
        tokens = (counted.prompt_tokens, counted.completion_tokens)
        self.log.append(Served(came, key, outcome, *tokens, told))
        return await _sent(request, body, line, said, counted)


def _summed(log: Sequence[Served], told: bool) -> dict[str, int]:
    found = [served for served in log if served.told is told]
    return {
        "requests": len(found),
        "prompt_tokens": sum(served.tokens_in for served in found),
        "completion_tokens": sum(served.tokens_out for served in found),
    }


def _delay_s(line: Line) -> float:
    defaults = {"hang": 3600.0, "slow": 1.0}
    return line.delay_s if line.delay_s is not None else defaults.get(line.fault or "", 0.0)


def _refused(line: Line) -> "web.Response | None":
    """What is sent where nothing was generated; None where an answer was."""
    from aiohttp import web

    if line.fault == "429":
        wait = {} if line.retry_after is None else {"Retry-After": f"{line.retry_after:g}"}
        return web.json_response(wire.error("too many requests", "rate_limit"), status=429, headers=wait)
    if line.fault == "500":
        return web.json_response(wire.error("the server had an error", "server_error"), status=500)
    if line.fault == "context":
        return web.json_response(wire.CONTEXT, status=400)
    if line.fault in ("content_type", "hang"):
        return web.Response(text="<html><body>502 from a proxy</body></html>", content_type="text/html")
    return None


async def _sent(
    request: "web.Request", body: dict[str, Any], line: Line, said: dict[str, Any], counted: wire.Usage
) -> "web.StreamResponse":
    """The answer on its way, whole, as a stream, or as far as its fault lets it."""
    from aiohttp import web

    model = str(body.get("model", "mock"))
    if body.get("stream"):
        asked = bool((body.get("stream_options") or {}).get("include_usage"))
        kind, pieces = "text/event-stream", list(wire.events(said, line.finish, model, counted, asked))
    else:
        kind, pieces = "application/json", [json.dumps(wire.completion(said, line.finish, model, counted))]
    text = "".join(pieces)
    sent = text[: len(text) // 2] if line.fault in ("cut", "cut_stream") else text
    headers = {"Content-Type": kind} | (
        {"Content-Length": str(len(text))} if line.fault == "cut_stream" else {}
    )
    response = web.StreamResponse(headers=headers)
    with suppress(ConnectionResetError):  # the client is gone, and pays all the same
        await response.prepare(request)
        await response.write(sent.encode())
    if line.fault == "cut_stream" and request.transport is not None:
        request.transport.close()
    return response


class Serving(loopback.Serving):
    """`async with Serving(model) as address:` - the server on loopback, on a free port by default."""

    def __init__(self, model: MockModel, port: int = 0) -> None:
        super().__init__(model.application(), port)


async def serve(script: Path, port: int, seed: int = 0, fault_rate: float = 0.0) -> int:
    """Serve until SIGINT or SIGTERM, which is returned; the address goes to stdout, the counts to stderr."""
    model = MockModel(load_script(script), seed, fault_rate)
    async with Serving(model, port) as address:
        print(f"{address}/v1", flush=True)
        received = await loopback.until_stopped()
    print(f"served {sum(model.served.values())} requests: {dict(model.served)}", file=sys.stderr)
    return received
