"""A Record exists only when the trajectory passed and every expected gate said so."""

import pytest

from execfeedback import types
from execfeedback.admission import cost_of, examine, record_or_rejection
from execfeedback.errors import SandboxError
from execfeedback.protocols import Sandbox
from execfeedback.types import (
    Attempt,
    GateResult,
    Job,
    ModelCall,
    Problem,
    Record,
    Rejection,
    Solution,
    Trajectory,
    Verdict,
)

PROBLEM = Problem(id="add", statement="Write add(a, b).", entry_point="add", tests="assert add(1, 2) == 3\n")
SUITE = types.TestSuite(style="asserts", tests="assert add(1, 2) == 3\n")
WRONG, RIGHT = "def add(a, b):\n    return a - b\n", "def add(a, b):\n    return a + b\n"
IMAGE = "sha256:0123"


def attempt(code: str, passed: bool, cpu_s: float = 0.01) -> Attempt:
    verdict = "passed" if passed else "wrong_answer"
    measured = Verdict(id="add", verdict=verdict, passed=passed, cpu_s=cpu_s, environment=IMAGE)
    return Attempt(solution=Solution(code=code, author="model"), verdict=measured)


def call(model: str, cost: float | None) -> ModelCall:
    return ModelCall(
        id=model, kind="solution", messages=(), text="", model=model, prompt="solve", seed=0, cost_usd=cost
    )


def trajectory(
    *attempts: Attempt, stopped: str | None = "passed", calls: tuple[ModelCall, ...] = ()
) -> Trajectory:
    return Trajectory(problem=PROBLEM, suite=SUITE, attempts=attempts, stopped=stopped, calls=calls)


FIRST_TRY = trajectory(attempt(RIGHT, True))
REPAIRED = trajectory(attempt(WRONG, False), attempt(RIGHT, True))


def said(gate: str, passed: bool, reason: str = "") -> GateResult:
    return GateResult(gate=gate, version="1", passed=passed, reason=reason, evidence={"seen": 1})


class NoSandbox:
    async def run(self, job: Job) -> None:
        raise AssertionError("no gate of these tests runs anything")


class Says:
    """A gate that answers what it was made with, and counts how often it was asked."""

    version = "1"

    def __init__(self, name: str, passed: bool = True, raises: Exception | None = None) -> None:
        self.name, self.passed, self.raises, self.asked = name, passed, raises, 0

    async def check(self, trajectory: Trajectory, sandbox: Sandbox) -> GateResult:
        self.asked += 1
        if self.raises:
            raise self.raises
        return said(self.name, self.passed, "" if self.passed else "not_good")


def record_of(done: Trajectory) -> Record:
    outcome = record_or_rejection(done, [said("static", True)], expected=["static"])
    assert isinstance(outcome, Record)
    return outcome


def rejection_of(
    done: Trajectory, *results: GateResult, expected: tuple[str, ...] = ("static", "stable")
) -> Rejection:
    outcome = record_or_rejection(done, results, expected=expected)
    assert isinstance(outcome, Rejection)
    return outcome


async def test_gates_run_in_order_and_stop_at_the_first_failure() -> None:
    gates = [Says("static"), Says("stable", passed=False), Says("duplicate")]
    results = await examine(FIRST_TRY, gates, NoSandbox())
    assert [(r.gate, r.passed, r.reason) for r in results] == [
        ("static", True, ""),
        ("stable", False, "not_good"),
    ]
    assert [gate.asked for gate in gates] == [1, 1, 0]


async def test_a_trajectory_that_did_not_pass_is_not_examined() -> None:
    gate = Says("static")
    failed = trajectory(attempt(WRONG, False), stopped="attempts")
    assert await examine(failed, [gate], NoSandbox()) == ()
    assert gate.asked == 0


async def test_a_gate_that_crashes_is_our_fault_and_no_result() -> None:
    with pytest.raises(SandboxError, match="slot"):
        await examine(FIRST_TRY, [Says("static", raises=SandboxError("slot"))], NoSandbox())


def test_a_record_holds_a_complete_item() -> None:
    record = record_of(REPAIRED)
    assert record.item.id == record.id
    assert record.item.solution == RIGHT
    assert record.item.tests == SUITE.tests
    assert record.item.entry_point == "add"
    assert record.environment == IMAGE
    assert record.integrity == "split"
    assert record.gates == (said("static", True),)


def test_repaired_is_more_than_one_attempt() -> None:
    assert record_of(FIRST_TRY).repaired is False
    assert record_of(REPAIRED).repaired is True
    assert [a.solution.code for a in record_of(REPAIRED).attempts] == [WRONG, RIGHT]


