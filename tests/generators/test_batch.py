"""A model asked by files alone: what a batch API does to the order, the time and the number of its answers changes
nothing in the corpus."""

import asyncio
import json
import random
from pathlib import Path
from typing import Any

import aiohttp
import pytest

from execfeedback.corpus import Corpus
from execfeedback.errors import AnswerPending, GeneratorBusy, GeneratorRefused, InputError
from execfeedback.generators import batch, openai_http
from execfeedback.growing import grow
from execfeedback.mock_model import Line, MockModel, Serving
from execfeedback.progress import Progress
from execfeedback.protocols import Generator, Request, Sandbox
from execfeedback.types import Execution, Item, Job, Message, Problem, Verdict
from execfeedback.units import Settings

NUMBER = 50
PRICES = {"price_in": 1.0, "price_out": 5.0}
PROBLEMS = [
    Problem(id=f"p{n}", statement=f"Return what problem {n} asks for.", tests="assert f() == 1\n")
    for n in range(NUMBER)
]


def code(n: int, attempt: int) -> str:
    """Right after n % 5 wrong tries; four solutions may be tried, so every fifth problem is never solved."""
    right = "right" if attempt == n % 5 else "wrong"
    return f"```python\ndef f():\n    return '{right}'\n# p{n} try {attempt}\n```"


def script() -> list[Line]:
    """By problem and by the try that the question shows. Some revisions come without code, until they are asked again."""
    lines = []
    for n in range(NUMBER):
        lines.append(Line(match=f"problem {n} asks", attempt=0, text=code(n, 0)))
        for attempt in range(1, 4):
            shown = f"# p{n} try {attempt - 1}\\b"
            if (n + attempt) % 7 == 0:
                again = f"(?s){shown}.*Your last answer had no code"
                lines.append(Line(match=again, text=code(n, attempt)))
                lines.append(Line(match=shown, text="I would rather talk about it."))
            lines.append(Line(match=shown, text=code(n, attempt)))
    return lines


class Machine:
    async def run(self, job: Job) -> Execution:
        raise AssertionError("the judge below needs no run")


async def judged(item: Item, sandbox: Sandbox) -> Verdict:
    passed = "return 'right'" in str(item.solution)
    return Verdict(id=item.id, verdict="passed" if passed else "wrong_answer", passed=passed, environment="e")


async def grown(path: Path, generator: Generator, number: int = NUMBER) -> Progress:
    settings = Settings(in_flight=16, calls=8, model_failures=None)
    return await grow(
        PROBLEMS[:number], generator, path, sandbox=Machine(), gates=[], settings=settings, judge=judged
    )


def ends(path: Path) -> list[Any]:
    """All that must be the same: records and rejections in the order of admission, and every trajectory."""
    with Corpus(path) as corpus:
        records = [record.id for record in corpus.records()]
        rejected = [(rejection.problem, rejection.reason) for rejection in corpus.rejections()]
        told = [
            (each.problem.id, each.stopped, each.notes and len(each.notes), [c.text for c in each.calls])
            for each in corpus.trajectories()
            if each.stopped != "model"
        ]
        counts = corpus.counts()
    assert counts.cost_usd == pytest.approx((counts.tokens_in + 5 * counts.tokens_out) / 1e6)
    return [records, rejected, told, counts.calls, counts.tokens_in, counts.tokens_out]


