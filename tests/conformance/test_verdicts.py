"""Verdicts of real runs in real containers: every style, right and wrong, and what the failure says."""

from typing import Any

import pytest

from execfeedback.errors import InputError
from execfeedback.protocols import Sandbox
from execfeedback.types import Item, Verdict
from execfeedback.verdicts import verdict_of

ADD = "def add(a, b):\n    return a + b\n"
WRONG = "def add(a, b):\n    return a - b\n"
TESTS: dict[str, Any] = {
    "asserts": "assert add(1, 2) == 3\nassert add(0, 0) == 0\n",
    "humaneval": "def check(candidate):\n    assert candidate(1, 2) == 3\n    assert candidate(-1, 1) == 0\n",
    "pytest": """
import pytest
from solution import add


@pytest.mark.parametrize("n", [1, 2])
def test_add(n):
    assert add(n, n) == 2 * n
""",
    "unittest": """
import unittest
import solution


class TestAdd(unittest.TestCase):
    def test_add(self):
        self.assertEqual(solution.add(1, 2), 3)
""",
    "cases": [{"args": [1, 2], "expected": 3}, {"args": [1], "kwargs": {"b": 5}, "expected": 6}],
}


async def judged(sandbox: Sandbox, **fields: Any) -> Verdict:
    given = {"id": "x", "language": "python", "entry_point": "add", "solution": ADD, **fields}
    return await verdict_of(Item.model_validate(given), sandbox)


@pytest.mark.parametrize("style", sorted(TESTS))
async def test_a_right_solution_passes(style: str, sandbox: Sandbox) -> None:
    found = await judged(sandbox, style=style, tests=TESTS[style])

    assert (found.verdict, found.integrity, found.failure) == ("passed", "split", None)
    assert found.tests.passed == found.tests.expected > 0
    assert found.language_version.startswith("3.") and found.environment


@pytest.mark.parametrize("style", sorted(TESTS))
async def test_a_wrong_solution_fails_with_both_values(style: str, sandbox: Sandbox) -> None:
    found = await judged(sandbox, style=style, tests=TESTS[style], solution=WRONG)

    assert found.verdict == "wrong_answer"
    assert found.failure is not None and ("add(" in found.failure.test or "candidate(" in found.failure.test)
    assert "got: -1\nexpected: 3" in found.failure.message or "got: 0\nexpected: 2" in found.failure.message
    assert "execfeedback" not in found.failure.traceback


@pytest.mark.parametrize(
    ("solution", "verdict", "reason"),
    [
        ("def add(a, b)\n    return 1\n", "compile_error", "syntax"),
        ("import nowhere\n", "runtime_error", "import"),
        ("def plus(a, b):\n    return a + b\n", "runtime_error", "missing_name"),
        ("def add(a, b):\n    return [][a]\n", "runtime_error", "exception"),
        ("import os\n\n\ndef add(a, b):\n    os._exit(0)\n", "runtime_error", "exited"),
        ("import os\n\n\ndef add(a, b):\n    os.abort()\n", "runtime_error", "exited"),
        ("def add(a, b):\n    while True:\n        pass\n", "time_limit", "cpu"),
        ("import time\n\n\ndef add(a, b):\n    time.sleep(60)\n", "time_limit", "wall"),
        ("def add(a, b):\n    return bytearray(2 << 30)[0]\n", "memory_limit", "memory"),
        ("def add(a, b):\n    print('x' * 200000)\n    return 3\n", "output_limit", "output"),
        ("def add(a, b):\n    return add(a, b)\n", "runtime_error", "exception"),
    ],
)
async def test_what_went_wrong_is_told_apart(
    solution: str, verdict: str, reason: str, sandbox: Sandbox
) -> None:
    limits = {"cpu_s": 1, "wall_s": 1.5, "memory_mb": 200, "output_kb": 64}

    found = await judged(sandbox, tests=TESTS["asserts"], solution=solution, limits=limits)

    assert (found.verdict, found.reasons, found.passed) == (verdict, (reason,), False)


