"""Verdicts per second and latency of the same items, side by side in one run, at the same concurrency.

    (a) our Docker sandbox: split verdicts, cleaning and its proof included
    (b) a bare, unsandboxed `subprocess.run([python, file])`
    (c) `docker exec` into a warm container
    (d) `docker run --rm` for each item

    python benchmarks/verdict_rate.py --data humaneval.jsonl [--items 60] [--workers 2] [--rounds 5] [--json out.json]

Items are HumanEval's canonical solutions and one mutant of each, drawn with a seed; without --data the bundled problems.
Mutants that loop for ever are left out on all sides: they would measure time limits only.
Sides take turns in every round, so that a busy machine hurts all of them; medians over the rounds are reported.
"""

import argparse
import asyncio
import itertools
import json
import random
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Awaitable, Callable
from pathlib import Path

from execfeedback.importers.humaneval import read
from execfeedback.items import item_for, suite_of
from execfeedback.mutation import mutants
from execfeedback.problems import bundled, load_problems
from execfeedback.sandbox.docker import DockerSandbox
from execfeedback.sandbox.images import image_for
from execfeedback.types import Item, Problem
from execfeedback.verdicts import verdict_of

TIMEOUT_S = 20
ENDS_SOON_S = 2
Run = Callable[[Item], Awaitable[bool]]
SIDES = {"a": "our sandbox, split", "b": "bare subprocess", "c": "docker exec", "d": "docker run --rm"}


def items(path: Path | None, count: int, seed: int) -> list[Item]:
    """Canonical solutions and one mutant of each, a seeded draw of `count`."""
    problems = list(read(path) if path else load_problems(bundled()))
    plain = [p for p in problems if p.reference and p.style in ("asserts", "humaneval")]
    both = [item for p in plain for item in pair(p, seed)]
    random.Random(seed).shuffle(both)
    return list(itertools.islice((item for item in both if ends_soon(item)), count))


def ends_soon(item: Item) -> bool:
    try:
        subprocess.run([sys.executable, "-c", program(item)], capture_output=True, timeout=ENDS_SOON_S)
    except subprocess.TimeoutExpired:
        return False
    return True


def pair(problem: Problem, seed: int) -> list[Item]:
    suite, reference = suite_of(problem), problem.reference
    assert suite is not None and reference is not None
    wrong = [m.source for m in mutants(reference, limit=1, seed=seed)]
    return [
        item_for(problem, code, suite, id=f"{problem.id}:{n}") for n, code in enumerate([reference, *wrong])
    ]


def program(item: Item) -> str:
    """What people run by hand: the solution and its tests in one file."""
    call = f"\ncheck({item.entry_point})\n" if item.style == "humaneval" else ""
    return f"{item.solution}\n\n{item.tests}\n{call}"


async def exit_code(argv: list[str], text: str | None) -> bool:
    """Whether a program ended with 0. The blocking call is what a user would write."""

    def run() -> bool:
        try:
            done = subprocess.run(argv, input=text, capture_output=True, text=True, timeout=TIMEOUT_S)
        except subprocess.TimeoutExpired:
            return False
        return done.returncode == 0

    return await asyncio.to_thread(run)


async def timed(run: Run, work: list[Item], workers: int) -> tuple[float, list[float], int]:
    """(items per second, latency of each in s, how many passed) with `workers` at one time."""
    left, latencies, passed = list(reversed(work)), [], 0

    async def worker() -> None:
        nonlocal passed
        while left:
            item, start = left.pop(), time.perf_counter()
            accepted = await run(item)
            passed += accepted
            latencies.append(time.perf_counter() - start)

    start = time.perf_counter()
    await asyncio.gather(*(worker() for _ in range(workers)))
    return len(work) / (time.perf_counter() - start), latencies, passed


