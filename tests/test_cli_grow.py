"""`grow`, `status`, `show`, `report`, `export` as people and scripts call them."""

import json
import os
import random
import re
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest
from forked import console

from execfeedback import ids
from execfeedback.config import GATES
from execfeedback.corpus import Corpus, CorpusWriter
from execfeedback.progress import Progress, after
from execfeedback.screen import line
from execfeedback.types import (
    Attempt,
    GateResult,
    Item,
    ModelCall,
    Problem,
    Record,
    Rejection,
    Solution,
    Trajectory,
    Verdict,
)

ROOT = Path(__file__).resolve().parent.parent
FOUNDATIONS = ROOT / "problems" / "foundations"


def problem_file(folder: Path, *rows: dict[str, Any]) -> Path:
    path = folder / "problems.jsonl"
    given = rows or (
        {
            "id": "add",
            "statement": "Add two numbers.",
            "entry_point": "add",
            "style": "asserts",
            "tests": "assert add(1, 2) == 3\n",
        },
    )
    path.write_text("".join(json.dumps(row) + "\n" for row in given))
    return path


def small_corpus(path: Path, hostile: str = "") -> tuple[str, str]:
    """One record and one rejection; their ids."""
    with CorpusWriter(path) as writer:
        for unit, passes in (("u1", True), ("u2", False)):
            codes = [f"def f():\n    return 1{hostile}\n", "def f():\n    return 2\n"]
            attempts = tuple(
                Attempt(
                    solution=Solution(code=code, author="m"),
                    verdict=Verdict(id="i", verdict="passed" if good else "wrong_answer", passed=good),
                    feedback="" if good else f"1 == 2 {hostile}",
                )
                for code, good in zip(codes, (False, passes), strict=True)
            )
            problem = Problem(id=f"p-{unit}", statement=f"Return two. {hostile}")
            stopped = "passed" if passes else "attempts"
            trajectory = Trajectory(problem=problem, attempts=attempts, stopped=stopped)
            id = writer.put_trajectory(unit, trajectory)
            if not passes:
                writer.admit(unit, Rejection(id="bad1", problem=problem.id, trajectory=id, reason="attempts"))
                continue
            item = Item(id="i", language="python", solution=codes[1])
            record = Record(
                id="good1",
                problem=problem,
                item=item,
                origin="semi_synthetic",
                attempts=attempts,
                repaired=True,
                gates=(GateResult(gate="stable", version="1", passed=True),),
                integrity="split",
                environment="sha256:1",
                trajectory=id,
            )
            writer.admit(unit, record)
    return "good1", "bad1"


# ---- looking at a corpus ---------------------------------------------------------------------------------------


def test_status_counts_and_says_who_grows(tmp_path: Path) -> None:
    path = tmp_path / "c.db"
    small_corpus(path)
    said = console("status", path)
    assert said.returncode == 0
    assert "nobody is growing it" in said.stdout
    assert re.search(r"records\s+1 \(1 distinct final solutions\)", said.stdout)
    with CorpusWriter(path):
        facts = json.loads(console("status", path, "--json").stdout)
    assert facts["growing_pid"] == os.getpid()
    assert facts["counts"]["rejections"] == 1
    assert facts["rejected_by"] == {"attempts": 1}


def test_show_tells_the_story_and_no_escape_reaches_the_terminal(tmp_path: Path) -> None:
    path = tmp_path / "c.db"
    record, rejection = small_corpus(path, hostile="\x1b[2J\x07 [bold]markup[/bold]")
    said = console("show", path, record)
    assert said.returncode == 0
    assert "\x1b" not in said.stdout
    assert "\x07" not in said.stdout
    assert "\\x1b[2J" in said.stdout
    assert "[bold]markup[/bold]" in said.stdout
    for expected in (
        "Return two.",
        "attempt 1: wrong_answer",
        "attempt 2: passed",
        "+    return 2",
        "gate stable 1: passed",
    ):
        assert expected in said.stdout
    assert "rejected: attempts" in console("show", path, rejection).stdout
    assert json.loads(console("show", path, record, "--json").stdout)["id"] == record


def test_show_takes_a_prefix_or_a_problem(tmp_path: Path) -> None:
    path = tmp_path / "c.db"
    small_corpus(path)
    assert "record good1" in console("show", path, "go").stdout
    of_problem = console("show", path, "p-u1")
    assert of_problem.returncode == 0
    assert "record good1" in of_problem.stdout
    assert "of 2, the first is shown" in of_problem.stderr
    missing = console("show", path, "zzz")
    assert (missing.returncode, "no id starts with 'zzz'" in missing.stderr) == (2, True)


