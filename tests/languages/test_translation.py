"""Python problems in other languages: what is carried, what a signature looks like, and that right and wrong are told apart."""

import tomllib
from pathlib import Path
from typing import Any

import pytest

from execfeedback.errors import InputError
from execfeedback.languages import languages
from execfeedback.problems import bundled, load_problems
from execfeedback.protocols import Sandbox
from execfeedback.translation import known_cases, translated
from execfeedback.types import Case, Item, Problem
from execfeedback.verdicts import verdict_of

BY_HAND = tomllib.loads((Path(__file__).parent / "translated.toml").read_text("utf-8"))
SOLVED = [
    "vowel_groups",
    "first_at_least",
    "ordinal",
    "window_sums",
    "merge_sorted",
    "gray_rank",
    "worst_fall",
    "clock_angle",
    "colour_code",
    "longest_plateau",
]
WRONG = {
    "javascript": "function {name}(...given) {{ return 'wrong'; }}",
    "typescript": "function {name}(...given: any[]): any {{ return 'wrong'; }}",
    "php": "<?php function {name}(...$given) {{ return 'wrong'; }}",
    "ruby": "def {name}(*given) = 'wrong'",
    "perl": "sub {name} {{ return 'wrong'; }}",
    "lua": "function {name}(...) return 'wrong' end",
    "java": 'class Solution {{ public static Object {name}({params}) {{ return "wrong"; }} }}',
    "cpp": '#include <bits/stdc++.h>\nstd::string {name}({params}) {{ return "wrong"; }}',
    "go": 'package main\nfunc {name}({params}) string {{ return "wrong" }}',
    "rust": 'use std::collections::HashMap;\nfn {name}({params}) -> String {{ "wrong".to_string() }}',
}
"""A solution of each language that answers with a constant."""
MAIN_ONES = [name for name in BY_HAND if languages()[name].main]


def problem(tests: Any, style: str = "asserts", name: str = "f") -> Problem:
    return Problem.model_validate(
        {"id": "p", "statement": "Do.", "entry_point": name, "style": style, "tests": tests}
    )


ASSERTS = "assert f(1, [2.5]) == 'a'\nassert 'b' == f(2, [])\nassert f(3, [1]) == 'c'\nassert f(x) == 1\nassert f(1) > 2\n"


def test_only_calls_with_plain_values_are_carried() -> None:
    cases = known_cases(problem(ASSERTS))
    assert [(case.args, case.expected) for case in cases] == [
        ((1, [2.5]), "a"),
        ((2, []), "b"),
        ((3, [1]), "c"),
    ]


def test_a_tuple_is_a_list_and_a_set_is_not_carried() -> None:
    cases = known_cases(problem("assert f((1, 2)) == (3,)\nassert f({1}) == 2\nassert f(1, k=2) == 3\n"))
    assert cases == (Case(args=([1, 2],), expected=[3]),)


def test_cases_are_taken_as_they_are_but_for_keywords_and_exceptions() -> None:
    given = [
        {"args": [1], "expected": 2},
        {"args": [1], "kwargs": {"k": 1}, "expected": 2},
        {"args": [0], "raises": "E"},
    ]
    assert len(known_cases(problem(given, "cases"))) == 1


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("rust", "fn f(a: i64, b: Vec<f64>) -> String"),
        ("java", "class Solution { public static String f(long a, List<Double> b) }"),
        ("cpp", "std::string f(long long a, std::vector<double> b)"),
        ("go", "func f(a int, b []float64) string"),
        ("typescript", "function f(a: number, b: number[]): string"),
        ("ruby", "def f(a, b)"),
        ("php", "function f($a, $b)"),
    ],
)  # fmt: skip
def test_the_values_give_the_signature(name: str, words: str) -> None:
    assert translated(problem(ASSERTS), name).statement.endswith(f"    {words}")


@pytest.mark.parametrize(
    ("tests", "name", "why"),
    [
        ("assert f(1) == 2\n", "rust", "1 of its tests"),
        ("assert f(1) == 2\n" * 3 + "assert f('a') == 2\n", "rust", "several kinds"),
        ("assert f(2 ** 3) == 1\n" * 3, "rust", "0 of its tests"),
        (f"assert f({2**63}) == 1\n" * 3, "go", "more than an integer"),
        (f"assert f({2**53}) == 1\n" * 3, "javascript", "more than an integer"),
        ("assert f(1) == 2\nassert f(1, 2) == 2\nassert f(1) == 2\n", "go", "different numbers"),
        ("assert f(1) == 2\n" * 3, "sql", "takes no calls"),
        ("assert f(1) == 2\n" * 3, "c", "takes no calls"),
    ],
)
def test_what_cannot_be_carried_is_said(tests: str, name: str, why: str) -> None:
    with pytest.raises(InputError, match=why):
        translated(problem(tests), name)


def test_null_makes_a_type_optional() -> None:
    words = translated(
        problem("assert f([1, None]) == None\nassert f([]) == 2\nassert f([3]) == 4\n"), "rust"
    ).statement
    assert words.endswith("fn f(a: Vec<Option<i64>>) -> Option<i64>")


def carried(name: str) -> list[Problem]:
    found = []
    for one in load_problems(bundled()):
        try:
            found.append(translated(one, name))
        except InputError:
            continue
    return found


@pytest.mark.parametrize("name", sorted(BY_HAND))
def test_sixty_bundled_problems_are_carried(name: str) -> None:
    assert len(carried(name)) >= 60


def wrong(one: Problem, name: str) -> str:
    """The signature's parameters, and a constant for an answer."""
    words = one.statement.rsplit("\n", 1)[-1]
    if "{params}" not in WRONG[name]:
        return WRONG[name].format(name=one.entry_point)
    params = words[words.index(f"{one.entry_point}(") + len(f"{one.entry_point}(") :]
    depth, end = 1, 0
    while depth:
        depth += {"(": 1, ")": -1}.get(params[end], 0)
        end += 1
    java = "import java.util.*;\n" if name == "java" else ""
    return java + WRONG[name].format(name=one.entry_point, params=params[: end - 1])


async def judged(one: Problem, solution: str, sandbox: Sandbox) -> str | None:
    fields = {"id": one.id, "language": one.language, "style": "cases", "solution": solution}
    item = Item.model_validate({**fields, "entry_point": one.entry_point, "tests": one.tests})
    return (await verdict_of(item, sandbox)).verdict


async def right_and_wrong(name: str, sandbox: Sandbox, most: int) -> None:
    problems = carried(name)
    solved = [one for one in problems if one.entry_point in SOLVED]
    assert len(solved) == len(SOLVED)
    for one in solved:
        assert (one.id, await judged(one, BY_HAND[name], sandbox)) == (one.id, "passed")
    for one in problems[:most]:
        assert (one.id, await judged(one, wrong(one, name), sandbox)) == (one.id, "wrong_answer")


@pytest.mark.docker
@pytest.mark.parametrize("name", MAIN_ONES)
async def test_a_right_solution_passes_and_a_wrong_one_does_not(name: str, sandbox: Sandbox) -> None:
    await right_and_wrong(name, sandbox, 8)


@pytest.mark.docker
@pytest.mark.more_languages
@pytest.mark.parametrize("name", sorted(BY_HAND))
async def test_sixty_problems_tell_right_from_wrong(name: str, sandbox: Sandbox) -> None:
    await right_and_wrong(name, sandbox, 60)
