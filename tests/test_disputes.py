"""When tests are in doubt, what contradicts them, and the whole way from a wrong test to a record, in the real sandbox."""

from typing import Any

import pytest

from execfeedback import types
from execfeedback.cli.show import print_story
from execfeedback.disputes import contradicted, in_dispute, supported
from execfeedback.generators.replay import Recording, Replay
from execfeedback.loop import run_trajectory
from execfeedback.plan import Consult, ReviseSolution, ReviseTests, RunTests, Stop, WeighTests, plan
from execfeedback.protocols import Completion, Request, Sandbox
from execfeedback.types import (
    Answer,
    Attempt,
    Failure,
    ModelCall,
    Problem,
    Solution,
    TestRules,
    Trajectory,
    Verdict,
    Witness,
)

RIGHT = Answer(passed=True)


def witness(*answers: bool | str | None, source: Any = "sample", code: str = "") -> Witness:
    """`True` passed, a text is the wrong value that it gave, `False` an error, None nothing."""
    found = (Answer(passed=False, got=a) if isinstance(a, str) else Answer(passed=a) for a in answers)
    return Witness(source=source, code=code or repr(answers), answers=tuple(found))


@pytest.mark.parametrize(
    ("witnesses", "wrong"),
    [
        ([], ()),
        ([witness(True, True, "4")], ()),
        ([witness(True, True, "4", code="a"), witness(True, True, "4", code="b")], (2,)),
        ([witness(True, True, "4", code="a"), witness(True, True, "4", code="a")], ()),
        ([witness(True, True, "4", code="a"), witness(True, True, "6", code="b")], ()),
        ([witness(True, True, "4", code="a"), witness(True, True, False, code="b")], ()),
        ([witness(True, "4", "4", code="a"), witness(True, True, "4", code="b")], ()),
        (
            [
                witness(True, True, "4", code="a"),
                witness(True, True, "4", code="b"),
                witness(True, True, True),
            ],
            (),
        ),
        ([witness("1", "1", "4", code="a"), witness("1", "1", "4", code="b")], ()),
        ([witness(True, True, "4", source="reference")], (2,)),
        ([witness(True, True, False, source="reference")], (2,)),
        ([witness(False, False, True, source="reference")], ()),
        ([witness(True, True, True, source="reference"), witness(True, "1", "4", code="a")], ()),
    ],
)
def test_what_contradicts_a_test(witnesses: list[Witness], wrong: tuple[int, ...]) -> None:
    assert contradicted(witnesses) == wrong


def test_what_supports_a_new_expectation() -> None:
    wrong, unknown = Answer(passed=False, got="4"), Answer(passed=None)
    assert supported(False, [wrong, wrong], [RIGHT, RIGHT])
    assert not supported(False, [wrong, RIGHT], [RIGHT, RIGHT])
    assert not supported(False, [wrong, unknown], [RIGHT, RIGHT])
    assert not supported(False, [wrong], [RIGHT])
    assert not supported(False, [wrong] * 4, [RIGHT, RIGHT, wrong, wrong])
    assert supported(True, [wrong], [RIGHT])
    assert not supported(True, [wrong], [wrong])
    assert supported(False, None, [RIGHT, RIGHT])
    assert not supported(False, None, [])


# ---- when ---------------------------------------------------------------------------------------------------------

SUITE = types.TestSuite(style="asserts", tests="assert f(1) == 1\nassert f(2) == 5\n", origin="generated")
BARE = Problem(id="p", statement="Add.", entry_point="f")


def attempt(n: int, failing: str = "assert f(2) == 5", verdict: str = "wrong_answer") -> Attempt:
    passed = True if verdict == "passed" else None if verdict == "bad_tests" else False
    failure = None if passed else Failure(test=failing, message="got: 4\nexpected: 5")
    judged = Verdict.model_validate({"id": "p", "verdict": verdict, "passed": passed, "failure": failure})
    return Attempt(solution=Solution(code=f"code {n}", author="m", call=f"c{n}"), verdict=judged)


def at(*attempts: Attempt, **state: Any) -> Trajectory:
    return Trajectory.model_validate({"problem": BARE, "suite": SUITE, "attempts": attempts, **state})


AGAINST = (witness(True, "4", code="a"), witness(True, "4", code="b"))
CALL = ModelCall(id="r0", kind="test_revision", messages=(), text="", model="m", prompt="retest@0", seed=0)


