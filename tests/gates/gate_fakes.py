"""A sandbox that is none: runs the fixtures of this folder, which we wrote, as plain processes.

It is for tests that must not need Docker. It answers a Job as the protocol says, without limits on anything
but time, and judges asserts and cases in one process with the solution.
"""

import asyncio
import json
import os
import sys
import tempfile
from functools import partial
from pathlib import Path
from typing import Any

from forked import Fork, script

from execfeedback.types import Execution, Job, SplitResult, Step, StepResult

_RUNNER = Path(__file__).with_name("split_runner.py")
_PROGRAMS = {"python3": sys.executable, "ruff": str(Path(sys.executable).with_name("ruff"))}
_TIME_S = 4.0


class HostSandbox:
    """`jobs` keeps what was asked, in the order of asking."""

    def __init__(self) -> None:
        self.jobs: list[Job] = []
        self._two_at_once = asyncio.Semaphore(2)

    async def run(self, job: Job) -> Execution:
        self.jobs.append(job)
        async with self._two_at_once:
            with tempfile.TemporaryDirectory() as folder:
                _write(job, Path(folder))
                return await (_split(job, folder) if job.split else _steps(job, folder))


def _write(job: Job, folder: Path) -> None:
    for name, text in job.files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(str(text), "utf-8")


async def _steps(job: Job, folder: str) -> Execution:
    results: list[StepResult] = []
    for step in job.steps:
        results.append(await _process(step, folder, job.fresh_seed))
        if job.stop_on_failure and results[-1].exit_code != 0:
            break
    return Execution(steps=tuple(results), environment="host")


async def _process(step: Step, folder: str, seed: int | None) -> StepResult:
    if step.argv[0] == "python3" and step.argv[1].endswith(".py") and seed is None:
        return await _fork(step, folder)
    pipe = asyncio.subprocess.PIPE
    environment = {"PATH": os.environ["PATH"], "PYTHONHASHSEED": str(1 if seed is None else seed)}
    argv = [_PROGRAMS.get(step.argv[0], step.argv[0]), *step.argv[1:]]
    process = await asyncio.create_subprocess_exec(
        *argv, cwd=folder, env=environment, stdin=pipe, stdout=pipe, stderr=pipe
    )
    try:
        out, err = await asyncio.wait_for(process.communicate(step.stdin.encode()), _TIME_S)
    except TimeoutError:
        process.kill()
        await process.wait()
        return StepResult(cause="cpu", signal=9, cpu_s=_TIME_S, wall_s=_TIME_S)
    return StepResult(cause="exited", exit_code=process.returncode, stdout=out.decode(), stderr=err.decode())


async def _fork(step: Step, folder: str) -> StepResult:
    """`python3 FILE ...` under the usual hash seed."""
    argv, environment = step.argv[1:], {"PATH": os.environ["PATH"]}
    with Fork(partial(script, argv[0]), argv, cwd=folder, environment=environment, stdin=step.stdin) as fork:
        try:
            async with asyncio.timeout(_TIME_S):
                await fork.over()
        except TimeoutError:
            return StepResult(cause="cpu", signal=9, cpu_s=_TIME_S, wall_s=_TIME_S)
        ran = fork.ended()
    return StepResult(cause="exited", exit_code=ran.returncode, stdout=ran.stdout, stderr=ran.stderr)


async def _split(job: Job, folder: str) -> Execution:
    assert job.split is not None
    asked = job.split.model_dump_json(by_alias=True)
    step = Step(argv=("python3", str(_RUNNER)), stdin=asked)
    ran = await _process(step, folder, job.fresh_seed)
    nothing = StepResult(cause="exited", exit_code=0)
    if ran.cause != "exited":
        split = SplitResult(ended=False, judge=nothing, solution=ran)
    else:
        told: dict[str, Any] = json.loads(ran.stdout)
        split = SplitResult.model_validate({**told, "ended": True, "judge": nothing, "solution": nothing})
    return Execution(split=split, environment="host")
