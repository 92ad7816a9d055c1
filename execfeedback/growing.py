"""Many problems into a corpus: units in parallel, admission in order, every step kept.

A unit is one sample of one problem under one configuration. Whatever finishes first, units are admitted by
problem, then sample, because the gate `duplicate` depends on what was admitted before. What is finished and
not yet admitted lies in the corpus, so a run that is killed and resumed ends with the records of one that
was not.
"""

import asyncio
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import islice
from pathlib import Path
from typing import Any

from execfeedback import ids
from execfeedback.admission import examine
from execfeedback.corpus import CorpusWriter, UnitState
from execfeedback.corpus.samples import outcomes
from execfeedback.errors import AnswerPending, ExecfeedbackError, GeneratorError, InputError
from execfeedback.halting import Budget, GuardedGenerator, Halt, Halted, PatientSandbox, ending_after
from execfeedback.loop import Judge, run_trajectory
from execfeedback.progress import Progress, after
from execfeedback.protocols import Closable, EventSink, Gate, Generator, Request, Sandbox, Waste
from execfeedback.spending import Choice, Pilot, choice
from execfeedback.steered import Steered
from execfeedback.types import GateResult, Problem, Trajectory
from execfeedback.units import (
    GroupGate,
    OrderedGate,
    Settings,
    Share,
    Unit,
    frame_of,
    review_limit,
    samples_of,
    units_of,
)
from execfeedback.verdicts import verdict_of
from execfeedback.waiting import Done, Line

SKIPPED_AT_ONCE = 64
"""Units that were done before and are passed over before others get a turn: resuming is nothing but this."""


async def grow(
    problems: Iterable[Problem],
    generator: Generator | Callable[[Sandbox], Generator],
    out: Path,
    *,
    sandbox: Sandbox,
    gates: Sequence[Gate],
    settings: Settings | None = None,
    on_event: EventSink | None = None,
    halt: Halt | None = None,
    about: dict[str, Any] | None = None,
    judge: Judge = verdict_of,
) -> Progress:
    """Grow the corpus at `out` until the problems are at their end; returns what this run did.

    A generator that runs code itself is given as a function of the sandbox. `about` is kept with the run.
    Raises InputError for a bad problem or corpus, SandboxError, GeneratorError, BudgetSpent, or the reason given
    to `halt`; the corpus then holds all that was finished.
    """
    halt, settings = halt or Halt(), settings or Settings()
    with CorpusWriter(out) as writer:
        growth = _Growth(writer, gates, settings, halt, on_event)
        spent = writer.corpus.counts()
        budget = Budget(settings.max_cost_usd, settings.max_tokens, spent.usd, spent.tokens, spent.calls)
        growth.sandbox = PatientSandbox(sandbox, halt, settings.patience_s, growth.emit)
        made = generator if isinstance(generator, Generator) else generator(growth.sandbox)
        growth.generator = GuardedGenerator(made, halt, budget, settings.calls, growth.wasted)
        growth.judge = judge
        try:
            return await growth.run(problems, about or {})
        finally:
            if isinstance(made, Closable):
                await made.aclose()


