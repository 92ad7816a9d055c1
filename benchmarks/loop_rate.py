"""What the loop itself costs: with an instant generator it must keep the sandbox busy, its memory flat, and resume at once.

    python benchmarks/loop_rate.py --data humaneval.jsonl [--items 60] [--workers 2] [--rounds 5]     # rate, real sandbox
    python benchmarks/loop_rate.py --trajectories 50000                                               # memory and resuming

Two rates, each beside the same work without a loop, in turns. `with_gates`: `grow` as anybody runs it, with the default
gates, an instant generator and a corpus file, beside the very jobs that it ran, given to the same slots once more by nothing
but a queue. `without_gates`: trajectories of a single verdict each beside the same verdicts, the most that a loop can cost.
Memory and resuming need no sandbox: a judge that answers at once stands in its place, and the gate `duplicate` in order, as
in every run.
"""

import argparse
import asyncio
import json
import statistics
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from verdict_rate import items, timed

from execfeedback.config import GATES
from execfeedback.errors import SandboxError
from execfeedback.growing import grow
from execfeedback.protocols import Completion, Request, Sandbox
from execfeedback.registry import gates_named
from execfeedback.sandbox.docker import DockerSandbox
from execfeedback.types import Execution, GateResult, Item, Job, Problem, Trajectory, Verdict
from execfeedback.units import Settings
from execfeedback.verdicts import verdict_of


class Instant:
    """A generator that knows the answer to each problem."""

    name = "instant"
    edits_references = False

    def __init__(self, answers: dict[str, str] | None = None) -> None:
        self.answers = answers

    async def complete(self, request: Request) -> Completion:
        name = request.problem.id
        code = self.answers[name] if self.answers else f"def f():\n    return {name!r}\n"
        return Completion(
            text=f"```python\n{code}\n```", model="instant", tokens_in=1, tokens_out=1, cost_usd=0.0
        )


class Fresh:
    """An ordered gate that remembers what it let pass, as `duplicate` does."""

    name, version = "fresh", "1"

    def __init__(self) -> None:
        self.seen: set[str] = set()

    async def keys(self, trajectory: Trajectory, sandbox: Sandbox) -> list[str]:
        return [trajectory.problem.id]

    def admit(self, keys: list[str]) -> GateResult:
        new = not self.seen & set(keys)
        self.seen |= set(keys)
        return GateResult(gate=self.name, version=self.version, passed=new, reason="" if new else "again")

    async def check(self, trajectory: Trajectory, sandbox: Sandbox) -> GateResult:
        return self.admit(await self.keys(trajectory, sandbox))


class NoSandbox:
    async def run(self, job: Job) -> Execution:
        raise SandboxError("nothing is run here")


async def passed(item: Item, sandbox: Sandbox) -> Verdict:
    return Verdict(id=item.id, verdict="passed", passed=True, environment="sha256:none")


def resident_mb() -> float:
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    return pages * 4096 / 2**20


# ---- memory and resuming -------------------------------------------------------------------------------------------


def numbered(count: int) -> Iterator[Problem]:
    return (Problem(id=f"p{n}", statement=f"Return {n}.", tests="assert f() == 1\n") for n in range(count))


