"""`execfeedback verify` from the shell: verdict lines, resuming, exit codes, and what a kill or a bad line does."""

import json
import os
import re
import select
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from forked import console

NO_ROOM = "execfeedback: No space left on device: make room, and give the same command again\n"
PROGRAM = [str(Path(sys.executable).with_name("execfeedback")), "verify"]


def item(n: int, **changes: Any) -> dict[str, Any]:
    solution = f"def f():\n    return {n}\n"
    return {
        "id": f"n{n}",
        "language": "python",
        "solution": solution,
        "tests": f"assert f() == {n}\n",
        **changes,
    }


def slow(n: int, seconds: float) -> dict[str, Any]:
    return item(n, solution=f"import time\ntime.sleep({seconds})\n\n\ndef f():\n    return {n}\n")


def wrong(n: int) -> dict[str, Any]:
    return item(n, solution="def f():\n    return None\n")


def written(folder: Path, *items: dict[str, Any] | str) -> Path:
    lines = (one if isinstance(one, str) else json.dumps(one) for one in items)
    path = folder / "items.jsonl"
    path.write_text("".join(line + "\n" for line in lines))
    return path


def verify(*arguments: object, **environment: str) -> subprocess.CompletedProcess[str]:
    return console("verify", *arguments, **environment)


def started(*arguments: object) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [*PROGRAM, *map(str, arguments)], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )


def lines(text: str) -> list[dict[str, Any]]:
    return [json.loads(line) for line in text.splitlines()]


def shown(rows: list[dict[str, Any]]) -> list[tuple[str, str | None]]:
    return [(row["id"], row["verdict"]) for row in rows]


def wait_for(holds: Callable[[], bool]) -> None:
    end = time.monotonic() + 60
    while not holds():
        assert time.monotonic() < end
        time.sleep(0.02)


# ---- what a wrong file does: nothing runs, nothing is written -------------------------------------------------------


@pytest.mark.parametrize(
    ("line", "words"),
    [
        ("{", "items.jsonl:2: is not JSON"),
        ("[]", "items.jsonl:2: is a list, but each line must be one JSON object"),
        (json.dumps(item(2, solution=7)), "items.jsonl:2: field 'solution'"),
        (json.dumps(item(2, soluton="x")), "items.jsonl:2: field 'soluton'"),
        (json.dumps(item(2, style="doctest")), "items.jsonl:2: field 'style'"),
        (json.dumps(item(2, limits={"cpu": 1})), "items.jsonl:2: field 'limits.cpu'"),
        (json.dumps({k: v for k, v in item(2).items() if k != "id"}), "items.jsonl:2: field 'id'"),
        (
            json.dumps(item(2, style="humaneval")),
            "items.jsonl:2: item 'n2': style 'humaneval' needs the field",
        ),
        (json.dumps(item(2, solution_files={"/x": "y"})), "items.jsonl:2: item 'n2': file path '/x'"),
        (json.dumps(item(1, tests="assert True")), "items 1 and 2 have the same id 'n1'"),
    ],
)
def test_a_wrong_line_is_named_with_its_field_and_nothing_is_written(
    line: str, words: str, tmp_path: Path
) -> None:
    items, out = written(tmp_path, item(1), line), tmp_path / "out.jsonl"

    ended = verify(items, "--out", out)

    assert (ended.returncode, ended.stdout) == (2, "")
    assert words in ended.stderr and "Traceback" not in ended.stderr
    assert not out.exists()


def test_a_file_that_is_not_there_is_named(tmp_path: Path) -> None:
    ended = verify(tmp_path / "none.jsonl")

    assert ended.returncode == 2 and "none.jsonl: no such file" in ended.stderr


@pytest.mark.parametrize("place", ["nowhere/out.jsonl", "."])
def test_an_output_that_cannot_be_written_is_named_before_anything_runs(place: str, tmp_path: Path) -> None:
    ended = verify(written(tmp_path, item(1)), "--out", tmp_path / place)

    assert ended.returncode == 2 and "--out" in ended.stderr and "cannot be written" in ended.stderr


def test_an_unknown_backend_is_refused(tmp_path: Path) -> None:
    ended = verify(written(tmp_path, item(1)), "--sandbox", "none")

    assert ended.returncode == 2 and "unknown sandbox backend 'none'" in ended.stderr


def test_without_an_engine_it_says_so_and_exits_with_4(tmp_path: Path) -> None:
    out = tmp_path / "out.jsonl"

    ended = verify(written(tmp_path, item(1)), "--out", out, DOCKER_HOST=f"unix://{tmp_path}/none.sock")

    assert ended.returncode == 4 and "none.sock" in ended.stderr and "unset DOCKER_HOST" in ended.stderr
    assert out.read_text() == ""


