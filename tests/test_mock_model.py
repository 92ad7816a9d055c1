"""The mock server: which line answers, what each fault looks like on the wire, and what it counted."""

import json
import os
import signal
import subprocess
import sys
import urllib.request
from collections import Counter
from pathlib import Path
from typing import Any

import aiohttp
import pytest

from execfeedback.errors import InputError
from execfeedback.mock_model import Line, MockModel, Script, Serving, load_script
from execfeedback.mock_model.script import FAULTS
from execfeedback.mock_model.wire import message
from execfeedback.parsing import solution_in
from execfeedback.sse import gathered
from execfeedback.types import Problem


def messages(text: str, answers: int = 0) -> list[dict[str, Any]]:
    turns = [{"role": "assistant", "content": "earlier"}, {"role": "user", "content": "again"}] * answers
    return [{"role": "user", "content": text}, *turns]


def test_the_first_line_that_fits_and_is_not_used_up_answers() -> None:
    model = MockModel(
        [
            Line(match="add", fault="429", times=2),
            Line(match=r"def (add|plus)\b", attempt=0, text="first"),
            Line(match="add", attempt=1, text="revised"),
            Line(text="anything"),
        ]
    )
    told = [model.answer_for(messages("def add")) for _ in range(3)]
    assert [(line.fault, line.text) for line in told if line] == [("429", ""), ("429", ""), (None, "first")]
    revised = model.answer_for(messages("def add", answers=1))
    assert revised is not None
    assert revised.text == "revised"
    other = model.answer_for(messages("def mul"))
    assert other is not None
    assert other.text == "anything"
    assert MockModel([Line(match="add")]).answer_for(messages("mul")) is None


async def ask(address: str, text: str = "hello") -> tuple[int, str, str, str | None]:
    """Status, content type, body, Retry-After."""
    async with (
        aiohttp.ClientSession() as session,
        session.post(
            f"{address}/v1/chat/completions", json={"model": "m", "messages": messages(text)}
        ) as reply,
    ):
        return reply.status, reply.content_type, await reply.text(), reply.headers.get("Retry-After")


async def test_an_answer_in_the_openai_form() -> None:
    async with Serving(MockModel([Line(text="hi there")])) as address:
        assert address.startswith("http://127.0.0.1:")
        status, kind, body, _ = await ask(address)
    answer = json.loads(body)
    assert (status, kind, answer["model"], answer["object"]) == (
        200,
        "application/json",
        "m",
        "chat.completion",
    )
    assert answer["choices"] == [
        {"index": 0, "message": {"role": "assistant", "content": "hi there"}, "finish_reason": "stop"}
    ]
    assert answer["usage"] == {"prompt_tokens": 1, "completion_tokens": 2, "total_tokens": 3}


async def test_faults_on_the_wire() -> None:
    faults: list[Any] = ["429", "429", "500", "cut", "content_type", "empty", "refusal"]
    script = [Line(fault=fault, times=1, retry_after=1.5 if at else None) for at, fault in enumerate(faults)]
    async with Serving(MockModel(script)) as address:
        replies = [await ask(address) for _ in faults]
    assert [reply[0] for reply in replies] == [429, 429, 500, 200, 200, 200, 200]
    assert [reply[3] for reply in replies[:2]] == [None, "1.5"]
    with pytest.raises(json.JSONDecodeError):
        json.loads(replies[3][2])
    assert replies[4][1] == "text/html"
    assert json.loads(replies[5][2])["choices"][0]["message"]["content"] == ""
    refusal = json.loads(replies[6][2])["choices"][0]["message"]
    assert (refusal["content"], refusal["refusal"]) == (None, "I'm sorry, but I can't help with that.")


async def test_models_and_counts() -> None:
    async with Serving(MockModel([Line(match="a", text="x"), Line(match="b", fault="500")])) as address:
        for text in ("a", "a", "b", "c"):
            await ask(address, text)
        async with aiohttp.ClientSession() as session:
            async with session.get(f"{address}/stats") as reply:
                stats = await reply.json()
            async with session.get(f"{address}/v1/models") as reply:
                models = await reply.json()
    assert stats == {
        "requests": 4,
        "served": {"answer": 2, "500": 1, "unmatched": 1},
        "usage": {"requests": 2, "prompt_tokens": 2, "completion_tokens": 2},
        "untold": {"requests": 0, "prompt_tokens": 0, "completion_tokens": 0},
        "answered_again": 1,
        "most_at_once": 1,
    }
    assert models["data"] == [{"id": "mock", "object": "model"}]


async def test_what_was_cut_off_is_counted_apart() -> None:
    script = [Line(fault="cut", text="a b c", times=1), Line(fault="empty", times=1), Line(text="a b c")]
    mock = MockModel(script)
    async with Serving(mock) as address:
        for _ in range(3):
            await ask(address)
    assert mock.stats()["untold"] == {"requests": 1, "prompt_tokens": 1, "completion_tokens": 3}
    assert mock.stats()["usage"] == {"requests": 2, "prompt_tokens": 2, "completion_tokens": 3}
    assert mock.stats()["answered_again"] == 0


