"""Where further samples go, and that a run which sends them there ends alike however it was cut off."""

import asyncio
import subprocess
import sys
import tempfile
from collections import Counter
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import ValidationError
from test_growing import PROBLEMS, TWO, Among, Killed, Picky, Silent, Writer, cut_after, ends, growing

from execfeedback.corpus import Corpus
from execfeedback.corpus.samples import outcomes
from execfeedback.next_samples import Tried, groups_of, next_samples
from execfeedback.report import render
from execfeedback.report.samples import shared
from execfeedback.types import Problem
from execfeedback.units import Settings

FOUR = TWO.model_copy(update={"samples": 4, "steer": True})

# ---- the rule ----------------------------------------------------------------------------------------------------

GROUPS = st.lists(st.sampled_from(["topic a", "topic b", "difficulty hard"]), unique=True, max_size=2).map(
    lambda some: ("language python", *some)
)


@st.composite
def tried(draw: Any) -> Tried:
    samples = draw(st.integers(0, 12))
    solved = draw(st.integers(0, samples))
    return Tried(groups=draw(GROUPS), samples=samples, solved=solved, records=draw(st.integers(0, samples)))


@given(st.lists(tried(), max_size=12), st.integers(0, 40))
def test_as_many_are_given_as_there_are_and_always_alike(found: list[Tried], number: int) -> None:
    more = next_samples(found, number)
    assert sum(more) == (number if found else 0) and min(more, default=0) >= 0
    assert more == next_samples(found, number)


@given(st.lists(tried(), min_size=1, max_size=8), st.integers(0, 20), st.integers(0, 20))
def test_more_samples_take_none_away(found: list[Tried], few: int, further: int) -> None:
    """A larger budget goes on where the smaller one ended."""
    assert all(
        a <= b for a, b in zip(next_samples(found, few), next_samples(found, few + further), strict=True)
    )


@given(st.lists(tried(), min_size=1, max_size=8), st.integers(1, 40), st.data())
def test_a_harder_problem_gets_no_fewer(found: list[Tried], number: int, data: st.DataObject) -> None:
    easier = data.draw(st.sampled_from(found).filter(lambda one: one.solved > 0) | st.just(found[0]))
    harder = easier.model_copy(update={"solved": 0})
    more = next_samples([harder, easier, *found], number)
    assert more[0] >= more[1]


@given(st.integers(1, 40), st.integers(1, 9))
def test_where_there_are_fewer_records_there_are_no_fewer_samples(number: int, records: int) -> None:
    thin = Tried(groups=("topic thin",), samples=1, solved=1, records=0)
    thick = Tried(groups=("topic thick",), samples=1, solved=1, records=records)
    more = next_samples([thick, thin], number)
    assert more[1] >= more[0]


@given(st.integers(2, 6))
def test_what_cannot_be_solved_does_not_take_all(problems: int) -> None:
    """After twelve vain samples a problem that was solved once is worth as much."""
    vain = Tried(groups=("language python",), samples=12, solved=0, records=0)
    fine = Tried(groups=("language python",), samples=1, solved=1, records=1)
    more = next_samples([vain, *[fine] * problems], problems)
    assert more[0] == 0 and max(more) <= 2


def test_a_problem_is_counted_with_its_language_difficulty_and_topics() -> None:
    problem = Problem(id="p", statement="s", difficulty="hard", tags=("graphs", "games"))
    assert groups_of(problem) == ("language python", "difficulty hard", "topic graphs", "topic games")


def test_there_is_one_way_to_share() -> None:
    with pytest.raises(ValidationError, match="give one of them"):
        Settings(steer=True, problem_attempts=3)


