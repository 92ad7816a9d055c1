"""The benchmark of false accepts: recordings are known by their fields, problems are split, the fit is what it says."""

import json
import math
import random
import sys
from pathlib import Path
from typing import Any

import pytest

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "benchmarks"))

import fitting
import recordings

from execfeedback.types import Problem

PROMPT = 'def inc(n: int) -> int:\n    """Add one.\n\n    >>> inc(1)\n    2\n    """\n'
OTHER = 'def inc(n: int) -> int:\n    """Go to the following even number."""\n'
KNOWN = recordings.Tasks(
    {
        "7": Problem(id="HumanEval/7", statement="Add one.", entry_point="inc", prompt=PROMPT),
        "8": Problem(id="HumanEval/8", statement="Even.", entry_point="inc", prompt=OTHER),
        "9": Problem(id="HumanEval/9", statement="Less.", entry_point="dec", prompt="def dec(n):\n"),
    },
    {},
)


def read(tmp_path: Path, *rows: dict[str, Any]) -> list[recordings.Group]:
    path = tmp_path / "log.jsonl"
    path.write_text("\n".join(map(json.dumps, rows)), "utf-8")
    return list(recordings.groups(path, KNOWN))


def test_trajectories_keep_their_attempts_and_visible_tests(tmp_path: Path) -> None:
    row = {
        "task_id": "HumanEval/7",
        "prompt": PROMPT,
        "attempts": [{"code": "a"}, {"code": "b"}],
        "visible_tests": ["assert inc(1) == 2 # Real Execution Output: 3"],
        "passes_hidden": True,
    }
    (group,) = read(tmp_path, row, row)
    assert [(one.codes, one.label) for one in group.tries] == [(("a", "b"), True)] * 2
    assert group.visible == ("assert inc(1) == 2",)


@pytest.mark.parametrize("field", ["llm_tests", "llm_tests_raw"])
def test_completions_come_after_their_prompt_and_written_tests_are_read(tmp_path: Path, field: str) -> None:
    row = {"task_id": "x/7", "prompt": PROMPT, "completions": ["    return n + 1\n", "return 3"]}
    (group,) = read(tmp_path, row | {field: ["\ninc(1) == 2\nassert inc(", "no tests"]})
    assert [one.codes for one in group.tries] == [
        (f"{PROMPT}    return n + 1\n",),
        (f"{PROMPT}    return 3",),
    ]
    assert group.tests == ("assert inc(1) == 2\n",)


def test_generations_and_raw_answers_of_one_problem_come_together(tmp_path: Path) -> None:
    whole = "def inc(n):\n    return n + 1\n"
    (group,) = read(
        tmp_path,
        {"humaneval_task_id": 7, "language": "python", "prompt_or_intent": PROMPT, "generation": whole}
        | {"passed": False},
        {"humaneval_task_id": 7, "language": "cpp", "prompt_or_intent": PROMPT, "generation": "x"},
        {"task_id": "HumanEval/7", "language": "python", "raw": f"Sure:\n```python\n{whole}```\n"},
    )
    assert [(one.codes, one.label) for one in group.tries] == [((whole,), False), ((whole,), None)]


def test_what_the_prompt_defines_decides_the_task_and_not_its_number(tmp_path: Path) -> None:
    rows = [{"task_id": f"HumanEval/{n}", "prompt": OTHER, "completions": ["    pass"]} for n in (8, 9)]
    (group,) = read(tmp_path, *rows)
    assert group.problem.id == "HumanEval/8" and len(group.tries) == 2


def test_problems_are_split_in_about_half_and_always_alike() -> None:
    parts = [fitting.part(str(task)) for task in range(164)]
    assert parts == [fitting.part(str(task)) for task in range(164)]
    assert 60 < parts.count("fit") < 104


def test_the_fit_finds_the_coefficients_of_made_data() -> None:
    draw = random.Random(3)
    rows = [{"one": 1.0, "x": draw.uniform(-2, 2), "noise": draw.uniform(-1, 1)} for _ in range(4000)]
    right = [draw.random() < 1 / (1 + math.exp(0.5 - 1.5 * row["x"])) for row in rows]

    found = fitting.signed_fit(rows, right, {"x": 1}, penalty=0.1)

    assert found["one"] == pytest.approx(-0.5, abs=0.15)
    assert found["x"] == pytest.approx(1.5, abs=0.15)
    assert abs(found["noise"]) < 0.15


def test_a_coefficient_of_the_wrong_sign_is_nothing() -> None:
    draw = random.Random(4)
    rows = [{"one": 1.0, "x": draw.uniform(-2, 2)} for _ in range(500)]
    right = [draw.random() < 1 / (1 + math.exp(row["x"])) for row in rows]
    assert fitting.signed_fit(rows, right, {"x": -1}, 1.0)["x"] < -0.5
    assert fitting.signed_fit(rows, right, {"x": 1}, 1.0)["x"] == 0.0


def test_the_expected_error_is_the_mean_distance_of_what_was_said() -> None:
    bins = fitting.reliability([0.95] * 10 + [0.15] * 10, [True] * 9 + [False] + [False] * 10)
    assert [(one.number, one.right) for one in bins] == [(10, 0.0), (10, 0.9)]
    assert fitting.expected_error(bins) == pytest.approx((0.15 + 0.05) / 2)


def test_shares_of_nothing_are_not_numbers() -> None:
    found = fitting.kept([True, True, False, False], [True, False, True, False])
    assert (found.wrong_share, found.kept_share) == (0.5, 0.5)
    assert (fitting.kept([False], [False]).wrong_share, fitting.kept([True], [False]).kept_share) == (
        None,
        None,
    )
