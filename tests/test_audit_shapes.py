"""Rows of existing datasets as verify items: every shape, every file form, and rows that are none."""

import datetime
import gzip
import json
import pickle
import zlib
from base64 import b64encode
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import pytest

from execfeedback.audit import rows, shapes
from execfeedback.audit.dataset import Dataset
from execfeedback.audit.values import Reading, Row, Subject
from execfeedback.columns import fields
from execfeedback.errors import InputError
from execfeedback.types import Case, StdioCase

CODE = "def double(x):\n    return 2 * x\n"
ASSERTS = "assert double(2) == 4\nassert double(0) == 0\n"
PROMPT = 'from typing import List\n\n\ndef double(x: int) -> int:\n    """Twice x."""\n'
CHECK = "def check(candidate):\n    assert candidate(2) == 4\n"


def subjects(value: dict[str, Any], mapping: str | None = None, tasks: Any = None) -> list[Subject]:
    row = Row(number=1, raw=json.dumps(value), value=value)
    return shapes.subjects(row, fields.parse_map(mapping), tasks)


def one(value: dict[str, Any], mapping: str | None = None) -> Subject:
    (subject,) = subjects(value, mapping)
    assert subject.fault == ""
    return subject


def reading(value: dict[str, Any], mapping: str | None = None) -> Reading:
    return one(value, mapping).readings[0]


def fault(value: dict[str, Any], mapping: str | None = None) -> str:
    (subject,) = subjects(value, mapping)
    assert not subject.readings
    return subject.fault


# ---- shapes --------------------------------------------------------------------------------------------------------


def test_a_verify_item_is_taken_as_it_is() -> None:
    given = {
        "id": "a",
        "language": "python",
        "solution": CODE,
        "tests": ASSERTS,
        "checks": ["flaky"],
        "why": "x",
    }
    subject = one(given)

    assert (subject.id, subject.shape) == ("a", "item")
    assert subject.readings[0].item.model_dump(by_alias=True, exclude_defaults=True) == {
        **given,
        "checks": ("flaky",),
    }


def test_a_problem_is_judged_by_its_reference_and_a_record_by_its_item() -> None:
    problem = {
        "id": "p",
        "statement": "Twice x.",
        "tests": ASSERTS,
        "reference": CODE,
        "limits": {"cpu_s": 3},
    }
    item = {"id": "i", "language": "python", "solution": CODE, "tests": ASSERTS}

    assert one(problem).shape == "problem" and reading(problem).item.limits.cpu_s == 3
    record = {"id": "r", "item": item, "gates": [], "origin": "human"}
    assert (one(record).shape, reading(record).item.id, reading(record).item.solution) == (
        "record",
        "r",
        CODE,
    )


def test_humaneval_puts_the_canonical_solution_under_the_prompt() -> None:
    given = {
        "task_id": "H/0",
        "prompt": PROMPT,
        "canonical_solution": "    return 2 * x\n",
        "test": CHECK,
        "entry_point": "double",
    }
    item = reading(given).item

    assert one(given).shape == "humaneval" and item.id == "H/0"
    assert (item.style, item.entry_point, item.solution) == (
        "humaneval",
        "double",
        PROMPT + "    return 2 * x\n",
    )


def test_humaneval_without_an_entry_point_takes_it_from_the_call_at_the_end() -> None:
    item = reading(
        {"prompt": PROMPT, "completion": "    return 2 * x\n", "test": CHECK + "\ncheck(double)\n"}
    ).item

    assert item.entry_point == "double" and "check(double)" not in str(item.tests)


@pytest.mark.parametrize(
    "completion",
    [
        "    return 2 * x\n",
        "return 2 * x",
        CODE,
        f"Here you are:\n```python\n{CODE}```\nIt doubles.",
        f"<think>\nTwice, so `x + x`?\n</think>\n```python\n{CODE}```",
    ],
)
def test_what_a_model_wrote_is_read_with_its_prompt(completion: str) -> None:
    given = {
        "task_id": "H/0",
        "prompt": PROMPT,
        "completion": completion,
        "test": CHECK,
        "entry_point": "double",
    }
    solution = str(reading(given).item.solution)

    assert "return 2 * x" in solution and "def double(x" in solution
    assert "```" not in solution and "Here you are" not in solution


def test_each_of_several_completions_is_a_subject_of_its_own() -> None:
    given = {
        "task_id": "H/0",
        "prompt": PROMPT,
        "completions": ["    return 2 * x\n", "    return x\n"],
        "test": CHECK,
        "entry_point": "double",
        "passed": [True, False],
    }

    assert [(s.id, s.claim) for s in subjects(given)] == [("H/0#1", "passes"), ("H/0#2", "fails")]


