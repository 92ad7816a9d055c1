"""Exports: golden rows, the turns to train on, what is left out, and folders that are whole or untouched."""

import hashlib
import json
import math
from pathlib import Path
from typing import Any

import pytest

from execfeedback import types
from execfeedback.errors import InputError
from execfeedback.exporters import dpo, huggingface, jsonl, kto, openai, parquet, rl, sft, verl
from execfeedback.exporters.files import export
from execfeedback.types import (
    Attempt,
    Case,
    Failure,
    GateResult,
    Item,
    Origin,
    Problem,
    Record,
    Solution,
    Source,
    Verdict,
)

GOLDEN = Path(__file__).parent / "golden"


def repaired(
    origin: Origin = "synthetic", feedback: str = "`assert add(1, 2) == 3` failed: -1 == 3"
) -> Record:
    problem = Problem(
        id="demo/add",
        statement="Add two numbers.",
        entry_point="add",
        tests="assert add(1, 2) == 3\n",
        source=Source(name="demo", licence="CC0-1.0"),
        tags=("arithmetic",),
        difficulty="easy",
    )
    failure = Failure(test="assert add(1, 2) == 3", message="-1 == 3")
    counts = types.TestCounts(expected=1, failed=1)
    wrong = Verdict(id="demo/add", verdict="wrong_answer", passed=False, tests=counts, failure=failure)
    right = Verdict(
        id="demo/add", verdict="passed", passed=True, tests=types.TestCounts(expected=1, passed=1)
    )
    attempts = (
        Attempt(
            solution=Solution(code="def add(a, b):\n    return a - b\n", author="m"),
            verdict=wrong,
            feedback=feedback,
        ),
        Attempt(solution=Solution(code="def add(a, b):\n    return a + b\n", author="m"), verdict=right),
    )
    item = Item(
        id="demo/add",
        language="python",
        solution=attempts[-1].solution.code,
        tests="assert add(1, 2) == 3\n",
        entry_point="add",
    )
    return Record(
        id="0" * 64,
        problem=problem,
        item=item,
        origin=origin,
        attempts=attempts,
        repaired=True,
        gates=(GateResult(gate="stable", version="1", passed=True),),
        integrity="split",
        models=("m",),
        environment="sha256:" + "e" * 64,
        trajectory="1" * 64,
    )


ONE = [module.create() for module in (jsonl, sft, rl, verl, openai, parquet, huggingface)]
SEVERAL = [module.create() for module in (dpo, kto)]


@pytest.mark.parametrize("exporter", ONE, ids=lambda one: one.name)
def test_a_row_is_the_golden_one(exporter: Any) -> None:
    golden = json.loads((GOLDEN / f"export_{exporter.name}.json").read_text("utf-8"))
    row = exporter.row(repaired())
    if exporter.name in ("parquet", "huggingface"):
        assert Record.model_validate(json.loads(row.pop("record"))) == repaired()
    assert row == golden


@pytest.mark.parametrize("exporter", SEVERAL, ids=lambda one: one.name)
def test_the_rows_are_the_golden_ones(exporter: Any) -> None:
    golden = json.loads((GOLDEN / f"export_{exporter.name}.json").read_text("utf-8"))
    assert list(exporter.rows(repaired())) == golden


def test_a_jsonl_row_is_a_record_again() -> None:
    row = jsonl.create().row(repaired())
    assert Record.model_validate(json.loads(json.dumps(row))) == repaired()


@pytest.mark.parametrize("written", [
    lambda record: json.dumps(jsonl.create().row(record)["item"]["tests"]),
    lambda record: json.dumps(json.loads(rl.create().row(record)["verify"])["tests"]),
    lambda record: json.dumps(json.loads(verl.create().row(record)["reward_model"]["ground_truth"])["tests"]),
    lambda record: parquet.create().row(record)["tests"],
    lambda record: json.dumps(json.loads(parquet.create().row(record)["record"])["item"]["tests"]),
])  # fmt: skip
def test_a_record_asks_for_the_numbers_that_were_proven(written: Any) -> None:
    cases = tuple(Case(args=(one,), expected=[one]) for one in (math.inf, -math.inf, math.nan))
    item = repaired().item.model_copy(update={"style": "cases", "tests": cases})
    again = json.loads(written(repaired().model_copy(update={"item": item})))
    assert (
        str([(one["args"], one["expected"]) for one in again])
        == "[([inf], [inf]), ([-inf], [-inf]), ([nan], [nan])]"
    )


