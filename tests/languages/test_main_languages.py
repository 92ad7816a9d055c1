"""The ten main languages in the real sandbox: their proofs, every way a program can end, calls, and their own test programs."""

import tomllib
from pathlib import Path
from typing import Any

import pytest

from execfeedback.languages import language, languages
from execfeedback.protocols import Sandbox
from execfeedback.sandbox.proving import proof_ends
from execfeedback.types import Item, Verdict
from execfeedback.verdicts import verdict_of

HERE = Path(__file__).parent
PROGRAMS, NATIVE, RIGHT = (
    tomllib.loads((HERE / f"{name}.toml").read_text("utf-8")) for name in ("programs", "native", "right")
)
MAIN = sorted(name for name, one in languages().items() if one.main)
CALLED = [name for name in RIGHT if languages()[name].main]
CALLS: dict[str, list[tuple[list[Any], Any]]] = {
    "total": [([[1, 2, 3]], 6), ([[]], 0), ([[-(2**31), 1]], 1 - 2**31)],
    "shout": [(["ab c"], "AB C!"), ([""], "!"), (['"\n\\'], '"\n\\!')],
    "count_words": [([["a", "b", "a"]], {"a": 2, "b": 1}), ([[]], {})],
    "halves": [([[1.0, 3.0]], [0.5, 1.5]), ([[]], [])],
    "flip": [([True], False), ([False], True)],
    "grid": [([3], [[0, 0, 0], [0, 1, 2], [0, 2, 4]]), ([0], [])],
    "safe_div": [([7, 2], 3), ([1, 0], None)],
}
WRONG: dict[str, Any] = {"total": 7, "shout": "ab c", "count_words": {"a": 1}, "halves": [0.5], "flip": None}
pytestmark = pytest.mark.docker


def test_every_main_language_is_tried() -> None:
    assert set(PROGRAMS) == set(MAIN)
    assert set(NATIVE) == set(MAIN) - {"python"}
    assert set(CALLED) == set(MAIN) - {"python", "c", "bash"}


@pytest.mark.parametrize("name", MAIN)
async def test_its_proof_holds(name: str, sandbox: Sandbox) -> None:
    assert await proof_ends(language(name), sandbox) == []


async def ended(name: str, which: str, sandbox: Sandbox, **limits: float) -> Verdict:
    item = Item.model_validate(
        {
            "id": f"{name}/{which}",
            "language": name,
            "style": "stdio",
            "solution": PROGRAMS[name][which],
            "tests": [{"stdin": "", "stdout": ""}],
            "limits": {"cpu_s": 1, "wall_s": 5, "memory_mb": 256, **limits},
        }
    )
    return await verdict_of(item, sandbox)


@pytest.mark.parametrize("name", MAIN)
async def test_every_end_has_its_verdict(name: str, sandbox: Sandbox) -> None:
    broken = await ended(name, "syntax", sandbox)
    assert (broken.verdict, bool(broken.failure and broken.failure.traceback)) == ("compile_error", True)
    assert (await ended(name, "loop", sandbox)).verdict == "time_limit"
    left = await ended(name, "exit", sandbox)
    assert (left.verdict, left.exit_code) == ("runtime_error", 3)
    assert (await ended(name, "memory", sandbox, cpu_s=10, wall_s=20)).verdict == "memory_limit"
    said = await ended(name, "stderr", sandbox)
    assert (said.verdict, said.stderr.strip()) == ("passed", "words")


async def called(name: str, function: str, cases: list[dict[str, Any]], sandbox: Sandbox) -> Verdict:
    item = Item.model_validate(
        {
            "id": f"{name}/{function}",
            "language": name,
            "style": "cases",
            "entry_point": function,
            "solution": RIGHT[name],
            "tests": cases,
        }
    )
    return await verdict_of(item, sandbox)


