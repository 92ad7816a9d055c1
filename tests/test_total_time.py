"""An item's total time is what its programs took: waiting for a slot is ours, and never a verdict."""

import asyncio
from typing import Any

import pytest

from execfeedback.errors import SandboxError
from execfeedback.types import Execution, Item, Job, StdioCase, StepResult, Verdict
from execfeedback.verdicts import verdict_of

CASES = tuple(StdioCase(stdin=f"{n}\n", stdout="ok\n") for n in range(70))
ENDED = StepResult(cause="exited", exit_code=0, stdout="ok\n")


class Machine:
    """A sandbox at its seam: after `waits_s` for a slot, `measured(job)`."""

    def __init__(self, measured: Any, waits_s: float = 0.0) -> None:
        self.measured, self.waits_s, self.jobs = measured, waits_s, 0

    async def run(self, job: Job) -> Execution:
        await asyncio.sleep(self.waits_s)
        self.jobs += 1
        return Execution(**self.measured(job))


async def judged(machine: Machine, total_wall_s: float = 0.2, **more: Any) -> Verdict:
    limits = {"total_wall_s": total_wall_s, "wall_s": 5}
    fields = {"id": "x", "language": "python", "style": "stdio", "solution": "print('ok')", "limits": limits}
    return await verdict_of(Item.model_validate({**fields, "tests": CASES, **more}), machine)


def every(step: StepResult) -> Any:
    return lambda job: {"steps": (step,) * len(job.steps)}


async def test_waiting_for_a_slot_is_not_charged() -> None:
    found = await judged(Machine(every(ENDED), waits_s=0.15))
    assert (found.verdict, found.tests.passed) == ("passed", 70)


async def test_what_the_programs_took_is_charged() -> None:
    slow = ENDED.model_copy(update={"wall_s": 0.05})
    machine = Machine(every(slow))
    found = await judged(machine)
    assert (found.verdict, found.reasons, machine.jobs) == ("time_limit", ("total_wall",), 1)


async def test_a_slot_that_stops_in_time_leaves_the_rest() -> None:
    found = await judged(Machine(lambda job: {"steps": (ENDED,) * 3}))
    assert (found.verdict, found.reasons) == ("time_limit", ("total_wall",))
    assert (found.tests.expected, found.tests.passed) == (70, 3)


async def test_a_program_that_ends_its_slot_is_not_run_on_every_input() -> None:
    killed = StepResult(cause="signaled", signal=9)
    machine = Machine(lambda job: {"steps": (killed,), "slot_recycled": True})
    found = await judged(machine, total_wall_s=120)
    assert (found.verdict, found.reasons, machine.jobs) == ("runtime_error", ("signal_9",), 1)


@pytest.mark.parametrize("number", [0, 33])
async def test_a_measurement_of_other_inputs_is_our_fault(number: int) -> None:
    with pytest.raises(SandboxError, match=f"32 inputs were given and {number} measured"):
        await judged(Machine(lambda job: {"steps": (ENDED,) * number}))


async def test_a_conversation_that_nobody_judged_is_our_fault() -> None:
    checker = {"language": "python", "source": "raise SystemExit(42)", "interactive": True}
    with pytest.raises(SandboxError, match="nothing came back of its interactor"):
        await judged(Machine(every(ENDED)), checker=checker)


async def test_calls_that_ended_early_are_run_alone_however_long_slots_were_waited_for() -> None:
    """The driver's first process gives no answer; each call then gets its own, and its own end."""
    quiet = StepResult(cause="signaled", signal=11, wall_s=0.01)
    machine = Machine(every(quiet), waits_s=0.15)
    cases = [{"args": [n], "expected": n} for n in range(3)]
    found = await judged(
        machine,
        language="go",
        style="cases",
        entry_point="f",
        solution="package main\n",
        tests=cases,
    )
    assert (found.verdict, found.reasons, machine.jobs) == ("runtime_error", ("signal_11",), 4)