def test_only_the_verified_turn_is_trained_on() -> None:
    row = sft.create().row(repaired())
    assert row is not None
    assert [turn["role"] for turn in row["messages"]] == ["user", "assistant", "user", "assistant"]
    assert [(turn["train"], turn["weight"]) for turn in row["messages"][1::2]] == [(False, 0), (True, 1)]
    assert "a + b" in row["messages"][-1]["content"]
    assert "-1 == 3" in row["messages"][2]["content"]
    assert json.loads(row["meta"])["origin"] == "synthetic"


def test_a_dialog_never_shows_tests_reference_or_held_out_cases() -> None:
    record = repaired()
    problem = record.problem.model_copy(update={"reference": "SECRET_REFERENCE", "tests": "SECRET_TESTS"})
    text = json.dumps(sft.create().row(record.model_copy(update={"problem": problem})))
    assert "SECRET" not in text


def test_without_feedback_the_verdict_is_told() -> None:
    row = sft.create().row(repaired(feedback=" "))
    assert row is not None
    assert row["messages"][2]["content"] == "That solution does not pass (wrong_answer): -1 == 3"


def test_semi_synthetic_records_are_left_out_of_sft_unless_asked_for() -> None:
    assert sft.create().row(repaired("semi_synthetic")) is None
    assert sft.create(include_semi_synthetic=True).row(repaired("semi_synthetic")) is not None
    assert jsonl.create().row(repaired("semi_synthetic")) is not None


@pytest.mark.parametrize("module", [sft, dpo, kto, rl, verl, openai], ids=lambda one: one.__name__)
def test_semi_synthetic_records_are_for_those_who_ask(module: Any, tmp_path: Path) -> None:
    given = [repaired("semi_synthetic")]
    left = export(given, module.create(), tmp_path / "left", "1")
    assert (left["records"], left["rows"], left["left_out"]) == (1, 0, {"semi_synthetic": 1})
    assert export(given, module.create(include_semi_synthetic=True), tmp_path / "taken", "1")["rows"] > 0


def with_attempts(*verdicts: tuple[str, bool | None]) -> Record:
    """A record whose attempts ended so; the last is the one that passed."""
    first = repaired()
    attempts = tuple(
        Attempt(
            solution=Solution(code=f"def add(a, b):\n    return {n}\n", author="m"),
            verdict=Verdict.model_validate({"id": "x", "verdict": name, "passed": passed}),
        )
        for n, (name, passed) in enumerate(verdicts)
    )
    return first.model_copy(update={"attempts": (*attempts, first.attempts[-1])})


def test_a_pair_is_a_pass_against_each_fail_of_the_solution() -> None:
    ends = [("time_limit", False), ("bad_tests", None), ("wrong_answer", False), ("unverifiable", None)]
    pairs = list(dpo.create().rows(with_attempts(*ends)))
    assert [pair["failure"] for pair in pairs] == ["time_limit", "wrong_answer"]
    assert ["return 0" in pair["rejected"][0]["content"] for pair in pairs] == [True, False]
    assert {pair["chosen"][0]["content"] for pair in pairs} == {
        "```python\ndef add(a, b):\n    return a + b\n```"
    }
    assert list(dpo.create().rows(with_attempts())) == []
    labels = [(row["label"], row["failure"]) for row in kto.create().rows(with_attempts(*ends))]
    assert labels == [(False, "time_limit"), (False, "wrong_answer"), (True, None)]


def test_what_is_to_be_verified_is_a_verify_item_without_its_solution() -> None:
    record = repaired()
    item = record.item.model_copy(update={"holdout": (types.Case(args=(2, 2), expected=4),)})
    row = rl.create().row(record.model_copy(update={"item": item}))
    assert row is not None
    verify = json.loads(row["verify"])
    assert "solution" not in verify and "id" not in verify
    assert Item.model_validate({**verify, "id": item.id, "solution": item.solution}) == item
    assert "return a" not in json.dumps(row)


def test_records_of_one_problem_give_one_row_to_train_rl_on(tmp_path: Path) -> None:
    other = repaired().model_copy(update={"id": "2" * 64, "trajectory": "3" * 64})
    manifest = export([repaired(), other], rl.create(), tmp_path, "1")
    assert (manifest["records"], manifest["rows"], manifest["repeated_rows"]) == (2, 1, 1)


