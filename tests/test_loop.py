"""The loop with an honest scripted generator and an honest judge of a toy language: code that says its verdict."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from execfeedback.accepted import accepted_item
from execfeedback.errors import GeneratorBusy, GeneratorExhausted, SandboxError
from execfeedback.generators import litellm
from execfeedback.generators.replay import Recording, Replay
from execfeedback.ids import digest
from execfeedback.loop import Bench, begun, perform, run_trajectory
from execfeedback.mock_model import Line, MockModel, Serving
from execfeedback.plan import plan
from execfeedback.protocols import Completion, Request, Sandbox
from execfeedback.retrying import Patience
from execfeedback.types import Case, Execution, Failure, Item, Job, ModelCall, Problem, Trajectory, Verdict

TESTED = Problem(
    id="p1",
    statement="Add.",
    entry_point="add",
    tests="assert add(1, 2) == 3",
    reference="def add(a, b):\n    return a + b  # REFERENCE\n",
    holdout=(Case(args=(5, 6), expected=11),),
)
BARE = Problem(id="p2", statement="Add.", entry_point="add")


class Script:
    """A generator that writes what it is told: a verdict's name as code, `garbage`, `tests`, or an error to raise."""

    name = "script"
    edits_references = False

    def __init__(self, answers: Sequence[str | Exception], edits_references: bool = False) -> None:
        self.answers, self.edits_references = list(answers), edits_references
        self.requests: list[Request] = []
        self.settings = {"model": "toy"}

    async def complete(self, request: Request) -> Completion:
        self.requests.append(request)
        at = digest([request.kind, request.attempt, request.feedback, request.code])
        answer = (
            self.answers[len(self.requests) - 1] if len(self.requests) <= len(self.answers) else "garbage"
        )
        if isinstance(answer, Exception):
            raise answer
        texts = {"garbage": "I cannot do that.", "tests": "```python\nassert add(1, 2) == 3\n```"}
        code = f"```python\ndef add(a, b):\n    return {answer!r}  # {at[:6]}\n```"
        return Completion(text=texts.get(answer, code), model="toy", tokens_in=3, tokens_out=5, cost_usd=0.5)


class NoSandbox:
    """Nothing runs in these tests: the judge below reads the verdict out of the code."""

    async def run(self, job: Job) -> Execution:
        raise SandboxError("no sandbox here")


class Memory:
    """A call cache in memory."""

    def __init__(self) -> None:
        self.calls: dict[str, ModelCall] = {}

    def get(self, id: str) -> ModelCall | None:
        return self.calls.get(id)

    def put(self, call: ModelCall) -> None:
        assert call.id not in self.calls
        self.calls[call.id] = call


async def judge(item: Item, sandbox: Sandbox) -> Verdict:
    """The verdict that the code names."""
    _, said, rest = str(item.solution).partition("return '")
    name = rest.split("'")[0] if said else "runtime_error"
    passed = {"passed": True, "bad_tests": None, "unverifiable": None}.get(name, False)
    failure = None if passed else Failure(test="assert add(1, 2) == 3", message="got: 4\nexpected: 3")
    return Verdict.model_validate({"id": item.id, "verdict": name, "passed": passed, "failure": failure})


def bench(generator: Any, calls: Memory, events: list[dict[str, Any]], **options: Any) -> dict[str, Any]:
    return {
        "generator": generator,
        "sandbox": NoSandbox(),
        "on_event": events.append,
        "calls": calls,
        "judge": judge,
        **options,
    }


async def run(
    problem: Problem, answers: Sequence[str | Exception], **state: Any
) -> tuple[Trajectory, Script, list[Any]]:
    events: list[dict[str, Any]] = []
    generator = Script(answers, state.pop("edits_references", False))
    start = Trajectory(problem=problem, **state)
    return await run_trajectory(start, **bench(generator, Memory(), events)), generator, events


