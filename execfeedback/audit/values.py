"""What an audit passes around: a row as it was read, what it claims, and what was found."""

from typing import Any, Literal

from execfeedback.types import Item, Value, VerdictName

Claim = Literal["passes", "fails"]
FindingName = Literal[
    "holds",
    "fails",
    "forged",
    "vacuous",
    "bad_tests",
    "flaky",
    "held_out",
    "mislabelled",
    "unverifiable",
    "duplicate",
    "malformed",
    "error",
]

MEANINGS: dict[FindingName, str] = {
    "holds": "is what it claims",
    "fails": "the solution does not pass its tests",
    "forged": "an exit code counts it as passed, its tests do not pass, and there is evidence of why",
    "vacuous": "tests that a wrong solution passes as well",
    "bad_tests": "the tests are none, broken, skipped, or over a limit",
    "flaky": "passes by chance: not under other hash seeds, orders or repetitions",
    "held_out": "passes the tests that it shows, fails the held-out ones",
    "mislabelled": "labelled as failing, yet it passes",
    "unverifiable": "cannot be judged as it stands; the reason says what is missing",
    "duplicate": "the same code and tests as an earlier row",
    "malformed": "cannot be read as a solution with tests",
    "error": "our own fault; the next run tries it again",
}
"""Every finding, in the order in which people read them."""


REMEDIES = {
    "contract_classes": "an operator of the solution's own class would decide an assertion; if the problem promises that "
    "class, name it in the item's contract.classes",
    "contract_mutates": "the tests pass only with (or only without) the changes that the solution makes to its arguments; "
    "say in the item's contract.mutates whether they are part of the answer",
    "needs_shared": "the tests need one process with the solution, where a pass proves nothing",
    "one_process": "it passes in one process with its tests and fails apart from them, and nothing shows that it forges: "
    "mostly the tests patch or read what is the solution's own; judge it with integrity shared, or by hand",
    "language": "this language is not offered yet: execfeedback languages",
}
"""What makes an item unverifiable, and what to do."""


class Row(Value):
    """One row of a file. `fault` says why it could not be read; then there is no `value`."""

    number: int
    raw: str = ""
    """The row as a line of JSON: verbatim where it was one."""
    value: dict[str, Any] | None = None
    fault: str = ""


class Reading(Value):
    """A row as a verify item. One that has `after` is tried when the reading before it ended so, or when the row claims to
    fail and passed."""

    item: Item
    after: VerdictName | None = None
    note: str = ""


class Subject(Value):
    """One solution of one row, and what the row says about it. Without readings it could not be made sense of: `fault`."""

    id: str
    row: int
    shape: str = ""
    claim: Claim = "passes"
    readings: tuple[Reading, ...] = ()
    fault: str = ""


class Finding(Value):
    """A line of `findings.jsonl`."""

    id: str
    row: int
    """Line (JSONL) or row number, from 1."""
    finding: FindingName
    shape: str = ""
    claim: Claim = "passes"
    verdict: VerdictName | None = None
    reasons: tuple[str, ...] = ()
    message: str = ""
    test: str = ""
    """The first test that failed."""
    got: str | None = None
    expected: str | None = None
    traceback: str = ""
    by_exit_code: bool | None = None
    """Whether solution and tests in one process end with exit code 0; None where that was not asked."""
    reading: str = ""
    """How the row was read, where that was not obvious."""
    same_as: str | None = None
    """Id of the earlier row that a duplicate repeats."""
    solution: str = ""
    tests: str = ""
    """Both only where the row does not hold."""
    key: str = ""
    """Of the code's normal form and the tests; equal for duplicates."""
    digest: str = ""
    """Of all that decides the finding, so that a rerun knows what is settled."""
