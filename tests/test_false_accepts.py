"""The benchmark of false accepts: recordings are known by their fields, problems are split, the fit is what it says."""

import json
import math
import random
import sys
from pathlib import Path
from typing import Any

import pytest

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "benchmarks"))

import false_accepts
import fitting
import recordings
import replayed

from execfeedback.agreement import Standing
from execfeedback.confidence import Evidence, Fit, Model, probability
from execfeedback.errors import InputError
from execfeedback.types import Problem

PROMPT = 'def inc(n: int) -> int:\n    """Add one.\n\n    >>> inc(1)\n    2\n    """\n'
OTHER = 'def inc(n: int) -> int:\n    """Go to the following even number."""\n'
KNOWN = recordings.Tasks(
    {
        "7": Problem(id="HumanEval/7", statement="Add one.", entry_point="inc", prompt=PROMPT),
        "8": Problem(id="HumanEval/8", statement="Even.", entry_point="inc", prompt=OTHER),
        "9": Problem(id="HumanEval/9", statement="Less.", entry_point="dec", prompt="def dec(n):\n"),
        "mbpp/7": Problem(id="7", statement="Write a function to halve.", entry_point="half"),
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


MBPP = 'def half(n):\n    """Write a function to halve."""\n'


@pytest.mark.parametrize(
    "row",
    [
        {"task_id": "MBPP/7", "prompt": MBPP},
        {"task_id": "mbpp_7_half", "prompt": "", "entry_point": "half"},
        {"task_id": 7, "prompt": MBPP},
        {"task_id": 99, "prompt": MBPP},
        {"task_id": "MBPP/7"},
    ],
)
def test_tasks_of_mbpp_are_known_however_they_are_numbered(tmp_path: Path, row: dict[str, Any]) -> None:
    (group,) = read(tmp_path, row | {"attempts": [{"code": "a"}]})
    assert (group.task, group.problem.entry_point) == ("mbpp/7", "half")


@pytest.mark.parametrize("id", ["MBPP/8", "mbpp_8_inc", "lcb/700", "8"])
def test_a_task_that_is_not_known_is_none_that_is_numbered_or_named_alike(tmp_path: Path, id: str) -> None:
    prompt = (
        "def inc(numbers):\n    Raise every salary of the department that was named by the sum agreed upon.\n"
    )
    row = {"task_id": id, "prompt": prompt, "attempts": [{"code": "a"}], "passes_hidden": True}
    if id == "8":
        row["prompt"] = prompt.replace("inc", "rise")
    (group,) = read(tmp_path, row)
    assert (group.task, group.problem.statement, group.tries[0].label) == (id, row["prompt"], True)


@pytest.mark.parametrize(
    ("row", "name"),
    [
        ({"prompt": "def help(a):\n    pass\n\ndef ask(b):\n"}, "ask"),
        ({"entry_point": "ask", "prompt": "Ask."}, "ask"),
        ({"visible_tests": ["assert not ask(1)"]}, "ask"),
        ({"visible_tests": None, "llm_tests": None}, None),
    ],
)
def test_the_function_of_an_unknown_task_is_what_the_line_asks_for(
    tmp_path: Path, row: dict[str, Any], name: str | None
) -> None:
    (group,) = read(tmp_path, row | {"task_id": "x/1000", "attempts": [{"code": "a"}, {"code": None}, {}]})
    assert group.problem.entry_point == name
    assert group.tries[0].codes == ("a", "", "")


def test_lines_of_other_languages_and_without_attempts_give_no_samples(tmp_path: Path) -> None:
    base = {"task_id": "HumanEval/7", "prompt": PROMPT}
    rust, empty, null = (
        {"language": "rust", "raw": "x"},
        {"attempts": []},
        {"generation": None, "language": None},
    )
    (group,) = read(tmp_path, base | rust, base | empty, base | null)
    assert [one.codes for one in group.tries] == [(PROMPT,)]


@pytest.mark.parametrize(
    ("row", "said"),
    [
        (
            {"task_id": "HumanEval/7", "answer": "x"},
            "has none of the fields attempts, completions, generation, raw",
        ),
        ({"raw": "x"}, "field 'task_id': is required"),
    ],
)
def test_a_line_of_no_known_form_is_named(tmp_path: Path, row: dict[str, Any], said: str) -> None:
    with pytest.raises(InputError, match=f"log.jsonl:2: {said}"):
        read(tmp_path, {"task_id": 7, "raw": "x"}, row)


def test_a_completion_with_fences_or_for_a_statement_without_code_stands_alone(tmp_path: Path) -> None:
    code = "def half(n):\n    return n / 2\n"
    row = {"task_id": "MBPP/7", "prompt": "Write a function to halve."}
    (group,) = read(tmp_path, row | {"completions": [code, f"Sure:\n```python\n{code}```\nDone."]})
    assert [one.codes for one in group.tries] == [(code,), (code,)]


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


def sample(task: str, agreement: float, right: bool) -> replayed.Row:
    stand = Standing(inputs=50, others=4, peers=4, agreement=agreement)
    evidence = Evidence(given=3, standing=stand)
    return replayed.Row(f"{task}:{agreement}", "log", task, True, True, True, evidence, right, right, None)


def test_the_threshold_of_a_file_is_chosen_on_its_own_fitted_problems_and_reported_on_the_others() -> None:
    tasks = {half: [str(n) for n in range(60) if fitting.part(str(n)) == half] for half in ("fit", "report")}
    model = Model(fit=Fit(), coefficients={"agreement": 6.0})
    fit = [sample(tasks["fit"][n], 0.3 + 0.06 * n, n > 3) for n in range(10)]
    shown = [sample(tasks["report"][0], 0.9, True), sample(tasks["report"][1], 0.4, False)]

    found = false_accepts.reports([*fit, *shown], False, model)["humaneval"]["log"]["first"]

    least = found["here"]["threshold"]
    kept = [row for row in fit if row.right and probability(row.evidence, model) >= least]
    assert len(kept) == 5, "four of five of the six that are right"
    assert (found["samples"], found["here"]["accepted"], found["here"]["wrong"]) == (2, 1, 0)
    assert found["ours"]["accepted"] == 2, "the model brings no threshold"


def test_shares_of_nothing_are_not_numbers() -> None:
    found = fitting.kept([True, True, False, False], [True, False, True, False])
    assert (found.wrong_share, found.kept_share) == (0.5, 0.5)
    assert (fitting.kept([False], [False]).wrong_share, fitting.kept([True], [False]).kept_share) == (
        None,
        None,
    )