async def test_first_try_passes() -> None:
    trajectory, generator, events = await run(TESTED, ["passed"], sample=2, seed=9)
    assert trajectory.stopped == "passed"
    assert [attempt.verdict.verdict for attempt in trajectory.attempts] == ["passed"]
    assert trajectory.attempts[0].feedback == ""
    assert trajectory.suite is not None
    assert (trajectory.suite.origin, trajectory.origin) == ("given", "synthetic")
    assert trajectory.attempts[0].solution.call == trajectory.calls[0].id
    assert [(each["event"], each["problem"], each["sample"]) for each in events] == [
        ("call", "p1", 2),
        ("attempt", "p1", 2),
        ("stop", "p1", 2),
    ]
    assert (events[0]["cached"], events[0]["cost_usd"], events[1]["verdict"]) == (False, 0.5, "passed")
    assert (generator.requests[0].seed, generator.requests[0].sample) == (9, 2)


async def test_a_revision_is_told_what_failed() -> None:
    trajectory, generator, _ = await run(TESTED, ["wrong_answer", "passed"])
    assert trajectory.stopped == "passed"
    assert [attempt.verdict.verdict for attempt in trajectory.attempts] == ["wrong_answer", "passed"]
    second = generator.requests[1]
    assert (second.kind, second.attempt) == ("revision", 0)
    assert second.feedback == trajectory.attempts[0].feedback
    assert second.feedback == "Wrong answer.\nFailing test: assert add(1, 2) == 3\nGot: 4\nExpected: 3"
    assert [message.role for message in second.messages] == ["system", "user", "assistant", "user"]
    assert "'wrong_answer'" in second.messages[2].content
    assert second.feedback in second.messages[3].content
    assert second.prompt.startswith("revise@")


async def test_attempts_end() -> None:
    trajectory, generator, _ = await run(TESTED, ["wrong_answer"] * 9, max_attempts=3)
    assert (trajectory.stopped, len(trajectory.attempts), len(generator.requests)) == ("attempts", 3, 3)


async def test_tests_are_written_first_by_somebody_who_saw_no_solution() -> None:
    trajectory, generator, _ = await run(BARE, ["garbage", "tests", "passed"])
    assert trajectory.stopped == "passed"
    assert [request.kind for request in generator.requests] == ["tests", "tests", "solution"]
    assert all(request.code is None for request in generator.requests)
    suite = trajectory.suite
    assert suite is not None
    assert (suite.origin, suite.author, suite.seen, suite.call) == (
        "generated",
        "toy",
        "statement",
        trajectory.calls[1].id,
    )
    assert suite.tests == "assert add(1, 2) == 3\n"
    assert len(trajectory.notes) == 1
    assert "no tests in 17 characters" in trajectory.notes[0]


async def test_garbage_is_asked_again_then_given_up() -> None:
    trajectory, generator, _ = await run(TESTED, ["garbage"] * 9)
    assert (trajectory.stopped, len(trajectory.notes)) == ("no_code", 3)
    assert [request.attempt for request in generator.requests] == [0, 1, 2]
    assert "no code that could be found" not in generator.requests[0].messages[-1].content
    assert "no code that could be found" in generator.requests[1].messages[-1].content
    assert (await run(BARE, ["garbage"] * 9))[0].stopped == "no_tests"


@pytest.mark.parametrize("name", ["bad_tests", "unverifiable"])
async def test_faults_that_are_not_the_solutions_end(name: str) -> None:
    trajectory, _, _ = await run(TESTED, [name])
    assert (trajectory.stopped, len(trajectory.attempts)) == (name, 1)


async def test_a_generator_at_its_end_ends_the_problem() -> None:
    trajectory, _, _ = await run(TESTED, ["wrong_answer", GeneratorExhausted("nothing left")])
    assert (trajectory.stopped, trajectory.notes) == ("exhausted", ("nothing left",))
    assert len(trajectory.attempts) == 1


async def test_a_generator_that_fails_is_noted_and_never_a_crash() -> None:
    trajectory, _, events = await run(TESTED, [GeneratorBusy("503 again")])
    assert (trajectory.stopped, trajectory.notes) == ("model", ("GeneratorBusy: 503 again",))
    assert (events[-1]["event"], events[-1]["reason"], events[-1]["note"]) == (
        "stop",
        "model",
        "GeneratorBusy: 503 again",
    )


