"""The library as a training pipeline uses it: verdicts in order, lazily, with errors that name the field."""

import asyncio
import math
import signal
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

import execfeedback as ef
from execfeedback.errors import InputError, SandboxError
from execfeedback.library import open_backend, to_its_end
from execfeedback.types import Case, Execution, Item, Job, SplitResult, StepResult, TestResult
from execfeedback.verifying import AHEAD, item_digest, verify_items


def numbered(n: int, wrong: bool = False) -> dict[str, Any]:
    """An item that knows its number; the wrong one fails its test."""
    solution = f"def f():\n    return {n + wrong}\n"
    return {"id": f"n{n}", "language": "python", "solution": solution, "tests": f"assert f() == {n}\n"}


OK = StepResult(cause="exited", exit_code=0)


def test_a_runtime_is_for_containers_only() -> None:
    with pytest.raises(InputError, match="runtime 'runsc' needs docker"):
        open_backend("local", 1, runtime="runsc")


class TellingSandbox:
    """An honest small sandbox: passes everything, later items sooner, and counts what is inside at one time."""

    def __init__(self, broken: str = "") -> None:
        self.inside = self.most_inside = 0
        self.broken = broken

    async def run(self, job: Job) -> Execution:
        self.inside += 1
        self.most_inside = max(self.most_inside, self.inside)
        try:
            await asyncio.sleep(0.002 if self.inside % 2 else 0.0005)
        finally:
            self.inside -= 1
        if self.broken and self.broken in str(job.files["solution.py"]):
            raise SandboxError("the engine went")
        test = TestResult(name="test 1", outcome="passed")
        return Execution(
            split=SplitResult(ended=True, expected=1, tests=(test,), calls=1, values=1, judge=OK, solution=OK)
        )


def nested(levels: int) -> list[Any]:
    value: list[Any] = []
    for _ in range(levels - 1):
        value = [value]
    return value


@pytest.mark.parametrize("levels", [231, 300, 100_000])
@pytest.mark.parametrize("field", ["args", "kwargs", "expected"])
async def test_values_that_are_nested_too_deeply_harm_no_other_item(field: str, levels: int) -> None:
    values = {"args": [nested(levels - 1)], "kwargs": {"x": nested(levels - 1)}, "expected": nested(levels)}
    cases = {"style": "cases", "entry_point": "f", "tests": [{"expected": 1}, {field: values[field]}]}
    items = [Item.model_validate({**numbered(1), **cases}), Item.model_validate(numbered(2))]

    found = [verdict async for verdict in verify_items(items, TellingSandbox(), workers=2)]

    assert [(one.verdict, one.reasons) for one in found] == [("unverifiable", ("too_deep",)), ("passed", ())]
    assert found[0].failure and f"'tests.1.{field}': is nested" in found[0].failure.message
    assert found[0].digest == item_digest(items[0]) != found[1].digest


async def test_items_are_drawn_no_faster_than_they_are_judged() -> None:
    drawn = 0

    def endless() -> Iterator[Item]:
        nonlocal drawn
        while True:
            drawn += 1
            yield Item.model_validate(numbered(drawn))

    sandbox, got = TellingSandbox(), 0
    verdicts = verify_items(endless(), sandbox, workers=2)
    async for verdict in verdicts:
        got += 1
        assert verdict.id == f"n{got}"
        assert drawn <= got + 2 * AHEAD
        if got == 200:
            break
    await verdicts.aclose()  # type: ignore[attr-defined]

    assert sandbox.most_inside == 2 * AHEAD and sandbox.inside == 0


async def test_unordered_gives_every_item_once_as_it_finishes() -> None:
    items = [Item.model_validate(numbered(n)) for n in range(60)]

    found = [v.id async for v in verify_items(items, TellingSandbox(), workers=2, ordered=False)]

    assert sorted(found) == sorted(item.id for item in items)
    assert found != [item.id for item in items]


async def test_a_fault_of_ours_is_one_items_error_and_no_verdict() -> None:
    items = [Item.model_validate(numbered(n)) for n in range(5)]

    found = [v async for v in verify_items(items, TellingSandbox(broken="return 3"), workers=2)]

    assert [v.verdict for v in found] == ["passed"] * 3 + [None, "passed"]
    assert (found[3].passed, found[3].error) == (None, "the engine went")


def test_the_digest_covers_what_decides_and_nothing_else() -> None:
    item = Item.model_validate(numbered(1))

    assert item_digest(item) == item_digest(item.model_copy(update={"why": "because", "meta": {"a": 1}}))
    for change in ({"tests": "x"}, {"solution": "x"}, {"entry_point": "f"}, {"stop_on": "first_failure"}):
        assert item_digest(item) != item_digest(item.model_copy(update=change)), change
    cases = [
        {"style": "cases", "tests": (Case(args=(one,)),)} for one in (None, math.nan, math.inf, -math.inf)
    ]
    assert len({item_digest(item.model_copy(update=one)) for one in cases}) == len(cases)


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"solution": 3}, "item 'n1': field 'solution'"),
        ({"limits": {"cpu_s": -1}}, "item 'n1': field 'limits.cpu_s'"),
        ({"test": "assert"}, "item 'n1': field 'test'"),
        ({"style": "doctest"}, "item 'n1': field 'style'"),
        ({"style": "humaneval"}, "item 'n1': style 'humaneval' needs the field 'entry_point'"),
        ({"solution_files": {"../x": "x"}}, "item 'n1': file path '../x'"),
    ],
)
async def test_a_bad_item_is_an_error_that_names_the_field(change: dict[str, Any], words: str) -> None:
    sandbox = ef.Sandbox()
    sandbox.pool = TellingSandbox()  # type: ignore[assignment]
    sandbox.pool.workers = 2

    with pytest.raises(InputError) as caught:
        [v async for v in sandbox.verify([numbered(0), {**numbered(1), **change}])]
    assert words in str(caught.value)