@pytest.mark.parametrize(
    ("style", "tests", "reason"),
    [
        ("asserts", "x = 1\n", "no_tests"),
        ("asserts", "def run():\n    assert add(1, 2) == 3\n\n\nadd(1, 2)\n", "no_tests"),
        (
            "asserts",
            "def run():\n    try:\n        assert add(1, 2) == 3\n    except Exception:\n        pass\n\n\nrun()\n",
            "no_tests",
        ),
        (
            "asserts",
            "def run():\n    assert add(1, 2) == 3\n\n\ntry:\n    run()\nexcept:\n    pass\n",
            "no_tests",
        ),
        ("asserts", "assert (\n", "tests_error"),
        ("asserts", "import nowhere\nassert add(1, 2) == 3\n", "tests_error"),
        ("asserts", "assert True\n", "vacuous"),
        ("asserts", "while True:\n    pass\nassert add(1, 2) == 3\n", "tests_limit"),
        ("asserts", "import os\nos._exit(0)\nassert add(1, 2) == 3\n", "tests_error"),
        ("pytest", "def helper():\n    pass\n", "no_tests"),
        (
            "pytest",
            "import pytest\n\n\n@pytest.mark.skip\ndef test_add():\n    assert add(1, 2) == 3\n",
            "skipped",
        ),
        ("pytest", "def test_add():\n    return add(1, 2) == 3\n", "returns_value"),
        ("unittest", "import unittest\n", "no_tests"),
    ],
)
async def test_bad_tests_are_not_the_solutions_fault(
    style: str, tests: str, reason: str, sandbox: Sandbox
) -> None:
    found = await judged(sandbox, style=style, tests=tests, limits={"cpu_s": 1, "wall_s": 2})

    assert (found.verdict, found.reasons, found.passed) == ("bad_tests", (reason,), None)


@pytest.mark.parametrize(
    ("tests", "expected"),
    [
        ("def run():\n    assert add(1, 2) == 3\n\n\nrun()\n", 1),
        ("def equal(a, b):\n    assert a == b\n\n\nequal(add(1, 2), 3)\nequal(add(2, 2), 4)\n", 2),
        ("def equal(a, b):\n    assert a == b\n\n\ndef run():\n    equal(add(1, 2), 3)\n\n\nrun()\n", 1),
        ("def equal(a, b):\n    assert a == b\n\n\nfor n in [1, 2]:\n    equal(add(n, n), 2 * n)\n", 1),
        ("import asyncio\n\n\nasync def main():\n    assert add(1, 2) == 3\n\n\nasyncio.run(main())\n", 1),
        ("class Tests:\n    def one(self):\n        assert add(1, 2) == 3\n\n\nTests().one()\n", 1),
        ("from unittest import TestCase\nTestCase().assertEqual(add(1, 2), 3)\n", 1),
        ("from unittest.mock import Mock\nseen = Mock()\nseen(add(1, 2))\nseen.assert_called_with(3)\n", 1),
        ("if add(1, 2) != 3:\n    raise AssertionError\n", 1),
        ("if __name__ == '__main__':\n    assert add(1, 2) == 3\n", 1),
        ("def main():\n    assert add(1, 2) == 3\n\n\nif __name__ == '__main__':\n    main()\n", 1),
    ],
)
async def test_an_assert_may_be_called(tests: str, expected: int, sandbox: Sandbox) -> None:
    right = await judged(sandbox, style="asserts", tests=tests)
    wrong = await judged(sandbox, style="asserts", tests=tests, solution=WRONG)

    assert (right.verdict, right.tests.passed, right.tests.expected) == ("passed", expected, expected)
    assert (wrong.verdict, wrong.reasons) == ("wrong_answer", ("assertion",))