async def test_a_failing_sandbox_is_no_verdict() -> None:
    async def broken(item: Item, sandbox: Sandbox) -> Verdict:
        await sandbox.run(Job.model_construct())
        raise AssertionError

    async def silent(item: Item, sandbox: Sandbox) -> Verdict:
        return Verdict(id=item.id, verdict=None, passed=None, error="slot lost")

    for failing, words in ((broken, "no sandbox here"), (silent, "slot lost")):
        with pytest.raises(SandboxError, match=words):
            await run_trajectory(
                Trajectory(problem=TESTED), **bench(Script(["passed"]), Memory(), [], judge=failing)
            )


async def test_held_out_cases_are_not_run_in_the_loop() -> None:
    seen: list[Item] = []

    async def looking(item: Item, sandbox: Sandbox) -> Verdict:
        seen.append(item)
        return await judge(item, sandbox)

    await run_trajectory(Trajectory(problem=TESTED), **bench(Script(["passed"]), Memory(), [], judge=looking))
    assert [item.holdout for item in seen] == [()]


# ---- who sees what ---------------------------------------------------------------------------------------------


def everything(request: Request) -> str:
    return request.model_dump_json()


async def test_a_model_sees_no_reference_no_tests_no_held_out_case() -> None:
    _, generator, _ = await run(TESTED, ["wrong_answer", "passed"])
    first, second = map(everything, generator.requests)
    for hidden in ("REFERENCE", "assert add", '"args"'):
        assert hidden not in first
    assert "REFERENCE" not in second
    assert generator.requests[0].problem == generator.requests[1].problem == TESTED.blind()


async def test_an_editor_of_references_sees_them_first_and_as_reviser_never() -> None:
    trajectory, generator, _ = await run(TESTED, ["wrong_answer", "passed"], edits_references=True)
    assert trajectory.origin == "semi_synthetic"
    first, second = generator.requests
    assert first.problem == TESTED
    assert "REFERENCE" not in "".join(message.content for message in first.messages)
    assert second.problem == TESTED.blind()
    assert "REFERENCE" not in everything(second)


async def test_without_a_reference_nothing_is_semi_synthetic() -> None:
    trajectory, _, _ = await run(BARE, ["tests", "passed"], edits_references=True)
    assert trajectory.origin == "synthetic"
    assert trajectory.suite is not None
    assert trajectory.suite.seen == "statement"


SECRET = "SECRET THOUGHT ```python\ndef add(a, b):\n    return 'bad_tests'\n```"


class Thinking(Script):
    """A script whose answers are thought over, on the wire's own channel or between tags."""

    def __init__(self, answers: list[str | Exception], tags: bool) -> None:
        super().__init__(answers)
        self.tags = tags

    async def complete(self, request: Request) -> Completion:
        plain = await super().complete(request)
        if self.tags:
            return plain.model_copy(update={"text": f"<think>\n{SECRET}\n</think>\n{plain.text}"})
        return plain.model_copy(update={"reasoning": SECRET, "reasoning_tokens": 4})


@pytest.mark.parametrize("tags", [False, True])
async def test_a_thought_is_stored_apart_and_never_told_or_run(tags: bool) -> None:
    generator, events = Thinking(["wrong_answer", "passed"], tags), []
    calls = Memory()
    trajectory = await run_trajectory(Trajectory(problem=TESTED), **bench(generator, calls, events))
    assert trajectory.stopped == "passed"
    assert [call.reasoning for call in trajectory.calls] == [SECRET, SECRET]
    assert [call.reasoning_tokens for call in trajectory.calls] == [None if tags else 4] * 2
    assert events[0]["reasoning_tokens"] == (None if tags else 4)
    told = "".join(request.model_dump_json() for request in generator.requests)
    kept = "".join(call.text for call in trajectory.calls)
    tried = "".join(attempt.model_dump_json() for attempt in trajectory.attempts)
    assert "SECRET" not in told + kept + tried


SEVERAL = "```python\n" + "".join(f"assert add({n}, 0) == {n}\n" for n in range(9)) + "```"


class Several(Script):
    """A script whose tests are several."""

    async def complete(self, request: Request) -> Completion:
        plain = await super().complete(request)
        return plain.model_copy(update={"text": SEVERAL}) if request.kind == "tests" else plain


