"""The embedded generator: determinism, blindness, distinct samples, its tests, and what feedback is worth."""

import ast
import inspect
import random
from pathlib import Path

import pytest

from execfeedback import suites
from execfeedback.errors import GeneratorExhausted
from execfeedback.feedback import feedback
from execfeedback.generators.mutate import Shares, create, revise
from execfeedback.generators.mutate.first_try import role_of
from execfeedback.generators.mutate.oracle.calls import example_calls
from execfeedback.generators.mutate.oracle.script import answer as oracle_answer
from execfeedback.generators.mutate.repair.told import told
from execfeedback.generators.mutate.revision import script_files
from execfeedback.generators.mutate.slips import slip
from execfeedback.generators.mutate.wording import revision_text
from execfeedback.items import item_for, suite_of
from execfeedback.parsing import solution_in
from execfeedback.problems import load_problems
from execfeedback.protocols import Generator, Request, Sandbox
from execfeedback.types import Execution, Job, Problem, StepResult, Verdict
from execfeedback.verdicts import verdict_of

REFERENCE = (
    "import math\n\n\ndef biggest(numbers):\n    best = -math.inf\n    for number in numbers:\n"
    "        if number > best:\n            best = number\n    return best\n"
)
PROBLEM = Problem(
    id="p",
    statement="The biggest of some numbers.\n\n>>> biggest([1, 3, 2])\n3\n",
    entry_point="biggest",
    style="asserts",
    tests="assert biggest([1, 3, 2]) == 3\nassert biggest([-5]) == -5\n",
    reference=REFERENCE,
)
WRONG = "def add(a, b):\n    return a - b\n"
TOLD = "Wrong answer: 0 of 1 tests passed.\nFailing test: assert add(1, 2) == 3\nGot: -1\nExpected: 3"


class Scripted:
    """A sandbox that writes down its jobs and answers each with the same text."""

    def __init__(self, stdout: str) -> None:
        self.stdout, self.jobs = stdout, list[Job]()

    async def run(self, job: Job) -> Execution:
        self.jobs.append(job)
        return Execution(steps=(StepResult(cause="exited", exit_code=0, stdout=self.stdout),))


# ---- what the reviser sees -----------------------------------------------------------------------------------------


async def test_revision_gets_nothing_of_the_answer() -> None:
    fakes = [
        Scripted('{"code": "def add(a, b):\\n    return a + b\\n", "satisfied": true}') for _ in range(2)
    ]
    answers = []
    for fake, problem in zip(fakes, (PROBLEM, PROBLEM.blind()), strict=True):
        request = Request(kind="revision", problem=problem, messages=(), code=WRONG, feedback=TOLD)
        answers.append(await create(fake, seed=3).complete(request))
    assert answers[0] == answers[1]
    assert fakes[0].jobs == fakes[1].jobs
    sent = fakes[0].jobs[0].model_dump_json()
    assert "best = number" not in sent and "biggest([-5])" not in sent
    assert set(fakes[0].jobs[0].files) == {"repair.py", *script_files()}


def test_revise_takes_only_what_a_reviser_may_see() -> None:
    assert list(inspect.signature(revise).parameters) == [
        "statement",
        "entry_point",
        "code",
        "feedback",
        "sandbox",
        "seed",
    ]


async def test_revision_says_what_was_wrong() -> None:
    fixed = "def add(a, b):\n    return a + b\n"
    text = revision_text(WRONG, fixed, told(TOLD), sure=True)
    assert text.startswith(
        "`add(1, 2)` gave `-1` where `3` was expected. In line 2, `return a - b` should be"
    )
    assert solution_in(text, Problem(id="x", statement="", entry_point="add")) == fixed


@pytest.mark.parametrize("stdout", ["", "garbage", "[]", "{}", '{"code": 3}', '{"code": ""}', "[" * 100_000])
async def test_revision_survives_whatever_comes_out_of_the_sandbox(stdout: str) -> None:
    with pytest.raises(GeneratorExhausted):
        await revise("", None, WRONG, TOLD, Scripted(stdout), 0)


