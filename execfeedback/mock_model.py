"""A loopback server that speaks the OpenAI chat form and answers from a script: for tests, trials and load.

A script is JSON lines. A request takes the first line that fits it and is not used up::

    {"match": "def add", "attempt": 0, "text": "```python\\n...\\n```"}
    {"match": "def mul", "fault": "429", "retry_after": 0.1, "times": 2}

`match` is a regular expression on all message texts (default: every request), `attempt` how many answers the
conversation holds already, `times` how often the line may be used (default: always). Faults are `429`, `500`,
`hang`, `cut` (half the JSON), `content_type`, `empty` and `refusal`. `GET /stats` counts what was served.
"""

import asyncio
import json
import re
import signal
import sys
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from pydantic import Field, field_validator

from execfeedback.errors import InputError
from execfeedback.jsonl import read_jsonl
from execfeedback.types import Value

if TYPE_CHECKING:
    from aiohttp import web

Fault = Literal["429", "500", "hang", "cut", "content_type", "empty", "refusal"]


class Line(Value):
    """One line of a script: what it fits, and the answer or the fault."""

    match: str = ""
    attempt: int | None = None
    text: str = ""
    fault: Fault | None = None
    retry_after: float | None = None
    """Seconds, sent with a 429."""
    times: int | None = Field(None, ge=1)
    finish: str = "stop"
    reasoning: str | None = None
    """Sent apart from the text, as `reasoning_content`."""

    @field_validator("match")
    @classmethod
    def _is_pattern(cls, value: str) -> str:
        try:
            re.compile(value)
        except re.error as error:
            raise ValueError(f"is no regular expression ({error})") from None
        return value


class MockModel:
    """The script, and what has been served of it."""

    def __init__(self, script: Sequence[Line]) -> None:
        self.script = tuple(script)
        self.used: Counter[int] = Counter()
        self.served: Counter[str] = Counter()

    def answer_for(self, messages: Sequence[dict[str, Any]]) -> Line | None:
        """The line for a conversation, marked as used once more."""
        text = "\n".join(str(message.get("content") or "") for message in messages)
        attempt = sum(message.get("role") == "assistant" for message in messages)
        for at, line in enumerate(self.script):
            left = line.times is None or self.used[at] < line.times
            if left and line.attempt in (None, attempt) and re.search(line.match, text):
                self.used[at] += 1
                return line
        return None

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

        return web.json_response({"requests": sum(self.served.values()), "served": dict(self.served)})

    async def _complete(self, request: "web.Request") -> "web.StreamResponse":
        body = await request.json()
        line = self.answer_for(body.get("messages", []))
        self.served["unmatched" if line is None else line.fault or "answer"] += 1
        if line is None:
            return _error(400, "no line of the script fits this request")
        return await _response(line, str(body.get("model", "mock")), body.get("messages", []))


async def _response(line: Line, model: str, messages: Sequence[dict[str, Any]]) -> "web.StreamResponse":
    from aiohttp import web

    if line.fault == "429":
        wait = {} if line.retry_after is None else {"Retry-After": f"{line.retry_after:g}"}
        return _error(429, "too many requests", wait)
    if line.fault == "500":
        return _error(500, "the server had an error")
    if line.fault == "hang":
        await asyncio.sleep(3600)
    if line.fault == "content_type":
        return web.Response(text="<html><body>502 from a proxy</body></html>", content_type="text/html")
    text = json.dumps(completion(line, model, messages))
    whole = text[: len(text) // 2] if line.fault == "cut" else text
    return web.Response(text=whole, content_type="application/json")


def _error(status: int, message: str, headers: dict[str, str] | None = None) -> "web.Response":
    from aiohttp import web

    return web.json_response({"error": {"message": message, "type": "mock"}}, status=status, headers=headers)


def completion(line: Line, model: str, messages: Sequence[dict[str, Any]]) -> dict[str, Any]:
    """The body of an answer in the OpenAI form; tokens are counted as words."""
    message: dict[str, Any] = {"role": "assistant", "content": "" if line.fault == "empty" else line.text}
    if line.fault == "refusal":
        message |= {"content": None, "refusal": line.text or "I'm sorry, but I can't help with that."}
    if line.reasoning is not None:
        message |= {"reasoning_content": line.reasoning}
    asked = sum(len(str(each.get("content") or "").split()) for each in messages)
    thought = len((line.reasoning or "").split())
    told = len(line.text.split()) + thought
    details = {} if line.reasoning is None else {"completion_tokens_details": {"reasoning_tokens": thought}}
    return {
        "id": "mock-1",
        "object": "chat.completion",
        "created": 0,
        "model": model,
        "choices": [{"index": 0, "message": message, "finish_reason": line.finish}],
        "usage": {"prompt_tokens": asked, "completion_tokens": told, "total_tokens": asked + told, **details},
    }


def load_script(path: Path) -> list[Line]:
    """The lines of a script. Raises InputError naming file, line and field."""
    return [line for _, line in read_jsonl(path, Line)]


class Serving:
    """`async with Serving(model) as address:` - the server on loopback, on a free port by default."""

    def __init__(self, model: MockModel, port: int = 0) -> None:
        self._model, self._port = model, port

    async def __aenter__(self) -> str:
        from aiohttp import web

        self._runner = web.AppRunner(self._model.application(), shutdown_timeout=0.1)
        await self._runner.setup()
        try:
            await web.TCPSite(self._runner, "127.0.0.1", self._port).start()
        except OSError as error:
            await self._runner.cleanup()
            raise InputError(
                f"port {self._port} cannot be used ({error.strerror}); --port 0 takes a free one"
            ) from error
        return f"http://127.0.0.1:{self._runner.addresses[0][1]}"

    async def __aexit__(self, *error: object) -> None:
        await self._runner.cleanup()


async def serve(script: Path, port: int) -> int:
    """Serve until SIGINT or SIGTERM, which is returned; the address goes to stdout, the counts to stderr."""
    model = MockModel(load_script(script))
    ended: asyncio.Future[int] = asyncio.get_running_loop().create_future()
    for number in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(number, _end, ended, int(number))
    async with Serving(model, port) as address:
        print(f"{address}/v1", flush=True)
        received = await ended
    print(f"served {sum(model.served.values())} requests: {dict(model.served)}", file=sys.stderr)
    return received


def _end(ended: asyncio.Future[int], number: int) -> None:
    if not ended.done():
        ended.set_result(number)
