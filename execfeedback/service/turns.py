"""Who may run now: a bounded queue, fair between callers, that grants turns by slots and memory.

A ticket is taken at once or refused at once; time in the queue belongs to no run. Everything here is one event loop's.
"""

import asyncio
import time
from collections import deque
from collections.abc import Sequence
from types import TracebackType
from typing import Any, Self

from execfeedback.errors import ExecfeedbackError

STEADY = 0.01
"""Least weight of the newest run in the mean that waiting times are estimated by: one run at its time limit among many short
ones must not turn callers away. The first runs weigh more, each as much as the others."""
LONGEST_HINT_S = 30.0


class Refused(ExecfeedbackError):
    """The service is busy. `after_s`: when to ask again."""

    def __init__(self, why: str, message: str, after_s: float) -> None:
        super().__init__(message)
        self.why, self.after_s = why, min(max(after_s, 1.0), LONGEST_HINT_S)


class TooMany(ExecfeedbackError):
    """More runs at one time than there is ever room for."""


class Ending(Refused):
    """The service is about to end; another one may answer."""

    def __init__(self, message: str) -> None:
        super().__init__("ending", message, 1.0)


class Ticket:
    """A place in the queue. `async with ticket` waits for the turn, holds it, and gives it back."""

    def __init__(self, queue: "Queue", who: str, memory_mb: int, wait_s: float) -> None:
        self.queue, self.who, self.memory_mb, self.wait_s = queue, who, memory_mb, wait_s
        self.turn = asyncio.get_running_loop().create_future()
        self.taken = time.monotonic()
        self.waited_s = 0.0
        self.left_behind: list[asyncio.Future[Any]] = []
        """What still runs in slots after this run was called off. The turn is held until it is done."""

    async def __aenter__(self) -> Self:
        """Raises Refused when the turn did not come within the wait that was agreed."""
        left = self.taken + self.wait_s - time.monotonic()
        try:
            async with asyncio.timeout(max(0.0, left)):
                await asyncio.shield(self.turn)
        except BaseException as error:
            self.leave()
            if not isinstance(error, TimeoutError):
                raise
            again = self.queue.expected_s(self.who)
            raise Refused("waited", f"no turn came within {self.wait_s:g} s", again) from None
        self.began = time.monotonic()
        self.waited_s = self.began - self.taken
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if error is None:
            self.queue.learn(time.monotonic() - self.began)
        self.leave()

    def leave(self) -> None:
        """Give back the place, or the turn as soon as its slots are free. May be called more than once."""
        if (work := self.occupied_by()) is None:
            self.queue.leave(self)
        else:
            work.add_done_callback(lambda _: self.leave())

    def occupied_by(self) -> asyncio.Future[Any] | None:
        """What was called off, and is in its slot still."""
        return next((work for work in self.left_behind if not work.done()), None)


class Queue:
    """`slots` turns at one time, `memory_mb` for all that run together, `longest` tickets that wait. `ahead`: how many more
    turns, so that a slot need not wait while a result is judged; none while a run that was called off is in its slot still,
    for whoever had such a turn would wait for that slot in its own time."""

    def __init__(self, slots: int, memory_mb: int, longest: int, ahead: int = 0) -> None:
        self.slots, self.memory_mb, self.longest, self.ahead = slots, memory_mb, longest, ahead
        self.waiting: dict[str, deque[Ticket]] = {}
        """By caller, in the order in which callers have their next turn."""
        self.count = 0
        self.running: set[Ticket] = set()
        self.mean_s, self.learned = 0.01, 0

    def enter(self, who: str, memories: Sequence[int], wait_s: float, share: int) -> list[Ticket]:
        """Tickets for runs that want so much memory, all or none. `share`: how many the caller may have waiting.

        Raises Refused when there is no room, or when the turn would come later than `wait_s`; TooMany when so many never have.
        """
        if not memories:
            return []
        if len(memories) > (most := self.most(wait_s, share)):
            raise TooMany(
                f"a list of {len(memories)} runs is longer than may wait here at one time: send at most {most}"
            )
        if (refused := self.refusal(who, len(memories), wait_s, share)) is not None:
            raise refused
        tickets = [Ticket(self, who, min(memory, self.memory_mb), wait_s) for memory in memories]
        self.waiting.setdefault(who, deque()).extend(tickets)
        self.count += len(tickets)
        self.grant()
        return tickets

    def refusal(self, who: str, more: int, wait_s: float, share: int) -> Refused | None:
        """Why so many more cannot wait, if they cannot."""
        own = len(self.waiting.get(who, ()))
        expected = self.expected_s(who, more)
        if self.count + more > self.longest:
            return Refused("full", f"{self.count} runs wait already", expected)
        if own + more > share:
            return Refused("share", f"{own} of this caller's {share} places in the queue are taken", expected)
        if expected > wait_s:
            message = f"the turn would come in {expected:.1f} s, and {wait_s:g} s are allowed"
            return Refused("late", message, expected)
        return None

    def most(self, wait_s: float, share: int) -> int:
        """How many there is ever room for; where nothing runs that waiting might help against, also by how long runs take."""
        if self.running or self.count:
            return min(self.longest, share)
        turns = self.slots + self.ahead
        return min(self.longest, share, turns + int(wait_s * turns / self.mean_s))

    def expected_s(self, who: str, more: int = 1) -> float:
        """How long the last of `more` tickets would wait: behind all, or with callers taking turns, whichever is less."""
        own = len(self.waiting.get(who, ()))
        callers = len(self.waiting) + (who not in self.waiting)
        turns = self.slots + self.ahead
        before = min(self.count, own * callers) + more + len(self.running) - turns
        return max(0, before) * self.mean_s / turns

    def learn(self, seconds: float) -> None:
        self.learned += 1
        self.mean_s += max(STEADY, 1 / self.learned) * (seconds - self.mean_s)

    def grant(self) -> None:
        """Turns to whoever is next, as long as a slot and memory are left. Nobody is passed over for wanting much."""
        while self.waiting and len(self.running) < self.turns():
            who, tickets = next(iter(self.waiting.items()))
            if sum(ticket.memory_mb for ticket in self.running) + tickets[0].memory_mb > self.memory_mb:
                return
            ticket = tickets.popleft()
            self.count -= 1
            del self.waiting[who]
            if tickets:
                self.waiting[who] = tickets  # behind the others
            self.running.add(ticket)
            ticket.turn.set_result(None)

    def turns(self) -> int:
        return self.slots + (0 if any(ticket.occupied_by() for ticket in self.running) else self.ahead)

    def leave(self, ticket: Ticket) -> None:
        if ticket in self.running:
            self.running.remove(ticket)
        elif not ticket.turn.done() and ticket in (own := self.waiting.get(ticket.who, deque())):
            own.remove(ticket)
            self.count -= 1
            if not own:
                del self.waiting[ticket.who]
        self.grant()
