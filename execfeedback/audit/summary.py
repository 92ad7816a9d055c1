"""An audit as a table for people and as one document for programs. Pure."""

from collections.abc import Sequence
from typing import Any

from execfeedback.audit.findings import counts, headline
from execfeedback.audit.values import Finding, FindingName
from execfeedback.printable import printable
from execfeedback.types import Value


class Summary(Value):
    """Figures of one audit. A row may hold several solutions; each has a finding."""

    name: str
    rows: int
    solutions: int
    shapes: dict[str, int]
    findings: dict[FindingName, int]
    claim_passes: int
    """Solutions that are labelled as passing, or not labelled."""
    not_as_claimed: int
    """Of those, how many are not what they claim; a duplicate is."""
    claim_fails: int
    passing_by_exit_code: int
    """Rows whose tests did not pass, but which an exit code counts as passed."""
    kept: int
    """Findings of an earlier run that still held."""
    clean: int
    """Rows of which every solution holds."""

    @property
    def held(self) -> int:
        return self.findings.get("holds", 0)

    @property
    def errors(self) -> int:
        return self.findings.get("error", 0)


def summary(name: str, findings: Sequence[Finding], shapes: dict[str, int], kept: int) -> Summary:
    passes = [finding for finding in findings if finding.claim == "passes"]
    return Summary(
        name=name,
        rows=len({finding.row for finding in findings}),
        solutions=len(findings),
        shapes=shapes,
        findings=counts(findings),
        claim_passes=len(passes),
        not_as_claimed=sum(finding.finding not in ("holds", "duplicate") for finding in passes),
        claim_fails=len(findings) - len(passes),
        passing_by_exit_code=sum(counted_by_exit_code(finding) for finding in passes),
        kept=kept,
        clean=len(clean_rows(findings)),
    )


def counted_by_exit_code(finding: Finding) -> bool:
    return finding.by_exit_code is True and finding.finding != "holds"


def clean_rows(findings: Sequence[Finding]) -> set[int]:
    """Numbers of the rows of which every solution is what it claims."""
    return {finding.row for finding in findings} - {f.row for f in findings if f.finding != "holds"}


def document(found: Summary, findings: Sequence[Finding], out: str | None) -> dict[str, Any]:
    """What `--json` prints: the figures, and each row that does not hold, without its code."""
    lines = [
        finding.model_dump(mode="json", exclude={"solution", "tests", "key", "digest"}, exclude_defaults=True)
        for finding in findings
        if finding.finding != "holds"
    ]
    return {**found.model_dump(mode="json"), "out": out, "not_held": lines}


# ---- for people ----------------------------------------------------------------------------------------------------


def text(found: Summary, findings: Sequence[Finding], width: int) -> str:
    """Figures and a table, no line longer than `width`."""
    parts = [_head(found), _table(found, findings, width), *_remarks(found)]
    return "\n\n".join(part for part in parts if part)


def _head(found: Summary) -> str:
    share = 100 * found.held / max(found.solutions, 1)
    left = found.solutions - found.held
    what = amount(found.rows, "row")
    if found.solutions != found.rows:
        what += f" with {amount(found.solutions, 'solution')}"
    holds = "holds" if found.held == 1 else "hold"
    return f"{what}: {found.held} {holds} ({share:.1f} %), {left} {'does' if left == 1 else 'do'} not"


def amount(number: int, noun: str) -> str:
    return f"{number} {noun}{'' if number == 1 else 's'}"


def _table(found: Summary, findings: Sequence[Finding], width: int) -> str:
    names = [name for name in found.findings if name != "holds"]
    if not names:
        return ""
    noun = "rows" if found.solutions == found.rows else "solutions"
    rows = [("finding", noun, "share", "for example")]
    for name in names:
        number = found.findings[name]
        share = f"{100 * number / found.solutions:.1f} %"
        rows.append((name, str(number), share, _example(findings, name)))
    wide = [max(len(row[column]) for row in rows) for column in range(3)]
    return "\n".join(_line(row, wide, width) for row in rows)


def _line(row: tuple[str, str, str, str], wide: list[int], width: int) -> str:
    start = f"{row[0]:<{wide[0]}}  {row[1]:>{wide[1]}}  {row[2]:>{wide[2]}}  "
    return (start + cut(row[3], max(width - len(start), 24))).rstrip()


def cut(line: str, width: int) -> str:
    return line if len(line) <= width else line[: width - 3] + "..."


def _example(findings: Sequence[Finding], name: str) -> str:
    """The first row of a finding, in one line."""
    finding = next(one for one in findings if one.finding == name)
    return printable(f"{finding.id}  {headline(finding)}"[:400]).replace("\n", " ")


def _remarks(found: Summary) -> list[str]:
    said = []
    if found.claim_fails:
        passing = found.findings.get("mislabelled", 0)
        said.append(
            f"Labels: of {found.claim_passes} labelled as passing {found.not_as_claimed} are not what they claim; "
            f"of {found.claim_fails} labelled as failing {passing} {'passes' if passing == 1 else 'pass'}."
        )
    if found.passing_by_exit_code:
        said.append(
            f"By exit code alone, {found.passing_by_exit_code} of these would have counted as passed."
        )
    return said
