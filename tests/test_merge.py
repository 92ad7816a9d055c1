"""`merge`: a union, whatever the order; nothing of any corpus is lost, and nothing is written when it cannot be."""

import itertools
import json
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest
from forked import console
from hypothesis import given, settings
from hypothesis import strategies as st

from execfeedback import ids
from execfeedback.corpus import Corpus, CorpusWriter
from execfeedback.corpus.merging import KEYS, LOGS, merge
from execfeedback.corpus.samples import tallies
from execfeedback.errors import InputError
from execfeedback.types import (
    Attempt,
    GateResult,
    Item,
    Message,
    ModelCall,
    Problem,
    Record,
    Rejection,
    Solution,
    Trajectory,
    Verdict,
)

Unit = tuple[str, int, str, int]
"""Name of the unit, which of its trajectories, how it ended, how much a measurement is off."""


def call(n: int, cost: float) -> ModelCall:
    messages = (Message(role="user", content=str(n)),)
    return ModelCall(
        id=ids.digest(n),
        kind="solution",
        messages=messages,
        text="t",
        model="m",
        prompt="p",
        seed=1,
        cost_usd=cost,
    )


def trajectory(unit: str, n: int) -> Trajectory:
    verdict = Verdict(id="i", verdict="passed", passed=True, cpu_s=n, environment="sha256:aa")
    attempt = Attempt(solution=Solution(code=f"x = {n}\n", author="m"), verdict=verdict)
    return Trajectory(
        problem=Problem(id=unit, statement="s", tags=("t",)), sample=n, attempts=(attempt,), stopped="passed"
    )


def outcome(of: Trajectory, end: str, noise: int) -> Record | Rejection:
    gates = (GateResult(gate="static", version="1", passed=end == "record", evidence={"took": noise}),)
    id, name = ids.digest([of.problem.id, of.sample, end]), ids.digest(of)
    if end == "rejection":
        return Rejection(id=id, problem=of.problem.id, trajectory=name, reason="r", gates=gates)
    return Record(
        id=id, problem=of.problem, item=Item(id="i", language="python", solution="x"), origin="synthetic", attempts=of.attempts,
        repaired=False, gates=gates, integrity="split", environment="sha256:aa", trajectory=name,
    )  # fmt: skip


def corpus(path: Path, units: Sequence[Unit], cost: float = 0.5) -> Path:
    """A corpus in which these units came so far: `made`, `examined`, `record` or `rejection`."""
    with CorpusWriter(path) as writer:
        writer.start_run({"units": len(units), "cost": cost})
        for unit, n, end, noise in units:
            made = trajectory(unit, n)
            writer.put(call(n, cost))
            id = writer.put_trajectory(unit, made)
            if end != "made":
                writer.put_examination(unit, id, (), {"noise": noise})
            if end in ("record", "rejection"):
                writer.admit(unit, outcome(made, end, noise), keys={"g": [noise]})
    return path


def content(path: Path) -> dict[str, set[Any]]:
    """Every row of a corpus without its number."""
    found = {}
    with Corpus(path) as opened:
        for table in (*KEYS, *LOGS, "units", "examinations", "admissions"):
            names = [row[1] for row in opened.select(f"PRAGMA table_info({table})")]
            kept = ", ".join(name for name in names if name not in ("seq", "run"))
            found[table] = set(opened.select(f"SELECT {kept} FROM {table}"))
    return found


ENDS = st.sampled_from(["made", "examined", "record", "rejection"])
UNITS = st.lists(
    st.tuples(st.sampled_from("uvw"), st.integers(0, 2), ENDS, st.integers(0, 2)),
    unique_by=lambda unit: unit[0],
    max_size=3,
)
CORPORA = st.lists(st.tuples(UNITS, st.sampled_from([0.25, 0.5])), min_size=3, max_size=3)


@settings(max_examples=10, deadline=None)
@given(CORPORA)
def test_the_order_and_the_grouping_do_not_matter(given_ones: list[tuple[list[Unit], float]]) -> None:
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        numbers = itertools.count()

        def together(*paths: Path) -> Path:
            out = folder / f"{next(numbers)}.db"
            merge(paths, out)
            return out

        a, b, c = (corpus(folder / f"{n}-given.db", *one) for n, one in enumerate(given_ones))
        whole = content(together(a, b, c))
        assert content(together(c, b, a)) == whole
        assert content(together(together(a, b), c)) == content(together(a, together(b, c))) == whole
        assert content(together(a, a)) == content(a)
        assert not list(folder.glob(".*"))
        for table in ("trajectories", "records", "rejections", "calls"):
            names = set.union(*({row[0] for row in content(path)[table]} for path in (a, b, c)))
            assert {row[0] for row in whole[table]} == names
        assert len(whole["admissions"]) >= len(whole["records"]) + len(whole["rejections"])


