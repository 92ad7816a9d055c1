"""What `execfeedback verify` does: read items, skip what is judged already, write verdict lines, keep the count."""

import asyncio
import json
import os
import signal
import sys
from collections import Counter
from collections.abc import Callable, Coroutine
from pathlib import Path
from typing import Any, TextIO

from execfeedback import jobs
from execfeedback.config import SandboxOptions
from execfeedback.errors import InputError
from execfeedback.halting import Interrupted
from execfeedback.jsonl import json_line, read_jsonl, read_rows, write_jsonl
from execfeedback.library import backend_of
from execfeedback.types import Item, Value, Verdict
from execfeedback.verifying import item_digest, verify_items


class Options(Value):
    items: Path
    out: Path | None = None
    workers: int = 2
    unordered: bool = False
    results: bool = False
    """Ask it of every item."""
    as_json: bool = False
    quiet: bool = False
    sandbox: SandboxOptions = SandboxOptions()


class Counts(Value):
    total: int
    passed: int
    errors: int
    verdicts: dict[str, int]


def run(options: Options) -> Counts:
    """Judge every item; raises InputError before the first one runs when a line or a field is wrong."""
    items = read_items(options.items, options.results)
    refuse_repeated_ids(options.items, items)
    kept = judged_before(options.out, items)
    left = [item for item in items if item.id not in kept]
    counts: Counter[str] = Counter(verdict.verdict or "error" for verdict in kept.values())
    with open_output(options.out) as file:
        asyncio.run(until_stopped(judge_left(options, left, file, counts, len(items))))
    if options.out is not None and not options.unordered:
        in_input_order(options.out, items)
    return summary(options, counts, len(items), len(kept))


def read_items(path: Path, results: bool = False) -> list[Item]:
    items = []
    for number, item in read_jsonl(path, Item):
        try:
            jobs.check(item)
        except InputError as error:
            raise InputError(f"{path}:{number}: {error}") from None
        items.append(item.model_copy(update={"results": True}) if results else item)
    return items


def refuse_repeated_ids(path: Path, items: list[Item]) -> None:
    seen: dict[str, int] = {}
    for number, item in enumerate(items, 1):
        if item.id in seen:
            raise InputError(
                f"{path}: items {seen[item.id]} and {number} have the same id {item.id!r}; ids must differ"
            )
        seen[item.id] = number


def judged_before(out: Path | None, items: list[Item]) -> dict[str, Verdict]:
    """Verdicts of an earlier run that still hold: same id, same digest, no error of ours. A last line that was cut off by
    a kill is dropped from the file."""
    if out is None or not out.is_file():
        return {}
    drop_cut_line(out)
    digests = {item.id: item_digest(item) for item in items}
    found = {
        v.id: v for _, v in read_jsonl(out, Verdict) if v.error is None and digests.get(v.id) == v.digest
    }
    write_jsonl(out, [v.model_dump(mode="json") for v in found.values()])
    return found


def drop_cut_line(path: Path) -> None:
    with path.open("rb+") as file:
        data = file.read()
        end = data.rfind(b"\n") + 1
        if end < len(data):
            file.truncate(end)


class open_output:
    """The file that verdict lines are appended to; stdout without one."""

    def __init__(self, out: Path | None) -> None:
        self.out = out

    def __enter__(self) -> TextIO:
        try:
            self.file = sys.stdout if self.out is None else self.out.open("a", encoding="utf-8")
        except OSError as error:
            raise InputError(f"--out {self.out}: cannot be written: {error.strerror}") from error
        return self.file

    def __exit__(self, *_: object) -> None:
        self.file.flush()
        if self.out is not None:
            self.file.close()


async def until_stopped(work: Coroutine[Any, Any, None]) -> None:
    """Ctrl-C and SIGTERM end the work: what is in a slot is dropped, the slots are removed, all else is kept."""
    task = asyncio.ensure_future(work)
    loop = asyncio.get_running_loop()
    stopped: list[signal.Signals] = []

    def stop(number: signal.Signals) -> None:
        stopped.append(number)
        task.cancel()

    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, stop, number)
    try:
        await task
    except asyncio.CancelledError:
        if stopped:
            raise Interrupted(stopped[0]) from None
        raise


async def judge_left(
    options: Options, left: list[Item], file: TextIO, counts: Counter[str], total: int
) -> None:
    with progress(options, total, sum(counts.values())) as advance:
        if not left:
            return
        async with backend_of(options.sandbox, options.workers) as sandbox:
            async for verdict in verify_items(
                left, sandbox, workers=options.workers, ordered=not options.unordered
            ):
                file.write(json_line(verdict).decode())
                file.flush()
                counts[verdict.verdict or "error"] += 1
                advance(counts)


def in_input_order(out: Path, items: list[Item]) -> None:
    rows = {row["id"]: row for _, row in read_rows(out)}
    wanted = [rows[item.id] for item in items if item.id in rows]
    if wanted != list(rows.values()):
        write_jsonl(out, wanted)


def summary(options: Options, counts: Counter[str], total: int, kept: int) -> Counts:
    found = Counts(
        total=total, passed=counts["passed"], errors=counts["error"], verdicts=dict(sorted(counts.items()))
    )
    if options.out is not None and options.as_json:
        print(json.dumps({**found.model_dump(), "skipped": kept, "out": str(options.out)}))
    if not options.quiet:
        shown = ", ".join(f"{n} {name}" for name, n in counts.most_common())
        again = f" ({kept} judged before)" if kept else ""
        print(f"{total} items: {shown or 'none'}{again}", file=sys.stderr)
    return found


class progress:
    """A bar on a terminal, nothing elsewhere. Moves with every verdict."""

    def __init__(self, options: Options, total: int, done: int) -> None:
        self.shown = not options.quiet and sys.stderr.isatty() and "NO_COLOR" not in os.environ
        self.total, self.done = total, done

    def __enter__(self) -> Callable[[Counter[str]], None]:
        if not self.shown:
            return lambda counts: None
        from rich.console import Console
        from rich.progress import (
            BarColumn,
            MofNCompleteColumn,
            Progress,
            SpinnerColumn,
            TextColumn,
            TimeRemainingColumn,
        )

        columns = (
            SpinnerColumn(),
            BarColumn(),
            MofNCompleteColumn(),
            TextColumn("{task.description}"),
            TimeRemainingColumn(),
        )
        self.bar = Progress(*columns, console=Console(stderr=True))
        task = self.bar.add_task("starting slots", total=self.total, completed=self.done)
        self.bar.start()
        return lambda counts: self.bar.update(
            task,
            completed=sum(counts.values()),
            description=", ".join(f"{n} {name}" for name, n in counts.most_common(3)),
        )

    def __exit__(self, *_: object) -> None:
        if self.shown:
            self.bar.stop()
