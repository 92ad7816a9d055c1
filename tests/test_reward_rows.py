"""The rows of others' datasets, read as those who publish them mean them: right answers pass, wrong ones do not, and tests
that do not say what they are give no reward."""

import json
import pickle
import zlib
from array import array
from base64 import b64encode
from typing import Any

import pytest

from execfeedback.columns import given_tests
from execfeedback.columns.fields import Unreadable, from_json
from execfeedback.columns.source import source_of
from execfeedback.rewards.trl import code_reward
from execfeedback.rewards.verl import compute_score

ADD = "def add(a, b):\n    return a + b\n"
METHOD = "class Solution:\n    def add(self, a, b):\n        return a + b\n"
SUM = "print(sum(map(int, input().split())))\n"
CHECK = "def check(candidate):\n    assert candidate(a=1, b=2) == 3\n"
PAIR = {"input": "1\n2", "output": "3"}
LINES = {"input": "1 2\n", "output": "3\n"}
NAMED = {"func_name": "add"}


def said(code: str, tag: str = "python") -> str:
    return f"Here it is.\n\n```{tag}\n{code}```\n"


def score(code: str, truth: Any, tag: str = "python", told: Any = None) -> float | None:
    """verl's score, or None where it says nothing about the model."""
    found = compute_score("d", said(code, tag), truth if isinstance(truth, str) else json.dumps(truth), told)
    assert not found["infra_error"]
    return None if found["unverifiable"] else found["score"]


def packed(value: bytes) -> str:
    return b64encode(zlib.compress(value)).decode()


CALLS: dict[str, dict[str, Any]] = {
    "func_name beside inputs": {"ground_truth": {"inputs": ["1\n2"], "outputs": ["3"], **NAMED}},
    "LiveCodeBench's metadata": {"ground_truth": [{**PAIR, "testtype": "functional", "metadata": NAMED}]},
    "metadata beside cases": {
        "verification_info": {
            "ground_truth": json.dumps([{**PAIR, "testtype": "functional"}]),
            "metadata": json.dumps(NAMED),
        }
    },
    "metadata of the row": {
        "ground_truth": json.dumps([{**PAIR, "testtype": "functional"}]),
        "metadata": json.dumps(NAMED),
    },
    "function_call": {"test_cases": [{"type": "function_call", **NAMED, "input": [1, 2], "output": 3}]},
    "structs of Arrow": {
        "test_cases": [
            {"type": "function_call", **NAMED, **PAIR, "args": None, "stdin": None, "inputs": None}
        ]
    },
    "cases of Arrow": {
        "test_cases": [{"args": [1, 2], "kwargs": None, "expected": 3, "raises": None}],
        "entry_point": "add",
    },
    "tuples and arrays": {
        "ground_truth": {"inputs": (array("l", [1, 2]),), "outputs": (3,), "fn_name": "add"}
    },
    "JSON in JSON": {"ground_truth": json.dumps(json.dumps({"inputs": ["1\n2"], "outputs": ["3"], **NAMED}))},
}


@pytest.mark.docker
@pytest.mark.parametrize("columns", CALLS.values(), ids=CALLS)
def test_tests_of_calls_tell_right_from_wrong(columns: dict[str, Any]) -> None:
    answers = [said(ADD), said(METHOD), said(ADD.replace("+", "-"))]
    repeated = {name: [value] * len(answers) for name, value in columns.items()}
    assert code_reward(["Add."] * len(answers), answers, **repeated) == [1.0, 1.0, 0.0]


@pytest.mark.docker
@pytest.mark.parametrize(
    "beside", [{"inputs": [""], "outputs": [None]}, {"inputs": ["1 2"], "outputs": ["3"]}]
)
def test_asserts_go_before_inputs_and_outputs(beside: dict[str, Any]) -> None:
    row = {"assert_case": ["assert add(1, 2) == 3"], **beside}
    answers = [said(ADD), said(ADD.replace("+", "-"))]
    assert code_reward(["Add."] * 2, answers, **{name: [value] * 2 for name, value in row.items()}) == [
        1.0,
        0.0,
    ]
    assert [score(code, row) for code in (ADD, SUM.replace("input()", "'1'"))] == [1.0, 0.0]


