"""Growing: admission in order whatever finishes first, and a run that ends at any point loses nothing."""

import asyncio
import hashlib
import os
import random
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from execfeedback import ids
from execfeedback.corpus import Corpus
from execfeedback.errors import BudgetSpent, GeneratorError, GeneratorRefused, InputError, SandboxError
from execfeedback.growing import grow
from execfeedback.halting import Halt, Interrupted
from execfeedback.progress import Progress
from execfeedback.protocols import Completion, Request, Sandbox, Waste
from execfeedback.types import Execution, GateResult, Item, Job, Limits, Problem, Trajectory, Verdict
from execfeedback.units import Settings, attempts_of, samples_of

# ---- honest fakes at the seams --------------------------------------------------------------


def chance(*parts: object) -> int:
    """A number from 0 to 999 that only its arguments decide."""
    return int(hashlib.sha256(repr(parts).encode()).hexdigest(), 16) % 1000


class Writer:
    """A generator: right after 0 to 5 wrong tries, or the same text for both samples. Slow by turns."""

    name = "writer"
    edits_references = False

    def __init__(self, cost: float | None = 0.01, delay: float = 0.0) -> None:
        self.cost, self.delay, self.asked = cost, delay, 0
        self.settings = {"temperature": 1.0}
        self.turns = random.Random()

    async def complete(self, request: Request) -> Completion:
        self.asked += 1
        await asyncio.sleep(self.delay * self.turns.random())
        tries = request.attempt + (request.kind == "revision")
        right = tries >= chance(request.problem.id, request.sample) % 6
        sample = request.sample if chance(request.problem.id, "same") < 500 else 0
        code = (
            f"def f():\n    return {'right' if right else 'wrong'}\n# {request.problem.id} {sample} {tries}"
        )
        text = f"```python\n{code}\n```"
        return Completion(text=text, model="m1", tokens_in=5, tokens_out=7, cost_usd=self.cost)


class Machine:
    """A sandbox that fails the given number of times, then answers."""

    def __init__(self, failures: int = 0) -> None:
        self.failures, self.runs = failures, 0

    async def run(self, job: Job) -> Execution:
        self.runs += 1
        if self.runs <= self.failures:
            raise SandboxError("the engine is away")
        return Execution(environment="sha256:fake")


JOB = Job(environment="python", files={}, limits=Limits())


async def judged(item: Item, sandbox: Sandbox) -> Verdict:
    """A verdict by looking at the text; it takes a run of the sandbox, as a real one does."""
    execution = await sandbox.run(JOB)
    passed = "return right" in str(item.solution)
    return Verdict(
        id=item.id,
        verdict="passed" if passed else "wrong_answer",
        passed=passed,
        environment=execution.environment,
        cpu_s=time.perf_counter() % 1,
    )


class Picky:
    """A gate that refuses one in five, by content."""

    name = "picky"
    version = "1"

    async def check(self, trajectory: Trajectory, sandbox: Sandbox) -> GateResult:
        await sandbox.run(JOB)
        fine = chance(trajectory.attempts[-1].solution.code) >= 200
        return GateResult(gate="picky", version="1", passed=fine, reason="" if fine else "disliked")


class Fresh:
    """An ordered gate that admits each final solution once."""

    name = "fresh"
    version = "1"

    def __init__(self) -> None:
        self.seen: set[str] = set()

    async def keys(self, trajectory: Trajectory, sandbox: Sandbox) -> list[str]:
        await sandbox.run(JOB)
        return [trajectory.problem.id + trajectory.attempts[-1].solution.code[:30]]

    def admit(self, keys: list[str]) -> GateResult:
        new = not self.seen & set(keys)
        self.seen |= set(keys) if new else set()
        return GateResult(gate="fresh", version="1", passed=new, reason="" if new else "again")

    async def check(self, trajectory: Trajectory, sandbox: Sandbox) -> GateResult:
        return self.admit(await self.keys(trajectory, sandbox))


