"""Performs what `plan` asks, until it asks to stop. The trajectory is all state; a step makes a new one.

A run that is taken up again replays the calls that were kept and asks only for the next. The generator's
faults end their own trajectory and are noted in it; a fault of the sandbox goes up to whoever can retry.
"""

import asyncio
from collections import Counter
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

from execfeedback.calling import CallCache, fetched, request_for
from execfeedback.consulting import questioned, restarted, weighed
from execfeedback.disputes import contradicted
from execfeedback.errors import GeneratorError, GeneratorExhausted, SandboxError
from execfeedback.feedback import feedback
from execfeedback.findings import findings_in
from execfeedback.findings import told as findings_told
from execfeedback.items import item_for, suite_of
from execfeedback.languages import language
from execfeedback.originals import known_behaviour
from execfeedback.parsing import solution_in
from execfeedback.parts import divided
from execfeedback.plan import (
    Ask,
    Consult,
    RunOriginal,
    RunTests,
    Step,
    Stop,
    WeighTests,
    WriteSolution,
    plan,
)
from execfeedback.protocols import EventSink, Generator, Sandbox
from execfeedback.reviewing import reviewed
from execfeedback.statements import stated
from execfeedback.suites import tests_in
from execfeedback.types import (
    Attempt,
    Item,
    ModelCall,
    Origin,
    Problem,
    Solution,
    Style,
    Tests,
    TestSuite,
    Trajectory,
    Verdict,
    Witness,
)
from execfeedback.verdicts import verdict_of

__all__ = ["Bench", "CallCache", "answered", "begun", "perform", "run_trajectory"]

FLAWED = "All tests passed, but the code has errors that show without running it."
_MISSING = {
    "tests": "tests",
    "test_revision": "tests",
    "problem": "usable problem",
    "document": "usable description",
    "judge": "marks",
}

Judge = Callable[[Item, Sandbox], Awaitable[Verdict]]


@dataclass(frozen=True)
class Bench:
    """What a trajectory is worked on with."""

    generator: Generator
    sandbox: Sandbox
    on_event: EventSink
    calls: CallCache
    judge: Judge = verdict_of
    feedback_chars: int = 4000
    prompts_dir: Path | None = None


async def run_trajectory(
    trajectory: Trajectory,
    generator: Generator,
    sandbox: Sandbox,
    *,
    on_event: EventSink,
    calls: CallCache,
    judge: Judge = verdict_of,
    feedback_chars: int = 4000,
    prompts_dir: Path | None = None,
) -> Trajectory:
    """The trajectory at its end. Raises SandboxError, and InputError for a prompt of the user's."""
    bench = Bench(generator, sandbox, on_event, calls, judge, feedback_chars, prompts_dir)
    trajectory = begun(trajectory, generator)
    while trajectory.stopped is None:
        trajectory = await perform(plan(trajectory), trajectory, bench)
    return trajectory


def begun(trajectory: Trajectory, generator: Generator) -> Trajectory:
    """The trajectory with the tests that its problem came with and the origin that its generator gives it."""
    edits = generator.edits_references and trajectory.problem.reference is not None
    derived = trajectory.problem.derived
    origin: Origin = "semi_synthetic" if edits else "synthetic"
    if derived is not None and derived.how != "inspired":
        origin = derived.how
    suite = trajectory.suite or suite_of(trajectory.problem)
    return trajectory.model_copy(update={"suite": suite, "origin": origin})


async def perform(step: Step, trajectory: Trajectory, bench: Bench) -> Trajectory:
    """The trajectory after one step."""
    if isinstance(step, Stop):
        return _stopped(trajectory, step.reason, bench)
    if isinstance(step, RunTests):
        return await _run_tests(step, trajectory, bench)
    if isinstance(step, RunOriginal):
        suite, compared = await known_behaviour(trajectory.problem, bench.sandbox)
        return trajectory.model_copy(update={"suite": suite, "compared": compared})
    if isinstance(step, Consult):
        return await _consult(step, trajectory, bench)
    if isinstance(step, WeighTests):
        return await _weigh(step, trajectory, bench)
    return await _ask(step, trajectory, bench)


def _stopped(trajectory: Trajectory, reason: str, bench: Bench, note: str | None = None) -> Trajectory:
    notes = (*trajectory.notes, note) if note else trajectory.notes
    bench.on_event(_event("stop", trajectory, reason=reason, attempts=len(trajectory.attempts), note=note))
    return trajectory.model_copy(update={"stopped": reason, "notes": notes})


