"""The verdict of one item: which jobs it needs, in which order, and what they mean together.

`judge.py` decides what one execution means; here are the rules over several: arguments that changed with an undecided
contract, programs run once for each input, cases that go on after one that overran a limit, held-out cases.
"""

import itertools

from execfeedback import checkers, each_test, jobs
from execfeedback.driver_cases import driver_cases_verdict, unverifiable
from execfeedback.errors import SandboxError
from execfeedback.interactive import (
    environment_for,
    interactive_job,
    interactor_decision,
    interactor_of,
    talk_decision,
)
from execfeedback.judge import Decision, charged_s, compile_decision, split_verdict, step_verdict, verdict
from execfeedback.languages import Language, language, languages, spoken_names
from execfeedback.native_tests import harness_for, native_verdict
from execfeedback.nesting import DEEPEST, too_deep
from execfeedback.protocols import Sandbox
from execfeedback.types import (
    Case,
    Execution,
    Failure,
    Item,
    Limits,
    SpecialJudge,
    StdioCase,
    StepResult,
    TestCounts,
    Verdict,
)

STDIO_PORTION = 32
"""Inputs in one job."""
PORTION_BYTES = 32 << 20
"""Of inputs, and of outputs as far as they are kept, in one job."""


async def verdict_of(item: Item, sandbox: Sandbox, fresh_seed: int | None = None) -> Verdict:
    """Run an item and judge it. `fresh_seed`: in interpreters that were started with that hash seed.

    Raises SandboxError for our faults, InputError for an item that says what cannot be."""
    if item.language not in spoken_names():
        there = ", ".join(sorted(languages()))
        return unverifiable(
            item, "language", f"language {item.language!r} is not offered; there are: {there}"
        )
    if (field := too_deep(item)) is not None:
        return unverifiable(item, "too_deep", f"field {field!r}: is nested more than {DEEPEST} deep")
    spoken = language(item.language)
    if item.style == "stdio":
        found = await stdio_verdict(item, spoken, sandbox, jobs.stdio_in(item), fresh_seed)
    elif not spoken.split:
        found = await elsewhere_verdict(item, spoken, sandbox, fresh_seed)
    else:
        given = item.model_copy(update={"style": "asserts"}) if item.style == "native" else item
        found = await tested_verdict(given, spoken, sandbox, fresh_seed)
        if item.integrity == "shared" and "needs_shared" in found.reasons:
            found = await shared_verdict(given, spoken, sandbox, fresh_seed)
    if found.verdict == "passed" and item.holdout:
        return await held_out(item, found, spoken, sandbox, fresh_seed)
    return found


# ---- languages other than Python -------------------------------------------------------------------------------


async def elsewhere_verdict(
    item: Item, spoken: Language, sandbox: Sandbox, fresh_seed: int | None
) -> Verdict:
    """Calls are judged outside; test programs share a process with the solution, where the item allows it."""
    if item.style == "cases":
        return await driver_cases_verdict(item, spoken, sandbox, jobs.cases_in(item), fresh_seed)
    if item.style not in ("asserts", "native"):
        return unverifiable(
            item,
            "style",
            f"style {item.style!r} is Python's; in {spoken.name} there are stdio, cases and native",
        )
    harness = harness_for(item, spoken)
    if harness is None:
        return unverifiable(item, "style", f"{spoken.name} has no test programs; use 'stdio' or 'cases'")
    if item.integrity != "shared":
        message = f"style {item.style!r} in {spoken.name} needs one process for tests and solution"
        return unverifiable(item, "needs_shared", message)
    return await native_verdict(item, spoken, sandbox, harness, fresh_seed)


# ---- tests in a judge process ------------------------------------------------------------------------------------


async def tested_verdict(item: Item, spoken: Language, sandbox: Sandbox, fresh_seed: int | None) -> Verdict:
    """With an undecided contract the outcome must be the same whether changed arguments reach the tests or not."""
    write_back = bool(item.contract.mutates)

    async def judged(write_back: bool) -> tuple[Verdict, bool]:
        if item.style == "cases":
            return await cases_verdict(item, spoken, sandbox, jobs.cases_in(item), write_back, fresh_seed)
        execution = await sandbox.run(
            jobs.split_job(item, spoken, write_back=write_back, fresh_seed=fresh_seed)
        )
        return split_verdict(item, execution), mutated(execution)

    found, changed = await judged(write_back)
    if not changed or item.contract.mutates is not None:
        return found
    return settled(item, found, (await judged(not write_back))[0])