@pytest.mark.docker
@pytest.mark.parametrize("code", ["def add(a: List[int], b):\n    return a + b\n", "    return a + b\n"])
def test_what_stands_beside_a_check_is_its_prompt(code: str) -> None:
    prompt = "from typing import List\n\n\ndef add(a: List[int], b):\n"
    truth = {"prompt": prompt, "test": CHECK, "entry_point": "add"}
    assert [score(one, truth) for one in (code, code.replace("+", "-"))] == [1.0, 0.0]
    asked = source_of({"ground_truth": truth | {"prompt": "Complete:\ndef add(a, b):\n"}}, {})
    assert asked.prompt is None


@pytest.mark.docker
@pytest.mark.parametrize("beside", [{"test_setup_code": "import math"}, {"test_imports": ["import math"]}])
def test_what_asserts_of_mbpp_need_stands_beside_them(beside: dict[str, Any]) -> None:
    truth = {"test_list": ["assert add(1, 2) == math.floor(3.5)"], **beside}
    assert [score(code, truth) for code in (ADD, ADD.replace("+", "-"))] == [1.0, 0.0]


PROGRAMS: dict[str, tuple[Any, str, str]] = {
    "LiveCodeBench": ([{**LINES, "testtype": "stdin", "metadata": {"func_name": None}}], SUM, "print(4)\n"),
    "null for a function": ({"inputs": ["1 2"], "outputs": ["3"], "fn_name": None}, SUM, "print(4)\n"),
    "asserts that are empty": ({"assert_case": [""], "inputs": ["1 2"], "outputs": ["3"]}, SUM, "print(4)\n"),
    "lists of lines": (
        {"inputs": [["1", 2]], "outputs": [[[3]]]},
        "import sys\nprint(sum(int(line[:-1]) for line in sys.stdin))\n",
        "print(4)\n",
    ),
    "null for no input": ({"inputs": [None], "outputs": [3]}, "print(3)\n", "print(input())\n"),
    "packed JSON": (packed(json.dumps([LINES]).encode()), SUM, "print(4)\n"),
    "decimals": ({"inputs": [""], "outputs": ["0.333333\n"]}, "print(1 / 3)\n", "print(0.3334)\n"),
    "decimals with zeros": ({"inputs": [""], "outputs": ["2.500 YES"]}, "print(2.5, 'YES')\n", "print(2.5, 2.5)\n"),
    "JSON numbers": ({"inputs": [""], "outputs": [2.5]}, "print('2.50')\n", "print(2)\n"),
    "long whole numbers beside decimals": (
        {"inputs": [""], "outputs": ["1000000007 0.5"]},
        "print(1000000007, 0.50)\n",
        "print(1000000008, 0.5)\n",
    ),
    "large decimals": (
        {"inputs": [""], "outputs": ["12345678901.25"]},
        "print(12345678901.2500001)\n",
        "print(12345678915.25)\n",
    ),
    "whole numbers alone": ({"inputs": [""], "outputs": ["1000000007"]}, "print(1000000007)\n", "print(1000000007.0)\n"),
}  # fmt: skip


@pytest.mark.docker
@pytest.mark.parametrize(("truth", "right", "wrong"), PROGRAMS.values(), ids=PROGRAMS)
def test_tests_of_programs_tell_right_from_wrong(truth: Any, right: str, wrong: str) -> None:
    assert [score(right, truth), score(wrong, truth)] == [1.0, 0.0]


@pytest.mark.docker
@pytest.mark.parametrize(
    ("truth", "right", "wrong"),
    [
        (
            {"language": "javascript", "test_cases": [{"type": "stdin_stdout", **LINES}]},
            "console.log(3)",
            "console.log(4)",
        ),
        ({"language": "JavaScript", "inputs": [""], "outputs": ["3"]}, "console.log(3)", "console.log(4)"),
        ([{"language": "js", "input": "", "output": "3"}], "console.log(3)", "console.log(4)"),
        (
            {"language": "javascript", "inputs": [[1, 2]], "outputs": [3], "fn_name": "add"},
            "class Solution {}\nfunction add(a, b) { return a + b }",
            "function add(a, b) { return a - b }",
        ),
    ],
    ids=["verification_info", "inputs and outputs", "cases", "calls"],
)
def test_the_language_is_the_one_that_the_tests_say(truth: Any, right: str, wrong: str) -> None:
    assert [score(f"{code}\n", truth, "javascript") for code in (right, wrong)] == [1.0, 0.0]


