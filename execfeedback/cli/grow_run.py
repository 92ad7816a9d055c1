"""What `execfeedback grow` does: from options to adapters, signals, what people and programs see of it."""

import asyncio
import errno
import json
import os
import signal
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from io import FileIO
from itertools import islice
from pathlib import Path
from typing import Any

from execfeedback import __version__
from execfeedback.config import Config, load_config
from execfeedback.corpus import Corpus, Counts
from execfeedback.corpus.files import check
from execfeedback.errors import ExecfeedbackError, InputError
from execfeedback.generators.batch import open_files
from execfeedback.growing import grow
from execfeedback.halting import Halt, Interrupted
from execfeedback.jsonl import json_line
from execfeedback.library import backend_of
from execfeedback.problems import load_problems
from execfeedback.progress import Progress
from execfeedback.prompts import check_folder
from execfeedback.protocols import EventSink, Generator, Priced, Sandbox, SandboxPool
from execfeedback.registry import gates_named, generator_named
from execfeedback.screen import Screen
from execfeedback.types import Value
from execfeedback.units import Settings, samples_of

Maker = Callable[[Sandbox], Generator]


class Options(Value):
    """The command line. None is "not given": the environment, the file or the default decides."""

    problems: Path
    out: Path
    config: Path | None = None
    generator: str | None = None
    model: str | None = None
    replay: Path | None = None
    batch_dir: Path | None = None
    samples: int | None = None
    steer: bool | None = None
    limit: int | None = None
    max_cost: float | None = None
    workers: int | None = None
    calls: int | None = None
    seed: int | None = None
    events: Path | None = None
    sandbox: str | None = None
    as_json: bool = False
    quiet: bool = False


def configured(options: Options) -> Config:
    """Flags over environment over file."""
    if options.replay is not None and options.generator not in (None, "replay"):
        raise InputError(f"--replay goes with --generator replay, not {options.generator}")
    if options.batch_dir is not None and options.generator not in (None, "batch"):
        raise InputError(f"--batch-dir goes with --generator batch, not {options.generator}")
    named = "replay" if options.replay else "batch" if options.batch_dir else options.generator
    return load_config(
        options.config,
        {
            "generator": named,
            "roles": {"solver": {"model": options.model}},
            "samples": options.samples,
            "workers": options.workers,
            "calls": options.calls,
            "batch_dir": options.batch_dir,
            "seed": options.seed,
            "budget": {"max_cost": options.max_cost, "steer": options.steer},
            "sandbox": {"backend": options.sandbox},
        },
    )


def settings_from(config: Config, limit: int | None) -> Settings:
    """A few units more than calls: while those are on their way, the sandbox has others to judge. Raises InputError."""
    check_folder(config.prompts_dir)
    asks = config.generator_name() not in ("mutate", "replay")
    calls = (config.calls or 8 * config.workers) if asks else None
    return Settings(
        samples=config.samples,
        steer=config.budget.steer,
        seed=config.seed,
        max_attempts=config.max_attempts,
        limit=limit,
        in_flight=(calls or 0) + 2 * config.workers,
        calls=calls,
        model_failures=None if config.generator_name() == "batch" else 8,
        max_cost_usd=config.budget.max_cost,
        max_tokens=config.budget.max_tokens,
        max_wall_s=config.budget.max_wall_s,
        problem_attempts=config.budget.problem_attempts,
        pilot=config.budget.pilot,
        feedback_chars=config.feedback_chars,
        prompts_dir=config.prompts_dir,
        tests=config.tests,
        configuration={"gates": list(config.gates)},
    )


def maker(config: Config, replay: Path | None) -> Maker:
    """Makes the generator once there is a sandbox. What is wrong with its options is said before. Raises InputError."""
    name = config.generator_name()
    if name == "mutate":
        return lambda sandbox: generator_named("mutate", sandbox=sandbox, seed=config.seed)
    if name == "replay":
        if replay is None:
            raise InputError("--generator replay needs --replay FILE, the recorded answers")
        if config.budget.steer:
            raise InputError(
                "--steer: recorded answers are shared out by a fixed number of samples; leave it away"
            )
        made = generator_named("replay", path=replay, samples=config.samples)
    else:
        more: dict[str, Any] = {"folder": config.batch_dir} if name == "batch" else {}
        more |= {"patience": config.patience} if config.patience else {}
        made = generator_named(name, **more, **_roles(config))
    if config.budget.max_cost is not None and isinstance(made, Priced) and (models := made.unpriced()):
        raise InputError(
            f"--max-cost cannot be kept: the price of {', '.join(models)} is not known. Give price_in and price_out "
            "(US dollars for a million tokens) in the table of its role, such as [roles.solver], or leave --max-cost away"
        )
    return lambda sandbox: made


def _roles(config: Config) -> dict[str, Any]:
    """The solver's options, and by name those of the roles that another model plays."""
    told = config.roles.model_dump(exclude_none=True, exclude_defaults=True)
    return {**told.pop("solver", {}), **told}


