"""Translation judged by values: HumanEval from Python to other languages, by recorded solutions in these languages.

Each Python problem is carried to the language (its known inputs and outputs become calls), and the recorded solution - a
canonical one of HumanEval-X, or a model's with the label that its publishers gave it - is what the "model" answers when it is
asked to translate. Names and types are the recording's own: the name is taken over, the values are judged.

    python benchmarks/translation.py --data DIR --to rust [--to go ...] [--limit 100] [--models codejudge.jsonl] [--out F]

DIR holds humaneval/humaneval.jsonl and humaneval_x/*.jsonl. Needs the images of the languages.
"""

import argparse
import asyncio
import json
import tempfile
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from execfeedback.corpus import Corpus
from execfeedback.errors import InputError
from execfeedback.generators.replay import Recording, Replay
from execfeedback.growing import grow
from execfeedback.importers import humaneval, humaneval_x
from execfeedback.jsonl import read_rows
from execfeedback.parsing import fenced
from execfeedback.registry import gates_named
from execfeedback.sandbox.docker import DockerSandbox
from execfeedback.translation import translated
from execfeedback.types import Problem
from execfeedback.units import Settings

FILES = {"cpp": "cpp", "java": "java", "javascript": "js", "go": "go", "rust": "rust"}


def carried(data: Path, to: str) -> dict[str, tuple[Problem, Problem]]:
    """By number: the problem in that language and the recorded one, for all that can be carried."""
    found = {}
    theirs = {
        one.id.rpartition("/")[2]: one
        for one in humaneval_x.read(data / f"humaneval_x/humaneval_{FILES[to]}.jsonl")
    }
    for problem in humaneval.read(data / "humaneval/humaneval.jsonl"):
        number = problem.id.rpartition("/")[2]
        try:
            ours = translated(problem, to)
        except InputError:
            continue
        named = {"entry_point": theirs[number].entry_point}
        found[number] = (ours.model_copy(update=named), theirs[number])
    return found


def canonical(pairs: dict[str, tuple[Problem, Problem]]) -> Iterator[tuple[Problem, str, bool]]:
    """Problem, solution, whether it is right."""
    for ours, theirs in pairs.values():
        yield ours, theirs.reference or "", "defective" not in theirs.tags


def generated(
    pairs: dict[str, tuple[Problem, Problem]], path: Path, to: str
) -> Iterator[tuple[Problem, str, bool]]:
    """The first right and the first wrong answer that are recorded for each problem."""
    seen: set[tuple[str, bool]] = set()
    for _, row in read_rows(path):
        number, label = row["task_id"].rpartition("/")[2], bool(row["passed"])
        if row["language"] != FILES[to] or number not in pairs or (number, label) in seen:
            continue
        seen.add((number, label))
        ours, theirs = pairs[number]
        code = (theirs.prompt or "") + row["generation"]
        yield ours.model_copy(update={"id": f"{ours.id}:{'right' if label else 'wrong'}"}), code, label


async def judged(work: list[tuple[Problem, str, bool]], out: Path, workers: int) -> None:
    answers = [
        Recording(problem=problem.id, kind="solution", text=fenced(code, problem.language), model="recorded")
        for problem, code, _ in work
    ]
    settings = Settings(in_flight=2 * workers, max_attempts=1)
    async with DockerSandbox(workers=workers) as sandbox:
        problems = [problem for problem, _, _ in work]
        gates = gates_named(["held_out"])
        await grow(problems, Replay(answers), out, sandbox=sandbox, gates=gates, settings=settings)


def figures(work: list[tuple[Problem, str, bool]], path: Path) -> dict[str, Any]:
    """How many of the right and of the wrong were kept, and what was said of the right ones that were not."""
    right = {problem.id: label for problem, _, label in work}
    with Corpus(path) as corpus:
        records = list(corpus.records())
        ends = {one.problem.id: one.attempts[-1].verdict for one in corpus.trajectories() if one.attempts}
    kept = {record.problem.id for record in records}
    assert all(record.origin == "translated" and record.item.style == "cases" for record in records)
    assert all(record.parents for record in records)
    refused = {
        id: f"{v.verdict} {v.failure.message if v.failure else ''}"[:160]
        for id, v in ends.items()
        if not v.passed
    }
    return {
        "right": sum(right.values()),
        "right kept": sum(right[id] for id in kept),
        "wrong": sum(not label for label in right.values()),
        "wrong kept": sorted(id for id in kept if not right[id]),
        "right refused": {id: why for id, why in refused.items() if right[id]},
        "verdicts": dict(Counter(verdict.verdict or "" for verdict in ends.values())),
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--to", action="append", choices=list(FILES), required=True)
    parser.add_argument("--limit", type=int, default=100, help="problems a language [100]")
    parser.add_argument(
        "--models", type=Path, help="recorded model outputs with labels, as CodeJudge has them"
    )
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--out", type=Path)
    given = parser.parse_args()
    result: dict[str, Any] = {}
    for to in given.to:
        pairs = dict(list(carried(given.data, to).items())[: given.limit])
        work = list(canonical(pairs)) if given.models is None else list(generated(pairs, given.models, to))
        with tempfile.TemporaryDirectory() as folder:
            asyncio.run(judged(work, Path(folder) / "c.db", given.workers))
            result[to] = figures(work, Path(folder) / "c.db")
        said = result[to]
        print(f"{to}: {said['right kept']} of {said['right']} right kept, "
              f"{len(said['wrong kept'])} of {said['wrong']} wrong kept; {said['verdicts']}", flush=True)  # fmt: skip
    if given.out:
        given.out.write_text(json.dumps(result, indent=1) + "\n", "utf-8")


if __name__ == "__main__":
    main()