STACK = """
class Stack:
    def __init__(self, items=()):
        self.items = list(items)

    def push(self, x):
        self.items.append(x)

    def pop(self):
        if not self.items:
            raise EmptyError("empty")
        return self.items.pop()

    def __len__(self):
        return len(self.items)

    def __iter__(self):
        return iter(self.items)

    def __eq__(self, other):
        return isinstance(other, Stack) and self.items == other.items

    def __repr__(self):
        return f"Stack({self.items})"


class EmptyError(Exception):
    pass


def numbers(n):
    for i in range(n):
        got = yield i
        if got:
            yield got


def apply(f, xs):
    return [f(x) for x in xs]


def drive(steps):
    first, second = next(steps), steps.send(5)
    third = steps.throw(ValueError("no"))
    steps.close()
    return [first, second, third]


async def later(x):
    return x * 2
"""
CROSSING = """
import asyncio
import pytest
import solution
from solution import Stack, EmptyError, numbers, apply, drive, later


def test_objects():
    s = Stack([1])
    s.push(2)
    assert len(s) == 2 and list(s) == [1, 2] and repr(s) == "Stack([1, 2])"
    assert isinstance(s, Stack) and s.items == [1, 2]
    s.items = [9]
    assert s.pop() == 9


def test_exceptions():
    with pytest.raises(EmptyError, match="empty"):
        Stack().pop()
    with pytest.raises(solution.EmptyError):
        Stack().pop()


def test_generators():
    g = numbers(3)
    assert next(g) == 0 and g.send(7) == 7 and list(g) == [1, 2]


def test_callbacks():
    assert apply(lambda x: x + 1, (1, 2)) == [2, 3]
    with pytest.raises(ZeroDivisionError):
        apply(lambda x: 1 // 0, [1])


def test_generators_of_the_tests():
    ended = []

    def steps():
        try:
            got = yield 1
            try:
                yield got
            except ValueError:
                yield "caught"
        finally:
            ended.append(True)

    assert drive(steps()) == [1, 5, "caught"] and ended == [True]


def test_coroutines():
    assert asyncio.run(later(4)) == 8


def test_output(capsys):
    assert capsys.readouterr().out == ""
"""


async def test_objects_exceptions_generators_and_callbacks_cross(sandbox: Sandbox) -> None:
    found = await judged(sandbox, style="pytest", tests=CROSSING, solution=STACK)

    assert found.verdict == "passed", found.failure
    assert found.tests.passed == 7


async def test_an_operator_of_a_class_decides_only_when_the_contract_names_it(sandbox: Sandbox) -> None:
    tests = "assert Stack([1]) == Stack([1])\nassert Stack([1]) != Stack([2])\nassert Stack([3]).pop() == 3\n"

    without = await judged(sandbox, tests=tests, solution=STACK)
    named = await judged(sandbox, tests=tests, solution=STACK, contract={"classes": ["Stack"]})

    assert (without.verdict, without.reasons) == ("unverifiable", ("contract_classes",))
    assert named.verdict == "passed"


SORT = "def sort(xs):\n    xs.sort()\n    return xs\n"


@pytest.mark.parametrize(
    ("mutates", "tests", "verdict"),
    [
        (None, "assert sort([2, 1]) == [1, 2]\n", "passed"),
        (None, "xs = [2, 1]\nsort(xs)\nassert xs == [1, 2]\nassert sort([1]) == [1]\n", "unverifiable"),
        (True, "xs = [2, 1]\nsort(xs)\nassert xs == [1, 2]\nassert sort([1]) == [1]\n", "passed"),
        (False, "xs = [2, 1]\nassert sort(xs) == [1, 2]\nassert xs == [2, 1]\n", "passed"),
    ],
)
async def test_changed_arguments_count_as_the_contract_says(
    mutates: bool | None, tests: str, verdict: str, sandbox: Sandbox
) -> None:
    found = await judged(sandbox, tests=tests, solution=SORT, contract={"mutates": mutates})

    assert found.verdict == verdict


@pytest.mark.parametrize(
    ("value", "expected", "right"),
    [
        ("True", 1, False),
        ("1.0", 1, True),
        ("(1, [2])", [1, [2]], True),
        ("{'a': None}", {"a": None}, True),
        ("'1'", 1, False),
        ("{1, 2}", [1, 2], False),
        ("0.1 + 0.2", 0.3, False),
        ("__import__('collections').Counter('aab')", {"a": 2, "b": 1}, True),
        ("__import__('collections').OrderedDict(a=1)", {"a": 1}, True),
        ("__import__('collections').namedtuple('P', 'x y')(1, 2)", [1, 2], True),
    ],
)
async def test_cases_compare_by_exact_type_where_json_can(
    value: str, expected: Any, right: bool, sandbox: Sandbox
) -> None:
    found = await judged(
        sandbox, style="cases", solution=f"def add():\n    return {value}\n", tests=[{"expected": expected}]
    )

    assert (found.verdict == "passed") is right


async def test_each_case_has_its_own_time_and_the_rest_go_on(sandbox: Sandbox) -> None:
    solution = "def add(n):\n    while n == 2:\n        pass\n    return n\n"
    cases = [{"args": [n], "expected": n} for n in range(5)]

    found = await judged(
        sandbox, style="cases", solution=solution, tests=cases, limits={"cpu_s": 0.5, "wall_s": 5}
    )

    assert (found.verdict, found.tests.passed, found.tests.expected) == ("time_limit", 4, 5)


