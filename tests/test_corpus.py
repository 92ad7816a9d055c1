"""The corpus file: what was put comes back, what is not ours is refused, and one process writes at a time."""

import asyncio
import json
import os
import signal
import sqlite3
import subprocess
import sys
from pathlib import Path

import pytest

from execfeedback import ids
from execfeedback.corpus import Corpus, CorpusWriter
from execfeedback.corpus.lock import lock_path, writer_of
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


def a_call(text: str = "hello", cost: float | None = 0.5) -> ModelCall:
    messages = (Message(role="user", content=text),)
    id = ids.digest(["call", text])
    return ModelCall(
        id=id, kind="solution", messages=messages, text=text, model="m", prompt="p", seed=1,
        tokens_in=3, tokens_out=4, cost_usd=cost,
    )  # fmt: skip


def a_trajectory(
    problem: str = "p1", code: str = "x = 1\n", tries: int = 1, stopped: str = "passed"
) -> Trajectory:
    last = "passed" if stopped == "passed" else "wrong_answer"
    verdicts = ["wrong_answer"] * (tries - 1) + [last]
    attempts = tuple(
        Attempt(
            solution=Solution(code=f"{code}# {n}\n", author="m"),
            verdict=Verdict(
                id="i", verdict=name, passed=name == "passed", cpu_s=0.25, environment="sha256:aa"
            ),
        )
        for n, name in enumerate(verdicts)
    )
    return Trajectory(
        problem=Problem(id=problem, statement="say x"), attempts=attempts, calls=(a_call(),), stopped=stopped
    )


def a_record(trajectory: Trajectory, id: str) -> Record:
    item = Item(id=id, language="python", solution=trajectory.attempts[-1].solution.code)
    return Record(
        id=id, problem=trajectory.problem, item=item, origin="synthetic", attempts=trajectory.attempts,
        repaired=len(trajectory.attempts) > 1, gates=(GateResult(gate="static", version="1", passed=True),),
        integrity="split", environment="sha256:aa", trajectory=ids.digest(trajectory),
    )  # fmt: skip


def a_rejection(trajectory: Trajectory, id: str) -> Rejection:
    gate = GateResult(gate="stable", version="1", passed=False, reason="flaky", evidence={"seed": 7})
    return Rejection(
        id=id, problem=trajectory.problem.id, trajectory=ids.digest(trajectory), reason="flaky", gates=(gate,)
    )


def test_what_was_put_comes_back_equal(tmp_path: Path) -> None:
    path = tmp_path / "c.db"
    kept, refused = a_trajectory(tries=2), a_trajectory("p2")
    with CorpusWriter(path) as writer:
        writer.put(a_call())
        writer.put(a_call())
        for unit, trajectory in (("u1", kept), ("u2", refused)):
            id = writer.put_trajectory(unit, trajectory)
            writer.put_examination(unit, id, (), {"unit": unit})
        writer.admit("u1", a_record(kept, "r1"), keys={"g": ["k"]})
        writer.admit("u2", a_rejection(refused, "x1"))
    with Corpus(path) as corpus:
        assert corpus.trajectory(ids.digest(kept)) == kept
        assert list(corpus.records()) == [a_record(kept, "r1")]
        assert list(corpus.rejections()) == [a_rejection(refused, "x1")]
        assert corpus.call(a_call().id) == a_call()
        assert corpus.call("nothing") is None
        assert corpus.gate_results(ids.digest(refused))[0].evidence == {"seed": 7}
        assert list(corpus.environments()) == ["sha256:aa"]
        counts = corpus.counts()
    assert (counts.trajectories, counts.verified_at_once, counts.repaired) == (2, 1, 1)
    assert (counts.records, counts.rejections, counts.calls, counts.attempts) == (1, 1, 1, 3)
    assert (counts.cost_usd, counts.tokens_in, counts.tokens_out) == (0.5, 3, 4)


def test_a_call_of_unknown_price_is_counted_and_not_added(tmp_path: Path) -> None:
    with CorpusWriter(tmp_path / "c.db") as writer:
        writer.put(a_call("a", cost=None))
        writer.put(a_call("b", cost=0.25))
        counts = writer.corpus.counts()
    assert (counts.cost_usd, counts.calls_without_price) == (0.25, 1)