async def test_an_answer_as_a_stream_says_the_same() -> None:
    line = Line(text="one two three " * 9, reasoning="first this, then that", finish="length")
    async with Serving(MockModel([line])) as address, aiohttp.ClientSession() as session:
        body = {"model": "m", "messages": messages("hello"), "stream": True}
        async with session.post(f"{address}/v1/chat/completions", json=body) as reply:
            assert reply.content_type == "text/event-stream"
            bare = await reply.text()
        body |= {"stream_options": {"include_usage": True}}
        async with session.post(f"{address}/v1/chat/completions", json=body) as reply:
            told = gathered(await reply.text())
        async with session.post(f"{address}/v1/chat/completions", json=body | {"stream": False}) as reply:
            whole = await reply.json()
    assert bare.endswith("data: [DONE]\n\n")
    assert '"usage"' not in bare
    assert told is not None
    assert told["usage"] == whole["usage"]
    assert told["usage"]["completion_tokens_details"] == {"reasoning_tokens": 4}
    for field in ("content", "reasoning_content"):
        assert told["choices"][0]["message"][field] == whole["choices"][0]["message"][field]
    assert told["choices"][0]["finish_reason"] == "length"


def drawn(script: Script, names: list[str]) -> dict[str, str]:
    """What each request gets at its first try."""
    lines = {name: script.answer_for(messages(name), name) for name in names}
    return {name: line.fault or "answer" for name, line in lines.items() if line}


def test_chance_is_by_seed_and_content_and_not_by_order() -> None:
    names = [str(n) for n in range(4000)]
    rates = [Line(fault="500", rate=0.1), Line(fault="empty", rate=0.1), Line(text="x")]
    first = drawn(Script(rates, seed=1), names)
    assert first == drawn(Script(rates, seed=1), names[::-1])
    assert first != drawn(Script(rates, seed=2), names)
    counts = Counter(first.values())
    assert 340 < counts["500"] < 460
    assert 300 < counts["empty"] < 420  # a tenth of what the line above leaves


def test_a_fault_rate_is_shared_by_all_kinds() -> None:
    names = [str(n) for n in range(12000)]
    counts = Counter(drawn(Script([Line(text="x")], fault_rate=0.12), names).values())
    assert set(counts) == {*FAULTS, "answer"}
    assert all(80 < counts[fault] < 160 for fault in FAULTS)
    again = Script([Line(text="x")], fault_rate=0.5)
    tries = [again.answer_for(messages("same"), "same") for _ in range(40)]
    assert len({line.fault for line in tries if line}) > 3, "a request that comes again is drawn again"


def test_a_fault_in_delivery_is_of_the_answer_that_was_due() -> None:
    script = Script([Line(fault="slow"), Line(match="b", text="of b"), Line(text="of all")])
    told = [script.answer_for(messages(text)) for text in ("a", "b")]
    assert [(line.fault, line.text) for line in told if line] == [("slow", "of all"), ("slow", "of b")]


def test_a_hundred_blocks_end_in_the_answer_and_another_language_has_no_code_of_ours() -> None:
    problem = Problem(id="p", statement="", entry_point="add")
    text = "Here:\n\n```python\ndef add(a, b):\n    return a + b\n```\n"
    told = str(message(Line(text=text, fault="blocks"))["content"])
    assert told.count("```") == 200
    assert solution_in(told, problem) == solution_in(text, problem)
    other = message(Line(text=text, fault="language"))["content"]
    for language in ("python", "rust", "javascript"):
        assert solution_in(other, problem.model_copy(update={"language": language})) is None


async def test_a_taken_port_is_named() -> None:
    async with Serving(MockModel([])) as address:
        port = int(address.rsplit(":", 1)[1])
        with pytest.raises(InputError, match=f"port {port} cannot be used"):
            async with Serving(MockModel([]), port):
                pass


@pytest.mark.parametrize(
    ("row", "field"),
    [({"fault": "404"}, "fault"), ({"match": "("}, "match"), ({"txt": "x"}, "txt"), ({"times": 0}, "times")],
)
def test_a_bad_script_names_file_line_and_field(tmp_path: Path, row: dict[str, Any], field: str) -> None:
    script = tmp_path / "script.jsonl"
    script.write_text('{"text": "a"}\n' + json.dumps(row) + "\n", encoding="utf-8")
    with pytest.raises(InputError, match=rf"script\.jsonl:2: .*{field}"):
        load_script(script)


@pytest.mark.parametrize(("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_the_command_prints_its_address_serves_and_ends_gracefully(
    tmp_path: Path, number: int, code: int
) -> None:
    script = tmp_path / "script.jsonl"
    script.write_text('{"text": "hello"}\n', encoding="utf-8")
    command = [
        sys.executable,
        "-c",
        "from execfeedback.cli import main; main()",
        "mock-model",
        "--script",
        str(script),
    ]
    with subprocess.Popen(
        command,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env={**os.environ, "NO_COLOR": "1"},
    ) as process:
        assert process.stdout is not None
        address = process.stdout.readline().strip()
        body = json.dumps({"messages": messages("x")}).encode()
        with urllib.request.urlopen(
            urllib.request.Request(f"{address}/chat/completions", body, {"Content-Type": "application/json"}),
            timeout=10,
        ) as reply:
            assert json.load(reply)["choices"][0]["message"]["content"] == "hello"
        process.send_signal(number)
        _, errors = process.communicate(timeout=10)
    assert process.returncode == code
    assert "served 1 requests: {'answer': 1}" in errors
    assert "Traceback" not in errors