def test_the_id_does_not_change_with_what_was_measured() -> None:
    slow = trajectory(attempt(RIGHT, True, cpu_s=3.5))
    assert record_of(slow).id == record_of(FIRST_TRY).id
    assert record_of(slow).trajectory != record_of(FIRST_TRY).trajectory


def test_the_id_covers_solution_tests_parents_problem_and_environment() -> None:
    other_suite = SUITE.model_copy(update={"tests": "assert add(2, 2) == 4\n"})
    other_image = FIRST_TRY.attempts[0].verdict.model_copy(update={"environment": "sha256:4567"})
    others = [
        REPAIRED,
        trajectory(attempt(RIGHT + "\n", True)),
        FIRST_TRY.model_copy(update={"suite": other_suite}),
        FIRST_TRY.model_copy(update={"problem": PROBLEM.model_copy(update={"statement": "Add."})}),
        trajectory(FIRST_TRY.attempts[0].model_copy(update={"verdict": other_image})),
    ]
    assert len({record_of(FIRST_TRY).id, *(record_of(other).id for other in others)}) == 6


def test_parents_are_the_earlier_attempts_in_order() -> None:
    twice = trajectory(attempt(WRONG, False), attempt("x = 1\n", False), attempt(RIGHT, True))
    first, second = record_of(twice).parents
    assert first == record_of(REPAIRED).parents[0]
    assert second not in (first, record_of(twice).id)
    assert record_of(FIRST_TRY).parents == ()


def test_models_are_sorted_and_distinct() -> None:
    calls = (call("zeta", 0.5), call("alpha", 0.25), call("zeta", 0.5))
    record = record_of(trajectory(attempt(RIGHT, True), calls=calls))
    assert record.models == ("alpha", "zeta")
    assert record.cost == 1.25


def test_an_unknown_price_makes_the_cost_unknown_not_free() -> None:
    assert cost_of(trajectory(attempt(RIGHT, True), calls=(call("a", 0.5), call("b", None)))) is None
    assert cost_of(FIRST_TRY) == 0


def test_a_failed_gate_is_the_reason_and_its_evidence_is_kept() -> None:
    rejection = rejection_of(REPAIRED, said("static", True), said("stable", False, "flaky"))
    assert rejection.reason == "stable:flaky"
    assert rejection.problem == "add"
    assert [(g.gate, g.evidence) for g in rejection.gates] == [
        ("static", {"seen": 1}),
        ("stable", {"seen": 1}),
    ]


def test_a_gate_that_never_reported_is_a_rejection() -> None:
    rejection = rejection_of(FIRST_TRY, said("static", True))
    assert rejection.reason == "stable:not_run"
    assert [g.gate for g in rejection.gates] == ["static", "stable"]
    assert rejection_of(FIRST_TRY).reason == "static:not_run"


def test_the_first_failure_is_the_reason_not_the_gates_that_it_kept_from_running() -> None:
    rejection = rejection_of(FIRST_TRY, said("static", False, "errors"))
    assert rejection.reason == "static:errors"
    assert [g.gate for g in rejection.gates] == ["static"]


@pytest.mark.parametrize("stopped", ["attempts", "exhausted", "no_code", "bad_tests", "model"])
def test_why_it_stopped_is_the_reason(stopped: str) -> None:
    failed = trajectory(attempt(WRONG, False), stopped=stopped)
    assert rejection_of(failed).reason == stopped
    assert rejection_of(failed, said("static", True), said("stable", True)).reason == stopped


def test_two_rejections_have_two_ids() -> None:
    flaky = rejection_of(FIRST_TRY, said("static", True), said("stable", False, "flaky"))
    assert flaky.id != rejection_of(REPAIRED, said("static", True), said("stable", False, "flaky")).id
    assert flaky.id != rejection_of(FIRST_TRY, said("static", False, "errors")).id


@pytest.mark.parametrize(
    "broken",
    [
        trajectory(attempt(RIGHT, True), stopped=None),
        trajectory(),
        trajectory(attempt(WRONG, False)),
        FIRST_TRY.model_copy(update={"suite": None}),
    ],
    ids=["not stopped", "no attempt", "last attempt failed", "no tests"],
)
def test_a_contradiction_is_our_fault(broken: Trajectory) -> None:
    with pytest.raises(ValueError, match="problem add"):
        record_or_rejection(broken, [said("static", True)], expected=["static"])
