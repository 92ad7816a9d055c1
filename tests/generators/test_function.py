"""Somebody's own async function as a generator."""

from typing import Any

import pytest

from execfeedback.errors import GeneratorBusy, GeneratorRefused
from execfeedback.generators.function import create
from execfeedback.protocols import Generator, Request
from execfeedback.retrying import Patience
from execfeedback.types import Message, Problem

ASKED = Request(
    kind="solution",
    problem=Problem(id="p", statement=""),
    messages=(Message(role="system", content="a"), Message(role="user", content="b")),
)
QUICK = Patience(attempts=3, first_wait_s=0.001, longest_wait_s=0.01)


async def test_the_function_gets_plain_messages_one_answer_and_the_sampling() -> None:
    seen: list[Any] = []

    async def my_model(messages: list[dict[str, str]], n: int, **sampling: Any) -> list[str]:
        seen.append((messages, n, sampling))
        return ["text"]

    generator = create(my_model, temperature=0.5)
    assert isinstance(generator, Generator)
    completion = await generator.complete(ASKED)
    assert (completion.text, completion.model, completion.cost_usd) == ("text", "my_model", None)
    assert seen == [
        ([{"role": "system", "content": "a"}, {"role": "user", "content": "b"}], 1, {"temperature": 0.5})
    ]
    assert generator.settings == {"sampling": {"temperature": "0.5"}}
    assert create(my_model, name="mine").name == "mine"


@pytest.mark.parametrize("fault", [TimeoutError("slow"), ConnectionResetError("lost")])
async def test_lost_connections_are_tried_again(fault: Exception) -> None:
    asked = 0

    async def flaky(messages: list[Any], n: int) -> list[str]:
        nonlocal asked
        asked += 1
        if asked < 3:
            raise fault
        return ["at last"]

    assert (await create(flaky, patience=QUICK).complete(ASKED)).text == "at last"
    assert asked == 3


async def test_and_given_up() -> None:
    async def dead(messages: list[Any], n: int) -> list[str]:
        raise ConnectionRefusedError("nobody there")

    with pytest.raises(GeneratorBusy, match="dead: ConnectionRefusedError: nobody there"):
        await create(dead, patience=QUICK).complete(ASKED)


async def test_its_own_faults_are_its_owners() -> None:
    async def wrong(messages: list[Any], n: int) -> list[str]:
        raise KeyError("bug")

    with pytest.raises(KeyError, match="bug"):
        await create(wrong, patience=QUICK).complete(ASKED)


@pytest.mark.parametrize("answer", ["text", [], [None], None])
async def test_an_answer_of_no_use_is_refused(answer: Any) -> None:
    async def odd(messages: list[Any], n: int) -> Any:
        return answer

    with pytest.raises(GeneratorRefused, match="odd must return a list of strings"):
        await create(odd, patience=QUICK).complete(ASKED)