async def test_a_case_may_expect_an_exception(sandbox: Sandbox) -> None:
    cases = [{"args": [1, "x"], "raises": "TypeError"}]

    assert (
        await judged(sandbox, style="cases", tests=cases)
    ).verdict == "bad_tests"  # nothing but an exception was seen
    both = [*cases, {"args": [1, 2], "expected": 3}]
    assert (await judged(sandbox, style="cases", tests=both)).verdict == "passed"
    none = await judged(sandbox, style="cases", tests=both, solution="def add(a, b):\n    return 3\n")
    assert none.verdict == "wrong_answer"


@pytest.mark.parametrize(
    ("solution", "name", "right"),
    [
        ("def add(n):\n    if n: raise KeyboardInterrupt\n", "RuntimeError", False),
        ("def add(n):\n    if n: raise KeyboardInterrupt\n", "KeyboardInterrupt", True),
        ("def add(n):\n    if n: raise IndexError\n", "LookupError", True),
        ("class ValueError(Exception): pass\ndef add(n):\n    if n: raise ValueError\n", "ValueError", False),
        ("class Mine(ValueError): pass\ndef add(n):\n    if n: raise Mine\n", "ValueError", True),
        ("class Mine(ValueError): pass\ndef add(n):\n    if n: raise Mine\n", "Mine", True),
    ],
)  # fmt: skip
async def test_an_exception_that_python_names_must_be_that_one(
    solution: str, name: str, right: bool, sandbox: Sandbox
) -> None:
    cases = [{"args": [0], "expected": None}, {"args": [1], "raises": name}]
    found = await judged(sandbox, style="cases", solution=solution, tests=cases)
    assert (found.verdict == "passed") is right


@pytest.mark.parametrize(
    ("value", "more", "verdict"),
    [
        ("[[2, 1], [3]]", {"checker": "unordered"}, "wrong_answer"),
        ("[[3], [1, 2]]", {"checker": "unordered"}, "passed"),
        ("[[2, 1], [3]]", {"contract": {"ordered": False}}, "wrong_answer"),
        ("[10**400, [3]]", {"checker": {"float": 1e-6}}, "wrong_answer"),
    ],
)
async def test_any_order_is_that_of_the_outermost_list(
    value: str, more: dict[str, Any], verdict: str, sandbox: Sandbox
) -> None:
    tests = [{"expected": [[1, 2], [3]]}]
    found = await judged(
        sandbox, style="cases", solution=f"def add():\n    return {value}\n", tests=tests, **more
    )
    assert found.verdict == verdict


ECHO = "import sys\nfor line in sys.stdin:\n    print(line.strip()[::-1])\n"


async def test_programs_are_judged_by_their_output(sandbox: Sandbox) -> None:
    cases = [{"stdin": "abc\n", "stdout": "cba"}, {"stdin": "xyz\n", "stdout": "zyx\n"}]

    right = await judged(sandbox, style="stdio", tests=cases, solution=ECHO)
    wrong = await judged(
        sandbox, style="stdio", tests=[*cases, {"stdin": "a\n", "stdout": "b"}], solution=ECHO
    )

    assert (right.verdict, right.tests.passed) == ("passed", 2)
    assert (wrong.verdict, wrong.tests.passed, wrong.tests.failed) == ("wrong_answer", 2, 1)
    assert wrong.failure is not None and wrong.failure.test == "case 3"
    assert wrong.failure.message == "input:\na\n\nexpected:\nb\ngot:\na\n"


@pytest.mark.parametrize(
    "checker",
    [
        None,
        "exact",
        "tokens",
        "lines",
        "unordered",
        {"float": 0.1},
        {"ignore_case": True},
        {"language": "python", "source": "raise SystemExit(42)\n"},
    ],
    ids=str,
)
async def test_bytes_that_are_no_text_are_not_the_character_that_is_shown_for_them(
    checker: object, sandbox: Sandbox
) -> None:
    tests = [{"stdin": "", "stdout": "a \ufffd\n"}]
    fields = {"style": "stdio", "tests": tests, **({"checker": checker} if checker else {})}

    wrong = await judged(sandbox, solution=r"import os; os.write(1, b'a \xff\n')", **fields)
    right = await judged(sandbox, solution="print('a \ufffd')", **fields)

    assert (wrong.verdict, wrong.stdout, right.verdict) == ("wrong_answer", "a \ufffd\n", "passed")
    assert wrong.failure is not None and "not UTF-8" in wrong.failure.message


