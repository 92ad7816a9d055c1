"""Two solutions observed on the same inputs: what tells them apart, and what cannot be compared."""

import pytest
from gate_fakes import HostSandbox

from execfeedback.behaviour_in_sandbox import Observation, comparable, difference, observe
from execfeedback.types import Case, Contract, Execution, Item, Job, StdioCase, StepResult

ABS = "def absolute(n):\n    return n if n >= 0 else -n\n"
OFF = "def absolute(n):\n    return n if n >= -1 else -n\n"
ASSERTS = "assert absolute(3) == 3\nassert absolute(-5) == 5\n"


def item(solution: str, **given: object) -> Item:
    shape = {"id": "x", "language": "python", "style": "asserts", "tests": ASSERTS, "entry_point": "absolute"}
    return Item.model_validate({**shape, "solution": solution, **given})


async def seen(given: Item, sandbox: object = None) -> tuple[Observation, ...]:
    return await observe(given, sandbox or HostSandbox(), seed=0, limit=24, call_cpu_s=0.5)


async def both(sandbox: object) -> None:
    accepted, same = await seen(item(ABS), sandbox), await seen(item("absolute = abs\n"), sandbox)
    assert comparable(accepted) >= 8
    assert difference(accepted, same) is None
    told = difference(accepted, await seen(item(OFF), sandbox))
    assert told is not None
    assert (told.call, told.text) == ("(-1)", "(1, [-1], {})")


async def test_an_input_near_the_tests_tells_two_solutions_apart() -> None:
    await both(HostSandbox())


@pytest.mark.docker
async def test_an_input_near_the_tests_tells_two_solutions_apart_in_the_real_sandbox(sandbox: object) -> None:
    await both(sandbox)


async def test_cases_are_examples_too() -> None:
    cases = (Case(args=(3,), expected=3), Case(args=(-5,), expected=5))
    given = item(ABS, style="cases", tests=cases)
    assert [one.call for one in await seen(given)] == [one.call for one in await seen(item(ABS))]


async def test_changed_arguments_count_unless_the_contract_says_that_they_do_not() -> None:
    tests = "assert take([1, 2]) == 1\nassert take([3]) == 3\n"
    keeps, eats = "def take(xs):\n    return xs[0]\n", "def take(xs):\n    return xs.pop(0)\n"
    undecided = [item(code, entry_point="take", tests=tests) for code in (keeps, eats)]
    decided = [one.model_copy(update={"contract": Contract(mutates=False)}) for one in undecided]
    assert difference(*[await seen(one) for one in undecided]) is not None
    assert difference(*[await seen(one) for one in decided]) is None


async def test_what_the_accepted_solution_refuses_tells_nothing() -> None:
    strict = "def absolute(n):\n    if n not in (3, -5):\n        raise ValueError(n)\n    return abs(n)\n"
    accepted = await seen(item(strict))
    assert comparable(accepted) == 2
    assert {one.text for one in accepted if one.outcome == "raised"} == {"ValueError"}
    assert difference(accepted, await seen(item("absolute = abs\n"))) is None


async def test_a_late_answer_is_no_value() -> None:
    slow = "def absolute(n):\n    while n == 3:\n        pass\n    return abs(n)\n"
    late = [
        one.call
        for one in await observe(item(slow), HostSandbox(), seed=0, limit=8, call_cpu_s=0.05)
        if one.outcome == "late"
    ]
    assert late == ["(3)"]


@pytest.mark.parametrize(
    "noise",
    [
        'print(\'["a", "value", "1"]\')\n',
        "import os\nos.write(1, b'x')\n",
        "import sys\nsys.stdout.close()\n",
    ],
)
async def test_what_a_solution_prints_is_no_answer(noise: str) -> None:
    assert await seen(item(noise + ABS)) == await seen(item(ABS))


@pytest.mark.parametrize(
    "code", ["import os\nos._exit(0)\n", "raise SystemExit\n", "x = (\n", "absolute = 3\n"]
)
async def test_a_solution_that_ends_itself_answers_nothing(code: str) -> None:
    assert comparable(await seen(item(code))) == 0


async def test_missing_answers_are_not_the_same() -> None:
    accepted = await seen(item(ABS))
    assert difference(accepted, ()) == accepted[0]
    assert difference((), accepted) is None


async def test_programs_are_compared_by_their_tokens_or_exactly() -> None:
    cases = (StdioCase(stdin="1 2\n", stdout="3\n"), StdioCase(stdin="4 5\n", stdout="9\n"))
    codes = [
        "a, b = map(int, input().split())\nprint(a + b)\n",
        "a, b = map(int, input().split())\nprint('', a + b)\n",
    ]
    tokens = [item(code, style="stdio", tests=cases, entry_point=None) for code in codes]
    exact = [one.model_copy(update={"checker": "exact"}) for one in tokens]
    assert difference(*[await seen(one) for one in tokens]) is None
    assert difference(*[await seen(one) for one in exact]) is not None
    assert comparable(await seen(tokens[0])) >= 8


async def test_nothing_to_go_by_gives_nothing() -> None:
    sandbox = HostSandbox()
    assert await seen(item(ABS, entry_point=None), sandbox) == ()
    assert await seen(item(ABS, language="go"), sandbox) == ()
    assert sandbox.jobs == []
    assert await seen(item(ABS, tests="assert absolute(x) == 1\n"), sandbox) == ()


class Says:
    def __init__(self, stdout: str) -> None:
        self.stdout = stdout

    async def run(self, job: Job) -> Execution:
        return Execution(steps=(StepResult(cause="exited", exit_code=0, stdout=self.stdout),))


@pytest.mark.parametrize(
    ("stdout", "whole"),
    [
        ("", 0),
        ('["c", "value", "1"]\n["d", "val', 1),
        ('["c", "value", "1"]\n{"a": 1}\n', 1),
        ('["c", "forged", "1"]\n', 0),
        ('["c", "value", 1]\n', 0),
        ("[" * 100_000, 0),
    ],
)
async def test_lines_that_are_no_answers_end_the_reading(stdout: str, whole: int) -> None:
    assert len(await seen(item(ABS), Says(stdout))) == whole
