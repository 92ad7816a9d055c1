"""How far a run is, as a value made of its events and nothing else. Pure."""

from collections.abc import Callable
from typing import Any

from pydantic import Field

from execfeedback.types import Value


class Progress(Value):
    """Counts of one run. A unit is one sample of one problem."""

    units: int | None = None
    """Units in all; None when the problems come from something that cannot be counted."""
    skipped: int = 0
    """Units that an earlier run had decided on."""
    started: int = 0
    finished: int = 0
    """Units whose trajectory has stopped and whose gates have spoken."""
    verified: int = 0
    """Passed at the first attempt."""
    repaired: int = 0
    """Passed at a later attempt."""
    failed: int = 0
    """Never passed."""
    unanswered: int = 0
    """Units that the model failed; the next run tries them again."""
    pending: int = 0
    """Units whose next answer comes in a file; a later run goes on with them."""
    records: int = 0
    rejected: int = 0
    calls: int = 0
    attempts: int = 0
    tokens_in: int = 0
    tokens_out: int = 0
    cost_usd: float = 0.0
    """Sum over this run's calls whose price is known; like the tokens with what was wasted."""
    unknown_prices: int = 0
    wasted: int = 0
    """Answers of no use (empty, cut off, timed out)."""
    reasons: dict[str, int] = Field({})
    """Rejections by reason."""
    current: dict[str, str] = Field({})
    """What each unit in flight (`problem sample`) is doing."""
    waiting: str | None = None
    """Why the sandbox is waited for, if it is."""

    @property
    def running(self) -> int:
        return len(self.current)

    @property
    def decided(self) -> int:
        return self.skipped + self.records + self.rejected


_DOING = {"call": "judging", "attempt": "asking", "trajectory": "at the gates", "gate": "at the gates"}


def after(progress: Progress, event: dict[str, Any]) -> Progress:
    """The progress that an event leads to. Kinds that say nothing about progress change nothing."""
    kind = str(event.get("event"))
    changes = _CHANGES[kind](progress, event) if kind in _CHANGES else {}
    if kind in _DOING and (unit := _unit(event)) in progress.current:
        changes["current"] = progress.current | {unit: _doing(kind, event)}
    return progress.model_copy(update=changes)


def _unit(event: dict[str, Any]) -> str:
    return f"{event.get('problem')} {event.get('sample', 0)}"


def _doing(kind: str, event: dict[str, Any]) -> str:
    if kind == "attempt" and event.get("verdict") == "passed":
        return "passed"
    return f"gate {event.get('gate')}" if kind == "gate" else _DOING[kind]


def _started(progress: Progress, event: dict[str, Any]) -> dict[str, Any]:
    return {"started": progress.started + 1, "current": progress.current | {_unit(event): "asking"}}


def _finished(progress: Progress, event: dict[str, Any]) -> dict[str, Any]:
    return {"finished": progress.finished + 1, "current": _without(progress, event), "waiting": None}


def _without(progress: Progress, event: dict[str, Any]) -> dict[str, str]:
    """The units in flight but for that of the event."""
    unit = _unit(event)
    return {name: doing for name, doing in progress.current.items() if name != unit}


def _trajectory(progress: Progress, event: dict[str, Any]) -> dict[str, Any]:
    if event["stopped"] == "model":
        return {"unanswered": progress.unanswered + 1}
    if event["stopped"] != "passed":
        return {"failed": progress.failed + 1}
    if event["attempts"] == 1:
        return {"verified": progress.verified + 1}
    return {"repaired": progress.repaired + 1}


def _rejection(progress: Progress, event: dict[str, Any]) -> dict[str, Any]:
    reason = str(event["reason"])
    reasons = progress.reasons | {reason: progress.reasons.get(reason, 0) + 1}
    return {"rejected": progress.rejected + 1, "reasons": reasons}


def _call(progress: Progress, event: dict[str, Any]) -> dict[str, Any]:
    if event.get("cached"):
        return {}
    return {"calls": progress.calls + 1, **_paid(progress, event)}


def _wasted(progress: Progress, event: dict[str, Any]) -> dict[str, Any]:
    return {"wasted": progress.wasted + 1, **_paid(progress, event)}


def _paid(progress: Progress, event: dict[str, Any]) -> dict[str, Any]:
    cost = event.get("cost_usd")
    return {
        "tokens_in": progress.tokens_in + (event.get("tokens_in") or 0),
        "tokens_out": progress.tokens_out + (event.get("tokens_out") or 0),
        "cost_usd": progress.cost_usd + (cost or 0.0),
        "unknown_prices": progress.unknown_prices + (cost is None),
    }


def _pending(progress: Progress, event: dict[str, Any]) -> dict[str, Any]:
    return {"pending": progress.pending + 1, "current": _without(progress, event)}


def _attempt(progress: Progress, event: dict[str, Any]) -> dict[str, Any]:
    return {"attempts": progress.attempts + 1, "waiting": None}


_CHANGES: dict[str, Callable[[Progress, dict[str, Any]], dict[str, Any]]] = {
    "run": lambda progress, event: {"units": event.get("units")},
    "skipped": lambda progress, event: {"skipped": progress.skipped + 1},
    "started": _started,
    "finished": _finished,
    "trajectory": _trajectory,
    "call": _call,
    "waste": _wasted,
    "pending": _pending,
    "attempt": _attempt,
    "record": lambda progress, event: {"records": progress.records + 1},
    "rejection": _rejection,
    "sandbox_waiting": lambda progress, event: {"waiting": str(event["error"])},
}
