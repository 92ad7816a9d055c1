"""The client and the backend `http://...` against services that lie, break off, are away, or answer somebody else's errors."""

import asyncio
import json
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any

import pytest
from aiohttp import web

from execfeedback.client import Client, seconds
from execfeedback.errors import InputError, SandboxError, SandboxMissing
from execfeedback.library import open_backend
from execfeedback.sandbox.remote import RemoteSandbox
from execfeedback.types import Item, Job, Limits, Step

JOB = Job(environment="python", files={}, limits=Limits(), steps=(Step(argv=("true",)),))
GOOD = {"steps": [{"cause": "exited", "exit_code": 0, "stdout": "hi"}]}
Answering = Callable[[web.Request], Any]


@asynccontextmanager
async def service(answer: Answering) -> AsyncIterator[str]:
    """A server that answers as it likes."""
    app = web.Application()
    app.router.add_route("*", "/{path:.*}", answer)
    runner = web.AppRunner(app, shutdown_timeout=0.1)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    try:
        yield f"http://127.0.0.1:{runner.addresses[0][1]}"
    finally:
        await runner.cleanup()


def replying(body: Any, status: int = 200, **headers: str) -> Answering:
    text = body if isinstance(body, str) else json.dumps(body)

    async def answer(request: web.Request) -> web.Response:
        return web.Response(text=text, status=status, headers=headers)

    return answer


@pytest.mark.parametrize(
    "body",
    [
        "",
        "no json",
        "[" * 10_000,
        "[]",
        {"steps": [{"cause": "magic"}]},
        {"steps": [{"cause": "exited", "__class__": "os.system"}]},
        {"steps": "all"},
        {"error": {"message": "builtins.SystemExit"}},
        {**GOOD, "exception": {"module": "os", "type": "system", "args": ["true"]}},
    ],
)
async def test_an_answer_of_another_shape_is_our_fault_and_nothing_else(body: Any) -> None:
    async with service(replying(body)) as address, Client(address) as client:
        with pytest.raises(SandboxError, match="cannot be read"):
            await client.run(JOB)


@pytest.mark.parametrize("status", [400, 401, 403, 404, 413, 418, 422])
async def test_a_refusal_is_for_good_and_its_words_cannot_act(status: int) -> None:
    body = {"error": {"code": "x", "message": "no\x1b[2J\u202e such thing " + "x" * 3000}}
    async with service(replying(body, status)) as address, Client(address) as client:
        with pytest.raises(SandboxMissing, match=f"answered {status}: no") as refused:
            await client.run(JOB)

    assert "\x1b" not in str(refused.value) and "\u202e" not in str(refused.value)
    assert len(str(refused.value)) < 1000


async def test_a_redirect_is_no_answer() -> None:
    async with (
        service(replying("", 302, Location="http://127.0.0.1:1/")) as address,
        Client(address) as client,
    ):
        with pytest.raises(SandboxMissing, match="302"):
            await client.run(JOB)


async def test_a_busy_service_is_asked_again_after_what_it_says_and_a_lost_one_until_patience_ends() -> None:
    asked: list[float] = []

    async def answer(request: web.Request) -> web.StreamResponse:
        asked.append(time.monotonic())
        if len(asked) == 1:
            return web.Response(status=429, headers={"Retry-After": "0.6"})
        if len(asked) == 2:
            return web.Response(status=503)
        if len(asked) == 3:
            broken = web.StreamResponse(headers={"Content-Length": "1000"})
            await broken.prepare(request)
            await broken.write(b"{")
            assert request.transport is not None
            request.transport.close()
            return broken
        return web.json_response(GOOD)

    async with service(answer) as address:
        async with Client(address) as client:
            assert (await client.run(JOB)).steps[0].stdout == "hi"
        assert len(asked) == 4 and asked[1] - asked[0] >= 0.3
    async with Client(address, patience_s=0.3) as client:
        with pytest.raises(SandboxError, match="cannot be reached"):
            await client.run(JOB)


@pytest.mark.parametrize(
    ("header", "wanted"),
    [
        ("2", 2.0),
        ("1.5", 1.5),
        ("-3", 0.0),
        ("1e9", 60.0),
        ("Wed, 21 Oct 2015 07:28:00 GMT", None),
        ("", None),
        (None, None),
    ],
)
def test_how_long_a_service_may_make_us_wait(header: str | None, wanted: float | None) -> None:
    assert seconds(header) == wanted


@pytest.mark.parametrize(("headers", "told"), [({}, 1), ({"Retry-After": "0.1"}, 0)], ids=["away", "busy"])
async def test_waiting_is_told_once_whatever_the_number_of_calls(
    headers: dict[str, str], told: int, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("execfeedback.client.QUIET_S", 0.3)
    async with (
        service(replying("gone", 503, **headers)) as address,
        Client(address, patience_s=3) as client,
    ):
        ends = await asyncio.gather(*(client.run(JOB) for _ in range(5)), return_exceptions=True)

    assert all(isinstance(end, SandboxError) for end in ends)
    assert len(caplog.messages) == told
    assert all("answered 503: gone; asking again, for at most" in message for message in caplog.messages)


async def test_a_stream_that_ends_early_is_said_to_and_what_came_before_holds() -> None:
    line = json.dumps({"id": "a", "verdict": "passed", "passed": True}) + "\n"
    items = [Item(id=id, language="python", solution="") for id in "ab"]
    found: list[str] = []
    async with service(replying(line)) as address, Client(address) as client:
        with pytest.raises(SandboxError, match="left 1 of 2 items"):
            async for verdict in client.verify_many(items):
                found.append(verdict.id)

    assert found == ["a"]


async def test_the_token_comes_from_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    seen: list[str | None] = []

    async def answer(request: web.Request) -> web.Response:
        seen.append(request.headers.get("Authorization"))
        return web.json_response(GOOD)

    async with service(answer) as address:
        monkeypatch.setenv("MY_TOKEN", "secret-of-mine")
        for options in ({}, {"token_env": "MY_TOKEN"}):
            async with open_backend(address, 1, **options) as sandbox:
                await sandbox.run(JOB)

    assert seen == [None, "Bearer secret-of-mine"]


async def test_closing_the_backend_ends_what_is_under_way() -> None:
    async def answer(request: web.Request) -> web.Response:
        await asyncio.sleep(30)
        return web.Response()

    async with service(answer) as address:
        async with RemoteSandbox(address) as sandbox:
            work = asyncio.create_task(sandbox.run(JOB))
            await asyncio.sleep(0.1)
        with pytest.raises(SandboxError, match="closed"):
            await work
        with pytest.raises(SandboxError, match="closed"):
            await sandbox.run(JOB)


@pytest.mark.parametrize("address", ["http://", "unix://", "ftp://x", "x", ""])
def test_what_is_no_address(address: str) -> None:
    with pytest.raises(InputError):
        Client(address)
