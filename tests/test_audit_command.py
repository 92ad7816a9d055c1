"""`execfeedback audit` from the shell: planted defects of every kind are found, files, resuming, exit codes."""

import json
import signal
import subprocess
import sys
import time
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import pytest
from forked import console

PROGRAM = [str(Path(sys.executable).with_name("execfeedback")), "audit"]
GOOD = "def add(a, b):\n    return a + b\n"
TESTS = "assert add(1, 2) == 3\nassert add(-4, 9) == 5\nassert add(10, 5) == 15\n"


def row(id: str, solution: Any, tests: Any = TESTS, **more: Any) -> dict[str, Any]:
    return {"task": id, "code": solution, "spec": {"text": tests}, **more}


PLANTED: dict[str, list[dict[str, Any] | str]] = {
    "holds": [
        row("good", GOOD),
        row("chat", "Sure!\n\n```python\ndef add(a, b):\n    return sum([a, b])\n```\nDone."),
        row(
            "pytest",
            GOOD,
            "from solution import add\n\n\ndef test_add():\n    assert add(2, 3) == 5\n    assert add(1, 1) == 2\n",
        ),
    ],
    "fails": [
        row("wrong", "def add(a, b):\n    return a - b\n"),
        row("crash", "def add(a, b):\n    return a + b + c\n"),
        row("syntax", "def add(a, b)\n    return a + b\n"),
    ],
    "forged": [
        row("leaves", "import sys\n\nsys.exit(0)\n"),
        row("leaves late", "import os\n\n\ndef add(a, b):\n    os._exit(0)\n"),
        row(
            "lying int",
            "class Any(int):\n    def __eq__(self, other):\n        return True\n\n\ndef add(a, b):\n    return Any(0)\n",
        ),
        row(
            "leaves pytest",
            "import os\n\n\ndef add(a, b):\n    os._exit(0)\n",
            "from solution import add\n\n\ndef test_add():\n    assert add(2, 3) == 5\n",
        ),
    ],
    "vacuous": [
        row("type only", GOOD, "assert isinstance(add(1, 2), int)\n"),
        row("not used", GOOD, "assert 1 + 1 == 2\n"),
    ],
    "flaky": [
        row(
            "counts",
            "calls = []\n\n\ndef add(a, b):\n    calls.append(1)\n    return a + b if len(calls) < 4 else 0\n",
        ),
        row(
            "hash",
            "def add(a, b):\n    return a + b if hash('seed') % 2 else a - b\n",
            "assert add(1, 2) == 3\nassert add(5, 1) == 6\n",
        ),
    ],
    "bad_tests": [row("broken", GOOD, "assert add(1, 2 == 3\n")],
    "unverifiable": [
        row(
            "always equal",
            "class Always:\n    def __eq__(self, other):\n        return True\n\n\ndef add(a, b):\n    return Always()\n",
        ),
        row(
            "replaced",
            "import random\n\n\ndef add(a, b):\n    return random.random()\n",
            "import random\nrandom.random = lambda: 3\nassert add(1, 2) == 3\n",
        ),
        row(
            "seen by pytest",
            "import time\n\n\ndef add(a, b):\n    return time.time()\n",
            "import time\nfrom solution import add\n"
            "def test_add(monkeypatch):\n    monkeypatch.setattr(time, 'time', lambda: 3)\n    assert add(1, 2) == 3\n",
        ),
        row("cpp", "int add(int a, int b) { return a + b; }", "int main() {}", lang="cpp"),
    ],
    "duplicate": [row("again", "def add(x, y):\n    # the sum\n    return x + y\n")],
    "malformed": [row("no code", None), row("no tests", GOOD, ""), "{oops", "[1]"],
}
MAP = "solution=code,tests=spec.text,id=task,language=lang"


def written(path: Path, values: Iterable[dict[str, Any] | str]) -> Path:
    lines = (one if isinstance(one, str) else json.dumps(one) for one in values)
    path.write_text("".join(line + "\n" for line in lines))
    return path


