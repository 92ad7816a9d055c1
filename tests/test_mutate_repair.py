"""Repairs from the feedback: how it is read, which corrections are found, and what cannot stop the trial of them."""

import pytest

from execfeedback.behaviour.shown import Example, examples
from execfeedback.feedback import feedback
from execfeedback.generators.mutate.repair.candidates import candidates
from execfeedback.generators.mutate.repair.script import answer
from execfeedback.generators.mutate.repair.told import Told, told
from execfeedback.generators.mutate.repair.trial import trials
from execfeedback.types import Failure, Problem, TestCounts, Verdict

WRONG = "def add(a, b):\n    return a - b\n"


# ---- reading feedback ---------------------------------------------------------------------------------------------


def test_told_reads_an_assertion_with_both_values_and_frames() -> None:
    said = told(
        "Runtime error.\nFailing test: assert f(\n        1,\n    ) == 2\nGot: [1]\nExpected: [2]\n"
        'Traceback (most recent call last):\n  File "solution.py", line 7, in f\n    g()\n'
        '  File "tests.py", line 1, in <module>\n  File "solution.py", line 3, in g\nIndexError: list index out of range'
    )
    assert (said.test, said.got, said.expected) == ("assert f(\n    1,\n) == 2", "[1]", "[2]")
    assert (said.lines, said.error, said.message) == ((7, 3), "IndexError", "list index out of range")
    assert said.stdin is None and not said.slow


def test_told_reads_stdio_blocks() -> None:
    said = told("Wrong answer.\nInput:\n    3\n    1 2\nExpected output:\n    6\nYour output:\n    5\n")
    assert (said.stdin, said.stdout, said.printed) == ("3\n1 2", "6", "5")


def test_told_reads_what_our_feedback_writes() -> None:
    verdict = Verdict(
        id="x",
        verdict="wrong_answer",
        passed=False,
        tests=TestCounts(expected=2, passed=1, failed=1),
        failure=Failure(test="assert add(1, 2) == 3", message="got: -1\nexpected: 3", traceback=""),
    )
    said = told(feedback(Problem(id="x", statement="Add."), verdict))
    assert (said.test, said.got, said.expected) == ("assert add(1, 2) == 3", "-1", "3")
    assert told("Time limit exceeded.").slow
    assert told("") == told("nothing that we know") == Told()


def test_examples_are_sessions_and_arrows() -> None:
    assert examples(">>> f(1)\n2\n", "f") == (Example("f(1)\n", "2"),)
    assert examples("For instance f([1, (2)]) ==> [2] and so on.", "f") == (Example("f([1, (2)])", "[2]"),)
    assert examples("Input: nums = [2, 7], target = 9\n  Output: [0, 1]\nInput: x\nOutput: 1", "f") == (
        Example("f([2, 7], 9)", "[0, 1]"),
    )
    assert examples('For s = "ab", k = 1 the output should be 5.\nFor n the output should be 1', "f") == (
        Example("f('ab', 1)", "5"),
    )
    assert examples("f(x) returns a number.", "f") == ()


# ---- repairing ----------------------------------------------------------------------------------------------------


def repaired(code: str, feedback: str, statement: str = "", entry_point: str | None = "f") -> str:
    question = {"statement": statement, "entry_point": entry_point, "code": code, "feedback": feedback}
    found = answer({**question, "seed": 0, "most": 600})
    assert found["satisfied"], found
    return str(found["code"])


