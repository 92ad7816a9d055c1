"""How far an audit is: a bar on a terminal, a line now and then elsewhere, nothing when quiet. On stderr."""

import os
import sys
import time
from collections import Counter
from types import TracebackType
from typing import Any, Self

LINE_EVERY_S = 5.0


class Moving:
    """Use it as a context manager; `take` is called with the name of each finding."""

    def __init__(self, total: int, done: Counter[str], quiet: bool) -> None:
        self.total, self.counts, self._quiet = total, done, quiet
        self._bar: Any = None
        self._task: Any = None
        self._before = done.total()
        self._began = self._spoke = time.monotonic()

    def __enter__(self) -> Self:
        if not self._quiet and sys.stderr.isatty() and "NO_COLOR" not in os.environ:
            self._bar = _bar()
            self._task = self._bar.add_task("starting slots", total=self.total, completed=self._before)
            self._bar.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._bar is not None:
            self._bar.stop()

    def take(self, finding: str) -> None:
        self.counts[finding] += 1
        if self._bar is not None:
            self._bar.update(self._task, completed=self.counts.total(), description=_said(self.counts))
        elif not self._quiet and time.monotonic() - self._spoke >= LINE_EVERY_S:
            self._spoke = time.monotonic()
            rate = (self.counts.total() - self._before) / (self._spoke - self._began)
            line = f"{self.counts.total()}/{self.total} judged: {_said(self.counts)}, {rate:.1f}/s"
            print(line, file=sys.stderr, flush=True)


def _said(counts: Counter[str]) -> str:
    return ", ".join(f"{number} {name}" for name, number in counts.most_common(5))


def _bar() -> Any:
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
    return Progress(*columns, console=Console(stderr=True), transient=True)
