"""Models by name, over real HTTP against the mock server: every fault is retried or refused, and counted once."""

import inspect
from collections.abc import Sequence
from typing import Any

import pytest

from execfeedback.chat_form import seed_of
from execfeedback.errors import GeneratorBusy, GeneratorRefused, InputError
from execfeedback.generators.litellm import BUSY, REFUSED, LiteLLM, create, mapped, retry_after
from execfeedback.mock_model import Line, MockModel, Serving
from execfeedback.protocols import Completion, Generator, Request
from execfeedback.retrying import Patience
from execfeedback.types import Message, Problem

QUICK = Patience(attempts=3, first_wait_s=0.001, longest_wait_s=0.01)
ASKED = Request(
    kind="solution",
    problem=Problem(id="p", statement=""),
    messages=(Message(role="user", content="write add"),),
)
GOOD = {"match": "add", "text": "```python\ndef add(a, b): return a + b\n```"}


def model_at(address: str, **options: Any) -> LiteLLM:
    return create("openai/mock", api_base=f"{address}/v1", patience=QUICK, **options)


async def answered(script: Sequence[dict[str, Any]], **options: Any) -> tuple[Completion, dict[str, int]]:
    mock = MockModel([Line.model_validate(line) for line in script])
    async with Serving(mock) as address:
        return await model_at(address, **options).complete(ASKED), dict(mock.served)


async def test_an_answer_with_its_tokens_and_an_unknown_cost() -> None:
    completion, served = await answered([GOOD])
    assert completion == Completion(
        text=GOOD["text"], model="openai/mock", tokens_in=2, tokens_out=9, cost_usd=None, finish="stop"
    )
    assert served == {"answer": 1}


@pytest.mark.parametrize("fault", ["429", "500", "cut", "content_type", "empty"])
async def test_a_passing_fault_is_asked_again(fault: str) -> None:
    completion, served = await answered([{"fault": fault, "times": 2}, GOOD])
    assert completion.text == GOOD["text"]
    assert served == {fault: 2, "answer": 1}


@pytest.mark.parametrize("fault", ["429", "500", "cut", "content_type", "empty"])
async def test_a_lasting_fault_is_asked_as_often_as_patience_says_and_no_more(fault: str) -> None:
    mock = MockModel([Line.model_validate({"fault": fault})])
    async with Serving(mock) as address:
        with pytest.raises(GeneratorBusy):
            await model_at(address).complete(ASKED)
    assert mock.served == {fault: 3}


async def test_a_hang_ends_at_the_time_out() -> None:
    completion, served = await answered([{"fault": "hang", "times": 1}, GOOD], timeout_s=1.5)
    assert completion.text == GOOD["text"]
    assert served == {"hang": 1, "answer": 1}


async def test_a_refusal_is_an_answer() -> None:
    completion, served = await answered([{"fault": "refusal"}])
    assert (completion.text, completion.finish) == ("I'm sorry, but I can't help with that.", "refusal")
    assert served == {"refusal": 1}


async def test_an_answer_cut_at_its_length_is_an_answer() -> None:
    completion, served = await answered([{"text": "```python\ndef ad", "finish": "length"}])
    assert (completion.text, completion.finish) == ("```python\ndef ad", "length")
    completion, served = await answered([{"text": "", "finish": "length"}])
    assert (completion.text, completion.finish, served) == ("", "length", {"answer": 1})


async def test_reasoning_comes_apart_from_the_answer() -> None:
    completion, _ = await answered([{"text": "one two", "reasoning": "first think hard"}])
    assert (completion.text, completion.reasoning) == ("one two", "first think hard")
    assert (completion.tokens_out, completion.reasoning_tokens) == (5, 3)


async def test_what_would_fail_again_is_not_asked_again() -> None:
    mock = MockModel([])
    async with Serving(mock) as address:
        with pytest.raises(GeneratorRefused, match="no line of the script fits"):
            await model_at(address).complete(ASKED)
    assert mock.served == {"unmatched": 1}


async def test_nobody_there_is_busy_and_an_unknown_provider_is_refused() -> None:
    async with Serving(MockModel([])) as address:
        free = address
    with pytest.raises(GeneratorBusy):
        await model_at(free).complete(ASKED)
    with pytest.raises(GeneratorRefused):
        await create("nobody/knows-this", patience=QUICK).complete(ASKED)


async def test_a_missing_key_is_refused_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("OPENAI_API_KEY", raising=False)
    with pytest.raises(GeneratorRefused, match=r"(?i)credentials|api_key"):
        await create("openai/gpt-4o", patience=QUICK).complete(ASKED)


async def test_what_goes_over_the_wire(monkeypatch: pytest.MonkeyPatch) -> None:
    """The sampling as set, a seed, our key, and no key that was meant for somebody else."""
    seen: list[tuple[str, dict[str, Any]]] = []
    monkeypatch.setenv("OPENAI_API_KEY", "for-openai-only")
    monkeypatch.setenv("MY_KEY", "mine")

    class Listening(MockModel):
        async def _complete(self, request: Any) -> Any:
            seen.append((request.headers["Authorization"], await request.json()))
            return await super()._complete(request)

    async with Serving(Listening([Line.model_validate(GOOD)])) as address:
        await model_at(address).complete(ASKED)
        options = {"temperature": 0.25, "top_p": 0.5, "max_tokens": 77, "extra_body": {"top_k": 3}}
        await model_at(address, api_key_env="MY_KEY", **options).complete(ASKED)
    (plain, first), (own, second) = seen
    assert (plain, own) == ("Bearer none", "Bearer mine")
    assert first == {
        "model": "mock",
        "messages": [{"role": "user", "content": "write add"}],
        "seed": seed_of(ASKED),
    }
    assert {key: second[key] for key in ("temperature", "top_p", "max_tokens", "top_k")} == {
        "temperature": 0.25, "top_p": 0.5, "max_tokens": 77, "top_k": 3
    }  # fmt: skip