REPAIRS = [
    (
        "class f:\n    def __init__(self, a, b):\n        self.a = a\n    def sum(self):\n        return self.a + self.b\n",
        "assert f(1, 2).sum() == 3", "self.b = b",
    ),
    (
        "def f(a):\n    n = 0\n    for x in a:\n        if y > 2:\n            n += y\n        y = x + 1\n    return n\n",
        "assert f([1, 2]) == 3", "y = x + 1\n        if y > 2:",
    ),
    ("def f(a):\n    for x in range(a):\n        pass\n    return x\n", "assert f([1, 2]) == 1", "range(len(a))"),
    ("def f(a, b):\n    return a - b\n", "assert f(1, 2) == 3", "return a + b"),
    ("def f(a):\n    n = 0\n    for x in a:\n        n += x\n        return n\n", "assert f([1, 2]) == 3", "\n    return n"),
    ("def f(a):\n    n = 0\n    for x in a:\n        n += x\n", "assert f([1, 2]) == 3", "return n"),
    ("def f(n):\n    return math.sqrt(n)\n", "assert f(4) == 2.0", "import math"),
    ("def f(number):\n    return nubmer + 1\n", "assert f(4) == 5", "return number + 1"),
    ("def f(a):\n    if a > 1\n        return 1\n    return 0\n", "assert f(4) == 1", "if a > 1:"),
    ("def f(a):\n    return sum(a\n", "assert f([4]) == 4", "sum(a)"),
    ("def f(a):\n    return a[0]\n", "assert f([]) == 0", "if not a:\n        return 0"),
    ("def f(x, l=[]):\n    l.append(x)\n    return l\n", "assert f(1) == [1] and f(2) == [2]", "l=None"),
    ("def f(a):\n    return a\n", "assert f([2, 1]) == [1, 2]", "sorted(a)"),
    ("def f(n):\n    a, b = 0, 1\n    for _ in range(n):\n        a = b\n        b = a + b\n    return a\n",
     "assert f(5) == 5", "a, b = b, a + b"),
]  # fmt: skip


@pytest.mark.parametrize(("code", "test", "text"), REPAIRS)
def test_repairs(code: str, test: str, text: str) -> None:
    said = f"Wrong answer.\nFailing test: {test}\nExpected: {test.split(' == ')[-1]}"
    assert text in repaired(code, said)


def test_repairs_a_call_with_its_value_and_a_program_with_its_output() -> None:
    told_case = "Wrong answer.\nFailing test: f(5)\nGot: 7\nExpected: 10"
    assert "n * 2" in repaired("def f(n):\n    return n + 2\n", told_case)
    told_stdio = "Wrong answer.\nInput:\n    3 4\nExpected output:\n    12\nYour output:\n    7\n"
    assert "a * b" in repaired(
        "a, b = map(int, input().split())\nprint(a + b)\n", told_stdio, entry_point=None
    )


def test_repairs_with_a_unittest_assertion_and_with_what_pytest_explains() -> None:
    code = "def f(text):\n    return text.upper()\n"
    assert "text.lower()" in repaired(
        code, "Failing test: self.assertEqual(f('A'), 'a')\nGot: 'A'\nExpected: 'a'"
    )
    explained = "AssertionError: assert 'A' == 'a'\n +  where 'A' = f('A')"
    said = f"Failing test: assert f(given) == wanted\nGot: 'A'\nExpected: 'a'\n{explained}"
    assert told(said).call == "f('A')"
    assert "text.lower()" in repaired(code, said)


def test_the_function_that_the_test_calls_comes_first() -> None:
    code = "class A:\n    def g(self, x):\n        return x + 1\n    def h(self, x):\n        return x + 1\n"
    lines = [mutant.line for mutant in candidates(code, told("Failing test: assert box.h(1) == 3"), 0)]
    assert set(lines[:5]) == {5}


def test_examples_of_the_statement_decide_between_corrections() -> None:
    code = "def f(a, b):\n    return a - b\n"
    said = "Wrong answer.\nFailing test: assert f(2, 2) == 4\nGot: 0\nExpected: 4"
    assert "a * b" in repaired(code, said, ">>> f(3, 5)\n15\n")
    assert "a + b" in repaired(code, said, ">>> f(3, 5)\n8\n")


def test_nothing_is_satisfied_by_what_cannot_be() -> None:
    question = {"statement": "", "entry_point": "f", "code": WRONG, "seed": 0, "most": 50}
    for said in ("Failing test: assert other(1) == 2", "Failing test: assert add(1, 2) == 'x'", ""):
        found = answer({**question, "feedback": said})
        assert found["satisfied"] is False and found["code"] != WRONG
    assert answer({**question, "feedback": "Failing test: assert add(2, 1) == 1"})["satisfied"] is False


def test_corrections_that_loop_die_or_eat_memory_end_the_trial_of_themselves_only() -> None:
    bad = ["import os\nos._exit(3)\n", "while True:\n    pass\n", "x = [0] * 10**10\n", "raise SystemExit\n"]

    def judge(program: object) -> int:
        names: dict[str, object] = {}
        exec(program, names)  # type: ignore[call-overload]  # noqa: S102 - lines above
        return 7

    assert list(trials([*bad, "x = 1\n", "def f(:\n"], judge)) == [
        (0, -1),
        (1, -1),
        (2, 0),
        (3, 0),
        (4, 7),
        (5, 0),
    ]
