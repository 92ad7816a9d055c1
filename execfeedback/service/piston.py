"""The dialect of Piston, version 2: `/api/v2/execute`, `/runtimes`, `/packages`.

`compile` is always in the reply: open-r1 reads it without looking. Solution and tests come as one program: `shared`.
"""

import re
import time
from base64 import b64decode, b64encode
from collections.abc import Mapping
from typing import Any, NamedTuple

from fastapi import APIRouter, Request, Response
from pydantic import BaseModel, ConfigDict

from execfeedback import jobs
from execfeedback.errors import InputError, SandboxError
from execfeedback.service.offered import Offer, Offered
from execfeedback.service.programs import DEFAULT_MB, SHARED, Program, exit_status, program_job, timed_out
from execfeedback.service.replies import CallerLeft, body_of, json_reply, retry_after, unless_gone
from execfeedback.service.runner import Runner
from execfeedback.service.turns import Ending, Refused
from execfeedback.types import Base64File, Execution, FileText, StepResult

EXTRA = {"cf_python3": "python", "c++17": "cpp", "c++20": "cpp"}
"""Names of packages that open-r1 asks for, beside the language's own."""
TIMES = {"compile_timeout": 10_000, "run_timeout": 3_000, "compile_cpu_time": 10_000, "run_cpu_time": 3_000}
"""Defaults in milliseconds."""
MEMORIES = ("compile_memory_limit", "run_memory_limit")
MOST_MS = 3_600_000
SIGNALS = {
    4: "SIGILL",
    6: "SIGABRT",
    7: "SIGBUS",
    8: "SIGFPE",
    9: "SIGKILL",
    11: "SIGSEGV",
    13: "SIGPIPE",
    15: "SIGTERM",
}


class Stage(BaseModel):
    stdout: str = ""
    stderr: str = ""
    output: str = ""
    """stdout, then stderr: they are measured apart."""
    code: int | None = 0
    signal: str | None = None
    message: str | None = None
    status: str | None = None
    cpu_time: int = 0
    wall_time: int = 0
    memory: int | None = None


class ExecuteReply(BaseModel):
    language: str
    version: str
    compile: Stage
    run: Stage


class Execute(BaseModel):
    """What is posted. It is read by hand, for the errors that clients know."""

    model_config = ConfigDict(extra="allow")

    language: str
    version: str
    files: list[dict[str, Any]]
    stdin: str = ""
    args: list[str] = []


class Message(BaseModel):
    message: str


class Runtime(BaseModel):
    language: str
    version: str
    aliases: list[str]


class Package(BaseModel):
    language: str
    language_version: str
    installed: bool


def routes(runner: Runner, offered: Offered) -> APIRouter:
    router = APIRouter(prefix="/api/v2", tags=["Piston"])
    refusals: dict[int | str, dict[str, Any]] = {
        400: {"model": Message, "description": "What was sent cannot be run here."},
        429: {"model": Message, "description": "Busy: ask again after `Retry-After` seconds."},
        503: {"model": Message, "description": "A fault of the service's own: ask again."},
    }
    body = {"content": {"application/json": {"schema": Execute.model_json_schema()}}, "required": True}

    @router.get("/runtimes", summary="What there is", response_model=list[Runtime])
    async def runtimes() -> list[Runtime]:
        found = await offered.present()
        return [Runtime(language=one.name, version=one.version, aliases=aliases_of(one)) for one in found]

    @router.get("/packages", summary="What there is", response_model=list[Package])
    async def packages() -> list[Package]:
        found = await offered.present()
        return [Package(language=one.name, language_version=one.version, installed=True) for one in found]

    @router.post("/execute", summary="Run a program", response_model=ExecuteReply, responses=refusals,
                 openapi_extra={"requestBody": body})  # fmt: skip
    async def execute(request: Request) -> Response:
        try:
            asked = await body_of(request)
            return json_reply(await unless_gone(request, executed(runner, offered, request, asked)), SHARED)
        except CallerLeft:
            raise
        except InputError as error:
            return refusal(400, str(error))
        except Refused as error:
            return busy(error)
        except SandboxError as error:
            return refusal(503, str(error))

    return router


def busy(refused: Refused) -> Response:
    return refusal(503 if isinstance(refused, Ending) else 429, str(refused), retry_after(refused))


def refusal(status: int, message: str, headers: Mapping[str, str] | None = None) -> Response:
    return json_reply({"message": message}, headers, status)


def aliases_of(one: Offer) -> list[str]:
    return [*one.aliases, *(name for name, language in EXTRA.items() if language == one.name)]


async def executed(runner: Runner, offered: Offered, request: Request, asked: Any) -> ExecuteReply:
    """Raises InputError in upstream's words."""
    told = checked(asked)
    one = await offer_of(offered, told["language"], told["version"])
    program = program_of(one, told, runner.settings.job_memory_mb)
    job = program_job(program)
    allowed = program.compile_s + program.run_s + runner.settings.wait_s
    [ticket] = runner.enter(request.state.caller, [program.memory_mb], runner.settings.wait_s)
    execution = await runner.in_turn(
        ticket, "execute", lambda: runner.run(job), time.monotonic() + allowed + 1
    )
    return reply_of(one, execution)


def checked(asked: Any) -> Mapping[str, Any]:
    if not isinstance(asked, dict):
        raise InputError("the body must be a JSON object")
    for name in ("language", "version"):
        if not isinstance(asked.get(name), str) or not asked[name]:
            raise InputError(f"{name} is required as a string")
    if not isinstance(asked.get("files"), list) or not asked["files"]:
        raise InputError("files is required as an array")
    for number, file in enumerate(asked["files"]):
        if not isinstance(file, dict) or not isinstance(file.get("content"), str):
            raise InputError(f"files[{number}].content is required as a string")
    if not isinstance(asked.get("stdin", ""), str):
        raise InputError("stdin must be a string if specified")
    args = asked.get("args", [])
    if not isinstance(args, list) or not all(isinstance(arg, str) for arg in args):
        raise InputError("args must be an array of strings if specified")
    if any("\0" in arg or not jobs.writable(arg) for arg in args):
        raise InputError("args must hold neither NUL nor half of a surrogate pair")
    return asked


