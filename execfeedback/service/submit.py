"""The dialect of SandboxFusion, second part: `POST /submit` with the tests in `provided_data`.

Where the form allows it the tests are judged outside the solution's process, and the reply says `split`: CommonOJ (stdin
and stdout), HumanEval and MBPP in Python. AutoEval puts solution and tests into one program: `shared`.
"""

import secrets
from typing import Any, Literal

from fastapi import APIRouter, Request, Response
from pydantic import BaseModel, ConfigDict, Field

from execfeedback.blocks import fenced_blocks
from execfeedback.checks import checked_verdict
from execfeedback.errors import InputError
from execfeedback.jsonl import parsed
from execfeedback.parsing import solution_in
from execfeedback.service.programs import SHARED
from execfeedback.service.replies import json_reply
from execfeedback.service.runner import Runner
from execfeedback.service.sandboxfusion import (
    CommandRunResult,
    RunCodeRequest,
    RunCodeResponse,
    answered,
    in_one_turn,
    replies,
    run_program,
)
from execfeedback.types import Item, LimitsGiven, Problem, Verdict

SPLIT = {"X-Execfeedback-Integrity": "split"}
PYTHON_SETS = {"HumanEvalDataset": "humaneval", "MBPPDataset": "asserts"}
CLOSE = 1e-5
LAST_LINES = {
    "python": 'print("{}")',
    "nodejs": 'console.log("{}");',
    "typescript": 'console.log("{}");',
    "bash": "echo {}",
    "lua": 'print("{}")',
    "perl": 'print "{}\\n";',
    "R": 'cat("{}\\n")',
    "ruby": 'puts "{}"',
}
"""Languages whose programs run from top to bottom: what prints a word there."""
Extracted = Literal["fenced", "incomplete_fenced", "heuristic", "empty"]


class TestConfig(BaseModel):
    model_config = ConfigDict(extra="ignore")

    dataset_type: str | None = None
    language: str | None = None
    compile_timeout: float | None = Field(None, le=3600)
    run_timeout: float | None = Field(None, le=3600)
    provided_data: dict[str, Any] | None = None
    extra: dict[str, Any] = {}


class SubmitRequest(BaseModel):
    model_config = ConfigDict(extra="ignore")

    dataset: str
    id: int | str
    completion: str
    config: TestConfig = TestConfig()

    @property
    def compile_timeout(self) -> float:
        return self.config.compile_timeout or 10.0

    @property
    def run_timeout(self) -> float:
        return self.config.run_timeout or 10.0


class EvalTestCase(BaseModel):
    passed: bool
    exec_info: RunCodeResponse
    test_info: dict[str, Any] | None = None


class EvalResult(BaseModel):
    id: int | str
    accepted: bool
    extracted_code: str
    full_code: str | None = None
    test_code: str | None = None
    tests: list[EvalTestCase]
    extracted_type: Extracted | None = None
    extra: dict[str, Any] | None = None


def routes(runner: Runner) -> APIRouter:
    router = APIRouter(tags=["SandboxFusion"])

    @router.post("/submit", summary="Judge an answer", response_model=EvalResult, responses=replies())
    async def submit(request: Request, asked: SubmitRequest) -> Response:
        kind = asked.config.dataset_type or ""
        judge = {
            "CommonOJDataset": common_oj,
            "AutoEvalDataset": auto_eval,
            **dict.fromkeys(PYTHON_SETS, python_set),
        }.get(kind)
        if judge is None or asked.config.provided_data is None:
            detail = f"no eval class found for dataset {kind or asked.dataset} with provided_data"
            return json_reply({"detail": detail}, status=400)
        data = asked.config.provided_data
        runs = max(1, len(cases)) if isinstance(cases := data.get("test"), list) else 1
        work = in_one_turn(runner, request, asked, lambda: judge(runner, asked, data), runs)
        return await answered(request, work, SHARED if judge is auto_eval else SPLIT)

    return router


def extracted(completion: str) -> tuple[str, Extracted]:
    """The first fenced block, closed or not; else the text as it is."""
    blocks = fenced_blocks(completion)
    if blocks:
        return blocks[0].text, "fenced" if blocks[0].closed else "incomplete_fenced"
    return (completion, "heuristic") if completion.strip() else ("", "empty")


def language_of(asked: SubmitRequest, data: dict[str, Any]) -> str:
    labels = data.get("labels")
    own = labels if isinstance(labels, dict) else {}
    return str(
        asked.config.language or own.get("execution_language") or own.get("programming_language") or "python"
    )


async def common_oj(runner: Runner, asked: SubmitRequest, data: dict[str, Any]) -> EvalResult:
    """Runs until the first failure, or all with `extra.run_all_cases`; the outputs are compared here."""
    code, how = extracted(asked.completion)
    cases, tests = cases_in(data), list[EvalTestCase]()
    for stdin, stdout in cases:
        run = run_of(asked, language_of(asked, data), code, stdin=stdin)
        found = await run_program(runner, run)
        said = found.run_result.stdout if found.run_result else ""
        info = {"input": {"stdin": stdin}, "output": {"stdout": stdout}}
        tests.append(
            EvalTestCase(
                passed=found.status == "Success" and same(said, stdout), exec_info=found, test_info=info
            )
        )
        if not tests[-1].passed and not asked.config.extra.get("run_all_cases"):
            break
    accepted = len(tests) == len(cases) and all(test.passed for test in tests)
    return EvalResult(
        id=asked.id, accepted=accepted, extracted_code=code, full_code=code, tests=tests, extracted_type=how
    )


