"""What the author of a solution is told, to the letter, and never longer than the budget."""

from hypothesis import given, settings
from hypothesis import strategies as st

from execfeedback import types
from execfeedback.feedback import cut, feedback
from execfeedback.types import Failure, LimitsGiven, Problem, Verdict

PROBLEM = Problem(id="p", statement="")
TRACE = (
    "Traceback (most recent call last):\n"
    '  File "/srv/supervisor/judge.py", line 9, in run\n    go()\n    ~~^^\n'
    '  File "/box/run-7/solution.py", line 2, in add\n    return json.loads(a)\n'
    '  File "/usr/lib/python3.13/json/__init__.py", line 346, in loads\n    return decode(s)\n'
    "TypeError: the JSON object at 0x7f30aa10 must be str\n"
)


def verdict(name: str = "wrong_answer", **facts: object) -> Verdict:
    return Verdict.model_validate({"id": "p", "verdict": name, "passed": name == "passed", **facts})


def test_wrong_answer_in_full() -> None:
    told = feedback(
        PROBLEM,
        verdict(
            tests=types.TestCounts(expected=5, passed=3, failed=2),
            failure=Failure(
                test="assert add(\n    1, 2,\n) == 3",
                message="got: 4\nexpected: 3\nnot the sum",
                traceback=TRACE,
            ),
            stdout="adding\n1\n",
            stderr="careful\n",
        ),
    )
    assert told == (
        "Wrong answer: 3 of 5 tests passed.\n"
        "Failing test: assert add(\n        1, 2,\n    ) == 3\n"
        "Got: 4\n"
        "Expected: 3\n"
        "Message: not the sum\n"
        "Traceback (most recent call last):\n"
        '  File "solution.py", line 2, in add\n    return json.loads(a)\n'
        '  File "json/__init__.py", line 346, in loads\n    return decode(s)\n'
        "TypeError: the JSON object at 0x... must be str\n"
        "Printed:\n    adding\n    1\n"
        "Printed to stderr:\n    careful"
    )


def test_a_traceback_that_only_repeats_the_failing_assertion_is_left_out() -> None:
    trace = (
        'Traceback (most recent call last):\n  File "tests.py", line 1\n    assert f() == 1\nAssertionError\n'
    )
    known = Failure(test="assert f() == 1", message="got: 2\nexpected: 1", traceback=trace)
    assert feedback(PROBLEM, verdict(failure=known)) == (
        "Wrong answer.\nFailing test: assert f() == 1\nGot: 2\nExpected: 1"
    )
    named = known.model_copy(update={"test": "test_f"})
    assert feedback(PROBLEM, verdict(failure=named)).endswith("    assert f() == 1\nAssertionError")


def test_names_that_every_run_makes_anew_are_not_told() -> None:
    failure = Failure(
        test="collection", message="in '/box/run-a51a290dfa21536f/tests-av88c8p1/test_solution.py'"
    )
    assert feedback(PROBLEM, verdict("runtime_error", failure=failure)) == (
        "Runtime error.\nFailing test: collection\nMessage: in 'test_solution.py'"
    )


def test_an_exception_is_told_once_and_no_output_is_an_empty_block() -> None:
    trace = 'Traceback (most recent call last):\n  File "solution.py", line 2, in f\nKeyError: 1\n'
    failure = Failure(test="f(1)", message="KeyError: 1", traceback=trace)
    assert feedback(PROBLEM, verdict("runtime_error", failure=failure)) == (
        "Runtime error.\nFailing test: f(1)\n" + trace.rstrip("\n")
    )
    silent = Failure(test="case 1", message="input:\n1\nexpected:\n2\ngot:\n")
    assert feedback(PROBLEM, verdict(failure=silent)).endswith("Expected output:\n    2\nYour output:")


def test_no_count_when_no_test_passed() -> None:
    assert feedback(PROBLEM, verdict(tests=types.TestCounts(expected=5, failed=5))) == "Wrong answer."


def test_program_that_reads_stdin() -> None:
    failure = Failure(test="case 2", message="input:\n1 2\nexpected:\n3\n\n4\ngot:\n4\ngot: it\n")
    told = feedback(PROBLEM, verdict(failure=failure, stdout="4\ngot: it\n"))
    assert told == (
        "Wrong answer.\nFailing test: case 2\nInput:\n    1 2\nExpected output:\n    3\n\n    4\n"
        "Your output:\n    4\n    got: it"
    )


