"""The dialect of SandboxFusion: `POST /run_code`, `GET /v1/ping`. Request and reply as its version of July 2026 has them.

Solution and tests come as one program, so the reply says `shared`. Unknown keys are ignored. Its clients retry 504 (verl) or
whatever is not 200 (the others): so 504 is what they get when the service is busy or at fault, and never a result.
"""

import json
import time
from base64 import b64decode
from collections.abc import Awaitable, Callable, Coroutine
from typing import Any, Literal, Protocol, TypeVar

from fastapi import APIRouter, Request, Response
from pydantic import BaseModel, ConfigDict, Field

from execfeedback import jobs
from execfeedback.errors import EngineMissing, InputError, SandboxError, SandboxMissing
from execfeedback.languages import language
from execfeedback.service.programs import (
    DEFAULT_MB,
    SHARED,
    Program,
    exit_status,
    program_job,
    timed_out,
    within,
)
from execfeedback.service.replies import LONGEST_DEADLINE_S, CallerLeft, json_reply, retry_after, unless_gone
from execfeedback.service.runner import Runner
from execfeedback.service.turns import Refused
from execfeedback.types import Base64File, Execution, FileText, Job, Step, StepResult

T = TypeVar("T")
LANGUAGES = {
    "python": "python",
    "pytest": "python",
    "cpp": "cpp",
    "nodejs": "javascript",
    "go": "go",
    "java": "java",
    "php": "php",
    "csharp": "csharp",
    "bash": "bash",
    "typescript": "typescript",
    "rust": "rust",
    "lua": "lua",
    "R": "r",
    "perl": "perl",
    "ruby": "ruby",
    "scala": "scala",
    "swift": "swift",
    "racket": "racket",
    "verilog": "verilog",
}
"""Its names, to ours. Its others (junit, jest, go_test, cuda, lean, ...) are not offered."""
COMPILED = {"cpp", "go", "java", "rust", "scala", "swift"}
"""Those with a `compile_result`; others are built, if at all, within the run stage."""
QUEUE_S = 8.0
"""verl gives up 10 s after both time-outs."""
FETCHED_KB = 8192
FETCH = """
import base64, json, os, sys
found, inside = {}, os.path.join(os.path.realpath("."), "")
for path in sys.argv[1:]:
    if os.path.isfile(path) and os.path.realpath(path).startswith(inside):
        with open(path, "rb") as file:
            found[path] = base64.b64encode(file.read(8 << 20)).decode()
print(json.dumps(found))
"""


class RunCodeRequest(BaseModel):
    """What clients post."""

    model_config = ConfigDict(extra="ignore")

    code: str
    language: str = "python"
    compile_timeout: float = Field(10.0, le=3600)
    run_timeout: float = Field(10.0, le=3600)
    memory_limit_MB: int = -1
    stdin: str | None = None
    files: dict[str, str | None] = {}
    fetch_files: list[str] = []


class CommandRunResult(BaseModel):
    status: Literal["Finished", "Error", "TimeLimitExceeded"]
    execution_time: float
    """Wall seconds; never null, for clients compare it with the time-out."""
    return_code: int | None
    stdout: str
    stderr: str
    cpu_time: float


class RunCodeResponse(BaseModel):
    status: Literal["Success", "Failed", "SandboxError"]
    message: str = ""
    compile_result: CommandRunResult | None = None
    run_result: CommandRunResult | None = None
    executor_pod_name: str | None = None
    files: dict[str, str] = {}


class Timed(Protocol):
    """A request with the time-outs that its client adds up."""

    @property
    def compile_timeout(self) -> float: ...

    @property
    def run_timeout(self) -> float: ...


def routes(runner: Runner) -> APIRouter:
    router = APIRouter(tags=["SandboxFusion"])

    @router.get("/v1/ping", summary="Whether it is there")
    async def ping() -> str:
        return "pong"

    @router.post("/run_code", summary="Run a program", response_model=RunCodeResponse, responses=replies())
    async def run_code(request: Request, asked: RunCodeRequest) -> Response:
        async def ran() -> RunCodeResponse:
            return await in_one_turn(runner, request, asked, lambda: run_program(runner, asked))

        return await answered(request, ran(), SHARED)

    return router


def replies() -> dict[int | str, dict[str, Any]]:
    detail = {"application/json": {"schema": {"type": "object", "required": ["detail"]}}}
    texts = {
        400: "No JSON, or a kind of dataset that is not known.",
        422: "What was sent cannot be run here.",
        504: "Busy, or a fault of the service's own: ask again.",
    }
    return {status: {"description": text, "content": detail} for status, text in texts.items()}


async def answered(
    request: Request, work: Coroutine[Any, Any, BaseModel], headers: dict[str, str]
) -> Response:
    """The reply to a request that was asked in this dialect. Our faults are 504: asked again, and never scored."""
    try:
        found = await unless_gone(request, work)
    except CallerLeft:
        raise
    except Refused as error:
        return busy(error)
    except EngineMissing as error:
        return json_reply({"detail": str(error)}, status=504)
    except (InputError, SandboxMissing) as error:
        return json_reply({"detail": str(error)}, status=422)
    except SandboxError as error:
        return json_reply({"detail": str(error)}, status=504)
    return json_reply(found, headers)


