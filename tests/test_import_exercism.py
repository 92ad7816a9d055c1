"""Exercism rows: one solution beside one text of tests, with every test switched on."""

import json
from pathlib import Path
from typing import Any

import pytest

from execfeedback.errors import InputError
from execfeedback.importers import LeftOut, exercism
from execfeedback.items import item_for, suite_of
from execfeedback.protocols import SandboxPool
from execfeedback.types import Item, Problem
from execfeedback.verifying import verify_items

PYTHON: dict[str, Any] = {
    "id": "exercism/python/two-fer",
    "language": "python",
    "instructions": "# Instructions\n\nOne for you.\n",
    "stub_files": {"two_fer.py": "def two_fer(name):\n    pass\n"},
    "test_files": {
        "two_fer_test.py": "import unittest\nfrom two_fer import two_fer\nimport two_fer as t\nimport two_fer\n\n\n"
        "class TwoFerTest(unittest.TestCase):\n    def test_it(self):\n        self.assertEqual(two_fer('x'), 'x')\n"
    },
    "example_files": {".meta/example.py": "def two_fer(name):\n    return name\n"},
    "source": {"repo": "exercism/python", "commit": "abc", "path": "exercises/two-fer", "licence": "MIT"},
}
JAVASCRIPT = PYTHON | {
    "id": "exercism/javascript/two-fer",
    "language": "javascript",
    "stub_files": {"two-fer.js": "export const twoFer = () => {};\n"},
    "test_files": {
        "two-fer.spec.js": "import { expect, test, xtest } from '@jest/globals';\n"
        "import {\n  other,\n  twoFer,\n} from './two-fer';\n"
        "test('a', () => {});\nxtest('b', () => {});\ntest.skip('c', () => {});\nxdescribe('d', () => {});\n"
    },
    "example_files": {".meta/proof.ci.js": "export const twoFer = (name) => name;\n"},
}
JAVA = PYTHON | {
    "id": "exercism/java/two-fer",
    "language": "java",
    "stub_files": {"src/main/java/Twofer.java": "class Twofer {}\n"},
    "test_files": {
        "src/test/java/TwoferTest.java": "import org.junit.Ignore;\nimport org.junit.Test;\n\npublic class TwoferTest {\n"
        '    @Test\n    public void a() {}\n\n    @Ignore("Remove to run test")\n    @Test\n    public void b() {}\n\n'
        '    @Ignore("Broken")\n    @Test\n    public void c() {}\n}\n'
    },
    "example_files": {
        ".meta/src/reference/java/Twofer.java": "import java.util.List;\n\npublic class Twofer {}\n",
        ".meta/src/reference/java/Pair.java": "import java.util.List;\nimport java.util.Map;\n\npublic final class Pair {\n"
        "    public static class Inner {}\n}\n",
    },
}


def problem(row: dict[str, Any], **changes: Any) -> Problem:
    return exercism.problem(row | changes)


def test_a_python_exercise() -> None:
    found = problem(PYTHON)
    assert (found.id, found.language, found.style) == ("exercism/python/two-fer", "python", "unittest")
    assert str(found.tests).startswith(
        "import unittest\nfrom solution import two_fer\nimport solution as t\nimport solution as two_fer\n\n"
    )
    assert found.reference == "def two_fer(name):\n    return name\n"
    assert found.statement == (
        "# Instructions\n\nOne for you.\n\nStart from this:\n\n```python\ndef two_fer(name):\n    pass\n```"
    )
    assert (found.source.name, found.source.licence) == ("exercism/python", "MIT")
    assert (found.source.commit, found.source.url) == ("abc", "https://github.com/exercism/python")


def test_plain_test_functions_are_pytest() -> None:
    tests = {
        "two_fer_test.py": "from two_fer import two_fer\n\n\ndef test_it():\n    assert two_fer(1) == 1\n"
    }
    assert problem(PYTHON, test_files=tests).style == "pytest"


def test_classes_with_operators_of_their_own_are_declared() -> None:
    code = "class A:\n    def __eq__(self, other):\n        return True\n\n\nclass B:\n    pass\n"
    found = problem(PYTHON, example_files={"example.py": code})
    assert found.contract.classes == ("A",)
    assert found.tags == ("exercism", "contract-of-reference")
    assert problem(PYTHON).tags == ("exercism",)


def test_javascript_tests_are_one_module_with_the_solution() -> None:
    found = problem(JAVASCRIPT)
    assert (found.style, found.integrity) == ("native", "shared")
    assert found.tests == (
        "import { expect, test, xtest } from '@jest/globals';\n"
        "test('a', () => {});\ntest('b', () => {});\ntest('c', () => {});\ndescribe('d', () => {});\n"
    )


def test_java_tests_are_switched_on_where_upstream_waits_for_the_student() -> None:
    tests = str(problem(JAVA).tests)
    assert tests.count("@Ignore(") == 1 and '@Ignore("Broken")' in tests
    assert tests.count("@Test") == 3
    assert tests.startswith("import org.junit.Ignore;")
    disabled = {"T.java": 'class T {\n    @Disabled("Remove to run test")\n    @Test\n    void a() {}\n}\n'}
    assert problem(JAVA, test_files=disabled).tests == "class T {\n    @Test\n    void a() {}\n}\n"


