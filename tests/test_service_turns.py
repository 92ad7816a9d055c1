"""The queue of the service: bounded, fair, by slots and memory; a place that is given up is free at once."""

import asyncio
import contextlib
import random
import time

import pytest

from execfeedback.errors import SlotLost
from execfeedback.service.turns import Queue, Refused, Ticket, TooMany


def queue(slots: int = 1, memory_mb: int = 1000, longest: int = 100) -> Queue:
    return Queue(slots, memory_mb, longest)


def one(at: Queue, who: str = "a", memory_mb: int = 1, wait_s: float = 5.0) -> Ticket:
    return at.enter(who, [memory_mb], wait_s, 1000)[0]


async def test_callers_take_turns_however_much_one_of_them_sent() -> None:
    at, order = queue(), list[str]()
    tickets = (
        at.enter("greedy", [1] * 20, 60, 1000) + at.enter("a", [1] * 2, 60, 1000) + [one(at, "b", wait_s=60)]
    )

    async def run(ticket: Ticket) -> None:
        async with ticket:
            order.append(ticket.who)

    await asyncio.gather(*map(run, tickets))

    assert sorted(order[1:6]) == ["a", "a", "b", "greedy", "greedy"], (
        "the first turn was free when greedy came"
    )
    assert len(order) == 23 and at.count == 0 and not at.running and not at.waiting


async def test_no_more_run_than_there_are_slots_and_memory_for() -> None:
    at, draw = queue(slots=4, memory_mb=100), random.Random(0)
    most = memory = 0

    async def run(ticket: Ticket) -> None:
        nonlocal most, memory
        async with ticket:
            most = max(most, len(at.running))
            memory = max(memory, sum(t.memory_mb for t in at.running))
            await asyncio.sleep(draw.uniform(0, 0.003))

    await asyncio.gather(*(run(one(at, memory_mb=draw.choice((10, 60, 500)))) for _ in range(100)))

    assert most > 1 and most <= 4 and memory == 100, "what wants more than there is runs alone"
    assert at.count == 0 and not at.running


async def test_what_wants_much_memory_is_not_passed_over_for_ever() -> None:
    at = queue(slots=2, memory_mb=100)
    running, large, small = one(at, "a", 60), one(at, "b", 60), one(at, "c", 10)
    assert running.turn.done() and not large.turn.done() and not small.turn.done()

    running.leave()

    assert large.turn.done() and small.turn.done()


@pytest.mark.parametrize(
    ("why", "longest", "share", "wait_s"),
    [("full", 3, 100, 9), ("share", 100, 3, 9), ("late", 100, 100, 0.5)],
)
async def test_what_cannot_be_taken_is_refused_at_once_and_whole(
    why: str, longest: int, share: int, wait_s: float
) -> None:
    at = queue(longest=longest)
    at.mean_s = 1.0
    at.enter("a", [1, 1, 1], 60, 100)  # one of them runs

    with pytest.raises(Refused) as refused:
        at.enter("a", [1, 1], wait_s, share)

    assert refused.value.why == why and refused.value.after_s >= 1
    assert at.count == 2


@pytest.mark.parametrize(
    ("longest", "share", "wait_s", "most"), [(3, 9, 60, 3), (9, 3, 60, 3), (9, 9, 2.5, 3)]
)
async def test_what_never_fits_is_told_how_much_would(
    longest: int, share: int, wait_s: float, most: int
) -> None:
    at = queue(longest=longest)
    at.mean_s = 1.0

    with pytest.raises(TooMany, match=f"send at most {most}"):
        at.enter("a", [1] * (most + 1), wait_s, share)

    assert len(at.enter("a", [1] * most, wait_s, share)) == most


async def test_another_caller_waits_for_its_share_of_turns_and_not_for_the_whole_queue() -> None:
    at = queue(longest=1000)
    at.mean_s = 0.1
    at.enter("greedy", [1] * 500, 60, 1000)

    assert at.expected_s("greedy") > 49
    assert at.expected_s("other") < 0.2


async def test_a_run_at_its_time_limit_among_short_ones_turns_nobody_away() -> None:
    at = queue(slots=2, longest=1000)
    at.enter("a", [1] * 256, 60, 1000)
    for number in range(400):
        at.learn(0.05 if number % 50 else 1.5)
        at.learn(5.0) if number == 399 else None

    assert 0.05 < at.mean_s < 0.2
    one(at, wait_s=30)


async def test_the_first_runs_say_how_long_one_takes() -> None:
    at = queue()
    for seconds in (4.0, 2.0, 3.0):
        at.learn(seconds)

    assert at.mean_s == pytest.approx(3.0)


async def test_a_turn_that_does_not_come_is_refused_when_its_wait_is_over() -> None:
    at = queue()
    at.mean_s = 0.001
    first, second = one(at), one(at, wait_s=0.05)
    began = time.monotonic()

    with pytest.raises(Refused, match="no turn came"):
        async with second:
            pytest.fail("it had no turn")

    assert time.monotonic() - began < 1 and at.count == 0
    first.leave()
    assert not at.running


async def test_a_run_that_was_called_off_has_its_turn_until_its_slot_is_back() -> None:
    at = Queue(1, 1000, 100, ahead=1)
    off, other = asyncio.get_running_loop().create_future(), asyncio.get_running_loop().create_future()
    first = one(at)
    with pytest.raises(TimeoutError):
        async with first:
            first.left_behind += [other, off]
            raise TimeoutError
    second = one(at)
    assert not second.turn.done() and len(at.running) == 1

    other.set_result(None)
    await asyncio.sleep(0.01)
    assert not second.turn.done()
    off.set_exception(SlotLost("it went"))
    await asyncio.sleep(0.01)

    assert second.turn.done() and at.running == {second}
    third = one(at)
    assert third.turn.done(), "one ahead, as before"


async def test_cancelled_at_any_moment_a_place_is_given_back() -> None:
    draw = random.Random(1)
    at = queue(slots=2)

    async def run() -> None:
        async with one(at, draw.choice("abc")):
            await asyncio.sleep(draw.uniform(0, 0.002))

    tasks = [asyncio.create_task(run()) for _ in range(200)]
    for task in draw.sample(tasks, 100):
        await asyncio.sleep(draw.uniform(0, 0.001))
        task.cancel()
    with contextlib.suppress(asyncio.CancelledError):
        await asyncio.gather(*tasks, return_exceptions=True)

    assert at.count == 0 and not at.running and not at.waiting
    async with one(at):
        assert len(at.running) == 1