def busy(refused: Refused) -> Response:
    """What verl's client asks again after."""
    return json_reply({"detail": str(refused)}, retry_after(refused), 504)


async def in_one_turn(
    runner: Runner, request: Request, asked: Timed, work: Callable[[], Awaitable[T]], runs: int = 1
) -> T:
    """Within what the client waits for: both time-outs for each run, and the time in the queue."""
    allowed = min(runs * (within(asked.compile_timeout) + within(asked.run_timeout)), LONGEST_DEADLINE_S)
    memory = memory_of(getattr(asked, "memory_limit_MB", -1), runner.settings.job_memory_mb)
    [ticket] = runner.enter(request.state.caller, [memory], min(QUEUE_S, runner.settings.wait_s))
    return await runner.in_turn(ticket, "run_code", work, time.monotonic() + allowed + QUEUE_S + 1)


def memory_of(asked_mb: int, most_mb: int) -> int:
    return min(asked_mb if asked_mb > 0 else DEFAULT_MB, most_mb)


def program_of(asked: RunCodeRequest, most_mb: int) -> Program:
    """Raises InputError for a language that is not offered."""
    spoken = LANGUAGES.get(asked.language)
    if spoken is None:
        raise InputError(f"language {asked.language!r} is not offered; there are: {', '.join(LANGUAGES)}")
    return Program(
        language=spoken,
        code=asked.code,
        stdin=asked.stdin or "",
        files=given_files(asked.files),
        compile_s=asked.compile_timeout,
        run_s=asked.run_timeout,
        memory_mb=memory_of(asked.memory_limit_MB, most_mb),
    )


def given_files(files: dict[str, str | None]) -> dict[str, FileText]:
    """Files without content are skipped, as upstream does. Paths are checked by the job."""
    given = {path: text for path, text in files.items() if text is not None}
    return {path: Base64File(base64=text) for path, text in given.items() if "IGNORE_THIS_FILE" not in path}


def job_of(asked: RunCodeRequest, program: Program) -> Job:
    job = program_job(program)
    step = job.steps[0]
    if asked.language == "pytest":
        files = {**job.files, "test_solution.py": asked.code}
        del files[language("python").source]
        argv = ("python3", "-m", "pytest", "-p", "no:cacheprovider", "test_solution.py")
        job, step = (
            job.model_copy(update={"files": files}),
            step.model_copy(update={"argv": argv, "warm": False}),
        )
    steps = (step, fetching(asked.fetch_files, job)) if asked.fetch_files else (step,)
    return job.model_copy(update={"steps": steps})


def fetching(paths: list[str], job: Job) -> Step:
    """A step that prints files of the run's directory, within the sandbox. Paths that lead elsewhere are as missing ones."""
    inside = [path for path in paths if jobs.wrong_path(path) is None]
    limits = job.limits.model_copy(update={"output_kb": FETCHED_KB, "cpu_s": 10.0, "wall_s": 20.0})
    return Step(argv=("python3", "-I", "-c", FETCH, *inside), limits=limits)


async def run_program(runner: Runner, asked: RunCodeRequest) -> RunCodeResponse:
    """In a turn that the request has. Raises InputError for what cannot be run here."""
    program = program_of(asked, runner.settings.job_memory_mb)
    return response_of(await runner.run(job_of(asked, program)), asked)


def response_of(execution: Execution, asked: RunCodeRequest) -> RunCodeResponse:
    """Status: any stage over its time, or with another exit status than 0, is `Failed`."""
    compiled, ran = stage(execution.compile), stage(execution.steps[:1])
    if asked.language not in COMPILED:
        compiled, ran = None, ran or compiled
    ended = [result for result in (compiled, ran) if result]
    return RunCodeResponse(
        status="Success" if all(result.return_code == 0 for result in ended) else "Failed",
        compile_result=compiled,
        run_result=ran,
        files=fetched(execution.steps[1:]),
    )


def stage(steps: tuple[StepResult, ...]) -> CommandRunResult | None:
    """The last step's end, with the time of all."""
    if not steps:
        return None
    last = steps[-1]
    return CommandRunResult(
        status="TimeLimitExceeded" if timed_out(last) else "Finished",
        execution_time=sum(step.wall_s for step in steps),
        return_code=None if timed_out(last) else exit_status(last),
        stdout=last.stdout,
        stderr=last.stderr,
        cpu_time=sum(step.cpu_s for step in steps),
    )


def fetched(steps: tuple[StepResult, ...]) -> dict[str, str]:
    """What `FETCH` printed. Raises InputError when it is more than is sent back."""
    if not steps:
        return {}
    if steps[0].truncated or steps[0].cause == "output":
        raise InputError(f"fetch_files: more than {FETCHED_KB >> 10} MB in base64")
    try:
        found = json.loads(steps[0].stdout)
    except ValueError:
        return {}
    return (
        {str(path): text for path, text in found.items() if readable(text)} if isinstance(found, dict) else {}
    )


def readable(text: Any) -> bool:
    try:
        return isinstance(text, str) and b64decode(text, validate=True) is not None
    except ValueError:
        return False
