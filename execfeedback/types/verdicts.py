"""A verify item, one solution with its tests, and the verdict on it."""

from typing import Any, Literal

from pydantic import ConfigDict, Field

from execfeedback.types.problems import Case, Checker, Contract, FileText, LimitsGiven, StdioCase, Tests
from execfeedback.types.values import Check, Integrity, Style, Value, VerdictName, _nothing


class Item(Value):
    """A verify item: one solution and the tests that it must pass."""

    id: str = Field(min_length=1)
    language: str
    solution: str | dict[str, str]
    style: Style = "asserts"
    tests: Tests = ""
    entry_point: str | None = None
    checker: Checker | None = None
    limits: LimitsGiven = LimitsGiven()
    stop_on: Literal["first_failure", "never"] = "never"
    integrity: Integrity = "split"
    contract: Contract = Contract()
    holdout: tuple[Case, ...] | tuple[StdioCase, ...] = ()
    files: dict[str, FileText] = Field({})
    """Readable by the tests alone, in the run's directory."""
    solution_files: dict[str, FileText] = Field({})
    """Readable by both sides."""
    environment: str | None = None
    checks: tuple[Check, ...] = ()
    results: bool = Field(False, exclude_if=_nothing)
    """Ask what became of each test. Off, it is no part of an item's digest."""
    # carried by catalogues, ignored
    class_: Any = Field(None, alias="class")
    expected: Any = None
    mechanism: Any = None
    why: Any = None
    oracle: Any = None
    problem: Any = None
    meta: Any = None

    model_config = ConfigDict(frozen=True, extra="forbid", populate_by_name=True)


Outcome = Literal["passed", "failed", "error", "skipped", "not_run"]


class TestReport(Value):
    """What became of one test, cut to what a caller surely can take. `reason` and `message` where it did not pass."""

    name: str
    outcome: Outcome
    reason: str | None = None
    """A slug, as in the verdict's `reasons`."""
    message: str = ""


class TestCounts(Value):
    expected: int = 0
    passed: int = 0
    failed: int = 0


class Failure(Value):
    """The first failing test as a person or a model reads it."""

    test: str
    message: str
    traceback: str = ""


class Verdict(Value):
    """What happened and whose fault it is. `verdict` is None only together with `error`, which is ours."""

    id: str
    verdict: VerdictName | None
    passed: bool | None
    reasons: tuple[str, ...] = ()
    integrity: Integrity = "split"
    tests: TestCounts = TestCounts()
    failure: Failure | None = None
    stdout: str = ""
    stderr: str = ""
    truncated: bool = False
    exit_code: int | None = None
    signal: int | None = None
    cpu_s: float = 0.0
    wall_s: float = 0.0
    memory_peak_mb: float = 0.0
    slot_recycled: bool = False
    language_version: str = ""
    environment: str = ""
    error: str | None = None
    results: tuple[TestReport, ...] = Field((), exclude_if=_nothing)
    """Of each test, in their order, where the item asks for it: of the first 1,000."""
    digest: str = ""
    """Of the item, so that a rerun knows what it has already judged."""