def run(options: Options) -> None:
    """Grow and say what came of it. Raises the reason when the run ended early, after saying what is kept."""
    progress, error = grown(options)
    tell(options, progress, error)
    if error is not None:
        raise error


def grown(options: Options) -> tuple[Progress, ExecfeedbackError | None]:
    """What a run did, and what ended it early, if anything did. Raises InputError before anything is written."""
    config = configured(options)
    settings = settings_from(config, options.limit)
    work = {
        "generator": maker(config, options.replay),
        "gates": gates_named(config.gates),
        "settings": settings,
    }
    pool = backend_of(config.sandbox, config.workers)
    check(options.out)
    about = {
        "units": counted(options.problems, options.limit) * len(samples_of(settings)),
        "source": str(options.problems),
        "version": __version__,
        "workers": config.workers,
    }
    with Screen(options.quiet) as screen, _events(options.events, screen.take) as sink:
        try:
            return asyncio.run(_grown(options, pool, screen, on_event=sink, about=about, **work)), None
        except InputError:
            raise
        except ExecfeedbackError as error:
            return screen.progress, error


async def _grown(options: Options, pool: SandboxPool, screen: Screen, **work: Any) -> Progress:
    halt = Halt()
    with _signals(halt, screen):
        async with pool as sandbox:
            problems = load_problems(options.problems)
            return await grow(problems, out=options.out, sandbox=sandbox, halt=halt, **work)


def counted(path: Path, limit: int | None = None) -> int:
    """How many problems there are to take. Reads all of them, so that a bad line is known before anything is written."""
    return sum(1 for _ in islice(load_problems(path), limit))


@contextmanager
def _signals(halt: Halt, screen: Screen) -> Iterator[None]:
    """The first SIGINT or SIGTERM ends the run between two steps, the second one at once."""
    loop, task = asyncio.get_running_loop(), asyncio.current_task()

    def caught(number: int) -> None:
        if isinstance(halt.reason, Interrupted) and task is not None:
            task.cancel()
        halt.stop(Interrupted(number))
        screen.say("stopping after the steps under way; once more to stop at once")

    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, caught, number)
    try:
        yield
    except asyncio.CancelledError:
        raise halt.reason or Interrupted(signal.SIGINT) from None
    finally:
        for number in (signal.SIGINT, signal.SIGTERM):
            loop.remove_signal_handler(number)


@contextmanager
def _events(path: Path | None, show: EventSink) -> Iterator[EventSink]:
    """A sink that shows events and, with a path, adds each as a line to that file."""
    if path is None:
        yield show
        return
    try:
        file = path.open("ab", buffering=0)
    except OSError as error:
        raise InputError(f"--events {path}: cannot be written: {error.strerror}") from error
    with file:

        def sink(event: dict[str, Any]) -> None:
            try:
                _add_line(file, json_line(event))
            except OSError as error:
                raise InputError(f"--events {path}: cannot be written: {error.strerror}") from error
            show(event)

        yield sink


def _add_line(file: FileIO, line: bytes) -> None:
    """All of it or nothing: of a line that a full disk takes in part nothing stays, so the next run begins a new one."""
    written = file.write(line)
    if written < len(line):
        file.truncate(file.tell() - written)
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))


def _counts(path: Path) -> Counts:
    """Of a corpus, or of the one that there is not, or an empty file, because the run ended before it was made."""
    if not path.exists() or not path.stat().st_size:
        return Counts(**dict.fromkeys(Counts.model_fields, 0))
    with Corpus(path) as corpus:
        return corpus.counts()


def tell(options: Options, progress: Progress, error: ExecfeedbackError | None) -> None:
    """The end of a run: one JSON document on stdout, or lines for people."""
    counts = _counts(options.out)
    if options.as_json:
        said: dict[str, Any] = {"corpus": str(options.out), "counts": counts.model_dump()}
        said["run"] = progress.model_dump(exclude={"current", "waiting"})
        print(json.dumps(said | {"error": str(error) if error else None}))
    elif not options.quiet:
        print("\n".join(_lines(options.out, counts, progress, finished=error is None)))
        if progress.pending:
            print("\n".join(_awaited(progress.pending, configured(options).batch_dir)))


def _lines(path: Path, counts: Counts, progress: Progress, *, finished: bool) -> Iterator[str]:
    distinct = f"{counts.distinct_solutions} distinct final solutions"
    yield f"{path}: {counts.records} records ({distinct}), {counts.rejections} rejected"
    run = f"{progress.records} records, {progress.rejected} rejected"
    yield f"this run: {run}, {progress.skipped} units were done before"
    if progress.unanswered:
        yield f"{progress.unanswered} units wait for the model; the same command tries them again"
    if finished and not progress.pending:
        yield f"next: execfeedback report {path} · execfeedback export {path} --format sft --out DIR"


def _awaited(pending: int, folder: Path | None) -> Iterator[str]:
    """What the next run needs. Without a folder of ours it is another generator's business."""
    yield f"{pending} units wait for answers; the same command goes on with them"
    for path in open_files(folder) if folder else ():
        yield f"  {path} -> {path.with_name(path.name.replace('requests', 'responses'))}"