async def test_a_part_of_generated_tests_is_never_run_or_told_in_the_loop() -> None:
    seen: list[Item] = []

    async def looking(item: Item, sandbox: Sandbox) -> Verdict:
        seen.append(item)
        return await judge(item, sandbox)

    generator = Several(["tests", "wrong_answer", "passed"])
    trajectory = await run_trajectory(
        Trajectory(problem=BARE), **bench(generator, Memory(), [], judge=looking)
    )
    suite, held = trajectory.suite, trajectory.held_out
    assert suite is not None
    assert held is not None
    assert (str(suite.tests).count("assert"), str(held.tests).count("assert")) == (7, 2)
    told = "".join(map(everything, generator.requests[1:])) + "".join(str(item.tests) for item in seen)
    assert all(line not in told for line in str(held.tests).splitlines())
    assert accepted_item(trajectory).tests == f"{suite.tests}{held.tests}"


async def test_who_writes_tests_never_sees_a_solution() -> None:
    for answers in (
        ["tests", "wrong_answer", "passed"],
        ["garbage", "tests", "wrong_answer", "wrong_answer"],
    ):
        _, generator, _ = await run(BARE, answers)
        asked = [request for request in generator.requests if request.role == "tester"]
        assert asked
        for request in asked:
            assert (request.code, request.feedback) == (None, None)
            assert "def add" not in "".join(message.content for message in request.messages)


# ---- nothing is paid for twice ---------------------------------------------------------------------------------


async def test_a_second_run_asks_for_nothing() -> None:
    calls, events = Memory(), []
    first = await run_trajectory(
        Trajectory(problem=TESTED), **bench(Script(["wrong_answer", "garbage", "passed"]), calls, events)
    )
    silent = Script([])
    second = await run_trajectory(Trajectory(problem=TESTED), **bench(silent, calls, events))
    assert second == first
    assert silent.requests == []
    assert [event["cached"] for event in events if event["event"] == "call"] == [False] * 3 + [True] * 3


@pytest.mark.parametrize("change", ["seed", "sample", "settings", "statement"])
async def test_whatever_changes_the_question_makes_another_call(change: str) -> None:
    calls = Memory()
    await run_trajectory(Trajectory(problem=TESTED), **bench(Script(["passed"]), calls, []))
    other, start = Script(["passed"]), Trajectory(problem=TESTED)
    if change == "settings":
        other.settings = {"model": "toy", "temperature": 1}
    elif change == "statement":
        start = Trajectory(problem=TESTED.model_copy(update={"statement": "Add them."}))
    else:
        start = Trajectory.model_validate({"problem": TESTED, change: 1})
    await run_trajectory(start, **bench(other, calls, []))
    assert len(other.requests) == 1


async def test_text_that_no_file_takes_is_made_storable() -> None:
    generator = Replay(
        [
            Recording(
                problem="p1",
                kind="solution",
                text="```python\ndef add(a, b):\n    return 'passed'\ud800\n```",
            )
        ]
    )
    trajectory = await run_trajectory(Trajectory(problem=TESTED), **bench(generator, Memory(), []))
    assert trajectory.stopped == "passed"
    assert trajectory.calls[0].text.encode("utf-8").count(b"?") == 1


async def test_prompts_of_ones_own(tmp_path: Path) -> None:
    (tmp_path / "solve.md").write_text("=== user ===\nPlease: {{ statement }}\n", encoding="utf-8")
    generator = Script(["passed"])
    await run_trajectory(Trajectory(problem=TESTED), **bench(generator, Memory(), [], prompts_dir=tmp_path))
    assert [message.content for message in generator.requests[0].messages] == ["Please: Add."]


outcomes = st.lists(
    st.sampled_from(
        ["passed", "wrong_answer", "runtime_error", "time_limit", "bad_tests", "unverifiable", "garbage", "tests"]
    )
    | st.just(GeneratorExhausted("end")) | st.just(GeneratorBusy("busy")),
    max_size=12,
)  # fmt: skip