def test_a_manifest_says_where_everything_came_from(tmp_path: Path) -> None:
    manifest = export([repaired(), repaired("human")], jsonl.create(), tmp_path, "1")
    sources = [{"name": "demo", "licence": "CC0-1.0", "url": None, "records": 2}]
    assert manifest["sources"] == sources and manifest["origins"] == {"human": 1, "synthetic": 1}
    assert (manifest["languages"], manifest["models"], manifest["gates"]) == (
        {"python": 2},
        {"m": 2},
        {"stable": 2},
    )
    assert (manifest["repaired"], manifest["environments"]) == (2, ["sha256:" + "e" * 64])


def test_a_fence_in_the_code_does_not_end_the_block() -> None:
    record = repaired()
    code = 'def f():\n    """\n    ```\n    ````\n    """\n'
    last = record.attempts[-1].model_copy(update={"solution": Solution(code=code, author="m")})
    row = sft.create().row(record.model_copy(update={"attempts": (last,)}))
    assert row is not None
    assert row["messages"][-1]["content"] == f"`````python\n{code}`````"


def test_an_export_is_counted_and_hashed(tmp_path: Path) -> None:
    records = [repaired(), repaired("semi_synthetic")]
    manifest = export(records, sft.create(), tmp_path / "out", "9.9")
    data = (tmp_path / "out" / "sft.jsonl").read_bytes()
    assert manifest == json.loads((tmp_path / "out" / "manifest.json").read_text("utf-8"))
    assert (manifest["records"], manifest["rows"], manifest["left_out"]) == (2, 1, {"semi_synthetic": 1})
    sha = hashlib.sha256(data).hexdigest()
    assert manifest["files"] == [{"name": "sft.jsonl", "rows": 1, "bytes": len(data), "sha256": sha}]
    assert len(data.splitlines()) == 1
    assert export(records, sft.create(), tmp_path / "out", "9.9") == manifest


def test_an_export_that_fails_leaves_the_old_one(tmp_path: Path) -> None:
    export([repaired()], jsonl.create(), tmp_path, "1")
    before = {path.name: path.read_bytes() for path in tmp_path.iterdir()}

    def broken() -> Any:
        yield repaired()
        raise InputError("cut off")

    with pytest.raises(InputError, match="cut off"):
        export(broken(), jsonl.create(), tmp_path, "1")
    assert {path.name: path.read_bytes() for path in tmp_path.iterdir()} == before


def test_formats_are_not_mixed_in_a_folder(tmp_path: Path) -> None:
    export([repaired()], jsonl.create(), tmp_path, "1")
    with pytest.raises(InputError, match="holds an export in the format 'jsonl' already"):
        export([repaired()], sft.create(), tmp_path, "1")
    (tmp_path / "file").write_text("x")
    with pytest.raises(InputError, match="is a file"):
        export([repaired()], sft.create(), tmp_path / "file", "1")


def thought_over() -> Record:
    return repaired().model_copy(update={"reasoning": ("first", None)})


def assistants(row: dict[str, Any] | None) -> list[dict[str, Any]]:
    assert row is not None
    return [turn for turn in row["messages"] if turn["role"] == "assistant"]


def test_sft_leaves_reasoning_out_unless_asked() -> None:
    assert sft.create().row(thought_over()) == sft.create().row(repaired())
    assert sft.create(reasoning="strip").row(thought_over()) == sft.create().row(repaired())


def test_sft_puts_reasoning_before_the_answer_or_beside_it() -> None:
    plain = assistants(sft.create().row(repaired()))
    first, last = assistants(sft.create(reasoning="keep").row(thought_over()))
    assert first["content"] == "<think>\nfirst\n</think>\n\n" + plain[0]["content"]
    assert last == plain[1]
    first, last = assistants(sft.create(reasoning="field").row(thought_over()))
    assert (first["reasoning_content"], first["content"]) == ("first", plain[0]["content"])
    assert "reasoning_content" not in last


def test_whole_records_keep_it_unless_told_otherwise() -> None:
    row, stripped = jsonl.create().row(thought_over()), jsonl.create(reasoning="strip").row(thought_over())
    assert row is not None
    assert row["reasoning"] == ["first", None]
    assert stripped == jsonl.create().row(repaired())


def test_a_choice_that_there_is_not_is_named() -> None:
    with pytest.raises(InputError, match="--reasoning hide: there are keep, strip, field"):
        sft.create(reasoning="hide")