@pytest.mark.parametrize(
    ("items", "words"),
    [
        ([numbered(0), 5], "item number 2 is a int; give a mapping"),
        ([None], "item number 1 is a NoneType; give a mapping"),
        ([[("id", "x")]], "item number 1 is a list; give a mapping"),
        (["{}"], "item number 1 is a str; give a mapping"),
        (5, "items are a int; give a list"),
        (numbered(0), "items are a dict; give a list"),
        (Item.model_validate(numbered(0)), "items are a Item; give a list"),
        ("items.jsonl", "items are a str; give a list"),
    ],
    ids=repr,
)
async def test_what_is_no_item_is_named_by_its_place(items: Any, words: str) -> None:
    sandbox = ef.Sandbox()
    sandbox.pool = TellingSandbox()  # type: ignore[assignment]
    sandbox.pool.workers = 2

    with pytest.raises(InputError, match=words):
        [v async for v in sandbox.verify(items)]


def test_a_backend_is_never_chosen_for_the_user() -> None:
    with pytest.raises(InputError, match="unknown sandbox backend 'subprocess'; there is: docker"):
        open_backend("subprocess", 2)


@pytest.mark.docker
def test_verify_takes_mappings_and_items_and_answers_in_order() -> None:
    items = [numbered(0), Item.model_validate(numbered(1, wrong=True)), numbered(2)]

    found = ef.verify(items)

    assert [(v.id, v.verdict) for v in found] == [("n0", "passed"), ("n1", "wrong_answer"), ("n2", "passed")]
    assert all(v.digest == item_digest(Item.model_validate(numbered(i, i == 1))) for i, v in enumerate(found))


@pytest.mark.docker
async def test_verify_and_grow_work_where_an_event_loop_runs(tmp_path: Path) -> None:
    """As in a notebook."""
    assert [v.passed for v in ef.verify([numbered(1), numbered(2, wrong=True)])] == [True, False]
    with pytest.raises(InputError, match="item 'n3'"):
        ef.verify([numbered(3) | {"style": "no such"}])
    problem = {"id": "p", "statement": "Return 1.", "entry_point": "f", "tests": "assert f() == 1\n"}

    async def write(messages: object, n: int, **sampling: object) -> list[str]:
        return ["```python\ndef f():\n    return 1\n```"] * n

    with ef.grow([problem], generator=write, out=tmp_path / "c.db", gates=[]) as corpus:
        assert corpus.counts().records == 1


async def test_an_interrupt_ends_what_runs_beside_a_running_loop() -> None:
    """Python tells only the main thread of Ctrl-C; the work is in another one, and is cleaned up before we go on."""
    seen: list[str] = []

    async def work() -> None:
        seen.append("begun")
        await asyncio.sleep(0.2)  # by then it is waited for
        signal.pthread_kill(threading.main_thread().ident or 0, signal.SIGINT)
        try:
            await asyncio.sleep(60)
        finally:
            await asyncio.sleep(0.05)
            seen.append("cleaned up")

    before = signal.signal(
        signal.SIGINT, signal.default_int_handler
    )  # as in a notebook; asyncio.run has its own
    try:
        with pytest.raises(KeyboardInterrupt):
            to_its_end(work())
    finally:
        signal.signal(signal.SIGINT, before)
    assert seen == ["begun", "cleaned up"]


@pytest.mark.docker
def test_verify_of_nothing_is_nothing() -> None:
    assert ef.verify([]) == []


@pytest.mark.docker
async def test_a_warm_sandbox_judges_a_long_generator_with_bounded_memory() -> None:
    drawn = 0

    def generator() -> Iterator[dict[str, Any]]:
        nonlocal drawn
        for n in range(120):
            drawn += 1
            yield numbered(n, wrong=n % 3 == 0)

    async with ef.Sandbox(workers=2) as sandbox:
        got = 0
        async for verdict in sandbox.verify(generator()):
            assert (verdict.id, verdict.passed) == (f"n{got}", got % 3 != 0)
            got += 1
            assert drawn <= got + 2 * AHEAD
    assert got == 120


@pytest.mark.docker
async def test_leaving_early_leaves_the_sandbox_in_order() -> None:
    async with ef.Sandbox(workers=2) as sandbox:
        async for verdict in sandbox.verify(numbered(n) for n in range(1000)):
            assert verdict.passed
            break
        again = [v.id async for v in sandbox.verify([numbered(7)])]
    assert again == ["n7"]