def run_of(asked: SubmitRequest, language: str, code: str, **given: Any) -> RunCodeRequest:
    times = {"compile_timeout": asked.compile_timeout, "run_timeout": asked.run_timeout}
    return parsed({"code": code, "language": language, **times, **given}, RunCodeRequest, "provided_data")


def cases_in(data: dict[str, Any]) -> list[tuple[str, str]]:
    """Raises InputError where there are none, or none that can be read."""
    cases = data.get("test")
    try:
        found = [(str(case["input"]["stdin"]), str(case["output"]["stdout"])) for case in cases or ()]
    except (KeyError, TypeError):
        raise InputError(
            'provided_data.test: must be a list of {"input": {"stdin"}, "output": {"stdout"}}'
        ) from None
    if not found:
        raise InputError("provided_data.test: holds no case")
    return found


def same(got: str, wanted: str) -> bool:
    """Line by line: stripped, small letters, numbers within a relative error of 1e-5."""
    ours, theirs = ([line.strip().lower() for line in text.strip().split("\n")] for text in (got, wanted))
    return len(ours) == len(theirs) and all(a == b or near(a, b) for a, b in zip(ours, theirs, strict=True))


def near(a: str, b: str) -> bool:
    try:
        x, y = float(a), float(b)
    except ValueError:
        return False
    return abs(x - y) <= CLOSE * max(abs(x), abs(y))


async def auto_eval(runner: Runner, asked: SubmitRequest, data: dict[str, Any]) -> EvalResult:
    """Solution and test code as one program, accepted when it ends well."""
    code, how = extracted(asked.completion)
    test = data.get("test")
    if not isinstance(test, dict) or not isinstance(test.get("code"), str):
        raise InputError('provided_data.test: must be {"code": text, "asset"?: {path: base64}}')
    spoken = language_of(asked, data)
    flag = secrets.token_hex(8) if asked.config.extra.get("append_flag") else ""
    full = f"{code}\n{test['code']}{telling(flag, spoken) if flag else ''}"
    found = await run_program(runner, run_of(asked, spoken, full, files=test.get("asset") or {}))
    said = found.run_result.stdout if found.run_result else ""
    accepted = found.status == "Success" and flag in said
    tests = [EvalTestCase(passed=accepted, exec_info=found)]
    return EvalResult(
        id=asked.id,
        accepted=accepted,
        extracted_code=code,
        full_code=full,
        test_code=test["code"],
        tests=tests,
        extracted_type=how,
    )


def telling(flag: str, spoken: str) -> str:
    """A last line that prints the flag: a program that ends before it has not run its tests. Raises InputError."""
    if spoken not in LAST_LINES:
        there = ", ".join(LAST_LINES)
        raise InputError(f"extra.append_flag: is not offered for {spoken!r}; there are: {there}")
    return f"\n{LAST_LINES[spoken].format(flag)}\n"


async def python_set(runner: Runner, asked: SubmitRequest, data: dict[str, Any]) -> EvalResult:
    """HumanEval and MBPP: the tests in a judge process of their own."""
    if language_of(asked, data) != "python":
        raise InputError(f"{asked.config.dataset_type} is judged in Python alone; use AutoEvalDataset")
    _, how = extracted(asked.completion)
    name, tests = data.get("entry_point"), tests_in(data)
    problem = Problem(id=str(asked.id), statement="", entry_point=name, prompt=data.get("prompt"))
    code = solution_in(asked.completion, problem) or ""
    limits = LimitsGiven(wall_s=asked.run_timeout, cpu_s=asked.run_timeout)
    style = PYTHON_SETS[str(asked.config.dataset_type)]
    told = {"id": str(asked.id), "language": "python", "solution": code, "tests": tests, "style": style}
    item = parsed({**told, "entry_point": name, "limits": limits}, Item, "provided_data")
    verdict = await checked_verdict(item, runner)
    case = EvalTestCase(passed=verdict.passed is True, exec_info=info_of(verdict))
    return EvalResult(
        id=asked.id,
        accepted=case.passed,
        extracted_code=code,
        full_code=code,
        test_code=tests,
        tests=[case],
        extracted_type=how,
        extra={"verdict": verdict.verdict, "reasons": list(verdict.reasons)},
    )


def tests_in(data: dict[str, Any]) -> str:
    given = next((data[key] for key in ("test", "tests", "test_list") if data.get(key)), None)
    lines = given if isinstance(given, list) else [given]
    if not all(isinstance(line, str) for line in lines):
        raise InputError("provided_data: needs 'test' (text) or 'test_list' (texts)")
    labels = data.get("labels")
    setup = labels.get("test_setup_code") if isinstance(labels, dict) else None
    return "\n".join([*([setup] if isinstance(setup, str) else []), *map(str, lines)]) + "\n"


def info_of(verdict: Verdict) -> RunCodeResponse:
    """A verdict as the run of a test program would have looked."""
    over = verdict.verdict == "time_limit"
    failure = verdict.failure.traceback or verdict.failure.message if verdict.failure else ""
    result = CommandRunResult(
        status="TimeLimitExceeded" if over else "Finished",
        execution_time=verdict.wall_s,
        return_code=None if over else 0 if verdict.passed else 1,
        stdout=verdict.stdout,
        stderr=verdict.stderr + failure,
        cpu_time=verdict.cpu_s,
    )
    return RunCodeResponse(status="Success" if verdict.passed else "Failed", run_result=result)