def test_an_ambiguous_prefix_lists_what_it_could_mean(tmp_path: Path) -> None:
    path = tmp_path / "c.db"
    small_corpus(path)
    with CorpusWriter(path) as writer:
        trajectory = next(writer.corpus.trajectories())
        for id in ("go1", "go2"):
            rejection = Rejection(id=id, problem="p", trajectory=ids.digest(trajectory), reason="attempts")
            writer.admit(id, rejection)
    several = console("show", path, "go")
    assert (several.returncode, several.stdout) == (2, "")
    assert "'go' names 3" in several.stderr
    for expected in ("record     good1", "rejection  go1", "rejection  go2"):
        assert expected in several.stderr


def test_report_and_export_write_what_they_say(tmp_path: Path) -> None:
    path = tmp_path / "c.db"
    small_corpus(path)
    assert json.loads(console("report", path, "--json").stdout) == {"report": str(tmp_path / "c.html")}
    assert (tmp_path / "c.html").read_text("utf-8").startswith("<!doctype html>")
    manifest = json.loads(
        console("export", path, "--format", "jsonl", "--out", tmp_path / "raw", "--json").stdout
    )
    assert manifest["rows"] == 1
    left = console("export", path, "--format", "sft", "--out", tmp_path / "sft")
    assert "0 rows" in left.stdout
    assert "1 semi-synthetic records were left out" in left.stdout
    taken = console("export", path, "--format", "sft", "--out", tmp_path / "sft", "--include-semi-synthetic")
    assert "1 rows" in taken.stdout
    unknown = console("export", path, "--format", "nope", "--out", tmp_path / "x")
    assert (unknown.returncode, all(name in unknown.stderr for name in ("dpo", "jsonl", "sft", "verl"))) == (
        2,
        True,
    )


@pytest.mark.parametrize("command", [["status"], ["show"], ["report"], ["export"]])
def test_a_file_that_is_no_corpus_is_refused(tmp_path: Path, command: list[str]) -> None:
    path = tmp_path / "notes.txt"
    path.write_text("hello, these are notes")
    more = {"show": ["x"], "export": ["--format", "sft", "--out", tmp_path / "o"]}
    said = console(*command, path, *more.get(command[0], []))
    assert (said.returncode, said.stdout) == (2, "")
    assert "notes.txt: is not a corpus" in said.stderr
    assert path.read_text() == "hello, these are notes"


# ---- grow without an engine --------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "text", "words"),
    [
        (None, "", "prompts_dir: own is not a folder"),
        ("solver.md", "=== user ===\nWrite it.\n", "prompts_dir: own holds none of document.md, "),
        ("solve.md", "Write it.\n", "own/solve.md: must start with a line"),
        ("judge.md", "=== user ===\n{{ statement\n", "own/judge.md: "),
    ],
)
def test_prompts_that_cannot_be_used_are_named_before_anything_is_written(
    tmp_path: Path, name: str | None, text: str, words: str
) -> None:
    problems = problem_file(tmp_path)
    own = tmp_path / "own"
    (tmp_path / "c.toml").write_text(f'prompts_dir = "{own}"\n', encoding="utf-8")
    if name is not None:
        own.mkdir()
        (own / name).write_text(text, encoding="utf-8")
    said = console("grow", problems, "--out", tmp_path / "c.db", "--config", tmp_path / "c.toml")
    assert (said.returncode, words in said.stderr.replace(f"{tmp_path}/", "")) == (2, True), said.stderr
    assert not (tmp_path / "c.db").exists()


def test_dry_run_says_what_would_be_done_and_touches_nothing(tmp_path: Path) -> None:
    problems = problem_file(tmp_path)
    said = console("grow", problems, "--out", tmp_path / "c.db", "--samples", 3, "--dry-run", "--json")
    plan = json.loads(said.stdout)
    assert (plan["units"], plan["to_do"], plan["solutions_at_most"], plan["cost_usd"]) == (3, 3, 12, 0.0)
    assert plan["gates"] == list(GATES)
    assert sorted(tmp_path.iterdir()) == [problems]


def test_dry_run_of_a_model_does_not_call_its_price_nothing(tmp_path: Path) -> None:
    problems = problem_file(tmp_path)
    said = console("grow", problems, "--out", tmp_path / "c.db", "--model", "openai/some-model", "--dry-run")
    assert said.returncode == 0, said.stderr
    assert "generator litellm" in said.stdout
    assert "cost: unknown" in said.stdout


