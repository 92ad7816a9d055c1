"""Recorded samples through our checks: what each rule says of them, the evidence, and the truth."""

import json
from collections.abc import Sequence
from typing import Any, NamedTuple

from kept_runs import KeptRuns
from recordings import Group, Tasks, Try

from execfeedback.agreement import Answers, answers_of, meets, standing
from execfeedback.behaviour_in_sandbox import Expected, Observation, expected_by, observe_values
from execfeedback.confidence import Evidence, count_tests
from execfeedback.gates.discriminating import DiscriminatingGate
from execfeedback.items import item_for, suite_of
from execfeedback.languages import language
from execfeedback.protocols import Sandbox
from execfeedback.types import Contract, Item, Job, Limits, LimitsGiven, Problem, Step, Verdict
from execfeedback.verdicts import verdict_of

LIMITS = LimitsGiven(cpu_s=5, wall_s=15, total_wall_s=60)
INPUTS, SEED, CALL_CPU_S = 192, 1, 0.1


class Row(NamedTuple):
    """One sample: what each rule says of it, the evidence, and the truth."""

    id: str
    file: str
    task: str
    runs: bool
    visible: bool
    """It passes the visible tests: the statement's examples, else the first tests that the model wrote."""
    shown: bool
    """It passes the statement's examples, where it has any."""
    evidence: Evidence
    right: bool
    """By the task's tests and the inputs that HumanEval+ adds; of a task that is not known by the recording's label."""
    right_base: bool
    """By the task's own tests alone, or the label."""
    label: bool | None


class Replayed:
    """Everything that is run, each question once."""

    def __init__(self, known: Tasks, sandbox: Sandbox, kept: KeptRuns, killing: bool) -> None:
        self.known, self.sandbox, self.kept, self.killing = known, sandbox, kept, killing

    # ---- truth: never seen by what is judged

    async def truth(self, group: Group, one: Try, code: str) -> tuple[bool, bool] | None:
        """By the task's own tests, and by these and the added inputs, with the canonical solution as the oracle. Where
        the oracle itself cannot answer these within the limits, the own tests decide alone. Of a task that is not known
        the label decides, which is of the last attempt; None where nothing says the truth of `code`."""
        own = self.known.problems.get(group.task)
        if own is None:
            return None if one.label is None or code != one.codes[-1] else (one.label, one.label)
        base = item_for(own, code, suite_of(own))
        if not await self.passes(base):
            return False, False
        more = self.known.more_inputs.get(group.task)
        if more is None or not await self.passes(more_item(own, own.reference, *more)):
            return True, True
        return True, await self.passes(more_item(own, code, *more))

    async def passes(self, item: Item) -> bool:
        return bool((await self.verdict(item)).passed)

    async def verdict(self, item: Item) -> Verdict:
        asked = item.model_copy(update={"id": "x", "limits": LIMITS})

        async def run() -> Any:
            return (await verdict_of(asked, self.sandbox)).model_dump(mode="json", include=KEPT)

        return Verdict(**await self.kept("verdict", asked.model_dump(mode="json"), run))

    async def runs(self, code: str) -> bool:
        """Whether the program ends with 0, which is all that an exit code says."""
        step = Step(argv=("python3", "solution.py"), warm=True)
        job = Job(
            environment=language("python").image,
            files={"solution.py": code},
            limits=Limits(cpu_s=5, wall_s=15),
            steps=(step,),
        )

        async def run() -> Any:
            return (await self.sandbox.run(job)).steps[0].exit_code == 0

        return bool(await self.kept("runs", job.model_dump(mode="json"), run))

    # ---- evidence

    async def expected(self, problem: Problem, tests: Sequence[str], given: str) -> Expected:
        async def run() -> Any:
            return (await expected_by(problem, tests, self.sandbox, given)).model_dump(mode="json")

        if problem.entry_point is None:
            return Expected()
        question = [problem.model_dump(mode="json"), list(tests), given]
        return Expected(**await self.kept("expected", question, run))

    async def answers(self, problem: Problem, code: str, calls: str) -> Answers:
        item = item_of(problem, code, calls)

        async def run() -> Any:
            seen = await observe_values(item, self.sandbox, seed=SEED, limit=INPUTS, call_cpu_s=CALL_CPU_S)
            return [one.model_dump() for one in seen]

        found = await self.kept("observe", [item.model_dump(mode="json"), INPUTS, SEED, CALL_CPU_S], run)
        return answers_of([Observation(**one) for one in found])

    async def killed(
        self, problem: Problem, chosen: "Chosen", shown: Sequence[str], own: Answers, expected: Expected
    ) -> float | None:
        """Share of twelve mutants that fail the examples and the written tests that the solution meets; None without
        examples."""
        met = [one.line for one in expected.expected if one.source >= 0 and meets(own, one)]
        suite = "\n".join(dict.fromkeys([*shown, *met][:40]))
        if not self.killing or not shown or not chosen.passes:
            return None
        item = item_of(problem, chosen.code, suite)

        async def run() -> Any:
            gate = DiscriminatingGate(mutants=12, threshold=0.0)
            found = await self.verdict(item)
            result = await gate.examine(item, chosen.code, found, self.sandbox)
            fates = result.evidence.get("fates", {})
            return [fates.get("killed", 0), fates.get("survived", 0)]

        killed, survived = await self.kept("killed", item.model_dump(mode="json"), run)
        return killed / (killed + survived) if killed + survived else None

    # ---- one problem

    async def rows(self, together: Sequence[Group]) -> list[Row]:
        """The samples of one problem, of one file or of several, each among all others."""
        problem = max((group.problem for group in together), key=lambda one: len(one.statement))
        given = "\n".join(line for group in together for line in group.visible)
        expected = await self.expected(problem, [text for group in together for text in group.tests], given)
        tried = [
            (group, shown, one, await self.chosen(group, shown, one))
            for group in together
            for shown in [await self.shown(group)]
            for one in group.tries
        ]
        codes = dict.fromkeys(chosen.code for *_, chosen in tried)
        seen = {code: await self.answers(problem, code, expected.tests) for code in codes}
        rows = [await self.row(*one, seen, expected) for one in tried]
        return [row for row in rows if row is not None]

    async def shown(self, group: Group) -> tuple[str, ...]:
        """The examples that the author was shown: as they were recorded, else those of the statement."""
        stated = await self.expected(group.problem, (), "")
        return group.visible or tuple(one.line for one in stated.expected)

    async def row(
        self,
        group: Group,
        shown: Sequence[str],
        one: Try,
        chosen: "Chosen",
        seen: dict[str, Answers],
        expected: Expected,
    ) -> Row | None:
        """None where nothing says whether the sample is right."""
        truth = await self.truth(group, one, chosen.code)
        if truth is None:
            return None
        own = seen[chosen.code]
        others = [answers for code, answers in seen.items() if code != chosen.code]
        evidence = Evidence(
            attempts=chosen.attempt,
            given=len(shown) if chosen.passes else 0,
            generated=0 if shown or not chosen.passes else count_tests(visible(group, shown)),
            killed=await self.killed(group.problem, chosen, shown, own, expected),
            standing=standing(own, others, expected.expected),
        )
        meets_shown, runs, (base, strong) = chosen.passes or not shown, await self.runs(chosen.code), truth
        return Row(
            one.id,
            group.file,
            group.task,
            runs,
            chosen.passes,
            meets_shown,
            evidence,
            strong,
            base,
            one.label,
        )

    async def chosen(self, group: Group, shown: Sequence[str], one: Try) -> "Chosen":
        """The first attempt that passes the visible tests, else the last."""
        tests = visible(group, shown)
        for n, code in enumerate(one.codes, start=1):
            if tests and await self.passes(item_of(group.problem, code, tests)):
                return Chosen(n, code, True)
        return Chosen(len(one.codes), one.codes[-1], False)


