"""`execfeedback.grow`: a corpus from inside a program."""

from pathlib import Path
from typing import Any

import pytest

import execfeedback as ef
from execfeedback.generators.replay import Replay
from execfeedback.library import as_generator, as_problems

ADD = {
    "id": "add",
    "statement": "Add two numbers.",
    "entry_point": "add",
    "style": "asserts",
    "tests": "assert add(1, 2) == 3\nassert add(5, -9) == -4\nassert add(0, 0) == 0\n",
}


async def model(messages: list[dict[str, str]], n: int, **sampling: Any) -> list[str]:
    """Wrong at first, right once it is told of a failure."""
    sign = "+" if any("add(1, 2)" in message["content"] for message in messages) else "-"
    return [f"```python\ndef add(a, b):\n    return a {sign} b\n```"] * n


def test_problems_come_as_values_rows_or_files(tmp_path: Path) -> None:
    (given,) = as_problems([ADD])
    assert given == ef.Problem.model_validate(ADD)
    assert list(as_problems([given])) == [given]
    with pytest.raises(ef.InputError, match=r"problem 2: field 'statement'"):
        list(as_problems([ADD, {"id": "x"}]))
    with pytest.raises(ef.InputError, match="no such file"):
        list(as_problems(tmp_path / "none.jsonl"))
    with pytest.raises(ef.InputError, match="problem 2 is a int; give a mapping"):
        list(as_problems([ADD, 5]))  # type: ignore[list-item]
    with pytest.raises(ef.InputError, match="problems are a dict; give a list"):
        list(as_problems(ADD))  # type: ignore[arg-type]


def test_generators_come_as_names_functions_or_values() -> None:
    replay = Replay([])
    assert as_generator(replay, {}) is replay
    assert getattr(as_generator(model, {"temperature": 0.5}), "name", None) == "model"
    with pytest.raises(ef.InputError, match="there is no generator 'nope'"):
        as_generator("nope", {})


def test_the_functions_stay_functions() -> None:
    """A submodule must not take the place of a public function."""
    __import__("execfeedback.growing")
    assert callable(ef.grow)
    assert callable(ef.verify)


@pytest.mark.docker
def test_a_program_grows_a_corpus_with_its_own_model(tmp_path: Path) -> None:
    events: list[dict[str, Any]] = []
    out = tmp_path / "c.db"
    gates = ["static", "stable", "duplicate"]
    with ef.grow([ADD], generator=model, out=out, gates=gates, on_event=events.append) as corpus:
        (record,) = corpus.records()
    assert (record.repaired, record.origin, record.cost) == (True, "synthetic", None)
    assert [attempt.verdict.verdict for attempt in record.attempts] == ["wrong_answer", "passed"]
    assert record.environment
    assert [event["event"] for event in events if event["event"] in ("call", "record")] == [
        "call",
        "call",
        "record",
    ]
    with ef.grow([ADD], generator=model, out=out, gates=gates) as corpus:
        assert corpus.counts().calls == 2


PATCHED = """
from unittest.mock import patch

from solution import add


def test_add():
    with patch("time.sleep") as sleep:
        assert add(1, 2) == 3
        assert add(5, -9) == -4
    sleep.assert_not_called()
"""


@pytest.mark.docker
@pytest.mark.parametrize("integrity", ["split", "shared"])
def test_a_problem_says_whether_its_tests_may_share_a_process(integrity: str, tmp_path: Path) -> None:
    problem = {**ADD, "style": "pytest", "tests": PATCHED, "integrity": integrity}
    with ef.grow([problem], generator=model, out=tmp_path / "c.db", gates=["static", "stable"]) as corpus:
        records = list(corpus.records())
        assert [record.integrity for record in records] == [integrity] * (integrity == "shared")
        assert all(record.problem.integrity == record.item.integrity == "shared" for record in records)
        assert corpus.counts().rejections == {"split": 1, "shared": 0}[integrity]
