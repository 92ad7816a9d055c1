"""pass@k and solve rates: against the estimator computed apart, against every subset counted, and from a real corpus file."""

import itertools
import json
import math
from collections import defaultdict
from fractions import Fraction
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from typer.testing import CliRunner

from execfeedback.admission import record_or_rejection
from execfeedback.cli import app
from execfeedback.corpus import Corpus, CorpusWriter
from execfeedback.corpus.samples import rated_records, tallies
from execfeedback.pass_at_k import Tally, grouped, pass_at_k, solve_rates, solved
from execfeedback.report import render
from execfeedback.types import Attempt, Case, GateResult, Problem, Solution, TestSuite, Trajectory, Verdict

counts = st.integers(0, 12).flatmap(lambda n: st.tuples(st.just(n), st.integers(0, n)))


def published(n: int, c: int, k: int) -> float:
    """The numerically stable form of the paper: 1 - product of (1 - k / i) over i = n-c+1 ... n."""
    return 1.0 if n - c < k else 1.0 - math.prod(1.0 - k / i for i in range(n - c + 1, n + 1))


@given(counts, st.integers(1, 12))
def test_it_is_the_share_of_subsets_with_a_right_sample(count: tuple[int, int], k: int) -> None:
    n, c = count
    if k > n:
        assert pass_at_k(n, c, k) is None
        return
    subsets = list(itertools.combinations(range(n), k))
    right = sum(any(member < c for member in subset) for subset in subsets)
    assert pass_at_k(n, c, k) == float(Fraction(right, len(subsets)))


@given(st.integers(1, 3000).flatmap(lambda n: st.tuples(st.just(n), st.integers(0, n), st.integers(1, n))))
def test_it_is_the_published_estimate(numbers: tuple[int, int, int]) -> None:
    n, c, k = numbers
    found = pass_at_k(n, c, k)
    assert found == pytest.approx(published(n, c, k), abs=1e-9)
    assert (found == 0.0) == (c == 0)
    assert pass_at_k(n, c, 1) == c / n


def test_large_counts_neither_overflow_nor_cancel() -> None:
    assert pass_at_k(100_000, 1, 1) == 1e-05
    assert pass_at_k(100_000, 1, 100) == 0.001
    assert pass_at_k(100_000, 99_999, 2) == 1.0


@pytest.mark.parametrize(("n", "c", "k"), [(3, 4, 1), (3, -1, 1), (3, 1, 0)])
def test_counts_that_cannot_be_are_refused(n: int, c: int, k: int) -> None:
    with pytest.raises(ValueError, match="cannot be right"):
        pass_at_k(n, c, k)


def test_recorded_samples(data_dir: Path) -> None:
    """Published samples of a model with their labels, several a problem and language."""
    seen: dict[tuple[str, str], list[bool]] = defaultdict(list)
    with (data_dir / "completions" / "icescore_humanevalx.jsonl").open("rb") as lines:
        for line in lines:
            row = json.loads(line)
            seen[row["language"], str(row["humaneval_task_id"])].append(bool(row["passed"]))
    found = [
        Tally(
            problem=f"{task}@{language}", model="m", language=language, samples=len(labels), right=sum(labels)
        )
        for (language, task), labels in seen.items()
    ]
    ks = (1, 2, 3, 5)
    by_language = {group.label: group for group in grouped(found, lambda tally: [tally.language], ks)}
    assert len(by_language) == 4
    assert sum(group.samples for group in by_language.values()) == sum(map(len, seen.values())) > 3000
    for language, group in by_language.items():
        labelled = [labels for (name, _), labels in seen.items() if name == language]
        for k in ks:
            wanted = [published(len(labels), sum(labels), k) for labels in labelled if len(labels) >= k]
            assert group.pass_at[k] == pytest.approx(sum(wanted) / len(wanted), abs=1e-12)


def test_models_are_pooled_by_problem_and_problems_weigh_the_same() -> None:
    found = [
        Tally(problem="a", model="m", language="python", tags=("x",), samples=1, right=1),
        Tally(problem="a", model="n", language="python", tags=("x",), samples=3, right=0),
        Tally(problem="b", model="m", language="python", tags=("x", "y"), samples=2, right=2),
    ]
    assert solve_rates(found) == {"a": 0.25, "b": 1.0}
    whole = solved("all", found, (1, 2, 4))
    assert (whole.problems, whole.samples, whole.right, whole.solve_rate) == (2, 6, 3, 0.625)
    assert whole.pass_at == {1: 0.625, 2: 0.75, 4: 1.0}
    assert [(group.label, group.samples) for group in grouped(found, lambda tally: tally.tags, (1,))] == [
        ("x", 6), ("y", 2)
    ]  # fmt: skip


# ---- in a corpus -----------------------------------------------------------------------------------------------