def test_a_service_that_is_away_is_waited_for_and_people_are_told(tmp_path: Path) -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        address = f"http://127.0.0.1:{free.getsockname()[1]}"
    with started(written(tmp_path, item(1), item(2)), "--sandbox", address, "--json") as running:
        assert running.stderr is not None
        assert select.select([running.stderr], [], [], 10)[0], "nobody is told"
        told = running.stderr.readline()
        running.send_signal(signal.SIGINT)
        out, more = running.communicate(timeout=30)

    assert told.startswith(f"{address} cannot be reached: ")
    assert re.search(r"; asking again, for at most 29\d s more$", told)
    assert (running.returncode, out) == (130, "") and address not in more


def test_an_empty_file_needs_no_engine(tmp_path: Path) -> None:
    ended = verify(written(tmp_path), DOCKER_HOST=f"unix://{tmp_path}/none.sock")

    assert (ended.returncode, ended.stdout, ended.stderr) == (0, "", "0 items: none\n")


def in_shell(script: str, items: Path) -> subprocess.CompletedProcess[str]:
    buffered = {name: value for name, value in os.environ.items() if name != "PYTHONUNBUFFERED"}
    command = ["bash", "-c", script, "bash", *PROGRAM, str(items)]
    return subprocess.run(command, env=buffered, capture_output=True, text=True)


def test_stdout_that_is_closed_is_no_fault(tmp_path: Path) -> None:
    ended = in_shell('exec "$@" >&-', written(tmp_path))

    assert (ended.returncode, ended.stderr) == (0, "0 items: none\n")


@pytest.mark.docker
@pytest.mark.parametrize(
    ("script", "status", "said"),
    [
        ('exec "$@" >&-', 0, "3 items: 3 passed\n"),
        ('"$@" | head -0; exit ${PIPESTATUS[0]}', 1, ""),
        ('"$@" --out "$0.out" --json | true; exit ${PIPESTATUS[0]}', 1, "3 items: 3 passed\n"),
        ('exec "$@" --out "$0.out" --json > /dev/full', 2, f"3 items: 3 passed\n{NO_ROOM}"),
    ],
)
def test_nobody_who_listens_is_no_traceback(script: str, status: int, said: str, tmp_path: Path) -> None:
    ended = in_shell(script.replace("$0.out", str(tmp_path / "out")), written(tmp_path, *map(item, range(3))))

    assert (ended.returncode, ended.stderr) == (status, said)


# ---- verdicts ------------------------------------------------------------------------------------------------------


@pytest.mark.docker
def test_verdicts_come_in_input_order_one_json_object_a_line(tmp_path: Path) -> None:
    ended = verify(written(tmp_path, slow(0, 1.5), item(1), wrong(2), item(3)))

    assert ended.returncode == 0
    assert shown(lines(ended.stdout)) == [
        ("n0", "passed"),
        ("n1", "passed"),
        ("n2", "wrong_answer"),
        ("n3", "passed"),
    ]
    assert ended.stderr == "4 items: 3 passed, 1 wrong_answer\n"


@pytest.mark.docker
def test_unordered_gives_verdicts_as_they_finish(tmp_path: Path) -> None:
    ended = verify(written(tmp_path, slow(0, 3), *(item(n) for n in range(1, 6))), "--unordered")

    ids = [row["id"] for row in lines(ended.stdout)]
    assert sorted(ids) == [f"n{n}" for n in range(6)] and ids[-1] == "n0"


@pytest.mark.docker
def test_json_prints_json_and_nothing_else_on_stdout(tmp_path: Path) -> None:
    items, out = written(tmp_path, item(1), wrong(2)), tmp_path / "out.jsonl"

    rows = verify(items, "--json")
    summary = verify(items, "--json", "--out", out, "--quiet")

    assert shown(lines(rows.stdout)) == [("n1", "passed"), ("n2", "wrong_answer")]
    assert lines(summary.stdout) == [
        {
            "total": 2,
            "passed": 1,
            "errors": 0,
            "verdicts": {"passed": 1, "wrong_answer": 1},
            "skipped": 0,
            "out": str(out),
        }
    ]
    assert summary.stderr == ""


@pytest.mark.docker
def test_expect_all_passed_exits_with_3_unless_all_passed(tmp_path: Path) -> None:
    assert verify(written(tmp_path, item(1), item(2)), "--expect-all-passed").returncode == 0
    assert verify(written(tmp_path, item(1), wrong(2)), "--expect-all-passed").returncode == 3
    assert verify(written(tmp_path, item(1, tests="x = 1\n")), "--expect-all-passed").returncode == 3


@pytest.mark.docker
def test_a_fault_of_ours_exits_with_4_and_harms_no_other_item(tmp_path: Path) -> None:
    items = written(tmp_path, item(1), item(2, environment="nowhere"), item(3))

    ended = verify(items)

    rows = lines(ended.stdout)
    assert (ended.returncode, shown(rows)) == (4, [("n1", "passed"), ("n2", None), ("n3", "passed")])
    assert "execfeedback images build nowhere" in rows[1]["error"] and rows[1]["passed"] is None