def test_mbpp_joins_imports_setup_and_tests() -> None:
    given = {
        "task_id": 7,
        "text": "Write a function.",
        "code": CODE,
        "test_list": ["assert double(2) == N", "assert double(0) == 0"],
        "test_setup_code": "N = 4",
        "test_imports": ["import math"],
        "challenge_test_list": ["assert double(-1) == -2"],
    }
    item = reading(given).item

    assert (one(given).shape, item.id, item.style, item.solution) == ("mbpp", "7", "asserts", CODE)
    assert item.tests == (
        "import math\nN = 4\nassert double(2) == N\nassert double(0) == 0\nassert double(-1) == -2\n"
    )


def test_a_prompt_in_plain_language_is_not_put_before_the_code() -> None:
    given = {"prompt": "Write a function that doubles.", "code": CODE, "test_list": ["assert double(2) == 4"]}

    assert reading(given).item.solution == CODE


def test_apps_programs_run_on_each_input() -> None:
    given = {
        "problem_id": 3,
        "solutions": json.dumps(["print(2 * int(input()))", "print(int(input()) * 2)"]),
        "input_output": json.dumps({"inputs": ["2\n", ["1", "2"]], "outputs": ["4\n", ["2", "4"]]}),
    }
    first, second = subjects(given)

    assert (first.id, second.id, first.shape) == ("3#1", "3#2", "pairs")
    assert first.readings[0].item.tests == (
        StdioCase(stdin="2\n", stdout="4\n"),
        StdioCase(stdin="1\n2\n", stdout="2\n4\n"),
    )


def test_apps_functions_are_called_and_may_wrap_their_values() -> None:
    code = "class Solution:\n    def double(self, x):\n        return 2 * x\n"
    given = {
        "solutions": [code],
        "input_output": {"fn_name": "double", "inputs": [[2], [3]], "outputs": [[4], [6]]},
    }
    subject = one(given)
    wrapped, unwrapped, *_imports = subject.readings

    assert wrapped.item.tests == (Case(args=(2,), expected=[4]), Case(args=(3,), expected=[6]))
    assert unwrapped.item.tests == (Case(args=(2,), expected=4), Case(args=(3,), expected=6))
    assert (unwrapped.after, unwrapped.item.entry_point) == ("wrong_answer", "double")
    assert str(wrapped.item.solution).endswith("return Solution().double(*args, **kwargs)\n")


@pytest.mark.parametrize(
    ("tests", "wanted"),
    [
        ({"inputs": ["2"], "outputs": ["4"], "fn_name": "double"}, (Case(args=(2,), expected=4),)),
        ({"inputs": ["2"], "outputs": ["4"]}, (StdioCase(stdin="2", stdout="4"),)),
        ({"assert_case": ["assert double(2) == 4"]}, "assert double(2) == 4\n"),
        (
            {"verification_info": {"test_cases": [{"input": "2", "output": "4", "type": "stdin_stdout"}]}},
            (StdioCase(stdin="2", stdout="4"),),
        ),
        ({"ground_truth": json.dumps({"assert_case": ["assert double(2) == 4"]})}, "assert double(2) == 4\n"),
        (
            {"reward_model": {"style": "rule", "ground_truth": '{"inputs": ["2"], "outputs": ["4"]}'}},
            (StdioCase(stdin="2", stdout="4"),),
        ),
        ({"verify": {"style": "asserts", "tests": ASSERTS}}, ASSERTS),
        ({"unit_tests": json.dumps(["assert double(2) == 4"])}, "assert double(2) == 4\n"),
        ({"tests": [{"args": [2], "expected": 4}], "entry_point": "double"}, (Case(args=(2,), expected=4),)),
        ({"test": "from solution import double\n\n\ndef test_it():\n    assert double(2) == 4\n"}, None),
    ],
)
def test_tests_are_found_in_the_columns_that_trainers_read(tests: dict[str, Any], wanted: Any) -> None:
    item = reading({"id": "x", "code": CODE, **tests}).item

    assert item.solution == CODE
    assert (item.style == "pytest") if wanted is None else (item.tests == wanted)


TWICE = (Case(args=(2,), expected=4),)
LEETCODE = "class Solution:\n    def double(self, x: int) -> int:\n        return 2 * x\n"


def packed(cases: list[dict[str, str]]) -> str:
    return b64encode(zlib.compress(pickle.dumps(json.dumps(cases)))).decode()


