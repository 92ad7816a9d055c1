"""What all values share, and the words that they use."""

from typing import ClassVar, Literal

from pydantic import BaseModel, ConfigDict

SCHEMA_VERSION = "1.0"

Style = Literal["asserts", "humaneval", "pytest", "unittest", "stdio", "cases", "native"]

Integrity = Literal["split", "shared"]

Check = Literal["vacuous", "flaky"]

VerdictName = Literal[
    "passed",
    "wrong_answer",
    "runtime_error",
    "compile_error",
    "time_limit",
    "memory_limit",
    "output_limit",
    "rejected",
    "bad_tests",
    "unverifiable",
]

Origin = Literal["human", "semi_synthetic", "synthetic", "translated", "backtranslated"]

CallKind = Literal["tests", "test_revision", "solution", "revision", "problem", "document", "judge"]

RoleName = Literal["solver", "tester", "judge", "writer"]


class Value(BaseModel):
    """A frozen value; an unknown field is an error that names it.

    NaN and the infinities are written as Python's `json` spells and reads them: as null, which is pydantic's default, a test
    would ask for another value than the one that was proven, and two different tests would have one digest.
    """

    model_config = ConfigDict(frozen=True, extra="forbid", ser_json_inf_nan="constants")
    __test__: ClassVar[bool] = False
    """Some names start with `Test`; pytest must not take them for test classes."""


def _nothing(value: object) -> bool:
    """A field that is left out of what is written where it says nothing."""
    return not value