def test_a_unit_goes_from_unknown_to_admitted(tmp_path: Path) -> None:
    trajectory = a_trajectory()
    with CorpusWriter(tmp_path / "c.db") as writer:
        assert writer.unit("u").trajectory is None
        id = writer.put_trajectory("u", trajectory)
        assert (writer.unit("u").trajectory, writer.unit("u").examination) == (id, None)
        writer.put_examination("u", id, (), {"found": [1]})
        assert (writer.unit("u").examination, writer.unit("u").admitted) == ({"found": [1]}, False)
        writer.admit("u", a_record(trajectory, "r"), keys={"g": ["key"]})
        assert writer.unit("u").admitted
        assert list(writer.admitted_keys()) == [{"g": ["key"]}]


def test_a_transaction_that_fails_leaves_nothing(tmp_path: Path) -> None:
    trajectory = a_trajectory()
    with CorpusWriter(tmp_path / "c.db") as writer:
        writer.put_trajectory("u", trajectory)
        writer.admit("u", a_record(trajectory, "r1"))
        with pytest.raises(sqlite3.IntegrityError):
            writer.admit("u", a_record(trajectory, "r2"))
        assert [record.id for record in writer.corpus.records()] == ["r1"]


def rows(path: Path, table: str) -> int:
    """What another process would see."""
    connection = sqlite3.connect(path)
    (count,) = connection.execute(f"SELECT count(*) FROM {table}").fetchone()
    connection.close()
    return int(count)


async def test_one_step_of_the_loop_is_kept_together_and_at_once(tmp_path: Path) -> None:
    path = tmp_path / "c.db"
    with CorpusWriter(path) as writer:
        writer.put(a_call("one"))
        writer.event("said", {})
        assert (rows(path, "calls"), rows(path, "events")) == (0, 0)
        await asyncio.sleep(0)
        assert (rows(path, "calls"), rows(path, "events")) == (1, 1)
        writer.put(a_call("two"))
    assert rows(path, "calls") == 2


async def test_what_fails_takes_back_its_step_and_no_other(tmp_path: Path) -> None:
    path = tmp_path / "c.db"
    with CorpusWriter(path) as writer:
        writer.put(a_call("one"))
        await asyncio.sleep(0)
        writer.put(a_call("two"))
        with pytest.raises(TypeError):
            writer.event("said", {"what": object()})
        await asyncio.sleep(0)
        writer.put(a_call("three"))
    with Corpus(path) as corpus:
        assert [corpus.call(a_call(text).id) is not None for text in ("one", "two", "three")] == [
            True,
            False,
            True,
        ]


FULL_DISK = """
import asyncio, resource, signal, sys
from pathlib import Path
from execfeedback.corpus import CorpusWriter
from execfeedback.errors import CorpusError

async def fill(path):
    with CorpusWriter(Path(path)) as writer:
        size = 200_000
        resource.setrlimit(resource.RLIMIT_FSIZE, (size, size))
        for n in range(1000):
            writer.event("filled", {"n": n, "text": "x" * 1000})
            if sys.argv[2] == "steps":
                await asyncio.sleep(0)
                print(n)

def fill_at_once(path):
    with CorpusWriter(Path(path)) as writer:
        resource.setrlimit(resource.RLIMIT_FSIZE, (200_000, 200_000))
        for n in range(1000):
            writer.event("filled", {"n": n, "text": "x" * 1000})
            print(n)

try:
    fill_at_once(sys.argv[1]) if sys.argv[2] == "apart" else asyncio.run(fill(sys.argv[1]))
except CorpusError as error:
    sys.exit(f"CorpusError: {error}")
"""


@pytest.mark.parametrize("how", ["apart", "steps", "one step"])
def test_a_full_disk_is_said_and_what_was_kept_is_whole(tmp_path: Path, how: str) -> None:
    path = tmp_path / "c.db"
    done = subprocess.run(
        [sys.executable, "-c", FULL_DISK, str(path), how], capture_output=True, text=True, check=False
    )
    assert done.returncode == 1
    assert done.stderr.startswith(f"CorpusError: {path}: cannot be written (")
    assert "make room" in done.stderr
    said = len(done.stdout.splitlines())
    kept = rows(path, "events")
    assert said - 1 <= kept <= said if how == "steps" else kept == said
    with CorpusWriter(path) as writer:
        writer.event("after", {})
    assert rows(path, "events") == kept + 1


