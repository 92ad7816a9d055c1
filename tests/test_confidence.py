"""The estimate in every record: what is evidence, what it is worth, and that the record's id does not know it."""

import json
import math
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from execfeedback.admission import record_or_rejection
from execfeedback.agreement import Standing
from execfeedback.confidence import (
    Evidence,
    Fit,
    Model,
    count_tests,
    evidence_of,
    features,
    fitted,
    probability,
)
from execfeedback.corpus import Corpus, CorpusWriter
from execfeedback.exporters.files import export
from execfeedback.exporters.jsonl import create
from execfeedback.report import render
from execfeedback.report.calibration import calibration
from execfeedback.types import (
    Attempt,
    Case,
    GateResult,
    Problem,
    Record,
    Solution,
    TestCounts,
    TestSuite,
    Trajectory,
    Verdict,
)

TESTS = "assert f(1) == 2\nassert f(2) == 3\nassert f(3) == 4\n"


def attempt(code: str, passed: bool) -> Attempt:
    verdict = Verdict(
        id="x",
        verdict="passed" if passed else "wrong_answer",
        passed=passed,
        tests=TestCounts(expected=3, passed=3),
    )
    return Attempt(solution=Solution(code=code, author="m"), verdict=verdict)


def accepted(tries: int = 1, origin: str = "generated") -> Trajectory:
    codes = [f"def f(n):\n    return n + {n}\n" for n in range(tries)]
    return Trajectory(
        problem=Problem(id="p", statement="Add one.", entry_point="f"),
        suite=TestSuite(style="asserts", tests=TESTS, origin=origin),  # type: ignore[arg-type]
        attempts=tuple(attempt(code, n == tries - 1) for n, code in enumerate(codes)),
        stopped="passed",
    )


def consensus(**stand: object) -> GateResult:
    return GateResult(gate="consensus", version="1", passed=True, evidence={"standing": stand})


# ---- evidence -----------------------------------------------------------------------------------------------------


def test_evidence_is_read_from_the_trajectory_and_from_what_the_gates_measured() -> None:
    said = [
        GateResult(gate="discriminating", version="1", passed=True, evidence={"share": 0.9}),
        consensus(peers=4, agreeing=3, tests=7, met=6),
    ]
    found = evidence_of(accepted(tries=3), said)
    assert (found.attempts, found.given, found.generated, found.killed) == (3, 0, 3, 0.9)
    assert (found.standing.peers, found.standing.agreeing, found.standing.met) == (4, 3, 6)


def test_tests_by_people_and_held_out_cases_are_given() -> None:
    work = accepted(origin="given")
    work = work.model_copy(update={"problem": work.problem.model_copy(update={"holdout": (Case(), Case())})})
    found = evidence_of(work, [])
    assert (found.given, found.generated, found.killed, found.standing) == (5, 0, None, Standing())


def test_what_a_reference_answered_alike_counts_as_given() -> None:
    said = [GateResult(gate="reference", version="1", passed=True, evidence={"compared": 100})]
    assert evidence_of(accepted(), said).given == 100


def test_what_was_not_accepted_has_no_evidence() -> None:
    with pytest.raises(ValueError, match="no solution of it was accepted"):
        evidence_of(accepted().model_copy(update={"stopped": "attempts"}), [])


@pytest.mark.parametrize(
    ("tests", "number"),
    [
        (TESTS, 3),
        ("self.assertEqual(1, 1)\nwith raises(ValueError): f()\n", 2),
        ((Case(), Case()), 2),
        ("", 0),
    ],
)
def test_tests_are_counted_by_what_they_assert(tests: object, number: int) -> None:
    assert count_tests(tests) == number  # type: ignore[arg-type]


# ---- the model ----------------------------------------------------------------------------------------------------

STANDINGS = st.builds(
    Standing,
    peers=st.integers(5, 30),
    agreeing=st.integers(0, 5),
    rivals=st.integers(0, 25),
    agreement=st.floats(0, 1),
    dual=st.floats(0, 1),
    tests=st.integers(1, 60),
    met=st.integers(0, 1),
    contested=st.integers(0, 60),
)
EVIDENCE = st.builds(
    Evidence,
    attempts=st.integers(1, 10),
    given=st.integers(0, 300),
    generated=st.integers(0, 50),
    killed=st.none() | st.floats(0, 1),
    standing=STANDINGS,
)


@given(EVIDENCE)
def test_a_probability_is_one(evidence: Evidence) -> None:
    assert 0.0 < probability(evidence) < 1.0
    assert all(math.isfinite(value) for value in features(evidence).values())