# ---- first tries ---------------------------------------------------------------------------------------------------


def test_roles_follow_their_shares_and_only_one_sample_is_right() -> None:
    first = [role_of(f"p{number}", 0, 1, Shares())[0] for number in range(1000)]
    assert (
        100 < first.count("right") < 200 and 15 < first.count("slip") < 70 and 60 < first.count("two") < 140
    )
    roles = [role_of("p", sample, 1, Shares(right=0.5)) for sample in range(40)]
    assert [role for role, _ in roles].count("right") == 1
    places = [place for role, place in roles if role != "right"]
    assert places == list(range(39))


def test_slips_are_small_and_not_in_strings() -> None:
    found = {slip(REFERENCE, random.Random(seed)) for seed in range(60)}
    assert {
        text for text in found if (text and text.startswith("\n\ndef")) or (text and text.startswith("def"))
    }
    broken = [text for text in found if text and not _parses(text)]
    assert broken and all(text is not None and abs(len(text) - len(REFERENCE)) < 20 for text in found)
    assert slip("x = 1\n", random.Random(0)) is None


def _parses(text: str) -> bool:
    try:
        ast.parse(text)
    except SyntaxError:
        return False
    return True


async def test_without_a_reference_or_in_another_language_it_is_exhausted() -> None:
    generator = create(Scripted('{"mutants": []}'))
    for problem in (PROBLEM.blind(), PROBLEM.model_copy(update={"language": "rust"}), PROBLEM):
        with pytest.raises(GeneratorExhausted):
            await generator.complete(Request(kind="solution", problem=problem, messages=(), sample=3))


def test_it_is_a_generator_that_edits_references() -> None:
    generator: Generator = create(Scripted(""), seed=4)
    assert isinstance(generator, Generator)
    assert (generator.name, generator.edits_references) == ("mutate", True)
    assert create(Scripted(""), seed=4).settings != create(Scripted(""), seed=5).settings


# ---- tests made of a reference ---------------------------------------------------------------------------------------


def made(reference: str, *texts: str, cases: list[list[object]] | None = None) -> list[str]:
    question = {"reference": reference, "entry_point": "f", "texts": list(texts), "cases": cases or []}
    return list(oracle_answer({**question, "seed": 1, "most": 12}).get("tests", []))


def test_tests_hold_for_the_reference_and_repeat() -> None:
    reference = "def f(words: list[str]) -> dict[str, int]:\n    return {w: words.count(w) for w in words}\n"
    tests = made(reference)
    assert len(tests) == 12 and tests == made(reference)
    names: dict[str, object] = {}
    exec(reference + "\n".join(tests), names)  # noqa: S102 - lines above


def test_inputs_stay_in_the_domain_that_examples_show() -> None:
    tests = made("def f(n):\n    assert n > 0\n    return 100 // n\n", ">>> f(4)\n25\n")
    assert len(tests) == 12 and "assert f(4) == 25" in tests
    assert all(int(test[9 : test.index(")")]) > 0 for test in tests)


def test_calls_that_raise_mutate_or_answer_no_plain_value_are_left_out() -> None:
    assert made("def f(a: list[int]):\n    a.append(1)\n    return a\n") == []
    assert made("def f(a: int):\n    raise ValueError\n") == []
    assert made("def f(a: int):\n    return object()\n") == []
    assert made("def f(a: int):\n    return float('nan')\n") == []
    assert made("def f(a):\n    return a\n") == []
    assert made("class f:\n    pass\n") == []