def test_a_try_that_no_model_answered_is_not_counted_beside_the_one_after_it(tmp_path: Path) -> None:
    with CorpusWriter(tmp_path / "c.db") as writer:
        for tries in (1, 2):
            writer.put_trajectory(None, a_trajectory(tries=tries, stopped="model"))
            counts = writer.corpus.counts()
            assert (counts.trajectories, counts.failed, counts.attempts) == (1, 1, tries)
        other = a_trajectory(problem="p2", stopped="model")
        writer.put_trajectory(None, other)
        writer.put_trajectory("u", a_trajectory(tries=3))
        counts = writer.corpus.counts()
        assert (counts.trajectories, counts.repaired, counts.failed, counts.attempts) == (2, 1, 1, 4)


def test_distinct_solutions_are_counted_apart_from_records(tmp_path: Path) -> None:
    first, second = a_trajectory(tries=2), a_trajectory(tries=2, code="y = 1\n")
    fixed = first.attempts[-1].solution
    second = second.model_copy(
        update={"attempts": (second.attempts[0], second.attempts[1].model_copy(update={"solution": fixed}))}
    )
    with CorpusWriter(tmp_path / "c.db") as writer:
        for n, trajectory in enumerate((first, second)):
            writer.put_trajectory(f"u{n}", trajectory)
            writer.admit(f"u{n}", a_record(trajectory, f"r{n}"))
        counts = writer.corpus.counts()
    assert (counts.records, counts.distinct_solutions) == (2, 1)


def test_a_lone_surrogate_in_code_survives(tmp_path: Path) -> None:
    trajectory = a_trajectory(code="s = '\udcff'\n")
    with CorpusWriter(tmp_path / "c.db") as writer:
        id = writer.put_trajectory("u", trajectory)
        assert writer.corpus.trajectory(id) == trajectory


def test_find_takes_a_prefix_and_about_a_problem(tmp_path: Path) -> None:
    trajectory = a_trajectory("HumanEval/1")
    with CorpusWriter(tmp_path / "c.db") as writer:
        id = writer.put_trajectory("u", trajectory)
        writer.put_trajectory("v", a_trajectory("HumanEval/10"))
        writer.admit("u", a_record(trajectory, "abcd"))
        assert writer.corpus.find("abc") == [("record", "abcd")]
        assert writer.corpus.find("ab%") == []
        assert writer.corpus.about("HumanEval/1") == [("record", "abcd"), ("trajectory", id)]
        assert len(writer.corpus.about("Eval/1")) == 3
        assert writer.corpus.about("%") == []


@pytest.mark.parametrize("content", [b"not a database, but long enough to be one" * 40, b"x"])
def test_a_file_that_is_not_a_database_is_refused_and_unchanged(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "notes.txt"
    path.write_bytes(content)
    for opened in (Corpus, CorpusWriter):
        with pytest.raises(InputError, match=r"notes\.txt: is not a corpus"):
            opened(path)
    assert path.read_bytes() == content
    assert not lock_path(path).exists()


def test_a_database_of_somebody_else_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "other.db"
    connection = sqlite3.connect(path)
    connection.execute("CREATE TABLE theirs (x)")
    connection.commit()
    connection.close()
    for opened in (Corpus, CorpusWriter):
        with pytest.raises(InputError, match="is not a corpus"):
            opened(path)


def test_a_newer_schema_is_refused_with_the_remedy(tmp_path: Path) -> None:
    path = tmp_path / "c.db"
    CorpusWriter(path).close()
    connection = sqlite3.connect(path)
    connection.execute("PRAGMA user_version = 999")
    connection.close()
    for opened in (Corpus, CorpusWriter):
        with pytest.raises(InputError, match=r"schema 999.*upgrade execfeedback"):
            opened(path)


def test_a_folder_and_a_missing_folder_are_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="is a folder"):
        CorpusWriter(tmp_path)
    with pytest.raises(InputError, match="does not exist"):
        CorpusWriter(tmp_path / "no" / "c.db")
    with pytest.raises(InputError, match="no such corpus"):
        Corpus(tmp_path / "none.db")


