"""What `execfeedback audit` does: read rows, skip what is settled, judge the rest, write findings, clean rows, a report."""

import asyncio
import json
import shutil
import sys
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO

from execfeedback.audit import summary
from execfeedback.audit.dataset import Dataset
from execfeedback.audit.findings import with_duplicates
from execfeedback.audit.judging import Asked, finding_of, subject_digest
from execfeedback.audit.page import write_report
from execfeedback.audit.screen import Moving
from execfeedback.audit.values import Finding, Subject
from execfeedback.config import SandboxOptions
from execfeedback.errors import InputError
from execfeedback.jsonl import json_line, read_jsonl, replacing, write_jsonl
from execfeedback.library import backend_of
from execfeedback.types import Check, Value
from execfeedback.verify_command import drop_cut_line, until_stopped
from execfeedback.verifying import in_flight

FINDINGS, CLEAN, REPORT = "findings.jsonl", "clean.jsonl", "report.html"


class Options(Value):
    rows: Path
    map: str | None = None
    tasks: Path | None = None
    out: Path | None = None
    checks: tuple[Check, ...] = ("vacuous", "flaky")
    quick: bool = False
    """No checks, and duplicates by their text alone."""
    limit: int | None = None
    workers: int = 2
    as_json: bool = False
    quiet: bool = False
    sandbox: SandboxOptions = SandboxOptions()

    @property
    def asked(self) -> Asked:
        return Asked(() if self.quick else self.checks, normal_forms=not self.quick)


def run(options: Options) -> summary.Summary:
    """Audit every row. Raises InputError when none can be read, SandboxError when there is no sandbox."""
    dataset = Dataset(options.rows, options.map, options.tasks, options.limit)
    kinds = dataset.shapes()
    settled = {} if options.out is None else _settled(options.out, dataset, options.asked)
    kept = len(settled)
    _announce(options, kinds, kept)
    asyncio.run(until_stopped(_judge(options, dataset, settled, kinds.total())))
    findings = list(with_duplicates(_in_order(dataset, settled)))
    found = summary.summary(options.rows.name, findings, dict(kinds), kept)
    if options.out is not None:
        _write(options.out, dataset, findings, found)
    _tell(options, found, findings)
    return found


def _settled(out: Path, dataset: Dataset, asked: Asked) -> dict[str, Finding]:
    """Findings of an earlier run that still hold, by id; the file keeps no others."""
    path = _made(out) / FINDINGS
    if not path.is_file():
        return {}
    drop_cut_line(path)
    before = {finding.id: finding for _, finding in read_jsonl(path, Finding)}
    found = {}
    for subject in dataset.subjects():
        finding = before.get(subject.id)
        if finding and finding.finding != "error" and finding.digest == subject_digest(subject, asked):
            found[subject.id] = finding.model_copy(update={"row": subject.row})
    write_jsonl(path, found.values())
    return found


def _made(out: Path) -> Path:
    try:
        out.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise InputError(f"--out {out}: is no folder and cannot be made one: {error.strerror}") from None
    return out


async def _judge(options: Options, dataset: Dataset, settled: dict[str, Finding], total: int) -> None:
    """Adds what is missing to `settled`, and a line to the file for each as it is found."""
    if total == len(settled):
        return
    left = (subject for subject in dataset.subjects() if subject.id not in settled)
    done = Counter(str(finding.finding) for finding in settled.values())
    with _appending(options.out) as file, Moving(total, done, options.quiet) as moving:
        async with backend_of(options.sandbox, options.workers) as sandbox:

            async def work(subject: Subject) -> Finding:
                return await finding_of(subject, options.asked, sandbox)

            async for finding in in_flight(left, work, workers=options.workers, ordered=False):
                settled[finding.id] = finding
                if file is not None:
                    file.write(json_line(finding))
                    file.flush()
                moving.take(finding.finding)


def _in_order(dataset: Dataset, settled: dict[str, Finding]) -> Iterator[Finding]:
    for subject in dataset.subjects():
        if subject.id not in settled:
            raise InputError(f"{dataset.path}: changed while it was audited; run the same again")
        yield settled[subject.id]


class _appending:
    """`findings.jsonl` to append to, or nothing."""

    def __init__(self, out: Path | None) -> None:
        self.file = None if out is None else (out / FINDINGS).open("ab")

    def __enter__(self) -> BinaryIO | None:
        return self.file

    def __exit__(self, *_: object) -> None:
        if self.file is not None:
            self.file.close()


# ---- what people get -----------------------------------------------------------------------------------------------


def _write(out: Path, dataset: Dataset, findings: list[Finding], found: summary.Summary) -> None:
    write_jsonl(out / FINDINGS, findings)
    clean = summary.clean_rows(findings)
    with replacing(out / CLEAN) as file:
        for row in dataset.rows():
            if row.number in clean:
                file.write(row.raw.encode() + b"\n")
    write_report(out / REPORT, found, findings)


def _announce(options: Options, kinds: Counter[str], kept: int) -> None:
    if options.quiet:
        return
    shapes = ", ".join(f"{number} {kind}" for kind, number in kinds.most_common())
    again = f"; {kept} settled by an earlier run" if kept else ""
    print(f"{options.rows}: {shapes}{again}", file=sys.stderr, flush=True)


def _tell(options: Options, found: summary.Summary, findings: list[Finding]) -> None:
    out = None if options.out is None else str(options.out)
    if options.as_json:
        print(json.dumps(summary.document(found, findings, out), ensure_ascii=False))
    if options.quiet and options.as_json:
        return
    file = sys.stderr if options.as_json else sys.stdout
    width = max(shutil.get_terminal_size((120, 24)).columns, 60)
    print(f"\n{summary.text(found, findings, width)}\n", file=file)
    print("\n".join(_files(options.out, found)), file=file)


def _files(out: Path | None, found: summary.Summary) -> Iterator[str]:
    if out is None:
        yield "With --out DIR the evidence of every row, the clean rows and a report are written there."
        return
    yield f"report    {out / REPORT}"
    yield f"findings  {out / FINDINGS}  (a line a row, with the failing test, both values, the traceback)"
    yield f"clean     {out / CLEAN}  ({summary.amount(found.clean, 'row')}, verbatim)"