async def test_several_addresses_take_turns() -> None:
    first, second = MockModel([Line(fault="500")]), MockModel([Line.model_validate(GOOD)])
    async with Serving(first) as one, Serving(second) as two:
        generator = create("openai/mock", api_base=(f"{one}/v1", f"{two}/v1"), patience=QUICK)
        assert (await generator.complete(ASKED)).text == GOOD["text"]
    assert (first.served, second.served) == ({"500": 1}, {"answer": 1})


async def test_tests_come_from_the_tester() -> None:
    solver, tester = MockModel([Line(text="by solver")]), MockModel([Line(text="by tester")])
    async with Serving(solver) as one, Serving(tester) as two:
        generator = create(
            "openai/a",
            api_base=f"{one}/v1",
            tester={"model": "openai/b", "api_base": f"{two}/v1"},
            patience=QUICK,
        )
        tests = await generator.complete(ASKED.model_copy(update={"kind": "tests"}))
        code = await generator.complete(ASKED)
    assert [(each.text, each.model) for each in (tests, code)] == [
        ("by tester", "openai/b"),
        ("by solver", "openai/a"),
    ]


def test_settings_are_what_decides_and_hold_no_key_and_no_address(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MY_KEY", "sk-secret")
    one = create("openai/a", temperature=1, api_base="http://x", api_key_env="MY_KEY")
    assert isinstance(one, Generator)
    assert one.settings == create("openai/a", temperature=1).settings
    assert one.settings != create("openai/a", temperature=0.9).settings
    assert "secret" not in str(one.settings)


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({}, r"\[roles.solver\] model: give a model"),
        ({"model": "m", "temperature": -1}, r"\[roles.solver\] temperature: "),
        ({"model": "m", "temprature": 1}, r"\[roles.solver\] temprature: "),
        ({"model": "m", "api_key_env": "NOT_SET_ANYWHERE"}, "the environment has no NOT_SET_ANYWHERE"),
        ({"model": "m", "tester": {"temperature": 1}}, r"\[roles.tester\] model"),
    ],
)
def test_options_that_are_wrong_are_named(options: dict[str, Any], words: str) -> None:
    with pytest.raises(InputError, match=words):
        create(**options)


def test_seeds_differ_by_sample_and_attempt_and_repeat() -> None:
    asked = [
        ASKED,
        *(ASKED.model_copy(update=change) for change in ({"sample": 1}, {"attempt": 1}, {"seed": 1})),
    ]
    assert len({seed_of(each) for each in asked}) == 4
    assert seed_of(ASKED) == seed_of(ASKED.model_copy())
    assert all(0 <= seed_of(each) < 2**31 for each in asked)


def test_every_exception_of_the_library_is_mapped() -> None:
    """As httpx's tests do for its transport's: a new one must be looked at, not guessed."""
    from execfeedback.generators.litellm import _litellm

    errors = {
        name
        for name, each in vars(_litellm().exceptions).items()
        if inspect.isclass(each) and issubclass(each, Exception)
    }
    assert errors - BUSY - REFUSED == set()
    assert errors >= BUSY | REFUSED
    assert frozenset() == BUSY & REFUSED


def test_faults_that_come_under_another_name() -> None:
    from execfeedback.generators.litellm import _litellm

    kinds = _litellm().exceptions
    no_key = kinds.InternalServerError("Missing credentials. Please pass an `api_key`", "openai", "m")
    assert isinstance(mapped(no_key), GeneratorRefused)
    spent = kinds.RateLimitError("You exceeded your current quota, check your billing", "openai", "m")
    assert isinstance(mapped(spent), GeneratorRefused)
    slow = kinds.RateLimitError("Too many requests", "openai", "m")
    assert isinstance(mapped(slow), GeneratorBusy)
    too_long = kinds.ContextWindowExceededError("too long", "m", "openai")
    assert isinstance(mapped(too_long), GeneratorRefused)


@pytest.mark.parametrize(
    ("header", "seconds"),
    [("2", 2.0), ("0.5", 0.5), ("Wed, 21 Oct 2015 07:28:00 GMT", 0.0), ("soon", None), ("-1", None)],
)
def test_retry_after_in_all_its_forms(header: str, seconds: float | None) -> None:
    error = ValueError("x")
    error.litellm_response_headers = {"retry-after": header}  # type: ignore[attr-defined]
    assert retry_after(error) == seconds
    assert retry_after(ValueError("no headers")) is None


async def test_retry_after_reaches_the_wait() -> None:
    mock = MockModel([Line(fault="429", retry_after=7)])
    async with Serving(mock) as address:
        with pytest.raises(GeneratorBusy) as error:
            await create(
                "openai/mock", api_base=f"{address}/v1", patience=QUICK.model_copy(update={"attempts": 1})
            ).complete(ASKED)
    assert error.value.retry_after == 7.0