async def test_a_program_that_fails_is_no_pass_whatever_it_printed(sandbox: Sandbox) -> None:
    found = await judged(
        sandbox,
        style="stdio",
        tests=[{"stdin": "", "stdout": "1"}],
        solution="print(1)\nraise SystemExit(3)\n",
    )

    assert (found.verdict, found.exit_code) == ("runtime_error", 3)


@pytest.mark.parametrize(
    ("given", "change"),
    [
        ("[1]", "x[0] = True"),
        ("[1]", "x[0] = 1.0"),
        ("[0.0]", "x[0] = -0.0"),
        ("[({'a': 0},)]", "x[0][0]['a'] = False"),
    ],
)
async def test_an_argument_is_changed_by_what_is_equal_and_of_another_kind(
    given: str, change: str, sandbox: Sandbox
) -> None:
    fields = {"tests": f"x = {given}\nf(x)\nassert repr(x) == {given!r}\n", "contract": {"mutates": True}}

    changed = await judged(sandbox, solution=f"def f(x):\n    {change}\n", **fields)
    left = await judged(sandbox, solution="def f(x):\n    x[0]\n", **fields)

    assert (changed.verdict, left.verdict) == ("wrong_answer", "passed")


async def test_a_special_judge_decides(sandbox: Sandbox) -> None:
    source = """
import sys
wanted = float(open(sys.argv[2]).read())
sys.exit(42 if abs(float(sys.stdin.read()) - wanted) < 0.1 else 43)
"""
    checker = {"language": "python", "source": source}
    fields = {"style": "stdio", "checker": checker, "tests": [{"stdin": "", "stdout": "3.14"}]}

    assert (await judged(sandbox, solution="print(3.1)\n", **fields)).verdict == "passed"
    assert (await judged(sandbox, solution="print(3.5)\n", **fields)).verdict == "wrong_answer"
    assert (await judged(sandbox, solution="print('x')\n", **fields)).verdict == "bad_tests"


async def test_a_special_judge_may_take_longer_than_the_solution(sandbox: Sandbox) -> None:
    source = "import sys, time\nend = time.process_time() + 1\nwhile time.process_time() < end: pass\nsys.exit(42)\n"
    fields = {"style": "stdio", "checker": {"language": "python", "source": source}}
    limits = {"cpu_s": 0.5}

    found = await judged(
        sandbox, solution="print(1)\n", tests=[{"stdin": "", "stdout": "1"}], limits=limits, **fields
    )

    assert found.verdict == "passed"


async def test_held_out_cases_reject_a_table(sandbox: Sandbox) -> None:
    table = "def add(a, b):\n    return {(1, 2): 3, (0, 0): 0}.get((a, b))\n"
    holdout = [{"args": [5, 6], "expected": 11}]

    found = await judged(sandbox, tests=TESTS["asserts"], solution=table, holdout=holdout)

    assert (found.verdict, found.reasons, found.passed) == ("rejected", ("held_out",), False)
    assert (await judged(sandbox, tests=TESTS["asserts"], holdout=holdout)).verdict == "passed"


async def test_files_of_the_tests_cannot_be_read_by_the_solution(sandbox: Sandbox) -> None:
    tests = "assert open('secret.txt').read() == 'x'\nassert peek('secret.txt') is None\nassert peek('shared.txt') == 'y'\n"
    solution = "def peek(path):\n    try:\n        return open(path).read()\n    except OSError:\n        return None\n"

    found = await judged(
        sandbox, tests=tests, solution=solution, files={"secret.txt": "x"}, solution_files={"shared.txt": "y"}
    )

    assert found.verdict == "passed", found.failure


async def test_a_solution_may_have_several_files(sandbox: Sandbox) -> None:
    files = {
        "solution.py": "from values import one\n\n\ndef add(a, b):\n    return a + b + one - 1\n",
        "values.py": "one = 1\n",
    }

    assert (await judged(sandbox, tests=TESTS["asserts"], solution=files)).verdict == "passed"


@pytest.mark.parametrize("path", ["../x", "/etc/x", "a/../../x"])
async def test_a_path_that_leaves_the_run_is_refused(path: str, sandbox: Sandbox) -> None:
    with pytest.raises(InputError, match="must be relative"):
        await judged(sandbox, tests=TESTS["asserts"], solution_files={path: "x"})


