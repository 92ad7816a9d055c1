"""Tests out of what models write, without the parts that would make them worthless."""

import json
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from execfeedback.suites import tests_in as suite_in
from execfeedback.types import Case, Problem, StdioCase

PLAIN = Problem(id="p", statement="Add.", entry_point="add")
SCRIPT = Problem(id="s", statement="Sum.", style="stdio")
ASSERTS = "assert add(1, 2) == 3\nassert add(-1, 1) == 0\n"


@pytest.mark.parametrize(
    "text",
    [
        pytest.param(f"```python\n{ASSERTS}```", id="fence"),
        pytest.param(ASSERTS, id="bare"),
        pytest.param(f"Here are tests:\n\n{ASSERTS}\nThey cover the edges.", id="prose"),
        pytest.param(
            "```python\nassert add(1, 2) == 3\n```\nEdge:\n```python\nassert add(-1, 1) == 0\n```", id="two"
        ),
        pytest.param(f"```python\ndef add(a, b):\n    return 3\n\n{ASSERTS}```", id="own-solution"),
        pytest.param(f"```python\nfrom your_module import add\n\n{ASSERTS}```", id="made-up-import"),
        pytest.param(f"```python\n{ASSERTS}assert add(1, [2,", id="cut-in-a-list"),
        pytest.param(f'```python\n{ASSERTS}assert add(1, 2) == 3, "the su', id="cut-in-a-string"),
        pytest.param(f"add(1, 2) == 3\n{ASSERTS.split(chr(10))[1]}\nassert", id="goes-on-after-assert"),
    ],
)
def test_asserts_are_found(text: str) -> None:
    assert suite_in(text, PLAIN) == ("asserts", ASSERTS)


MAIN = 'if __name__ == "__main__":\n'
INDENTED = "".join(f"    {line}\n" for line in ASSERTS.splitlines())


@pytest.mark.parametrize(
    ("text", "suite"),
    [
        pytest.param(f"```python\nimport your_mod\n{ASSERTS.replace('add', 'your_mod.add')}```", ASSERTS, id="made-up"),
        pytest.param("```python\nimport adder\nassert adder.add(1, 2) == add(1, 2)\n```",
                     "import adder\nassert adder.add(1, 2) == add(1, 2)\n", id="another-one"),
        pytest.param("```python\nfrom adder import add as due\nassert due(1, 2) == add(1, 2)\n```",
                     "from adder import add as due\nassert due(1, 2) == add(1, 2)\n", id="another-one-imported"),
        pytest.param("```python\nimport operator\nassert operator.add(1, 2) == 3\n```",
                     "import operator\nassert operator.add(1, 2) == 3\n", id="known-module"),
        pytest.param("```python\nimport adder as m\nassert m.add(1, 2) == 3\nassert m.add(-1, 1) == 0\n```", ASSERTS, id="as"),
        pytest.param("```python\nfrom my_mod import add as plus\nassert plus(1, 2) == 3\n```",
                     "plus = add\nassert plus(1, 2) == 3\n", id="another-name"),
        pytest.param(f"```python\nfrom your_module import *\n{ASSERTS}```", ASSERTS, id="star"),
        pytest.param(f"```python\nfrom math import *\n{ASSERTS}```", f"from math import *\n{ASSERTS}", id="star-of-math"),
        pytest.param(f"```python\n{MAIN}{INDENTED}    print('ok')\n```", f"{ASSERTS}print('ok')\n", id="under-the-guard"),
        pytest.param(f"```python\nassert add(0, 0) == 0\n{MAIN}{INDENTED}```", f"assert add(0, 0) == 0\n{ASSERTS}", id="both"),
        pytest.param(f"```python\ndef main():\n{INDENTED}\n{MAIN}    main()\n```", f"def test_main():\n{INDENTED}", id="main"),
        pytest.param("- assert add(1, 2) == 3\n- assert add(-1, 1) == 0", ASSERTS, id="bullets"),
        pytest.param("Tests:\n1. assert add(1, 2) == 3\n2. assert add(-1, 1) == 0\n", ASSERTS, id="numbers"),
        pytest.param("1. `assert add(1, 2) == 3` is small\n2. `assert add(-1, 1) == 0`: zero.", ASSERTS, id="ticks"),
        pytest.param("```python\n1. assert add(1, 2) == 3\n2) assert add(-1, 1) == 0\n```", ASSERTS, id="numbers-in-a-fence"),
        pytest.param("- assert that add(1, 2) is right\n- assert all of it", None, id="prose"),
    ],
)  # fmt: skip
def test_tests_are_read_as_they_are_meant(text: str, suite: str | None) -> None:
    found = suite_in(text, PLAIN)
    assert (found and found[1]) == suite
    assert found is None or found[0] == ("pytest" if "def test" in str(suite) else "asserts")


def test_pytest_style_keeps_its_imports_and_loses_its_runner() -> None:
    text = (
        "```python\nimport pytest\nfrom solution import add\n\n\ndef test_sum():\n    assert add(1, 2) == 3\n\n\n"
        'if __name__ == "__main__":\n    pytest.main()\n```'
    )
    assert suite_in(text, PLAIN) == ("pytest", "import pytest\ndef test_sum():\n    assert add(1, 2) == 3\n")