def test_two_outcomes_of_one_unit_are_both_kept(tmp_path: Path) -> None:
    first = corpus(tmp_path / "a.db", [("u", 0, "record", 0)])
    second = corpus(tmp_path / "b.db", [("u", 1, "rejection", 0), ("v", 0, "made", 0)])
    merge([first, second], tmp_path / "c.db")
    with Corpus(tmp_path / "c.db") as opened:
        counts = opened.counts()
    assert (counts.records, counts.rejections, counts.admitted, counts.trajectories) == (1, 1, 2, 3)


def test_a_trajectory_that_both_ran_is_counted_once_whatever_was_measured(tmp_path: Path) -> None:
    paths = [tmp_path / "a.db", tmp_path / "b.db"]
    for cpu_s, path in enumerate(paths):
        made = trajectory("u", 0)
        verdict = made.attempts[0].verdict.model_copy(update={"cpu_s": cpu_s / 8})
        made = made.model_copy(
            update={"attempts": (made.attempts[0].model_copy(update={"verdict": verdict}),)}
        )
        with CorpusWriter(path) as writer:
            writer.put_trajectory("u", made)
            writer.admit("u", outcome(made, "record", 0), keys={})
    for number, order in enumerate((paths, paths[::-1])):
        merge(order, tmp_path / f"{number}.db")
        with Corpus(tmp_path / f"{number}.db") as opened:
            counts, (tally,) = opened.counts(), tallies(opened)
        assert (counts.trajectories, counts.verified_at_once, counts.attempts, counts.records) == (1, 1, 1, 1)
        assert (tally.samples, tally.right) == (1, 1)


def test_growing_goes_on_from_a_union(tmp_path: Path) -> None:
    """What is admitted anywhere is settled; a unit that got less far elsewhere does not undo it."""
    ahead = corpus(tmp_path / "a.db", [("u", 1, "record", 0)])
    behind = corpus(tmp_path / "b.db", [("u", 0, "made", 0), ("v", 0, "examined", 0)])
    for number, order in enumerate(([ahead, behind], [behind, ahead])):
        merge(order, tmp_path / f"{number}.db")
        with CorpusWriter(tmp_path / f"{number}.db") as writer:
            assert writer.unit("u").admitted and writer.unit("u").trajectory == ids.digest(trajectory("u", 1))
            assert writer.unit("v").examination == {"noise": 0} and not writer.unit("v").admitted
            assert list(writer.admitted_keys()) == [{"g": [0]}]
            assert writer.get(call(1, 0.5).id) == call(1, 0.5)


def test_records_keep_their_order(tmp_path: Path) -> None:
    units: list[Unit] = [(f"p{n}", 0, "record", 0) for n in (3, 1, 2)]
    a, b = corpus(tmp_path / "a.db", units), corpus(tmp_path / "b.db", [("p0", 0, "record", 0), *units[:1]])
    merge([a, b], tmp_path / "c.db")
    with Corpus(tmp_path / "c.db") as opened:
        assert [record.problem.id for record in opened.records()] == ["p3", "p1", "p2", "p0"]


def test_what_cannot_be_merged_leaves_nothing(tmp_path: Path) -> None:
    a = corpus(tmp_path / "a.db", [("u", 0, "record", 0)])
    (tmp_path / "text").write_text("no corpus, surely")
    for sources, out, said in (
        ([a, tmp_path / "none.db"], "c.db", "no such corpus"),
        ([a, tmp_path / "text"], "c.db", "is not a corpus"),
        ([a], "a.db", "is there already"),
        ([a], "no/c.db", "does not exist"),
    ):
        with pytest.raises(InputError, match=said):
            merge(sources, tmp_path / out)
    assert sorted(path.name for path in tmp_path.glob("[!a]*")) == ["text"] and not list(tmp_path.glob(".*"))


def test_the_command(tmp_path: Path) -> None:
    a, b = (corpus(tmp_path / f"{unit}.db", [(unit, 0, "record", 0)]) for unit in "uv")
    command = ("merge", a, b, "--out", tmp_path / "c.db", "--json")
    done = console(*command)
    assert done.returncode == 0 and json.loads(done.stdout)["counts"]["records"] == 2
    again = console(*command)
    assert again.returncode == 2 and "is there already" in again.stderr