@pytest.mark.parametrize("name", CALLED)
async def test_calls_are_judged_by_their_values(name: str, sandbox: Sandbox) -> None:
    for function, calls in CALLS.items():
        right = [{"args": args, "expected": expected} for args, expected in calls]
        found = await called(name, function, right, sandbox)
        assert (found.verdict, found.integrity, found.tests.passed) == ("passed", "split", len(right)), found
        wrong = [*right[:-1], {"args": right[-1]["args"], "expected": WRONG.get(function, "wrong")}]
        found = await called(name, function, wrong, sandbox)
        assert (found.verdict, found.tests.passed) == ("wrong_answer", len(right) - 1), found


@pytest.mark.parametrize("name", CALLED)
async def test_an_exception_is_an_answer_only_where_it_is_asked_for(name: str, sandbox: Sandbox) -> None:
    asked = await called(name, "boom", [{"args": [1], "raises": "Error"}], sandbox)
    unasked = await called(name, "boom", [{"args": [1], "expected": None}], sandbox)
    missing = await called(name, "flip", [{"args": [True], "raises": "Error"}], sandbox)
    assert (asked.verdict, unasked.verdict, missing.verdict) == ("passed", "runtime_error", "wrong_answer")


async def native(name: str, solution: str, sandbox: Sandbox, **more: Any) -> Verdict:
    fields = {"id": name, "language": name, "style": "native", "integrity": "shared", "entry_point": "add"}
    item = Item.model_validate({**fields, "solution": solution, "tests": NATIVE[name]["tests"], **more})
    return await verdict_of(item, sandbox)


@pytest.mark.parametrize("name", sorted(NATIVE))
async def test_its_own_test_program_tells_right_from_wrong(name: str, sandbox: Sandbox) -> None:
    right = await native(name, NATIVE[name]["right"], sandbox)
    wrong = await native(name, NATIVE[name]["wrong"], sandbox)
    assert (right.verdict, right.passed, right.integrity) == ("passed", True, "shared"), right
    assert (wrong.verdict, wrong.passed) == ("wrong_answer", False), wrong


async def test_each_test_and_each_case_is_told_of_where_that_is_asked(sandbox: Sandbox) -> None:
    half = "package main\nfunc Add(a, b int) int { if a == 10 { return 0 }; return a + b }\n"
    found = await native("go", half, sandbox, results=True)
    assert [(one.name, one.outcome) for one in found.results] == [
        ("TestAdd", "passed"),
        ("TestMore", "failed"),
    ]
    found = await native("go", NATIVE["go"]["leaves"], sandbox, results=True)
    assert [one.outcome for one in found.results] == ["not_run", "not_run"]
    (whole,) = (await native("javascript", NATIVE["javascript"]["wrong"], sandbox, results=True)).results
    assert (whole.name, whole.outcome, whole.reason) == ("tests", "failed", "assertion") and whole.message

    solution = "function f(a) { if (a === 2) process.exit(3); return a === 3 ? 0 : a; }\n"
    cases = [{"args": [a], "expected": a} for a in (1, 2, 3, 4)]
    fields = {"id": "each", "language": "javascript", "style": "cases", "entry_point": "f", "results": True}
    item = Item.model_validate({**fields, "solution": solution, "tests": cases})
    told = [(one.name, one.outcome, one.reason) for one in (await verdict_of(item, sandbox)).results]
    assert told == [
        ("case 1", "passed", None),
        ("case 2", "error", "exit_code"),
        ("case 3", "failed", "value"),
        ("case 4", "passed", None),
    ]


@pytest.mark.parametrize("name", sorted(NATIVE))
async def test_leaving_before_the_tests_ended_is_no_pass(name: str, sandbox: Sandbox) -> None:
    for solution in [NATIVE[name]["leaves"], *NATIVE[name]["hostile"]]:
        found = await native(name, solution, sandbox)
        assert found.passed is False, (solution, found)


@pytest.mark.parametrize("name", sorted(NATIVE))
async def test_one_process_is_only_taken_where_the_item_allows_it(name: str, sandbox: Sandbox) -> None:
    found = await native(name, NATIVE[name]["right"], sandbox, integrity="split")
    assert (found.verdict, found.reasons) == ("unverifiable", ("needs_shared",))


