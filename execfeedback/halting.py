"""How a growing run ends early without losing anything: between two steps of a trajectory, not in one.

A `Halt` is asked before every model call and every sandbox job. What is under way then ends and is kept.
"""

import asyncio
from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from contextlib import asynccontextmanager, contextmanager, nullcontext

from tenacity import (
    AsyncRetrying,
    RetryCallState,
    retry_if_exception_type,
    stop_after_delay,
    wait_exponential,
)

from execfeedback.calling import call_id, settings_of
from execfeedback.errors import BudgetSpent, ExecfeedbackError, GeneratorError, SandboxError
from execfeedback.protocols import Completion, Generator, Request, Sandbox, Waste
from execfeedback.types import Execution, Job

ROUNDING = 1e-9
"""Sums of prices are floats: ten cents ten times are a hair less than a dollar."""
Notice = Callable[[dict[str, object]], None]
OnWaste = Callable[[str, Request, Waste], None]
"""Takes the id of the call, what was asked, and what came of it."""


class Interrupted(ExecfeedbackError):
    """A signal asked for the end. The exit code is the shell's: 128 and the number of the signal."""

    def __init__(self, signal: int) -> None:
        super().__init__("interrupted; what was finished is kept, and the same command goes on from there")
        self.exit_code = 128 + signal


class Halted(Exception):
    """Ends one trajectory because the run ends; never leaves `grow`."""


class Halt:
    """The reason why a run ends early, once there is one. The first reason stands."""

    def __init__(self) -> None:
        self.reason: ExecfeedbackError | None = None

    def stop(self, reason: ExecfeedbackError) -> None:
        self.reason = self.reason or reason

    def check(self) -> None:
        if self.reason is not None:
            raise Halted


@contextmanager
def ending_after(seconds: float | None, halt: Halt) -> Iterator[None]:
    """Halts the run when its time is over."""
    if seconds is None:
        yield
        return
    spent = BudgetSpent(
        f"the budget is spent: {seconds:g} s of wall time; the same command goes on from here"
    )
    timer = asyncio.get_running_loop().call_later(seconds, halt.stop, spent)
    try:
        yield
    finally:
        timer.cancel()


class Budget:
    """Dollars and tokens spent on a corpus, each of a limit; None is no limit.

    What is under way counts as much as calls did on average. What is not known cannot be kept within a limit.
    """

    def __init__(
        self,
        max_usd: float | None,
        max_tokens: int | None,
        usd: float = 0.0,
        tokens: int = 0,
        answers: int = 0,
    ) -> None:
        self._max_usd, self._max_tokens = max_usd, max_tokens
        self._usd, self._tokens, self._answers, self._under_way = usd, tokens, answers, 0
        self._first = asyncio.Lock()

    @asynccontextmanager
    async def known(self) -> AsyncIterator[None]:
        """Room for a call: as long as there is a limit and nobody knows what a call takes, one at a time."""
        limited = self._max_usd is not None or self._max_tokens is not None
        if limited and not self._answers:
            async with self._first:
                if not self._answers:
                    yield
                    return
        yield

    def begin(self) -> None:
        """One more call is under way. Raises BudgetSpent when there is nothing left for it."""
        share = 1 + self._under_way / max(1, self._answers)
        if self._max_usd is not None and self._usd * share >= self._max_usd * (1 - ROUNDING):
            raise self._spent(f"${self._usd:.4f} of ${self._max_usd:.4f}", "--max-cost")
        if self._max_tokens is not None and self._tokens * share >= self._max_tokens:
            raise self._spent(f"{self._tokens} of {self._max_tokens} tokens", "[budget] max_tokens")
        self._under_way += 1

    def _spent(self, told: str, option: str) -> BudgetSpent:
        way = f", and {self._under_way} calls are under way" if self._under_way else ""
        return BudgetSpent(f"the budget is spent: {told}{way}; a larger {option} goes on from here")

    def end(self) -> None:
        """A call is no longer under way, however it ended."""
        self._under_way -= 1

    def add(self, spent: Completion | Waste) -> None:
        """Count what was paid. Raises BudgetSpent for an answer of unknown price or length, where there is a limit."""
        self._usd += spent.cost_usd or 0.0
        self._tokens += (spent.tokens_in or 0) + (spent.tokens_out or 0)
        if isinstance(spent, Waste):
            return
        self._answers += 1
        if self._max_usd is not None and spent.cost_usd is None:
            raise BudgetSpent(
                f"the price of model {spent.model} is not known, so --max-cost cannot be kept; leave --max-cost "
                "away, or give the role's price_in and price_out (US dollars for a million tokens)"
            )
        if self._max_tokens is not None and None in (spent.tokens_in, spent.tokens_out):
            raise BudgetSpent(
                f"model {spent.model} does not tell its tokens, so [budget] max_tokens cannot be kept"
            )


class GuardedGenerator:
    """A generator that is asked `calls` questions at one time, and no more when the run halts or the budget is spent.

    Calls that are under way then are still paid.
    """

    def __init__(
        self, inner: Generator, halt: Halt, budget: Budget, calls: int | None, on_waste: OnWaste
    ) -> None:
        self._inner, self._halt, self._budget, self._on_waste = inner, halt, budget, on_waste
        self._room = asyncio.Semaphore(calls) if calls else nullcontext()
        self.name = inner.name
        self.edits_references = inner.edits_references
        self.settings = settings_of(inner)

    async def complete(self, request: Request) -> Completion:
        async with self._room, self._budget.known():
            self._halt.check()
            self._budget.begin()
            try:
                completion = await self._inner.complete(request)
            except GeneratorError as error:
                self._waste(request, error.wasted)
                raise
            finally:
                self._budget.end()
            self._waste(request, completion.wasted)
            try:
                self._budget.add(completion)
            except BudgetSpent as spent:
                self._halt.stop(spent)  # this answer is paid and kept; the next call is not made
            return completion

    def _waste(self, request: Request, wasted: Sequence[Waste]) -> None:
        for waste in wasted:
            self._budget.add(waste)
            self._on_waste(call_id(request, self), request, waste)


class PatientSandbox:
    """A sandbox that waits `patience_s` for its backend to come back, and stops when the run halts."""

    def __init__(self, inner: Sandbox, halt: Halt, patience_s: float, notice: Notice) -> None:
        self._inner, self._halt, self._notice = inner, halt, notice
        self._patience_s = patience_s

    async def run(self, job: Job) -> Execution:
        """Raises SandboxError when the patience is at its end."""
        self._halt.check()
        retrying = AsyncRetrying(
            retry=retry_if_exception_type(SandboxError),
            stop=self._gives_up,
            wait=wait_exponential(0.25, max=5.0),
            before_sleep=self._say,
            reraise=True,
        )
        return await retrying(self._inner.run, job)

    def _gives_up(self, state: RetryCallState) -> bool:
        return self._halt.reason is not None or stop_after_delay(self._patience_s)(state)

    def _say(self, state: RetryCallState) -> None:
        error = state.outcome.exception() if state.outcome else None
        self._notice({"event": "sandbox_waiting", "error": str(error), "tries": state.attempt_number})