def test_how_a_program_ended_is_told() -> None:
    assert feedback(PROBLEM, verdict("runtime_error", exit_code=3)) == "Runtime error (exit code 3)."
    assert (
        feedback(PROBLEM, verdict("runtime_error", signal=11))
        == "Runtime error (killed by signal 11, SIGSEGV)."
    )
    assert feedback(PROBLEM, verdict("runtime_error", signal=99)) == "Runtime error (killed by signal 99)."


def test_limits_are_told_where_the_problem_states_them() -> None:
    stated = PROBLEM.model_copy(update={"limits": LimitsGiven(cpu_s=2.5, memory_mb=64)})
    assert feedback(PROBLEM, verdict("time_limit", cpu_s=9.12)) == "Time limit exceeded."
    assert feedback(stated, verdict("time_limit")) == "Time limit exceeded (2.5 s of CPU time)."
    assert feedback(stated, verdict("memory_limit")) == "Memory limit exceeded (64 MB)."


def test_syntax_error_gets_a_header() -> None:
    trace = "  File \"solution.py\", line 1\n    def add(\n           ^\nSyntaxError: '(' was never closed\n"
    told = feedback(PROBLEM, verdict("compile_error", failure=Failure(test="", message="", traceback=trace)))
    assert told == "The code does not compile.\nTraceback (most recent call last):\n" + trace.rstrip("\n")


def test_checks_that_are_not_shown_stay_hidden() -> None:
    failure = Failure(test="assert secret(7) == 42", message="got: 1\nexpected: 42")
    told = feedback(PROBLEM, verdict("rejected", failure=failure, reasons=("held_out",), stdout="42"))
    assert told == "The tests passed, but further checks that are not shown did not."


def test_same_measurement_apart_from_times_is_told_the_same() -> None:
    first = verdict("time_limit", cpu_s=1.0, wall_s=2.0, memory_peak_mb=3.0)
    second = verdict("time_limit", cpu_s=1.1, wall_s=2.2, memory_peak_mb=3.3)
    assert feedback(PROBLEM, first) == feedback(PROBLEM, second)


def test_long_parts_are_cut_in_the_middle_and_short_ones_are_not() -> None:
    failure = Failure(test="assert f() == 1", message=f"got: [{'1, ' * 5000}2]\nexpected: 1")
    told = feedback(PROBLEM, verdict(failure=failure), 600)
    lines = told.split("\n")
    assert lines[:2] == ["Wrong answer.", "Failing test: assert f() == 1"]
    assert lines[2].startswith("Got: [1, 1, ")
    assert "characters cut" in lines[2]
    assert lines[2].endswith("1, 2]")
    assert lines[3:] == ["Expected: 1"]
    assert len(told) <= 600


def test_least_useful_parts_go_first() -> None:
    failure = Failure(test="assert f() == 1", message="got: 2\nexpected: 1")
    told = feedback(PROBLEM, verdict(failure=failure, stdout="x" * 900, stderr="y" * 900), 350)
    assert "Expected: 1" in told
    assert "yyy" not in told


text = st.text(alphabet="ab \n:0'\"é", max_size=300)


@settings(deadline=None)
@given(
    st.integers(0, 900),
    text,
    text,
    text,
    text,
    st.sampled_from(["wrong_answer", "runtime_error", "rejected"]),
)
def test_never_longer_than_the_budget(budget: int, a: str, b: str, c: str, d: str, name: str) -> None:
    told = feedback(
        PROBLEM, verdict(name, failure=Failure(test=a, message=b, traceback=c), stdout=d, stderr=a), budget
    )
    assert len(told) <= budget


@settings(deadline=None)
@given(st.text(max_size=200), st.integers(0, 250))
def test_cut_keeps_both_ends(text: str, size: int) -> None:
    short = cut(text, size)
    assert len(short) <= size
    if len(text) <= size:
        assert short == text
    elif "characters cut" in short:
        assert (short[:10], short[-5:]) == (text[:10], text[-5:])
