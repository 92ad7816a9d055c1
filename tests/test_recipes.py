"""The recipe's further steps in the loop: invented problems, translations, a judge whose refusals are revised.

Answers are recorded; the judge of this toy language reads the verdict out of the code.
"""

import json
from typing import Any

import pytest

from execfeedback.admission import parents, record_or_rejection
from execfeedback.errors import SandboxError
from execfeedback.gates.judge import JudgeGate
from execfeedback.generators.replay import Recording, Replay
from execfeedback.ids import digest
from execfeedback.loop import FLAWED, run_trajectory
from execfeedback.protocols import Completion, Request, Sandbox
from execfeedback.types import (
    Derivation,
    Execution,
    Failure,
    Item,
    Job,
    ModelCall,
    Problem,
    Record,
    StepResult,
    Trajectory,
    Verdict,
)
from execfeedback.units import review_limit

CODE = "def longest_run(text):\n    return max(len(run) for run in text.split())\n"
SEED = Problem(
    id="s", statement="", derived=Derivation(how="inspired", language="python", code=CODE, topic="museums")
)
INVENTED = """Topic: museums
Difficulty: hard
Function: quietest
Problem:
A museum notes how many visitors stand in each room. `quietest(rooms)` returns the number of the emptiest room.
"""
PLAIN = Problem(id="p", statement="Add.", entry_point="add", tests="assert add(1, 2) == 3")
APPROVED = json.dumps({"correct": 1, "style": 1, "remarks": ""})
UGLY = json.dumps({"correct": 1, "style": 0, "remarks": "call it total"})
TESTS = "```python\nassert quietest([3, 1]) == 1\n```"


class Spoken(Replay):
    """A replay that keeps what it was asked."""

    def __init__(self, *answers: tuple[str, str, str]) -> None:
        super().__init__(
            [Recording.model_validate({"problem": p, "kind": k, "text": t}) for p, k, t in answers]
        )
        self.requests: list[Request] = []

    async def complete(self, request: Request) -> Completion:
        self.requests.append(request)
        return await super().complete(request)


class Checkers:
    """A sandbox in which Python's checkers find an undefined name wherever the code says `undefined`, and a wrong type in
    everything."""

    async def run(self, job: Job) -> Execution:
        if not any(step.argv[0] == "ruff" for step in job.steps):
            raise SandboxError("only checkers run here")
        found = [{"code": "F821", "message": "Undefined name `x`", "location": {"row": 2}}]
        said = json.dumps(found if "undefined" in str(job.files) else [])
        ends = [StepResult(cause="exited", exit_code=0, stdout=text) for text in ("", said)]
        if any("mypy" in step.argv for step in job.steps):
            words = "solution.py:2: error: Incompatible return value type  [return-value]"
            ends.append(StepResult(cause="exited", exit_code=1, stdout=words))
        return Execution(steps=tuple(ends))


class Memory(dict[str, ModelCall]):
    def put(self, call: ModelCall) -> None:
        self[call.id] = call


async def judge(item: Item, sandbox: Sandbox) -> Verdict:
    passed = "right" in str(item.solution)
    failure = None if passed else Failure(test="assert add(1, 2) == 3", message="got: 4\nexpected: 3")
    return Verdict(
        id=item.id,
        verdict="passed" if passed else "wrong_answer",
        passed=passed,
        failure=failure,
        environment="e",
    )


async def run(generator: Replay, **state: Any) -> Trajectory:
    return await run_trajectory(
        Trajectory.model_validate(state),
        generator,
        Checkers(),
        on_event=lambda event: None,
        calls=Memory(),
        judge=judge,
    )


def code(name: str, word: str, language: str = "python") -> str:
    return f"```{language}\ndef {name}(x):\n    return x  # {word}\n```"


# ---- a problem after a snippet ---------------------------------------------------------------------------------------


