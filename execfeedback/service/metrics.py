"""What Prometheus reads at `/metrics`. Labels are few and known: no ids, no callers, no text of a request."""

from typing import Any

from prometheus_client import (
    CollectorRegistry,
    Counter,
    Gauge,
    Histogram,
    disable_created_metrics,
    generate_latest,
)

import execfeedback
from execfeedback.types import Execution, Verdict

SECONDS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 120)


class Metrics:
    """One registry for one service."""

    def __init__(self) -> None:
        disable_created_metrics()  # type: ignore[no-untyped-call]  # a series more for each counter, which nobody asked for
        self.registry = registry = CollectorRegistry()
        own: dict[str, Any] = {"registry": registry, "namespace": "execfeedback"}
        self.requests = Counter("requests", "Requests that were answered.", ["route", "status"], **own)
        self.refused = Counter("refused", "Runs that were not taken, by why.", ["why"], **own)
        self.wait = Histogram("queue_wait_seconds", "From ticket to turn.", buckets=SECONDS, **own)
        self.run = Histogram("run_seconds", "From turn to end.", ["kind"], buckets=SECONDS, **own)
        self.verdicts = Counter("verdicts", "Verdicts given.", ["verdict"], **own)
        self.faults = Counter("infra_faults", "Faults of our own, by where.", ["kind"], **own)
        self.recycles = Counter(
            "slot_recycles", "Slots that were not used again, by cause.", ["cause"], **own
        )
        self.slots = Gauge("slots", "Slots by state.", ["state"], **own)
        self.waiting = Gauge("queue_length", "Runs that wait.", **own)
        self.cached = Counter("cache_hits", "Verdicts that were known already.", **own)
        Gauge("build_info", "The version that runs.", ["version"], **own).labels(
            execfeedback.__version__
        ).set(1)

    def measured(self, execution: Execution) -> None:
        """Count a slot that is given up, by what the program in it came to."""
        if execution.slot_recycled:
            self.recycles.labels(recycled_by(execution)).inc()

    def judged(self, verdict: Verdict) -> None:
        self.verdicts.labels(verdict.verdict or "error").inc()

    def text(self) -> bytes:
        return generate_latest(self.registry)


def recycled_by(execution: Execution) -> str:
    """The limit or signal that ended the program; `dirty` when it ended well and left something behind."""
    split = execution.split
    steps = (split.solution, split.judge) if split else (*execution.compile, *execution.steps)
    return next((step.cause for step in steps if step.cause != "exited"), "dirty")