@pytest.mark.parametrize(
    ("row", "claims", "tests"),
    [
        (
            {"question_id": "x", "code_list": ["a", "b"], "graded_list": [True, False], "metadata": "{}"}
            | {"public_test_cases": '[{"input": "1", "output": "2", "testtype": "stdin"}]'}
            | {"private_test_cases": packed([{"input": "é[", "output": "]", "testtype": "stdin"}])},
            ["passes", "fails"],
            (StdioCase(stdin="1", stdout="2"), StdioCase(stdin="é[", stdout="]")),
        ),
        (
            {"question_id": "x", "code": LEETCODE, "metadata": '{"func_name": "double"}'}
            | {"public_test_cases": '[{"input": "1\\n2", "output": "2", "testtype": "functional"}]'}
            | {"private_test_cases": '[{"input": "4\\n1", "output": "8", "testtype": "functional"}]'},
            ["passes"],
            (Case(args=(1, 2), expected=2), Case(args=(4, 1), expected=8)),
        ),
        (
            {"id": "x", "test_cases": ["assert double(2) == 4"]}
            | {"inferences": [{"completion": "a", "pass_rate": 1.0}, {"completion": "b", "pass_rate": 0.5}]},
            ["passes", "fails"],
            "assert double(2) == 4\n",
        ),
        ({"code": CODE, "func_name": "double", "inputs": "[[2]]", "outputs": "[4]"}, ["passes"], TWICE),
        (
            {"code": CODE, "fn_name": "double", "input_output": '{"inputs": [[2]], "outputs": [4]}'},
            ["passes"],
            TWICE,
        ),
        (
            {"code": CODE, "test_list": ["assert double(2) == 4"], "test": "assert double(3) == 6\n"},
            ["passes"],
            "assert double(2) == 4\nassert double(3) == 6\n\n",
        ),
        (
            {"code": CODE, "entry_point": "double", "test": CHECK}
            | {"input_output": [{"input": "x = 2", "output": "4"}]},
            ["passes"],
            CHECK,
        ),
    ],
    ids=["LiveCodeBench", "of a function", "AceCode", "rStar", "APPS", "MBPP+", "check first"],
)  # fmt: skip
def test_rows_of_published_sets(row: dict[str, Any], claims: list[str], tests: Any) -> None:
    found = subjects(row)

    assert [subject.claim for subject in found] == claims
    assert all(subject.readings[0].item.tests == tests for subject in found)


def test_private_tests_are_never_unpickled(tmp_path: Path) -> None:
    class Harmful:
        def __reduce__(self) -> Any:
            return (Path.touch, (tmp_path / "ran",))

    private = b64encode(zlib.compress(pickle.dumps(Harmful()))).decode()
    row = {"code": CODE, "public_test_cases": "[]", "private_test_cases": private}

    assert "field 'private_test_cases': cannot be unpacked" in fault(row)
    assert not (tmp_path / "ran").exists()


def test_a_method_of_leetcode_is_given_to_check_and_may_need_its_imports() -> None:
    prompt = "from typing import *\n\n\ndef helper():\n    pass\n"
    row = {"prompt": prompt, "completion": LEETCODE, "entry_point": "Solution().double", "test": CHECK}
    first, *_, last = one(row).readings

    assert (first.item.style, first.item.entry_point) == ("humaneval", "Solution")
    assert "(candidate().double)" in str(first.item.tests)
    assert "from typing import *" in str(first.item.solution)
    assert last.after == "runtime_error" and "from collections import *" in str(last.item.solution)


@pytest.mark.parametrize(
    ("tests", "style"),
    [
        (ASSERTS, "asserts"),
        ([ASSERTS, ASSERTS], "asserts"),
        (CHECK, "humaneval"),
        ("from solution import double\n\n\ndef test_it():\n    assert double(2) == 4\n", "pytest"),
        ("import unittest\n\n\nclass T(unittest.TestCase):\n    pass\n", "unittest"),
        ([{"input": "2", "output": "4"}], "cases"),
        ([{"stdin": "2", "stdout": "4"}], "stdio"),
    ],
)
def test_columns_that_everybody_has_may_hold_tests_in_any_style(tests: Any, style: str) -> None:
    given = {"id": "a", "language": "Python 3.11", "entry_point": "double", "tests": tests}
    for code in (CODE, f"```python\n{CODE}```"):
        item = reading({**given, "solution": code}).item

        assert (item.id, item.style, item.language, item.solution) == ("a", style, "python", CODE)


def test_columns_are_named_with_a_map_and_reach_into_nested_fields() -> None:
    given = {"n": 5, "meta": json.dumps({"tests": [ASSERTS]}), "answers": [{"text": CODE}], "ok": "false"}
    subject = one(given, "id=n,solution=answers.0.text,tests=meta.tests,passed=ok")

    assert (subject.id, subject.claim, subject.shape) == ("5", "fails", "code and tests")
    assert (subject.readings[0].item.solution, subject.readings[0].item.tests) == (CODE, ASSERTS + "\n")


