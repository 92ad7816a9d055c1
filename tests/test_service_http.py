"""The service over real sockets, with a sandbox that echoes: who comes in, what is refused and how, what is logged."""

import asyncio
import json
import re
import socket
import stat
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import ExitStack, suppress
from pathlib import Path
from subprocess import PIPE
from typing import Any

import aiohttp
import pytest
from running_service import Answer, Echo, Running, ask, echo_item, until

from execfeedback.client import Client
from execfeedback.errors import InputError, SandboxMissing
from execfeedback.service import door, sandboxfusion
from execfeedback.service.callers import Caller
from execfeedback.service.runner import Settings
from execfeedback.service.serving import listening

TOKEN = "a-token-of-many-characters"
TWO = (Caller(name="one", token=TOKEN), Caller(name="few", token=TOKEN[::-1], per_minute=2))
SMALL = Settings(slots=1, memory_mb=4096, queue=2, wait_s=5, body_mb=1, drain_s=5)


@pytest.fixture
def pool() -> Echo:
    return Echo()


@pytest.fixture
def address(pool: Echo) -> Iterator[str]:
    """A service for everybody on loopback."""
    with Running(pool) as there:
        yield there


@pytest.fixture
def small(pool: Echo) -> Iterator[str]:
    """One slot (and one run ahead), two places in the queue."""
    with Running(pool, SMALL) as there:
        yield there


