"""APPS and sets of its form: programs and functions, and what upstream wraps or writes as text."""

import json
from pathlib import Path
from typing import Any

import pytest

from execfeedback.errors import InputError
from execfeedback.importers import apps
from execfeedback.types import Case, StdioCase, Tests

PROGRAM: dict[str, Any] = {
    "problem_id": 17,
    "question": "Add two numbers.",
    "input_output": json.dumps({"inputs": ["1 2\n", "3\n4\n"], "outputs": ["3\n", "7"]}),
    "solutions": json.dumps(["a, b = map(int, input().split())\nprint(a + b)\n", "pass"]),
    "starter_code": "",
    "difficulty": "introductory",
    "url": "https://example.org/17",
}
CALLS: dict[str, Any] = {
    "id": "add",
    "problem": "Add two numbers.",
    "inputs": [[1, 2], [3, 4]],
    "outputs": [3, 7],
    "fn_name": "add",
    "solutions": ["def add(a, b):\n    return a + b\n"],
}


def cases_of(**changes: Any) -> Tests | None:
    return apps.problem(CALLS | changes).tests


def test_a_program() -> None:
    problem = apps.problem(PROGRAM)
    assert (problem.id, problem.statement, problem.style) == ("17", "Add two numbers.", "stdio")
    assert problem.tests == (StdioCase(stdin="1 2\n", stdout="3\n"), StdioCase(stdin="3\n4\n", stdout="7"))
    assert (problem.checker, problem.difficulty, problem.prompt) == ("tokens", "introductory", None)
    assert str(problem.reference).startswith("a, b = ")
    assert problem.source.url == "https://example.org/17"


def test_lines_of_a_program_may_be_a_list() -> None:
    pairs = {"inputs": [["1 2", "3"], [4]], "outputs": [["3"], ["4", "5"]]}
    problem = apps.problem(PROGRAM | {"input_output": pairs})
    assert problem.tests == (
        StdioCase(stdin="1 2\n3\n", stdout="3\n"),
        StdioCase(stdin="4\n", stdout="4\n5\n"),
    )


def test_calls_at_the_top_of_a_row() -> None:
    problem = apps.problem(CALLS)
    assert (problem.id, problem.style, problem.entry_point) == ("add", "cases", "add")
    assert problem.tests == (Case(args=(1, 2), expected=3), Case(args=(3, 4), expected=7))
    assert problem.statement == "Add two numbers.\n\nWrite a function `add`."
    assert problem.checker is None


def test_the_name_of_the_function_may_stand_beside_the_pairs() -> None:
    row = {**CALLS, "input_output": json.dumps({"inputs": CALLS["inputs"], "outputs": CALLS["outputs"]})}
    problem = apps.problem(row)
    assert (problem.style, problem.entry_point, problem.tests) == ("cases", "add", cases_of())


@pytest.mark.parametrize(
    ("outputs", "expected"),
    [
        ([[3], [7]], [3, 7]),
        ([[[3]], [[7]]], [[3], [7]]),
        ([[3], [7, 8]], [[3], [7, 8]]),
        ([[3], 7], [[3], 7]),
        ([[], [7]], [[], [7]]),
        (["3", "7"], ["3", "7"]),
    ],
)
def test_an_expected_value_is_taken_out_of_its_list_where_all_are_in_one(
    outputs: list[Any], expected: list[Any]
) -> None:
    found = cases_of(outputs=outputs)
    assert found and [case.expected for case in found if isinstance(case, Case)] == expected


def test_arguments_as_lines_of_json() -> None:
    found = cases_of(inputs=['[1, 2]\n"x"', "[]\nnull\n"], outputs=["true", '{"a": 1}'])
    assert found == (Case(args=([1, 2], "x"), expected=True), Case(args=([], None), expected={"a": 1}))


def test_a_method_of_solution_becomes_a_function() -> None:
    starter = "class Solution:\n    def add(self, a: int, b: int) -> int:\n        "
    code = "class Solution:\n    def add(self, a, b):\n        return a + b\n"
    problem = apps.problem(CALLS | {"starter_code": starter, "solutions": [code]})
    assert problem.prompt is None
    assert problem.reference == f"{code}\n\ndef add(*args):\n    return Solution().add(*args)\n"
    assert problem.statement.endswith("parameters of this method:\n" + starter.strip())
    given = {"starter_code": "def add(a, b):\n"}
    assert apps.problem(CALLS | given).prompt == "def add(a, b):\n"


