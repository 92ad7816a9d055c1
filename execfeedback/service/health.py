"""Whether the service is alive, ready, and what it measured."""

import asyncio
import time

from fastapi import APIRouter, Response
from prometheus_client import CONTENT_TYPE_LATEST

from execfeedback.errors import SandboxError
from execfeedback.service.replies import ErrorReply, fault, json_reply
from execfeedback.service.runner import Runner
from execfeedback.types import Job, Limits, Step

FRESH_S = 5.0
"""A run that came back well so lately is a canary."""
PATIENCE_S = 10.0
CANARY = Job(
    environment="python",
    files={"canary.py": "print(6 * 7)"},
    limits=Limits(cpu_s=5, wall_s=8),
    steps=(Step(argv=("python3", "canary.py"), warm=True),),
)


class Canary:
    """A program that cannot fail, on a slot of the pool. Probes that come together share one run."""

    def __init__(self, runner: Runner) -> None:
        self.runner, self.lock = runner, asyncio.Lock()

    async def ails(self) -> str | None:
        """What is wrong, or None."""
        async with self.lock:
            if time.monotonic() - self.runner.well_at < FRESH_S:
                return None
            try:
                async with asyncio.timeout(PATIENCE_S):
                    execution = await self.runner.run(CANARY)
            except TimeoutError:
                return f"no slot answered within {PATIENCE_S:g} s"
            except SandboxError as error:
                return str(error)
        said = execution.steps[0].stdout if execution.steps else ""
        return None if said == "42\n" else f"a slot printed {said[:50]!r} for 6 * 7"


def routes(runner: Runner) -> APIRouter:
    router, canary = APIRouter(tags=["operating"]), Canary(runner)

    @router.get("/healthz", summary="Whether the process answers")
    async def healthz() -> dict[str, str]:
        return {"status": "ok"}

    @router.get(
        "/readyz",
        summary="Whether a program ran well in a slot just now",
        response_model=dict[str, str],
        responses={503: {"model": ErrorReply, "description": "Not ready, and why."}},
    )
    async def readyz() -> Response:
        ails = await canary.ails()
        return json_reply({"status": "ok"}) if ails is None else fault(503, "not_ready", ails)

    @router.get("/metrics", summary="For Prometheus", response_class=Response)
    async def metrics() -> Response:
        queue, slots = runner.queue, runner.settings.slots
        busy = min(len(queue.running), slots)
        runner.metrics.waiting.set(queue.count)
        for state, number in (("busy", busy), ("idle", slots - busy)):
            runner.metrics.slots.labels(state).set(number)
        return Response(runner.metrics.text(), media_type=CONTENT_TYPE_LATEST)

    return router