def bearer(token: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {token}"}


def told(answer: Answer) -> tuple[int, str]:
    return answer.status, answer.json["error"]["code"]


# ---- who comes in --------------------------------------------------------------------------------------------------


async def test_where_there_are_tokens_nothing_is_answered_without_one(pool: Echo) -> None:
    async with Running(pool, callers=TWO) as there:
        refused = [
            await ask(there, path, body, headers=headers)
            for path, body in (
                ("/v1/languages", None),
                ("/v1/verify", echo_item("1")),
                ("/run_code", {"code": ""}),
            )
            for headers in ({}, bearer("wrong" * 5))
        ]
        assert {told(answer) for answer in refused} == {(401, "token")} and pool.started == 0
        assert (await ask(there, "/metrics")).status == 401
        assert (await ask(there, "/healthz")).status == (await ask(there, "/readyz")).status == 200
        assert (await ask(there, "/v1/verify", echo_item("1"), headers=bearer(TOKEN))).json["passed"]
        in_address = there.replace("http://", f"http://trainer:{TOKEN}@")
        assert (await ask(in_address, "/run_code", {"code": "", "stdin": "hi"})).status == 200


async def test_a_caller_with_a_rate_is_held_to_it(pool: Echo) -> None:
    async with Running(pool, callers=TWO) as there:
        found = [
            await ask(there, "/v1/verify", echo_item("1"), headers=bearer(TOKEN[::-1])) for _ in range(3)
        ]

    assert [answer.status for answer in found] == [200, 200, 429]
    assert 1 <= int(found[2].headers["Retry-After"]) <= 60


async def test_without_tokens_no_web_page_can_run_programs(address: str, pool: Echo) -> None:
    for headers in ({"Origin": "http://evil.example"}, {"Host": "evil.example"}):
        assert told(await ask(address, "/v1/verify", echo_item("1"), headers=headers)) == (403, "web_page")
    assert pool.started == 0


@pytest.mark.skipif(not socket.has_ipv6, reason="no IPv6 here")
@pytest.mark.parametrize(
    ("host", "asked"), [("::1", "[::1]"), ("::", "[::1]"), ("::", "127.0.0.1"), ("localhost", "localhost")]
)
async def test_addresses_of_either_family_are_served(host: str, asked: str, pool: Echo) -> None:
    async with Running(pool, callers=TWO if host == "::" else (), host=host) as there:
        port = there.rpartition(":")[2]
        headers = bearer(TOKEN) if host == "::" else {}
        assert (await ask(f"http://{asked}:{port}", "/v1/ping", headers=headers)).text == '"pong"'
        if host == "::1":
            assert (await ask(there, "/v1/ping", headers={"Host": "[::1]"})).status == 200


async def test_a_socket_file_is_its_users_alone_and_replaces_one_that_a_killed_service_left(
    pool: Echo, tmp_path: Path
) -> None:
    path = tmp_path / "service.sock"
    async with Running(pool, unix=path) as there:
        assert stat.S_IMODE(path.stat().st_mode) == 0o600
        assert (await ask(there, "/v1/verify", echo_item("1"))).json["passed"]
        with pytest.raises(InputError, match="listens"), listening("", 0, path, ()):
            pytest.fail("two services have one socket")
    assert not path.exists()
    with listening("", 0, path, ()) as left:
        left.close()
        async with Running(pool, unix=path) as there:
            assert (await ask(there, "/healthz")).status == 200
    path.write_text("mine")
    with pytest.raises(InputError, match="another file"), listening("", 0, path, ()):
        pytest.fail("it took the place of a file")
    assert path.read_text() == "mine"


STARTING = """
import sys
from contextlib import ExitStack, suppress
from pathlib import Path
from execfeedback.errors import InputError
from execfeedback.service.serving import listening

with ExitStack() as held:
    print("ready", flush=True)
    sys.stdin.readline()
    for path in map(Path, sys.argv[1:]):
        try:
            held.enter_context(listening("", 0, path, ()))
            print(path)
        except InputError:
            pass
    print("done", flush=True)
    sys.stdin.readline()
"""


def test_of_two_services_that_find_the_same_file_left_one_has_it(tmp_path: Path) -> None:
    paths = [tmp_path / f"{number}.sock" for number in range(100)]
    for path in paths:
        with socket.socket(socket.AF_UNIX) as killed:
            killed.bind(str(path))
    command = [sys.executable, "-c", STARTING, *map(str, paths)]
    with ExitStack() as ending:
        two = [
            ending.enter_context(subprocess.Popen(command, stdin=PIPE, stdout=PIPE, text=True, bufsize=1))
            for _ in range(2)
        ]
        assert [str(one.stdout and one.stdout.readline()) for one in two] == ["ready\n"] * 2
        for one in two:
            assert one.stdin is not None
            one.stdin.write("\n")
        won = [line.strip() for one in two if one.stdout for line in iter(one.stdout.readline, "done\n")]
        assert sorted(won) == sorted(map(str, paths))
        for path in paths:
            with socket.socket(socket.AF_UNIX) as client:
                client.connect(str(path))


async def test_a_busy_service_keeps_its_socket_file(tmp_path: Path) -> None:
    path = tmp_path / "busy.sock"
    with socket.socket(socket.AF_UNIX) as busy, ExitStack() as waiting:
        busy.bind(str(path))
        busy.listen(0)
        for _ in range(3):
            client = waiting.enter_context(socket.socket(socket.AF_UNIX))
            client.setblocking(False)
            client.connect_ex(str(path))
        with pytest.raises(InputError, match="listens"), listening("", 0, path, ()):
            pytest.fail("it took the socket of a service that is busy")


# ---- what is refused -----------------------------------------------------------------------------------------------


def talk(**of_interactor: Any) -> dict[str, Any]:
    """A job of one step, and its interactor."""
    side = {"environment": "python", "files": {}, "limits": {}, "steps": [{"argv": ["true"]}]}
    return {**side, "interactor": {**side, **of_interactor}}


@pytest.mark.parametrize(
    ("path", "body", "words"),
    [
        ("/v1/verify", b"{", "is not JSON"),
        ("/v1/verify", b'{"id": "a", "id": "b"}', "comes twice"),
        ("/v1/verify", b"[" * 100_000, "nested too deeply|is not JSON"),
        ("/v1/verify", b"7", "item 1: must be a JSON object"),
        ("/v1/verify", echo_item("1", solutoin=1), "item 'x': field 'solutoin': is not a known field"),
        ("/v1/verify", echo_item("1", solution_files={"../x": ""}), "stay inside the run's directory"),
        ("/v1/verify", [echo_item("1"), {"id": "y"}], "item 'y': field 'language': is required"),
        ("/v1/run", {"environment": "python", "files": {}, "limits": {}}, "either 'steps' or 'split'"),
        ("/v1/run", {"environment": "p", "files": {"/x": ""}, "limits": {}, "steps": []}, "stay inside"),
        (
            "/v1/run",
            talk(data={"../../dev/shm/x": ""}),
            "the job's interactor: file path '../../dev/shm/x' must",
        ),
        ("/v1/run", talk(files={"/x": ""}), "the job's interactor: file path '/x' must"),
        ("/v1/run", talk(files={"x": ""}, data={"x": ""}), "is both in 'files' and in 'data'"),
        ("/v1/run", talk(files={"x": ""}, data={"x/y": ""}), "is a file and a folder at one time"),
        ("/v1/run", {**talk(), "fresh_seed": 10**30}, "field 'fresh_seed': must be less than"),
        ("/v1/run", talk(steps=[{"argv": ["true", "\ud800"]}]), "Unicode without NUL"),
        ("/v1/run", talk(steps=[]), "needs a step for each step of the job"),
        (
            "/v1/run",
            {"environment": "p", "files": {}, "limits": {}, "steps": [{"argv": []}]},
            "needs a program",
        ),
        ("/get_reward", {"query": ["x"], "prompts": [], "labels": []}, "1 queries and 0 labels"),
    ],
)
async def test_what_cannot_be_run_is_refused_by_the_name_of_its_field(
    path: str, body: Any, words: str, address: str, pool: Echo
) -> None:
    answer = await ask(address, path, body)

    assert told(answer) == (422, "input")
    assert re.search(words, answer.json["error"]["message"]) and pool.started == 0


async def test_so_many_files_that_no_slot_takes_them_are_refused_and_hold_nobody_up(
    address: str, pool: Echo
) -> None:
    names = [f"{number}" for number in range(20_000)]
    piston = {"language": "python", "version": "*", "files": [{"name": n, "content": ""} for n in names]}
    asked = {
        "/v1/verify": (422, echo_item("1", solution_files=dict.fromkeys(names, ""))),
        "/run_code": (422, {"code": "", "files": dict.fromkeys(names, "")}),
        "/api/v2/execute": (400, piston),
    }
    for path, (status, body) in asked.items():
        began = time.monotonic()
        answer = await ask(address, path, body)
        assert (answer.status, "files': more than 3500" in answer.text) == (status, True), answer
        assert time.monotonic() - began < 5
    assert pool.started == 0


async def test_a_body_that_is_too_large_is_not_read(small: str, pool: Echo) -> None:
    large = b'{"id": "' + b"x" * (2 << 20) + b'"}'

    async def chunked() -> Any:
        for _ in range(20):
            yield b"x" * 100_000

    assert told(await ask(small, "/v1/verify", large)) == (413, "too_large")
    async with (
        aiohttp.ClientSession() as session,
        session.post(f"{small}/v1/verify", data=chunked()) as reply,
    ):
        assert reply.status == 413
    assert pool.started == 0


async def test_a_body_that_is_packed_is_refused_by_its_encoding(small: str, pool: Echo) -> None:
    async with (
        aiohttp.ClientSession() as session,
        session.post(f"{small}/v1/verify", data=b'{"id": "x"}', compress="gzip") as reply,
    ):
        assert (reply.status, (await reply.json())["error"]["code"]) == (415, "encoding")
    assert pool.started == 0


def endless_heads() -> dict[str, Iterator[bytes]]:
    """By name what a client might send for ever before anybody knows who it is."""
    start = b"POST /v1/verify HTTP/1.1\r\nHost: 127.0.0.1\r\n"
    return {
        "one line": iter([start + b"x: ", *[b"x" * 100_000] * 40]),
        "many lines": iter([start, *[b"x: y\r\n" * 20_000] * 40]),
        "the path": iter([b"GET /", *[b"x" * 100_000] * 40]),
    }


@pytest.mark.parametrize("name", sorted(endless_heads()))
async def test_a_head_without_an_end_is_not_kept(name: str, address: str) -> None:
    reader, writer = await asyncio.open_connection(*address.removeprefix("http://").split(":"))
    with suppress(ConnectionError):
        for part in endless_heads()[name]:
            writer.write(part)
            await writer.drain()
    async with asyncio.timeout(5):
        with suppress(ConnectionError):
            assert await reader.read(12) in (b"HTTP/1.1 400", b"")
    writer.close()
    assert (await ask(address, "/healthz")).status == 200


async def test_a_large_body_and_the_next_request_right_behind_it_are_both_answered(address: str) -> None:
    reader, writer = await asyncio.open_connection(*address.removeprefix("http://").split(":"))
    body = json.dumps(echo_item("x" * (3 << 20))).encode()
    one = b"POST /v1/verify HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: %d\r\n\r\n" % len(body) + body
    writer.write(one + b"GET /healthz HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\n\r\n")
    said = await reader.read()
    writer.close()
    assert said.count(b"HTTP/1.1 200 OK") == 2


async def test_a_connection_may_carry_any_number_of_requests(address: str) -> None:
    async with aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=1)) as session:
        for _ in range(40):
            async with session.post(f"{address}/v1/verify", json=echo_item("x" * 30_000)) as reply:
                assert reply.status == 200, await reply.text()


