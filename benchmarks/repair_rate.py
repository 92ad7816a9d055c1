"""How often the embedded generator repairs its wrong first tries: with the true feedback, with none, and with that
of another problem. Same first tries, same seeds, same sandbox; only the feedback differs.

    python benchmarks/repair_rate.py [--data FOLDER] [--limit N] [--samples N] [--json F]
"""

import argparse
import asyncio
import json
import sys
from collections.abc import Awaitable, Iterable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TypeVar

from execfeedback.errors import GeneratorExhausted
from execfeedback.feedback import feedback
from execfeedback.generators.mutate import Mutate, create
from execfeedback.importers import humaneval
from execfeedback.items import item_for, suite_of
from execfeedback.parsing import solution_in
from execfeedback.problems import load_problems
from execfeedback.protocols import Request, Sandbox
from execfeedback.sandbox.docker import DockerSandbox
from execfeedback.types import CallKind, Problem, Verdict
from execfeedback.verdicts import verdict_of

T = TypeVar("T")
ARMS = ("true", "none", "other")
REVISIONS = 3
BUNDLED = Path(__file__).resolve().parent.parent / "problems"


@dataclass(frozen=True)
class FirstTry:
    """A wrong first try and what was told about it."""

    problem: Problem
    sample: int
    code: str
    verdict: str
    feedback: str


@dataclass(frozen=True)
class Figures:
    """Counts, and of each arm the shares repaired by the first revision and by the first few."""

    problems: int
    first_tries: int
    wrong: int
    seed: int
    arms: dict[str, dict[str, float]]


@dataclass(frozen=True)
class Bench:
    """What everything runs on."""

    sandbox: Sandbox
    generator: Mutate


async def verdict(bench: Bench, problem: Problem, code: str) -> Verdict:
    """The verdict under the problem's own tests, up to the first that fails."""
    suite = suite_of(problem)
    assert suite is not None
    limits = problem.limits.model_copy(update={"cpu_s": 2.0})
    item = item_for(problem, code, suite)
    item = item.model_copy(update={"holdout": (), "limits": limits, "stop_on": "first_failure"})
    return await verdict_of(item, bench.sandbox)


async def written(bench: Bench, kind: CallKind, problem: Problem, sample: int, **more: object) -> str | None:
    """Code that the generator answers with, or None when it has nothing to say."""
    request = Request.model_validate(
        {"kind": kind, "problem": problem, "messages": (), "sample": sample, **more}
    )
    try:
        return solution_in((await bench.generator.complete(request)).text, problem)
    except GeneratorExhausted:
        return None


async def first_try(bench: Bench, problem: Problem, sample: int) -> FirstTry | None:
    """A first try that failed its tests; None when it passed or the problem has no more."""
    code = await written(bench, "solution", problem, sample)
    if code is None:
        return None
    found = await verdict(bench, problem, code)
    if found.passed is not False:
        return None
    return FirstTry(problem, sample, code, str(found.verdict), feedback(problem, found))


async def repaired(bench: Bench, wrong: FirstTry, arm: str, foreign: str) -> int | None:
    """The number of the revision that passed all tests, from 1; None when none of the first few did."""
    code, told = wrong.code, {"true": wrong.feedback, "none": "", "other": foreign}[arm]
    for attempt in range(REVISIONS):
        revised = await written(
            bench, "revision", wrong.problem.blind(), wrong.sample, attempt=attempt, code=code, feedback=told
        )
        if revised is None:
            return None
        found = await verdict(bench, wrong.problem, revised)
        if found.passed:
            return attempt + 1
        code, told = revised, feedback(wrong.problem, found) if arm == "true" else told
    return None


async def together(work: Iterable[Awaitable[T]], width: int) -> list[T]:
    """Results in order, `width` at a time."""
    places = asyncio.Semaphore(width)

    async def one(task: Awaitable[T]) -> T:
        async with places:
            return await task

    return await asyncio.gather(*(one(task) for task in work))


async def measured(problems: list[Problem], samples: int, workers: int, seed: int) -> Figures:
    """First tries, and what becomes of the wrong ones in each arm."""
    async with DockerSandbox(workers=workers) as sandbox:
        bench = Bench(sandbox, create(sandbox, seed=seed, right_share=0.0))
        tries = [first_try(bench, problem, sample) for problem in problems for sample in range(samples)]
        wrong = [one for one in await together(tries, workers) if one is not None]
        figures = {arm: await arm_of(bench, wrong, arm, workers) for arm in ARMS}
    return Figures(len(problems), len(tries), len(wrong), seed, figures)


async def arm_of(bench: Bench, wrong: list[FirstTry], arm: str, workers: int) -> dict[str, float]:
    """Shares repaired by the first revision and by the first few. The foreign feedback is that of another problem."""
    half = len(wrong) // 2
    foreign = [wrong[(at + half) % len(wrong)].feedback for at in range(len(wrong))]
    work = (repaired(bench, one, arm, other) for one, other in zip(wrong, foreign, strict=True))
    needed = await together(work, workers)
    total = max(len(wrong), 1)
    return {
        "after_1": round(sum(number == 1 for number in needed) / total, 3),
        f"after_{REVISIONS}": round(sum(number is not None for number in needed) / total, 3),
    }


def problems_of(arguments: argparse.Namespace) -> list[tuple[str, list[Problem]]]:
    """The sets to measure, with the problems that have a reference and tests."""
    sets = [("bundled", list(load_problems(BUNDLED)))] if any(BUNDLED.rglob("*.jsonl")) else []
    if arguments.data is not None:
        sets.append(("humaneval", list(humaneval.read(arguments.data / "humaneval" / "humaneval.jsonl"))))
    usable = [(name, [p for p in found if p.reference and suite_of(p)]) for name, found in sets]
    return [(name, found[: arguments.limit]) for name, found in usable]


def main() -> None:
    """Measure, print a table, write JSON where asked."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--data", type=Path, help="folder with humaneval/humaneval.jsonl")
    parser.add_argument("--limit", type=int, default=1000, help="problems of each set")
    parser.add_argument("--samples", type=int, default=1, help="first tries of each problem")
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--json", type=Path, help="write the figures there")
    arguments = parser.parse_args()
    found: dict[str, Figures] = {}
    print(f"{'set':<12}{'wrong':>7}  {'feedback':<9}{'1 revision':>11}{f'{REVISIONS} revisions':>13}")
    for name, problems in problems_of(arguments):
        figures = asyncio.run(measured(problems, arguments.samples, arguments.workers, arguments.seed))
        found[name] = figures
        for arm, shares in figures.arms.items():
            row = f"{name:<12}{figures.wrong:>7}  {arm:<9}"
            print(row + f"{shares['after_1']:>11.1%}{shares[f'after_{REVISIONS}']:>13.1%}", flush=True)
    if arguments.json is not None:
        text = json.dumps({name: asdict(figures) for name, figures in found.items()}, indent=2)
        arguments.json.write_text(text + "\n", encoding="utf-8")
    if not found:
        sys.exit("no problems: give --data")


if __name__ == "__main__":
    main()