async def shared_verdict(item: Item, spoken: Language, sandbox: Sandbox, fresh_seed: int | None) -> Verdict:
    """Tests that need one process with the solution, for an item that allows it. The verdict says `shared`."""
    job = jobs.split_job(item, spoken, write_back=True, fresh_seed=fresh_seed)
    assert job.split is not None
    shared = job.split.model_copy(update={"shared": True})
    return split_verdict(item, await sandbox.run(job.model_copy(update={"split": shared})))


def mutated(execution: Execution) -> bool:
    return execution.split is not None and execution.split.mutated


def settled(item: Item, without: Verdict, written_back: Verdict) -> Verdict:
    if without.passed == written_back.passed:
        return without
    message = (
        "the solution changes its arguments, and the tests pass only "
        + ("without" if without.passed else "with")
        + " these changes; say in contract.mutates whether they are part of the answer"
    )
    found = unverifiable(item, "contract_mutates", message)
    return without.model_copy(
        update=found.model_dump(include={"verdict", "passed", "reasons"}) | {"failure": found.failure}
    )


async def cases_verdict(
    item: Item,
    spoken: Language,
    sandbox: Sandbox,
    cases: tuple[Case, ...],
    write_back: bool,
    fresh_seed: int | None,
) -> tuple[Verdict, bool]:
    """All cases; after one that ended the solution's process the rest go on in a new one."""
    limits = jobs.limits_of(item, spoken)
    parts: list[Verdict] = []
    changed, left, spent_s = False, cases, 0.0
    while True:
        execution = await sandbox.run(
            jobs.case_job(item, spoken, left, write_back=write_back, fresh_seed=fresh_seed)
        )
        spent_s += charged_s(execution, limits)
        parts.append(split_verdict(item, execution))
        changed = changed or mutated(execution)
        ran = execution.split.tests if execution.split else ()
        left = left[max(1, sum(t.outcome != "not_run" for t in ran)) :]
        ended = (
            parts[-1].verdict in ("time_limit", "memory_limit", "output_limit", "runtime_error")
            and ran[-1:]
            and ran[-1].outcome == "not_run"
        )
        if not left or not ended or item.stop_on == "first_failure" or spent_s > limits.total_wall_s:
            return joined(parts, len(cases)), changed


def joined(parts: list[Verdict], expected: int) -> Verdict:
    """One verdict of several runs of the same item: the first failure, everything counted."""
    first = next((part for part in parts if part.verdict != "passed"), parts[0])
    tests = TestCounts(
        expected=expected,
        passed=sum(p.tests.passed for p in parts),
        failed=sum(p.tests.failed for p in parts),
    )
    totals = {"cpu_s": sum(p.cpu_s for p in parts), "wall_s": sum(p.wall_s for p in parts)}
    peak = max(p.memory_peak_mb for p in parts)
    results = each_test.joined(parts)
    return first.model_copy(update={"tests": tests, "results": results, "memory_peak_mb": peak, **totals})


# ---- programs ----------------------------------------------------------------------------------------------------


async def stdio_verdict(
    item: Item, spoken: Language, sandbox: Sandbox, cases: tuple[StdioCase, ...], fresh_seed: int | None
) -> Verdict:
    """One run for each input; the output is compared here, or an interactor has judged it."""
    limits = jobs.limits_of(item, spoken)
    interactor = interactor_of(item)
    environment = environment_for(item, spoken, interactor) if interactor else None
    if interactor and environment is None:
        message = f"no image speaks {spoken.name} and the interactor's language, {interactor.language}"
        return unverifiable(item, "interactor_language", message)
    spent_s = 0.0
    done: list[tuple[StepResult, Decision]] = []
    execution = Execution()
    most = 1 if item.stop_on == "first_failure" else STDIO_PORTION
    while len(done) < len(cases):
        portion = fitting(cases[len(done) : len(done) + most], limits)
        if interactor and environment:
            job = interactive_job(item, spoken, interactor, portion, environment, fresh_seed)
        else:
            job = jobs.stdio_job(item, spoken, portion, fresh_seed=fresh_seed)
        left_s = max(limits.total_wall_s - spent_s, 0.0)
        execution = await sandbox.run(job.model_copy(update={"total_wall_s": left_s}))
        spent_s += charged_s(execution, limits)
        if decision := compile_decision(execution):
            counts = TestCounts(expected=len(cases))
            name, reasons, failure = decision
            results = each_test.of_decisions([], len(cases)) if item.results else ()
            return verdict(item, execution, execution.compile[-1], name, reasons, counts, failure, results)
        if decision := interactor_decision(execution):
            name, reasons, failure = decision
            nothing = StepResult(cause="exited")
            return verdict(item, execution, nothing, name, reasons, TestCounts(expected=len(cases)), failure)
        if not 0 < len(execution.steps) <= len(portion):
            raise SandboxError(f"{len(portion)} inputs were given and {len(execution.steps)} measured")
        for case, step, talk in itertools.zip_longest(portion, execution.steps, execution.talks):
            if step is None:  # the time was over, or the slot was lost
                break
            number, own_image = len(done) + 1, environment == spoken.image
            if talk:
                done.append((step, talk_decision(case, step, talk, number, own_image)))
            elif interactor and step_verdict(step, accepted=True)[0] == "passed":
                raise SandboxError("a program ended well, and nothing came back of its interactor")
            else:
                done.append((step, await case_decision(item, case, step, number, sandbox, limits)))
        if item.stop_on == "first_failure" and done[-1][1][0] != "passed":
            break
        cut_short = len(execution.steps) < len(portion)
        if len(done) < len(cases) and (cut_short or spent_s > limits.total_wall_s):
            failure = Failure(
                test=f"case {len(done) + 1}", message="the item's total time is over (total_wall_s)"
            )
            done.append((done[-1][0], ("time_limit", ("total_wall",), failure)))
            break
    return stdio_summary(item, execution, done, len(cases))