def test_code_that_looks_like_an_answer_is_read_as_code_first() -> None:
    code = f'def double(x):\n    """\n```python\n{ASSERTS}```\n    """\n    return 2 * x\n'
    first, *others = one({"code": code, "tests": ASSERTS}).readings

    assert first.item.solution == code and all(other.after == "compile_error" for other in others)


def test_another_language_keeps_its_tests_as_they_are() -> None:
    given = {
        "task_id": "CPP/0",
        "prompt": "int f(){",
        "canonical_solution": "return 1;}",
        "test": "int main(){}",
    }
    item = reading(given).item

    assert (item.language, item.style) == ("cpp", "native")


@pytest.mark.parametrize("name", ["python", "Python", "python3", "py ", "PYTHON 3", "Python 3.12"])
def test_a_language_is_known_by_any_of_its_names(name: str) -> None:
    item = reading({"code": CODE, "tests": ASSERTS, "lang": name}).item

    assert (item.language, item.style) == ("python", "asserts")


def test_samples_are_joined_with_their_tasks_and_keep_their_own_solution() -> None:
    task = {
        "task_id": "H/0",
        "prompt": PROMPT,
        "canonical_solution": "    return 1\n",
        "test": CHECK,
        "entry_point": "double",
    }

    (subject,) = subjects({"task_id": "H/0", "solution": CODE}, tasks={"H/0": task})
    (lost,) = subjects({"task_id": "H/9", "solution": CODE}, tasks={"H/0": task})

    assert subject.readings[0].item.solution == CODE and subject.readings[0].item.style == "humaneval"
    assert "task 'H/9' is not in the file of --tasks" in lost.fault


# ---- rows that cannot be read ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("value", "words"),
    [
        ({"code": None, "solution": 5, "tests": ASSERTS}, "field 'solution': holds no solution"),
        ({"code": CODE, "tests": [1, 2]}, "field 'tests': is a list of neither texts nor objects"),
        ({"code": CODE, "input_output": {"inputs": ["1"], "outputs": []}}, "has 1 inputs and 0 outputs"),
        ({"code": CODE, "input_output": "broken {"}, ""),
        ({"code": CODE, "inputs": ["1 2"], "outputs": ["3"], "fn_name": "f"}, "'1 2' is no JSON value"),
        ({"code": CODE, "tests": [{"args": [1], "expected": 2}]}, "needs the field 'entry_point'"),
        ({"code": CODE, "test": CHECK}, "needs the field 'entry_point'"),
        ({"code": CODE, "tests": [{"in": 1}]}, "a case has none of"),
        ({"code": CODE, "verify": {"tests": ASSERTS, "style": "doctest"}}, "field 'style'"),
        *(
            (
                {"id": "a", "language": "python", "solution": CODE, "tests": nothing},
                "field 'tests': holds no tests",
            )
            for nothing in (None, "", [])
        ),
        ({"solution": "", "tests": ASSERTS}, "field 'solution': holds no solution"),
        ({"code": CODE, "input_output": ""}, "field 'input_output': holds no tests"),
        ({"code": CODE, "tests": ASSERTS, "passed": [True, False]}, "true or false for each solution"),
        (
            {"id": "a", "language": "python", "solution": "x", "tests": "y", "limits": {"cpu": 1}},
            "limits.cpu",
        ),
    ],
)
def test_a_row_that_cannot_be_read_names_the_field(value: dict[str, Any], words: str) -> None:
    if words:
        assert words in fault(value)
        assert subjects(value)[0].id == value.get("id", "row-1")
    else:
        assert reading(value).item.style == "asserts", "text is text, whatever it looks like"


def test_a_mapped_column_that_is_not_there_is_a_fault_of_the_row() -> None:
    assert "field 'meta.tests': is not in the row (it has code)" in fault({"code": CODE}, "tests=meta.tests")


@pytest.mark.parametrize("wrong", ["solution", "solution=", "sol=code", "tests=a,tests=b"])
def test_a_wrong_map_is_refused(wrong: str) -> None:
    with pytest.raises(InputError, match="--map"):
        fields.parse_map(wrong)


# ---- files ---------------------------------------------------------------------------------------------------------


def written(path: Path, values: Iterable[dict[str, Any]]) -> Path:
    path.write_text("".join(json.dumps(value) + "\n" for value in values))
    return path


