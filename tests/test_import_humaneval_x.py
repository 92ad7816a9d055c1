"""HumanEval-X: tests that stand beside a solution, in each of its languages."""

import json
from pathlib import Path
from typing import Any

import pytest

from execfeedback.errors import InputError
from execfeedback.importers import humaneval_x
from execfeedback.types import Problem

PYTHON = {
    "task_id": "Python/3",
    "prompt": "def twice(x):\n",
    "declaration": "def twice(x):\n",
    "canonical_solution": "    return 2 * x\n",
    "test": "\ndef check(twice):\n    assert twice(2) == 4\n\ncheck(twice)\n",
}
JAVA = {
    "task_id": "Java/3",
    "prompt": "import java.util.*;\nimport static java.lang.Math.abs;\n\nclass Solution {\n"
    "    public List<Integer> twice(int x) {\n",
    "declaration": "class Solution {\n    public List<Integer> twice(int x) {\n",
    "canonical_solution": "        return List.of(x, x);\n    }\n}",
    "test": "public class Main {\n    public static void main(String[] args) {}\n}\n",
}
GO = {
    "task_id": "Go/3",
    "prompt": 'import (\n    "math"\n    "strings"\n)\n\n// strings.Repeat is not it\nfunc Twice(x float64) float64 {\n',
    "import": 'import (\n    "math"\n    "strings"\n)\n',
    "declaration": "\nfunc Twice(x float64) float64 {\n",
    "canonical_solution": '    _ = "strings.X"\n    return math.Abs(x) * 2\n}\n',
    "test": 'func TestTwice(t *testing.T) {\n    assert := assert.New(t)\n    assert.Equal("4", fmt.Sprint(Twice(2)))\n}\n',
    "test_setup": 'package main\n\nimport (\n    "testing"\n    "math/rand"\n    "example.org/x/assert"\n)\n',
}
RUST = {
    "task_id": "Rust/3",
    "prompt": "\n/*\n Twice x.\n*/\n",
    "declaration": "\nfn twice(x: i32) -> i32 {\n",
    "canonical_solution": "    2 * x\n}\n",
    "test": "\n#[cfg(test)]\nmod tests {}\n",
}
CPP = {
    "task_id": "CPP/3",
    "prompt": "#include <vector>\nusing namespace std;\nint twice(vector<int> x, int y){\n",
    "declaration": "#include <vector>\nint half(int x){ \n    if (x) { return 0; }\n    return x / 2;\n}\n"
    "int twice(vector<int> x, int y){\n    for (int i = 0; i < 1; i++) {\n",
    "canonical_solution": "    return 2;\n}\n",
    "test": "int main(){}\n",
}
JAVASCRIPT = {
    "task_id": "JavaScript/3",
    "prompt": "const twice = (x) => {\n",
    "declaration": "\nconst twice = (x) => {\n",
    "canonical_solution": "  return 2 * x\n}\n",
    "test": "console.assert(twice(1) === 2)\n",
}


def problem(row: dict[str, Any]) -> Problem:
    return humaneval_x.problem(row)


@pytest.mark.parametrize("row", [PYTHON, JAVA, RUST, CPP, JAVASCRIPT], ids=lambda row: str(row["task_id"]))
def test_every_language_has_its_name_its_function_and_a_whole_reference(row: dict[str, Any]) -> None:
    found = problem(row)
    prefix = row["task_id"].partition("/")[0]
    assert (found.id, found.language) == (row["task_id"], prefix.lower())
    assert found.entry_point == "twice"
    assert str(found.reference).endswith(row["canonical_solution"])
    assert str(found.reference).startswith(str(found.prompt)) and row["prompt"] in str(found.prompt)
    assert found.source.licence == "Apache-2.0"
    assert found.tags == ("humaneval-x",)


def test_python_tests_do_not_call_check_themselves() -> None:
    found = problem(PYTHON)
    assert found.style == "humaneval"
    assert found.tests == "\ndef check(twice):\n    assert twice(2) == 4\n"


def test_java_tests_bring_the_imports_of_the_prompt() -> None:
    found = problem(JAVA)
    assert (found.style, found.integrity) == ("native", "shared")
    assert found.tests == "import java.util.*;\nimport static java.lang.Math.abs;\n" + JAVA["test"]


def test_go_imports_on_each_side_what_that_side_uses() -> None:
    found = problem(GO)
    assert str(found.reference).startswith('package main\n\nimport (\n    "math"\n)\n\n// strings.Repeat')
    assert str(found.reference).count("import") == 1
    assert str(found.tests).startswith(
        'package main\n\nimport (\n    "testing"\n    "example.org/x/assert"\n    "fmt"\n)\n\nfunc TestTwice'
    )
    assert found.entry_point == "Twice"


def test_a_go_solution_without_imports_has_no_import_line() -> None:
    row = GO | {"prompt": "func Twice(x int) int {\n", "canonical_solution": "    return 2 * x\n}\n"}
    assert problem(row).reference == "package main\n\nfunc Twice(x int) int {\n    return 2 * x\n}\n"


def test_what_was_seen_to_fail_its_own_tests_is_tagged() -> None:
    assert problem(JAVASCRIPT | {"task_id": "JavaScript/112"}).tags == ("humaneval-x", "defective")


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (
            {"task_id": "Cobol/1"},
            "field 'task_id': 'Cobol' is none of Python, CPP, Java, JavaScript, Go, Rust",
        ),
        ({"task_id": "Python"}, r"field 'task_id': must match pattern '^\w+/\d+$'"),
        ({"test": None}, "field 'test': must be a valid string"),
        ({"test": " \n"}, "field 'test': is empty"),
    ],
)
def test_a_wrong_row_is_named(change: dict[str, Any], message: str, tmp_path: Path) -> None:
    path = tmp_path / "x.jsonl"
    path.write_text(json.dumps(PYTHON) + "\n" + json.dumps(PYTHON | change) + "\n")
    with pytest.raises(InputError) as caught:
        list(humaneval_x.read(path))
    assert str(caught.value) == f"{path}:2: {message}"


def test_a_missing_field_and_what_is_not_json_are_named(tmp_path: Path) -> None:
    path = tmp_path / "x.jsonl"
    path.write_text(json.dumps({key: PYTHON[key] for key in PYTHON if key != "declaration"}) + "\n")
    with pytest.raises(InputError, match=r"x.jsonl:1: field 'declaration': is required$"):
        list(humaneval_x.read(path))
    path.write_text("{\n")
    with pytest.raises(InputError, match=r"x.jsonl:1: is not JSON"):
        list(humaneval_x.read(path))


@pytest.mark.parametrize("language", ["python", "cpp", "java", "js", "go", "rust"])
def test_every_real_row_has_an_entry_point_and_tests(language: str, data_dir: Path) -> None:
    found = list(humaneval_x.read(data_dir / f"humaneval_x/humaneval_{language}.jsonl"))
    assert len(found) == 164
    other = [one.id for one in found if f"{one.entry_point}(" not in str(one.tests)]
    assert other == (["Rust/10"] if language == "rust" else []), "upstream declares a helper there"
