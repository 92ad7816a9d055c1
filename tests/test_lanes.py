"""A lane narrows when it is told that it is too much, waits when it is told to, and widens again."""

import asyncio
import time

import pytest

from execfeedback.errors import GeneratorBusy, GeneratorRefused
from execfeedback.lanes import Lane


class Server:
    """Takes `room` questions at one time and says 429 to the others."""

    def __init__(self, room: int) -> None:
        self.room, self.open, self.refused, self.most = room, 0, 0, 0

    async def answer(self) -> int:
        self.open += 1
        self.most = max(self.most, self.open)
        try:
            full = self.open > self.room
            await asyncio.sleep(0.001)
            if full:
                self.refused += 1
                raise GeneratorBusy("429", overload=True)
            return self.room
        finally:
            self.open -= 1


async def asked_until_answered(lane: Lane, server: Server) -> None:
    while True:
        try:
            await lane.ask(server.answer)
            return
        except GeneratorBusy:
            continue


async def test_it_settles_near_what_the_server_takes_and_widens_when_it_takes_more() -> None:
    lane, server = Lane(64), Server(room=5)
    await asyncio.gather(*(asked_until_answered(lane, server) for _ in range(400)))
    assert 2 <= lane.limit <= 7
    assert server.refused < 400, "a fixed width of 64 would be refused twelve times for each answer"
    server.room, server.most = 40, 0
    await asyncio.gather(*(asked_until_answered(lane, server) for _ in range(400)))
    assert server.most >= 15


async def test_a_burst_of_refusals_halves_it_once() -> None:
    lane = Lane(16)

    async def refused() -> None:
        await asyncio.sleep(0.001)
        raise GeneratorBusy("429", overload=True)

    results = await asyncio.gather(*(lane.ask(refused) for _ in range(16)), return_exceptions=True)
    assert all(isinstance(result, GeneratorBusy) for result in results)
    assert lane.limit == 8
    for _ in range(9):
        with pytest.raises(GeneratorBusy):
            await lane.ask(refused)
    assert lane.limit == 1


async def test_other_faults_do_not_narrow_it() -> None:
    lane = Lane(4)
    for error in (GeneratorBusy("500"), GeneratorRefused("400")):

        async def fails(error: Exception = error) -> None:
            raise error

        with pytest.raises(type(error)):
            await lane.ask(fails)
    assert lane.limit == 4


async def test_all_wait_for_the_time_that_one_was_told() -> None:
    lane, times = Lane(), []

    async def told() -> None:
        raise GeneratorBusy("429", retry_after=0.2, overload=True)

    async def noted() -> None:
        times.append(time.monotonic())

    began = time.monotonic()
    with pytest.raises(GeneratorBusy):
        await lane.ask(told)
    await asyncio.gather(*(lane.ask(noted) for _ in range(3)))
    assert min(times) - began >= 0.2


async def test_who_gives_up_waiting_leaves_no_gap() -> None:
    lane, gate = Lane(1), asyncio.Event()
    first = asyncio.create_task(lane.ask(gate.wait))
    await asyncio.sleep(0)
    waiting = [asyncio.create_task(lane.ask(gate.wait)) for _ in range(3)]
    await asyncio.sleep(0)
    waiting[0].cancel()
    gate.set()
    done = await asyncio.wait_for(asyncio.gather(first, *waiting, return_exceptions=True), 2)
    assert isinstance(done[1], asyncio.CancelledError)
    assert done[2:] == [True, True]