# ---- runs --------------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def steered() -> tuple[Any, dict[str, int]]:
    """How an uninterrupted run ends, one unit at a time, and the samples by problem."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "c.db"
        asyncio.run(growing(path, FOUR.model_copy(update={"in_flight": 1})))
        return ends(path), given_to(path)


def given_to(path: Path) -> dict[str, int]:
    with Corpus(path) as corpus:
        return dict(corpus.select("SELECT problem, count(*) FROM trajectories GROUP BY problem"))


async def test_as_many_samples_as_unsteered_and_more_where_nobody_solved(
    tmp_path: Path, steered: Any
) -> None:
    progress = await growing(tmp_path / "c.db", FOUR)
    samples = given_to(tmp_path / "c.db")
    assert sum(samples.values()) == 4 * len(PROBLEMS) == progress.started
    assert min(samples.values()) >= 1 and len(set(samples.values())) > 1
    with Corpus(tmp_path / "c.db") as corpus:
        rows = corpus.select("SELECT unit, trajectory FROM admissions")
        problem = {unit: corpus.trajectory(id).problem.id for unit, id in rows}
        solved = {problem[unit] for unit, one in outcomes(corpus).items() if one.solved}
    hard = [n for id, n in samples.items() if id not in solved]
    easy = [n for id, n in samples.items() if id in solved]
    assert hard and easy and sum(hard) / len(hard) > sum(easy) / len(easy)
    assert (ends(tmp_path / "c.db"), samples) == steered


async def test_a_second_run_asks_for_nothing(tmp_path: Path, steered: Any) -> None:
    await growing(tmp_path / "c.db", FOUR)
    generator = Writer()
    progress = await growing(tmp_path / "c.db", FOUR, generator=generator)
    assert (generator.asked, progress.started, progress.skipped) == (0, 0, 48)
    assert (ends(tmp_path / "c.db"), given_to(tmp_path / "c.db")) == steered


async def test_more_rounds_go_on_from_those_there_are(tmp_path: Path, steered: Any) -> None:
    await growing(tmp_path / "c.db", FOUR.model_copy(update={"samples": 2}))
    progress = await growing(tmp_path / "c.db", FOUR)
    assert (progress.skipped, progress.started) == (24, 24)
    assert (ends(tmp_path / "c.db"), given_to(tmp_path / "c.db")) == steered


@pytest.mark.slow
@settings(max_examples=15, deadline=None, derandomize=True)
@given(cuts=st.lists(st.integers(0, 390), max_size=3), in_flight=st.integers(1, 6))
def test_resumed_at_any_points_it_ends_the_same(cuts: list[int], in_flight: int, steered: Any) -> None:
    options = FOUR.model_copy(update={"in_flight": in_flight})
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "c.db"
        for cut in cuts:
            try:
                asyncio.run(growing(path, options, on_event=cut_after(cut), generator=Writer(delay=0.0005)))
            except (Killed, BaseExceptionGroup):
                continue
        asyncio.run(growing(path, options))
        assert (ends(path), given_to(path)) == steered


def main(path: str) -> None:
    """A slower run in a process of its own that prints a line for each round it chose."""

    def tell(event: dict[str, Any]) -> None:
        if event["event"] == "steer":
            print(event["round"], flush=True)

    asyncio.run(growing(Path(path), FOUR, generator=Writer(delay=0.004), on_event=tell))


RUN = "import sys; sys.path.insert(0, sys.argv[1]); import test_steered; test_steered.main(sys.argv[2])"


def test_sigkill_in_every_round_changes_no_record(tmp_path: Path, steered: Any) -> None:
    path = tmp_path / "c.db"
    command = [sys.executable, "-c", RUN, str(Path(__file__).parent), str(path)]
    for rounds in (1, 2, 3):
        with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
            assert process.stdout is not None
            said = [process.stdout.readline() for _ in range(rounds)]
            process.kill()
        assert said == [f"{n}\n" for n in range(1, rounds + 1)]
        with Corpus(path) as corpus:
            assert len(corpus.events("steer")) == rounds and corpus.counts().admitted < 48
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
    assert (ends(path), given_to(path)) == steered


async def test_a_model_that_fails_a_problem_ends_no_round(tmp_path: Path) -> None:
    await growing(tmp_path / "c.db", FOUR, generator=Silent({"p1"}))
    samples = given_to(tmp_path / "c.db")
    assert sum(n for id, n in samples.items() if id != "p1") >= 3 * len(PROBLEMS)


async def test_later_samples_are_looked_at_with_those_before(tmp_path: Path) -> None:
    gate = Among()
    await growing(tmp_path / "c.db", FOUR, gates=[Picky(), gate])
    samples = given_to(tmp_path / "c.db")
    assert {id: max(len(seen) for one, seen in gate.saw if one == id) for id, _ in gate.saw} == samples


async def test_the_report_says_where_samples_went(tmp_path: Path, steered: Any) -> None:
    await growing(tmp_path / "c.db", FOUR)
    with Corpus(tmp_path / "c.db") as corpus:
        page, bars = render(corpus), shared(corpus)
    assert "Where samples went" in page
    told = {int(bar.label.split()[0]): bar.amount for bar in bars}
    assert told == Counter(steered[1].values())
