"""Asking again: which faults, how often, and how long after."""

import time

import pytest

from execfeedback.errors import GeneratorBusy, GeneratorError, GeneratorExhausted, GeneratorRefused
from execfeedback.retrying import Patience, patiently

QUICK = Patience(attempts=4, first_wait_s=0.001, longest_wait_s=0.01)


class Failing:
    """Fails so many times with the error, then answers."""

    def __init__(self, error: Exception, times: int) -> None:
        self.error, self.times, self.asked = error, times, 0

    async def __call__(self) -> str:
        self.asked += 1
        if self.asked <= self.times:
            raise self.error
        return "answer"


async def test_busy_is_asked_again_as_often_as_patience_says() -> None:
    assert await patiently(Failing(GeneratorBusy("x"), 3), QUICK) == "answer"
    failing = Failing(GeneratorBusy("still"), 9)
    with pytest.raises(GeneratorBusy, match="still"):
        await patiently(failing, QUICK)
    assert failing.asked == 4


@pytest.mark.parametrize(
    "error", [GeneratorRefused("no"), GeneratorExhausted("end"), GeneratorError("x"), ValueError("y")]
)
async def test_nothing_else_is(error: Exception) -> None:
    failing = Failing(error, 1)
    with pytest.raises(type(error)):
        await patiently(failing, QUICK)
    assert failing.asked == 1


async def test_retry_after_is_honoured() -> None:
    began = time.monotonic()
    await patiently(Failing(GeneratorBusy("x", retry_after=0.15), 2), QUICK)
    assert 0.3 <= time.monotonic() - began < 10


async def test_no_attempt_starts_after_the_total_time() -> None:
    failing = Failing(GeneratorBusy("x", retry_after=30), 9)
    began = time.monotonic()
    with pytest.raises(GeneratorBusy):
        await patiently(failing, QUICK.model_copy(update={"total_s": 0.2}))
    assert (failing.asked, time.monotonic() - began < 10) == (1, True)
