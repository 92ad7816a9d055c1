"""The application: routes of our own interface and of the dialects over one runner, behind one door."""

from collections.abc import Sequence
from functools import partial
from typing import TYPE_CHECKING

from fastapi import FastAPI, Request, Response

import execfeedback
from execfeedback.errors import ExecfeedbackError
from execfeedback.protocols import SandboxPool
from execfeedback.service import health, native, openapi
from execfeedback.service.callers import Caller
from execfeedback.service.door import Door
from execfeedback.service.metrics import Metrics
from execfeedback.service.replies import error_reply
from execfeedback.service.runner import Runner, Settings

if TYPE_CHECKING:
    from starlette.types import ASGIApp

ABOUT = "Runs programs in a hardened sandbox and says whose fault it is when one fails."


def application(
    pool: SandboxPool,
    settings: Settings,
    callers: Sequence[Caller] = (),
    *,
    backend: str = "docker",
    unix: bool = False,
) -> "ASGIApp":
    """The service over a pool that is open while it serves."""
    metrics = Metrics()
    runner = Runner(pool, settings, metrics, callers=max(1, len(callers)))
    app = FastAPI(
        title="execfeedback",
        version=execfeedback.__version__,
        description=ABOUT,
        docs_url=None,
        redoc_url=None,
    )
    app.openapi = partial(openapi.document, app)  # type: ignore[method-assign]
    app.include_router(health.routes(runner))
    app.include_router(native.routes(runner))
    app.exception_handler(ExecfeedbackError)(_error)
    return Door(app, callers=callers, unix=unix, most_body=settings.body_mb << 20, metrics=metrics)


async def _error(request: Request, error: Exception) -> Response:
    return error_reply(error)
