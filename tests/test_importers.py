"""Importers: kinds found by their files, rows as problems, and every row of the real sets."""

import ast
import json
import warnings
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from execfeedback.cli import app
from execfeedback.errors import InputError
from execfeedback.importers import humaneval, importer, kinds, mbpp
from execfeedback.problems import load_problems
from execfeedback.types import Problem

HUMANEVAL: dict[str, Any] = {
    "task_id": "Demo/0",
    "prompt": 'from typing import List\n\n\ndef total(xs: List[int]) -> int:\n    """ Sum of xs.\n    >>> 1\n    """\n',
    "entry_point": "total",
    "canonical_solution": "    return sum(xs)\n",
    "test": "def check(candidate):\n    assert candidate([1]) == 1\n",
}
MBPP: dict[str, Any] = {
    "text": "Write a function to add. ",
    "code": "def helper(a):\r\n\treturn a\r\ndef add(a, b=1):\r\n\treturn helper(a) + b",
    "task_id": 7,
    "test_setup_code": "",
    "test_list": ["assert add(1, 2) == 3", "assert add(1) == 2"],
    "challenge_test_list": [],
}
SETS = [
    ("humaneval", "humaneval/humaneval.jsonl", 164),
    ("mbpp", "mbpp/mbpp_full.jsonl", 974),
    ("mbpp", "mbpp/mbpp_sanitized.jsonl", 427),
]


def written(path: Path, *rows: dict[str, Any]) -> Path:
    path.write_text("".join(json.dumps(row) + "\n" for row in rows))
    return path


def entry_point(code: str, *asserts: str) -> str | None:
    return mbpp.problem(MBPP | {"code": code, "test_list": list(asserts)}).entry_point


def test_the_kinds_are_the_files() -> None:
    assert list(kinds()) == ["apps", "exercism", "humaneval", "humaneval-x", "kattis", "mbpp", "snippets"]
    assert [importer(kind).NAME for kind in kinds()] == list(kinds())


def test_an_unknown_kind_lists_what_exists() -> None:
    with pytest.raises(InputError) as caught:
        importer("mbp")
    assert str(caught.value) == f"there is no import kind 'mbp'; there are {', '.join(kinds())}"


def test_a_humaneval_row() -> None:
    problem = humaneval.problem(HUMANEVAL)
    assert problem.id == "Demo/0"
    assert problem.statement == "Sum of xs.\n>>> 1"
    assert (problem.style, problem.entry_point) == ("humaneval", "total")
    assert problem.reference == HUMANEVAL["prompt"] + "    return sum(xs)\n"
    assert (problem.tests, problem.prompt) == (HUMANEVAL["test"], HUMANEVAL["prompt"])
    assert problem.source.licence == "MIT"


def test_a_humaneval_prompt_without_its_function_is_refused(tmp_path: Path) -> None:
    path = written(
        tmp_path / "h.jsonl", HUMANEVAL, HUMANEVAL | {"task_id": "Demo/1", "entry_point": "sum_up"}
    )
    with pytest.raises(InputError) as caught:
        list(humaneval.read(path))
    assert str(caught.value) == f"{path}:2: field 'entry_point': the prompt defines no function 'sum_up'"


def test_an_mbpp_row_keeps_its_code_as_it_is() -> None:
    problem = mbpp.problem(MBPP)
    assert (problem.id, problem.style, problem.entry_point) == ("7", "asserts", "add")
    assert problem.reference == MBPP["code"]
    assert problem.tests == "assert add(1, 2) == 3\nassert add(1) == 2\n"
    assert problem.statement == (
        "Write a function to add.\n\nSignature: add(a, b=1)\nExample: assert add(1, 2) == 3"
    )
    assert problem.source.licence == "CC-BY-4.0"


def test_mbpp_setup_comes_before_and_challenges_after_the_asserts() -> None:
    row = MBPP | {"test_setup_code": "x = 1\r\ny = 2", "challenge_test_list": ["assert add(x, y) == 3"]}
    assert mbpp.problem(row).tests == (
        "x = 1\r\ny = 2\nassert add(1, 2) == 3\nassert add(1) == 2\nassert add(x, y) == 3\n"
    )


def test_mbpp_plus_brings_its_own_tests_beside_the_asserts() -> None:
    more = "for given, told in [([3, 4], 7)]:\n    assert add(*given) == told\n"
    assert mbpp.problem(MBPP | {"test": more}).tests == f"{mbpp.problem(MBPP).tests}{more}\n"


def test_a_sanitized_row_has_a_prompt_and_imports() -> None:
    row = {key: MBPP[key] for key in ("code", "task_id", "test_list")}
    row |= {"source_file": "x.ipynb", "prompt": "Add.", "test_imports": ["import math"]}
    problem = mbpp.problem(row)
    assert problem.statement.startswith("Add.\n\nSignature: add(")
    assert str(problem.tests).startswith("import math\nassert add(1, 2)")