class _Growth:
    """One run: the workers share the stream of units, the halt and the line of units to admit."""

    generator: Generator
    sandbox: Sandbox
    judge: Judge

    def __init__(
        self,
        writer: CorpusWriter,
        gates: Sequence[Gate],
        settings: Settings,
        halt: Halt,
        on_event: EventSink | None,
    ) -> None:
        self.writer, self.settings, self.halt, self._sink = writer, settings, halt, on_event
        self.gates = gates
        self.review_limit = review_limit(gates)
        self.parallel = [gate for gate in gates if not isinstance(gate, OrderedGate | GroupGate)]
        self.progress = Progress()
        self.line = Line(writer, gates, self.emit)
        self._claimed: set[str] = set()
        self._unanswered, self._failure = 0, ""
        self._pilot = Pilot(settings.pilot)

    async def run(self, problems: Iterable[Problem], about: dict[str, Any]) -> Progress:
        self.line.remember()
        self.writer.start_run(about | {"generator": self.generator.name, **self._described()})
        self.emit({"event": "run", "units": about.get("units"), "generator": self.generator.name})
        frame = frame_of(self.generator, self.gates, self.settings)
        with ending_after(self.settings.max_wall_s, self.halt):
            for shares in self._rounds(problems, frame):
                stream = enumerate(units_of(shares, frame, self.settings), start=self.line.next)
                async with asyncio.TaskGroup() as group:
                    for _ in range(self.settings.in_flight):
                        group.create_task(self._work(stream))
        if self.halt.reason is None and 0 < self.progress.unanswered == self.progress.started:
            self.halt.stop(_unreachable(self._failure))
        self.writer.event("ended", {"error": str(self.halt.reason) if self.halt.reason else None})
        if self.halt.reason is not None:
            raise self.halt.reason
        return self.progress

    def emit(self, event: dict[str, Any]) -> None:
        event = {"at": time.time(), **event}
        self.progress = after(self.progress, event)
        if self._sink is not None:
            self.writer.keep()
            self._sink(event)

    def wasted(self, call: str, request: Request, waste: Waste) -> None:
        """Keep what was paid to no use: it belongs to the cost of the corpus."""
        name = {"problem": request.problem.id, "sample": request.sample, "kind": request.kind, "call": call}
        body = name | waste.model_dump()
        self.writer.event("waste", body)
        self.emit({"event": "waste", **body})

    def _described(self) -> dict[str, Any]:
        gates = [f"{gate.name} {gate.version}" for gate in self.gates]
        return {"gates": gates, **self.settings.model_dump(mode="json")}

    # ---- rounds ------------------------------------------------------------------------------------------

    def _rounds(self, problems: Iterable[Problem], frame: str) -> Iterator[Iterable[Share]]:
        """All at once; with `steer` one sample of each problem, then rounds that go by what came of those before. A round
        that has no end in this run is the last."""
        taken = islice(problems, self.settings.limit)
        if not self.settings.steer:
            yield (Share(problem, samples_of(self.settings)) for problem in taken)
            return
        steered = Steered(taken, frame, self.settings)
        yield steered.first()
        while self.halt.reason is None and not self.progress.pending and steered.left:
            chosen = steered.chosen_before(self.writer.corpus.events("steer"))
            if chosen is None:
                chosen = steered.choose(outcomes(self.writer.corpus))
                self.writer.event("steer", steered.event(chosen))
            self.emit({"event": "steer", **steered.event(chosen)})
            yield steered.take(chosen)

    # ---- one unit ----------------------------------------------------------------------------------------

    async def _work(self, stream: Iterator[tuple[int, Unit]]) -> None:
        """Take units from the shared stream until it or the run ends. Our first error ends the run."""
        try:
            for position, unit in stream:
                await self._one(position, unit)
                if self.halt.reason is not None:
                    return
        except Halted:
            return
        except ExecfeedbackError as error:
            self.halt.stop(error)
        finally:
            if self.halt.reason is not None:
                self._pilot.give_up(Halted())

    async def _one(self, position: int, unit: Unit) -> None:
        self._pilot.see(position, unit.key)
        state = self.writer.unit(unit.key)
        name = {"problem": unit.problem.id, "sample": unit.sample}
        if state.admitted or unit.key in self._claimed:
            if not unit.peer:
                self.emit({"event": "skipped", **name})
            done = Done(unit.key, state.trajectory, False) if state.admitted and state.trajectory else None
            if position % SKIPPED_AT_ONCE == 0:
                await asyncio.sleep(0)
        else:
            self._claimed.add(unit.key)
            self.emit({"event": "started", **name})
            try:
                tries = await self._pilot.tries(position, unit.tries)
                unit = unit.model_copy(update={"tries": tries})
                done = await self._finish(unit, state, _tagged(self.emit, name))
            except InputError as error:
                raise InputError(f"problem {unit.problem.id}: {error}") from error
            except AnswerPending as pending:
                self._pilot.give_up(pending)
                self.emit({"event": "pending", **name})
                return  # its place in the line stays open, so that the next run admits in the same order
            self.emit({"event": "finished", **name})
        await self.line.stand(position, unit, done, self.sandbox)
        self._claimed.difference_update(self.line.decide())
        if self._pilot.due(self.line.next):
            self._choose()

    async def _finish(self, unit: Unit, state: UnitState, emit: EventSink) -> Done | None:
        """The unit once it is ready for admission; None when the model failed it."""
        id, trajectory = await self._trajectory(unit, state, emit)
        told = {"trajectory": id, "stopped": trajectory.stopped, "attempts": len(trajectory.attempts)}
        emit({"event": "trajectory", **told})
        answered = trajectory.stopped != "model"
        self._unanswered = 0 if answered else self._unanswered + 1
        if not answered:
            self._failure = trajectory.notes[-1] if trajectory.notes else "no reason was given"
        if self._unanswered == self.settings.model_failures:
            self.halt.stop(_unreachable(self._failure))
        if answered and state.examination is None:
            await self._examine(unit, id, trajectory, emit)
        return Done(unit.key, id, True, trajectory) if answered else None

    async def _trajectory(self, unit: Unit, state: UnitState, emit: EventSink) -> tuple[str, Trajectory]:
        """The finished trajectory of a unit: the one that is kept, or a new one."""
        if state.trajectory is not None:
            return state.trajectory, self.writer.corpus.trajectory(state.trajectory)
        trajectory = await run_trajectory(
            self._begun(unit),
            self.generator,
            self.sandbox,
            on_event=emit,
            calls=self.writer,
            judge=self.judge,
            feedback_chars=self.settings.feedback_chars,
            prompts_dir=self.settings.prompts_dir,
        )
        done = None if trajectory.stopped == "model" else unit.key
        return self.writer.put_trajectory(done, trajectory), trajectory

    def _begun(self, unit: Unit) -> Trajectory:
        rules = self.settings.tests
        if not any(gate.name == "held_out" for gate in self.gates):
            rules = rules.model_copy(update={"held_out_share": 0.0})  # nobody would look at them
        return Trajectory(
            problem=unit.problem,
            sample=unit.sample,
            seed=self.settings.seed,
            max_attempts=unit.tries,
            rules=rules,
            checked=any(gate.name == "static" for gate in self.gates),
            review_limit=self.review_limit,
        )

    async def _examine(self, unit: Unit, id: str, trajectory: Trajectory, emit: EventSink) -> None:
        """Ask the gates, and keep what they said until the unit's turn comes."""
        asked = [_Reported(gate, emit) for gate in self.parallel]
        results = await examine(trajectory, asked, self.sandbox)
        keys: dict[str, Any] = {}
        if trajectory.stopped == "passed" and all(result.passed for result in results):
            keys = {gate.name: await gate.keys(trajectory, self.sandbox) for gate in self.line.ordered}
        said = [result.model_dump(mode="json") for result in results]
        self.writer.put_examination(unit.key, id, results, {"gates": said, "keys": keys})

    def _choose(self) -> None:
        """By the pilot, how many solutions all other units may try. What an earlier run chose stands."""
        corpus, found, name = self.writer.corpus, [], ids.digest(list(self._pilot.units))
        for event in corpus.events("tries"):
            if event["pilot"] == name:
                self._pilot.choose(Choice(tries=event["tries"], reason=event["reason"]))
                return
        for key in self._pilot.units:
            for id, record in corpus.select("SELECT trajectory, record FROM admissions WHERE unit = ?", key):
                found.append((corpus.trajectory(id), record is not None))
        chosen = choice(found, self.settings.max_attempts)
        self.writer.event("tries", {"pilot": name, **chosen.model_dump()})
        self.emit({"event": "tries", **chosen.model_dump()})
        self._pilot.choose(chosen)


class _Reported:
    """A gate whose result is told as soon as it is there."""

    def __init__(self, gate: Gate, emit: EventSink) -> None:
        self._gate, self._emit = gate, emit
        self.name, self.version = gate.name, gate.version

    async def check(self, trajectory: Trajectory, sandbox: Sandbox) -> GateResult:
        result = await self._gate.check(trajectory, sandbox)
        self._emit({"event": "gate", **result.model_dump(mode="json")})
        return result


def _unreachable(why: str) -> GeneratorError:
    return GeneratorError(f"the model does not answer: {why}; the same command goes on from here")


def _tagged(emit: EventSink, name: dict[str, Any]) -> EventSink:
    """A sink that says of every event which unit it belongs to."""

    def tagged(event: dict[str, Any]) -> None:
        emit({**name, **event})

    return tagged
