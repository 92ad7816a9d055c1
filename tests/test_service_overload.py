"""The service with more runs than it takes: who is refused, how soon, in what words, and what a connection may do meanwhile."""

import asyncio
import json
import re
import time
from collections.abc import AsyncIterator, Iterator, Mapping, Sequence
from contextlib import asynccontextmanager, suppress

import pytest
from running_service import Answer, Echo, Running, ask, echo_item, until

from execfeedback.client import Client
from execfeedback.service.callers import Caller
from execfeedback.service.runner import Settings
from execfeedback.types import Item

SMALL = Settings(slots=1, memory_mb=4096, queue=2, wait_s=60, body_mb=1, drain_s=5)
TOKEN = "a-token-of-many-characters"
BODY = json.dumps(echo_item("x")).encode()
HEAD = b"POST /v1/verify HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: %d\r\n" % len(BODY)
ONE = HEAD + b"\r\n" + BODY

CHUNKED = (
    b"POST /v1/verify HTTP/1.1\r\nHost: 127.0.0.1\r\nTransfer-Encoding: chunked\r\n\r\n"
    b"%x\r\n%b\r\n0\r\n\r\n" % (len(BODY), BODY)
)


Connection = tuple[asyncio.StreamReader, asyncio.StreamWriter]
Tasks = Sequence[asyncio.Task[Answer]]


@pytest.fixture
def pool() -> Echo:
    return Echo()


@pytest.fixture
def small(pool: Echo) -> Iterator[str]:
    """One slot (and one run ahead), two places in the queue."""
    with Running(pool, SMALL) as there:
        yield there


async def filled(
    address: str, sent: Mapping[str, str] | None = None, watched: Mapping[str, str] | None = None
) -> Tasks:
    """Runs that take every place there is until the sandbox releases them."""
    tasks = [
        asyncio.create_task(ask(address, "/v1/verify", echo_item("hold"), headers=sent)) for _ in range(4)
    ]
    await queue_is_full(address, watched)
    return tasks


async def queue_is_full(address: str, watched: Mapping[str, str] | None = None) -> None:
    for _ in range(1000):
        if "execfeedback_queue_length 2.0" in (await ask(address, "/metrics", headers=watched)).text:
            return
        await asyncio.sleep(0.01)
    pytest.fail("the queue was never full")


async def all_pass(tasks: Tasks, pool: Echo) -> bool:
    pool.released = True
    return all([(await task).json["passed"] for task in tasks])


@pytest.fixture
async def full(small: str, pool: Echo) -> AsyncIterator[str]:
    tasks = await filled(small)
    yield small
    assert await all_pass(tasks, pool)


@asynccontextmanager
async def connected(address: str) -> AsyncIterator[Connection]:
    reader, writer = await asyncio.open_connection(*address.removeprefix("http://").split(":"))
    try:
        yield reader, writer
    finally:
        writer.transport.abort()
        with suppress(ConnectionError):
            await writer.wait_closed()


async def reply(reader: asyncio.StreamReader) -> tuple[str, dict[str, str], bytes]:
    """Status, headers and body of one answer on a connection that may go on."""
    async with asyncio.timeout(5):
        status, *lines = (await reader.readuntil(b"\r\n\r\n")).decode().split("\r\n")[:-2]
        headers = dict(line.lower().split(": ", 1) for line in lines)
        return status.split()[1], headers, await reader.readexactly(int(headers["content-length"]))


async def test_an_overload_is_refused_at_once_as_each_clients_retry(small: str, pool: Echo) -> None:
    slow, accepted = echo_item("x"), await filled(small)
    program = {"code": "", "language": "python"}
    label = json.dumps({"language": "python", "style": "stdio", "tests": [{"stdin": "1", "stdout": "1"}]})
    query = {"query": ["```python\nprint(1)\n```"], "prompts": [""], "labels": [label]}
    piston = {"language": "python", "version": "*", "files": [{"content": ""}]}
    asked = {"/v1/verify": slow, "/run_code": program, "/get_reward": query, "/api/v2/execute": piston}

    for path, body in asked.items():
        began = time.monotonic()
        refused = await ask(small, path, body)
        assert time.monotonic() - began < 0.1, path
        assert refused.status == (504 if path == "/run_code" else 429), (path, refused)
        assert path == "/run_code" or int(refused.headers["Retry-After"]) >= 1
    large = echo_item("x" * (2 << 20))
    assert (await ask(small, "/v1/verify", large)).json["error"]["code"] == "too_large"
    assert (await ask(small, "/v1/languages")).status == 200

    assert await all_pass(accepted, pool)
    assert pool.most == 2 and "execfeedback_refused_total" in (await ask(small, "/metrics")).text


async def test_a_connection_goes_on_after_a_refusal(full: str) -> None:
    async with connected(full) as (reader, writer):
        writer.write(ONE * 3 + b"GET /healthz HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n")
        found = [await reply(reader) for _ in range(4)]

        assert [status for status, _, _ in found] == ["429", "429", "429", "200"]
        assert json.loads(found[0][2])["error"]["code"] == "busy"
        assert len({headers["x-request-id"] for _, headers, _ in found}) == 4
        assert all("date" in headers and "connection" not in headers for _, headers, _ in found)


async def test_a_refusal_waits_for_the_end_of_what_is_sent(full: str) -> None:
    async with connected(full) as (reader, writer):
        writer.write(HEAD + b"\r\n" + BODY[:10])
        with pytest.raises(TimeoutError):
            await asyncio.wait_for(reader.read(1), 0.2)
        writer.write(BODY[10:])

        assert (await reply(reader))[0] == "429"