@pytest.mark.parametrize(
    ("code", "asserts", "name"),
    [
        ("def f(x): pass", ["assert set(f(1)) == set((1,))"], "f"),
        ("def f(x): pass", ["assert math.isclose(f(1), 2.0, rel_tol=0.001)"], "f"),
        ("def f(x): pass", ["assert not f(1)"], "f"),
        ("def f(x): pass", ["assert 3 == f(1)"], "f"),
        ("def sum(a, b): pass", ["assert sum(1, 2) == 3"], "sum"),
        ("def f(x): pass\ndef sum(a): pass", ["assert sum(f(1)) == 3"], "sum"),
        ("def f(x): pass", ["assert sum(f(1)) == 3"], "f"),
        ("def g(x): pass\ndef f(x): pass", ["assert f(g(1)) == 3"], "f"),
        ("def f(x): pass\ndef g(x): pass", ["assert f(1) == g(1)", "assert f(2) == 3"], "f"),
        ("def f(x): pass\ndef g(x): pass", ["assert g(1) == 1", "assert f(2) == 3", "assert f(1)"], "f"),
        ("class P:\n  pass\ndef f(x): pass", ["assert f([P()]) == 3"], "f"),
        ("def f(x): pass\ndef f(x, y): pass", ["assert f(1, 2)"], "f"),
    ],
)
def test_the_entry_point_is_what_the_asserts_are_about(code: str, asserts: list[str], name: str) -> None:
    assert entry_point(code, *asserts) == name


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (
            {"code": "def ad(a): pass"},
            "field 'test_list': calls none of the functions that the code defines (ad)",
        ),
        ({"code": "x = 1"}, "field 'test_list': calls none of the functions that the code defines (none)"),
        ({"code": "def add(a:"}, "field 'code': is not Python: '(' was never closed (line 1)"),
        (
            {"code": "x\0"},
            "field 'code': is not Python: source code string cannot contain null bytes",
        ),
        ({"test_list": ["assert add("]}, "field 'test_list': is not Python: '(' was never closed (line 1)"),
        ({"test_list": []}, "field 'test_list': must have at least 1 item after validation, not 0"),
        ({"text": ""}, "field 'text': is required ('prompt' in the sanitized set)"),
        ({"task_id": None}, "field 'task_id': must be a valid integer"),
    ],
)
def test_a_wrong_mbpp_row_is_named(change: dict[str, Any], message: str, tmp_path: Path) -> None:
    path = written(tmp_path / "m.jsonl", MBPP | change)
    with pytest.raises(InputError) as caught:
        list(mbpp.read(path))
    assert str(caught.value) == f"{path}:1: {message}"


def test_an_id_that_comes_twice_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"m.jsonl:2: field 'id': '7' is the id of .*m.jsonl:1 as well"):
        list(mbpp.read(written(tmp_path / "m.jsonl", MBPP, MBPP)))


def import_(*arguments: object) -> tuple[int, str, BaseException | None]:
    result = CliRunner().invoke(app, ["problems", "import", *map(str, arguments)])
    return result.exit_code, result.output, result.exception


def test_the_command_writes_a_problem_file_and_says_what_is_next(tmp_path: Path) -> None:
    out = tmp_path / "out.jsonl"
    code, output, _ = import_("mbpp", written(tmp_path / "m.jsonl", MBPP), "--out", out)
    assert code == 0
    assert output == f"1 problem in {out}\nNext: execfeedback grow {out} --out corpus.db\n"
    assert list(load_problems(out)) == [mbpp.problem(MBPP)]


def test_the_command_speaks_json(tmp_path: Path) -> None:
    out = tmp_path / "out.jsonl"
    _, output, _ = import_("mbpp", written(tmp_path / "m.jsonl", MBPP), "--out", out, "--json")
    assert json.loads(output) == {"kind": "mbpp", "problems": 1, "out": str(out)}


def test_a_bad_row_leaves_nothing_half_written(tmp_path: Path) -> None:
    source = written(tmp_path / "m.jsonl", MBPP, MBPP | {"task_id": 8, "code": "("})
    _, _, error = import_("mbpp", source, "--out", tmp_path / "out.jsonl")
    assert isinstance(error, InputError)
    assert list(tmp_path.iterdir()) == [source]


@pytest.mark.parametrize(("kind", "name", "count"), SETS, ids=[name for _, name, _ in SETS])
def test_every_real_row_has_an_entry_point_that_its_reference_defines(
    kind: str, name: str, count: int, data_dir: Path, tmp_path: Path
) -> None:
    problems = list(importer(kind).read(data_dir / name))
    assert len(problems) == count
    missing = [problem.id for problem in problems if problem.entry_point not in defined(problem)]
    assert missing == []


def defined(problem: Problem) -> set[str]:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        tree = ast.parse(problem.reference or "")
    return {node.name for node in tree.body if isinstance(node, ast.FunctionDef)}


def test_real_entry_points_that_are_easy_to_get_wrong(data_dir: Path) -> None:
    """Tasks whose entry point is a builtin's name, is not the last function, or is called inside another call."""
    found = {problem.id: problem.entry_point for problem in mbpp.read(data_dir / "mbpp/mbpp_full.jsonl")}
    expected = {"126": "sum", "223": "is_majority", "717": "sd_calc", "940": "heap_sort", "912": "lobb_num"}
    assert {task: found[task] for task in expected} == expected


def test_real_code_keeps_its_line_ends(data_dir: Path) -> None:
    rows = [json.loads(line) for line in (data_dir / "mbpp/mbpp_full.jsonl").read_bytes().splitlines()]
    references = {problem.id: problem.reference for problem in mbpp.read(data_dir / "mbpp/mbpp_full.jsonl")}
    assert all(references[str(row["task_id"])] == row["code"] for row in rows)
    assert sum("\r\n" in row["code"] for row in rows) > 900
