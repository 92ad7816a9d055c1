"""Test files: our verdicts and a cold `python -m pytest FILE` for each, the same items, in one run.

    python benchmarks/pytest_rate.py [--items 20] [--workers 2] [--rounds 5] [--json out.json]

Items are the bundled problems' references, their assertions as pytest tests. The other side is what people do by hand:
solution and test file in a folder, `python -m pytest` on it, unsandboxed, with this interpreter. Sides take turns; medians
of the rounds.
"""

import argparse
import asyncio
import json
import statistics
import subprocess
import sys
import tempfile
import textwrap
import time
from collections.abc import Awaitable, Callable
from pathlib import Path

from execfeedback.problems import bundled, load_problems
from execfeedback.sandbox.docker import DockerSandbox
from execfeedback.types import Item
from execfeedback.verdicts import verdict_of

Run = Callable[[Item], Awaitable[bool]]


def items(count: int) -> list[Item]:
    found = []
    for problem in load_problems(bundled()):
        if (
            problem.style == "asserts"
            and problem.reference
            and problem.entry_point
            and isinstance(problem.tests, str)
        ):
            head = f"from solution import {problem.entry_point}\n\n\ndef test_all():\n"
            tests = head + textwrap.indent(problem.tests, "    ")
            item = Item(
                id=problem.id, language="python", style="pytest", solution=problem.reference, tests=tests
            )
            found.append(item.model_copy(update={"contract": problem.contract}))
    return found[:count]


async def by_hand(item: Item) -> bool:
    with tempfile.TemporaryDirectory() as folder:
        (Path(folder) / "solution.py").write_text(str(item.solution))
        (Path(folder) / "test_solution.py").write_text(str(item.tests))
        argv = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "test_solution.py"]
        done = await asyncio.to_thread(subprocess.run, argv, cwd=folder, capture_output=True)
        return done.returncode == 0


async def rate(run: Run, work: list[Item], workers: int) -> tuple[float, int]:
    """(items in a second, how many passed)."""
    left, passed = list(work), 0

    async def worker() -> None:
        nonlocal passed
        while left:
            accepted = await run(left.pop())
            passed += accepted

    start = time.perf_counter()
    await asyncio.gather(*(worker() for _ in range(workers)))
    return len(work) / (time.perf_counter() - start), passed


async def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--items", type=int, default=20)
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--json", type=Path)
    given = parser.parse_args()
    work = items(given.items)
    seen: dict[str, list[tuple[float, int]]] = {"ours": [], "python -m pytest": []}
    async with DockerSandbox(workers=given.workers) as sandbox:

        async def ours(item: Item) -> bool:
            return (await verdict_of(item, sandbox)).verdict == "passed"

        await rate(ours, work[: 2 * given.workers], given.workers)
        for _ in range(given.rounds):
            seen["ours"].append(await rate(ours, work, given.workers))
            seen["python -m pytest"].append(await rate(by_hand, work, given.workers))
    medians = {side: statistics.median(r for r, _ in found) for side, found in seen.items()}
    for side, found in seen.items():
        print(f"{side:18} {medians[side]:7.1f}/s, passed {found[-1][1]} of {len(work)}")
    ratio = medians["ours"] / medians["python -m pytest"]
    print(f"ours is {ratio:.1f}x")
    if given.json:
        given.json.write_text(
            json.dumps({"items": len(work), "per_second": medians, "ratio": ratio}, indent=1)
        )


if __name__ == "__main__":
    asyncio.run(main())