async def test_a_seed_becomes_a_problem_with_tests_and_a_solution() -> None:
    generator = Spoken(
        ("s", "problem", "No."),
        ("s", "problem", INVENTED),
        ("s~0", "tests", TESTS),
        ("s~0", "solution", code("quietest", "right")),
    )
    trajectory = await run(generator, problem=SEED)
    assert trajectory.stopped == "passed"
    assert [request.kind for request in generator.requests] == ["problem", "problem", "tests", "solution"]
    assert [request.role for request in generator.requests] == ["writer", "writer", "tester", "solver"]
    problem = trajectory.problem
    assert (problem.id, problem.entry_point, problem.difficulty, problem.tags) == (
        "s~0", "quietest", "hard", ("museums",),
    )  # fmt: skip
    assert trajectory.notes and "no usable problem" in trajectory.notes[0]
    first, again, *later = [request.messages[-1].content for request in generator.requests]
    assert "longest_run" in first and "Its topic is to be: museums." in first
    assert "Your last answer was of no use" in again
    assert not any("longest_run" in told for told in later), "neither tester nor solver sees the snippet"
    record = record_or_rejection(trajectory, (), expected=())
    assert isinstance(record, Record)
    assert (record.origin, record.parents) == ("synthetic", (digest({"solution": CODE}),))
    assert record.problem.derived == SEED.derived


async def test_a_writer_without_a_problem_ends_it() -> None:
    trajectory = await run(Spoken(*[("s", "problem", "I cannot.")] * 5), problem=SEED)
    assert (trajectory.stopped, len(trajectory.calls)) == ("no_statement", 3)


# ---- translation -----------------------------------------------------------------------------------------------------


async def test_a_translator_sees_the_source_and_so_does_its_reviser() -> None:
    made = Derivation(how="translated", language="python", code=CODE, parents=("r1",))
    problem = Problem(
        id="p@rust", statement="The longest run.", language="php", entry_point="longest_run",
        style="cases", tests=[{"args": ["a"], "expected": 1}], derived=made,
    )  # fmt: skip
    generator = Spoken(
        ("p@rust", "solution", "```php\nwrong\n```"), ("p@rust", "revision", "```php\nright\n```")
    )

    class NoFindings(Checkers):
        async def run(self, job: Job) -> Execution:
            return Execution(steps=tuple(StepResult(cause="exited", exit_code=0) for _ in job.steps))

    trajectory = await run_trajectory(
        Trajectory(problem=problem),
        generator,
        NoFindings(),
        on_event=lambda event: None,
        calls=Memory(),
        judge=judge,
    )
    assert (trajectory.stopped, trajectory.origin) == ("passed", "translated")
    solve, revise = generator.requests
    assert (solve.prompt.split("@")[0], revise.prompt.split("@")[0]) == ("translate", "revise")
    assert CODE.strip() in solve.messages[-1].content and CODE.strip() in revise.messages[1].content
    assert parents(trajectory)[:2] == ["r1", digest({"solution": CODE})]
    assert len(parents(trajectory)) == 3, "and the faulty translation"


# ---- static checks where admission asks them -------------------------------------------------------------------------


async def test_a_pass_with_an_error_by_the_checkers_is_revised() -> None:
    generator = Spoken(
        ("p", "solution", code("add", "right undefined")), ("p", "revision", code("add", "right"))
    )
    trajectory = await run(generator, problem=PLAIN, checked=True)
    first, second = trajectory.attempts
    assert (first.verdict.verdict, first.verdict.reasons, first.verdict.passed) == (
        "rejected",
        ("static",),
        False,
    )
    assert first.feedback == f"{FLAWED}\nStatic checks:\n    line 2: error: Undefined name `x` [F821]"
    assert second.verdict.passed and trajectory.stopped == "passed"


async def test_findings_go_with_a_failure_and_without_the_gate_nobody_looks() -> None:
    answers = ("p", "solution", code("add", "wrong undefined"))
    told = (await run(Spoken(answers), problem=PLAIN, checked=True)).attempts[0].feedback
    assert told.startswith("Wrong answer.") and "Undefined name `x`" in told
    assert "Static" not in (await run(Spoken(answers), problem=PLAIN)).attempts[0].feedback


