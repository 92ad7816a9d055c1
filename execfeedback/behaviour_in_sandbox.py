"""What a solution answers on inputs near those of its tests, seen in the sandbox, and how two differ."""

import json
from collections.abc import Sequence, Set
from typing import Literal

from execfeedback.behaviour import script_files
from execfeedback.behaviour.inputs import varied_stdins
from execfeedback.languages import language
from execfeedback.protocols import Sandbox
from execfeedback.script_jobs import answer_of, ask
from execfeedback.types import Case, Item, Job, Limits, Problem, StdioCase, Step, StepResult, Value

_LIMITS = Limits(cpu_s=5, wall_s=15, memory_mb=512, output_kb=1024)
_PROGRAM_INPUTS = 16
"""Inputs for a whole program: each is a run of its own."""
_CALL_CPU_S = 0.05
"""Of a call of an original that another solution is compared with."""
_START_S = 0.2
"""CPU seconds that starting a program may take."""


class Observation(Value):
    """One input and what came of it. Only `value` can be compared: the rest may be outside the problem."""

    call: str
    outcome: Literal["value", "raised", "late", "opaque"]
    text: str


class Expectation(Value):
    """What a text expects of one call, as `observe_values` writes calls and values."""

    source: int
    """Place of the text among those that were read; -1 for what the problem itself shows."""
    call: str
    value: str
    line: str
    """As an assert."""


class Expected(Value):
    """What tests and statement expect, and all calls that they and the signature show, one a line."""

    expected: tuple[Expectation, ...] = ()
    tests: str = ""


async def expected_by(problem: Problem, tests: Sequence[str], sandbox: Sandbox, given: str = "") -> Expected:
    """What several test texts and the problem's statement expect; tests that were `given` with the problem count as the
    statement's own examples. Python functions only; nothing foreign is run."""
    question = {
        "entry_point": problem.entry_point,
        "tests": list(tests),
        "given": given,
        "statement": problem.statement,
        "prompt": problem.prompt or "",
    }
    answer = answer_of(await ask(sandbox, "expected.py", script_files(), question, _LIMITS))
    rows = [dict(zip(Expectation.model_fields, row, strict=True)) for row in answer.get("expected", ())]
    return Expected(expected=rows, tests=answer.get("tests", ""))


async def observe(
    item: Item, sandbox: Sandbox, *, seed: int, limit: int, call_cpu_s: float
) -> tuple[Observation, ...]:
    """Answers of the item's solution to at most `limit` inputs; none where no example call can be read.

    Python only. `call_cpu_s` is the CPU time of one call. They are claims of untrusted code.
    """
    return await _observe(item, sandbox, seed, limit, call_cpu_s, loose=False)


async def observe_values(
    item: Item, sandbox: Sandbox, *, seed: int, limit: int, call_cpu_s: float
) -> tuple[Observation, ...]:
    """The same, as `==` sees it: equal numbers have one text, and what became of the arguments is left out."""
    return await _observe(item, sandbox, seed, limit, call_cpu_s, loose=True)


async def _observe(
    item: Item, sandbox: Sandbox, seed: int, limit: int, call_cpu_s: float, loose: bool
) -> tuple[Observation, ...]:
    if item.language != "python" or not isinstance(item.solution, str):
        return ()
    if item.style == "stdio":
        return await _observe_program(
            item, item.solution, sandbox, seed, min(limit, _PROGRAM_INPUTS), call_cpu_s
        )
    if item.entry_point is None:
        return ()
    question = {"seed": seed, "limit": limit, "call_cpu_s": call_cpu_s, "entry_point": item.entry_point}
    question |= {"loose": loose, "arguments": not loose and item.contract.mutates is not False}
    asked = json.dumps({**question, **_examples(item)})
    step = Step(argv=("python3", "behaviour.py"), stdin=asked, warm=True)
    files = {**script_files(), "solution.py": item.solution}
    job = Job(environment=language(item.language).image, files=files, limits=_LIMITS, steps=(step,))
    return _read((await sandbox.run(job)).steps[0].stdout)


def _examples(item: Item) -> dict[str, object]:
    if isinstance(item.tests, str):
        return {"tests": item.tests}
    return {"cases": [(case.args, case.kwargs) for case in item.tests if isinstance(case, Case)]}


def _read(stdout: str) -> tuple[Observation, ...]:
    """Whatever lines are whole; the text is untrusted, and may be cut."""
    found = []
    for line in stdout.splitlines():
        try:
            call, outcome, text = json.loads(line)
            found.append(Observation(call=call, outcome=outcome, text=text))
        except (ValueError, TypeError, RecursionError):
            return tuple(found)
    return tuple(found)


async def _observe_program(
    item: Item, code: str, sandbox: Sandbox, seed: int, limit: int, call_cpu_s: float
) -> tuple[Observation, ...]:
    examples = [case.stdin for case in item.tests if isinstance(case, StdioCase)]
    stdins = varied_stdins(examples, limit, seed)
    steps = tuple(Step(argv=("python3", "solution.py"), stdin=stdin, warm=True) for stdin in stdins)
    limits = _LIMITS.model_copy(update={"cpu_s": call_cpu_s + _START_S})
    files = {"solution.py": code}
    job = Job(environment=language(item.language).image, files=files, limits=limits, steps=steps)
    results = (await sandbox.run(job)).steps if steps else ()
    exact = item.checker not in (None, "tokens")
    return tuple(_program_answer(stdin, step, exact) for stdin, step in zip(stdins, results, strict=True))


def _program_answer(stdin: str, step: StepResult, exact: bool) -> Observation:
    text = step.stdout if exact else " ".join(step.stdout.split())
    if step.cause in ("cpu", "wall"):
        return Observation(call=stdin, outcome="late", text="")
    if step.cause != "exited" or step.exit_code != 0:
        return Observation(call=stdin, outcome="raised", text=str(step.exit_code))
    return Observation(call=stdin, outcome="value", text=text)


def comparable(observations: Sequence[Observation]) -> int:
    """How many inputs can tell another solution from this one."""
    return sum(observation.outcome == "value" for observation in observations)


def difference(
    one: Sequence[Observation], other: Sequence[Observation], raised: Set[str] = frozenset()
) -> Observation | None:
    """The first input to which `one` answers a value, or an exception of `raised`, and `other` something else or nothing."""
    answered = {observation.call: observation for observation in other}
    told = (o for o in one if o.outcome == "value" or (o.outcome == "raised" and o.text in raised))
    differing = (o for o in told if answered.get(o.call) != o)
    return next(differing, None)


async def compared(
    item: Item, original: str, sandbox: Sandbox, *, seed: int, limit: int, raised: Set[str] = frozenset()
) -> dict[str, object]:
    """Whether an item's solution answers as `original` does: how many inputs were `compared`, and where they differ the
    `input`, what was `expected` and what it `got`. Exceptions count where they are among `raised`. The solution may take
    ten times the original's CPU time."""
    first = item.model_copy(update={"solution": original})
    truth = await observe(first, sandbox, seed=seed, limit=limit, call_cpu_s=_CALL_CPU_S)
    answers = await observe(item, sandbox, seed=seed, limit=limit, call_cpu_s=10 * _CALL_CPU_S)
    found = difference(truth, answers, raised)
    if found is None:
        return {"compared": comparable(truth)}
    given = {answer.call: answer for answer in answers}.get(found.call)
    got = f"{given.outcome} {given.text}" if given else "nothing"
    expected = f"{found.outcome} {found.text}"
    return {"input": found.call, "expected": expected, "got": got, "compared": comparable(truth)}
