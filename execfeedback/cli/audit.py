"""`audit`: which rows of an existing dataset are not what they claim."""

from pathlib import Path
from typing import Annotated

import typer


def audit(
    rows: Annotated[
        Path,
        typer.Argument(
            metavar="ROWS",
            help="Solutions with tests: .jsonl, .jsonl.zst, .jsonl.gz, .json, .csv, .tsv or .parquet.",
        ),
    ],
    map: Annotated[
        str | None,
        typer.Option(
            metavar="FIELD=COLUMN,...",
            help="Which column is what, where it is not recognised: solution=code,tests=meta.tests,id=task_id. "
            "Fields: id, solution, tests, prompt, entry_point, language, passed, task.",
        ),
    ] = None,
    tasks: Annotated[
        Path | None,
        typer.Option(help="A file with prompts and tests, joined with the rows by their task_id."),
    ] = None,
    out: Annotated[
        Path | None,
        typer.Option(
            metavar="DIR",
            help="Write findings.jsonl, clean.jsonl and report.html there; a rerun judges only what is new.",
        ),
    ] = None,
    checks: Annotated[
        str, typer.Option(help="Beyond the verdict: vacuous, flaky, or both with a comma.")
    ] = "vacuous,flaky",
    quick: Annotated[bool, typer.Option("--quick", help="The verdict alone, no checks.")] = False,
    limit: Annotated[int | None, typer.Option(min=1, help="Only the first rows.")] = None,
    workers: Annotated[int, typer.Option(min=1, help="Slots that run at one time.")] = 2,
    expect_clean: Annotated[
        bool, typer.Option("--expect-clean", help="Exit with 3 when a row does not hold.")
    ] = False,
    as_json: Annotated[
        bool, typer.Option("--json", help="One JSON document on stdout, people's output on stderr.")
    ] = False,
    quiet: Annotated[bool, typer.Option("--quiet", help="No progress.")] = False,
    sandbox: Annotated[
        str | None,
        typer.Option(
            help="The backend: docker (the default), local, http://HOST:PORT or unix://PATH; never changed by itself."
        ),
    ] = None,
) -> None:
    """Find the rows of a dataset that are not what they claim: solutions that fail, tests that nothing fails, passes by
    chance or by a trick, rows that cannot be judged. Needs no model."""
    from execfeedback.audit.command import Options, run
    from execfeedback.config import load_config
    from execfeedback.errors import InputError

    names = tuple(name.strip() for name in checks.split(",") if name.strip())
    if unknown := set(names) - {"vacuous", "flaky"}:
        raise InputError(f"--checks: there is no check {sorted(unknown)[0]!r}; there are vacuous, flaky")
    options = Options.model_validate(
        {
            "rows": rows,
            "map": map,
            "tasks": tasks,
            "out": out,
            "checks": names,
            "quick": quick,
            "limit": limit,
            "workers": workers,
            "as_json": as_json,
            "quiet": quiet,
            "sandbox": load_config(flags={"sandbox": {"backend": sandbox}}).sandbox,
        }
    )
    found = run(options)
    if found.errors:
        raise typer.Exit(4)
    if expect_clean and found.held < found.solutions:
        raise typer.Exit(3)