def test_dry_run_says_what_a_budget_and_the_past_make_of_it(tmp_path: Path) -> None:
    problems = problem_file(tmp_path, *({"id": f"p{n}", "statement": "s"} for n in range(5)))
    config = tmp_path / "c.toml"
    config.write_text(
        "samples = 4\n[budget]\nproblem_attempts = 6\nmax_tokens = 1000\nmax_cost = 2.5\n"
        '[roles.solver]\nmodel = "m"\napi_base = "http://127.0.0.1:9/v1"\nprice_in = 1\nprice_out = 2\n'
    )
    arguments = (
        "grow",
        problems,
        "--out",
        tmp_path / "c.db",
        "--config",
        config,
        "--generator",
        "openai-http",
    )
    plan = json.loads(console(*arguments, "--dry-run", "--json").stdout)
    assert (plan["units"], plan["solutions_at_most"], plan["cost_usd"], plan["tokens"]) == (
        20,
        30,
        None,
        None,
    )
    assert plan["budget"] == {"max_cost": 2.5, "max_tokens": 1000, "problem_attempts": 6}
    said = console(*arguments, "--dry-run")
    assert "it would stop at max_cost 2.5, max_tokens 1000, problem_attempts 6" in said.stdout
    spent = {"tokens_in": 10, "tokens_out": 20, "cost_usd": 0.25}
    with CorpusWriter(tmp_path / "c.db") as writer:
        made = ModelCall(id="c", kind="solution", messages=(), text="", model="m", prompt="", seed=0, **spent)
        writer.put(made)
        writer.put_trajectory(
            "u", Trajectory(problem=Problem(id="p", statement=""), calls=(made,), stopped="no_code")
        )
        writer.event("waste", {"call": "c", "why": "empty", "model": "m", **spent})
    plan = json.loads(console(*arguments, "--dry-run", "--json").stdout)
    assert (plan["cost_usd"], plan["tokens"]) == (20 * 0.5, 20 * 60)


def test_dry_run_says_where_samples_would_go(tmp_path: Path) -> None:
    problems = problem_file(tmp_path, *({"id": f"p{n}", "statement": "s"} for n in range(2)))
    arguments = ("grow", problems, "--out", tmp_path / "c.db", "--samples", 3, "--steer", "--dry-run")
    plan = json.loads(console(*arguments, "--json").stdout)
    assert (plan["units"], plan["decided"]) == (6, 0)
    assert plan["steered"] == {"rounds": 2, "chosen": 0, "next": {"p0": 1, "p1": 1}}
    said = console(*arguments).stdout
    assert "0 of 2 rounds chosen; most of the next, by what is known now: p0 1, p1 1" in said


def test_steering_goes_with_what_it_can_be_done_with(tmp_path: Path) -> None:
    problems, config = problem_file(tmp_path), tmp_path / "c.toml"
    config.write_text("[budget]\nproblem_attempts = 6\n")
    grow = ("grow", problems, "--out", tmp_path / "c.db", "--steer", "--dry-run")
    said = console(*grow, "--config", config)
    assert (said.returncode, "give one of them" in said.stderr) == (2, True)
    said = console(*grow, "--replay", problems)
    assert (said.returncode, "fixed number of samples" in said.stderr) == (2, True)


def test_a_bad_problem_is_named_and_nothing_is_half_written(tmp_path: Path) -> None:
    problems = problem_file(tmp_path, {"id": "a", "statement": "s"}, {"statement": "no id"})
    said = console("grow", problems, "--out", tmp_path / "c.db")
    assert said.returncode == 2
    assert f"{problems}:2" in said.stderr
    assert "id" in said.stderr
    assert sorted(tmp_path.iterdir()) == [problems]


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["--generator", "nope"], "there is no generator 'nope'"),
        (["--generator", "replay"], "needs --replay FILE"),
        (["--replay", "missing.jsonl"], "missing.jsonl: no such file"),
        (["--generator", "mutate", "--replay", "x"], "--replay goes with --generator replay"),
        (["--generator", "batch", "--model", "m"], "--generator batch needs --batch-dir DIR"),
        (["--generator", "mutate", "--batch-dir", "x"], "--batch-dir goes with --generator batch"),
        (["--generator", "openai-http", "--model", "m"], "m: api_base: openai-http needs the address"),
        (
            ["--model", "openai/nobody-prices-this", "--max-cost", "1"],
            "price of openai/nobody-prices-this is not known",
        ),
        (["--batch-dir", "d", "--model", "m", "--max-cost", "1"], "Give price_in and price_out"),
        (["--calls", "0"], "--calls"),
        (["--sandbox", "nowhere"], "nowhere"),
        (["--config", "none.toml"], "none.toml"),
    ],
)
def test_usage_errors_name_the_remedy(tmp_path: Path, arguments: list[str], words: str) -> None:
    said = console("grow", problem_file(tmp_path), "--out", tmp_path / "c.db", *arguments)
    assert said.returncode == 2
    assert words in said.stderr
    assert not (tmp_path / "c.db").exists()


