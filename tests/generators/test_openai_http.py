"""A server of one's own over real HTTP, whole and streamed: every fault is retried or refused, and paid once."""

import json
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from execfeedback.asking import Asking
from execfeedback.calling import call_id
from execfeedback.chat_form import completion_of, failure, seed_of
from execfeedback.errors import GeneratorBusy, GeneratorError, GeneratorRefused, InputError
from execfeedback.generators.openai_http import OpenAIHttp, create
from execfeedback.mock_model import Line, MockModel, Serving
from execfeedback.protocols import Completion, Generator, Request, Waste
from execfeedback.retrying import Patience
from execfeedback.roles import Role, Roles
from execfeedback.sse import gathered
from execfeedback.types import Message, Problem

QUICK = Patience(attempts=3, first_wait_s=0.001, longest_wait_s=0.01)
ASKED = Request(
    kind="solution",
    problem=Problem(id="p", statement=""),
    messages=(Message(role="user", content="write add"),),
)
GOOD = {"match": "add", "text": "```python\ndef add(a, b): return a + b\n```", "reasoning": "sum them"}
PAID = {"price_in": 2.0, "price_out": 10.0}


@asynccontextmanager
async def model_at(address: str, **options: Any) -> AsyncIterator[OpenAIHttp]:
    model = create(**({"model": "mock", "api_base": f"{address}/v1", "patience": QUICK} | options))
    try:
        yield model
    finally:
        await model.aclose()


def mock_of(*script: dict[str, Any]) -> MockModel:
    return MockModel([Line.model_validate(line) for line in script])


async def answered(script: Sequence[dict[str, Any]], **options: Any) -> tuple[Completion, MockModel]:
    mock = mock_of(*script)
    async with Serving(mock) as address, model_at(address, **options) as model:
        return await model.complete(ASKED), mock


@pytest.mark.parametrize("stream", [False, True])
async def test_an_answer_with_its_tokens_reasoning_and_price(stream: bool) -> None:
    completion, mock = await answered([GOOD], stream=stream, **PAID)
    assert completion == Completion(
        text=str(GOOD["text"]),
        model="mock",
        tokens_in=2,
        tokens_out=11,
        cost_usd=(2 * 2 + 11 * 10) / 1e6,
        finish="stop",
        reasoning="sum them",
        reasoning_tokens=2,
    )
    assert mock.served == {"answer": 1}


async def test_a_price_that_nobody_gave_is_unknown() -> None:
    completion, _ = await answered([GOOD])
    assert completion.cost_usd is None
    completion, _ = await answered([GOOD], price_in=1.0)
    assert completion.cost_usd is None


@pytest.mark.parametrize("stream", [False, True])
@pytest.mark.parametrize(
    ("fault", "wasted"),
    [
        ("429", None),
        ("500", None),
        ("cut", Waste(why="unreadable", model="mock")),
        ("cut_stream", Waste(why="unreadable", model="mock")),
        ("content_type", Waste(why="unreadable", model="mock")),
        ("empty", Waste(why="empty", model="mock", tokens_in=2, tokens_out=0, cost_usd=4e-6)),
        ("hang", Waste(why="timeout", model="mock")),
    ],
)
async def test_a_passing_fault_is_asked_again_and_what_it_cost_is_told(
    fault: str, wasted: Waste | None, stream: bool
) -> None:
    line = {"fault": fault, "times": 2} | ({"delay_s": 5} if fault == "hang" else {})
    completion, mock = await answered([line, GOOD], stream=stream, timeout_s=0.2, **PAID)
    assert completion.text == GOOD["text"]
    assert completion.wasted == ((wasted, wasted) if wasted else ())
    assert mock.served == {fault: 2, "answer": 1}


async def test_what_was_wasted_is_told_when_patience_ends() -> None:
    mock = mock_of({"fault": "empty"})
    async with Serving(mock) as address, model_at(address) as model:
        with pytest.raises(GeneratorBusy, match="empty answer") as caught:
            await model.complete(ASKED)
    assert [waste.tokens_in for waste in caught.value.wasted] == [2, 2, 2]