class Provider:
    """Answers request files in its own time: of each file a third comes late, broken or not at all, all in disorder."""

    def __init__(self, folder: Path, address: str, unfair: bool = True) -> None:
        self.folder, self.address, self.unfair = folder, address, unfair
        self.chance, self.late, self.answered = random.Random(5), [], 0

    async def work(self) -> None:
        """Answer the files that have no answer yet."""
        for path in batch.open_files(self.folder):
            questions = [json.loads(line) for line in path.read_text("utf-8").splitlines()]
            assert len({each["custom_id"] for each in questions}) == len(questions)
            answers, self.late = self.late, []
            for question in questions:
                self._deal(await self._response(question), answers)
            self.chance.shuffle(answers)
            target = path.with_name(path.name.replace("requests", "responses"))
            target.write_text("".join(json.dumps(each) + "\n" for each in answers), "utf-8")

    def _deal(self, whole: dict[str, Any], answers: list[dict[str, Any]]) -> None:
        drawn = self.chance.random() if self.unfair else 1.0
        name = {"custom_id": whole["custom_id"]}
        if drawn < 0.1:
            return
        if drawn < 0.2:
            self.late.append(whole)
        elif drawn < 0.27:
            answers.append(
                name | {"response": None, "error": {"code": "batch_expired", "message": "too late"}}
            )
        elif drawn < 0.33:
            answers.append(name | {"response": {"status_code": 429, "body": {"error": {"message": "busy"}}}})
        else:
            answers.append(whole)

    async def _response(self, question: dict[str, Any]) -> dict[str, Any]:
        assert (question["method"], question["url"]) == ("POST", "/v1/chat/completions")
        self.answered += 1
        async with (
            aiohttp.ClientSession() as session,
            session.post(f"{self.address}{question['url']}", json=question["body"]) as reply,
        ):
            inner = {"status_code": reply.status, "request_id": "r", "body": await reply.json()}
        return {
            "id": f"b-{self.answered}",
            "custom_id": question["custom_id"],
            "response": inner,
            "error": None,
        }


def by_files(folder: Path, **options: Any) -> batch.Batch:
    return batch.create(**({"model": "m", "folder": folder} | PRICES | options))


@pytest.mark.parametrize(("unfair", "number"), [(False, 14), (True, NUMBER)])
async def test_by_files_it_ends_as_by_the_wire(tmp_path: Path, unfair: bool, number: int) -> None:
    folder, path = tmp_path / "files", tmp_path / "files.db"
    rounds = []
    async with Serving(MockModel(script())) as address:
        await grown(tmp_path / "wire.db", openai_http.create("m", api_base=f"{address}/v1", **PRICES), number)
        provider = Provider(folder, address, unfair)
        while not rounds or rounds[-1].pending:
            assert len(rounds) < 30
            rounds.append(await grown(path, by_files(folder), number))
            await provider.work()
    assert ends(path) == ends(tmp_path / "wire.db")
    solved = len(ends(path)[0])
    assert 0.7 * number <= solved < number
    assert rounds[0].pending == number
    assert not any(each.unanswered for each in rounds)
    assert sum(each.pending > 0 for each in rounds) >= 4 + unfair
    if not unfair:
        assert provider.answered == ends(path)[3], "each question is written once"
        assert len(requests(folder)) == len(rounds) - 1
    again = await grown(path, by_files(folder), number)
    assert (again.skipped, again.calls) == (number, 0)


async def test_nothing_is_asked_twice_while_an_answer_may_come(tmp_path: Path) -> None:
    for _ in range(3):
        assert (await grown(tmp_path / "c.db", by_files(tmp_path))).pending == NUMBER
    assert [len(lines) for lines in requests(tmp_path)] == [NUMBER]


async def test_a_run_that_ends_early_asks_the_rest_in_the_next(tmp_path: Path) -> None:
    half = PROBLEMS[:20]
    settings = Settings(in_flight=4)
    first = grow(half, by_files(tmp_path), tmp_path / "c.db", sandbox=Machine(), gates=[], settings=settings)
    assert (await first).pending == 20
    assert (await grown(tmp_path / "d.db", by_files(tmp_path))).pending == NUMBER
    assert [len(lines) for lines in requests(tmp_path)] == [20, 30]


# ---- one question ----------------------------------------------------------------------------------------------

ASKED = Request(
    kind="solution", problem=Problem(id="p", statement=""), messages=(Message(role="user", content="add"),)
)
GOOD = {"choices": [{"message": {"content": "x"}, "finish_reason": "stop"}], "usage": {"prompt_tokens": 3}}


async def asked(folder: Path, request: Request = ASKED, **options: Any) -> Any:
    """What a run makes of one question: the answer, or the error's class."""
    generator = by_files(folder, **options)
    try:
        return await generator.complete(request)
    except (AnswerPending, GeneratorBusy, GeneratorRefused) as error:
        return error
    finally:
        await generator.aclose()


def requests(folder: Path) -> list[list[dict[str, Any]]]:
    paths = sorted(folder.glob("requests-*.jsonl"))
    return [[json.loads(line) for line in path.read_text("utf-8").splitlines()] for path in paths]