async def test_a_language_that_is_not_offered_is_named(sandbox: Sandbox) -> None:
    found = await judged(sandbox, language="klingon", tests="")

    assert (found.verdict, found.reasons) == ("unverifiable", ("language",))
    assert found.failure is not None and "python" in found.failure.message


@pytest.mark.usefixtures("numpy_there")
async def test_numpy_values_cross(sandbox: Sandbox) -> None:
    solution = "import numpy as np\n\n\ndef add(a, b):\n    return np.array(a) + np.array(b)\n"
    tests = """
import numpy as np
assert add([1, 2], [3, 4]).tolist() == [4, 6]
assert np.array_equal(add([1], [1]), np.array([2]))
"""

    assert (await judged(sandbox, tests=tests, solution=solution)).verdict == "passed"


async def test_a_fresh_interpreter_has_the_hash_seed_that_was_asked_for(sandbox: Sandbox) -> None:
    item = Item(
        id="x",
        language="python",
        entry_point="h",
        solution="def h():\n    return hash('a')\n",
        tests="assert h() == 0\n",
    )

    seen = {(await verdict_of(item, sandbox, fresh_seed=seed)).failure.message for seed in (1, 2, 1)}  # type: ignore[union-attr]

    assert len(seen) == 2


@pytest.mark.usefixtures("numpy_there")
async def test_a_module_that_the_solution_imports_is_the_tests_own(sandbox: Sandbox) -> None:
    honest = "import math\n\n\ndef half(x):\n    return x / 2\n"
    tests = "assert math.isclose(half(1), 0.5)\nassert math.floor(half(5)) == 2\n"
    liar = honest.replace("x / 2", "0") + "math.isclose = lambda *a, **k: True\nmath.floor = lambda x: 2\n"

    right = await judged(sandbox, style="asserts", solution=honest, tests=tests, entry_point="half")
    wrong = await judged(sandbox, style="asserts", solution=liar, tests=tests, entry_point="half")

    assert (right.verdict, right.failure) == ("passed", None)
    assert wrong.verdict == "wrong_answer"


@pytest.mark.usefixtures("numpy_there")
async def test_np_is_the_tests_own_numpy(sandbox: Sandbox) -> None:
    honest = "import numpy as np\n\n\ndef half(x):\n    return x / 2\n"
    liar = honest.replace("x / 2", "0") + "np.allclose = lambda *a, **k: True\n"
    tests = "assert np.allclose(half(3), 1.5)\n"

    assert (await judged(sandbox, style="asserts", solution=honest, tests=tests)).verdict == "passed"
    assert (await judged(sandbox, style="asserts", solution=liar, tests=tests)).verdict == "wrong_answer"


async def test_a_name_like_a_module_that_is_none_is_the_solutions(sandbox: Sandbox) -> None:
    solution = "queue = [1, 2]\n\n\ndef calendar():\n    return 3\n"
    tests = "assert queue == [1, 2]\nassert calendar() == 3\n"

    assert (await judged(sandbox, style="asserts", solution=solution, tests=tests)).verdict == "passed"


async def test_a_declared_class_that_equals_everything_is_refused(sandbox: Sandbox) -> None:
    solution = "class P:\n    def __init__(self, x):\n        self.x = x\n\n    def __eq__(self, other):\n        return {}\n"
    honest = solution.format("isinstance(other, P) and self.x == other.x")
    liar = solution.format("True")
    tests = "assert P(1) == P(1)\nassert P(2).x == 2\n"
    fields: dict[str, Any] = {"style": "asserts", "tests": tests, "contract": {"classes": ["P"]}}

    assert (await judged(sandbox, solution=honest, **fields)).verdict == "passed"
    refused = await judged(sandbox, solution=liar, **fields)
    assert (refused.verdict, refused.reasons) == ("unverifiable", ("contract_classes",))


async def test_tests_that_cannot_be_compiled_say_so_every_time(sandbox: Sandbox) -> None:
    for _ in range(20):
        found = await judged(sandbox, style="asserts", tests="assert add(1, 2 == 3\n")

        assert (found.verdict, found.reasons) == ("bad_tests", ("tests_error",))
        assert found.failure is not None and "SyntaxError" in found.failure.message


CHANGES = """
def change(a, b):
    a.append(1)
    b.append(2)
    return a
"""


