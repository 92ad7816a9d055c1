"""How a growing run ends early without losing anything: between two steps of a trajectory, not in one.

A `Halt` is asked before every model call and every sandbox job. What is under way then ends and is kept.
"""

from collections.abc import Callable

from tenacity import (
    AsyncRetrying,
    RetryCallState,
    retry_if_exception_type,
    stop_after_delay,
    wait_exponential,
)

from execfeedback.calling import settings_of
from execfeedback.errors import BudgetSpent, ExecfeedbackError, SandboxError
from execfeedback.protocols import Completion, Generator, Request, Sandbox
from execfeedback.types import Execution, Job

Notice = Callable[[dict[str, object]], None]


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


class Budget:
    """Money spent on a corpus, of a limit. A price that is not known cannot be kept within a limit."""

    def __init__(self, limit_usd: float | None, spent_usd: float = 0.0) -> None:
        self.limit_usd, self.spent_usd = limit_usd, spent_usd

    def check(self) -> None:
        """Raises BudgetSpent when nothing is left."""
        if self.limit_usd is not None and self.spent_usd >= self.limit_usd:
            raise BudgetSpent(
                f"the budget is spent: ${self.spent_usd:.4f} of ${self.limit_usd:.4f}; "
                "a larger --max-cost goes on from here"
            )

    def add(self, completion: Completion) -> None:
        """Raises BudgetSpent for a price that is not known, when there is a limit."""
        if completion.cost_usd is not None:
            self.spent_usd += completion.cost_usd
        elif self.limit_usd is not None:
            raise BudgetSpent(
                f"the price of model {completion.model} is not known, so --max-cost cannot be kept; "
                "leave --max-cost away, or give the model's price"
            )


class GuardedGenerator:
    """A generator that stops being asked when the run halts or the budget is spent.

    Calls that are under way when the budget runs out are still paid: at most one for each unit in flight.
    """

    def __init__(self, inner: Generator, halt: Halt, budget: Budget) -> None:
        self._inner, self._halt, self._budget = inner, halt, budget
        self.name = inner.name
        self.edits_references = inner.edits_references
        self.settings = settings_of(inner)

    async def complete(self, request: Request) -> Completion:
        self._halt.check()
        self._budget.check()
        completion = await self._inner.complete(request)
        try:
            self._budget.add(completion)
        except BudgetSpent as spent:
            self._halt.stop(spent)  # this answer is paid and kept; the next call is not made
        return completion


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