PROGRAMS = {
    "/v1/verify": echo_item("sleep 30"),
    "/run_code": {"code": "", "stdin": "sleep 30"},
    "/submit": {
        "dataset": "x",
        "id": 1,
        "completion": "x",
        "config": {
            "dataset_type": "CommonOJDataset",
            "provided_data": {"test": [{"input": {"stdin": "sleep 30"}, "output": {"stdout": ""}}]},
        },
    },
    "/api/v2/execute": {
        "language": "python",
        "version": "*",
        "files": [{"content": ""}],
        "stdin": "sleep 30",
    },
}
"""By path a request that takes its time."""
AGAIN = {"/v1/verify": 429, "/run_code": 504, "/submit": 504, "/api/v2/execute": 429}
"""By path what its clients ask again after."""


@pytest.mark.parametrize("path", PROGRAMS)
async def test_whoever_comes_too_often_is_told_as_its_client_retries(path: str, pool: Echo) -> None:
    async with Running(pool, callers=(Caller(name="few", token=TOKEN, per_minute=1),)) as there:
        await ask(there, "/v1/languages", headers=bearer(TOKEN))
        answer = await ask(there, path, PROGRAMS[path], headers=bearer(TOKEN))

    assert answer.status == AGAIN[path] and int(answer.headers["Retry-After"]) >= 1
    assert pool.started == 0