def test_cases_and_literals_show_arguments() -> None:
    assert example_calls(["assert candidate([1], 'a') == 2\n", "f(x)", "see f(3, b'')."], "f") == [
        ([1], "a"),
        (3, b""),
    ]
    assert made("def f(a, b):\n    return a + b\n", cases=[[1, 2], [3, 4]])[0].startswith("assert f(")
    assert "assert f({1, 2}) == {2, 3}" in made("def f(a):\n    return {x + 1 for x in a}\n", "f({1, 2})")


# ---- with the real sandbox -------------------------------------------------------------------------------------------


@pytest.mark.docker
async def test_answers_repeat_and_samples_differ(sandbox: Sandbox) -> None:
    requests = [Request(kind="solution", problem=PROBLEM, messages=(), sample=sample) for sample in range(12)]
    once = [await create(sandbox, seed=2).complete(request) for request in requests]
    again = [await create(sandbox, seed=2).complete(request) for request in reversed(requests)]
    assert once == list(reversed(again))
    codes = [solution_in(completion.text, PROBLEM) for completion in once]
    assert len(set(codes)) == 12 and None not in codes
    other = await create(sandbox, seed=3).complete(requests[0])
    assert other != once[0]
    with pytest.raises(GeneratorExhausted, match="used up"):
        await create(sandbox, seed=2).complete(requests[0].model_copy(update={"sample": 400}))


@pytest.mark.docker
async def test_written_tests_are_read_and_pass_the_reference(sandbox: Sandbox) -> None:
    problem = PROBLEM.model_copy(update={"tests": None})
    completion = await create(sandbox).complete(Request(kind="tests", problem=problem, messages=()))
    found = suites.tests_in(completion.text, problem)
    assert found is not None and found[0] == "asserts" and str(found[1]).count("assert ") == 12
    judged = problem.model_copy(update={"tests": found[1]})
    suite = suite_of(judged)
    assert suite is not None
    assert (await verdict_of(item_for(judged, REFERENCE, suite), sandbox)).verdict == "passed"


@pytest.mark.docker
async def test_a_hostile_solution_cannot_break_the_revision(sandbox: Sandbox) -> None:
    code = "import os, sys\nos.write(1, b'{}')\nos.kill(os.getppid(), 9)\ndef add(a, b):\n    return a - b\n"
    try:
        text = await revise("", "add", code, TOLD, sandbox, 0)
    except GeneratorExhausted:
        return
    assert "def add" in text


def bundled() -> list[Problem]:
    folder = Path(__file__).resolve().parent.parent / "problems" / "foundations"
    return [problem for problem in load_problems(folder) if problem.reference and suite_of(problem)][:18]


@pytest.mark.docker
async def test_the_true_feedback_repairs_more_than_none_or_that_of_another_problem(sandbox: Sandbox) -> None:
    problems = bundled()
    generator = create(sandbox, seed=1, right_share=0.0)

    async def passes(problem: Problem, code: str | None) -> Verdict | None:
        suite = suite_of(problem)
        assert suite is not None
        return await verdict_of(item_for(problem, code, suite), sandbox) if code else None

    wrong = []
    for problem in problems:
        completion = await generator.complete(Request(kind="solution", problem=problem, messages=()))
        code = solution_in(completion.text, problem)
        verdict = await passes(problem, code)
        if verdict is not None and verdict.passed is False:
            wrong.append((problem, code, feedback(problem, verdict)))
    rates = {}
    for arm in ("true", "none", "other"):
        fixed = 0
        for at, (problem, code, said) in enumerate(wrong):
            text = {"true": said, "none": "", "other": wrong[(at + 1) % len(wrong)][2]}[arm]
            request = Request(kind="revision", problem=problem.blind(), messages=(), code=code, feedback=text)
            revised = solution_in((await generator.complete(request)).text, problem)
            verdict = await passes(problem, revised)
            fixed += bool(verdict and verdict.passed)
        rates[arm] = fixed / len(wrong)
    assert len(wrong) >= 10
    assert rates["true"] >= 0.4
    assert rates["true"] >= 2 * max(rates["none"], rates["other"])
