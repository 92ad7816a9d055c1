"""What a person sees while a corpus grows: a live picture on a terminal, plain lines elsewhere, nothing when quiet."""

import sys
import time
from types import TracebackType
from typing import TYPE_CHECKING, Any, Self

from execfeedback.printable import printable
from execfeedback.progress import Progress, after

if TYPE_CHECKING:
    from rich.console import RenderableType

LINE_EVERY_S = 5.0
"""Between two plain lines."""
CURRENT = 6
"""Units in flight that are named."""


class Screen:
    """Takes the events of a run and shows them on stderr. Use it as a context manager."""

    def __init__(self, quiet: bool = False) -> None:
        self.progress = Progress()
        self._quiet, self._began, self._spoke = quiet, time.monotonic(), 0.0
        self._live: Any = None

    def __enter__(self) -> Self:
        self._began = time.monotonic()
        if not self._quiet and sys.stderr.isatty():
            from rich.console import Console
            from rich.live import Live

            console = Console(stderr=True)
            self._live = Live(
                get_renderable=self._picture, console=console, refresh_per_second=8, transient=True
            )
            self._live.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._live is not None:
            self._live.stop()

    def take(self, event: dict[str, Any]) -> None:
        """Show an event. The first unit that starts is shown at once."""
        self.progress = after(self.progress, event)
        now = time.monotonic()
        if (
            self._live is None
            and not self._quiet
            and self.progress.started
            and now - self._spoke >= LINE_EVERY_S
        ):
            self._spoke = now
            self.say(line(self.progress, now - self._began))

    def say(self, text: str) -> None:
        """A line of ours, above the live picture."""
        if self._quiet:
            return
        if self._live is not None:
            self._live.console.print(text, markup=False, highlight=False)
        else:
            print(text, file=sys.stderr, flush=True)

    def _picture(self) -> "RenderableType":
        return picture(self.progress, time.monotonic() - self._began)


def line(progress: Progress, seconds: float) -> str:
    """A run as one line of text."""
    parts = [
        f"{_of(progress)} units",
        f"{progress.running} running",
        f"{progress.verified} verified at once",
        f"{progress.repaired} repaired",
        f"{progress.records} records",
        f"{progress.rejected} rejected",
        *_spent(progress),
        f"{_rate(progress, seconds):.1f}/s",
    ]
    if progress.waiting:
        parts.append(f"waiting for the sandbox: {printable(progress.waiting)}")
    return ", ".join(parts)


def picture(progress: Progress, seconds: float) -> "RenderableType":
    """A run as a picture of a few lines, for a terminal."""
    from rich.console import Group
    from rich.text import Text

    parts: list[RenderableType] = [_bar(progress, seconds), _counts(progress)]
    if progress.reasons:
        often = sorted(progress.reasons.items(), key=lambda pair: (-pair[1], pair[0]))[:4]
        parts.append(
            Text("  refused: " + ", ".join(f"{printable(why)} {n}" for why, n in often), style="dim")
        )
    for unit, doing in list(progress.current.items())[:CURRENT]:
        parts.append(
            Text.assemble(("  · ", "cyan"), printable(unit)[:48].ljust(50), (printable(doing), "dim"))
        )
    if progress.waiting:
        parts.append(
            Text(f"  waiting for the sandbox: {printable(progress.waiting)[:200]}", style="bold yellow")
        )
    return Group(*parts)


def _bar(progress: Progress, seconds: float) -> "RenderableType":
    from rich.progress_bar import ProgressBar
    from rich.spinner import Spinner
    from rich.table import Table

    grid = Table.grid(padding=(0, 1))
    bar = ProgressBar(
        total=progress.units, completed=progress.decided, width=36, pulse=progress.units is None
    )
    grid.add_row(
        Spinner("dots"), bar, f"{_of(progress)} units", f"{_rate(progress, seconds):.1f}/s", _clock(seconds)
    )
    return grid


def _counts(progress: Progress) -> "RenderableType":
    from rich.text import Text

    said = (
        (f"  {progress.records} records", "bold green"),
        (f" · {progress.verified} verified at once · ", ""),
        (f"{progress.repaired} repaired", "yellow"),
        (f" · {progress.rejected} rejected", "red"),
        (f" · {progress.running} running · {progress.calls} calls", "dim"),
        ("".join(f" · {part}" for part in _spent(progress)), "dim"),
    )
    return Text.assemble(*said)


def _of(progress: Progress) -> str:
    return f"{progress.decided}/{progress.units}" if progress.units is not None else str(progress.decided)


def _rate(progress: Progress, seconds: float) -> float:
    """Units decided a second, in this run."""
    return (progress.records + progress.rejected) / max(seconds, 1e-9)


def _spent(progress: Progress) -> list[str]:
    """Tokens and dollars as far as they are known; nothing for a generator that has none."""
    tokens = progress.tokens_in + progress.tokens_out
    if not tokens and not progress.cost_usd:
        return []
    unknown = f" + {progress.unknown_prices} of unknown price" if progress.unknown_prices else ""
    wasted = [f"{progress.wasted} answers of no use"] if progress.wasted else []
    return [f"{_short(tokens)} tokens", f"${progress.cost_usd:.2f}{unknown}", *wasted]


def _short(number: int) -> str:
    return (
        f"{number / 1e6:.1f}M" if number >= 1e6 else f"{number / 1e3:.1f}k" if number >= 1e4 else str(number)
    )


def _clock(seconds: float) -> str:
    return f"{int(seconds) // 60}:{int(seconds) % 60:02d}"
