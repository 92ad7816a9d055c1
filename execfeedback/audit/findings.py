"""From what was measured of a row to the finding. Pure."""

import re
from collections import Counter
from collections.abc import Iterable, Iterator

from execfeedback.audit.values import MEANINGS, Claim, Finding, FindingName, Reading, Subject
from execfeedback.types import Failure, Item, Verdict

_FORGEABLE = ("wrong_answer", "runtime_error", "compile_error")
"""Verdicts that an exit code of 0 contradicts."""
ONE_PROCESS = "one_process"
"""The reason of a row that an exit code passes, that fails in two processes, and that shows nothing of a forgery."""
_VALUES = re.compile(
    r"^(got|expected):[ \n](.*?)(?=^(?:got|expected|input|comparison|note):|\Z)", re.M | re.S
)
_BY_VERDICT = ("fails", "forged", "bad_tests", "unverifiable")
"""Findings that do not say by themselves how the run ended."""
_STUBS = re.compile(r"\bstub_passes \(.*?stubs_passed: \[(.+?)\]")
_INSENSITIVE = re.compile(r"\binsensitive \(replays: \{(.+?)\}")
_QUOTED = re.compile(r"'(\w+)':")
_DIFFERED = re.compile(r"\bdiffered: ([^,]+), verdict: (\w+)")
LONGEST = 20_000
"""Characters of code, tests and messages that a finding keeps."""


def found(
    subject: Subject,
    reading: Reading,
    verdict: Verdict,
    by_exit_code: bool | None = None,
    passed_again: int = 0,
    forging: str = "",
) -> Finding:
    """The finding of a row that was judged. `forging`: what shows that an exit code was forged."""
    name = named(verdict, subject.claim, by_exit_code, passed_again, forging)
    undecided = name == "unverifiable" and verdict.verdict in _FORGEABLE
    failure = verdict.failure or Failure(test="", message="")
    told = values_in(failure.message)
    held = name == "holds"
    return Finding(
        id=subject.id,
        row=subject.row,
        finding=name,
        shape=subject.shape,
        claim=subject.claim,
        verdict=verdict.verdict,
        reasons=(ONE_PROCESS, *verdict.reasons) if undecided else verdict.reasons,
        message="\n".join(filter(None, (forging, _message(name, failure, reading))))[:LONGEST],
        test=failure.test[:LONGEST],
        got=told.get("got"),
        expected=told.get("expected"),
        traceback=failure.traceback,
        by_exit_code=by_exit_code,
        reading=reading.note,
        solution="" if held else solution_text(reading.item)[:LONGEST],
        tests="" if held else tests_text(reading.item)[:LONGEST],
    )


def named(
    verdict: Verdict, claim: Claim, by_exit_code: bool | None, passed_again: int, forging: str = ""
) -> FindingName:
    """The one word for a row. What its tests or the item itself get wrong comes before what it claims."""
    if verdict.verdict == "unverifiable":
        return "unverifiable"
    if verdict.verdict == "bad_tests":
        return "vacuous" if "vacuous" in verdict.reasons else "bad_tests"
    if claim == "fails":
        return "mislabelled" if verdict.passed else "holds"
    if verdict.passed:
        return "holds"
    if verdict.verdict == "rejected":
        return "flaky" if "flaky" in verdict.reasons else "held_out"
    if passed_again:
        return "flaky"
    if not by_exit_code or verdict.verdict not in _FORGEABLE:
        return "fails"
    return "forged" if forging else "unverifiable"


def _message(name: FindingName, failure: Failure, reading: Reading) -> str:
    """What a person needs to know beside test, values and traceback."""
    if name == "mislabelled":
        return (
            f"labelled as failing, passes ({reading.note})" if reading.note else "labelled as failing, passes"
        )
    if failure.message.endswith(": None") and failure.traceback.strip():
        return failure.traceback.strip().rsplit("\n", 1)[-1]
    left = _VALUES.sub("", failure.message).strip()
    if name == "flaky" and not left:
        return "it failed once and passed in another run of the same"
    return left


def malformed(subject: Subject, digest: str) -> Finding:
    return Finding(
        id=subject.id,
        row=subject.row,
        finding="malformed",
        shape=subject.shape,
        claim=subject.claim,
        message=subject.fault,
        digest=digest,
    )


def values_in(message: str) -> dict[str, str]:
    """`got` and `expected`, where a failure's message names them."""
    return {name: text.rstrip("\n")[:LONGEST] for name, text in _VALUES.findall(message)}


def solution_text(item: Item) -> str:
    if isinstance(item.solution, str):
        return item.solution
    return "\n".join(f"# {path}\n{text}" for path, text in item.solution.items())


def tests_text(item: Item) -> str:
    if isinstance(item.tests, str):
        return item.tests
    return "\n".join(case.model_dump_json(exclude_defaults=True) for case in item.tests)


def with_duplicates(findings: Iterable[Finding]) -> Iterator[Finding]:
    """The findings in the order of the file; of rows that hold and are the same the first is kept, the others marked."""
    seen: dict[str, str] = {}
    for finding in map(without_duplicate, findings):
        same_as = finding.id
        if finding.finding == "holds" and finding.claim == "passes" and finding.key:
            same_as = seen.setdefault(finding.key, finding.id)
        if same_as != finding.id:
            told = {
                "finding": "duplicate",
                "same_as": same_as,
                "message": f"the same code and tests as {same_as}",
            }
            finding = finding.model_copy(update=told)
        yield finding


def without_duplicate(finding: Finding) -> Finding:
    """As it was judged, whatever stands before it in the file."""
    if finding.finding != "duplicate":
        return finding
    return finding.model_copy(update={"finding": "holds", "same_as": None, "message": ""})


def counts(findings: Iterable[Finding]) -> dict[FindingName, int]:
    """How many of each, in the order of MEANINGS; those that are none are left out."""
    number = Counter(finding.finding for finding in findings)
    return {name: number[name] for name in MEANINGS if number[name]}


def headline(finding: Finding) -> str:
    """A finding in one line: what happened, where."""
    parts = (
        [finding.verdict or "", *finding.reasons] if finding.finding in _BY_VERDICT else finding.reasons[1:]
    )
    said = " ".join(dict.fromkeys(parts))
    test = "" if finding.test in ("tests", "import") else one_line(finding.test)
    values = f"got {one_line(finding.got)}" if finding.got is not None else in_words(finding.message)
    rest = ", ".join(part for part in (test, values) if part)
    return f"{said}: {rest}" if said and rest else said or rest


def in_words(message: str) -> str:
    """A message in one line; of what a gate told only what decided."""
    if changes := _INSENSITIVE.search(message):
        return f"no test notices wrong values ({', '.join(_QUOTED.findall(changes[1]))})"
    if stubs := _STUBS.search(message):
        return f"passes as well: {one_line(stubs[1]).replace(chr(39), '')}"
    if differed := _DIFFERED.search(message):
        return f"with {differed[1]} it ends as {differed[2]}"
    return one_line(message)


def one_line(text: str | None) -> str:
    return " ".join((text or "").split())