def test_what_the_tests_say_of_the_language_goes_before_a_column_of_the_row() -> None:
    told = {"verification_info": {"language": "rust", "test_cases": [LINES]}, "language": "en"}
    assert source_of(told, {}).language == "rust"
    assert source_of({"inputs": ["1"], "outputs": ["1"], "language": "C++"}, {}).language == "cpp"


UNREADABLE: dict[str, Any] = {
    "a call without a name": [{"type": "function_call", "input": [1, 2], "output": 3}],
    "functional without a name": [{"testtype": "functional", **PAIR}],
    "functional pairs without a name": {"testtype": "functional", "inputs": ["1\n2"], "outputs": ["3"]},
    "a null output": {"inputs": ["1"], "outputs": [None]},
    "calls and programs": [{"type": "stdin_stdout", **LINES}, {"type": "function_call", **NAMED, **PAIR}],
    "two functions": [{**PAIR, "fn_name": "add"}, {**PAIR, "fn_name": "sub"}],
    "two languages": [{**LINES, "language": "python"}, {**LINES, "language": "rust"}],
    "lists within lines": {"inputs": [[[1], [2, 3]]], "outputs": [["6"]]},
    "a pickle": packed(pickle.dumps(json.dumps([LINES]))),
    "JSON that is cut off": packed(json.dumps([{**LINES, "input": str(n)} for n in range(99)]).encode())[:80],
    "more than can be passed on": {"inputs": ["[" * 200 + "]" * 200], "outputs": ["1"], "fn_name": "add"},
}


@pytest.mark.docker
@pytest.mark.parametrize("truth", UNREADABLE.values(), ids=UNREADABLE)
def test_tests_that_do_not_say_what_they_are_give_no_reward(truth: Any) -> None:
    with pytest.raises(Unreadable):
        source_of({"ground_truth": truth}, {})
    assert score(ADD, truth) is None


@pytest.mark.docker
def test_a_row_that_is_nested_too_deeply_is_none_of_the_others_business() -> None:
    deep: list[Any] = []
    deeper: list[Any] = []
    for _ in range(300):
        deep = [deep]
    for _ in range(20_000):
        deeper = [deeper]
    rows = [{"inputs": [[given]], "outputs": [1], "fn_name": "f"} for given in (1, deep, deeper)]
    answer = said("def f(x):\n    return 1\n")
    assert code_reward(["p"] * 3, [answer] * 3, input_output=rows) == [1.0, None, None]


# ---- methods ---------------------------------------------------------------------------------------------------------


@pytest.mark.docker
@pytest.mark.parametrize(
    ("truth", "told"),
    [
        (CHECK, {"entry_point": "Solution().add"}),
        (f"{CHECK}\n\ncheck(Solution().add)\n", None),
        ({"functional": f"{CHECK}\n\ncheck(Solution().add)"}, None),
        ({"inputs": [[1, 2]], "outputs": [3]}, {"entry_point": "Solution().add"}),
        ("assert Solution().add(1, 2) == 3", {"entry_point": "Solution().add"}),
    ],
    ids=["column", "called", "wrapped", "pairs", "asserts"],
)
def test_a_method_of_a_new_object_is_called(truth: Any, told: Any) -> None:
    """As in LeetCodeDataset. The typing names are what it gives every solution."""
    right = METHOD.replace("a, b)", "a: int, b: Optional[int])")
    found = [score(code, truth, told=told) for code in (right, METHOD.replace("+", "-"), "pass\n")]
    assert found == [1.0, 0.0, 0.0]


def test_a_check_goes_before_examples_that_no_program_reads() -> None:
    row = {
        "test": CHECK,
        "entry_point": "Solution().add",
        "input_output": [{"input": "a = 1", "output": "3"}],
    }
    source = source_of(row, {})
    assert (source.shape, source.given.style, source.given.entry_point) == (
        "humaneval",
        "humaneval",
        "Solution",
    )


def test_a_name_that_is_none_is_unreadable() -> None:
    with pytest.raises(Unreadable, match="entry_point"):
        source_of({"test": CHECK, "entry_point": "Solution(1).add"}, {})


# ---- what the solution of a call is given ----------------------------------------------------------------------------

