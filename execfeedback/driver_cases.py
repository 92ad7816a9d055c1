"""`cases` in languages other than Python: a driver calls the solution, and what it prints is compared here.

The driver reads the arguments as words (`tokens.py`) and prints each answer on a line of its own that begins with a word
chosen for the run. The expected values never enter the sandbox, so whatever a solution prints is only an answer.

All cases run in one process first, within the limits of one. Cases that got no answer there run alone, each with its own
limits: so limits hold for each call, and a start of the language's run-time is paid once.
"""

import re
import secrets

from execfeedback import each_test, jobs, tokens
from execfeedback.harness import harness_job
from execfeedback.judge import Decision, charged_s, compile_decision, step_verdict, verdict
from execfeedback.languages import Language
from execfeedback.protocols import Sandbox
from execfeedback.tokens import Fault, Raised
from execfeedback.types import (
    Case,
    Execution,
    Failure,
    FloatChecker,
    Item,
    Job,
    StepResult,
    TestCounts,
    Verdict,
)

PORTION = 500
MARK = "@execfeedback-"


async def driver_cases_verdict(
    item: Item, spoken: Language, sandbox: Sandbox, cases: tuple[Case, ...], fresh_seed: int | None
) -> Verdict:
    """The verdict of `cases` by the language's driver. Raises what `Sandbox.run` raises."""
    if wrong := not_carried(item, spoken, cases):
        return unverifiable(item, *wrong)
    if not cases:
        return empty(item)
    run = Run(item, spoken, sandbox, fresh_seed)
    decisions = await run.together(cases)
    for number, case in enumerate(cases):
        if isinstance(decisions, Verdict):
            return decisions
        if decisions[number] is None and run.spent_s > run.limits.total_wall_s:
            late = Failure(test=f"case {number + 1}", message="the item's total time is over (total_wall_s)")
            decisions[number] = "time_limit", ("total_wall",), late
        elif decisions[number] is None:
            decisions[number] = await run.alone(case, number)
        if decisions[number][0] != "passed" and item.stop_on == "first_failure":  # type: ignore[index]
            break
    assert not isinstance(decisions, Verdict)
    return run.summary([one for one in decisions if one is not None], len(cases))


