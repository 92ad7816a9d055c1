"""Fixtures of the gates: what each must let pass and must reject, as data in `<gate>/{accept,reject}/*.json`.

`problem`, `suite`, `held_out` and `code` are the accepted work, `peers` the codes of other samples, `first_tries` what it
was revised from, `before` the work that the corpus holds, `why` what it shows; a reject states the `reason` that it must
be given.
"""

import json
from importlib import import_module
from pathlib import Path
from typing import Any

import pytest

from execfeedback import types
from execfeedback.types import Attempt, GateResult, Problem, Solution, Trajectory, Verdict
from execfeedback.units import GroupGate

FOLDER = Path(__file__).resolve().parent
GATES = (
    "held_out", "reference", "faithful", "static", "stable", "discriminating", "consensus", "judge", "novel", "duplicate",
)  # fmt: skip


def paths(gate: str, kind: str) -> list[Path]:
    return sorted((FOLDER / gate / kind).glob("*.json"))


def all_of(gate: str) -> list[Any]:
    """Every fixture of a gate as a test parameter, named `accept/name` or `reject/name`."""
    found = [*paths(gate, "accept"), *paths(gate, "reject")]
    return [pytest.param(path, id=f"{path.parent.name}/{path.stem}") for path in found]


def read(path: Path) -> dict[str, Any]:
    return dict(json.loads(path.read_text("utf-8")))


def trajectory(given: dict[str, Any], suite: dict[str, Any]) -> Trajectory:
    """A trajectory that stopped as `passed` with the given code."""
    tried = [(code, False) for code in given.get("first_tries", ())] + [(given["code"], True)]
    return Trajectory(
        problem=Problem.model_validate(given["problem"]),
        suite=types.TestSuite.model_validate(suite),
        held_out=types.TestSuite.model_validate(given["held_out"]) if "held_out" in given else None,
        attempts=tuple(attempt(code, passed) for code, passed in tried),
        stopped="passed",
        origin=given.get("origin", "synthetic"),
        reviews=given.get("reviews", ()),
        review_limit=given.get("review_limit"),
    )


def peers(given: dict[str, Any]) -> list[Trajectory]:
    """The other samples of a fixture, accepted under the same tests."""
    return [trajectory({**given, "code": code}, given["suite"]) for code in given["peers"]]


def attempt(code: str, passed: bool) -> Attempt:
    name = "passed" if passed else "wrong_answer"
    return Attempt(
        solution=Solution(code=code, author="fixture"), verdict=Verdict(id="x", verdict=name, passed=passed)
    )


async def examined(path: Path, gate: str, sandbox: Any) -> GateResult:
    """What a fresh gate says about a fixture, after it saw what was before."""
    given = read(path)
    judge = import_module(f"execfeedback.gates.{gate}").create()
    if isinstance(judge, GroupGate):
        group = [trajectory(given, given["suite"]), *peers(given)]
        result = (await judge.check_group(group, sandbox))[0]
        assert result is not None
        return result
    for earlier in given.get("before", ()):
        result = await judge.check(trajectory(earlier, given["suite"]), sandbox)
        assert result.passed, f"{path}: what was before is a duplicate itself"
    return await judge.check(trajectory(given, given["suite"]), sandbox)


async def must_hold(path: Path, gate: str, sandbox: Any) -> GateResult:
    """The gate says of a fixture what its folder and its `reason` say."""
    result = await examined(path, gate, sandbox)
    wanted = "" if path.parent.name == "accept" else read(path)["reason"]
    assert (result.reason, result.passed) == (wanted, wanted == ""), result.evidence
    assert result.gate == gate
    json.dumps(result.evidence)
    return result