async def _run_tests(step: RunTests, trajectory: Trajectory, bench: Bench) -> Trajectory:
    """The verdict on the pending solution. Held-out cases are for admission, so they are not run here."""
    verdict = await _judged(bench, trajectory.problem, step.solution.code, step.suite)
    verdict, told = await _told(trajectory, step.solution.code, verdict, bench)
    attempt = Attempt(solution=step.solution, verdict=verdict, feedback=told)
    number = len(trajectory.attempts)
    bench.on_event(
        _event("attempt", trajectory, attempt=number, verdict=verdict.verdict, passed=verdict.passed)
    )
    return trajectory.model_copy(update={"attempts": (*trajectory.attempts, attempt), "solution": None})


async def _judged(bench: Bench, problem: Problem, code: str, suite: TestSuite) -> Verdict:
    item = item_for(problem, code, suite).model_copy(update={"holdout": ()})
    verdict = await bench.judge(item, bench.sandbox)
    if verdict.verdict is None:
        raise SandboxError(verdict.error or "the sandbox gave no verdict and no reason")
    return verdict


async def _told(trajectory: Trajectory, code: str, verdict: Verdict, bench: Bench) -> tuple[Verdict, str]:
    """The verdict, and what the author of the solution reads: what happened, and what the language's checkers find while
    there is room. Where admission asks these checkers, an error of theirs ends a pass."""
    budget = bench.feedback_chars
    said = "" if verdict.passed else feedback(trajectory.problem, verdict, budget)
    if verdict.passed is None or not (trajectory.checked or _checked_always(trajectory, verdict)):
        return verdict, said
    spoken = language(trajectory.problem.language)
    found = await findings_in(code, spoken, bench.sandbox, advice=not verdict.passed) or ()
    if verdict.passed and any(finding.severity == "error" for finding in found):
        verdict = verdict.model_copy(update={"verdict": "rejected", "passed": False, "reasons": ("static",)})
        said = FLAWED
    remarks = "" if verdict.passed else findings_told(found, budget - len(said) - 1)
    return verdict, f"{said}\n{remarks}" if remarks else said


def _checked_always(trajectory: Trajectory, verdict: Verdict) -> bool:
    """A compiled language's warnings go with every failure; Python's own run says most of what its checkers would."""
    return not verdict.passed and not language(trajectory.problem.language).split


async def _consult(step: Consult, trajectory: Trajectory, bench: Bench) -> Trajectory:
    """The trajectory with what independent solutions say of its tests. A generator that has no more to say is one less."""
    asked = await asyncio.gather(
        *(_other_try(trajectory, sample, bench) for sample in step.samples), return_exceptions=True
    )
    for failed in asked:
        if isinstance(failed, GeneratorError) and not isinstance(failed, GeneratorExhausted):
            return _stopped(trajectory, "model", bench, f"{type(failed).__name__}: {failed}")
        if isinstance(failed, BaseException) and not isinstance(failed, GeneratorError):
            raise failed
    found = [witness for witness in asked if isinstance(witness, Witness)]
    return await _questioned(trajectory, [*_own_witnesses(trajectory), *found], step.suite, bench)


def _own_witnesses(trajectory: Trajectory) -> list[Witness]:
    """The reference, or the first try: nothing was told about either before it was written."""
    reference, first = trajectory.problem.reference, trajectory.attempts[0].solution
    if reference is not None:
        return [Witness(source="reference", code=reference)]
    return [Witness(source="sample", code=first.code)]


async def _other_try(trajectory: Trajectory, sample: int, bench: Bench) -> Witness | None:
    """The first try of another sample: the same call as it makes itself."""
    other = trajectory.model_copy(update={"sample": sample})
    request = request_for(WriteSolution(attempt=0, again=False), other, bench.generator, bench.prompts_dir)
    call, known = await fetched(request, bench.generator, bench.calls)
    bench.on_event(_call_event(other, call, request.attempt, known))
    code = solution_in(call.text, trajectory.problem)
    return None if code is None else Witness(source="sample", code=code, call=call)