@settings(deadline=None, max_examples=150)
@given(outcomes, st.integers(0, 5), st.booleans())
async def test_written_down_and_taken_up_after_every_step_it_ends_the_same(
    answers: list[str | Exception], most: int, tested: bool
) -> None:
    """DESIGN: the trajectory is the whole state."""
    start = Trajectory(problem=TESTED if tested else BARE, max_attempts=most)
    generator = Script(answers)
    straight = await run_trajectory(start, **bench(generator, Memory(), []))
    calls, again, steps = Memory(), Script(answers), 0
    work = Bench(**bench(again, calls, []))
    trajectory = begun(start, again)
    while trajectory.stopped is None:
        written = trajectory.model_dump_json()
        trajectory = await perform(plan(Trajectory.model_validate_json(written)), trajectory, work)
        steps += 1
        assert steps < 30
    assert trajectory == straight
    assert len(straight.attempts) <= most
    assert len(generator.requests) <= most + 6
    assert [request.model_dump() for request in again.requests] == [
        r.model_dump() for r in generator.requests
    ]


# ---- through the real sandbox ----------------------------------------------------------------------------------


@pytest.mark.docker
async def test_recorded_answers_through_the_real_sandbox(sandbox: Sandbox) -> None:
    answers = [
        ("solution", "I would rather not."),
        ("solution", "Sure:\n```python\ndef add(a, b):\n    print('adding')\n    return a - b\n```"),
        ("revision", "<think>minus</think>\n```python\ndef add(a, b):\n    return undefined\n```"),
        ("revision", "def add(a, b):\n    return a + b\n"),
    ]
    generator = Replay(
        [Recording.model_validate({"problem": "p1", "kind": kind, "text": text}) for kind, text in answers]
    )
    trajectory = await run_trajectory(
        Trajectory(problem=TESTED), generator, sandbox, on_event=lambda event: None, calls=Memory()
    )
    assert trajectory.stopped == "passed"
    assert [attempt.verdict.verdict for attempt in trajectory.attempts] == [
        "wrong_answer",
        "runtime_error",
        "passed",
    ]
    first, second = (attempt.feedback for attempt in trajectory.attempts[:2])
    assert first == (
        "Wrong answer.\nFailing test: assert add(1, 2) == 3\nGot: -1\nExpected: 3\n"
        + first.split("Expected: 3\n")[1]
    )
    assert "adding" in first
    assert "NameError: name 'undefined' is not defined" in second
    assert 'File "solution.py", line 2, in add' in second
    assert "supervisor" not in first + second


@pytest.mark.docker
async def test_a_model_over_http_through_the_real_sandbox(sandbox: Sandbox) -> None:
    """Tests, a faulty solution, a fault of the server, the fix: every call once on the wire, none on a rerun."""
    script = [
        Line(match="tester", fault="429", retry_after=0.01, times=1),
        Line(match="tester", text="Here:\n```python\nassert add(1, 2) == 3\nassert add(-1, 1) == 0\n```"),
        Line(attempt=0, text="```python\ndef add(a, b):\n    return a * b\n```"),
        Line(attempt=1, fault="cut", times=1),
        Line(attempt=1, match="Expected: 3", text="```python\ndef add(a, b):\n    return a + b\n```"),
    ]
    model, calls = MockModel(script), Memory()
    async with Serving(model) as address:
        generator = litellm.create(
            "openai/mock",
            api_base=f"{address}/v1",
            patience=Patience(first_wait_s=0.001, longest_wait_s=0.01),
        )
        ends = [
            await run_trajectory(
                Trajectory(problem=BARE), generator, sandbox, on_event=lambda event: None, calls=calls
            )
            for _ in range(2)
        ]
    assert [trajectory.stopped for trajectory in ends] == ["passed", "passed"]
    assert [attempt.verdict.verdict for attempt in ends[0].attempts] == ["wrong_answer", "passed"]
    assert (
        ends[0].attempts[0].feedback
        == "Wrong answer.\nFailing test: assert add(1, 2) == 3\nGot: 2\nExpected: 3"
    )
    assert dict(model.served) == {"429": 1, "cut": 1, "answer": 3}
    assert ends[1].calls == ends[0].calls