def trajectory(
    problem: str, sample: int, verdicts: str, stopped: str, origin: str = "synthetic"
) -> Trajectory:
    """`verdicts`: `+` passed, `-` wrong."""
    suite = TestSuite(style="asserts", tests="assert f() == 1\n")
    attempts = tuple(
        Attempt(
            solution=Solution(code=f"def f(): return {problem!r}, {sample}, {n}\n", author=f"m{sample % 2}"),
            verdict=Verdict(id="i", verdict="passed" if v == "+" else "wrong_answer", passed=v == "+"),
        )
        for n, v in enumerate(verdicts)
    )
    held_out = (Case(expected=math.nan),)  # which the JSON functions of SQLite do not read
    about = Problem(id=problem, statement="", tags=("t", problem), holdout=held_out)
    return Trajectory.model_validate(
        {"problem": about, "sample": sample, "suite": suite, "attempts": attempts, "stopped": stopped, "origin": origin}
    )  # fmt: skip


def gate(name: str, passed: bool) -> GateResult:
    return GateResult(gate=name, version="1", passed=passed, reason="" if passed else "why")


@pytest.fixture
def corpus_file(tmp_path: Path) -> Path:
    """Problem a: right, right but a duplicate, repaired, no code. b: right, refused, and what says nothing of a model."""
    work = [
        (trajectory("a", 0, "+", "passed"), [gate("held_out", True)]),
        (trajectory("a", 1, "+", "passed"), [gate("held_out", True), gate("duplicate", False)]),
        (trajectory("a", 2, "-+", "passed"), [gate("held_out", True)]),
        (trajectory("a", 3, "", "no_code"), []),
        (trajectory("b", 0, "+", "passed"), [gate("held_out", True)]),
        (trajectory("b", 1, "+", "passed"), [gate("held_out", False)]),
        (trajectory("b", 2, "-", "exhausted"), []),
        (trajectory("b", 3, "", "exhausted"), []),
        (trajectory("b", 4, "-", "bad_tests"), []),
        (trajectory("c", 0, "-+", "passed", "semi_synthetic"), [gate("held_out", True)]),
    ]
    path = tmp_path / "c.db"
    with CorpusWriter(path) as writer:
        for unit, (each, results) in enumerate(work):
            writer.put_trajectory(str(unit), each)
            writer.admit(str(unit), record_or_rejection(each, results, expected=[]))
        writer.put_trajectory("not decided yet", trajectory("a", 9, "+", "passed"))
    return path


def test_samples_of_a_corpus(corpus_file: Path) -> None:
    with Corpus(corpus_file) as corpus:
        found = {(tally.problem, tally.model): (tally.samples, tally.right) for tally in tallies(corpus)}
        assert found == {
            ("a", "m0"): (2, 1), ("a", "m1"): (1, 1), ("a", ""): (1, 0), ("b", "m0"): (2, 1), ("b", "m1"): (1, 0)
        }  # fmt: skip
        assert {tally.tags for tally in tallies(corpus)} == {("t", "a"), ("t", "b")}
        rates = [(record.problem.id, record.solve_rate) for record in rated_records(corpus)]
        assert rates == [("a", 0.5), ("a", 0.5), ("b", 1 / 3), ("c", None)]
        page = render(corpus)
    assert "pass@2" in page
    assert "41.7 %" in page


@pytest.mark.parametrize(
    ("given", "kept"), [("0.4:0.6", ["a", "a"]), (":0.4", ["b"]), ("0:1", ["a", "a", "b"]), ("0.6:", [])]
)
def test_an_export_takes_problems_by_their_solve_rate(
    corpus_file: Path, tmp_path: Path, given: str, kept: list[str]
) -> None:
    arguments = ["export", str(corpus_file), "--format", "jsonl", "--out", str(tmp_path / "out")]
    done = CliRunner().invoke(app, [*arguments, "--solve-rate", given])
    assert done.exit_code == 0, done.output
    rows = [json.loads(line) for line in (tmp_path / "out" / "jsonl.jsonl").read_text().splitlines()]
    assert [row["problem"]["id"] for row in rows] == kept
    assert all(row["solve_rate"] is not None for row in rows)


@pytest.mark.parametrize("given", ["0.1", "0.9:0.1", "a:b", "-1:2", "nan:1"])
def test_a_range_that_is_none_is_named(corpus_file: Path, tmp_path: Path, given: str) -> None:
    arguments = ["export", str(corpus_file), "--format", "jsonl", "--out", str(tmp_path / "out")]
    done = CliRunner().invoke(app, [*arguments, f"--solve-rate={given}"])
    assert done.exit_code != 0
    assert "between 0 and 1" in str(done.exception) + done.output
    assert not (tmp_path / "out").exists()