async def test_types_are_told_with_a_failure_and_end_no_pass() -> None:
    answers = [("p", "solution", code("add", "wrong")), ("p", "revision", code("add", "right"))]
    failed, passed = (await run(Spoken(*answers), problem=PLAIN, checked=True)).attempts
    assert "line 2: warning: Incompatible return value type [return-value]" in failed.feedback
    assert (passed.verdict.verdict, passed.feedback) == ("passed", "")


# ---- the judge -------------------------------------------------------------------------------------------------------


async def judged(*answers: tuple[str, str], limit: int = 2, **state: Any) -> tuple[Trajectory, Spoken]:
    generator = Spoken(*(("p", kind, text) for kind, text in answers))
    return await run(generator, problem=PLAIN, review_limit=limit, **state), generator


async def gate(trajectory: Trajectory) -> str:
    return (await JudgeGate().check(trajectory, Checkers())).reason


async def test_what_a_judge_refuses_is_revised_by_its_remarks() -> None:
    trajectory, generator = await judged(
        ("solution", code("add", "right")),
        ("judge", UGLY),
        ("revision", code("add", "right, total")),
        ("judge", APPROVED),
    )
    assert trajectory.stopped == "passed"
    assert [request.kind for request in generator.requests] == ["solution", "judge", "revision", "judge"]
    assert generator.requests[1].role == "judge"
    assert "call it total" in generator.requests[2].messages[-1].content
    assert [review.approved for review in trajectory.reviews] == [False, True]
    assert [attempt.verdict.passed for attempt in trajectory.attempts] == [True, True]
    assert await gate(trajectory) == ""


async def test_a_refusal_that_no_revision_mends_is_the_gate_s_and_says_why() -> None:
    answers = [("solution", code("add", "right")), *[("judge", UGLY)] * 3]
    trajectory, _ = await judged(*answers, *[("revision", code("add", f"right {n}")) for n in range(3)])
    assert (trajectory.stopped, len(trajectory.attempts), len(trajectory.reviews)) == ("passed", 3, 3)
    assert await gate(trajectory) == "style"


async def test_refusals_take_no_attempt_away_from_failures() -> None:
    trajectory, _ = await judged(
        ("solution", code("add", "right")),
        ("judge", UGLY),
        ("revision", code("add", "wrong 1")),
        ("revision", code("add", "right 2")),
        ("judge", APPROVED),
        max_attempts=2,
    )
    assert (trajectory.stopped, len(trajectory.attempts)) == ("passed", 3)


async def test_marks_that_cannot_be_read_are_asked_for_again_and_end_with_a_reason() -> None:
    asked, generator = await judged(
        ("solution", code("add", "right")), ("judge", "Looks good to me!"), ("judge", APPROVED)
    )
    assert (asked.stopped, await gate(asked)) == ("passed", "")
    assert "not one JSON object" in generator.requests[2].messages[-1].content
    never, _ = await judged(("solution", code("add", "right")), *[("judge", "2/2")] * 4)
    assert (never.stopped, len(never.calls), never.reviews) == ("passed", 4, ())
    assert await gate(never) == "unreadable"


async def test_without_a_judge_nobody_is_asked() -> None:
    trajectory = await run(Spoken(("p", "solution", code("add", "right"))), problem=PLAIN)
    assert (trajectory.stopped, len(trajectory.calls)) == ("passed", 1)
    assert await gate(trajectory) == "not_asked"


@pytest.mark.parametrize(
    ("gates", "limit"), [((), None), ((JudgeGate(),), 2), ((JudgeGate(revisions=0),), 0)]
)
def test_the_gate_says_how_often_refusals_are_revised(
    gates: tuple[JudgeGate, ...], limit: int | None
) -> None:
    assert review_limit(gates) == limit