async def long_run(count: int, path: Path) -> dict[str, Any]:
    """Resident memory at each tenth of a run, and how long the same command takes when all is done."""
    memory: list[float] = []
    finished = 0

    def on_event(event: dict[str, Any]) -> None:
        nonlocal finished
        finished += event["event"] == "finished"
        if event["event"] == "finished" and finished % max(1, count // 10) == 0:
            memory.append(round(resident_mb(), 1))
            print(f"{finished} trajectories, {memory[-1]} MB", file=sys.stderr)

    async def run() -> tuple[float, float]:
        """Wall and CPU seconds."""
        started, cpu = time.perf_counter(), time.process_time()
        work = {"sandbox": NoSandbox(), "gates": [Fresh()], "judge": passed, "on_event": on_event}
        await grow(numbered(count), Instant(), path, settings=Settings(in_flight=16), **work)
        return time.perf_counter() - started, time.process_time() - cpu

    (took, cpu), (again, again_cpu) = await run(), await run()
    return {
        "trajectories": count,
        "per_second": round(count / took, 1),
        "cpu_ms_each": round(1000 * cpu / count, 2),
        "memory_mb": memory,
        "growth_bytes_each": round((memory[-1] - memory[0]) * 2**20 / (0.9 * count), 1),
        "resume_s": round(again, 2),
        "resume_cpu_s": round(again_cpu, 2),
    }


# ---- rate ----------------------------------------------------------------------------------------------------------


def problem_of(item: Item) -> Problem:
    assert isinstance(item.tests, str)
    return Problem(id=item.id, statement="", style=item.style, tests=item.tests, entry_point=item.entry_point)


class Noted:
    """A sandbox that notes what it ran."""

    def __init__(self, sandbox: Sandbox) -> None:
        self.sandbox = sandbox
        self.jobs: list[Job] = []

    async def run(self, job: Job) -> Execution:
        self.jobs.append(job)
        return await self.sandbox.run(job)


async def grown(work: list[Item], sandbox: Sandbox, gates: Sequence[str], workers: int) -> float:
    """Seconds for a corpus of the items, each tried once."""
    answers = {item.id: str(item.solution) for item in work}
    settings = Settings(in_flight=2 * workers, max_attempts=1)
    with tempfile.TemporaryDirectory() as folder:
        began = time.perf_counter()
        problems, generator, path = map(problem_of, work), Instant(answers), Path(folder) / "c.db"
        work_with = {"sandbox": sandbox, "gates": gates_named(gates), "settings": settings}
        await grow(problems, generator, path, on_event=lambda event: None, **work_with)
        return time.perf_counter() - began


async def run_all(jobs: list[Job], sandbox: Sandbox, at_once: int) -> float:
    """Seconds for the jobs alone."""
    left = iter(jobs)

    async def some() -> None:
        for job in left:
            await sandbox.run(job)

    began = time.perf_counter()
    await asyncio.gather(*(some() for _ in range(at_once)))
    return time.perf_counter() - began


async def with_gates(work: list[Item], sandbox: Sandbox, workers: int, rounds: int) -> dict[str, Any]:
    loop, alone = [], []
    for number in range(-1, rounds):  # the first is thrown away: much in a slot is begun at first use
        noted = Noted(sandbox)
        loop.append(await grown(work, noted, GATES, workers))
        alone.append(await run_all(noted.jobs, sandbox, 2 * workers))
        jobs = len(noted.jobs)
        told = f"{jobs} jobs, {jobs / alone[-1]:.1f} a second alone, {jobs / loop[-1]:.1f} in the loop"
        print(f"round {number + 1}: {told}", file=sys.stderr)
    return {"jobs": jobs, **shares([jobs / took for took in alone[1:]], [jobs / took for took in loop[1:]])}


async def without_gates(work: list[Item], sandbox: Sandbox, workers: int, rounds: int) -> dict[str, Any]:
    async def judged(item: Item) -> bool:
        return (await verdict_of(item, sandbox)).verdict == "passed"

    await timed(judged, work[: 2 * workers], workers)
    loop, alone = [], []
    for number in range(rounds):
        alone.append((await timed(judged, work, 2 * workers))[0])
        loop.append(len(work) / await grown(work, sandbox, (), workers))
        print(
            f"round {number + 1}: {alone[-1]:.1f} verdicts/s, {loop[-1]:.1f} trajectories/s", file=sys.stderr
        )
    return shares(alone, loop)


def shares(alone: list[float], loop: list[float]) -> dict[str, Any]:
    """Medians of both, in things a second, and of what the loop reached of the other side's rate in the same round."""
    share = statistics.median(mine / other for mine, other in zip(loop, alone, strict=True))
    medians = {"alone": statistics.median(alone), "loop": statistics.median(loop)}
    return {**{name: round(rate, 1) for name, rate in medians.items()}, "share": round(share, 3)}


async def rates(work: list[Item], workers: int, rounds: int) -> dict[str, Any]:
    async with DockerSandbox(workers=workers) as sandbox:
        alone = await without_gates(work, sandbox, workers, rounds)
        return {"with_gates": await with_gates(work[:60], sandbox, workers, rounds), "without_gates": alone}


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--data", type=Path, help="HumanEval as JSONL; without it the bundled problems")
    parser.add_argument("--items", type=int, default=164)
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--trajectories", type=int, help="measure memory and resuming instead of the rate")
    given = parser.parse_args()
    if given.trajectories:
        with tempfile.TemporaryDirectory() as folder:
            found = asyncio.run(long_run(given.trajectories, Path(folder) / "c.db"))
    else:
        found = asyncio.run(rates(items(given.data, given.items, 0), given.workers, given.rounds))
    print(json.dumps(found))


if __name__ == "__main__":
    main()
