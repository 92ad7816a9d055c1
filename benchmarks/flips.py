"""Does a busy machine flip verdicts? The same items on a quiet machine and with every core kept busy, compared.

    python benchmarks/flips.py --data humaneval.jsonl [--rounds 5] [--burners N] [--json out.json]

Items are HumanEval's canonical solutions and one mutant of each, drawn with a seed; endless mutants are among them. The
burners are processes at normal priority, one for each core unless said otherwise, ended when this ends.
"""

import argparse
import asyncio
import json
import multiprocessing
import os
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from execfeedback.importers.humaneval import read
from execfeedback.items import item_for, suite_of
from execfeedback.mutation import mutants
from execfeedback.problems import bundled, load_problems
from execfeedback.sandbox.docker import DockerSandbox
from execfeedback.types import Item, LimitsGiven
from execfeedback.verdicts import verdict_of

LIMITS = LimitsGiven(cpu_s=2, wall_s=20)


def items(path: Path | None, seed: int) -> list[Item]:
    """Each canonical solution and one mutant of it."""
    found = []
    for problem in read(path) if path else load_problems(bundled()):
        suite, code = suite_of(problem), problem.reference
        if suite is None or code is None:
            continue
        for n, text in enumerate([code, *(m.source for m in mutants(code, limit=1, seed=seed))]):
            item = item_for(problem, text, suite, id=f"{problem.id}:{n}")
            found.append(item.model_copy(update={"limits": LIMITS}))
    return found


def burn(parent: int) -> None:
    while os.getppid() == parent:
        sum(n * n for n in range(100_000))


@contextmanager
def burners(count: int) -> Iterator[None]:
    context = multiprocessing.get_context("spawn")
    started = [context.Process(target=burn, args=(os.getpid(),), daemon=True) for _ in range(count)]
    for process in started:
        process.start()
    try:
        yield
    finally:
        for process in started:
            process.terminate()
            process.join()


async def verdicts(work: list[Item], sandbox: DockerSandbox, workers: int) -> dict[str, str]:
    left, found = list(reversed(work)), {}

    async def worker() -> None:
        while left:
            item = left.pop()
            found[item.id] = str((await verdict_of(item, sandbox)).verdict)

    await asyncio.gather(*(worker() for _ in range(workers)))
    return found


async def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--data", type=Path, help="HumanEval as JSONL; without it the bundled problems")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--burners", type=int, default=os.cpu_count())
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--json", type=Path)
    given = parser.parse_args()
    work = items(given.data, given.seed)
    flips: list[dict[str, object]] = []
    async with DockerSandbox(workers=given.workers) as sandbox:
        quiet = await verdicts(work, sandbox, given.workers)
        print(f"{len(work)} items, quiet: {dict(Counter(quiet.values()))}", flush=True)
        with burners(given.burners):
            for number in range(1, given.rounds + 1):
                busy = await verdicts(work, sandbox, given.workers)
                new = [
                    {"round": number, "id": i, "quiet": quiet[i], "busy": busy[i]}
                    for i in quiet
                    if busy[i] != quiet[i]
                ]
                flips += new
                print(f"round {number}, {given.burners} burners: {len(new)} flips {new or ''}", flush=True)
    print(f"{len(flips)} flips in {given.rounds * len(work)} verdicts")
    if given.json:
        given.json.write_text(
            json.dumps({"items": len(work), "rounds": given.rounds, "flips": flips}, indent=1)
        )


if __name__ == "__main__":
    asyncio.run(main())
