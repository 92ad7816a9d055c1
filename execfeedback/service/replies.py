"""Requests read and replies written: bodies, errors with a status, callers that leave."""

import asyncio
import time
from collections.abc import Coroutine, Mapping
from typing import Any, TypeVar

from fastapi import Request, Response
from fastapi.responses import JSONResponse

from execfeedback.errors import EngineMissing, ExecfeedbackError, InputError, SandboxMissing
from execfeedback.jsonl import json_line, strict, value_in
from execfeedback.printable import printable
from execfeedback.service.runner import DeadlinePassed
from execfeedback.service.turns import Ending, Refused, TooMany
from execfeedback.types import Value

T = TypeVar("T")
DEADLINE = "X-Execfeedback-Deadline"
LONGEST_DEADLINE_S = 36000.0


class CallerLeft(ExecfeedbackError):
    """Nobody waits for the answer any more."""


class TooLarge(InputError):
    """More bytes than a body may have."""


class UnknownSuite(InputError):
    """A digest that nothing is kept under."""


class Fault(Value):
    """Why there is no answer. `code` is for programs, `message` for people."""

    code: str
    message: str


class ErrorReply(Value):
    error: Fault


STATUSES: tuple[tuple[type[Exception], int, str], ...] = (
    (TooLarge, 413, "too_large"),
    (TooMany, 413, "too_many"),
    (UnknownSuite, 404, "unknown_suite"),
    (InputError, 422, "input"),
    (EngineMissing, 503, "sandbox"),
    (SandboxMissing, 422, "not_offered"),
    (Ending, 503, "ending"),
    (Refused, 429, "busy"),
    (DeadlinePassed, 408, "deadline"),
    (CallerLeft, 499, "gone"),
    (ExecfeedbackError, 503, "sandbox"),
)
"""The first class that fits; what is none of these is a defect of ours, and 500."""


def error_reply(error: Exception) -> Response:
    """Our own interface's reply for an error that is meant to reach callers."""
    status, code = next((status, code) for kind, status, code in STATUSES if isinstance(error, kind))
    headers = retry_after(error) if isinstance(error, Refused) else {}
    if status == 503:
        headers["Retry-After"] = "1"
    return fault(status, code, str(error), headers)


def retry_after(refused: Refused) -> dict[str, str]:
    return {"Retry-After": f"{refused.after_s:.0f}"}


def fault(status: int, code: str, message: str, headers: Mapping[str, str] | None = None) -> Response:
    body = {"error": {"code": code, "message": printable(message)[:4000]}}
    return JSONResponse(body, status_code=status, headers=headers)


def json_reply(value: Any, headers: Mapping[str, str] | None = None, status: int = 200) -> Response:
    """JSON in the form of our lines: fields in their order, lone surrogates escaped; strict, as not every client is Python."""
    return Response(strict(json_line(value).decode()), status, headers, "application/json")


async def body_of(request: Request) -> Any:
    """The JSON value that was sent. Raises InputError."""
    return value_in(await request.body(), "the body")


def deadline_of(request: Request) -> float | None:
    """How many seconds the caller waits for its answer, queue included. Raises InputError."""
    given = request.headers.get(DEADLINE)
    if given is None:
        return None
    try:
        seconds = float(given)
    except ValueError:
        seconds = float("nan")
    if not 0 < seconds <= LONGEST_DEADLINE_S:
        raise InputError(f"header {DEADLINE}: must be seconds, above 0 and at most {LONGEST_DEADLINE_S:.0f}")
    return seconds


def until(deadline_s: float | None) -> float:
    """The deadline on the monotonic clock."""
    return float("inf") if deadline_s is None else time.monotonic() + deadline_s


async def unless_gone(request: Request, work: Coroutine[Any, Any, T]) -> T:
    """The work's result. When the caller leaves, the work is cancelled, and CallerLeft raised for the log."""
    doing, gone = asyncio.ensure_future(work), asyncio.ensure_future(disconnect(request))
    try:
        await asyncio.wait((doing, gone), return_when=asyncio.FIRST_COMPLETED)
        if not doing.done():
            raise CallerLeft("the caller closed its connection")
        return doing.result()
    finally:
        for task in (doing, gone):
            task.cancel()
        await asyncio.gather(doing, gone, return_exceptions=True)


async def disconnect(request: Request) -> None:
    """Returns when the connection is closed; the body has been read."""
    while (await request.receive())["type"] != "http.disconnect":
        pass
