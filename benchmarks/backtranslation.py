"""Backtranslation of real snippets, with a scripted model whose truth is known: which rewrites are kept, which are not.

For every snippet the "writer" documents it by its own docstring, and the "solver" writes it again: once the original's own code
with names of locals and comments as they were (right), once with its first operator or constant changed (a mutant, nearly
always wrong). What is kept is decided by differential execution alone.

    python benchmarks/backtranslation.py --seeds python_functions.jsonl [--limit 60] [--out figures.json]

Needs Docker. Mutants that are kept are printed: those that answer like the original on all inputs may be equivalent to it.
"""

import argparse
import ast
import asyncio
import json
import tempfile
from collections import Counter
from pathlib import Path
from typing import Any

from execfeedback.corpus import Corpus
from execfeedback.generators.replay import Recording, Replay
from execfeedback.growing import grow
from execfeedback.importers import snippets
from execfeedback.originals import to_be_documented
from execfeedback.parsing import fenced
from execfeedback.registry import gates_named
from execfeedback.sandbox.docker import DockerSandbox
from execfeedback.types import Problem
from execfeedback.units import Settings

GATES = ("faithful", "static")
SWAPPED: dict[type[ast.AST], type[ast.AST]] = {
    ast.Add: ast.Sub, ast.Sub: ast.Add, ast.Mult: ast.Add, ast.Div: ast.Mult, ast.FloorDiv: ast.Mult, ast.Mod: ast.Add,
    ast.Lt: ast.GtE, ast.LtE: ast.Gt, ast.Gt: ast.LtE, ast.GtE: ast.Lt, ast.Eq: ast.NotEq, ast.NotEq: ast.Eq,
    ast.In: ast.NotIn, ast.NotIn: ast.In, ast.Is: ast.IsNot, ast.IsNot: ast.Is, ast.And: ast.Or, ast.Or: ast.And,
}  # fmt: skip


def mutant(code: str, last: bool = False) -> str | None:
    """The code with its first (or last) operator exchanged; None without one."""
    tree = ast.parse(code)
    places = [
        (node, name, at)
        for node in ast.walk(tree)
        for name, value in ast.iter_fields(node)
        for at, one in enumerate(value if isinstance(value, list) else [value])
        if type(one) in SWAPPED
    ]
    if not places:
        return None
    node, name, at = places[-1 if last else 0]
    old = getattr(node, name)
    if isinstance(old, list):
        old[at] = SWAPPED[type(old[at])]()
    else:
        setattr(node, name, SWAPPED[type(old)]())
    return ast.unparse(tree) + "\n"


def documentation(code: str, name: str) -> str:
    """What the scripted writer says: the docstring, under a sentence of its own."""
    function = next(node for node in ast.walk(ast.parse(code)) if getattr(node, "name", "") == name)
    said = ast.get_docstring(function) if isinstance(function, ast.FunctionDef) else None
    return f"The function {name}, as its authors describe it to those who call it:\n\n{said or ''}"


def recordings(seeds: list[Problem], wrong: bool) -> list[Recording]:
    found = []
    for seed in seeds:
        assert seed.derived is not None and seed.derived.name is not None
        code = seed.derived.code
        written = mutant(code) if wrong else code
        if written is None:
            continue
        said = documentation(code, seed.derived.name)
        found.append(Recording(problem=seed.id, kind="document", text=said, model="script"))
        text = f"Here it is:\n\n{fenced(written)}"
        found.append(Recording(problem=f"{seed.id}~0", kind="solution", text=text, model="script"))
    return found


async def grown(seeds: list[Problem], wrong: bool, out: Path, workers: int) -> None:
    script = recordings(seeds, wrong)
    async with DockerSandbox(workers=workers) as sandbox:
        settings = Settings(in_flight=2 * workers, max_attempts=1)
        await grow(seeds, Replay(script), out, sandbox=sandbox, gates=gates_named(GATES), settings=settings)


def figures(path: Path) -> dict[str, Any]:
    with Corpus(path) as corpus:
        ends = Counter(one.reason for one in corpus.rejections())
        compared = sum(bool(each.compared) for each in corpus.trajectories())
        kept = [record.problem.id for record in corpus.records()]
    return {
        "run by themselves": compared,
        "kept": len(kept),
        "refused": dict(ends.most_common()),
        "records": kept,
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seeds", type=Path, required=True)
    parser.add_argument("--limit", type=int)
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--out", type=Path)
    given = parser.parse_args()
    seeds = [to_be_documented(seed) for seed in snippets.read(given.seeds)][: given.limit]
    result: dict[str, Any] = {"snippets": len(seeds)}
    with tempfile.TemporaryDirectory() as folder:
        for name, wrong in (("originals", False), ("mutants", True)):
            path = Path(folder) / f"{name}.db"
            asyncio.run(grown(seeds, wrong, path, given.workers))
            result[name] = figures(path)
    for name in ("originals", "mutants"):
        said = {key: value for key, value in result[name].items() if key != "records"}
        print(f"{name}: {json.dumps(said)}")
    print("mutants kept:", *result["mutants"]["records"], sep="\n  ")
    if given.out:
        given.out.write_text(json.dumps(result, indent=1) + "\n", "utf-8")


if __name__ == "__main__":
    main()