class Chosen(NamedTuple):
    """The attempt that a sample ends with."""

    attempt: int
    code: str
    passes: bool


def visible(group: Group, shown: Sequence[str]) -> str:
    """What the published recipe runs: the examples, else the first tests that the model wrote."""
    return "\n".join(shown) or next(iter(group.tests), "")


KEPT = {"id", "verdict", "passed", "reasons", "tests", "cpu_s"}


def item_of(problem: Problem, code: str, tests: str) -> Item:
    return Item(
        id="x", language="python", solution=code, tests=tests, entry_point=problem.entry_point, limits=LIMITS
    )


MORE = """
import copy
import json

namespace = {{}}
exec({reference!r}, namespace)
expected = namespace[{name!r}]


def close(a, b):
    if isinstance(a, (list, tuple)) and isinstance(b, (list, tuple)):
        return type(a) == type(b) and len(a) == len(b) and all(close(x, y) for x, y in zip(a, b))
    numbers = isinstance(a, (int, float)) and isinstance(b, (int, float))
    if numbers and (isinstance(a, float) or isinstance(b, float)):
        return a == b or (a != a and b != b) or abs(a - b) <= max({tolerance}, 1e-6) * max(1, abs(b))
    return a == b


for inputs in json.loads({inputs!r}):
    try:
        want = expected(*copy.deepcopy(inputs))
    except Exception:
        continue
    assert close({name}(*copy.deepcopy(inputs)), want)
"""


def more_item(problem: Problem, code: str, inputs: list[Any], tolerance: float) -> Item:
    """The added inputs as an item: the tests hold the canonical solution, under another name."""
    text = MORE.format(
        name=problem.entry_point,
        reference=problem.reference,
        tolerance=tolerance,
        inputs=json.dumps(inputs),
    )
    return item_of(problem, code, text).model_copy(update={"contract": Contract(mutates=False)})
