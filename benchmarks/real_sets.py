"""Real solutions and tests that nobody here wrote, judged split: what is refused, what is failed wrongly.

    python benchmarks/real_sets.py --data DIR [--sets humaneval,ldb] [--limit N] [--workers 2] [--json out.json]

DIR holds `humaneval/`, `mbpp/`, `exercism/`, `completions/` as their publishers made them (one JSON object a line). Where a
verdict is not `passed`, the same solution and tests run once more as people run them by hand, in one process (in
the sandbox all the same); what passes there and not here is listed: either we are wrong, or that program fools its tests.
"""

import argparse
import ast
import asyncio
import collections
import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, NamedTuple

from recordings import groups, tasks

from execfeedback.importers import humaneval, mbpp
from execfeedback.items import item_for, suite_of
from execfeedback.sandbox.docker import DockerSandbox
from execfeedback.types import Contract, Item, LimitsGiven, Problem, Verdict
from execfeedback.verdicts import verdict_of

DONE = "every test ran"
LIMITS = LimitsGiven(cpu_s=10, wall_s=30)
Row = dict[str, Any]


class Claim(NamedTuple):
    """An item, and what its source says of it (None: nothing)."""

    item: Item
    label: bool | None


def rows(path: Path) -> Iterator[Row]:
    with path.open(encoding="utf-8") as file:
        yield from (json.loads(line) for line in file)


def claim(problem: Problem, code: str, id: str, label: bool | None) -> Claim:
    suite = suite_of(problem)
    assert suite is not None
    return Claim(item_for(problem, code, suite, id=id).model_copy(update={"limits": LIMITS}), label)


def canonical(read: Callable[[Path], Any], path: str) -> Callable[[Path], Iterator[Claim]]:
    def claims(data: Path) -> Iterator[Claim]:
        for problem in read(data / path):
            yield claim(problem, problem.reference, problem.id, True)

    return claims


DECIDING = {
    f"__{side}{op}__"
    for op in ("eq", "lt", "le", "add", "sub", "mul", "truediv", "pow")
    for side in ("", "r")
}


def classes_with_operators(code: str) -> tuple[str, ...]:
    """What an importer may derive from a reference: the classes whose own operators are part of the answer."""
    found = [n for n in ast.walk(ast.parse(code)) if isinstance(n, ast.ClassDef)]
    return tuple(c.name for c in found if any(getattr(n, "name", "") in DECIDING for n in c.body))


def exercism(data: Path) -> Iterator[Claim]:
    for row in rows(data / "exercism/python.jsonl"):
        name = next(iter(row["stub_files"]))
        tests = next(iter(row["test_files"].values()))
        code = next(iter(row["example_files"].values()))
        item = Item(
            id=row["id"],
            language="python",
            style="unittest",
            solution={name: code},
            contract=Contract(classes=classes_with_operators(code)),
            tests=tests,
            limits=LIMITS,
            files=dict(row["support_files"].items()),
        )
        yield Claim(item, True)


def recorded(path: str) -> Callable[[Path], Iterator[Claim]]:
    """Every attempt of a file of model outputs. What its publisher says is said of the last."""

    def claims(data: Path) -> Iterator[Claim]:
        known = tasks(data / "humaneval/humaneval.jsonl", None)
        for group in groups(data / path, known):
            for one in group.tries:
                for n, code in enumerate(filter(None, one.codes)):
                    label = one.label if n == len(one.codes) - 1 else None
                    yield claim(known.problems[group.task], code, f"{one.id}:{n}", label)

    return claims


SETS: dict[str, Callable[[Path], Iterator[Claim]]] = {
    "humaneval": canonical(humaneval.read, "humaneval/humaneval.jsonl"),
    "mbpp": canonical(mbpp.read, "mbpp/mbpp_full.jsonl"),
    "exercism": exercism,
    "codet": recorded("completions/codet_codegen16b.jsonl"),
    "agentcoder": recorded("completions/agentcoder_humaneval_llmtests.jsonl"),
    "codejudge": recorded("completions/codejudge_humanevalx.jsonl"),
    "icescore": recorded("completions/icescore_humanevalx.jsonl"),
    "ldb": recorded("completions/ldb_trajectories_humaneval.jsonl"),
    "sandboxfusion": recorded("completions/sandboxfusion_gpt_python.jsonl"),
}