def test_limits_where_a_set_has_them() -> None:
    taco = {"time_limit": "2.0 seconds", "memory_limit": "256.0 megabytes", "name": None, "source": "x"}
    problem = apps.problem(PROGRAM | taco)
    assert (problem.limits.cpu_s, problem.limits.memory_mb) == (2.0, 256)
    other = apps.problem(PROGRAM | {"time_limit": "soon", "memory_limit": 0}).limits
    assert (other.cpu_s, other.memory_mb) == (None, None)


@pytest.mark.parametrize("name", ["id", "problem_id", "task_id", "name", "url"])
def test_a_row_is_called_by_the_first_name_that_it_has(name: str) -> None:
    row = {key: value for key, value in PROGRAM.items() if key not in apps.IDS} | {name: "x"}
    assert apps.problem(row).id == "x"


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"problem_id": None, "url": ""}, "field 'id': is required (or problem_id, task_id, name, url)"),
        ({"question": " "}, "field 'question': is required (or problem, prompt)"),
        ({"input_output": "{"}, "field 'input_output': is not JSON: Expecting property name enclosed in"),
        ({"input_output": "[1]"}, "field 'input_output': must be "),
        ({"input_output": "[" * 90_000}, "field 'input_output': is no"),
        ({"input_output": "1" * 5000}, "field 'input_output': is no JSON that can be read: "),
        (
            {"input_output": {"inputs": ["1"], "outputs": []}},
            "field 'input_output.outputs': must have one for each input, not 0 for 1 inputs",
        ),
        ({"input_output": {"inputs": "1", "outputs": []}}, "field 'input_output.inputs': must be a list"),
        (
            {"input_output": {"inputs": [{}], "outputs": ["1"]}},
            "field 'inputs': a program's must be texts or lists of lines, not an object",
        ),
        (
            {"input_output": {"inputs": [3], "outputs": [3], "fn_name": "f"}},
            "field 'inputs': a function's must be lists of arguments, not 3",
        ),
        (
            {"input_output": {"inputs": ["x"], "outputs": ["1"], "fn_name": "f"}},
            "field 'inputs': 'x' is no JSON value",
        ),
        ({"solutions": "print(1)"}, "field 'solutions': is not JSON: Expecting value (column 1)"),
        ({"solutions": [1]}, "field 'solutions.0': must be a valid string"),
        ({"starter_code": 3}, "field 'starter_code': must be a valid string"),
    ],
)
def test_a_wrong_row_is_named(change: dict[str, Any], message: str, tmp_path: Path) -> None:
    path = tmp_path / "a.jsonl"
    path.write_text(json.dumps(PROGRAM) + "\n" + json.dumps(PROGRAM | {"problem_id": 18} | change) + "\n")
    with pytest.raises(InputError) as caught:
        list(apps.read(path))
    assert str(caught.value).startswith(f"{path}:2: {message}"), str(caught.value)


def test_what_is_not_json_is_named(tmp_path: Path) -> None:
    path = tmp_path / "a.jsonl"
    path.write_text("question,solutions\n")
    with pytest.raises(InputError, match=r"a.jsonl:1: is not JSON"):
        list(apps.read(path))


@pytest.mark.parametrize(
    ("given", "field"),
    [("", "inputs"), ('{"inputs": [], "outputs": []}', "input_output.inputs"), ("{}", "input_output.inputs")],
)
def test_a_row_without_tests_is_left_out_with_a_note(
    given: str, field: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "a.jsonl"
    rows = [PROGRAM | {"problem_id": 1, "input_output": given}, PROGRAM]
    path.write_text("".join(json.dumps(row) + "\n" for row in rows))
    assert [problem.id for problem in apps.read(path)] == ["17"]
    assert capsys.readouterr().err == f"left out: {path}:1: field '{field}': holds no test\n"
    path.write_text(json.dumps(rows[0]) + "\n")
    with pytest.raises(InputError, match=r"a.jsonl: holds no problem"):
        list(apps.read(path))
