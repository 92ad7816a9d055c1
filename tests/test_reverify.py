"""`execfeedback reverify`: what a corpus holds is run again from the file alone, and what changed is named."""

import json
import math
import sqlite3
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from forked import console

import execfeedback as ef
from execfeedback.reverify_command import Outcome, counted, id_of, lines
from execfeedback.types import Verdict

Change = Callable[[dict[str, Any]], None]


def problem(n: int) -> dict[str, Any]:
    return {
        "id": f"add{n}",
        "statement": f"Add two numbers and {n}.",
        "entry_point": "add",
        "style": "asserts",
        "tests": f"assert add(1, 2) == {3 + n}\nassert add(5, -9) == {n - 4}\n",
    }


async def model(messages: list[dict[str, str]], n: int, **sampling: Any) -> list[str]:
    asked = messages[-1]["content"]
    number = next(k for k in range(9) if f"Add two numbers and {k}." in asked)
    return [f"```python\ndef add(a, b):\n    return a + b + {number}\n```"] * n


def reverify(*arguments: object) -> subprocess.CompletedProcess[str]:
    return console("reverify", *arguments)


def tamper(path: Path, place: int, change: Change | str, *, own_id: bool) -> str:
    """Change the record at a place of the file; `own_id` gives it the id of its new content. The id that it has now."""
    with sqlite3.connect(path) as connection:
        seq, id, body = connection.execute("SELECT seq, id, body FROM records ORDER BY seq").fetchall()[place]
        if isinstance(change, str):
            connection.execute("UPDATE records SET body = ? WHERE seq = ?", (change, seq))
            return str(id)
        stored = json.loads(body)
        change(stored)
        if own_id:
            id = stored["id"] = id_of(stored)
        connection.execute("UPDATE records SET id = ?, body = ? WHERE seq = ?", (id, json.dumps(stored), seq))
    connection.close()
    return str(id)


@pytest.mark.docker
def test_what_no_longer_holds_is_named_and_exits_with_3(tmp_path: Path) -> None:
    path, out = tmp_path / "c.db", tmp_path / "out.jsonl"
    ef.grow([problem(n) for n in range(5)], generator=model, out=path, gates=[]).close()

    whole = reverify(path, "--quiet")
    assert (whole.returncode, whole.stdout) == (0, "5 records: 5 hold\n")

    wrong = "def add(a, b):\n    return a - b\n"
    failing = tamper(path, 1, lambda row: row["item"].update(solution=wrong), own_id=True)
    altered = tamper(path, 2, lambda row: row["item"].update(solution=wrong), own_id=False)
    unreadable = tamper(path, 3, "{", own_id=False)
    moved = tamper(path, 4, lambda row: row.update(environment="sha256:other"), own_id=True)

    ended = reverify(path, "--json", "--out", out)

    told = json.loads(ended.stdout)
    assert ended.returncode == 3, ended.stderr
    assert (told["total"], told["held"], told["other_image"], told["errors"]) == (5, 2, 1, 0)
    assert {one["id"]: one["reason"] for one in told["not_held"]} == {
        failing: "wrong_answer",
        altered: "altered",
        unreadable: "unreadable",
    }
    rows = [json.loads(line) for line in out.read_text().splitlines()]
    assert [row["id"] for row in rows][1:] == [failing, altered, unreadable, moved]
    assert (
        rows[1]["verdict"]["failure"]["test"] == "assert add(1, 2) == 4" and "got: -1" in rows[1]["message"]
    )
    assert "3 records" not in ended.stderr and "2 hold" in ended.stderr


@pytest.mark.docker
def test_an_item_that_is_not_what_its_problem_says_is_altered(tmp_path: Path) -> None:
    path = tmp_path / "c.db"
    held = [{"args": [math.nan, 1], "expected": math.nan}, {"args": [5, 6], "expected": 12}]
    ef.grow(
        [problem(1) | {"holdout": held}, *map(problem, range(2, 5))], generator=model, out=path, gates=[]
    ).close()
    assert reverify(path, "--quiet").stdout == "4 records: 4 hold\n"

    changes: list[dict[str, Any]] = [
        {"holdout": []},
        {"limits": {"cpu_s": 99}},
        {"contract": {"tolerance": 5}},
        {"holdout": [{"args": [1, 2], "expected": 7}]},
    ]
    ids = [
        tamper(path, n, lambda row, change=change: row["item"].update(change), own_id=True)
        for n, change in enumerate(changes)
    ]
    ended = reverify(path, "--json", "--quiet")

    told = {one["id"]: (one["reason"], one["message"]) for one in json.loads(ended.stdout)["not_held"]}
    said = "its item is not what its problem says: "
    assert ended.returncode == 3
    assert [told[id] for id in ids] == [("altered", said + next(iter(change))) for change in changes]


@pytest.mark.docker
def test_a_fault_of_ours_is_an_error_and_exits_with_4(tmp_path: Path) -> None:
    path = tmp_path / "c.db"
    ef.grow([problem(n) for n in range(2)], generator=model, out=path, gates=[]).close()
    tamper(path, 0, lambda row: row["item"].update(environment="nowhere"), own_id=True)

    ended = reverify(path, "--json", "--quiet")

    told = json.loads(ended.stdout)
    assert (ended.returncode, told["held"], told["errors"]) == (4, 1, 1)
    assert "execfeedback images build nowhere" in told["not_held"][0]["message"]


def test_a_corpus_that_is_not_there_is_named(tmp_path: Path) -> None:
    ended = reverify(tmp_path / "none.db")

    assert ended.returncode == 2 and "no such corpus" in ended.stderr


def test_counts_and_lines_show_what_failed_and_nothing_that_acts() -> None:
    verdict = Verdict(id="a", verdict="passed", passed=True, environment="sha256:new")
    outcomes = [
        Outcome(id="a" * 64, problem="p", made_in="sha256:old", verdict=verdict),
        Outcome(id="b" * 64, problem="p", made_in="sha256:new", verdict=verdict),
        *(
            Outcome(id=f"c{n}", problem="q\x1b[2J", reason="wrong_answer", message="got\n1")
            for n in range(25)
        ),
    ]
    counts = counted(outcomes)

    assert (counts.total, counts.held, counts.errors, counts.other_image) == (27, 2, 0, 1)
    said = list(lines(counts, outcomes[2:]))
    assert said[0] == "27 records: 2 hold, 25 wrong_answer"
    assert said[2] == "  c0  q\\x1b[2J  wrong_answer: got 1"
    assert said[-1] == "  ... and 5 more; --out FILE writes all"
