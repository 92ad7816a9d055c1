"""Backtranslation in real containers: the original given back is kept, a mutant of it is not."""

import json
from pathlib import Path

import pytest

from execfeedback.corpus import Corpus
from execfeedback.generators.replay import Recording, Replay
from execfeedback.growing import grow
from execfeedback.importers import snippets
from execfeedback.originals import to_be_documented
from execfeedback.protocols import Sandbox
from execfeedback.registry import gates_named
from execfeedback.types import Derivation, Problem
from execfeedback.units import Settings

pytestmark = pytest.mark.docker
SAID = "What the function does for each input, told in words that a reader can write it again from."


def answers(seed: Problem, code: str, *more: tuple[str, str]) -> list[Recording]:
    given = [("solution", f"```{seed.language}\n{code}\n```"), *more]
    later = [Recording.model_validate({"problem": f"{seed.id}~0", "kind": k, "text": t}) for k, t in given]
    return [Recording(problem=seed.id, kind="document", text=SAID), *later]


async def ends(
    seeds: list[Problem], script: list[Recording], out: Path, sandbox: Sandbox, *gates: str
) -> dict[str, str]:
    settings = Settings(max_attempts=1)
    await grow(seeds, Replay(script), out, sandbox=sandbox, gates=gates_named(gates), settings=settings)
    with Corpus(out) as corpus:
        assert all(record.origin == "backtranslated" and record.parents for record in corpus.records())
        kept = {record.problem.id: "kept" for record in corpus.records()}
        return kept | {rejection.problem: rejection.reason for rejection in corpus.rejections()}


async def test_real_snippets_are_kept_as_they_were_and_not_changed(
    data_dir: Path, tmp_path: Path, sandbox: Sandbox
) -> None:
    seeds = [to_be_documented(seed) for seed in snippets.read(data_dir / "seeds" / "python_functions.jsonl")]
    chosen = seeds[:12]
    right, wrong, script = set(), set(), []
    for number, seed in enumerate(chosen):
        assert seed.derived is not None
        changed = seed.derived.code.replace("return ", "return None and ")
        script += answers(seed, changed if number % 2 else seed.derived.code)
        (wrong if number % 2 else right).add(f"{seed.id}~0")
    found = await ends(chosen, script, tmp_path / "c.db", sandbox, "faithful")
    kept = {id for id, end in found.items() if end == "kept"}
    assert not kept & wrong
    assert len(kept & right) >= 4, found
    assert {found[id] for id in wrong} <= {"attempts", "exhausted", "faithful:differs"}


async def test_another_language_is_compared_on_the_tests_calls_and_else_judged(
    tmp_path: Path, sandbox: Sandbox
) -> None:
    double = "function twice(n) {\n  return 2 * n;\n}"
    approved = ("judge", json.dumps({"correct": 1, "style": 1}))
    tests = ("tests", json.dumps([{"args": [n], "expected": 2 * n} for n in (0, 3, -4)]))

    def seed(id: str, code: str) -> Problem:
        made = Derivation(how="inspired", language="javascript", code=code, name="twice")
        return to_be_documented(
            Problem(id=id, statement="", language="javascript", style="cases", derived=made)
        )

    same, other = seed("same", double), seed("other", double.replace("2 * n", "2 * n + 1"))
    broken = seed("broken", "const helper = require('./missing');\n" + double.replace("2 * n", "helper(n)"))
    script = [line for each in (same, other, broken) for line in answers(each, double, tests, approved)]
    found = await ends([same, other, broken], script, tmp_path / "judged.db", sandbox, "faithful", "judge")
    assert found == {"same~0": "kept", "other~0": "faithful:differs", "broken~0": "kept"}
    alone = await ends([broken], script, tmp_path / "alone.db", sandbox, "faithful")
    assert alone == {"broken~0": "faithful:not_judged"}