def audit(*arguments: object, **environment: str) -> subprocess.CompletedProcess[str]:
    return console("audit", *arguments, **environment)


def lines(path: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in path.read_text().splitlines()]


# ---- without a sandbox ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["nowhere.jsonl"], "no such file"),
        (["rows.jsonl"], "no row can be read as a solution with its tests"),
        (["rows.jsonl", "--map", "code"], "--map 'code'"),
        (["rows.jsonl", "--checks", "slow"], "there is no check 'slow'"),
        (["rows.jsonl", "--tasks", "nowhere.jsonl"], "no such file"),
        (["rows.jsonl", "--map", MAP, "--out", "rows.jsonl"], "--out"),
        (["rows.jsonl", "--map", MAP, "--sandbox", "none"], "unknown sandbox backend 'none'"),
    ],
)
def test_wrong_input_is_named_and_exits_with_2(arguments: list[str], words: str, tmp_path: Path) -> None:
    written(tmp_path / "rows.jsonl", [row("a", GOOD) | {"lang": "python"}])

    ended = audit(*(tmp_path / one if one.endswith("jsonl") else one for one in arguments))

    assert ended.returncode == 2 and words in ended.stderr and "Traceback" not in ended.stderr
    assert ended.stdout == ""


def test_without_an_engine_it_exits_with_4(tmp_path: Path) -> None:
    rows = written(tmp_path / "rows.jsonl", [{"code": GOOD, "tests": TESTS}])

    ended = audit(rows, DOCKER_HOST=f"unix://{tmp_path}/none.sock")

    assert ended.returncode == 4 and "none.sock" in ended.stderr


# ---- planted defects -----------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def planted(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path, subprocess.CompletedProcess[str]]:
    """Rows with every defect, and the audit of them."""
    folder = tmp_path_factory.mktemp("audit")
    values = [value for values in PLANTED.values() for value in values]
    for value in values:
        if isinstance(value, dict):
            value.setdefault("lang", "python")
    rows = written(folder / "rows.jsonl", values)
    return rows, folder / "out", audit(rows, "--map", MAP, "--out", folder / "out")


def expected() -> list[str]:
    return [name for name, values in PLANTED.items() for _ in values]


@pytest.mark.docker
def test_every_planted_defect_is_found(planted: tuple[Path, Path, Any]) -> None:
    _, out, ended = planted

    found = lines(out / "findings.jsonl")

    assert ended.returncode == 0, ended.stderr
    assert {f["id"]: f["finding"] for f in found} == dict(
        zip((f["id"] for f in found), expected(), strict=True)
    )
    assert [f["row"] for f in found] == list(range(1, len(found) + 1))


@pytest.mark.docker
def test_the_evidence_names_test_values_and_reason(planted: tuple[Path, Path, Any]) -> None:
    found = {f["id"]: f for f in lines(planted[1] / "findings.jsonl")}

    wrong = found["wrong"]
    assert (wrong["test"], wrong["got"], wrong["expected"]) == ("assert add(1, 2) == 3", "-1", "3")
    assert wrong["solution"] == "def add(a, b):\n    return a - b\n" and wrong["tests"] == TESTS
    assert "NameError: name 'c' is not defined" in found["crash"]["traceback"]
    assert all(
        found[row["task"]]["by_exit_code"] is True for row in PLANTED["forged"] if isinstance(row, dict)
    )
    assert found["wrong"]["by_exit_code"] is False
    assert found["always equal"]["reasons"] == ["contract_classes"] and found["always equal"]["by_exit_code"]
    assert found["cpp"]["reasons"] == ["needs_shared"]
    assert (found["again"]["same_as"], found["chat"]["reading"]) == ("good", "taken out of a model's answer")
    assert "holds no tests" in found["no tests"]["message"]


@pytest.mark.docker
def test_clean_rows_are_verbatim_and_nothing_else_is_clean(planted: tuple[Path, Path, Any]) -> None:
    rows, out, _ = planted

    given = rows.read_text().splitlines()
    assert (out / "clean.jsonl").read_text().splitlines() == given[: len(PLANTED["holds"])]


