"""The application: routes of our own interface and of the dialects over one runner, behind one door."""

from collections.abc import Sequence
from functools import partial
from typing import TYPE_CHECKING

from fastapi import FastAPI, Request, Response
from fastapi.exception_handlers import http_exception_handler
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect

import execfeedback
from execfeedback.errors import ExecfeedbackError
from execfeedback.protocols import SandboxPool
from execfeedback.service import health, native, openapi, openrlhf, piston, sandboxfusion, submit
from execfeedback.service.callers import Caller
from execfeedback.service.door import Door
from execfeedback.service.metrics import Metrics
from execfeedback.service.offered import Offered
from execfeedback.service.replies import CallerLeft, error_reply, fault, json_reply
from execfeedback.service.runner import Runner, Settings
from execfeedback.service.turns import Refused

if TYPE_CHECKING:
    from starlette.types import ASGIApp

ABOUT = "Runs programs in a hardened sandbox and says whose fault it is when one fails."

BUSY = {
    "/v1/verify": error_reply,
    "/v1/run": error_reply,
    "/get_reward": error_reply,
    "/run_code": sandboxfusion.busy,
    "/submit": sandboxfusion.busy,
    "/api/v2/execute": piston.busy,
}
"""By the path of what wants a run, the reply while no more can wait."""


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
    app.include_router(native.routes(runner, offered := Offered(runner, backend)))
    app.include_router(sandboxfusion.routes(runner))
    app.include_router(submit.routes(runner))
    app.include_router(piston.routes(runner, offered))
    app.include_router(openrlhf.routes(runner))
    app.exception_handler(ExecfeedbackError)(_error)
    app.exception_handler(RequestValidationError)(_unreadable)
    app.exception_handler(ClientDisconnect)(_gone)
    app.exception_handler(HTTPException)(_other)
    return Door(
        app,
        callers=callers,
        unix=unix,
        most_body=settings.body_mb << 20,
        metrics=metrics,
        crowded=runner.crowded,
        busy=BUSY,
    )


async def _error(request: Request, error: Exception) -> Response:
    busy = BUSY.get(request.url.path) if isinstance(error, Refused) else None
    return busy(error) if busy and isinstance(error, Refused) else error_reply(error)


async def _gone(request: Request, error: Exception) -> Response:
    return error_reply(CallerLeft("the caller closed its connection before all was sent"))


async def _other(request: Request, error: Exception) -> Response:
    """What has no route, or a body that FastAPI could not read, and its reason in our words."""
    assert isinstance(error, HTTPException)
    if isinstance(error.__cause__, ClientDisconnect):
        return await _gone(request, error)
    if isinstance(error.__cause__, ExecfeedbackError):
        return await _error(request, error.__cause__)
    path, detail = request.url.path, str(error.detail)
    if path.startswith("/v1/"):
        return fault(error.status_code, "route", f"{request.method} {path}: {detail}", error.headers)
    if path.startswith("/api/v2/"):
        return json_reply({"message": detail}, error.headers, error.status_code)
    return await http_exception_handler(request, error)


async def _unreadable(request: Request, error: Exception) -> Response:
    """The form of FastAPI's own, which clients of a dialect know; without the input, which may be large or unprintable."""
    assert isinstance(error, RequestValidationError)
    detail = [
        {"loc": list(one["loc"]), "msg": one["msg"], "type": one["type"]} for one in error.errors()[:20]
    ]
    return json_reply({"detail": detail}, status=422)