READ_ONLY = 'mount --bind "$0" "$0" && mount -o remount,ro,bind "$0" && cd "$0" && exec "$@"'
"""In a mount namespace of its own: a folder that not even root may write to, and a command that looks at it."""


@pytest.mark.parametrize(
    ("command", "status", "words"),
    [
        (["status", "c.db"], 0, "nobody is growing it"),
        (["grow", "p.jsonl", "--out", "new.db"], 2, "new.db: cannot be written (Read-only file system)"),
        (["report", "c.db", "--out", "r.html"], 2, "Read-only file system; give another place"),
        (["merge", "c.db", "--out", "m.db"], 2, "Read-only file system; give another place"),
    ],
)
def test_a_corpus_on_a_read_only_disk_is_read_and_what_cannot_be_written_is_said(
    tmp_path: Path, command: list[str], status: int, words: str
) -> None:
    (tmp_path / "p.jsonl").write_text('{"id": "p", "statement": "s", "tests": "assert f() == 1"}\n')
    with CorpusWriter(tmp_path / "c.db") as writer:
        trajectory = a_trajectory()
        id = writer.put_trajectory("u", trajectory)
        writer.admit("u", a_record(trajectory, id))
    unshared = ["unshare", "--mount", "sh", "-c", READ_ONLY, str(tmp_path)]
    if subprocess.run([*unshared, "true"], capture_output=True).returncode:
        pytest.skip("this machine does not let us mount")
    ours = [sys.executable, "-m", "execfeedback", *command]
    done = subprocess.run([*unshared, *ours], cwd=tmp_path, capture_output=True, text=True)
    assert (done.returncode, words in done.stdout + done.stderr) == (status, True), done.stdout + done.stderr
    assert "Traceback" not in done.stderr


OURS = [sys.executable, "-m", "execfeedback"]
FULL = 'cd "$0" && mount -t tmpfs -o size=64k none full && head -c 60K /dev/zero > full/filler && exec "$@"'
"""Likewise: a folder `full` on a disk with room for one page."""


@pytest.mark.parametrize(
    ("command", "status", "words"),
    [
        (["sh", "-c", 'exec "$@" > /dev/full', "sh", *OURS, "status", "c.db"], 2, "No space left on device"),
        (["report", "c.db", "--out", "full/r.html"], 2, "No space left on device: make room"),
        (["export", "c.db", "--format", "jsonl", "--out", "full/x"], 2, "No space left on device: make room"),
        (
            ["merge", "c.db", "--out", "full/m.db"],
            1,
            "cannot be written (database or disk is full); make room",
        ),
        pytest.param(
            ["grow", "p.jsonl", "--generator", "mutate", "--out", "full/c.db"],
            1,
            "full/c.db: cannot be written (database or disk is full); make room",
            marks=pytest.mark.docker,
        ),
        pytest.param(
            ["grow", "p.jsonl", "--generator", "mutate", "--out", "new.db", "--events", "full/e.jsonl"],
            2,
            "--events full/e.jsonl: cannot be written: No space left on device",
            marks=pytest.mark.docker,
        ),
    ],
)
def test_every_command_says_that_the_disk_is_full(
    tmp_path: Path, command: list[str], status: int, words: str
) -> None:
    tried = {"id": "p" * 5000, "statement": "s", "entry_point": "f", "tests": "assert f(1) == 2"}
    code = "def f(n):\n    return n + 1\n"
    (tmp_path / "p.jsonl").write_text(json.dumps({**tried, "reference": code}) + "\n")
    with CorpusWriter(tmp_path / "c.db") as writer:
        trajectory = a_trajectory(code="#" * 5000 + "\n")
        id = writer.put_trajectory("u", trajectory)
        writer.admit("u", a_record(trajectory, id))
    unshared = ["unshare", "--mount", "sh", "-c", FULL, str(tmp_path)]
    (tmp_path / "full").mkdir()
    if subprocess.run([*unshared, "true"], capture_output=True).returncode:
        pytest.skip("this machine does not let us mount")
    ours = command if command[0] == "sh" else [*OURS, *command]
    done = subprocess.run([*unshared, *ours], capture_output=True, text=True)
    assert (done.returncode, words in done.stderr) == (status, True), done.stderr
    assert "Traceback" not in done.stderr