IMPORTED: dict[str, tuple[str, str, Any, Any, float]] = {
    "typing": ("f", "def f(a: List[int]):\n    return sum(a)\n", [[1, 2]], 3, 1.0),
    "a method": (
        "f",
        "class Solution:\n    def f(self, a: List[int]) -> int:\n        return Counter(a)[1] + math.floor(1.5)\n",
        [[1, 2]],
        2,
        1.0,
    ),
    "after the future": (
        "f",
        '"""Doc."""\nfrom __future__ import annotations\ndef f(a):\n    return deque(a)[0]\n',
        [[1, 2]],
        1,
        1.0,
    ),
    "its own names": ("f", "def floor(x):\n    return 7\ndef f(a):\n    return floor(a) + math.floor(a)\n", [1.5], 8, 1.0),
    "builtins": ("f", "def f(a):\n    StringIO, itemgetter\n    return pow(2, 3) + len(open(0).name and [1])\n", [1], 9, 0.0),
    "builtins hold": ("f", "def f(a):\n    StringIO, itemgetter\n    return pow(2, 3) + abs(-1)\n", [1], 9, 1.0),
    "not the answer": ("gcd", "x = floor(1)\n", [4, 6], 2, 0.0),
    "not the answer, which is used": ("gcd", "x = gcd(1, 2) + floor(1)\n", [4, 6], 2, 0.0),
    "not a builtin as the answer": ("pow", "x = itemgetter\n", [2, 3], 8, 0.0),
    "deep calls": ("f", "def f(n):\n    return n and 1 + f(n - 1)\n", [20000], 20000, 1.0),
    "calls without an end": ("f", "def f(n):\n    return 1 + f(n - 1)\n", [1], 1, 0.0),
    "nothing that there is not": ("f", "def f(a):\n    return numpy.sum(a)\n", [[1, 2]], 3, 0.0),
}  # fmt: skip


@pytest.mark.docker
@pytest.mark.parametrize(("name", "code", "args", "value", "reward"), IMPORTED.values(), ids=IMPORTED)
def test_the_imports_of_a_dataset_are_given_and_never_the_answer(
    name: str, code: str, args: Any, value: Any, reward: float
) -> None:
    assert score(code, {"inputs": [args], "outputs": [value], "fn_name": name}) == reward


@pytest.mark.docker
def test_a_verify_item_is_judged_as_it_is() -> None:
    item = {
        "language": "python",
        "entry_point": "f",
        "style": "cases",
        "tests": [{"args": [[1]], "expected": 1}],
    }
    assert score("def f(a: List[int]):\n    return a[0]\n", item) == 0.0


KEYS: dict[str, tuple[str, Any, Any, float]] = {
    "returned": ("return {1: 2}", "0", '{"1": 2}', 1.0),
    "returned as texts": ("return {'1': 2}", "0", '{"1": 2}', 1.0),
    "nested": ("return [{1: [2]}, {3: ()}]", "0", '[{"1": [2]}, {"3": []}]', 1.0),
    "in a list of one": ("return {1: 2}", [0], [{"1": 2}], 1.0),
    "taken": ("return a[1]", [{"1": 5}], 5, 1.0),
    "taken and returned": ("return {k + 0: a[k] for k in a}", [{"1": 5}], [{"1": 5}], 1.0),
    "recursive": ("return {a: f(a - 1)} if a else {}", "2", '{"2": {"1": {}}}', 1.0),
    "another key": ("return {2: 2}", "0", '{"1": 2}', 0.0),
    "another value": ("return {1: 3}", "0", '{"1": 2}', 0.0),
    "a boolean": ("return {1: True}", "0", '{"1": 1}', 0.0),
    "a boolean as key": ("return {True: 1}", "0", '{"1": 1}', 0.0),
    "both": ("return {1: 2, '1': 2}", "0", '{"1": 2}', 0.0),
}


@pytest.mark.docker
@pytest.mark.parametrize(("body", "given", "told", "reward"), KEYS.values(), ids=KEYS)
def test_keys_that_json_made_texts_may_be_whole_numbers(
    body: str, given: Any, told: Any, reward: float
) -> None:
    truth = {"inputs": [given], "outputs": [told], "fn_name": "f"}
    assert score(f"def f(a):\n    {body}\n", truth) == reward


@pytest.mark.parametrize("text", ['"a"', '"[1"', '"""Tests."""\nassert f() == 1', '"1"'])
def test_text_that_is_no_json_list_stays_as_it_is(text: str) -> None:
    assert from_json(text) == text


def test_tests_within_tests_end() -> None:
    told: Any = "assert f() == 1"
    for _ in range(9):
        told = {"tests": told}
    with pytest.raises(Unreadable):
        given_tests.tests_of(told, "tests", None)