async def test_a_slow_first_token_is_waited_for() -> None:
    completion, mock = await answered([{"fault": "slow", "delay_s": 0.3}, GOOD], stream=True, timeout_s=5)
    assert (completion.text, mock.served) == (GOOD["text"], {"slow": 1})


@pytest.mark.parametrize("stream", [False, True])
async def test_a_refusal_is_an_answer_and_a_context_that_is_too_long_is_refused(stream: bool) -> None:
    completion, _ = await answered([{"fault": "refusal"}], stream=stream)
    assert (completion.text, completion.finish) == ("I'm sorry, but I can't help with that.", "refusal")
    mock = mock_of({"fault": "context"})
    async with Serving(mock) as address, model_at(address, stream=stream) as model:
        with pytest.raises(GeneratorRefused, match="400: context_length_exceeded"):
            await model.complete(ASKED)
    assert mock.served == {"context": 1}


async def test_nobody_there_is_busy() -> None:
    async with Serving(MockModel([])) as address:
        free = address
    async with model_at(free) as model:
        with pytest.raises(GeneratorBusy, match="Cannot connect"):
            await model.complete(ASKED)


async def test_what_goes_over_the_wire(monkeypatch: pytest.MonkeyPatch) -> None:
    seen: list[tuple[Any, dict[str, Any]]] = []
    monkeypatch.setenv("OPENAI_API_KEY", "for-openai-only")
    monkeypatch.setenv("MY_KEY", "mine")

    class Listening(MockModel):
        async def _complete(self, request: Any) -> Any:
            seen.append((request.headers, await request.json()))
            return await super()._complete(request)

    sampling = {"temperature": 0.25, "top_p": 0.5, "max_tokens": 77, "extra_body": {"top_k": 3}}
    async with Serving(Listening([Line.model_validate(GOOD)])) as address:
        async with model_at(address, model="Qwen/a") as model:
            await model.complete(ASKED)
            id = call_id(ASKED, model)
        async with model_at(address, api_key_env="MY_KEY", **sampling) as model:
            await model.complete(ASKED)
    (plain, first), (own, second) = seen
    assert "Authorization" not in plain
    assert plain["X-Request-Id"] == id
    assert own["Authorization"] == "Bearer mine"
    messages = [{"role": "user", "content": "write add"}]
    assert first == {"model": "Qwen/a", "messages": messages, "seed": seed_of(ASKED)}
    assert {"temperature": 0.25, "top_p": 0.5, "max_tokens": 77, "top_k": 3}.items() <= second.items()


async def test_a_redirect_is_not_followed_with_our_key() -> None:
    from aiohttp import web

    class Moved(MockModel):
        async def _complete(self, request: Any) -> Any:
            raise web.HTTPTemporaryRedirect("http://elsewhere.invalid/v1/chat/completions")

    async with Serving(Moved([])) as address, model_at(address) as model:
        with pytest.raises(GeneratorRefused, match="307"):
            await model.complete(ASKED)


# ---- several addresses, several models -----------------------------------------------------------------------


async def test_addresses_take_turns_and_one_that_refuses_is_left() -> None:
    first, second = mock_of({"fault": "context"}), mock_of({"fault": "500", "times": 1}, GOOD)
    async with (
        Serving(first) as one,
        Serving(second) as two,
        model_at(one, api_base=(f"{one}/v1", f"{two}/v1")) as model,
    ):
        assert (await model.complete(ASKED)).text == GOOD["text"]
        await model.complete(ASKED.model_copy(update={"sample": 1}))
    assert (first.served, second.served) == ({"context": 1}, {"500": 1, "answer": 2})


async def test_a_fallback_answers_and_is_named() -> None:
    broken, sound = mock_of({"fault": "empty"}), mock_of(GOOD)
    async with Serving(broken) as one, Serving(sound) as two:
        stand_in = {"model": "small", "api_base": f"{two}/v1", **PAID}
        async with model_at(one, fallbacks=("other", stand_in)) as model:
            completion = await model.complete(ASKED)
            assert (completion.text, completion.model) == (GOOD["text"], "small")
            assert [waste.model for waste in completion.wasted] == ["mock"] * 3 + ["other"] * 3
            assert model.unpriced() == ("mock", "other")
            assert model.settings == create("mock", api_base="http://x").settings
    assert (broken.served, sound.served) == ({"empty": 6}, {"answer": 1})