@pytest.mark.parametrize("path", PROGRAMS)
async def test_too_many_bodies_are_told_as_its_client_retries(
    path: str, address: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(door, "BODIES", 0)

    assert (await ask(address, path, PROGRAMS[path])).status == AGAIN[path]


@pytest.mark.parametrize("path", PROGRAMS)
async def test_a_body_of_unknown_length_is_not_read_beyond_its_bound(path: str, small: str) -> None:
    async def chunked() -> Any:
        for _ in range(20):
            yield b"x" * 100_000

    json_body = {"Content-Type": "application/json"}
    async with (
        aiohttp.ClientSession(headers=json_body) as session,
        session.post(small + path, data=chunked()) as reply,
    ):
        assert reply.status == (400 if path == "/api/v2/execute" else 413)


async def test_what_does_not_end_in_time_after_sigterm_is_told_as_its_client_retries(pool: Echo) -> None:
    running = Running(pool, Settings(slots=4, memory_mb=4096, drain_s=1))
    there = await running.__aenter__()
    tasks = {path: asyncio.create_task(ask(there, path, body)) for path, body in PROGRAMS.items()}
    await until(lambda: pool.running == 4)

    await running.__aexit__(None, None, None)

    found = {path: await task for path, task in tasks.items()}
    assert {path: answer.status for path, answer in found.items()} == {
        **AGAIN,
        "/v1/verify": 503,
        "/api/v2/execute": 503,
    }
    assert all(int(answer.headers["Retry-After"]) >= 1 for answer in found.values())


@pytest.mark.parametrize("path", PROGRAMS)
async def test_a_caller_that_leaves_before_all_was_sent_is_a_line_of_the_log(
    path: str, pool: Echo, capfd: pytest.CaptureFixture[str]
) -> None:
    head = f"POST {path} HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: application/json\r\nContent-Length: 99"
    async with Running(pool) as there:
        _, writer = await asyncio.open_connection(*there.removeprefix("http://").split(":"))
        writer.write(f"{head}\r\n\r\n{{".encode())
        await writer.drain()
        await asyncio.sleep(0.1)
        writer.close()
    said = capfd.readouterr().err

    assert '"status": 499' in said and "Traceback" not in said


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [("GET", "/v1/nothing", 404), ("GET", "/v1/verify", 405), ("DELETE", "/v1/suites", 405)],
)
async def test_what_our_own_interface_does_not_have_is_an_error_of_its_form(
    method: str, path: str, status: int, address: str
) -> None:
    assert told(await ask(address, path, method=method)) == (status, "route")


async def test_a_list_that_never_fits_into_the_queue_is_refused_whole_with_what_would(
    small: str, pool: Echo
) -> None:
    refused = await ask(small, "/v1/verify", [echo_item(str(n), str(n)) for n in range(5)])
    assert told(refused) == (413, "too_many") and "send at most 2" in refused.text
    assert pool.started == 0
    assert len((await ask(small, "/v1/verify", [echo_item("1"), echo_item("2")])).json) == 2


