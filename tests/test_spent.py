"""What the calls of a corpus were paid for, in `status` and in the report."""

import math
from pathlib import Path

import pytest

from execfeedback.cli.status import lines, summary
from execfeedback.corpus import Corpus, CorpusWriter
from execfeedback.corpus.spent import Spent, price, spent, whole
from execfeedback.report import render
from execfeedback.types import (
    Attempt,
    Case,
    Item,
    ModelCall,
    Problem,
    Record,
    Rejection,
    Solution,
    Trajectory,
    Verdict,
)

PASSED = Verdict(id="i", verdict="passed", passed=True)


def call(id: str, tokens: int, usd: float | None) -> ModelCall:
    made = {"kind": "solution", "messages": (), "text": "", "model": "m", "prompt": "", "seed": 0}
    return ModelCall(id=id, tokens_in=tokens, tokens_out=1, cost_usd=usd, **made)


def grown(path: Path, usd: float | None = 0.5, waste: bool = True) -> Path:
    """A record of two calls, a rejection of three of which the record shares one, and one call of an open trajectory."""
    calls = {id: call(id, 10 * n, usd) for n, id in enumerate("abcde", start=1)}
    item = Item(id="i", language="python", solution="x = 1")
    with CorpusWriter(path) as writer:
        for one in calls.values():
            writer.put(one)
        for unit, used in (("u1", "ab"), ("u2", "bcd")):
            problem = Problem(id=f"p-{unit}", statement="s", style="cases", tests=(Case(expected=math.nan),))
            made = Trajectory(problem=problem, calls=tuple(calls[id] for id in used), stopped="passed")
            id = writer.put_trajectory(unit, made)
            if unit == "u2":
                writer.admit(unit, Rejection(id="no", problem=problem.id, trajectory=id, reason="attempts"))
                continue
            attempt = Attempt(solution=Solution(code="x = 1", author="m"), verdict=PASSED)
            about = {
                "origin": "synthetic",
                "repaired": False,
                "integrity": "split",
                "environment": "sha256:1",
            }
            whole_record = {
                "id": "yes",
                "problem": problem,
                "item": item,
                "trajectory": id,
                "attempts": (attempt,),
            }
            writer.admit(unit, Record(gates=(), **whole_record, **about))
        if waste:
            lost = {"tokens_in": 7, "tokens_out": 0, "cost_usd": None}
            writer.event("waste", {"call": "e", "why": "empty", "model": "m", **lost})
    return path


def test_every_call_is_paid_for_one_thing(tmp_path: Path) -> None:
    with Corpus(grown(tmp_path / "c.db")) as corpus:
        parts = spent(corpus)
        counts = corpus.counts()
    assert [(one.purpose, one.calls, one.tokens, one.usd) for one in parts] == [
        ("records", 2, 32, 1.0),
        ("rejected", 2, 72, 1.0),
        ("undecided", 1, 51, 0.5),
        ("of no use", 1, 7, 0.0),
    ]
    assert (whole(parts).calls - 1, whole(parts).tokens, whole(parts).usd) == (
        counts.calls,
        counts.tokens,
        counts.usd,
    )


def test_status_says_what_a_record_cost_with_all_that_was_lost(tmp_path: Path) -> None:
    said = "\n".join(lines(summary(grown(tmp_path / "c.db"))))
    assert "records 32 tokens ($1.0000), rejected 72 tokens ($1.0000), undecided 51 tokens ($0.5000)" in said
    assert "of no use 7 tokens (price unknown)" in said
    assert "for a record   162 tokens, at least $2.5000, all of that counted" in said


def test_the_report_says_the_same(tmp_path: Path) -> None:
    with Corpus(grown(tmp_path / "c.db", waste=False)) as corpus:
        page = render(corpus)
    assert "What was paid for what" in page and "Where samples went" not in page
    row = '<td><b>a record</b>, all of that counted</td><td></td><td class="r">155</td><td class="r">$2.5000</td>'
    assert row in page


def test_where_nothing_was_paid_nothing_is_said(tmp_path: Path) -> None:
    with CorpusWriter(tmp_path / "c.db") as writer:
        writer.put(call("a", 0, 0.0).model_copy(update={"tokens_out": None, "tokens_in": None}))
    assert "spent" not in "\n".join(lines(summary(tmp_path / "c.db")))
    with Corpus(tmp_path / "c.db") as corpus:
        assert "What was paid for what" not in render(corpus)


@pytest.mark.parametrize(
    ("calls", "without", "said"),
    [(2, 0, "$0.5000"), (2, 1, "at least $0.5000"), (2, 2, "price unknown"), (0, 0, "$0.5000")],
)
def test_what_is_not_known_is_never_nothing(calls: int, without: int, said: str) -> None:
    part = Spent(purpose="all", calls=calls, tokens=0, usd=1.0, without_price=without)
    assert price(part, 2) == said
