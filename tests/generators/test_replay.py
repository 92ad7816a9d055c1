"""Recorded answers in the order of the requests, and for each sample its own."""

import json
from pathlib import Path

import pytest

from execfeedback.errors import GeneratorExhausted, InputError
from execfeedback.generators.replay import Replay, create
from execfeedback.protocols import Generator, Request
from execfeedback.types import CallKind, Problem


def written(path: Path, *rows: dict[str, object]) -> Path:
    file = path / "replay.jsonl"
    file.write_text("".join(json.dumps({"problem": "p", **row}) + "\n" for row in rows), encoding="utf-8")
    return file


def request(kind: CallKind = "solution", attempt: int = 0, sample: int = 0, problem: str = "p") -> Request:
    return Request(
        kind=kind, problem=Problem(id=problem, statement=""), messages=(), attempt=attempt, sample=sample
    )


async def text(replay: Replay, asked: Request) -> str:
    return (await replay.complete(asked)).text


async def test_the_nth_request_of_a_kind_gets_the_nth_recording(tmp_path: Path) -> None:
    replay = create(
        written(
            tmp_path,
            {"kind": "solution", "text": "garbage", "model": "gpt", "attempt": 1, "parent": None},
            {"kind": "revision", "text": "better", "attempt": 3, "parent": 2},
            {"kind": "solution", "text": "good", "attempt": 2},
            {"kind": "tests", "text": "asserts", "source": "passed over"},
            {"kind": "solution", "text": "other", "problem": "q"},
        )
    )
    assert isinstance(replay, Generator)
    assert await text(replay, request()) == "garbage"
    assert (await replay.complete(request())).model == "gpt"
    assert await text(replay, request(attempt=1)) == "good"
    assert await text(replay, request("revision")) == "better"
    assert await text(replay, request("tests")) == "asserts"
    assert await text(replay, request(problem="q")) == "other"


@pytest.mark.parametrize(
    "asked",
    [
        request(attempt=1),
        request("revision"),
        request("tests"),
        request(problem="unknown"),
        request(sample=1),
    ],
)
async def test_nothing_left_is_exhausted(tmp_path: Path, asked: Request) -> None:
    replay = create(written(tmp_path, {"kind": "solution", "text": "a"}))
    with pytest.raises(GeneratorExhausted, match=asked.problem.id):
        await replay.complete(asked)


async def test_samples_share_the_solutions_out_and_follow_their_own_revisions(tmp_path: Path) -> None:
    replay = create(
        written(
            tmp_path,
            {"kind": "solution", "text": "s0", "attempt": 1},
            {"kind": "solution", "text": "s1", "attempt": 2},
            {"kind": "solution", "text": "s0 again", "attempt": 3},
            {"kind": "revision", "text": "r of s1", "attempt": 4, "parent": 2},
            {"kind": "revision", "text": "r of s0", "attempt": 5, "parent": 1},
            {"kind": "revision", "text": "r of r of s1", "attempt": 6, "parent": 4},
        ),
        samples=2,
    )
    assert [await text(replay, request(sample=sample)) for sample in (0, 1)] == ["s0", "s1"]
    assert await text(replay, request(attempt=1)) == "s0 again"
    assert await text(replay, request("revision", sample=0)) == "r of s0"
    assert await text(replay, request("revision", sample=1)) == "r of s1"
    assert await text(replay, request("revision", attempt=1, sample=1)) == "r of r of s1"
    with pytest.raises(GeneratorExhausted):
        await replay.complete(request("revision", attempt=1, sample=0))


async def test_other_recordings_are_other_settings(tmp_path: Path) -> None:
    first = create(written(tmp_path, {"kind": "solution", "text": "a"})).settings
    assert create(written(tmp_path, {"kind": "solution", "text": "a"})).settings == first
    assert create(written(tmp_path, {"kind": "solution", "text": "b"})).settings != first


@pytest.mark.parametrize(
    ("row", "field"),
    [({"kind": "poem", "text": ""}, "kind"), ({"kind": "tests"}, "text"), ({"text": ""}, "kind")],
)
def test_a_bad_line_names_file_line_and_field(tmp_path: Path, row: dict[str, object], field: str) -> None:
    file = written(tmp_path, {"kind": "solution", "text": "a"}, row)
    with pytest.raises(InputError, match=rf"replay\.jsonl:2: .*{field}"):
        create(file)


def test_a_file_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"nowhere\.jsonl"):
        create(tmp_path / "nowhere.jsonl")
