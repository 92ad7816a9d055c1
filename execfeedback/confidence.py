"""How likely an accepted solution is right, given the evidence: a small logistic model whose coefficients are data.

`confidence.json` holds them, with the description of the fit; `benchmarks/false_accepts.py --fit` makes it anew, from
recorded outputs with known truth. Pure: evidence in, probability out.
"""

import json
import math
import re
from collections.abc import Mapping, Sequence
from functools import cache
from importlib.resources import files
from typing import Any

from pydantic import Field

from execfeedback.accepted import accepted
from execfeedback.agreement import Standing
from execfeedback.types import GateResult, Tests, Trajectory, Value

MODEL = "confidence.json"
FEW = 4
"""Inputs below which it says little that others answer alike."""
_ASSERTS = re.compile(r"\bassert|\braises\(")


class Evidence(Value):
    """What is known of an accepted solution."""

    attempts: int = 1
    """1 is a first try; more is a repair, a class of its own."""
    given: int = 0
    """Tests and examples by people that it passes."""
    generated: int = 0
    """Tests by a model, in its own suite, that it passes."""
    killed: float | None = None
    """Share of its mutants that its tests kill; None where it was not measured."""
    standing: Standing = Standing()


class Fit(Value):
    """How coefficients were made, and how far they held on problems that they were not made of."""

    sources: tuple[str, ...] = ()
    truth: str = ""
    """What decided which samples are right."""
    samples_fitted: int = 0
    samples_reported: int = 0
    problems_fitted: int = 0
    problems_reported: int = 0
    expected_error: float = 0.0
    """On the reported problems, 0 to 1 (expected calibration error)."""
    reliability: tuple[tuple[int, float, float], ...] = ()
    """There, by range of the estimate: samples, mean estimate, share that is right."""
    thresholds: dict[str, float] = Field({})
    """By `first` and `repaired`, where four of five right ones of the fitted problems are kept."""


class Model(Value):
    """Coefficients by feature, and where they come from."""

    fit: Fit
    coefficients: dict[str, float]


def evidence_of(trajectory: Trajectory, results: Sequence[GateResult]) -> Evidence:
    """The evidence of an accepted trajectory and of what the gates measured on it. ValueError when it was not accepted."""
    _, suite = accepted(trajectory)
    said: dict[str, Mapping[str, Any]] = {result.gate: result.evidence for result in results}
    number, people = count_tests(suite.tests), suite.origin == "given"
    compared = said.get("reference", {}).get("compared", 0)
    return Evidence(
        attempts=len(trajectory.attempts),
        given=(number if people else 0) + len(trajectory.problem.holdout) + compared,
        generated=0 if people else number,
        killed=said.get("discriminating", {}).get("share"),
        standing=Standing.model_validate(said.get("consensus", {}).get("standing", {})),
    )


def count_tests(tests: Tests) -> int:
    """How many there are: cases, or what a text asserts."""
    return len(_ASSERTS.findall(tests)) if isinstance(tests, str) else len(tests)


def features(evidence: Evidence) -> dict[str, float]:
    """The evidence as numbers of moderate size. What is unknown is 0."""
    stand, repaired = evidence.standing, evidence.attempts > 1
    return {
        "first": float(not repaired),
        "repaired": float(repaired),
        "attempts": math.log(evidence.attempts),
        "given": math.log1p(evidence.given),
        "generated": math.log1p(evidence.generated),
        "killed": (evidence.killed or 0.0) - 0.5 if evidence.killed is not None else 0.0,
        "tests": math.log1p(stand.tests) if stand.tests else 0.0,
        "met": stand.met / stand.tests - 0.5 if stand.tests else 0.0,
        "untested": float(evidence.given + evidence.generated == 0),
        "alone": float(not stand.peers),
        "hard": float(stand.others > 1 and not stand.peers),
        "few": float(stand.peers > 0 and stand.inputs < FEW),
        "solved": stand.peers / stand.others - 0.5 if stand.others else 0.0,
        "contested": math.log1p(stand.contested),
        "agreeing": math.log1p(stand.agreeing),
        "rivals": math.log1p(stand.rivals),
        "agreement": stand.agreement - 0.5 if stand.peers else 0.0,
        "dual": stand.dual - 0.5 if stand.peers else 0.0,
    }


def probability(evidence: Evidence, model: Model | None = None) -> float:
    """The probability that the solution is right, between 0 and 1."""
    weights = (model or fitted()).coefficients
    score = sum(weights.get(name, 0.0) * value for name, value in features(evidence).items())
    return 1.0 / (1.0 + math.exp(-max(-30.0, min(30.0, score))))


@cache
def fitted() -> Model:
    """The model that comes with the package."""
    return Model.model_validate(json.loads(files("execfeedback").joinpath(MODEL).read_text("utf-8")))