async def _questioned(
    trajectory: Trajectory, witnesses: Sequence[Witness], suite: TestSuite, bench: Bench
) -> Trajectory:
    judged = partial(_judged, bench, trajectory.problem)
    heard = await asyncio.gather(*(questioned(witness, suite, judged) for witness in witnesses))
    bench.on_event(_event("evidence", trajectory, witnesses=len(heard), against=len(contradicted(heard))))
    return trajectory.model_copy(update={"witnesses": tuple(heard)})


async def _weigh(step: WeighTests, trajectory: Trajectory, bench: Bench) -> Trajectory:
    """The trajectory under the tests that stand after a revision, and the ledger of what was done to them."""
    judged, witnesses = partial(_judged, bench, trajectory.problem), trajectory.witnesses or ()
    suite, ledger = await weighed(step.old, step.new, witnesses, judged, bench.sandbox)
    kinds = Counter(
        f"{change.kind}{'' if change.accepted else ' (refused)'}"
        for change in ledger
        if change.kind != "kept"
    )
    bench.on_event(_event("tests_revised", trajectory, changes=dict(kinds)))
    return await _questioned(restarted(trajectory, suite, ledger), witnesses, suite, bench)


async def _ask(step: Ask, trajectory: Trajectory, bench: Bench) -> Trajectory:
    request = request_for(step, trajectory, bench.generator, bench.prompts_dir)
    try:
        call, known = await fetched(request, bench.generator, bench.calls)
    except GeneratorExhausted as error:
        return _stopped(trajectory, "exhausted", bench, str(error))
    except GeneratorError as error:
        return _stopped(trajectory, "model", bench, f"{type(error).__name__}: {error}")
    bench.on_event(_call_event(trajectory, call, request.attempt, known))
    return answered(trajectory, call)


def answered(trajectory: Trajectory, call: ModelCall) -> Trajectory:
    """The trajectory with a call and what could be read out of it: a statement, tests, a solution, a review, or a note."""
    after = trajectory.model_copy(update={"calls": (*trajectory.calls, call)})
    if call.kind in ("problem", "document"):
        problem = stated(call.text, after.problem, after.sample)
        return _noted(after, call) if problem is None else after.model_copy(update={"problem": problem})
    if call.kind == "judge":
        return reviewed(call, after) or _noted(after, call)
    if call.kind == "tests":
        found = tests_in(call.text, trajectory.problem)
        return _noted(after, call) if found is None else _tested(found, call, after)
    if call.kind == "test_revision":
        found = tests_in(call.text, trajectory.problem)
        suite = trajectory.suite
        if found is None or suite is None or found[0] != suite.style:
            return _noted(after, call)
        return after.model_copy(update={"proposed": suite.model_copy(update={"tests": found[1]})})
    code = solution_in(call.text, trajectory.problem)
    if code is None:
        return _noted(after, call)
    return after.model_copy(update={"solution": Solution(code=code, author=call.model, call=call.id)})


def _tested(found: tuple[Style, Tests], call: ModelCall, trajectory: Trajectory) -> Trajectory:
    """The trajectory with generated tests, some of which only admission will see."""
    style, tests = found
    suite = TestSuite(
        style=style,
        tests=tests,
        origin="generated",
        author=call.model,
        seen="reference" if trajectory.origin == "semi_synthetic" else "statement",
        call=call.id,
    )
    share, seed = trajectory.rules.held_out_share, trajectory.seed
    seen, held_out = divided(suite, share, trajectory.problem.id, seed)
    return trajectory.model_copy(update={"suite": seen, "held_out": held_out})


def _noted(trajectory: Trajectory, call: ModelCall) -> Trajectory:
    missing = _MISSING.get(call.kind, "code")
    why = f" (finish: {call.finish})" if call.finish not in (None, "stop") else ""
    note = f"{call.kind} {call.id[:12]}: no {missing} in {len(call.text)} characters{why}"
    return trajectory.model_copy(update={"notes": (*trajectory.notes, note)})


def _call_event(trajectory: Trajectory, call: ModelCall, attempt: int, known: bool) -> dict[str, Any]:
    facts = call.model_dump(
        include={"id", "kind", "model", "tokens_in", "tokens_out", "reasoning_tokens", "cost_usd"}
    )
    return _event("call", trajectory, attempt=attempt, cached=known, **facts)


def _event(name: str, trajectory: Trajectory, **facts: Any) -> dict[str, Any]:
    return {"event": name, "problem": trajectory.problem.id, "sample": trajectory.sample, **facts}