async def test_a_deadline_ends_the_wait_and_the_run(small: str, pool: Echo) -> None:
    deadline = {"X-Execfeedback-Deadline": "0.2"}
    began = time.monotonic()

    assert told(await ask(small, "/v1/verify", echo_item("sleep 30"), headers=deadline)) == (408, "deadline")

    assert time.monotonic() - began < 5 and pool.cancelled == 1
    for wrong in ("0", "-1", "nan", "soon", "1e9"):
        headers = {"X-Execfeedback-Deadline": wrong}
        assert told(await ask(small, "/v1/verify", echo_item("1"), headers=headers)) == (422, "input")


async def test_our_faults_can_be_asked_again_and_are_never_verdicts(address: str) -> None:
    fault, missing = echo_item("fault"), echo_item("missing")

    assert told(await ask(address, "/v1/verify", fault)) == (503, "sandbox")
    assert told(await ask(address, "/v1/verify", missing)) == (422, "not_offered")
    assert told(await ask(address, "/v1/verify", echo_item("away"))) == (503, "sandbox"), (
        "an engine may come back"
    )
    assert (await ask(address, "/run_code", {"code": "", "stdin": "away"})).status == 504
    found = (await ask(address, "/v1/verify", [fault, echo_item("1")])).json
    assert [(one["verdict"], one["error"]) for one in found] == [(None, "no slot starts"), ("passed", None)]
    assert (await ask(address, "/run_code", {"code": "", "stdin": "fault"})).status == 504
    metrics = (await ask(address, "/metrics")).text
    assert 'execfeedback_infra_faults_total{kind="sandbox"} 3.0' in metrics


# ---- verdicts ------------------------------------------------------------------------------------------------------


async def test_values_that_are_nested_too_deeply_harm_no_other_item(address: str) -> None:
    deep: Any = 1
    for _ in range(300):
        deep = [deep]
    case = {"args": [1], "expected": deep}
    fields = {"style": "cases", "entry_point": "f", "tests": [case]}
    split = {"style": "cases", "cases": [case]}
    job = {"environment": "python", "files": {}, "limits": {}, "split": split}

    found = await ask(address, "/v1/verify", [echo_item("1", "deep", **fields), echo_item("1")])

    assert [one["verdict"] for one in found.json] == ["unverifiable", "passed"]
    assert told(await ask(address, "/v1/suites", {"tests": [case]}, "PUT")) == (422, "input")
    assert told(await ask(address, "/v1/run", job)) == (422, "input")


async def test_a_list_is_answered_in_order_or_as_verdicts_finish(address: str) -> None:
    items = [echo_item("sleep 0.4", "slow"), echo_item("1", "quick"), echo_item("2", "wrong")]
    items[2]["tests"][0]["stdout"] = "3"

    ordered = await ask(address, "/v1/verify", items)
    lines = await ask(address, "/v1/verify", items, headers={"Accept": "application/x-ndjson"})

    assert [(one["id"], one["verdict"]) for one in ordered.json] == [
        ("slow", "passed"),
        ("quick", "passed"),
        ("wrong", "wrong_answer"),
    ]
    finished = [json.loads(line)["id"] for line in lines.text.splitlines()]
    assert finished[-1] == "slow" and sorted(finished) == ["quick", "slow", "wrong"]


async def test_tests_are_sent_once_and_named_afterwards(address: str) -> None:
    answer = await ask(address, "/v1/suites", {"tests": [{"stdin": "1", "stdout": "1"}]}, "PUT")
    item = echo_item("1", tests_ref=answer.json["digest"])
    del item["tests"]

    assert (await ask(address, "/v1/verify", item)).json["verdict"] == "passed"
    assert told(await ask(address, "/v1/verify", {**item, "tests_ref": "0" * 64})) == (404, "unknown_suite")
    assert told(await ask(address, "/v1/verify", {**echo_item("1"), "tests_ref": item["tests_ref"]})) == (
        422,
        "input",
    )
    assert told(await ask(address, "/v1/suites", {"test": ""}, "PUT")) == (422, "input")


async def test_what_is_known_is_not_run_again_where_that_was_asked_for(pool: Echo) -> None:
    async with Running(pool, Settings(memory_mb=4096, cache_mb=1)) as there:
        first = (await ask(there, "/v1/verify", echo_item("1", "a"))).json
        again = (await ask(there, "/v1/verify", echo_item("1", "b"))).json
        both = (await ask(there, "/v1/verify", [echo_item("1", "c"), echo_item("2", "d")])).json
        assert "execfeedback_cache_hits_total 2.0" in (await ask(there, "/metrics")).text

    assert again == {**first, "id": "b", "digest": again["digest"]} != first and [
        one["id"] for one in both
    ] == ["c", "d"]
    assert pool.started == 2