async def measure(work: list[Item], workers: int, rounds: int, sides: str) -> dict[str, dict[str, float]]:
    image = image_for("python")
    with tempfile.TemporaryDirectory() as folder, warm_container(image) as container:
        files = {item.id: Path(folder) / f"{n}.py" for n, item in enumerate(work)}
        for item in work:
            files[item.id].write_text(program(item))
        async with DockerSandbox(workers=workers) as sandbox:

            async def ours(item: Item) -> bool:
                return (await verdict_of(item, sandbox)).verdict == "passed"

            bounded = ["timeout", str(TIMEOUT_S), "python3", "-"]
            limits = ["--network", "none", "--memory", "1g", "--entrypoint", bounded[0]]
            plain = ["docker", "run", "--rm", "-i", *limits, image, *bounded[1:]]
            runs: dict[str, Run] = {
                "a": ours,
                "b": lambda item: exit_code([sys.executable, str(files[item.id])], None),
                "c": lambda item: exit_code(
                    ["docker", "exec", "-i", container, *bounded],
                    program(item),
                ),
                "d": lambda item: exit_code(plain, program(item)),
            }
            await timed(ours, work[: 2 * workers], workers)
            return await alternate({s: runs[s] for s in sides}, work, workers, rounds)


async def alternate(
    runs: dict[str, Run], work: list[Item], workers: int, rounds: int
) -> dict[str, dict[str, float]]:
    seen: dict[str, list[tuple[float, list[float], int]]] = {side: [] for side in runs}
    for number in range(rounds):
        for side, run in runs.items():
            seen[side].append(await timed(run, work, workers))
            print(f"round {number + 1} ({side}) {seen[side][-1][0]:.1f}/s", file=sys.stderr)
    return {side: summary(found) for side, found in seen.items()}


def summary(found: list[tuple[float, list[float], int]]) -> dict[str, float]:
    centiles = [statistics.quantiles(latencies, n=20) for _, latencies, _ in found]
    return {
        "per_second": statistics.median(rate for rate, _, _ in found),
        "p50_ms": statistics.median(c[9] for c in centiles) * 1000,
        "p95_ms": statistics.median(c[18] for c in centiles) * 1000,
        "passed": statistics.median(passed for _, _, passed in found),
    }


class warm_container:
    """A plain container that waits, for `docker exec`."""

    def __init__(self, image: str) -> None:
        self.image = image

    def __enter__(self) -> str:
        argv = [
            "docker",
            "run",
            "-d",
            "--rm",
            "--network",
            "none",
            "--entrypoint",
            "sleep",
            self.image,
            "infinity",
        ]
        self.id = subprocess.run(argv, check=True, capture_output=True, text=True).stdout.strip()
        return self.id

    def __exit__(self, *_: object) -> None:
        subprocess.run(["docker", "rm", "-f", self.id], check=True, capture_output=True)


def table(found: dict[str, dict[str, float]], count: int, workers: int) -> str:
    ours = found["a"]["per_second"]
    lines = [
        f"{count} items, {workers} workers",
        f"{'':24}{'/s':>8}{'p50 ms':>9}{'p95 ms':>9}{'passed':>8}{'ours is':>9}",
    ]
    for side, row in found.items():
        shown = f"{row['per_second']:8.1f}{row['p50_ms']:9.1f}{row['p95_ms']:9.1f}{row['passed']:8.0f}"
        lines.append(f"({side}) {SIDES[side]:20}{shown}{ours / row['per_second']:8.1f}x")
    return "\n".join(lines)


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--data", type=Path, help="HumanEval as JSONL")
    parser.add_argument("--items", type=int, default=60)
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--sides", default="abcd")
    parser.add_argument("--json", type=Path)
    given = parser.parse_args()
    work = items(given.data, given.items, given.seed)
    found = asyncio.run(measure(work, given.workers, given.rounds, given.sides))
    print(table(found, len(work), given.workers))
    ratios = {side: found["a"]["per_second"] / row["per_second"] for side, row in found.items()}
    if given.json:
        given.json.write_text(
            json.dumps(
                {"items": len(work), "workers": given.workers, "sides": found, "ratios": ratios}, indent=1
            )
        )


if __name__ == "__main__":
    main()