@pytest.mark.docker
def test_each_test_is_told_of_also_on_a_rerun_of_what_was_judged_without(tmp_path: Path) -> None:
    items, out = written(tmp_path, item(1), wrong(2)), tmp_path / "out.jsonl"
    verify(items, "--out", out)
    assert "results" not in out.read_text()

    for said in (
        "2 items: 1 passed, 1 wrong_answer\n",
        "2 items: 1 passed, 1 wrong_answer (2 judged before)\n",
    ):
        assert verify(items, "--out", out, "--results").stderr == said
        told = [[(one["name"], one["outcome"]) for one in row["results"]] for row in lines(out.read_text())]
        assert told == [[("test 1", "passed")], [("test 1", "failed")]]


# ---- resuming ------------------------------------------------------------------------------------------------------


@pytest.mark.docker
def test_a_rerun_judges_only_what_is_new_or_changed(tmp_path: Path) -> None:
    out = tmp_path / "out.jsonl"
    verify(written(tmp_path, item(1), item(2), item(3)), "--out", out)
    before = {row["id"]: row for row in lines(out.read_text())}

    ended = verify(written(tmp_path, item(0), item(1), wrong(2), item(3, why="carried")), "--out", out)

    after = lines(out.read_text())
    assert shown(after) == [("n0", "passed"), ("n1", "passed"), ("n2", "wrong_answer"), ("n3", "passed")]
    assert after[1] == before["n1"] and after[3] == before["n3"], "measured anew"
    assert ended.stderr == "4 items: 3 passed, 1 wrong_answer (2 judged before)\n"


@pytest.mark.docker
def test_a_fault_of_ours_is_tried_again_on_a_rerun(tmp_path: Path) -> None:
    out, dead = tmp_path / "out.jsonl", {"environment": "nowhere"}
    assert verify(written(tmp_path, item(1, **dead)), "--out", out).returncode == 4
    assert verify(written(tmp_path, item(1, **dead)), "--out", out).returncode == 4

    assert verify(written(tmp_path, item(1)), "--out", out).returncode == 0
    assert shown(lines(out.read_text())) == [("n1", "passed")]


@pytest.mark.docker
def test_a_last_line_that_a_kill_cut_off_is_dropped_and_judged_again(tmp_path: Path) -> None:
    items, out = written(tmp_path, item(1), item(2)), tmp_path / "out.jsonl"
    verify(items, "--out", out)
    whole = out.read_text()
    out.write_text(whole[:-40])

    verify(items, "--out", out)

    assert shown(lines(out.read_text())) == [("n1", "passed"), ("n2", "passed")]
    assert out.read_text().splitlines()[0] == whole.splitlines()[0]


@pytest.mark.docker
def test_a_verdict_file_damaged_in_the_middle_is_named_and_left_alone(tmp_path: Path) -> None:
    out = tmp_path / "out.jsonl"
    out.write_text("{}\n")

    ended = verify(written(tmp_path, item(1)), "--out", out)

    assert ended.returncode == 2 and "out.jsonl:1: field" in ended.stderr
    assert out.read_text() == "{}\n"


@pytest.mark.docker
def test_killed_at_any_moment_and_run_again_every_item_is_there_once(tmp_path: Path) -> None:
    items, out = written(tmp_path, *(slow(n, 0.15) for n in range(40))), tmp_path / "out.jsonl"
    for done in (3, 12, 25):
        process = started(items, "--out", out)
        wait_for(lambda done=done: out.exists() and out.read_text().count("\n") >= done)  # type: ignore[misc]
        process.kill()
        process.communicate()

    assert verify(items, "--out", out, "--expect-all-passed").returncode == 0
    assert [row["id"] for row in lines(out.read_text())] == [f"n{n}" for n in range(40)]


@pytest.mark.docker
@pytest.mark.parametrize(("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_an_interrupt_ends_soon_and_keeps_what_was_finished(
    number: signal.Signals, code: int, tmp_path: Path
) -> None:
    items = written(tmp_path, item(0), item(1), slow(2, 18), slow(3, 18), item(4))
    out = tmp_path / "out.jsonl"
    process = started(items, "--out", out)
    wait_for(lambda: out.exists() and out.read_text().count("\n") == 2)
    time.sleep(0.3)
    began = time.monotonic()

    process.send_signal(number)
    _, stderr = process.communicate(timeout=30)

    assert process.returncode == code and time.monotonic() - began < 12
    assert "interrupted; what was finished is kept" in stderr and "Traceback" not in stderr
    assert shown(lines(out.read_text())) == [("n0", "passed"), ("n1", "passed")]
