"""`execfeedback grow`: the main job."""

from pathlib import Path
from typing import Annotated

import typer


def grow(
    problems: Annotated[
        Path, typer.Argument(help="Problem file or folder: .jsonl, .jsonl.zst, .jsonl.gz, .parquet.")
    ],
    out: Annotated[Path, typer.Option(help="Corpus: one SQLite file. A run that was ended goes on from it.")],
    config: Annotated[
        Path | None, typer.Option(help="Default: execfeedback.toml, where there is one.")
    ] = None,
    generator: Annotated[
        str | None,
        typer.Option(
            help="mutate (no key, no network), litellm, openai-http, batch, replay, or a.b:factory."
        ),
    ] = None,
    model: Annotated[str | None, typer.Option(help="Model of the solver, as provider/name.")] = None,
    replay: Annotated[Path | None, typer.Option(help="Recorded answers, for --generator replay.")] = None,
    batch_dir: Annotated[
        Path | None, typer.Option(help="For --generator batch: questions go out and answers come in here.")
    ] = None,
    samples: Annotated[int | None, typer.Option(min=1, help="Independent first tries a problem [1].")] = None,
    steer: Annotated[
        bool | None,
        typer.Option(
            "--steer", help="As many samples in all, but where the corpus is thin or a problem hard."
        ),
    ] = None,
    limit: Annotated[int | None, typer.Option(min=1, help="Take only the first N problems.")] = None,
    max_cost: Annotated[
        float | None, typer.Option(min=0, help="US dollars for the whole corpus; then stop with exit code 6.")
    ] = None,
    workers: Annotated[int | None, typer.Option(min=1, help="Slots of the sandbox [2].")] = None,
    calls: Annotated[
        int | None, typer.Option(min=1, help="Model calls at one time [8 for each worker].")
    ] = None,
    seed: Annotated[int | None, typer.Option(help="Decides everything that chance decides [0].")] = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Say what would be done and cost.")] = False,
    events: Annotated[
        Path | None, typer.Option(help="Add one JSON line for each call, attempt, gate result.")
    ] = None,
    as_json: Annotated[
        bool, typer.Option("--json", help="One JSON document on stdout, people's output on stderr.")
    ] = False,
    quiet: Annotated[bool, typer.Option("--quiet", help="No progress, no summary.")] = False,
    sandbox: Annotated[
        str | None,
        typer.Option(
            help="The backend: docker (the default), local, http://HOST:PORT or unix://PATH; never changed by itself."
        ),
    ] = None,
) -> None:
    """Write, run, revise and verify solutions of problems; keep what execution proved.

    Flags go before EXECFEEDBACK_* in the environment, that before the file. Exit codes: 2 usage, 4 sandbox,
    5 model, 6 budget, 130/143 interrupted; whatever ends a run, the same command goes on from there.
    """
    from execfeedback.cli.grow_plan import plan_of, tell_plan
    from execfeedback.cli.grow_run import Options, run

    options = Options(
        problems=problems,
        out=out,
        config=config,
        generator=generator,
        model=model,
        replay=replay,
        batch_dir=batch_dir,
        samples=samples,
        steer=steer,
        limit=limit,
        max_cost=max_cost,
        workers=workers,
        calls=calls,
        seed=seed,
        events=events,
        sandbox=sandbox,
        as_json=as_json,
        quiet=quiet,
    )
    if dry_run:
        tell_plan(plan_of(options), as_json)
    else:
        run(options)
