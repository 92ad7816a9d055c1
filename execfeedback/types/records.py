"""What admission makes of a trajectory."""

from typing import Any

from pydantic import Field

from execfeedback.types.problems import Problem
from execfeedback.types.trajectories import Attempt
from execfeedback.types.values import Integrity, Origin, Value
from execfeedback.types.verdicts import Item


class GateResult(Value):
    gate: str
    version: str
    passed: bool
    reason: str = ""
    """A slug, empty when it passed."""
    evidence: dict[str, Any] = Field({})


class Record(Value):
    """A row of the corpus, with everything that is needed to run it again. Only `admission.py` makes one."""

    id: str
    problem: Problem
    item: Item
    """A verify item that passes."""
    origin: Origin
    attempts: tuple[Attempt, ...]
    repaired: bool
    gates: tuple[GateResult, ...]
    confidence: float | None = None
    integrity: Integrity
    parents: tuple[str, ...] = ()
    round: int = 0
    models: tuple[str, ...] = ()
    cost: float | None = None
    environment: str
    trajectory: str
    """Id of the trajectory that it came from."""
    reasoning: tuple[str | None, ...] = ()
    """What the model thought before each attempt; empty where nothing of that kind is known."""
    solve_rate: float | None = None
    """Share of the problem's first tries that are right, over all samples that the corpus has when the record is exported:
    None in the corpus itself, where it would go out of date with the next sample, and where there are no samples."""


class Rejection(Value):
    """Work that was not admitted, kept with its reason and evidence."""

    id: str
    problem: str
    trajectory: str
    reason: str
    gates: tuple[GateResult, ...] = ()