async def test_each_request_is_run_where_results_are_not_kept(address: str, pool: Echo) -> None:
    for _ in range(2):
        await ask(address, "/v1/verify", echo_item("1"))

    assert pool.started == 2


async def test_when_its_caller_leaves_a_run_is_called_off_and_so_is_one_that_waits(
    small: str, pool: Echo
) -> None:
    tasks = [asyncio.create_task(ask(small, "/v1/verify", echo_item("sleep 30"))) for _ in range(4)]
    await until(lambda: pool.running == 2)

    for task in tasks:
        task.cancel()

    await until(lambda: pool.running == 0 and pool.cancelled == pool.started)
    assert (await ask(small, "/v1/verify", echo_item("1"))).json["passed"]
    assert pool.most == 2


async def test_an_answer_may_take_its_time_for_each_case(
    address: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sandboxfusion, "QUEUE_S", 0.1)
    case = {"input": {"stdin": "sleep 0.2"}, "output": {"stdout": "sleep 0.2"}}
    config = {"dataset_type": "CommonOJDataset", "compile_timeout": 0.1, "run_timeout": 0.3}
    config["provided_data"] = {"test": [case] * 9}  # type: ignore[assignment]

    answer = await ask(address, "/submit", {"dataset": "x", "id": 1, "completion": "...", "config": config})

    assert (answer.status, answer.json["accepted"]) == (200, True)


# ---- operating -----------------------------------------------------------------------------------------------------


async def test_it_is_ready_only_when_a_canary_runs(pool: Echo, address: str) -> None:
    assert (await ask(address, "/readyz")).status == 200 and pool.started == 1
    assert (await ask(address, "/readyz")).status == 200 and pool.started == 1, "a run so lately is a canary"

    class Broken(Echo):
        async def step(self, stdin: str) -> Any:
            return await super().step("fault")

    async with Running(Broken()) as there:
        assert told(await ask(there, "/readyz")) == (503, "not_ready")
        assert (await ask(there, "/healthz")).status == 200


async def test_the_log_has_a_line_for_each_request_and_nothing_that_was_sent(
    pool: Echo, capfd: pytest.CaptureFixture[str]
) -> None:
    async with Running(pool, callers=TWO) as there:
        secret = echo_item("a-secret-of-the-caller")
        answer = await ask(there, "/v1/verify?key=a-secret-of-the-caller", secret, headers=bearer(TOKEN))
        await ask(there, "/healthz")
    lines = [json.loads(line) for line in capfd.readouterr().err.splitlines() if line.startswith("{")]

    assert len(lines) == 1 and "secret" not in str(lines) and TOKEN not in str(lines)
    assert (lines[0]["caller"], lines[0]["path"], lines[0]["status"]) == ("one", "/v1/verify", 200)
    assert lines[0]["id"] == answer.headers["x-request-id"] and lines[0]["bytes_in"] > 50


async def test_the_end_waits_for_answers_under_way(pool: Echo) -> None:
    running = Running(pool)
    there = await running.__aenter__()
    work = asyncio.create_task(ask(there, "/v1/verify", echo_item("sleep 0.5")))
    await until(lambda: pool.running == 1)

    await running.__aexit__(None, None, None)

    assert (await work).json["verdict"] == "passed"
    with pytest.raises(aiohttp.ClientConnectionError):
        await ask(there, "/healthz")


async def test_the_openapi_document_names_every_route_and_its_bodies(address: str) -> None:
    document = (await ask(address, "/openapi.json")).json

    wanted = {"/healthz", "/readyz", "/metrics", "/v1/verify", "/v1/suites", "/v1/run", "/v1/languages"}
    dialects = {"/run_code", "/submit", "/v1/ping", "/api/v2/execute", "/api/v2/runtimes", "/get_reward"}
    assert wanted | dialects <= document["paths"].keys()
    names = set(re.findall(r'"#/components/schemas/([^"]+)"', json.dumps(document)))
    assert names <= document["components"]["schemas"].keys()
    verify = document["paths"]["/v1/verify"]["post"]
    assert {"200", "408", "422", "429", "503"} <= verify["responses"].keys()


# ---- the client ----------------------------------------------------------------------------------------------------


async def test_a_token_that_is_not_known_is_refused_for_good(pool: Echo) -> None:
    async with Running(pool, callers=TWO) as there, Client(there, token="wrong" * 5) as client:
        with pytest.raises(SandboxMissing, match="a known token is needed"):
            await client.languages()