@pytest.mark.parametrize(
    ("trajectory", "doubted"),
    [
        (at(), False),
        (at(attempt(0)), False),
        (at(attempt(0), attempt(1)), True),
        (at(attempt(0), attempt(1, "assert f(1) == 1")), False),
        (at(attempt(0), attempt(1, verdict="time_limit")), False),
        (at(attempt(0), attempt(1, "")), False),
        (at(attempt(0), rules=TestRules(dispute_after=1)), True),
        (at(attempt(0), attempt(1), rules=TestRules(revisions=0)), False),
        (at(attempt(0), attempt(1), rules=TestRules(witnesses=0)), False),
        (at(attempt(0), problem=BARE.model_copy(update={"reference": "def f(n): ..."})), True),
        (at(attempt(0), attempt(1), suite=SUITE.model_copy(update={"origin": "given"})), False),
        (at(attempt(0), attempt(1), suite=SUITE.model_copy(update={"seen": "reference"})), False),
    ],
)
def test_tests_are_doubted_when_solutions_fail_the_same_one(trajectory: Trajectory, doubted: bool) -> None:
    assert in_dispute(trajectory) == doubted
    assert isinstance(plan(trajectory), Consult) == doubted


def test_witnesses_are_the_first_tries_of_other_samples() -> None:
    samples = [plan(at(attempt(0), attempt(1), sample=sample)).samples for sample in range(4)]  # type: ignore[union-attr]
    assert samples == [(1, 2), (0, 2), (0, 1), (0, 1)]
    known = BARE.model_copy(update={"reference": "def f(n): ..."})
    assert plan(at(attempt(0), problem=known)).samples == ()  # type: ignore[union-attr]


def test_a_contradicted_test_is_revised_and_no_solution_is_fitted_to_it() -> None:
    step = plan(at(attempt(0), attempt(1), witnesses=AGAINST))
    assert isinstance(step, ReviseTests)
    assert (step.disputed, step.attempt, step.again) == (("assert f(2) == 5",), 0, False)
    assert plan(at(attempt(0), attempt(1), witnesses=AGAINST, calls=(CALL,))) == Stop(reason="disputed_tests")
    most = {"max_attempts": 2, "witnesses": AGAINST}
    assert isinstance(plan(at(attempt(0), attempt(1), **most)), ReviseTests)


def test_tests_that_nothing_contradicts_stand() -> None:
    split = (witness(True, "4", code="a"), witness(True, "7", code="b"))
    assert isinstance(plan(at(attempt(0), attempt(1), witnesses=split)), ReviseSolution)
    assert isinstance(plan(at(attempt(0), attempt(1), witnesses=())), ReviseSolution)


def test_revised_tests_are_weighed_before_anything_else() -> None:
    new = SUITE.model_copy(update={"tests": "assert f(2) == 4\n"})
    assert plan(at(attempt(0), proposed=new)) == WeighTests(old=SUITE, new=new)


def test_a_solution_that_is_judged_again_is_no_other_try() -> None:
    tried = {"overruled": (attempt(0), attempt(1)), "witnesses": (), "max_attempts": 3}
    again = at(solution=attempt(0).solution, **tried)
    assert isinstance(plan(again), RunTests)
    assert isinstance(plan(at(attempt(0), **tried)), ReviseSolution)
    assert plan(at(attempt(0), attempt(2), **tried)) == Stop(reason="attempts")


# ---- the whole way, in the real sandbox ----------------------------------------------------------------------------

ADD = Problem(id="p", statement="Add two numbers.", entry_point="add")
TESTS = [f"assert add({n}, 2) == {n + 2}" for n in range(6)]
WRONG = "assert add(20, 20) == 41"
SOLUTIONS = [f"def add(a, b):\n    return {body}\n" for body in ("a + b", "b + a", "sum((a, b))", "a - -b")]


class Memory(dict[str, ModelCall]):
    def put(self, call: ModelCall) -> None:
        self[call.id] = call


class Listening(Replay):
    """A replay that remembers what it was asked."""

    def __init__(self, recordings: list[Recording]) -> None:
        super().__init__(recordings)
        self.requests: list[Request] = []

    async def complete(self, request: Request) -> Completion:
        self.requests.append(request)
        return await super().complete(request)


