"""What `execfeedback demo` shows: the growing, one record from its problem to its fix, and where everything lies."""

import json
from pathlib import Path
from typing import Any

from execfeedback.cli.grow_run import Options, grown
from execfeedback.cli.report import write_report
from execfeedback.cli.show import print_story
from execfeedback.cli.status import summary
from execfeedback.corpus import Corpus
from execfeedback.report.story import chosen

ENOUGH = 100
"""Records that the demo promises."""


def tour(options: Options) -> None:
    """Grow, show, report. Raises what ended the growing early."""
    talks = not (options.quiet or options.as_json)
    if talks:
        print(
            "Growing a corpus from the bundled problems: wrong first tries, real runs in the sandbox, repairs.\n"
        )
    error = grown(options)[1]
    if error is not None:
        raise error
    report = write_report(options.out, options.out.with_suffix(".html"))
    facts = summary(options.out)
    if options.as_json:
        print(json.dumps({"corpus": str(options.out), "report": str(report), "counts": facts["counts"]}))
    elif talks:
        _show(options.out)
        _close(options.out, report, facts)


def _show(path: Path) -> None:
    """The record that shows most."""
    with Corpus(path) as corpus:
        record = chosen(corpus)
        if record is not None:
            print_story(f"record {record.id[:16]}", corpus.trajectory(record.trajectory), list(record.gates))


def _close(path: Path, report: Path, facts: dict[str, Any]) -> None:
    counts = facts["counts"]
    print(f"\n{counts['records']} verified records, {counts['distinct_solutions']} distinct final solutions; "
          f"{counts['rejections']} trajectories were rejected")  # fmt: skip
    if counts["records"] < ENOUGH:
        print(f"(fewer than {ENOUGH}: --samples takes more first tries a problem)")
    print(f"records   {path}")
    print(f"report    {report}")
    print(f"next      execfeedback show {path} ID · execfeedback export {path} --format sft "
          "--include-semi-synthetic --out DIR")  # fmt: skip