@pytest.mark.parametrize(
    ("mutates", "tests"),
    [
        (True, "change(a, b)\nassert (a, b) == ([1], [2])"),
        (False, "assert change(a, b) == [1]\nassert (a, b) == ([], [])"),
        (["a"], "assert change(a, b) is a\nassert (a, b) == ([1], [])"),
        (["b"], "assert change(a, b) == [1]\nassert (a, b) == ([], [2])"),
        (["b"], "change(a, b=b)\nassert (a, b) == ([], [2])"),
        (["b"], "change(b=b, a=a)\nassert (a, b) == ([], [2])"),
        (True, "change(b=b, a=a)\nassert (a, b) == ([1], [2])"),
    ],
)
async def test_the_contract_says_which_arguments_may_change(
    mutates: Any, tests: str, sandbox: Sandbox
) -> None:
    tests = f"a, b = [], []\n{tests}\n"
    found = await judged(
        sandbox, style="asserts", solution=CHANGES, tests=tests, contract={"mutates": mutates}
    )

    assert (found.verdict, found.failure) == ("passed", None)


async def test_what_lies_in_a_changed_argument_stays_the_same_object(sandbox: Sandbox) -> None:
    solution = "def mark(grid):\n    for row in grid:\n        row[0] = 'x'\n    grid.append(['y'])\n"
    tests = "row = [1, 2]\ngrid = [row]\nmark(grid)\nassert grid[0] is row and row == ['x', 2]\nassert grid[1] == ['y']\n"
    found = await judged(sandbox, style="asserts", solution=solution, tests=tests, contract={"mutates": True})

    assert (found.verdict, found.failure) == ("passed", None)


# ---- what became of each test --------------------------------------------------------------------------------------

UPS = "import os\n\n\ndef add(a, b):\n    if a == 2:\n        os._exit(3)\n    return a - b if a == 3 else a + b\n"
EACH: dict[str, tuple[Any, list[tuple[str, str, str | None]]]] = {
    "asserts": (
        "assert add(1, 2) == 3\nassert add(3, 1) == 4\nassert add(1, 1) == 2\n",
        [("test 1", "passed", None), ("test 2", "failed", "assertion"), ("test 3", "not_run", None)],
    ),
    "humaneval": (
        "def check(candidate):\n    assert candidate(3, 1) == 4\n",
        [("check", "failed", "assertion")],
    ),
    "pytest": (
        "from solution import add\n\n\ndef test_one():\n    assert add(1, 1) == 2\n\n\n"
        "def test_two():\n    assert add(3, 1) == 4\n\n\ndef test_three():\n    assert add(0, 1) == 1\n",
        [("test_one", "passed", None), ("test_two", "failed", "assertion"), ("test_three", "passed", None)],
    ),
    "unittest": (
        "import unittest\nfrom solution import add\n\n\nclass TestAdd(unittest.TestCase):\n"
        "    def test_a(self):\n        self.assertEqual(add(1, 2), 3)\n\n"
        "    def test_b(self):\n        self.assertEqual(add(3, 2), 5)\n",
        [("TestAdd.test_a", "passed", None), ("TestAdd.test_b", "failed", "assertion")],
    ),
    "cases": (
        [{"args": [a, 1], "expected": a + 1} for a in (1, 2, 3, 4)],
        [
            ("add(1, 1)", "passed", None),
            ("add(2, 1)", "error", "exited"),
            ("add(3, 1)", "failed", "assertion"),
            ("add(4, 1)", "passed", None),
        ],
    ),
}


@pytest.mark.parametrize("style", sorted(EACH))
async def test_each_test_is_told_of_where_that_is_asked(style: str, sandbox: Sandbox) -> None:
    tests, wanted = EACH[style]
    found = await judged(sandbox, style=style, tests=tests, solution=UPS, results=True)

    told = [(one.name, one.outcome, one.reason) for one in found.results]
    assert told == wanted
    assert all(bool(one.message) == (one.outcome in ("failed", "error")) for one in found.results)
    assert (await judged(sandbox, style=style, tests=tests, solution=UPS)).results == ()


async def test_held_out_cases_are_not_told_of(sandbox: Sandbox) -> None:
    tests, hidden = ([{"args": [a, 1], "expected": a + 1}] for a in (1, 3))
    found = await judged(sandbox, style="cases", tests=tests, holdout=hidden, solution=UPS, results=True)

    assert found.verdict == "rejected"
    assert [(one.name, one.outcome) for one in found.results] == [("add(1, 1)", "passed")]
