"""What every backend does with callers and with slots: many at one time, callers that go, slots that are lost."""

import asyncio
import time
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager

import pytest
import pytest_asyncio

from execfeedback.errors import SandboxError, SandboxMissing
from execfeedback.sandbox import wire
from execfeedback.sandbox.pool import Pool
from execfeedback.types import Item, Job, Limits, Step
from execfeedback.verdicts import verdict_of

Open = Callable[[int], AbstractAsyncContextManager[Pool]]


def program(text: str, environment: str = "python") -> Job:
    step = Step(argv=("python3", "p.py"), warm=True)
    return Job(environment=environment, files={"p.py": text}, limits=Limits(), steps=(step,))


async def printed(pool: Pool, text: str) -> str:
    return (await pool.run(program(text))).steps[0].stdout


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def pool(opened: Open) -> AsyncIterator[Pool]:
    """One slot, so that a test knows which one its job is in."""
    async with opened(1) as one:
        yield one


async def until(holds: Callable[[], bool], patience_s: float = 60.0) -> None:
    end = time.monotonic() + patience_s
    while not holds():
        assert time.monotonic() < end, "it never came to hold"
        await asyncio.sleep(0.05)


async def lose_slots(pool: Pool, times: int) -> None:
    """End the slot of a job that sleeps in it, and the slots that replace it."""
    lost = set()
    for _ in range(times):
        await until(lambda: not pool.idle and bool(pool.slots - lost))
        await asyncio.sleep(0.7)  # the job is inside
        for slot in pool.slots - lost:
            slot.kill()
            lost.add(slot)


async def test_many_callers_on_two_slots_each_get_their_own_answer(sandbox: Pool) -> None:
    answers = await asyncio.gather(*(printed(sandbox, f"print({n} * 1000 + 7)") for n in range(40)))

    assert answers == [f"{n * 1000 + 7}\n" for n in range(40)]
    assert len(sandbox.slots) == 2


async def test_a_slot_that_is_lost_during_a_run_is_replaced_and_the_result_is_right(pool: Pool) -> None:
    assert await printed(pool, "print(1)") == "1\n"
    before = set(pool.slots)

    work = asyncio.create_task(pool.run(program("import time\ntime.sleep(3)\nprint('slept')")))
    await lose_slots(pool, 1)
    execution = await work

    assert (execution.steps[0].stdout, execution.steps[0].exit_code) == ("slept\n", 0)
    assert len(pool.slots) == 1 and pool.slots.isdisjoint(before)


async def test_a_slot_lost_twice_while_a_canary_passes_is_the_items_verdict(pool: Pool) -> None:
    solution = "import time\ntime.sleep(8)\n\n\ndef f():\n    return 1\n"
    item = Item(id="x", language="python", solution=solution, tests="assert f() == 1\n")

    work = asyncio.create_task(verdict_of(item, pool))
    await lose_slots(pool, 2)
    found = await work

    assert (found.verdict, found.reasons, found.passed) == ("runtime_error", ("slot_lost",), False)
    assert found.slot_recycled and found.error is None
    assert await printed(pool, "print('next')") == "next\n"


async def test_a_job_may_take_longer_than_a_slot_may_be_silent(
    pool: Pool, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert await printed(pool, "print(1)") == "1\n"
    before = set(pool.slots)
    monkeypatch.setattr(wire, "SILENCE_S", 5.0)

    assert await printed(pool, "import time\ntime.sleep(7)\nprint('slept')") == "slept\n"
    assert pool.slots == before


async def test_a_slot_that_dies_between_jobs_costs_its_next_job_nothing(pool: Pool) -> None:
    await printed(pool, "print(1)")
    (slot,) = pool.slots
    slot.kill()

    assert await printed(pool, "print(2)") == "2\n"


async def test_a_cancelled_caller_leaves_at_once_and_its_slot_serves_the_next(pool: Pool) -> None:
    await printed(pool, "print(1)")
    before = set(pool.slots)
    work = asyncio.create_task(pool.run(program("import time\ntime.sleep(3)")))
    await asyncio.sleep(0.3)
    began = time.monotonic()

    work.cancel()
    with pytest.raises(asyncio.CancelledError):
        await work

    assert time.monotonic() - began < 1
    assert await printed(pool, "print('mine')") == "mine\n"
    assert pool.slots == before


async def test_closing_ends_what_still_runs_and_nothing_runs_afterwards(opened: Open) -> None:
    async with opened(1) as pool:
        work = asyncio.create_task(pool.run(program("import time\ntime.sleep(60)")))
        await until(lambda: bool(pool.slots))
        await asyncio.sleep(0.5)
        began = time.monotonic()

    with pytest.raises(SandboxError, match="closed"):
        await work
    assert time.monotonic() - began < 30
    with pytest.raises(SandboxError, match="closed"):
        await pool.run(program("print(1)"))


async def test_an_environment_that_is_not_there_is_missing_and_says_what_helps(pool: Pool) -> None:
    with pytest.raises(SandboxMissing, match="nowhere"):
        await pool.run(program("print(1)", environment="nowhere"))

    assert await printed(pool, "print('next')") == "next\n"