def test_without_an_engine_it_exits_4_and_says_so(tmp_path: Path) -> None:
    engine = f"unix://{tmp_path}/none.sock"
    said = console("grow", problem_file(tmp_path), "--out", tmp_path / "c.db", "--json", DOCKER_HOST=engine)
    assert said.returncode == 4
    assert "execfeedback:" in said.stderr
    assert json.loads(said.stdout)["error"]


def test_a_corpus_that_is_grown_by_another_is_refused(tmp_path: Path) -> None:
    with CorpusWriter(tmp_path / "c.db"):
        said = console("grow", problem_file(tmp_path), "--out", tmp_path / "c.db")
    assert (said.returncode, f"process {os.getpid()} is growing" in said.stderr) == (2, True)


# ---- progress ----------------------------------------------------------------------------------------------------


def test_progress_moves_when_work_starts() -> None:
    unit = {"problem": "p", "sample": 1}
    events: list[dict[str, Any]] = [{"event": "run", "units": 4}, {"event": "started", **unit}]
    progress = Progress()
    for event in events:
        progress = after(progress, event)
    assert (progress.started, progress.running, progress.current) == (1, 1, {"p 1": "asking"})
    assert line(progress, 1.0).startswith("0/4 units, 1 running")
    for event in (
        {"event": "call", "kind": "solution", "cost_usd": None, **unit},
        {"event": "attempt", "verdict": "passed", **unit},
        {"event": "trajectory", "stopped": "passed", "attempts": 2, **unit},
        {"event": "gate", "gate": "stable", **unit},
        {"event": "finished", **unit},
        {"event": "rejection", "reason": "stable:flaky", **unit},
    ):
        progress = after(progress, event)
    assert (progress.repaired, progress.rejected, progress.running, progress.unknown_prices) == (1, 1, 0, 1)
    assert progress.reasons == {"stable:flaky": 1}


def test_a_cached_call_is_not_paid_again() -> None:
    event = {"event": "call", "problem": "p", "cost_usd": 0.5, "cached": True}
    assert after(Progress(), event) == Progress()


# ---- the real thing ------------------------------------------------------------------------------------------------


def growing(path: Path, *more: object) -> list[str]:
    arguments = [
        "grow",
        FOUNDATIONS,
        "--out",
        path,
        "--limit",
        6,
        "--samples",
        2,
        "--workers",
        2,
        "--seed",
        3,
        *more,
    ]
    return [sys.executable, "-c", "from execfeedback.cli import main; main()", *map(str, arguments)]


def record_ids(path: Path) -> list[str]:
    with Corpus(path) as corpus:
        return [record.id for record in corpus.records()]