PROBLEMS = [Problem(id=f"p{n}", statement=f"Return {n}.", tests="assert f() == 1\n") for n in range(12)]
TWO = Settings(samples=2, in_flight=3, seed=1, patience_s=0)


def growing(path: Path, options: Settings = TWO, **changes: Any) -> Any:
    """The coroutine of a run over PROBLEMS with the fakes."""
    given: dict[str, Any] = {
        "problems": PROBLEMS,
        "generator": Writer(),
        "sandbox": Machine(),
        "gates": [Picky(), Fresh()],
    }
    given |= changes
    problems, generator = given.pop("problems"), given.pop("generator")
    return grow(problems, generator, path, settings=options, judge=judged, **given)


def ends(path: Path) -> tuple[list[str], list[tuple[str, str]]]:
    """What must not depend on how a run went: record ids, problems and reasons of rejections, in order."""
    with Corpus(path) as corpus:
        rejected = [(rejection.problem, rejection.reason) for rejection in corpus.rejections()]
        return [record.id for record in corpus.records()], rejected


@pytest.fixture(scope="module")
def whole() -> tuple[list[str], list[tuple[str, str]]]:
    """How an uninterrupted run with one unit at a time ends."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "c.db"
        asyncio.run(growing(path, TWO.model_copy(update={"in_flight": 1})))
        return ends(path)


# ---- order --------------------------------------------------------------


def test_a_run_gives_records_and_reasons(whole: Any) -> None:
    records, rejected = whole
    assert len(records) + len(rejected) == 24
    assert len(records) >= 5
    assert {"picky:disliked", "fresh:again", "attempts"} <= {reason for _, reason in rejected}


async def test_admission_is_in_order_whatever_finishes_first(tmp_path: Path, whole: Any) -> None:
    options = TWO.model_copy(update={"in_flight": 8})
    progress = await growing(tmp_path / "c.db", options, generator=Writer(delay=0.01))
    assert ends(tmp_path / "c.db") == whole
    assert (progress.started, progress.finished, progress.running) == (24, 24, 0)
    assert (progress.records, progress.rejected) == (len(whole[0]), len(whole[1]))
    assert progress.verified + progress.repaired + progress.failed == 24


async def test_a_second_run_asks_for_nothing(tmp_path: Path, whole: Any) -> None:
    await growing(tmp_path / "c.db")
    generator, machine = Writer(), Machine()
    progress = await growing(tmp_path / "c.db", generator=generator, sandbox=machine)
    assert (generator.asked, machine.runs, progress.skipped, progress.started) == (0, 0, 24, 0)
    assert ends(tmp_path / "c.db") == whole


async def test_more_samples_are_added_to_what_is_there(tmp_path: Path) -> None:
    await growing(tmp_path / "c.db", TWO.model_copy(update={"samples": 1}))
    before = ends(tmp_path / "c.db")[0]
    progress = await growing(tmp_path / "c.db")
    after = ends(tmp_path / "c.db")[0]
    assert (progress.skipped, progress.started) == (12, 12)
    assert after[: len(before)] == before
    assert len(set(after)) == len(after)


@pytest.mark.parametrize("change", [{"seed": 2}, {"max_attempts": 2}, {"configuration": {"picky": 2}}])
async def test_another_configuration_is_other_work(tmp_path: Path, change: dict[str, Any]) -> None:
    await growing(tmp_path / "c.db")
    progress = await growing(tmp_path / "c.db", TWO.model_copy(update=change))
    assert progress.skipped == 0


async def test_limit_and_repeated_problems(tmp_path: Path) -> None:
    options = TWO.model_copy(update={"limit": 3})
    twice = [PROBLEMS[0], PROBLEMS[0], PROBLEMS[1], PROBLEMS[2]]
    progress = await growing(tmp_path / "c.db", options, problems=twice)
    assert (progress.started, progress.skipped) == (4, 2)


async def test_problems_are_taken_as_they_are_needed(tmp_path: Path) -> None:
    taken: list[str] = []

    def lazily() -> Iterator[Problem]:
        for problem in PROBLEMS:
            taken.append(problem.id)
            yield problem

    ahead: list[int] = []

    def on_event(event: dict[str, Any]) -> None:
        if event["event"] == "finished":
            ahead.append(len(taken) - len(ahead))

    options = TWO.model_copy(update={"samples": 1})
    await growing(tmp_path / "c.db", options, problems=lazily(), on_event=on_event)
    assert max(ahead) <= 3


async def test_what_is_kept_is_whole(tmp_path: Path) -> None:
    await growing(tmp_path / "c.db")
    with Corpus(tmp_path / "c.db") as corpus:
        for record in corpus.records():
            trajectory = corpus.trajectory(record.trajectory)
            assert ids.digest(trajectory) == record.trajectory
            assert trajectory.stopped == "passed"
            assert [gate.gate for gate in record.gates] == ["picky", "fresh"]
        counts = corpus.counts()
        assert counts.admitted == counts.trajectories == counts.examined == 24
        assert corpus.runs()[0]["seed"] == 1


# ---- ends of every kind, and going on --------------------------------------------------------------


class Killed(BaseException):
    """Stands for the end of the process: nobody may catch it."""


def cut_after(events: int) -> Any:
    """A sink that ends everything at the n-th event."""
    left = [events]

    def on_event(event: dict[str, Any]) -> None:
        left[0] -= 1
        if left[0] < 0:
            raise Killed

    return on_event


@pytest.mark.slow
@settings(max_examples=25, deadline=None, derandomize=True)
@given(cuts=st.lists(st.integers(0, 190), max_size=3), in_flight=st.integers(1, 6))
def test_resumed_at_any_points_it_ends_the_same(cuts: list[int], in_flight: int, whole: Any) -> None:
    options = TWO.model_copy(update={"in_flight": in_flight})
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "c.db"
        for cut in cuts:
            run = growing(path, options, on_event=cut_after(cut), generator=Writer(delay=0.0005))
            try:
                asyncio.run(run)
            except (Killed, BaseExceptionGroup):
                continue
        generator = Writer()
        asyncio.run(growing(path, options, generator=generator))
        assert ends(path) == whole
        with Corpus(path) as corpus:
            assert corpus.counts().calls == len({call for _, call in called(corpus)})


def called(corpus: Corpus) -> Iterator[tuple[str, str]]:
    for trajectory in corpus.trajectories():
        yield from ((trajectory.problem.id, call.id) for call in trajectory.calls)


def main(path: str) -> None:
    """A slower run in a process of its own."""
    asyncio.run(growing(Path(path), generator=Writer(delay=0.004)))


RUN = "import sys; sys.path.insert(0, sys.argv[1]); import test_growing; test_growing.main(sys.argv[2])"


def test_sigkill_at_random_moments_changes_no_record(tmp_path: Path, whole: Any) -> None:
    path, kills = tmp_path / "c.db", 0
    chances = random.Random(7)
    command = [sys.executable, "-c", RUN, str(Path(__file__).parent), str(path)]
    for _ in range(5):
        process = subprocess.Popen(command)
        while not path.exists() and process.poll() is None:
            time.sleep(0.02)
        time.sleep(chances.random() * 0.15)
        kills += process.poll() is None
        process.send_signal(signal.SIGKILL)
        process.wait()
    subprocess.run(command, check=True)
    assert kills >= 2
    assert ends(path) == whole


async def test_the_budget_ends_a_run_and_a_larger_one_goes_on(tmp_path: Path, whole: Any) -> None:
    path, generator = tmp_path / "c.db", Writer(cost=0.01)
    with pytest.raises(BudgetSpent, match=r"\$0\.\d+ of \$0\.1000"):
        await growing(path, TWO.model_copy(update={"max_cost_usd": 0.1}), generator=generator)
    assert 10 <= generator.asked <= 10 + 3
    again = Writer(cost=0.01)
    with pytest.raises(BudgetSpent):
        await growing(path, TWO.model_copy(update={"max_cost_usd": 0.1}), generator=again)
    assert again.asked == 0
    await growing(path, TWO.model_copy(update={"max_cost_usd": 99}))
    assert ends(path) == whole


async def test_an_unknown_price_is_not_taken_for_nothing(tmp_path: Path) -> None:
    generator = Writer(cost=None)
    with pytest.raises(BudgetSpent, match="price of model m1 is not known"):
        await growing(tmp_path / "c.db", TWO.model_copy(update={"max_cost_usd": 5}), generator=generator)
    assert generator.asked <= 3
    progress = await growing(tmp_path / "c.db", generator=Writer(cost=None))
    assert (progress.cost_usd, progress.unknown_prices > 0) == (0.0, True)


async def test_a_sandbox_that_comes_back_is_waited_for(tmp_path: Path, whole: Any) -> None:
    seen: list[str] = []
    await growing(
        tmp_path / "c.db",
        TWO.model_copy(update={"patience_s": 30}),
        sandbox=Machine(failures=4),
        on_event=lambda event: seen.append(event["event"]),
    )
    assert ends(tmp_path / "c.db") == whole
    assert seen.count("sandbox_waiting") == 4


async def test_a_sandbox_that_stays_away_ends_the_run_and_no_verdict_is_made(
    tmp_path: Path, whole: Any
) -> None:
    path = tmp_path / "c.db"
    with pytest.raises(SandboxError, match="the engine is away") as caught:
        await growing(path, sandbox=Machine(failures=10**9))
    assert caught.value.exit_code == 4
    with Corpus(path) as corpus:
        assert (corpus.counts().attempts, corpus.counts().rejections) == (0, 0)
        assert corpus.counts().calls > 0
    await growing(path)
    assert ends(path) == whole


class Silent(Writer):
    """A model that refuses some problems, or all."""

    def __init__(self, refused: set[str] | None) -> None:
        super().__init__()
        self.refused = refused

    async def complete(self, request: Request) -> Completion:
        if self.refused is None or request.problem.id in self.refused:
            self.asked += 1
            raise GeneratorRefused("401 bad key")
        return await super().complete(request)


async def test_a_model_that_never_answers_ends_the_run(tmp_path: Path, whole: Any) -> None:
    path, generator = tmp_path / "c.db", Silent(None)
    with pytest.raises(GeneratorError, match="401 bad key") as caught:
        await growing(path, generator=generator)
    assert caught.value.exit_code == 5
    assert generator.asked <= 8 + 2
    assert ends(path) == ([], [])
    await growing(path)
    assert ends(path) == whole


async def test_the_reason_of_few_failures_is_told_as_well(tmp_path: Path) -> None:
    options = TWO.model_copy(update={"limit": 1})
    with pytest.raises(GeneratorError, match="401 bad key"):
        await growing(tmp_path / "c.db", options, generator=Silent(None))


async def test_a_model_that_fails_one_problem_leaves_it_for_the_next_run(tmp_path: Path, whole: Any) -> None:
    path = tmp_path / "c.db"
    progress = await growing(path, generator=Silent({"p3"}))
    assert (progress.unanswered, progress.records + progress.rejected) == (2, 22)
    progress = await growing(path)
    assert (progress.skipped, progress.started) == (22, 2)
    assert sorted(ends(path)[0]) == sorted(whole[0])


async def test_a_signal_ends_between_two_steps_and_nothing_is_lost(tmp_path: Path, whole: Any) -> None:
    path, halt = tmp_path / "c.db", Halt()
    seen: list[str] = []

    def on_event(event: dict[str, Any]) -> None:
        seen.append(event["event"])
        if len(seen) == 40:
            halt.stop(Interrupted(signal.SIGTERM))

    with pytest.raises(Interrupted) as caught:
        await growing(path, on_event=on_event, halt=halt)
    assert caught.value.exit_code == 143
    assert len(ends(path)[0]) < len(whole[0])
    await growing(path)
    assert ends(path) == whole


async def test_a_bad_problem_in_the_middle_keeps_what_was_before(tmp_path: Path) -> None:
    def broken() -> Iterator[Problem]:
        yield from PROBLEMS[:4]
        raise InputError("problems.jsonl:5: field 'id': is missing")

    with pytest.raises(InputError, match=r"problems\.jsonl:5"):
        await growing(tmp_path / "c.db", problems=broken())
    with Corpus(tmp_path / "c.db") as corpus:
        assert corpus.counts().admitted >= 4


async def test_a_gate_that_raises_is_our_fault_and_no_rejection(tmp_path: Path, whole: Any) -> None:
    class Broken(Picky):
        async def check(self, trajectory: Trajectory, sandbox: Sandbox) -> GateResult:
            raise SandboxError("slot lost")

    with pytest.raises(SandboxError, match="slot lost"):
        await growing(tmp_path / "c.db", gates=[Broken(), Fresh()])
    assert "picky:disliked" not in {reason for _, reason in ends(tmp_path / "c.db")[1]}
    await growing(tmp_path / "c.db")
    assert ends(tmp_path / "c.db") == whole


async def test_a_problem_that_cannot_be_judged_is_named(tmp_path: Path) -> None:
    class Confused(Picky):
        async def check(self, trajectory: Trajectory, sandbox: Sandbox) -> GateResult:
            raise InputError("field 'checker': is for stdio alone")

    with pytest.raises(InputError, match=r"problem p\d+: field 'checker'"):
        await growing(tmp_path / "c.db", gates=[Confused()])


async def test_a_second_grow_on_the_same_corpus_is_refused(tmp_path: Path) -> None:
    first = asyncio.ensure_future(growing(tmp_path / "c.db", generator=Writer(delay=0.01)))
    await asyncio.sleep(0.02)
    with pytest.raises(InputError, match=f"process {os.getpid()} is growing"):
        await growing(tmp_path / "c.db")
    assert isinstance(await first, Progress)


# ---- model calls, money and tries --------------------------------------------------------------------------------


class Counting(Writer):
    """Knows how many questions were open together, and wastes an answer now and then."""

    def __init__(self, **options: Any) -> None:
        super().__init__(**options)
        self.open = self.most = 0

    async def complete(self, request: Request) -> Completion:
        self.open += 1
        self.most = max(self.most, self.open)
        try:
            completion = await super().complete(request)
        finally:
            self.open -= 1
        waste = Waste(why="empty", model="m1", tokens_in=5, tokens_out=0, cost_usd=0.002)
        lost = Waste(why="timeout", model="m1")
        return completion.model_copy(update={"wasted": (waste, lost) if request.attempt == 1 else ()})


async def test_calls_in_flight_are_bounded_apart_from_units(tmp_path: Path, whole: Any) -> None:
    generator = Counting(delay=0.01)
    await growing(
        tmp_path / "c.db", TWO.model_copy(update={"in_flight": 12, "calls": 5}), generator=generator
    )
    assert generator.most == 5
    assert ends(tmp_path / "c.db") == whole


async def test_what_was_wasted_is_counted_and_counts_for_the_budget(tmp_path: Path, whole: Any) -> None:
    progress = await growing(tmp_path / "c.db", generator=Counting())
    with Corpus(tmp_path / "c.db") as corpus:
        counts, events = corpus.counts(), corpus.events("waste")
        calls = {row[0] for row in corpus.select("SELECT id FROM calls")}
    number = len(events) // 2
    assert number > 3
    assert (counts.wasted, counts.wasted_tokens_in, counts.wasted_without_price) == (
        2 * number,
        5 * number,
        number,
    )
    assert counts.usd == pytest.approx(0.01 * counts.calls + 0.002 * number)
    assert counts.tokens == 12 * counts.calls + 5 * number
    assert (progress.wasted, progress.unknown_prices) == (2 * number, number)
    assert progress.cost_usd == pytest.approx(counts.usd)
    assert progress.tokens_in + progress.tokens_out == counts.tokens
    assert {event["call"] for event in events} <= calls
    assert ends(tmp_path / "c.db") == whole
    again = TWO.model_copy(update={"samples": 3, "max_cost_usd": counts.usd - 0.001})
    with pytest.raises(BudgetSpent):
        await growing(tmp_path / "c.db", again, generator=Counting())


@pytest.mark.parametrize(
    ("limit", "words"),
    [
        ({"max_tokens": 120}, r"\d+ of 120 tokens"),
        ({"max_wall_s": 0.05}, r"0\.05 s of wall time"),
    ],
)
async def test_other_budgets_end_a_run_and_it_goes_on(
    tmp_path: Path, limit: dict[str, Any], words: str, whole: Any
) -> None:
    path, generator = tmp_path / "c.db", Writer(delay=0.01)
    with pytest.raises(BudgetSpent, match=words) as caught:
        await growing(path, TWO.model_copy(update=limit), generator=generator)
    assert caught.value.exit_code == 6
    assert 3 <= generator.asked <= 40
    await growing(path)
    assert ends(path) == whole


async def test_a_budget_counts_what_is_under_way(tmp_path: Path) -> None:
    generator = Writer(cost=0.01, delay=0.005)
    many = TWO.model_copy(update={"max_cost_usd": 0.3, "in_flight": 10})
    with pytest.raises(BudgetSpent):
        await growing(tmp_path / "c.db", many, generator=generator)
    assert 29 <= generator.asked <= 31


async def test_a_budget_is_not_overrun_before_anybody_knows_what_a_call_takes(tmp_path: Path) -> None:
    generator = Writer(delay=0.005)
    with pytest.raises(BudgetSpent):
        await growing(
            tmp_path / "c.db", TWO.model_copy(update={"max_tokens": 1, "in_flight": 10}), generator=generator
        )
    assert generator.asked == 1


async def test_the_tries_of_a_problem_are_shared_by_its_samples(tmp_path: Path) -> None:
    options = TWO.model_copy(update={"samples": 4, "problem_attempts": 6})
    assert [attempts_of(sample, options) for sample in range(4)] == [2, 2, 1, 1]
    assert samples_of(options.model_copy(update={"problem_attempts": 3})) == [0, 1, 2]
    await growing(tmp_path / "c.db", options)
    with Corpus(tmp_path / "c.db") as corpus:
        tried = [(each.sample, len(each.attempts)) for each in corpus.trajectories()]
    assert {sample: max(n for s, n in tried if s == sample) for sample in range(4)} == {
        0: 2,
        1: 2,
        2: 1,
        3: 1,
    }


PILOT = TWO.model_copy(update={"pilot": 8, "in_flight": 5})


async def test_a_pilot_decides_how_often_the_others_try(tmp_path: Path) -> None:
    events: list[dict[str, Any]] = []
    await growing(tmp_path / "c.db", PILOT, on_event=events.append)
    [chosen] = [event for event in events if event["event"] == "tries"]
    assert chosen["tries"] < 4
    assert chosen["reason"].startswith("a record of 8 trajectories cost: ")
    with Corpus(tmp_path / "c.db") as corpus:
        allowed = [
            each.max_attempts for each in sorted(corpus.trajectories(), key=lambda t: int(t.problem.id[1:]))
        ]
    assert allowed == [4] * 8 + [chosen["tries"]] * 16


@pytest.mark.parametrize("cut", [12, 60, 100])
async def test_a_pilot_that_is_cut_off_decides_the_same(tmp_path: Path, cut: int) -> None:
    await growing(tmp_path / "whole.db", PILOT)
    with pytest.raises((Killed, BaseExceptionGroup)):
        await growing(tmp_path / "c.db", PILOT, on_event=cut_after(cut), generator=Writer(delay=0.001))
    await growing(tmp_path / "c.db", PILOT)
    assert ends(tmp_path / "c.db") == ends(tmp_path / "whole.db")


async def test_a_pilot_without_an_end_lets_nobody_wait_for_ever(tmp_path: Path) -> None:
    broken = growing(tmp_path / "c.db", PILOT, sandbox=Machine(failures=10**9))
    with pytest.raises(SandboxError):
        await asyncio.wait_for(broken, 20)
    await asyncio.wait_for(growing(tmp_path / "d.db", PILOT, generator=Silent({"p1"})), 20)
    with Corpus(tmp_path / "d.db") as corpus:
        assert corpus.counts().admitted == 22


# ---- gates that judge the samples of a problem among each other --------------------------------------------------


class Among:
    """A gate that refuses by what both samples wrote, and notes whom it saw together."""

    name = "among"
    version = "1"

    def __init__(self) -> None:
        self.saw: list[tuple[str, tuple[int, ...]]] = []

    async def check_group(
        self, samples: Sequence[Trajectory], sandbox: Sandbox
    ) -> tuple[GateResult | None, ...]:
        await sandbox.run(JOB)
        self.saw.append((samples[0].problem.id, tuple(sample.sample for sample in samples)))
        codes = [sample.attempts[-1].solution.code for sample in samples]
        return tuple(
            self._result(chance(code, *codes)) if sample.stopped == "passed" else None
            for code, sample in zip(codes, samples, strict=True)
        )

    def _result(self, number: int) -> GateResult:
        reason = "" if number > 300 else "outvoted"
        return GateResult(gate="among", version="1", passed=not reason, reason=reason)


async def test_samples_are_judged_among_each_other_once_all_have_stopped(tmp_path: Path) -> None:
    gate, events = Among(), []
    await growing(tmp_path / "c.db", gates=[Picky(), gate, Fresh()], on_event=events.append)

    assert sorted(gate.saw) == sorted((problem.id, (0, 1)) for problem in PROBLEMS)
    records, rejected = ends(tmp_path / "c.db")
    assert len(records) + len(rejected) == 24 and ("among:outvoted" in {reason for _, reason in rejected})
    with Corpus(tmp_path / "c.db") as corpus:
        assert all("among" in [gate.gate for gate in record.gates] for record in corpus.records())
    assert {event["reason"] for event in events if event.get("gate") == "among"} == {"", "outvoted"}


async def test_judging_among_samples_ends_alike_whatever_finishes_first(tmp_path: Path) -> None:
    one, many = TWO.model_copy(update={"in_flight": 1}), TWO.model_copy(update={"in_flight": 8})
    await growing(tmp_path / "a.db", one, gates=[Picky(), Among(), Fresh()])
    await growing(tmp_path / "b.db", many, gates=[Picky(), Among(), Fresh()], generator=Writer(delay=0.01))
    assert ends(tmp_path / "a.db") == ends(tmp_path / "b.db")


async def test_a_run_that_is_cut_off_judges_the_whole_group_again(tmp_path: Path) -> None:
    await growing(tmp_path / "whole.db", gates=[Picky(), Among(), Fresh()])
    halt = Halt()

    def stop(event: dict[str, Any]) -> None:
        if event["event"] == "record" and halt.reason is None:
            halt.stop(Interrupted(2))

    with pytest.raises(Interrupted):
        await growing(
            tmp_path / "c.db", gates=[Picky(), Among(), Fresh()], halt=halt, on_event=stop, generator=Writer()
        )
    generator = Writer()
    await growing(tmp_path / "c.db", gates=[Picky(), Among(), Fresh()], generator=generator)
    assert ends(tmp_path / "c.db") == ends(tmp_path / "whole.db")


async def test_an_admitted_sample_is_a_peer_of_those_that_come_later(tmp_path: Path) -> None:
    gate = Among()
    await growing(tmp_path / "c.db", TWO.model_copy(update={"samples": 1}), gates=[Among(), Fresh()])
    await growing(tmp_path / "c.db", gates=[gate, Fresh()])
    assert {samples for _, samples in gate.saw} == {(0, 1)}