async def offer_of(offered: Offered, name: str, wanted: str) -> Offer:
    found = next((one for one in await offered.present() if name in (one.name, *aliases_of(one))), None)
    if found is None or not satisfies(found.version, wanted):
        raise InputError(f"{name}-{wanted} runtime is unknown")
    return found


def satisfies(version: str, wanted: str) -> bool:
    """Whether a version is in an npm range of one part: `*`, `3`, `3.x`, `3.13.5`, `^3.10`, `~3.13.0`, `>=3.9.0`."""
    match = re.fullmatch(r"\s*(\^|~|>=|=|v)?\s*([\dx*]+(?:\.[\dx*]+){0,2})\s*", wanted)
    if match is None:
        return False
    have = [int(part) for part in version.split(".")]
    want = [int(part) for part in match[2].split(".") if part.isdigit()]
    fixed = {"^": 1, "~": 2, ">=": 0}.get(match[1] or "=", len(want))
    return have[:fixed] == want[:fixed] and have >= want


class Times(NamedTuple):
    compile_s: float
    run_s: float
    compile_cpu_s: float
    run_cpu_s: float


def program_of(one: Offer, asked: Mapping[str, Any], most_mb: int) -> Program:
    times = Times(*(milliseconds(asked, name, default) / 1000 for name, default in TIMES.items()))
    memories = [megabytes(asked, name, most_mb) for name in MEMORIES]
    main, files = main_and_others(asked["files"])
    stdin = asked.get("stdin", "")
    return Program(
        language=one.name,
        code=main["content"],
        name=main_name(main, one),
        stdin=stdin if not stdin or stdin.endswith("\n") else f"{stdin}\n",
        args=tuple(asked.get("args", ())),
        files=files,
        memory_mb=memories[1],
        **times._asdict(),
    )


def milliseconds(asked: Mapping[str, Any], name: str, default: int) -> float:
    given = asked.get(name, default)
    if type(given) not in (int, float) or not given == given or given < 0:
        raise InputError(f"{name} must be a number if specified")
    if given > MOST_MS:
        raise InputError(f"{name} cannot exceed the configured limit of {MOST_MS}")
    return float(given)


def megabytes(asked: Mapping[str, Any], name: str, most_mb: int) -> int:
    given = asked.get(name, -1)
    if type(given) not in (int, float) or not given == given:
        raise InputError(f"{name} must be a number if specified")
    if given > most_mb << 20:
        raise InputError(f"{name} cannot exceed the configured limit of {most_mb << 20}")
    return max(16, int(given) >> 20) if given > 0 else min(DEFAULT_MB, most_mb)


def main_and_others(files: list[dict[str, Any]]) -> tuple[dict[str, Any], dict[str, FileText]]:
    """The first text file is the program. Others are given names where they have none."""
    texts = [file for file in files if file.get("encoding", "utf8") not in ("base64", "hex")]
    if not texts:
        raise InputError("files must include at least one utf8 encoded file")
    others = {
        str(file.get("name") or f"file{number}.code"): content_of(file, number)
        for number, file in enumerate(files)
        if file is not texts[0]
    }
    return texts[0], others


def content_of(file: dict[str, Any], number: int) -> FileText:
    if file.get("encoding", "utf8") not in ("base64", "hex"):
        return str(file["content"])
    try:
        return Base64File(base64=as_base64(file["content"], file["encoding"]))
    except ValueError as error:
        raise InputError(f"files[{number}].content is no {file['encoding']}: {error}") from None


def as_base64(content: str, encoding: str) -> str:
    data = bytes.fromhex(content) if encoding == "hex" else b64decode(content, validate=True)
    return b64encode(data).decode()


def main_name(main: dict[str, Any], one: Offer) -> str | None:
    """The name that it came with, where it fits the language: a compiler looks at the suffix."""
    name = main.get("name")
    return name if isinstance(name, str) and name.endswith(one.suffix) and name != one.suffix else None


def reply_of(one: Offer, execution: Execution) -> ExecuteReply:
    """Where compiling failed, `run` says the same."""
    compiled = stage(execution.compile[-1]) if execution.compile else Stage()
    run = stage(execution.steps[0]) if execution.steps else compiled
    return ExecuteReply(language=one.name, version=one.version, compile=compiled, run=run)


def stage(step: StepResult) -> Stage:
    status = exit_status(step)
    killed = timed_out(step) or status < 0
    return Stage(
        stdout=step.stdout,
        stderr=step.stderr,
        output=step.stdout + step.stderr,
        code=None if killed else status,
        signal=SIGNALS.get(-status if status < 0 else 9, f"SIG{-status}") if killed else None,
        message=MESSAGES.get(step.cause),
        status=STATUSES.get(step.cause) or ("SG" if killed else "RE" if status else None),
        cpu_time=round(1000 * step.cpu_s),
        wall_time=round(1000 * step.wall_s),
        memory=round(step.memory_peak_mb * 2**20),
    )


STATUSES = {"cpu": "TO", "wall": "TO", "output": "OL"}
MESSAGES = {
    "cpu": "Time limit exceeded",
    "wall": "Time limit exceeded (wall clock)",
    "memory": "Memory limit exceeded",
    "output": "Output limit exceeded",
}