async def ended(
    sandbox: Sandbox, solutions: list[str], revised: list[str], problem: Problem = ADD
) -> tuple[Trajectory, Listening, list[dict[str, Any]]]:
    """The end of a trajectory whose tests have one wrong expectation, and whose author answers with `revised`."""
    texts = [
        ("tests", "\n".join([*TESTS, WRONG])),
        *(("solution", text) for text in [solutions[0], *solutions[2:]]),
        ("revision", solutions[1]),
        ("test_revision", "\n".join(revised)),
    ]
    rows = ({"problem": "p", "kind": kind, "text": f"```python\n{text}\n```"} for kind, text in texts)
    generator, events = Listening([Recording.model_validate(row) for row in rows]), []
    start = Trajectory(problem=problem, rules=TestRules(held_out_share=0))
    end = await run_trajectory(start, generator, sandbox, on_event=events.append, calls=Memory())
    return end, generator, events


@pytest.mark.docker
async def test_a_wrong_expectation_is_put_right_and_what_is_weaker_is_refused(
    sandbox: Sandbox, capsys: pytest.CaptureFixture[str]
) -> None:
    revised = [
        *TESTS[1:4],
        "assert add(4, 2) > 0",
        "assert True",
        "assert add(20, 20) == 40",
        "assert add(7, 7) == 14",
    ]
    end, generator, events = await ended(sandbox, SOLUTIONS, revised)
    assert (end.stopped, len(end.attempts), len(end.overruled)) == ("passed", 1, 2)
    assert end.suite is not None
    assert end.suite.tests == "\n".join([*TESTS, "assert add(20, 20) == 40", "assert add(7, 7) == 14", ""])
    assert [(change.kind, change.accepted) for change in end.ledger] == [
        ("deleted", False),
        ("kept", False),
        ("kept", False),
        ("kept", False),
        ("weakened", False),
        ("deleted", False),
        ("changed", True),
        ("tautology", False),
        ("added", True),
    ]
    (changed,) = [change for change in end.ledger if change.kind == "changed"]
    assert changed.evidence == "of 3 independent solutions, the new test passes 3 and the old one passes 0"
    assert [event["event"] for event in events][-5:] == [
        "call",
        "tests_revised",
        "evidence",
        "attempt",
        "stop",
    ]
    (asked,) = [request for request in generator.requests if request.kind == "test_revision"]
    told = "".join(message.content for message in asked.messages)
    assert (asked.role, asked.code, asked.feedback) == ("tester", None, None)
    assert WRONG in told
    assert not any(code.strip() in told for code in SOLUTIONS)
    print_story("trajectory", end, [])
    shown = capsys.readouterr().out
    assert "tests revised; 2 attempts were judged by the old ones" in shown
    assert "weakened, refused: `add(4, 2) == 6` became `add(4, 2) > 0`" in shown
    assert f"- {WRONG}" in shown


@pytest.mark.docker
@pytest.mark.parametrize(
    "revised", [[*TESTS, WRONG], TESTS, [*TESTS, "assert add(20, 20) == 42"], ["I cannot."]],
    ids=["stubborn", "deleted", "another wrong value", "nothing"],
)  # fmt: skip
async def test_without_a_supported_expectation_nothing_is_fitted_to_a_wrong_test(
    sandbox: Sandbox, revised: list[str]
) -> None:
    end, generator, _ = await ended(sandbox, SOLUTIONS, revised)
    assert (end.stopped, len(end.attempts)) == ("disputed_tests", 2)
    assert end.suite is not None
    assert WRONG in str(end.suite.tests)
    assert sum(request.kind == "revision" for request in generator.requests) == 1


@pytest.mark.docker
async def test_wrong_solutions_do_not_outvote_a_right_test(sandbox: Sandbox) -> None:
    """They fail a right test, each in its own way: the solver is asked again, as if nobody had been consulted."""
    wrong = [f"def add(a, b):\n    return a + b if b == 2 else {n}\n" for n in range(4)]
    end, generator, _ = await ended(sandbox, wrong, [*TESTS, "assert add(20, 20) == 1"])
    assert end.stopped == "exhausted"
    assert [request.kind for request in generator.requests][-1] == "revision"
    assert not any(request.kind == "test_revision" for request in generator.requests)


@pytest.mark.docker
async def test_the_reference_decides_alone(sandbox: Sandbox) -> None:
    known = ADD.model_copy(update={"reference": SOLUTIONS[0]})
    end, generator, _ = await ended(sandbox, SOLUTIONS[:1] * 2, [*TESTS, "assert add(20, 20) == 40"], known)
    assert (end.stopped, len(end.attempts), len(end.overruled)) == ("passed", 1, 1)
    assert [request.kind for request in generator.requests] == ["tests", "solution", "test_revision"]