def test_java_types_of_several_files_go_into_one() -> None:
    assert problem(JAVA).reference == (
        "import java.util.List;\nimport java.util.Map;\n\npublic class Twofer {}\n\n"
        "final class Pair {\n    public static class Inner {}\n}\n"
    )


def test_what_java_gives_to_the_student_goes_along_with_the_tests() -> None:
    given = {"src/main/java/Pair.java": "import java.util.Set;\n\npublic record Pair(int a) {}\n"}
    found = problem(JAVA, editor_files=given)
    assert str(found.tests).startswith(
        "import org.junit.Ignore;\nimport org.junit.Test;\nimport java.util.Set;\n\npublic class TwoferTest {"
    )
    assert str(found.tests).endswith("}\n\nrecord Pair(int a) {}\n")
    assert found.reference == "import java.util.List;\n\npublic class Twofer {}\n"
    assert "This is there:\n\n```java\nimport java.util.Set;" in found.statement


@pytest.mark.parametrize(
    ("row", "change", "message"),
    [
        (JAVASCRIPT, {"editor_files": {"a.js": ""}}, "it needs further modules (a.js)"),
        (
            PYTHON,
            {"support_files": {"helper.py": ""}, "test_files": {"two_fer_test.py": "from helper import x\n"}},
            "its tests import another file (helper.py)",
        ),
        (PYTHON, {"example_files": {"a.py": "", "b.py": ""}}, "its example has several files (a.py, b.py)"),
    ],
)
def test_what_needs_more_files_is_left_out(
    row: dict[str, Any],
    change: dict[str, Any],
    message: str,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    with pytest.raises(LeftOut):
        problem(row, **change)
    path = tmp_path / "x.jsonl"
    path.write_text(json.dumps(row | change) + "\n" + json.dumps(row | {"id": "second"}) + "\n")
    assert [one.id for one in exercism.read(path)] == ["second"]
    assert capsys.readouterr().err == f"left out: {path}:1: {message}\n"


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (
            {"test_files": {"a_test.py": "x", "b_test.py": "y"}},
            "field 'test_files': holds several files (a_test.py, b_test.py); a problem's tests are one text",
        ),
        ({"test_files": {}}, "field 'test_files': holds no test"),
        ({"test_files": {"a_test.py": " \n"}}, "field 'test_files': holds no test"),
        ({"test_files": "x"}, "field 'test_files': must be an object"),
        ({"language": "klingon"}, "field 'language': must be 'python', 'javascript' or 'java'"),
        ({"instructions": ""}, "field 'instructions': must have at least 1 character"),
        ({"stub_files": {"a.py": 3}}, "field 'stub_files.a.py': must be a valid string"),
        ({"example_files": {"a.py": "def"}}, "field 'example_files': is not Python: invalid syntax (line 1)"),
    ],
)
def test_a_wrong_row_is_named(change: dict[str, Any], message: str, tmp_path: Path) -> None:
    path = tmp_path / "x.jsonl"
    path.write_text(json.dumps(PYTHON | {"id": "first"}) + "\n" + json.dumps(PYTHON | change) + "\n")
    with pytest.raises(InputError) as caught:
        list(exercism.read(path))
    assert str(caught.value) == f"{path}:2: {message}"


def test_a_missing_field_and_what_is_not_json_are_named(tmp_path: Path) -> None:
    path = tmp_path / "x.jsonl"
    path.write_text(json.dumps({key: PYTHON[key] for key in PYTHON if key != "instructions"}) + "\n")
    with pytest.raises(InputError, match=r"x.jsonl:1: field 'instructions': is required$"):
        list(exercism.read(path))
    path.write_text("[]\n")
    with pytest.raises(InputError, match=r"x.jsonl:1: is a list, but each line must be one JSON object"):
        list(exercism.read(path))


@pytest.mark.parametrize(("language", "count"), [("python", 29), ("javascript", 14), ("java", 15)])
def test_real_exercises(language: str, count: int, data_dir: Path) -> None:
    """One of Python's and one of JavaScript's need further files."""
    found = list(exercism.read(data_dir / f"exercism/{language}.jsonl"))
    assert len(found) == count
    assert all(one.reference for one in found)
    assert [one.id for one in found if "Remove to run" in str(one.tests) or "xtest(" in str(one.tests)] == []


def example_item(problem: Problem) -> Item:
    suite = suite_of(problem)
    assert suite is not None
    return item_for(problem, problem.reference or "", suite)


@pytest.mark.docker
@pytest.mark.slow
async def test_every_python_example_passes_in_two_processes(data_dir: Path, sandbox: SandboxPool) -> None:
    items = [example_item(problem) for problem in exercism.read(data_dir / "exercism/python.jsonl")]
    found = [v async for v in verify_items(items, sandbox, workers=sandbox.workers)]
    assert {v.id: (v.verdict, v.reasons) for v in found if not v.passed} == {}
    assert {v.integrity for v in found} == {"split"} and len(found) == 29