# ---- compiling ---------------------------------------------------------------------------------------------------


async def compiled(name: str, solution: str, sandbox: Sandbox) -> Verdict:
    tests = [{"stdin": "", "stdout": "never printed"}]
    fields = {"id": name, "language": name, "style": "stdio", "solution": solution, "tests": tests}
    return await verdict_of(Item.model_validate(fields), sandbox)


@pytest.mark.parametrize(
    ("name", "solution", "reasons"),
    [
        ("c", "char a[1u << 31] = {1};\nint main(void) { return a[0]; }\n", {"compile"}),
        ("c", '#include "/dev/zero"\nint main(void) { return 0; }\n', {"compile", "compile_memory", "compile_cpu"}),
        ("c", '#include "/etc/shadow"\nint main(void) { return 0; }\n', {"compile"}),
        (
            "cpp",
            "template <int N> struct A { A<2 * N> left; A<2 * N + 1> right; };\n"
            "template <> struct A<1 << 30> {};\nA<1> a;\nint main() {}\n",
            {"compile", "compile_memory", "compile_cpu", "compile_output"},
        ),
        (
            "rust",
            'macro_rules! more { ($($x:tt)*) => { more!($($x)* $($x)* x) } }\nfn main() { more!(x); }\n',
            {"compile", "compile_memory", "compile_cpu"},
        ),
    ],
)  # fmt: skip
async def test_what_goes_wrong_in_compiling_is_contained_and_said(
    name: str, solution: str, reasons: set[str], sandbox: Sandbox
) -> None:
    found = await compiled(name, solution, sandbox)
    assert (found.verdict, set(found.reasons) <= reasons) == ("compile_error", True), found
    assert found.failure is not None and found.failure.message


async def test_a_program_is_compiled_once_for_all_its_jobs(sandbox: Sandbox) -> None:
    """Forty inputs are three jobs; the second item brings the same text again."""
    text = '#include <stdio.h>\nint main(void) { int x; scanf("%d", &x); printf("%d\\n", x + 1); } // once\n'
    tests = [{"stdin": f"{n}\n", "stdout": f"{n + 1}\n"} for n in range(40)]
    fields = {"id": "once", "language": "c", "style": "stdio", "solution": text, "tests": tests}
    found = await verdict_of(Item.model_validate(fields), sandbox)
    assert (found.verdict, found.tests.passed) == ("passed", 40)


async def test_what_was_compiled_for_one_text_is_not_run_for_another(sandbox: Sandbox) -> None:
    for answer in (1, 2, 1):
        text = f'#include <stdio.h>\nint main(void) {{ puts("{answer}"); }}\n'
        tests = [{"stdin": "", "stdout": f"{answer}\n"}]
        fields = {"id": "other", "language": "c", "style": "stdio", "solution": text, "tests": tests}
        assert (await verdict_of(Item.model_validate(fields), sandbox)).verdict == "passed"


async def test_java_takes_the_name_of_its_file_from_the_class(sandbox: Sandbox) -> None:
    text = "public class Sum { public static void main(String[] a) { System.out.println(6); } }\n"
    tests = [{"stdin": "", "stdout": "6\n"}]
    fields = {"id": "named", "language": "java", "style": "stdio", "solution": text, "tests": tests}
    assert (await verdict_of(Item.model_validate(fields), sandbox)).verdict == "passed"


async def test_several_files_are_compiled_together(sandbox: Sandbox) -> None:
    files = {
        "main.c": '#include <stdio.h>\n#include "twice.h"\nint main(void) { printf("%d\\n", twice(3)); }\n',
        "twice.c": '#include "twice.h"\nint twice(int x) { return 2 * x; }\n',
        "twice.h": "int twice(int x);\n",
    }
    tests = [{"stdin": "", "stdout": "6\n"}]
    fields = {"id": "several", "language": "c", "style": "stdio", "solution": files, "tests": tests}
    assert (await verdict_of(Item.model_validate(fields), sandbox)).verdict == "passed"
