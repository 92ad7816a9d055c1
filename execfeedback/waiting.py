"""The line of units that wait for admission: whatever finishes first, they are decided on in the order of the problems.

The gate `duplicate` depends on what was admitted before, so a run that is killed and resumed must decide in the same order as
one that was not. The samples of a problem come into the line together, once the gates among samples have looked at all.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property

from execfeedback.admission import record_or_rejection
from execfeedback.corpus import CorpusWriter
from execfeedback.protocols import EventSink, Gate, Sandbox
from execfeedback.types import GateResult, Record, Trajectory
from execfeedback.units import GroupGate, OrderedGate, Unit

NEAR = 64
"""Places before its turn from which a unit's trajectory stays in memory; further back it is read again."""


@dataclass(frozen=True)
class Done:
    """A unit that is done: its key, its trajectory's id, and whether it waits for a decision."""

    key: str
    trajectory: str
    waits: bool
    body: Trajectory | None = None
    """The trajectory, as long as it is at hand."""


@dataclass
class Line:
    writer: CorpusWriter
    gates: Sequence[Gate]
    emit: EventSink
    next: int = 0
    """The position that is decided on next."""
    _seats: dict[int, Done | None] = field(default_factory=dict)
    """By position: who waits for a decision, or None where nothing is to decide."""
    _groups: dict[int, dict[int, Done | None]] = field(default_factory=dict)
    """By the position of a problem's first sample: those of its samples that are done."""
    _said: dict[str, list[GateResult]] = field(default_factory=dict)
    """By unit what the gates among samples said."""

    @cached_property
    def ordered(self) -> list[OrderedGate]:
        return [gate for gate in self.gates if isinstance(gate, OrderedGate)]

    @cached_property
    def among(self) -> list[GroupGate]:
        return [gate for gate in self.gates if isinstance(gate, GroupGate)]

    def remember(self) -> None:
        """Tell the ordered gates what earlier runs admitted."""
        for keys in self.writer.admitted_keys():
            for gate in self.ordered:
                if gate.name in keys:
                    gate.admit(keys[gate.name])

    async def stand(self, position: int, unit: Unit, done: Done | None, sandbox: Sandbox) -> None:
        """Take a place. Where it is the last of its problem's samples, all of them are in the line now."""
        if done is not None and position - self.next >= NEAR:
            done = replace(done, body=None)
        first = position - unit.place
        group = self._groups.setdefault(first, {})
        group[position] = done
        if len(group) < unit.size:
            return
        del self._groups[first]
        stopped = [seat for _, seat in sorted(group.items()) if seat is not None]
        if any(seat.waits for seat in stopped):
            await self._look_among(stopped, sandbox)
        for place, seat in group.items():
            self._seats[place] = seat if seat is not None and seat.waits else None

    async def _look_among(self, stopped: list[Done], sandbox: Sandbox) -> None:
        samples = [self._trajectory(seat) for seat in stopped] if self.among else []
        for gate in self.among:
            said = await gate.check_group(samples, sandbox)
            for seat, sample, result in zip(stopped, samples, said, strict=True):
                if seat.waits and result is not None:
                    self._said.setdefault(seat.key, []).append(result)
                    name = {"problem": sample.problem.id, "sample": sample.sample}
                    self.emit({"event": "gate", **name, **result.model_dump(mode="json")})

    def decide(self) -> Iterator[str]:
        """Decide on every unit whose turn has come; gives their keys."""
        while self.next in self._seats:
            seat = self._seats.pop(self.next)
            self.next += 1
            if seat is not None:
                self._decide(seat)
                yield seat.key

    def _decide(self, seat: Done) -> None:
        trajectory = self._trajectory(seat)
        found = self.writer.unit(seat.key).examination
        results = [GateResult.model_validate(result) for result in found["gates"]]
        said = self._said.pop(seat.key, [])
        if all(result.passed for result in results):
            results += said
        for gate in self.ordered:
            if gate.name in found["keys"] and all(result.passed for result in results):
                results.append(gate.admit(found["keys"][gate.name]))
        expected = [gate.name for gate in self.gates]
        outcome = record_or_rejection(trajectory, results, expected=expected, id=seat.trajectory)
        self.writer.admit(seat.key, outcome, found["keys"])
        name = {"problem": trajectory.problem.id, "sample": trajectory.sample, "id": outcome.id}
        if isinstance(outcome, Record):
            self.emit({"event": "record", "repaired": outcome.repaired, **name})
        else:
            self.emit({"event": "rejection", "reason": outcome.reason, **name})

    def _trajectory(self, seat: Done) -> Trajectory:
        return seat.body or self.writer.corpus.trajectory(seat.trajectory)
