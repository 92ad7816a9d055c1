"""From an item to its jobs: what goes to which side, whose limits hold, and what is refused before anything runs."""

import time
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from execfeedback import jobs
from execfeedback.errors import InputError
from execfeedback.languages import language
from execfeedback.types import Case, FileText, Item, StdioCase

PYTHON = language("python")
TESTS = "assert add(1, 2) == 3\n"


def item(**fields: Any) -> Item:
    return Item.model_validate({"id": "x", "language": "python", "solution": "s", "tests": TESTS, **fields})


def many(number: int, top: str = "s") -> dict[str, str]:
    """So many files, each in folders of its own."""
    return {f"{top}{n}/a/b/c/d": "" for n in range(number)}


def test_the_tests_go_to_the_judge_alone() -> None:
    made = jobs.split_job(
        item(files={"secret.txt": "a"}, solution_files={"data.txt": "b"}), PYTHON, write_back=True
    )

    assert made.files == {"solution.py": "s", "data.txt": "b"}
    assert made.split is not None and made.split.files == {"secret.txt": "a"}
    assert (made.split.tests, made.split.write_back, made.steps) == (TESTS, True, ())


def test_an_item_for_programs_sends_inputs_and_no_expected_output() -> None:
    given = item(style="stdio", tests=[{"stdin": "1\n", "stdout": "secret"}, {"stdout": "also"}])

    made = jobs.stdio_job(given, PYTHON, jobs.stdio_in(given))

    assert [(s.argv, s.stdin, s.warm) for s in made.steps] == [
        (("python3", "solution.py"), "1\n", True),
        (("python3", "solution.py"), "", True),
    ]
    assert "secret" not in made.model_dump_json() and made.split is None


def test_limits_that_are_left_out_are_the_languages() -> None:
    made = jobs.split_job(item(limits={"cpu_s": 1, "memory_mb": 64}), PYTHON, write_back=False)

    assert (made.limits.cpu_s, made.limits.memory_mb) == (1, 64)
    assert (made.limits.wall_s, made.limits.processes) == (PYTHON.limits.wall_s, PYTHON.limits.processes)


@pytest.mark.parametrize(
    ("style", "tests", "least_kb"),
    [
        ("stdio", [{"stdout": "a" * 300_000}, {"stdout": "b"}], 585),
        ("cases", [{"args": [], "expected": "a" * 200_000}] * 2, 1562),
        ("stdio", [{"stdout": "a"}], 256),
        ("stdio", [{"stdout": "a" * 9_000_000}], 8192),
    ],
)
def test_what_is_right_fits_into_an_output_limit_that_nobody_set(
    style: str, tests: list[Any], least_kb: int
) -> None:
    c = language("c")
    assert jobs.limits_of(item(style=style, tests=tests), c).output_kb == least_kb
    assert jobs.limits_of(item(style=style, tests=tests, limits={"output_kb": 5}), c).output_kb == 5


def test_an_environment_of_ones_own_is_used() -> None:
    assert jobs.split_job(item(), PYTHON, write_back=False).environment == "python"
    assert jobs.split_job(item(environment="mine"), PYTHON, write_back=False).environment == "mine"


@pytest.mark.parametrize(
    ("checker", "contract", "tolerance", "unordered"),
    [
        (None, {}, 0.0, False),
        ({"float": 1e-6}, {}, 1e-6, False),
        (None, {"tolerance": 0.5}, 0.5, False),
        ("unordered", {}, 0.0, True),
    ],
)
def test_a_checker_of_cases_becomes_what_the_judge_does(
    checker: Any, contract: dict[str, Any], tolerance: float, unordered: bool
) -> None:
    given = item(style="cases", entry_point="f", tests=[{"expected": 1}], checker=checker, contract=contract)

    made = jobs.split_job(given, PYTHON, write_back=False).split

    assert made is not None and made.cases == (Case(expected=1),)
    assert (made.contract.tolerance, made.unordered) == (tolerance, unordered)


def test_several_files_keep_their_names_and_the_first_is_the_main_one() -> None:
    assert jobs.files_of(item(solution={"main.py": "m", "pkg/a.py": "a"}), PYTHON) == {
        "main.py": "m",
        "pkg/a.py": "a",
        "solution.py": "m",
    }