@pytest.mark.docker
def test_the_table_names_each_finding_and_the_files(planted: tuple[Path, Path, Any]) -> None:
    _, out, ended = planted

    total = len(expected())
    assert f"{total} rows: 3 hold" in ended.stdout
    for name, values in PLANTED.items():
        assert name == "holds" or any(
            line.split()[:2] == [name, str(len(values))] for line in ended.stdout.splitlines()
        ), ended.stdout
    assert "By exit code alone" in ended.stdout and str(out / "report.html") in ended.stdout
    assert (
        "planted" not in (out / "report.html").read_text()
        and "lying int" in (out / "report.html").read_text()
    )


@pytest.mark.docker
def test_a_rerun_judges_only_what_is_new_or_changed(planted: tuple[Path, Path, Any]) -> None:
    rows, out, _ = planted
    before = (out / "findings.jsonl").read_bytes()

    again = audit(rows, "--map", MAP, "--out", out, DOCKER_HOST="unix:///nowhere/none.sock")

    assert again.returncode == 0, "nothing is left to judge, so no engine is needed"
    assert (out / "findings.jsonl").read_bytes() == before
    assert f"{len(expected())} settled by an earlier run" in again.stderr


SHAPES: dict[str, tuple[list[dict[str, Any]], list[str]]] = {
    "items": (
        [
            {"id": "1", "language": "python", "solution": GOOD, "tests": TESTS},
            {"id": "2", "language": "python", "solution": GOOD, "tests": TESTS.replace("3", "4")},
            {
                "id": "3",
                "language": "python",
                "style": "cases",
                "entry_point": "add",
                "tests": [{"args": [1, 2], "expected": 3}, {"args": [4, 4], "expected": 8}],
                "solution": "def add(a, b):\n    return {(1, 2): 3, (4, 4): 8}.get((a, b), 0)\n",
                "holdout": [{"args": [5, 5], "expected": 10}],
            },
        ],
        ["holds", "fails", "held_out"],
    ),
    "humaneval": (
        [
            {
                "task_id": f"T/{n}",
                "prompt": 'def add(a, b):\n    """The sum."""\n',
                "entry_point": "add",
                "canonical_solution": body,
                "test": "def check(candidate):\n    assert candidate(1, 2) == 3\n    assert candidate(2, 2) == 4\n",
            }
            for n, body in enumerate(
                ["    return a + b\n", "    return a * b\n", "    raise SystemExit(0)\n"]
            )
        ],
        ["holds", "fails", "forged"],
    ),
    "mbpp": (
        [
            {
                "task_id": 1,
                "text": "Sum.",
                "code": GOOD,
                "test_list": ["assert add(1, 2) == 3", "assert add(0, 5) == 5"],
            },
            {"task_id": 2, "text": "Sum.", "code": GOOD, "test_list": ["assert add(1, 2) == 4"]},
        ],
        ["holds", "fails"],
    ),
    "pairs": (
        [
            {
                "solutions": ["print(sum(map(int, input().split())))", "print(3)"],
                "input_output": json.dumps({"inputs": ["1 2", "5 5"], "outputs": ["3", "10"]}),
            },
            {
                "solutions": ["class Solution:\n    def add(self, a, b):\n        return a + b\n"],
                "input_output": {"fn_name": "add", "inputs": [[1, 2], [5, 5]], "outputs": [[3], [10]]},
            },
            {"solution": GOOD, "inputs": ["1\n2"], "outputs": ["4"], "fn_name": "add"},
        ],
        ["holds", "fails", "holds", "fails"],
    ),
    "wrapped": (
        [
            {
                "response": f"```python\n{GOOD}```",
                "ground_truth": json.dumps({"assert_case": ["assert add(1, 2) == 3"]}),
            },
            {
                "response": "I do not know.",
                "ground_truth": json.dumps({"assert_case": ["assert add(1, 2) == 3"]}),
            },
            {"code": GOOD, "verify": {"style": "asserts", "tests": TESTS}},
        ],
        ["holds", "fails", "holds"],
    ),
    "labels": (
        [
            {"code": GOOD, "tests": TESTS, "passed": False},
            {"code": "def add(a, b):\n    return 0\n", "tests": TESTS, "passed": False},
            {"code": "def add(a, b):\n    return 1\n", "tests": TESTS, "passed": True},
        ],
        ["mislabelled", "holds", "fails"],
    ),
}