@pytest.fixture(scope="module")
def uninterrupted(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("whole") / "c.db"
    done = subprocess.run(growing(path, "--json"), capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    document = json.loads(done.stdout)
    assert document["counts"]["records"] == len(record_ids(path)) > 0
    assert document["error"] is None
    return path


@pytest.mark.docker
@pytest.mark.slow
def test_sigkill_at_five_random_moments_ends_with_the_same_records(
    tmp_path: Path, uninterrupted: Path
) -> None:
    path, chances, killed = tmp_path / "c.db", random.Random(11), 0
    for _ in range(5):
        process = subprocess.Popen(growing(path, "--quiet"), stderr=subprocess.DEVNULL)
        time.sleep(1 + 3 * chances.random())
        killed += process.poll() is None
        process.send_signal(signal.SIGKILL)
        process.wait()
    subprocess.run(growing(path, "--quiet"), check=True)
    assert killed >= 2
    assert record_ids(path) == record_ids(uninterrupted)


@pytest.mark.docker
@pytest.mark.slow
@pytest.mark.parametrize(("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_a_signal_ends_gracefully_and_the_same_command_goes_on(
    tmp_path: Path, uninterrupted: Path, number: signal.Signals, code: int
) -> None:
    path = tmp_path / "c.db"
    process = subprocess.Popen(growing(path), stderr=subprocess.PIPE, stdout=subprocess.DEVNULL, text=True)
    assert process.stderr is not None
    process.stderr.readline()  # the first line comes when work starts
    process.send_signal(number)
    told = process.stderr.read()
    process.stderr.close()
    assert process.wait() == code
    assert "interrupted; what was finished is kept" in told
    kept = record_ids(path)
    assert kept == record_ids(uninterrupted)[: len(kept)]
    subprocess.run(growing(path, "--quiet"), check=True)
    assert record_ids(path) == record_ids(uninterrupted)


@pytest.mark.docker
@pytest.mark.slow
def test_by_files_it_waits_exits_0_and_goes_on(tmp_path: Path) -> None:
    problems, folder, corpus = problem_file(tmp_path), tmp_path / "files", tmp_path / "c.db"
    grow = ("grow", problems, "--out", corpus, "--batch-dir", folder, "--model", "m", "--workers", 1)
    first = console(*grow)
    assert first.returncode == 0, first.stderr
    assert "1 units wait for answers; the same command goes on with them" in first.stdout
    asked, answers = folder / "requests-001.jsonl", folder / "responses-001.jsonl"
    assert f"{asked} -> {answers}" in first.stdout
    question = json.loads(asked.read_text("utf-8"))
    text = "```python\ndef add(a, b):\n    return a + b\n```"
    choice = {"index": 0, "message": {"role": "assistant", "content": text}, "finish_reason": "stop"}
    body = {
        "status_code": 200,
        "body": {"choices": [choice], "usage": {"prompt_tokens": 7, "completion_tokens": 9}},
    }
    answers.write_text(
        json.dumps({"custom_id": question["custom_id"], "response": body, "error": None}) + "\n"
    )
    second = json.loads(console(*grow, "--json").stdout)
    assert (second["run"]["pending"], second["run"]["verified"], second["counts"]["tokens_out"]) == (0, 1, 9)
    assert second["counts"]["admitted"] == 1


@pytest.mark.docker
@pytest.mark.slow
def test_a_record_of_a_real_run_is_whole(uninterrupted: Path) -> None:
    with Corpus(uninterrupted) as corpus:
        for record in corpus.records():
            assert record.environment
            assert record.integrity == "split"
            assert record.origin == "semi_synthetic"
            assert [gate.gate for gate in record.gates] == list(GATES)
            assert all(gate.passed for gate in record.gates)
            trajectory = corpus.trajectory(record.trajectory)
            assert ids.digest(trajectory) == record.trajectory
        assert corpus.counts().admitted == 12
    again = subprocess.run(growing(uninterrupted, "--json"), capture_output=True, text=True, check=True)
    assert json.loads(again.stdout)["run"]["skipped"] == 12


@pytest.mark.docker
@pytest.mark.slow
def test_recorded_answers_grow_a_corpus(tmp_path: Path) -> None:
    problems = problem_file(tmp_path)
    wrong, right = (f"```python\ndef add(a, b):\n    return a {sign} b\n```" for sign in "-+")
    answers = [
        {
            "problem": "add",
            "kind": "solution",
            "text": f"Sure!\n{wrong}",
            "model": "old",
            "attempt": 0,
            "parent": None,
        },
        {"problem": "add", "kind": "revision", "text": right, "model": "old", "attempt": 1, "parent": 0},
    ]
    replay = tmp_path / "replay.jsonl"
    replay.write_text("".join(json.dumps(answer) + "\n" for answer in answers))
    events = tmp_path / "events.jsonl"
    config = tmp_path / "c.toml"
    config.write_text('gates = ["static", "stable"]\n')
    done = console(
        "grow",
        problems,
        "--out",
        tmp_path / "c.db",
        "--replay",
        replay,
        "--events",
        events,
        "--config",
        config,
        "--json",
    )
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)["run"]["repaired"] == 1
    with Corpus(tmp_path / "c.db") as corpus:
        (record,) = corpus.records()
    assert (record.origin, record.repaired, record.cost, record.models) == ("synthetic", True, None, ("old",))
    kinds = [json.loads(row)["event"] for row in events.read_text("utf-8").splitlines()]
    assert {"call", "attempt", "gate", "record"} <= set(kinds)