@given(EVIDENCE)
def test_a_repair_is_never_surer_than_the_same_evidence_at_the_first_try(evidence: Evidence) -> None:
    first = evidence.model_copy(update={"attempts": 1})
    for tries in (2, 4):
        assert probability(evidence.model_copy(update={"attempts": tries})) < probability(first)


@given(EVIDENCE)
def test_one_more_that_agrees_makes_it_surer(evidence: Evidence) -> None:
    stand = evidence.standing
    more = stand.model_copy(update={"agreeing": stand.agreeing + 1, "peers": stand.peers + 1})
    assert probability(evidence.model_copy(update={"standing": more})) >= probability(evidence)


@pytest.mark.parametrize(
    ("worse", "better"),
    [
        (
            Standing(inputs=3, others=3, peers=3, agreement=1.0),
            Standing(inputs=4, others=3, peers=3, agreement=1.0),
        ),
        (Standing(others=2, peers=0), Standing(others=1, peers=0)),
    ],
    ids=["alike on next to no inputs", "all others miss the examples"],
)
def test_agreement_on_nothing_and_a_hard_problem_make_it_less_sure(worse: Standing, better: Standing) -> None:
    assert (
        probability(Evidence(given=1, standing=worse)) < probability(Evidence(given=1, standing=better)) - 0.1
    )


def test_the_coefficients_are_those_of_the_features_and_say_where_they_come_from() -> None:
    model = fitted()
    assert set(model.coefficients) == set(features(Evidence()))
    assert model.fit.samples_reported > 500 and model.fit.problems_reported > 50
    assert sum(number for number, *_ in model.fit.reliability) == model.fit.samples_reported


def test_the_stated_error_is_that_of_the_stated_reliability() -> None:
    fit = fitted().fit
    errors = (number * abs(said - right) for number, said, right in fit.reliability)
    assert sum(errors) / fit.samples_reported == pytest.approx(fit.expected_error, abs=1e-3)


def test_without_coefficients_nothing_is_known() -> None:
    assert probability(Evidence(), Model(fit=Fit(), coefficients={})) == 0.5


# ---- records, exports, the report -----------------------------------------------------------------------------------


def record(**stand: object) -> Record:
    found = record_or_rejection(accepted(), [consensus(**stand)], expected=["consensus"])
    assert isinstance(found, Record)
    return found


def test_every_record_has_an_estimate_and_its_id_does_not_know_it() -> None:
    alone, agreed = record(), record(peers=9, agreeing=9, agreement=1.0, dual=1.0, inputs=100)
    assert alone.confidence is not None and agreed.confidence is not None
    assert alone.confidence < agreed.confidence
    assert alone.id == agreed.id


def test_an_export_leaves_out_what_is_less_sure(tmp_path: Path) -> None:
    records = [record(), record(peers=9, agreeing=9, agreement=1.0, dual=1.0)]
    least = max(one.confidence or 0.0 for one in records)

    manifest = export(records, create(), tmp_path, "0", least)

    assert (manifest["rows"], manifest["records"], manifest["left_out"]) == (1, 2, {"confidence": 1})
    (row,) = (json.loads(line) for line in (tmp_path / "jsonl.jsonl").read_text().splitlines())
    assert row["confidence"] == least == manifest["min_confidence"]


def test_a_record_without_an_estimate_is_exported_only_where_none_is_asked_for(tmp_path: Path) -> None:
    old = record().model_copy(update={"confidence": None})
    assert export([old], create(), tmp_path, "0")["rows"] == 1
    assert export([old], create(), tmp_path, "0", 0.01)["left_out"] == {"confidence": 1}


def test_the_report_shows_the_estimates_and_how_far_they_hold(tmp_path: Path) -> None:
    found = record()
    with CorpusWriter(tmp_path / "c.db") as writer:
        work = accepted()
        writer.put_trajectory("u", work)
        writer.admit("u", found)
    with Corpus(tmp_path / "c.db") as corpus:
        page = render(corpus)
    low = 10 * int(10 * (found.confidence or 0))
    assert "How likely the records are right" in page and f"{low} to {low + 10} %" in page
    assert page.count('class="dot"') == len(fitted().fit.reliability) > 2


def test_a_reliability_dot_stands_where_it_was_estimated_and_seen() -> None:
    fit = Fit(reliability=((10, 0.25, 0.5), (40, 1.0, 1.0)), samples_reported=50, expected_error=0.05)
    small, large = calibration(Model(fit=fit, coefficients={})).dots
    assert (small.x, small.y, large.x, large.y) == (50, 100, 200, 0)
    assert small.radius < large.radius