async def test_when_all_fail_the_last_one_is_told() -> None:
    async with (
        Serving(mock_of({"fault": "context"})) as address,
        model_at(address, fallbacks=("other",)) as model,
    ):
        with pytest.raises(GeneratorRefused, match="other: 400"):
            await model.complete(ASKED)


async def test_a_bound_for_each_address_holds() -> None:
    import asyncio

    mock = mock_of(GOOD | {"delay_s": 0.02})
    async with Serving(mock) as address, model_at(address, max_calls=3) as model:
        asked = [ASKED.model_copy(update={"sample": n}) for n in range(12)]
        await asyncio.gather(*(model.complete(each) for each in asked))
    assert mock.stats()["most_at_once"] == 3


# ---- what cannot be read, and what is set wrong ----------------------------------------------------------------


@pytest.mark.parametrize(
    ("body", "words"),
    [
        ([], "valid dictionary"),
        ({}, "choices: Field required"),
        ({"choices": [{"message": {"content": 3}}]}, r"choices\.0\.message\.content"),
        ({"choices": []}, "empty answer"),
        ({"choices": [{"message": {"content": "x"}}], "usage": {"prompt_tokens": "many"}}, "usage"),
    ],
)
def test_a_body_in_another_form_is_no_answer(body: Any, words: str) -> None:
    with pytest.raises(GeneratorBusy, match=words) as caught:
        completion_of(body, Role(model="m"))
    assert len(caught.value.wasted) == 1


@pytest.mark.parametrize(
    ("status", "kind", "overload"),
    [(408, GeneratorBusy, True), (429, GeneratorBusy, True), (500, GeneratorBusy, False)]
    + [(503, GeneratorBusy, True), (529, GeneratorBusy, True)]
    + [(status, GeneratorRefused, None) for status in (301, 400, 401, 403, 404, 413, 422)],
)
def test_statuses(status: int, kind: type[GeneratorError], overload: bool | None) -> None:
    error = failure(status, {"error": {"message": "m", "code": "c"}}, Role(model="x"))
    assert type(error) is kind
    assert str(error) == f"x: {status}: c m"
    if isinstance(error, GeneratorBusy):
        assert error.overload is overload
    spent = failure(429, {"error": {"code": "insufficient_quota"}}, Role(model="x"))
    assert isinstance(spent, GeneratorRefused)


@given(
    st.recursive(st.none() | st.text() | st.integers(), lambda x: st.lists(x) | st.dictionaries(st.text(), x))
)
def test_a_stream_of_anything_is_read_or_left(value: Any) -> None:
    gathered(f"data: {json.dumps(value)}\n\ndata: [DONE]\n\n")
    gathered(
        f"data: {json.dumps({'choices': value})}\n\ndata: {json.dumps({'choices': [{'delta': value}]})}\n"
    )
    failure(400, value, Role())


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"api_base": None}, "mock: api_base: openai-http needs the address"),
        ({"api_base": "localhost:1"}, "needs the address"),
        ({"fallbacks": ({"model": "b"},)}, "b: api_base"),
        ({"fallbacks": ({"temperature": 1},)}, r"\[roles.solver\] model: give a model"),
        ({"price_in": -1}, r"\[roles.solver\] price_in"),
        ({"model": None}, r"\[roles.solver\] model: give a model"),
    ],
)
def test_options_that_are_wrong_are_named(options: dict[str, Any], words: str) -> None:
    with pytest.raises(InputError, match=words):
        create(**({"model": "mock", "api_base": "http://x"} | options))


def test_it_is_a_generator() -> None:
    assert isinstance(create("m", api_base="http://x/v1"), Generator)
    assert Asking(Roles(), None, QUICK)  # type: ignore[arg-type]
