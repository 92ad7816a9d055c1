"""An audit as one HTML page: no script, nothing from elsewhere, and all that came from rows or runs escaped."""

import time
from collections.abc import Sequence
from importlib.metadata import version
from pathlib import Path
from typing import Any

from execfeedback.audit.findings import headline
from execfeedback.audit.summary import Summary
from execfeedback.audit.values import MEANINGS, REMEDIES, Finding, FindingName
from execfeedback.jsonl import replacing
from execfeedback.printable import printable, shortened
from execfeedback.report.figures import Bar, bars
from execfeedback.report.page import environment
from execfeedback.types import Value

TEMPLATE = "audit.html.j2"
EXAMPLES = 5
"""Rows of each finding that are shown with their evidence."""
LISTED = 200
"""Rows of each finding that are listed by their id."""


class Group(Value):
    """One kind of finding, with rows to look at."""

    name: FindingName
    meaning: str
    amount: int
    share: float
    reasons: tuple[Bar, ...]
    remedies: dict[str, str]
    examples: tuple[dict[str, Any], ...]
    ids: tuple[str, ...]


def write_report(path: Path, found: Summary, findings: Sequence[Finding]) -> None:
    page = render(found, findings)
    with replacing(path) as file:
        file.write(page.encode("utf-8", "replace"))


def render(found: Summary, findings: Sequence[Finding]) -> str:
    """The whole page."""
    content = {
        "found": found,
        "groups": [_group(name, found, findings) for name in found.findings if name != "holds"],
        "chart_rows": _chart(found),
        "written": time.strftime("%Y-%m-%d %H:%M UTC", time.gmtime()),
        "version": version("execfeedback"),
    }
    text: str = environment().get_template(TEMPLATE).render(content)
    return text


def _chart(found: Summary) -> list[Bar]:
    return list(bars((name, number) for name, number in found.findings.items() if name != "holds"))


def _group(name: FindingName, found: Summary, findings: Sequence[Finding]) -> Group:
    those = [finding for finding in findings if finding.finding == name]
    reasons: dict[str, int] = {}
    for finding in those:
        label = " ".join(part for part in (finding.verdict or "", *finding.reasons) if part)
        reasons[label] = reasons.get(label, 0) + 1
    return Group(
        name=name,
        meaning=MEANINGS[name],
        amount=len(those),
        share=len(those) / max(found.solutions, 1),
        reasons=tuple(bars((label, number) for label, number in reasons.items() if label)),
        remedies={reason: REMEDIES[reason] for reason in _reasons(those) if reason in REMEDIES},
        examples=tuple(_example(finding) for finding in those[:EXAMPLES]),
        ids=tuple(printable(finding.id) for finding in those[:LISTED]),
    )


def _reasons(findings: Sequence[Finding]) -> list[str]:
    return list(dict.fromkeys(reason for finding in findings for reason in finding.reasons))


def _example(finding: Finding) -> dict[str, Any]:
    """A row as the page shows it; text is made printable here, and escaped by the template."""
    shown = {"message": finding.message, "test": finding.test, "traceback": finding.traceback}
    values = {"got": finding.got, "expected": finding.expected}
    return {
        "id": printable(finding.id),
        "row": finding.row,
        "headline": printable(headline(finding)),
        "by_exit_code": finding.by_exit_code,
        "reading": finding.reading,
        "claim": finding.claim,
        **{name: shortened(printable(text)) for name, text in shown.items()},
        **{name: None if text is None else shortened(printable(text)) for name, text in values.items()},
        "solution": shortened(printable(finding.solution), lines=60),
        "tests": shortened(printable(finding.tests), lines=40),
    }
