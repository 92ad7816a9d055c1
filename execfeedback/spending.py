"""Repair on, or sample again? By what an accepted record costs either way, counted on a pilot. Pure but for `Pilot`.

Trajectories that stop after d tries cost what their first d tries cost, and give the records that were accepted by then.
So one pilot at the full number of tries tells for every smaller one what a record would have cost.
"""

import asyncio
from collections.abc import Callable, Iterable, Sequence

from execfeedback.types import ModelCall, Trajectory, Value

Price = Callable[[ModelCall], float]


class Choice(Value):
    """How many solutions a trajectory may try, and why."""

    tries: int
    reason: str


def choice(pilot: Sequence[tuple[Trajectory, bool]], most: int) -> Choice:
    """The number of tries, up to `most`, at which a record of the pilot cost least; `most` if it has no record.

    `pilot` are finished trajectories, and whether a record came of each. Costs are dollars where all prices are known,
    else tokens where all are told, else calls.
    """
    unit, price = _priced([call for trajectory, _ in pilot for call in trajectory.calls])
    costs, records = [0.0] * most, [0] * most
    for trajectory, accepted in pilot:
        for at, cost in enumerate(_costs(trajectory, price)):
            costs[min(at, most - 1)] += cost
        if accepted:
            records[len(trajectory.attempts) - 1] += 1
    if not sum(records):
        return Choice(
            tries=most, reason=f"no record came of {len(pilot)} trajectories: {most} tries, as before"
        )
    each = {d: sum(costs[:d]) / sum(records[:d]) for d in range(1, most + 1) if sum(records[:d])}
    best = min(each, key=lambda d: (each[d], d))
    told = ", ".join(f"{d} tries {value:.6g} {unit}" for d, value in each.items())
    return Choice(tries=best, reason=f"a record of {len(pilot)} trajectories cost: {told}")


def _priced(calls: Sequence[ModelCall]) -> tuple[str, Price]:
    if all(call.cost_usd is not None for call in calls):
        return "dollars", lambda call: call.cost_usd or 0.0
    if all(call.tokens_in is not None and call.tokens_out is not None for call in calls):
        return "tokens", lambda call: float((call.tokens_in or 0) + (call.tokens_out or 0))
    return "calls", lambda call: 1.0


def _costs(trajectory: Trajectory, price: Price) -> Iterable[float]:
    """Of each try: its call and those before it since the last try; then of the calls that no try came from."""
    tried = {attempt.solution.call for attempt in trajectory.attempts}
    cost = 0.0
    for call in trajectory.calls:
        cost += price(call)
        if call.id in tried:
            yield cost
            cost = 0.0
    yield cost


class Pilot:
    """The first `size` units of a run try as much as they may; the others wait for what is chosen by them.

    It depends on the units' order and nothing else, so a seed gives the same choice, also after a kill.
    """

    def __init__(self, size: int | None) -> None:
        self.size = size or 0
        self.units: dict[str, None] = {}
        """Keys of the pilot's units, each once."""
        self._chosen: Choice | None = None
        self._failure: Exception | None = None
        self._over = asyncio.Event()

    def see(self, position: int, unit: str) -> None:
        if position < self.size:
            self.units[unit] = None

    async def tries(self, position: int, most: int) -> int:
        """How many solutions the unit at a position may try. Raises what the pilot was given up for."""
        if position < self.size:
            return most
        if self.size:
            await self._over.wait()
            if self._failure is not None:
                raise self._failure
        return min(most, self._chosen.tries) if self._chosen else most

    def due(self, decided: int) -> bool:
        """Whether all its units are decided, and nothing is chosen yet."""
        return 0 < self.size <= decided and not self._over.is_set()

    def choose(self, chosen: Choice) -> None:
        self._chosen = chosen
        self._over.set()

    def give_up(self, failure: Exception) -> None:
        """It cannot end in this run: whoever waits for it ends as well."""
        if not self._over.is_set():
            self._failure = failure
            self._over.set()