def respond(folder: Path, number: int, *answers: dict[str, Any]) -> None:
    text = "".join(json.dumps(each) + "\n" for each in answers)
    (folder / f"responses-{number:03}.jsonl").write_text(text, "utf-8")


async def test_the_form_of_a_question(tmp_path: Path) -> None:
    assert isinstance(await asked(tmp_path / "new", temperature=0.5, extra_body={"top_k": 2}), AnswerPending)
    [[line]] = requests(tmp_path / "new")
    assert set(line) == {"custom_id", "method", "url", "body"}
    assert len(line["custom_id"]) == 64
    assert line["body"]["messages"] == [{"role": "user", "content": "add"}]
    assert {"model": "m", "temperature": 0.5, "top_k": 2}.items() <= line["body"].items()


async def test_a_question_that_its_file_left_out_waits_one_more_file_and_is_asked_again(
    tmp_path: Path,
) -> None:
    other = ASKED.model_copy(update={"sample": 1})
    await asked(tmp_path)
    respond(tmp_path, 1)
    await asked(tmp_path)
    assert [len(lines) for lines in requests(tmp_path)] == [1, 1], "nothing else is waited for"
    await asked(tmp_path, other)
    assert [len(lines) for lines in requests(tmp_path)] == [1, 1, 1]
    respond(tmp_path, 2)
    await asked(tmp_path)
    assert len(requests(tmp_path)) == 3, "it may come with the next file, which is open"
    respond(tmp_path, 3)
    await asked(tmp_path)
    assert len(requests(tmp_path)) == 4
    respond(
        tmp_path,
        4,
        {"custom_id": requests(tmp_path)[0][0]["custom_id"], "response": {"status_code": 200, "body": GOOD}},
    )
    assert (await asked(tmp_path)).text == "x"


async def test_failed_answers_are_asked_again_and_in_the_end_given_up(tmp_path: Path) -> None:
    for number in range(1, batch.TRIES + 1):
        assert isinstance(await asked(tmp_path), AnswerPending)
        id = requests(tmp_path)[-1][0]["custom_id"]
        empty = {
            "choices": [{"message": {"content": ""}}],
            "usage": {"prompt_tokens": 3, "completion_tokens": 0},
        }
        respond(tmp_path, number, {"custom_id": id, "response": {"status_code": 200, "body": empty}})
    error = await asked(tmp_path)
    assert isinstance(error, GeneratorBusy)
    assert [waste.tokens_in for waste in error.wasted] == [3] * batch.TRIES
    assert len(requests(tmp_path)) == batch.TRIES


async def test_what_would_fail_again_is_not_asked_again(tmp_path: Path) -> None:
    await asked(tmp_path)
    id = requests(tmp_path)[0][0]["custom_id"]
    body = {"error": {"code": "context_length_exceeded", "message": "too long"}}
    respond(tmp_path, 1, {"custom_id": id, "response": {"status_code": 400, "body": body}})
    for _ in range(2):
        assert isinstance(await asked(tmp_path), GeneratorRefused)
    assert len(requests(tmp_path)) == 1


async def test_each_file_has_one_model(tmp_path: Path) -> None:
    generator = by_files(tmp_path, tester={"model": "t"})
    for request in (ASKED, ASKED.model_copy(update={"kind": "tests"})):
        with pytest.raises(AnswerPending):
            await generator.complete(request)
    await generator.aclose()
    assert [[line["body"]["model"] for line in lines] for lines in requests(tmp_path)] == [["m"], ["t"]]


def test_what_is_wrong_is_named(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="needs --batch-dir"):
        batch.create("m")
    with pytest.raises(InputError, match="fallbacks"):
        by_files(tmp_path, fallbacks=("b",))
    (tmp_path / "responses-001.jsonl").write_text('{"custom_id": "a"}\n{"custom_id": 3}\n', "utf-8")
    with pytest.raises(InputError, match=r"responses-001\.jsonl:2: field 'custom_id'"):
        by_files(tmp_path)


def test_files_of_other_names_are_passed_over(tmp_path: Path) -> None:
    for name in ("responses-old.jsonl", "responses-002.jsonl.tmp", "notes.txt", "responses-².jsonl"):
        (tmp_path / name).write_text("not JSON", "utf-8")
    assert asyncio.run(asked(tmp_path)).args