def test_unittest_and_check_are_told_apart() -> None:
    case = "import unittest\nclass TestAdd(unittest.TestCase):\n    def test_a(self):\n        self.assertEqual(add(1, 2), 3)\n"
    assert suite_in(f"```python\n{case}\nunittest.main()\n```", PLAIN) == ("unittest", case)
    check = "def check(candidate):\n    assert candidate(1, 2) == 3\n"
    assert suite_in(f"```python\n{check}\ncheck(add)\n```", PLAIN) == ("humaneval", check)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "I cannot.",
        f"```python\n{'print(add(1, 2))'}\n```",
        "```python\ndef add(a, b):\n    assert a\n```",
        "assert",
    ],
)
def test_nothing_that_checks_is_none(text: str) -> None:
    assert suite_in(text, PLAIN) is None


def test_cases_of_programs() -> None:
    rows = [{"stdin": "1 2\n", "stdout": "3\n"}, {"input": "", "output": 0}]
    cases = (StdioCase(stdin="1 2\n", stdout="3\n"), StdioCase(stdin="", stdout="0"))
    assert suite_in(f"Tests:\n```json\n{json.dumps(rows)}\n```", SCRIPT) == ("stdio", cases)
    assert suite_in(f"Tests: {json.dumps(rows)} Done.", SCRIPT) == ("stdio", cases)
    assert suite_in('```json\n[{"stdin": "1"}, 3, {"stdout": null}]\n```', SCRIPT) is None
    assert suite_in("[" * 100_000, SCRIPT) is None
    assert suite_in(f"```python\n{ASSERTS}```", SCRIPT) is None


CALLS = Problem(id="c", statement="Add.", style="cases", entry_point="add")


@pytest.mark.parametrize(
    ("row", "case"),
    [
        ({"args": [1, 2], "expected": 3}, Case(args=(1, 2), expected=3)),
        ({"args": [1], "kwargs": {"b": 2}, "expected": 3}, Case(args=(1,), kwargs={"b": 2}, expected=3)),
        ({"args": ["x"], "raises": "TypeError"}, Case(args=("x",), raises="TypeError")),
        ({"args": [], "expected": None, "raises": None}, Case(args=(), expected=None)),
        ({"args": [1], "kwargs": None, "expected": 1, "description": "one"}, Case(args=(1,), expected=1)),
        ({"args": [1]}, None),
        ({"args": 1, "expected": 1}, None),
        ({"args": [1], "kwargs": [2], "expected": 3}, None),
        ({"args": [1], "raises": ["TypeError"]}, None),
        ({"args": [1], "expected": 1, "raises": "TypeError"}, None),
        ({"args": [1], "expected": 1, "tolerance": 0.1}, None),
        ({"args": [1], "stdin": "2", "expected": 3}, None),
    ],
)
def test_a_call_is_read_whole_or_left_out(row: object, case: Case | None) -> None:
    sure = {"args": [0, 0], "expected": 0}
    cases = suite_in(f"```json\n{json.dumps([row, sure])}\n```", CALLS)
    assert cases == ("cases", (*([case] if case else []), Case(args=(0, 0), expected=0)))


def test_arguments_by_name_are_for_languages_that_have_them() -> None:
    text = json.dumps(
        [{"args": [1], "kwargs": {"b": 2}, "expected": 3}, {"args": [1, 2], "kwargs": {}, "expected": 3}]
    )
    due = CALLS.model_copy(update={"language": "go"})
    assert suite_in(text, due) == ("cases", (Case(args=(1, 2), expected=3),))


def test_lists_of_several_blocks_are_one_suite() -> None:
    one, two = ({"args": [1, 1], "expected": 2}, {"args": [2, 2], "expected": 4})
    text = f"Small:\n```json\n{json.dumps([one])}\n```\nBig:\n```json\n{json.dumps([two])}\n```"
    assert suite_in(text, CALLS) == ("cases", (Case(args=(1, 1), expected=2), Case(args=(2, 2), expected=4)))
    rows = [{"input": "1", "expected_output": "1"}]
    assert suite_in(json.dumps(rows), SCRIPT) == ("stdio", (StdioCase(stdin="1", stdout="1"),))


@settings(deadline=None)
@given(
    st.lists(
        st.sampled_from(
            ["```", "json", "[", "{", "]", "assert ", "add(", "\n", '"', "'''", "é\ud800", "def "]
        )
    )
)
def test_never_raises(parts: list[str]) -> None:
    for problem in (PLAIN, SCRIPT):
        found = suite_in("".join(parts), problem)
        assert found is None or found[1]


def test_recorded_tests_never_define_the_entry_point(data_dir: Path) -> None:
    found = total = 0
    with (data_dir / "completions" / "agentcoder_humaneval_llmtests.jsonl").open(encoding="utf-8") as file:
        for row in map(json.loads, file):
            problem = Problem(
                id=row["task_id"], statement="", entry_point=row["entry_point"], prompt=row["prompt"]
            )
            for text in row["llm_tests"]:
                suite = suite_in(text, problem)
                total += 1
                found += suite is not None
                assert suite is None or f"\ndef {problem.entry_point}(" not in f"\n{suite[1]}"
    assert total == 820
    assert found >= 760