@pytest.mark.parametrize(
    ("fields", "words"),
    [
        ({"style": "humaneval"}, "item 'x': style 'humaneval' needs the field 'entry_point'"),
        ({"style": "cases", "tests": [{"expected": 1}]}, "needs the field 'entry_point'"),
        ({"style": "cases", "entry_point": "f"}, 'field \'tests\' must be a list of {"args", "expected"}'),
        ({"style": "stdio"}, 'field \'tests\' must be a list of {"stdin", "stdout"}'),
        ({"style": "stdio", "tests": [{"args": [1]}]}, "field 'tests' must be a list of {\"stdin\""),
        ({"tests": [{"stdout": "x"}]}, "field 'tests' must be text for style 'asserts'"),
        ({"holdout": [{"args": [1], "expected": 1}]}, "cases need the field 'entry_point'"),
        ({"solution": {}}, "field 'solution' has no file"),
        ({"solution_files": {"solution.py": "x"}}, "is both in 'solution' and in 'solution_files'"),
        ({"solution_files": {"/etc/x": "x"}}, "must be relative and stay inside"),
        ({"solution_files": {"a/../../x": "x"}}, "must be relative"),
        ({"solution_files": {"": "x"}}, "must be relative"),
        ({"solution_files": {".": "x"}}, "must be relative"),
        ({"solution_files": {"a\0b": "x"}}, "must be relative"),
        ({"solution_files": {"a\ud800": "x"}}, "holds half of a surrogate pair"),
        ({"solution_files": {"./solution.py": "x"}}, "'./solution.py' comes twice"),
        ({"solution_files": {"a": "x", "a/b": "x"}}, "'a/b' is a file and a folder at one time"),
        ({"solution_files": {"a/b": "x", "a": "x"}}, "'a' is a file and a folder at one time"),
        ({"solution_files": {"é" * 150: "x"}}, "has a part longer than 200"),
        ({"solution_files": {"a/" * 600 + "b": "x"}}, "is longer than 1000 bytes"),
        ({"solution_files": {"a": {"base64": "no!"}}}, "has no base64 that can be read"),
        ({"files": {"solution.py": "x"}}, "'solution.py' is both in 'files' and a file of the solution"),
        ({"files": {"../tests.py": "x"}}, "'../tests.py' must be relative"),
        (
            {"style": "cases", "entry_point": "f", "tests": [{}] * 10_001},
            "10001 cases, and a run takes 10000",
        ),
        ({"holdout": [{}] * 10_001, "entry_point": "f"}, "10001 cases, and a run takes 10000"),
        ({"solution_files": many(700)}, "field 'solution_files': more than 3500 files and folders"),
        ({"files": many(700)}, "field 'files': more than 3500"),
        ({"solution_files": many(400), "files": many(400, "t")}, "field 'files': more than 3500"),
        ({"style": "native", "language": "go", "files": many(700)}, "field 'files': more than 3500"),
    ],
)
def test_what_no_job_can_be_made_of_is_refused_before_anything_runs(
    fields: dict[str, Any], words: str
) -> None:
    with pytest.raises(InputError) as caught:
        jobs.check(item(**fields))

    assert words in str(caught.value)


@pytest.mark.parametrize(
    "fields",
    [
        {},
        {"style": "humaneval", "entry_point": "add"},
        {"style": "cases", "entry_point": "add", "tests": [{"args": [1, 2], "expected": 3}]},
        {"style": "stdio", "tests": [{"stdout": "x"}]},
        {"style": "stdio", "tests": [{"stdout": "x"}], "holdout": [{"stdin": "", "stdout": "y"}]},
        {"style": "native"},
        {"language": "klingon"},
        {"solution_files": {"a/b.txt": "x", "a/c.bin": {"base64": "AAE="}}},
    ],
)
def test_what_can_be_judged_is_let_through(fields: dict[str, Any]) -> None:
    jobs.check(item(**fields))


@pytest.mark.parametrize(
    "files",
    [
        {f"{n}": "" for n in range(3400)},
        {f"{n}": "" for n in range(20_000)},
        {"a/" * 400 + str(n): "" for n in range(3000)},
        {"/".join(str(n)): "" for n in range(0, 10**9, 10**5)},
    ],
    ids=["flat", "too many", "deep", "folders"],
)
def test_many_files_are_looked_at_quickly(files: dict[str, FileText]) -> None:
    began = time.monotonic()

    jobs.wrong_files(files)

    assert time.monotonic() - began < 1


@given(st.text(alphabet="ab./\\\0é ", max_size=12))
def test_every_path_that_is_let_through_stays_inside(path: str) -> None:
    try:
        jobs.check(item(solution_files={path: "x"}))
    except InputError:
        return
    assert path and not path.startswith("/") and ".." not in path.split("/") and "\0" not in path


def test_cases_are_not_taken_for_inputs_of_programs() -> None:
    given = item(style="stdio", tests=[{"stdin": "1", "stdout": "2"}])

    assert jobs.stdio_in(given) == (StdioCase(stdin="1", stdout="2"),)
    with pytest.raises(InputError):
        jobs.cases_in(given)