@pytest.mark.docker
@pytest.mark.parametrize("name", SHAPES)
def test_each_shape_is_judged(name: str, tmp_path: Path) -> None:
    values, wanted = SHAPES[name]

    ended = audit(written(tmp_path / "rows.jsonl", values), "--quick", "--out", tmp_path / "out")

    found = lines(tmp_path / "out" / "findings.jsonl")
    assert [f["finding"] for f in found] == wanted, [(f["id"], f["verdict"], f["message"]) for f in found]
    assert ended.returncode == 0


@pytest.mark.docker
def test_json_is_one_document_on_stdout_and_expect_clean_exits_with_3(tmp_path: Path) -> None:
    values = [{"id": "a", "code": GOOD, "tests": TESTS}, {"id": "b", "code": "x = 1\n", "tests": TESTS}]
    rows = written(tmp_path / "rows.jsonl", values)

    ended = audit(rows, "--quick", "--json", "--expect-clean")
    clean = audit(rows, "--quick", "--json", "--quiet", "--expect-clean", "--limit", "1")

    told = json.loads(ended.stdout)
    assert (ended.returncode, told["findings"], told["clean"]) == (3, {"holds": 1, "fails": 1}, 1)
    assert told["not_held"][0]["id"] == "b" and "2 rows: 1 holds" in ended.stderr
    assert (clean.returncode, json.loads(clean.stdout)["rows"], clean.stderr) == (0, 1, "")


@pytest.mark.docker
def test_samples_are_judged_by_the_tests_of_another_file(tmp_path: Path) -> None:
    tasks = written(
        tmp_path / "tasks.jsonl", [{"task_id": "t", "test": TESTS, "canonical_solution": "no code"}]
    )
    samples = [
        {"task_id": "t", "completion": GOOD},
        {"task_id": "t", "completion": "def add(a, b):\n    return 0\n"},
    ]

    ended = audit(
        written(tmp_path / "samples.jsonl", samples), "--tasks", tasks, "--quick", "--json", "--quiet"
    )

    told = json.loads(ended.stdout)
    assert told["findings"] == {"holds": 1, "fails": 1} and told["not_held"][0]["id"] == "t~2"


@pytest.mark.docker
def test_an_interrupted_audit_keeps_what_it_found_and_goes_on(tmp_path: Path) -> None:
    slow = "import time\ntime.sleep(1.5)\n\n\ndef add(a, b):\n    return a + b + {}\n"
    values = [{"id": "quick", "code": GOOD, "tests": TESTS}]
    values += [{"id": f"s{n}", "code": slow.format(f"0 * {n}"), "tests": TESTS} for n in range(12)]
    rows, out = written(tmp_path / "rows.jsonl", values), tmp_path / "out"

    process = subprocess.Popen([*PROGRAM, rows, "--quick", "--out", out], stderr=subprocess.PIPE, text=True)
    end = time.monotonic() + 60
    while not (out / "findings.jsonl").is_file() or not lines(out / "findings.jsonl"):
        assert time.monotonic() < end and process.poll() is None
        time.sleep(0.05)
    process.send_signal(signal.SIGINT)
    _, told = process.communicate(timeout=60)
    kept = lines(out / "findings.jsonl")
    again = audit(rows, "--quick", "--out", out)

    assert process.returncode == 130 and "interrupted" in told and "Traceback" not in told
    assert 1 <= len(kept) < len(values)
    assert again.returncode == 0 and f"{len(kept)} settled by an earlier run" in again.stderr
    assert [f["id"] for f in lines(out / "findings.jsonl")] == [value["id"] for value in values]
