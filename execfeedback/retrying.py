"""Asking again, where that helps: the one place that retries models. Adapters retry nothing."""

import re
import time
from collections.abc import Awaitable, Callable
from email.utils import parsedate_to_datetime
from typing import TypeVar

from pydantic import Field

from execfeedback.errors import GeneratorBusy
from execfeedback.types import Value

T = TypeVar("T")


class Patience(Value):
    """How long to go on asking. Times in seconds."""

    attempts: int = Field(6, ge=1)
    total_s: float = Field(600.0, ge=0)
    """No new attempt starts after this."""
    first_wait_s: float = Field(1.0, ge=0)
    longest_wait_s: float = Field(60.0, ge=0)


async def patiently(ask: Callable[[], Awaitable[T]], patience: Patience) -> T:
    """The answer, asked for again after each GeneratorBusy; raises the last one when patience ends.

    Waits are random below an exponentially growing bound, and never shorter than the server's Retry-After.
    """
    import tenacity

    jitter = tenacity.wait_random_exponential(multiplier=patience.first_wait_s, max=patience.longest_wait_s)

    def wait(state: tenacity.RetryCallState) -> float:
        error = state.outcome.exception() if state.outcome else None
        told = error.retry_after if isinstance(error, GeneratorBusy) else None
        return max(jitter(state), min(told or 0.0, patience.total_s))

    async def once() -> T:  # tenacity awaits only what is declared as a coroutine function
        return await ask()

    retrying = tenacity.AsyncRetrying(
        retry=tenacity.retry_if_exception_type(GeneratorBusy),
        stop=tenacity.stop_after_attempt(patience.attempts) | tenacity.stop_before_delay(patience.total_s),
        wait=wait,
        reraise=True,
    )
    return await retrying(once)


def seconds_to_wait(told: str | None) -> float | None:
    """A Retry-After header in seconds from now; it may be a number or a date. None for anything else."""
    if told is None:
        return None
    if re.fullmatch(r"\d{1,9}(\.\d*)?", told):
        return float(told)
    try:
        return max(0.0, parsedate_to_datetime(told).timestamp() - time.time())
    except (ValueError, TypeError):
        return None
