"""Frames between host and supervisor, and the strict reading of what comes back. Nothing in it chooses code here."""

import json
import struct
from typing import Any

from execfeedback.errors import SlotLost
from execfeedback.jobs import MOST_CASES
from execfeedback.types import Execution, Job, Replay, SplitResult, StepResult, Talk, TestResult

HEADER = struct.Struct(">cI")
BEAT = (b"B", 0)
"""The header of a frame that says only that the supervisor lives. It comes every few seconds while a job runs."""
SILENCE_S = 30.0
"""Without a beat for so long a slot is stuck."""
LARGEST = 256 << 20
"""Bytes in one frame from the supervisor; more is a broken slot."""
LARGEST_JOB = 64 << 20
"""Bytes in one frame that the supervisor reads."""
MOST_TESTS = MOST_CASES
"""More are not read: where all of these passed, nobody knows."""
UNREADABLE = (ValueError, KeyError, TypeError, AttributeError, OverflowError, RecursionError)
"""What reading JSON of another shape raises; a ValidationError is a ValueError."""


def encode_job(job: Job) -> bytes:
    """One `J` frame."""
    payload = json.dumps(job.model_dump(mode="python", exclude={"environment"})).encode("ascii")
    return HEADER.pack(b"J", len(payload)) + payload


def decode_execution(payload: bytes, *, environment: str, language_version: str) -> Execution:
    """The measurement in an `R` frame; raises SlotLost for a frame that our supervisor would not have written."""
    try:
        raw = json.loads(payload)
        split = raw.get("split")
        return Execution(
            compile=tuple(StepResult.model_validate(step) for step in raw.get("compile", ())),
            steps=tuple(StepResult.model_validate(step) for step in raw.get("steps", ())),
            interactor_compile=tuple(map(StepResult.model_validate, raw.get("interactor_compile", ()))),
            talks=tuple(map(Talk.model_validate, raw.get("talks", ()))),
            split=None if split is None else split_result(split),
            slot_recycled=not raw["clean"],
            language_version=language_version,
            environment=environment,
        )
    except UNREADABLE as error:
        raise SlotLost(f"the supervisor sent a measurement that cannot be read: {error}") from error


def split_result(raw: dict[str, Any]) -> SplitResult:
    report = judge_report(raw["report"]) if raw["ended"] else None
    return SplitResult(
        ended=report is not None,
        expected=report["expected"] if report else 0,
        tests=report["tests"] if report else (),
        calls=raw["calls"],
        values=raw["values"],
        mutated=bool(report and report["mutated"]),
        gone=raw.get("gone") is True,
        replays=tuple(Replay.model_validate(one) for one in raw.get("replays", ())),
        shared=raw.get("shared") is True,
        judge=StepResult.model_validate(raw["judge"]),
        solution=StepResult.model_validate(raw["solution"]),
    )


def judge_report(text: str) -> dict[str, Any] | None:
    """The judge process' report. It comes from where the tests run, so one that cannot be read counts as none."""
    try:
        raw = json.loads(text)
        if type(raw["tests"]) is not list or type(raw["expected"]) is not int or raw["expected"] < 0:
            return None
        tests = [
            TestResult.model_validate({k: printable(v) for k, v in t.items()})
            for t in raw["tests"][:MOST_TESTS]
        ]
        if len(raw["tests"]) > MOST_TESTS and all(test.outcome in ("passed", "skipped") for test in tests):
            tests.append(refusal({"reason": "too_many_tests", "message": f"more than {MOST_TESTS} tests"}))
        if raw["refused"]:
            tests.append(refusal(raw["refused"]))
        return {"tests": tuple(tests), "expected": raw["expected"], "mutated": raw["mutated"] is True}
    except UNREADABLE:
        return None


def refusal(raw: dict[str, Any]) -> TestResult:
    """What the tests wanted and two processes cannot give, noted even where the tests swallowed it."""
    reason, message = printable(raw["reason"]), printable(raw["message"])
    return TestResult(name="judge", outcome="error", blame="item", reason=reason, message=message)


def printable(value: Any) -> Any:
    return value.encode("utf-8", "replace").decode("utf-8") if isinstance(value, str) else value