async def test_behind_an_answer_under_way_nothing_is_refused_before_it(small: str, pool: Echo) -> None:
    held = json.dumps(echo_item("hold")).encode()
    async with connected(small) as (reader, writer):
        writer.write(ONE.replace(b"%d" % len(BODY), b"%d" % len(held)).replace(BODY, held))
        await until(lambda: pool.running == 1)
        others = [asyncio.create_task(ask(small, "/v1/verify", echo_item("hold"))) for _ in range(3)]
        await queue_is_full(small)
        writer.write(ONE)
        with pytest.raises(TimeoutError):
            await asyncio.wait_for(reader.read(1), 0.2)

        assert await all_pass(others, pool)
        assert [(await reply(reader))[0] for _ in range(2)] == ["200", "200"]


@pytest.mark.parametrize(
    ("sent", "stays"),
    [
        (HEAD + b"Connection: close\r\n\r\n" + BODY, False),
        (ONE.replace(b"HTTP/1.1", b"HTTP/1.0"), False),
        (ONE.replace(b"HTTP/1.1", b"HTTP/1.0").replace(b"Host", b"Connection: keep-alive\r\nHost"), False),
        (HEAD + b"Connection: upgrade\r\nUpgrade: websocket\r\n\r\n" + BODY, True),
        (ONE.replace(b"/v1/verify", b"/v1/verify?x=1"), True),
        (ONE.replace(b"/v1/verify", b"/v1%2Fverify"), True),
        (CHUNKED, True),
    ],
)
async def test_however_a_run_is_asked_for_it_is_refused(sent: bytes, stays: bool, full: str) -> None:
    async with connected(full) as (reader, writer):
        writer.write(sent)

        status, headers, _ = await reply(reader)
        assert (status, headers.get("connection", "keep-alive") == "close") == ("429", not stays)
        if not stays:
            assert await asyncio.wait_for(reader.read(), 5) == b""


async def test_who_waits_to_be_asked_for_the_body_is_asked_and_refused(full: str) -> None:
    async with connected(full) as (reader, writer):
        writer.write(HEAD + b"Expect: 100-continue\r\n\r\n")
        assert await reader.readuntil(b"\r\n\r\n") == b"HTTP/1.1 100 Continue\r\n\r\n"
        writer.write(BODY)

        assert (await reply(reader))[0] == "429"


async def test_who_reads_no_refusals_is_not_read_from(small: str, pool: Echo) -> None:
    """Their answers would fill the memory."""
    tasks, sent = await filled(small), 0
    async with connected(small) as (_, writer):
        with pytest.raises(TimeoutError):
            while sent < 200_000:
                writer.write(ONE * 100)
                sent += 100
                await asyncio.wait_for(writer.drain(), 1)
        counted = (await ask(small, "/metrics")).text
        [refused] = re.findall('requests_total{route="/v1/verify",status="429"} ([0-9]+)', counted)
        assert 0 < int(refused) < sent
    assert await all_pass(tasks, pool)


async def test_a_caller_that_leaves_in_the_middle_of_what_is_refused_is_a_line_of_the_log(
    pool: Echo, capfd: pytest.CaptureFixture[str]
) -> None:
    async with Running(pool, SMALL) as there:
        tasks = await filled(there)
        async with connected(there) as (_, writer):
            writer.write(HEAD + b"\r\n" + BODY[:10])
            await asyncio.sleep(0.1)
        assert await all_pass(tasks, pool)

    lines = [json.loads(line) for line in capfd.readouterr().err.splitlines()]
    assert [(line["status"], line["bytes_in"]) for line in lines if line["status"] != 200] == [(499, 10)]


async def test_at_the_end_of_the_service_who_is_being_refused_is_told(pool: Echo) -> None:
    running = Running(pool, SMALL)
    there = await running.__aenter__()
    tasks = await filled(there)
    async with connected(there) as (reader, writer):
        writer.write(HEAD + b"\r\n" + BODY[:10])
        await asyncio.sleep(0.1)
        ending = asyncio.create_task(running.__aexit__(None, None, None))
        await asyncio.sleep(0.3)
        writer.write(BODY[10:])

        status, headers, _ = await reply(reader)
        assert (status, headers["connection"]) == ("429", "close")
        assert await all_pass(tasks, pool)
        await ending


async def test_a_run_that_there_was_no_room_for_does_not_count_against_its_callers_rate(pool: Echo) -> None:
    sent, watched = ({"Authorization": f"Bearer {token}"} for token in (TOKEN, TOKEN[::-1]))
    callers = (
        Caller(name="few", token=TOKEN, per_minute=5, waiting=2),
        Caller(name="one", token=TOKEN[::-1]),
    )
    async with Running(pool, SMALL, callers) as there:
        tasks = await filled(there, sent, watched)
        refused = [await ask(there, "/v1/verify", echo_item("x"), headers=sent) for _ in range(5)]
        assert await all_pass(tasks, pool)
        last = await ask(there, "/v1/verify", echo_item("x"), headers=sent)

    assert {answer.status for answer in refused} == {429} and last.status == 200


async def test_the_client_waits_out_an_overload_and_gets_every_verdict_once(small: str) -> None:
    items = [Item.model_validate(echo_item("sleep 0.01", str(n))) for n in range(30)]
    async with Client(small) as client:
        found = await asyncio.gather(*(client.verify(item) for item in items))
        streamed = [verdict async for verdict in client.verify_many(items)]
        digest = await client.put_suite({"tests": ""})

    assert [verdict.id for verdict in found] == [item.id for item in items]
    assert all(verdict.passed for verdict in [*found, *streamed])
    assert {verdict.id for verdict in streamed} == {item.id for item in items} and len(streamed) == 30
    assert re.fullmatch("[0-9a-f]{64}", digest)