def test_lines_that_cannot_be_read_are_rows_with_a_fault(tmp_path: Path) -> None:
    path = tmp_path / "rows.jsonl"
    path.write_bytes(b'{"a": 1}\n\n{oops\n[2]\n{"a": "\xff"}\n{"a": 1, "a": 2}\n')

    found = list(rows.read(path))

    assert [row.number for row in found] == [1, 3, 4, 5, 6]
    assert (found[0].raw, found[0].value, found[0].fault) == ('{"a": 1}', {"a": 1}, "")
    assert [row.value for row in found[1:]] == [None] * 4
    assert [row.fault.split(":")[0] for row in found[1:]] == ["line 3", "line 4", "line 5", "line 6"]


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("a.json", '[\n {"code": "x", "n": 1},\n 7\n]'),
        ("a.json", '{"code": "x", "n": 1}\n7\n'),
        ("a.csv", "code,n\nx,1\ny\n"),
        ("a.tsv", "code\tn\nx\t1\ny\n"),
    ],
)
def test_every_form_of_a_file_gives_rows(name: str, text: str, tmp_path: Path) -> None:
    path = tmp_path / name
    path.write_text(text)

    good, bad = rows.read(path)

    assert good.value is not None and (good.value["code"], str(good.value["n"])) == ("x", "1")
    assert json.loads(good.raw) == good.value
    assert bad.value is None and bad.fault.endswith(("object", "columns"))


def test_gzip_is_unpacked(tmp_path: Path) -> None:
    path = tmp_path / "a.jsonl.gz"
    path.write_bytes(gzip.compress(b'{"a": 1}\n{"a": 2}\n'))
    assert [row.value for row in rows.read(path)] == [{"a": 1}, {"a": 2}]

    path.write_bytes(path.read_bytes()[:-9])
    with pytest.raises(InputError, match="is no gzip file, or a damaged one"):
        list(rows.read(path))


def test_a_file_in_no_known_form_is_refused(tmp_path: Path) -> None:
    for path, words in (
        (tmp_path, "is a folder"),
        (tmp_path / "a.txt", "is none of"),
        (tmp_path / "a.csv", "no such"),
    ):
        with pytest.raises(InputError, match=words):
            list(rows.read(path))
    (tmp_path / "b.json").write_text("[1, 2")
    with pytest.raises(InputError, match="neither a JSON list nor JSON lines"):
        list(rows.read(tmp_path / "b.json"))


def test_parquet_without_its_package_says_how_to_get_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(__import__("sys").modules, "pyarrow", None)
    monkeypatch.setitem(__import__("sys").modules, "pyarrow.parquet", None)
    with pytest.raises(InputError, match="pip install pyarrow"):
        list(rows.read(tmp_path / "a.parquet"))


def test_parquet_rows_are_read_where_the_package_is(tmp_path: Path) -> None:
    arrow = pytest.importorskip("pyarrow", reason="the optional package pyarrow is not installed")
    parquet = pytest.importorskip("pyarrow.parquet")
    given = {"code": [CODE], "tests": [[ASSERTS]], "made": [datetime.date(2020, 1, 2)], "blob": [b"\xff"]}
    parquet.write_table(arrow.table(given), tmp_path / "a.parquet")

    (row,) = rows.read(tmp_path / "a.parquet")

    assert row.value == {"code": CODE, "tests": [ASSERTS], "made": "2020-01-02", "blob": "/w=="}
    assert json.loads(row.raw) == row.value


def test_ids_that_come_again_get_a_number(tmp_path: Path) -> None:
    path = written(tmp_path / "a.jsonl", [{"task_id": "t", "code": CODE, "tests": ASSERTS}] * 3)

    assert [s.id for s in Dataset(path, None, None, None).subjects()] == ["t", "t~2", "t~3"]
    assert [s.id for s in Dataset(path, None, None, 2).subjects()] == ["t", "t~2"]


def test_when_nothing_fits_the_columns_and_the_remedy_are_named(tmp_path: Path) -> None:
    path = written(tmp_path / "a.jsonl", [{"question": "?", "snippet": CODE, "spec": ASSERTS}] * 5)

    with pytest.raises(InputError) as caught:
        Dataset(path, None, None, None).shapes()

    told = str(caught.value)
    assert "row 1: has no column that is known to hold" in told and "question, snippet, spec" in told
    assert "--map solution=COLUMN,tests=COLUMN" in told and "test_list" in told
    assert Dataset(path, "solution=snippet,tests=spec", None, None).shapes() == {"code and tests": 5}


def test_an_empty_file_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="holds no row"):
        Dataset(written(tmp_path / "a.jsonl", []), None, None, None).shapes()