def by_hand(item: Item) -> Item:
    """The same in one process, as a program that says at its end that it came there."""
    call = f"\ncheck({item.entry_point})\n" if item.style == "humaneval" else ""
    text = item.solution if isinstance(item.solution, str) else next(iter(item.solution.values()))
    body = f"{text}\n\n{item.tests}\n{call}"
    if item.style == "unittest":
        body = f"import unittest\n{item.tests}\n"
        call = "assert unittest.main(exit=False).result.wasSuccessful()"
        body += f"\nif __name__ == '__main__':\n    {call}\n"
    program = f"{body}\nprint({DONE!r})\n"
    files = {"main.py": program, **({} if isinstance(item.solution, str) else dict(item.solution))}
    return Item(
        id=item.id,
        language="python",
        style="stdio",
        solution={"solution.py": program, **files},
        tests=({"stdin": "", "stdout": DONE},),
        limits=item.limits,
    )


class Seen(NamedTuple):
    claim: Claim
    verdict: Verdict
    by_hand: bool | None


async def judged(claims: list[Claim], sandbox: DockerSandbox, workers: int) -> list[Seen]:
    left, seen = list(reversed(claims)), []

    async def worker() -> None:
        while left:
            one = left.pop()
            found = await verdict_of(one.item, sandbox)
            alone = None
            if found.verdict != "passed":
                alone = (await verdict_of(by_hand(one.item), sandbox)).stdout.rstrip().endswith(DONE)
            seen.append(Seen(one, found, alone))

    await asyncio.gather(*(worker() for _ in range(workers)))
    return sorted(seen, key=lambda s: s.claim.item.id)


def summary(seen: list[Seen]) -> dict[str, Any]:
    refused = [s for s in seen if s.verdict.verdict in ("unverifiable", "bad_tests")]
    failed = [s for s in seen if s.verdict.passed is False]
    labelled = [s for s in seen if s.claim.label is not None]
    return {
        "items": len(seen),
        "passed": sum(s.verdict.passed is True for s in seen),
        "failed": len(failed),
        "refused": len(refused),
        "refused_by_reason": collections.Counter(",".join(s.verdict.reasons) for s in refused),
        "failed_but_pass_by_hand": sum(s.by_hand is True for s in failed),
        "labelled": len(labelled),
        "labels_agree": sum(s.claim.label is (s.verdict.passed is True) for s in labelled),
    }


def listed(s: Seen) -> dict[str, Any]:
    failure = s.verdict.failure
    return {
        "id": s.claim.item.id,
        "verdict": s.verdict.verdict,
        "reasons": s.verdict.reasons,
        "by_hand": s.by_hand,
        "label": s.claim.label,
        "message": failure.message[:500] if failure else "",
        "test": failure.test[:300] if failure else "",
    }


def worth_a_look(s: Seen) -> bool:
    disagrees = s.claim.label is not None and s.claim.label is not (s.verdict.passed is True)
    return s.by_hand is True or s.verdict.passed is None or disagrees


def distinct(claims: Iterator[Claim]) -> list[Claim]:
    """Completions repeat: the same solution of the same tests once."""
    found = {(str(c.item.solution), str(c.item.tests)): c for c in claims}
    return list(found.values())


async def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--sets", default=",".join(SETS))
    parser.add_argument("--limit", type=int)
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--json", type=Path)
    given = parser.parse_args()
    report: dict[str, Any] = {}
    async with DockerSandbox(workers=given.workers) as sandbox:
        for name in given.sets.split(","):
            seen = await judged(distinct(SETS[name](given.data))[: given.limit], sandbox, given.workers)
            report[name] = {**summary(seen), "look": [listed(s) for s in seen if worth_a_look(s)]}
            print(name, json.dumps(summary(seen)), flush=True)
    if given.json:
        given.json.write_text(json.dumps(report, indent=1))


if __name__ == "__main__":
    asyncio.run(main())