def fitting(cases: tuple[StdioCase, ...], limits: Limits) -> tuple[StdioCase, ...]:
    """The first ones, as many as a frame of the job and of its measurement surely hold; at least one."""
    sizes = itertools.accumulate(len(case.stdin) + (limits.output_kb << 10) for case in cases)
    return cases[: max(1, sum(size <= PORTION_BYTES for size in sizes))]


async def case_decision(
    item: Item, case: StdioCase, step: StepResult, number: int, sandbox: Sandbox, limits: Limits
) -> Decision:
    name, reasons = step_verdict(step, accepted=True)
    if name == "passed":
        accepted = step.utf8 and await output_accepted(item, case, step.stdout, sandbox, limits)
        if accepted is None:
            return (
                "bad_tests",
                ("tests_error",),
                Failure(test=f"case {number}", message="the special judge gave no verdict"),
            )
        name, reasons = step_verdict(step, accepted)
    if name == "passed":
        return name, reasons, None
    message = f"input:\n{case.stdin}\nexpected:\n{case.stdout}\ngot:\n{step.stdout}"
    if not step.utf8:
        message += "\nthe output is not UTF-8: \ufffd stands for bytes that are no character."
    return name, reasons, Failure(test=f"case {number}", message=message, traceback=step.stderr[-8000:])


async def output_accepted(
    item: Item, case: StdioCase, got: str, sandbox: Sandbox, limits: Limits
) -> bool | None:
    """None when a special judge ended with anything but accept (42) or wrong answer (43)."""
    if not isinstance(item.checker, SpecialJudge):
        return checkers.accepts(item.checker, got, case.stdout)
    execution = await sandbox.run(jobs.special_judge_job(item.checker, case, got, limits))
    if not execution.steps:
        return None
    return {42: True, 43: False}.get(execution.steps[0].exit_code or 0)


def stdio_summary(
    item: Item, execution: Execution, done: list[tuple[StepResult, Decision]], expected: int
) -> Verdict:
    if not done:
        empty = Failure(test="tests", message="there is no case")
        return verdict(
            item, execution, StepResult(cause="exited"), "bad_tests", ("no_tests",), TestCounts(), empty
        )
    step, (name, reasons, failure) = next((d for d in done if d[1][0] != "passed"), done[-1])
    passed = sum(decision[0] == "passed" for _, decision in done)
    tests = TestCounts(expected=expected, passed=passed, failed=len(done) - passed)
    total = step.model_copy(
        update={
            "cpu_s": sum(s.cpu_s for s, _ in done),
            "wall_s": sum(s.wall_s for s, _ in done),
            "memory_peak_mb": max(s.memory_peak_mb for s, _ in done),
        }
    )
    results = each_test.of_decisions([decision for _, decision in done], expected) if item.results else ()
    return verdict(item, execution, total, name, reasons, tests, failure, results)


# ---- held-out cases ----------------------------------------------------------------------------------------------


async def held_out(
    item: Item, found: Verdict, spoken: Language, sandbox: Sandbox, fresh_seed: int | None
) -> Verdict:
    """A solution that passed its tests must also pass cases that it was never shown."""
    hidden = item.model_copy(update={"holdout": (), "tests": item.holdout, "stop_on": "first_failure"})
    stdio = isinstance(item.holdout[0], StdioCase)
    again = await verdict_of(
        hidden.model_copy(update={"style": "stdio" if stdio else "cases"}), sandbox, fresh_seed
    )
    if again.verdict == "passed":
        return found
    if again.verdict in ("bad_tests", "unverifiable"):
        return again.model_copy(update={"results": found.results})
    return found.model_copy(
        update={"verdict": "rejected", "passed": False, "reasons": ("held_out",), "failure": again.failure}
    )