class Run:
    """One item's cases: what ran, and what it used."""

    def __init__(self, item: Item, spoken: Language, sandbox: Sandbox, fresh_seed: int | None) -> None:
        self.item, self.spoken, self.sandbox, self.fresh_seed = item, spoken, sandbox, fresh_seed
        self.execution = Execution()
        self.steps: list[StepResult] = []
        self.limits, self.spent_s = jobs.limits_of(item, spoken), 0.0

    async def run(self, job: Job) -> None:
        self.execution = await self.sandbox.run(job)
        self.spent_s += charged_s(self.execution, self.limits)

    async def together(self, cases: tuple[Case, ...]) -> list[Decision | None] | Verdict:
        """All in one process: a decision for each case that was answered. A verdict where nothing could run."""
        found: list[Decision | None] = []
        for start in range(0, len(cases), PORTION):
            portion = cases[start : start + PORTION]
            mark = f"{MARK}{secrets.token_hex(8)}"
            await self.run(self.job(mark, portion))
            if decision := compile_decision(self.execution):
                return self.uncompiled(decision, len(cases))
            step = self.execution.steps[0]
            self.steps.append(step)
            given = answers(step, mark)
            found += [
                self.decision(case, given[n], step, start + n) if n in given else None
                for n, case in enumerate(portion)
            ]
        return found

    async def alone(self, case: Case, number: int) -> Decision:
        mark = f"{MARK}{secrets.token_hex(8)}"
        await self.run(self.job(mark, (case,)))
        step = self.execution.steps[0]
        self.steps.append(step)
        text = answers(step, mark).get(0)
        name, reasons = step_verdict(step, accepted=True)
        if text is not None and name == "passed":
            return self.decision(case, text, step, number)
        if name == "passed":
            name, reasons = "runtime_error", ("exited",)
        message = f"{self.call(case)} gave no value: the program ended before"
        return (
            name,
            reasons,
            Failure(test=f"case {number + 1}", message=message, traceback=step.stderr[-8000:]),
        )

    def job(self, mark: str, cases: tuple[Case, ...]) -> Job:
        spoken, driver = self.spoken, self.spoken.cases
        assert driver is not None and self.item.entry_point is not None
        arity = range(len(cases[0].args))
        words = {
            "@ENTRY@": self.item.entry_point,
            "@BIND@": "\n".join(driver.bind.replace("{i}", str(i)) for i in arity),
            "@NAMES@": ", ".join(driver.name.replace("{i}", str(i)) for i in arity),
            "@SPACED@": " ".join(driver.name.replace("{i}", str(i)) for i in arity),
            "@ARITY@": str(len(arity)),
            "@AFTER@": "\n".join(self.after()),
        }
        given = "\n".join(
            f"{len(case.args)} " + " ".join(tokens.encoded(a) for a in case.args) for case in cases
        )
        return harness_job(
            self.item,
            spoken,
            harness=driver.files,
            words=words,
            compiling=driver.compile,
            run=driver.run,
            env={},
            inputs=(f"{mark} {len(cases)}\n{given}\n",),
            fresh_seed=self.fresh_seed,
            aside=driver.aside,
        )

    def after(self) -> list[str]:
        """The lines that the driver has for what the solution's text says."""
        assert self.spoken.cases is not None
        text = str(jobs.files_of(self.item, self.spoken)[jobs.main_file_of(self.item, self.spoken)])
        return [
            m.expand(line) for p, line in self.spoken.cases.after.items() for m in re.finditer(p, text, re.M)
        ]

    def decision(self, case: Case, text: str, step: StepResult, number: int) -> Decision:
        """What one answer means."""
        try:
            got = tokens.decoded(text, self.spoken.cases.vague if self.spoken.cases else "")
        except (ValueError, UnicodeEncodeError) as error:
            got = Fault(f"the answer is no plain value: {error}")
        if self.right(case, got):
            return "passed", (), None
        wanted = f"an exception ({case.raises})" if case.raises else repr(case.expected)
        message = f"{self.call(case)} gave {got!r}, expected {wanted}"
        failure = Failure(test=f"case {number + 1}", message=message[:8000], traceback=step.stderr[-8000:])
        if isinstance(got, Fault):
            return "runtime_error", ("exception",), failure
        if isinstance(got, Raised):
            return (
                ("wrong_answer", ("no_exception",), failure)
                if case.raises
                else ("runtime_error", ("exception",), failure)
            )
        return "wrong_answer", ("value",), failure

    def right(self, case: Case, got: object) -> bool:
        if case.raises is not None or isinstance(got, Raised | Fault):
            return case.raises is not None and isinstance(got, Raised)
        checker = self.item.checker
        tolerance = checker.float if isinstance(checker, FloatChecker) else self.item.contract.tolerance
        ordered = checker != "unordered" and self.item.contract.ordered
        return tokens.same(got, case.expected, tolerance, ordered=ordered)

    def call(self, case: Case) -> str:
        return f"{self.item.entry_point}({', '.join(repr(a)[:1000] for a in case.args)})"

    def uncompiled(self, decision: Decision, expected: int) -> Verdict:
        counts = TestCounts(expected=expected)
        name, reasons, failure = decision
        results = each_test.of_decisions([], expected) if self.item.results else ()
        step = self.execution.compile[-1]
        return verdict(self.item, self.execution, step, name, reasons, counts, failure, results)

    def summary(self, decisions: list[Decision], expected: int) -> Verdict:
        name, reasons, failure = next((d for d in decisions if d[0] != "passed"), decisions[-1])
        passed = sum(d[0] == "passed" for d in decisions)
        counts = TestCounts(expected=expected, passed=passed, failed=len(decisions) - passed)
        worst = next((s for s in self.steps if s.cause != "exited" or s.exit_code != 0), self.steps[-1])
        totals = {
            "cpu_s": sum(s.cpu_s for s in self.steps),
            "wall_s": sum(s.wall_s for s in self.steps),
            "memory_peak_mb": max(s.memory_peak_mb for s in self.steps),
            "stdout": without_answers(worst.stdout),
        }
        step = worst.model_copy(update=totals)
        results = each_test.of_decisions(decisions, expected) if self.item.results else ()
        return verdict(self.item, self.execution, step, name, reasons, counts, failure, results)


def answers(step: StepResult, mark: str) -> dict[int, str]:
    """Number of the case -> the words of its answer, from whole lines. What comes twice counts as it came first."""
    found: dict[int, str] = {}
    if step.truncated:
        return found
    for line in step.stdout.split("\n")[:-1]:
        head, _, rest = line.partition(" ")
        number, _, words = rest.partition(" ")
        if head == mark and number.isascii() and number.isdigit() and len(number) < 9:
            found.setdefault(int(number), words)
    return found


def without_answers(stdout: str) -> str:
    return "\n".join(line for line in stdout.split("\n") if not line.startswith(MARK))


def not_carried(item: Item, spoken: Language, cases: tuple[Case, ...]) -> tuple[str, str] | None:
    """(reason, message) for cases that the language's driver cannot carry."""
    if spoken.cases is None:
        return "language", f"{spoken.name} has no driver for style 'cases'; use 'stdio'"
    if any(case.kwargs for case in cases):
        return "needs_kwargs", f"keyword arguments cannot be given to a solution in {spoken.name}"
    if len({len(case.args) for case in cases}) > 1:
        return "needs_one_arity", f"all cases must give the same number of arguments in {spoken.name}"
    if not (item.entry_point or "").replace("_", "a").replace(".", "a").isalnum():
        return "entry_point", f"{item.entry_point!r} is no name of a function in {spoken.name}"
    for number, case in enumerate(cases, start=1):
        try:
            "".join(map(tokens.encoded, case.args))
        except ValueError as error:  # half a surrogate pair, say
            return "arguments", f"case {number}: {error}"
    return None


def unverifiable(item: Item, reason: str, message: str) -> Verdict:
    failure = Failure(test="", message=message)
    return Verdict(id=item.id, verdict="unverifiable", passed=None, reasons=(reason,), failure=failure)


def empty(item: Item) -> Verdict:
    failure = Failure(test="tests", message="there is no case")
    return Verdict(id=item.id, verdict="bad_tests", passed=None, reasons=("no_tests",), failure=failure)