@pytest.mark.parametrize(
    "command",
    [
        ["status", "c.db"],
        ["show", "c.db", "p1"],
        ["report", "c.db"],
        ["export", "c.db", "--format", "sft", "--out", "x"],
        ["merge", "c.db", "--out", "m.db"],
    ],
)
def test_a_corpus_that_is_damaged_is_said_to_be_so(tmp_path: Path, command: list[str]) -> None:
    with CorpusWriter(tmp_path / "c.db") as writer:
        for n in range(9):
            trajectory = a_trajectory(code="#" * 9000 + f"{n}\n")
            writer.admit(f"u{n}", a_record(trajectory, writer.put_trajectory(f"u{n}", trajectory)))
    whole = (tmp_path / "c.db").read_bytes()
    (tmp_path / "c.db").write_bytes(whole[: len(whole) // 3].ljust(len(whole), b"U"))
    done = subprocess.run([*OURS, *command], cwd=tmp_path, capture_output=True, text=True)
    assert (done.returncode, done.stderr.count("\n")) == (2, 1), done.stderr
    assert "damaged" in done.stderr
    assert [p.name for p in tmp_path.rglob("*") if p.is_file() and "db-" not in p.name] == ["c.db"]


def test_what_is_for_stderr_is_not_printed_elsewhere_where_stderr_is_closed(tmp_path: Path) -> None:
    closed = ["sh", "-c", 'exec "$@" 2>&-', "sh", *OURS, "status", str(tmp_path / "none.db"), "--json"]
    done = subprocess.run(closed, capture_output=True, text=True)
    assert (done.returncode, done.stdout) == (2, "")


def test_a_second_writer_is_told_who_the_first_is(tmp_path: Path) -> None:
    path = tmp_path / "c.db"
    with CorpusWriter(path):
        assert writer_of(path) == os.getpid()
        with pytest.raises(InputError, match=f"process {os.getpid()} is growing this corpus"):
            CorpusWriter(path)
        with Corpus(path) as reader:
            assert reader.counts().records == 0
    assert writer_of(path) is None
    assert sorted(tmp_path.iterdir()) == [path]
    CorpusWriter(path).close()


WRITE_FOR_EVER = """
import sys
from pathlib import Path
from execfeedback.corpus import CorpusWriter
from execfeedback.types import ModelCall
writer = CorpusWriter(Path(sys.argv[1]))
n = 0
while True:
    writer.put(ModelCall(id=str(n), kind="tests", messages=(), text="t" * 500, model="m", prompt="p", seed=0))
    print(n, flush=True)
    n += 1
"""


def test_a_kill_loses_nothing_that_was_put(tmp_path: Path) -> None:
    path = tmp_path / "c.db"
    process = subprocess.Popen(
        [sys.executable, "-c", WRITE_FOR_EVER, str(path)], stdout=subprocess.PIPE, text=True
    )
    assert process.stdout is not None
    last = [int(process.stdout.readline()) for _ in range(50)][-1]
    assert writer_of(path) == process.pid
    process.send_signal(signal.SIGKILL)
    last = max([last, *(int(line) for line in process.stdout.read().split("\n")[:-1])])
    process.wait()
    process.stdout.close()
    with CorpusWriter(path) as writer:
        assert writer.corpus.call(str(last)) is not None
        assert writer.corpus.counts().calls in (last + 1, last + 2)


def test_a_file_whose_maker_was_killed_at_once_is_made_whole(tmp_path: Path) -> None:
    path = tmp_path / "c.db"
    connection = sqlite3.connect(path)
    connection.execute("PRAGMA journal_mode=WAL")
    connection.close()
    with pytest.raises(InputError, match="is not a corpus"):
        Corpus(path)
    with CorpusWriter(path) as writer:
        assert writer.corpus.counts().records == 0
