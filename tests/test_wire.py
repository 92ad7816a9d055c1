"""Messages between host and supervisor: the golden ones, and that nothing from a slot can be taken for a pass."""

import ast
import json
import os
import socket
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import frames
import pytest
import results
import split as split_module
from children import Output
from hypothesis import given
from hypothesis import strategies as st

from execfeedback.errors import SlotLost
from execfeedback.judge import decide, split_verdict
from execfeedback.sandbox import wire
from execfeedback.types import Base64File, Case, Contract, Execution, Item, Job, Limits, Split, Step

GOLDEN = Path(__file__).parent / "golden" / "wire"
SUPERVISOR = Path(__file__).parent.parent / "sandboxes" / "supervisor"
LIMITS = Limits(cpu_s=2, wall_s=4)
JOBS = {
    "job_steps.json": Job(
        environment="python",
        files={"prog.py": "print(input())\n", "data.bin": Base64File(base64="AAE=")},
        limits=LIMITS,
        compile=(
            Step(
                argv=("gcc", "-o", "main", "main.c"),
                env={"LC_ALL": "C"},
                spread=True,
                limits=LIMITS.model_copy(update={"cpu_s": 20.0, "wall_s": 60.0, "memory_mb": 1536}),
            ),
        ),
        steps=(
            Step(argv=("python3", "prog.py"), stdin="é\n", warm=True),
            Step(argv=("ruff", "check", ".")),
        ),
        stop_on_failure=True,
        total_wall_s=60.0,
    ),
    "job_interactive.json": Job(
        environment="python",
        files={"solution.py": "print(input())\n"},
        limits=LIMITS,
        steps=(Step(argv=("python3", "solution.py"), warm=True),),
        interactor=Job(
            environment="python",
            files={"talk.py": "print(1)\n"},
            data={"1.in": "1\n", "1.ans": ""},
            limits=LIMITS,
            steps=(Step(argv=("python3", "talk.py", "1.in", "1.ans", "./"), warm=True),),
        ),
    ),
    "job_split.json": Job(
        environment="python",
        files={"solution.py": "def add(a, b):\n    return a + b\n"},
        limits=LIMITS,
        split=Split(
            style="cases",
            cases=(Case(args=(1, 2), expected=3), Case(args=(1,), kwargs={"b": "x"}, raises="TypeError")),
            entry_point="add",
            contract=Contract(classes=("Stack",), mutates=("xs",)),
            files={"secret.txt": "x"},
        ),
        fresh_seed=7,
    ),
}


def golden(name: str) -> Any:
    return json.loads((GOLDEN / name).read_text(encoding="utf-8"))


def decoded(raw: Any) -> Execution:
    payload = raw if isinstance(raw, bytes) else json.dumps(raw).encode()
    return wire.decode_execution(payload, environment="image:1", language_version="3.13.5")


# ---- jobs --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", JOBS)
def test_a_job_is_one_frame_as_the_supervisor_reads_it(name: str) -> None:
    ours, theirs = socket.socketpair()
    ours.sendall(wire.encode_job(JOBS[name]))

    kind, payload = frames.Reader(theirs.fileno()).frame()

    assert (kind, json.loads(payload)) == (b"J", golden(name))
    ours.close(), theirs.close()


def test_host_and_supervisor_mean_the_same_by_a_frame() -> None:
    assert frames.HEADER.format == wire.HEADER.format
    assert wire.LARGEST_JOB == frames.LIMIT


READ = {"job": "", "split": "split", "plan": "split", "limits": "limits", "step": "steps"}
"""Variables of the supervisor, and the part of a job that they hold."""
OWN_ORDERS = {"solution_process.py", "solution_program.py"}
"""They read what the supervisor writes, not what the host does."""


def keys_read() -> Iterator[tuple[str, str]]:
    for path in sorted(SUPERVISOR.glob("*.py")):
        for node in ast.walk(ast.parse(path.read_text("utf-8"))) if path.name not in OWN_ORDERS else ():
            if not (isinstance(node, ast.Subscript) and isinstance(node.slice, ast.Constant)):
                continue
            if isinstance(node.value, ast.Name) and node.value.id in READ and type(node.slice.value) is str:
                yield READ[node.value.id], node.slice.value


def test_the_supervisor_reads_no_field_that_the_golden_jobs_do_not_have() -> None:
    part = {"": golden("job_steps.json"), "limits": golden("job_steps.json")["limits"]}
    part |= {"steps": golden("job_steps.json")["steps"][0], "split": golden("job_split.json")["split"]}

    read = set(keys_read())

    assert len(read) >= 20
    assert [(where, key) for where, key in sorted(read) if key not in part[where]] == []


# ---- measurements ------------------------------------------------------------------------------------------------


def test_a_measurement_of_steps() -> None:
    found = decoded(golden("measurement_steps.json"))

    assert (found.slot_recycled, found.split, found.environment) == (True, None, "image:1")
    assert [step.exit_code for step in found.compile] == [0]
    assert (found.steps[0].stdout, found.steps[0].exit_code, found.steps[0].cause) == ("1\n", 0, "exited")
    assert (found.steps[1].cause, found.steps[1].signal, found.steps[1].memory_peak_mb) == (
        "memory",
        9,
        612.5,
    )


def test_a_measurement_of_a_split_run() -> None:
    found = decoded(golden("measurement_split.json"))

    assert found.split is not None and found.split.ended and not found.slot_recycled
    assert (found.split.calls, found.split.values, found.split.expected) == (2, 2, 2)
    assert [t.outcome for t in found.split.tests] == ["passed", "failed"]
    assert decide(found.split)[:2] == ("wrong_answer", ("assertion",))


def returned_keys(module: str, function: str) -> list[str]:
    """Keys of the longest dictionary that a function of the supervisor writes down."""
    tree = ast.parse((SUPERVISOR / module).read_text("utf-8"))
    (found,) = [n for n in ast.walk(tree) if isinstance(n, ast.FunctionDef) and n.name == function]
    made = [n for n in ast.walk(found) if isinstance(n, ast.Dict)]
    return [ast.literal_eval(key) for key in max(made, key=lambda d: len(d.keys)).keys if key]


class EndedChild:
    """What `facts` looks at, after the process has ended with 3."""

    exit_code, signal, cpu_s, max_rss_kb = 3, None, 0.25, 2048

    def __init__(self, stdout: bytes) -> None:
        self.out, self.err = (Output(self.pipe(text), 1024) for text in (stdout, b""))

    def pipe(self, text: bytes) -> int:
        read_end, write_end = os.pipe()
        os.write(write_end, text)
        os.close(write_end)
        return read_end


def test_the_supervisor_writes_what_the_golden_measurements_hold() -> None:
    child = EndedChild(b"1\n\xff")
    facts = split_module.facts(child, None, 0.5, 0, 0.25)
    os.close(child.out.fd), os.close(child.err.fd)
    split = golden("measurement_split.json")["split"]
    report = json.loads(split["report"])

    assert facts.keys() == golden("measurement_steps.json")["steps"][0].keys() == split["judge"].keys()
    assert (facts["cause"], facts["exit_code"], facts["cpu_s"], facts["stdout"]) == (
        "exited",
        3,
        0.5,
        "1\n\ufffd",
    )
    assert results.test("t", "passed").keys() == report["tests"][0].keys()
    assert returned_keys("split.py", "finish") == list(split)
    assert returned_keys("judge_process.py", "end") == list(report)


STEPS, SPLIT = golden("measurement_steps.json"), golden("measurement_split.json")


@pytest.mark.parametrize(
    "raw",
    [
        b"",
        b"{",
        b"\xff",
        b"null",
        b"[]",
        b'"x"',
        b"[" * 100_000,
        {},
        {"steps": STEPS["steps"]},
        {"steps": 3, "clean": True},
        {"steps": [3], "clean": True},
        {"steps": [{**STEPS["steps"][0], "cause": "bored"}], "clean": True},
        {"steps": [{**STEPS["steps"][0], "exit_code": "none"}], "clean": True},
        {"steps": [{**STEPS["steps"][0], "more": 1}], "clean": True},
        {"split": "x", "clean": True},
        {"split": {}, "clean": True},
        {"split": {**SPLIT["split"], "calls": None}, "clean": True},
        {"split": {**SPLIT["split"], "judge": None}, "clean": True},
        {"split": {**SPLIT["split"], "solution": {}}, "clean": True},
    ],
    ids=lambda raw: repr(raw)[:40],
)
def test_a_measurement_that_our_supervisor_would_not_write_is_a_lost_slot(raw: Any) -> None:
    with pytest.raises(SlotLost):
        decoded(raw)


# ---- reports of judge processes ----------------------------------------------------------------------------------

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=6), inner, max_size=3),
    max_leaves=8,
)
PASSED: dict[str, Any] = results.test("test 1", "passed")
GOOD: dict[str, Any] = {"tests": [PASSED], "expected": 1, "refused": None, "mutated": False, "gone": False}


def run_with(report: str, **counts: int) -> Execution:
    return decoded({"split": {**SPLIT["split"], "report": report, **counts}, "clean": True})


def verdict_with(report: str, **counts: int) -> str | None:
    execution = run_with(report, **counts)
    return split_verdict(Item(id="x", language="python", solution=""), execution).verdict


def test_a_complete_report_passes_only_with_calls_and_values() -> None:
    assert verdict_with(json.dumps(GOOD)) == "passed"
    assert verdict_with(json.dumps(GOOD), calls=0) == "bad_tests"
    assert verdict_with(json.dumps(GOOD), values=0) == "bad_tests"


REFUSED = {"reason": "needs_shared", "message": "patches internals"}


def test_what_the_judge_refused_counts_even_if_its_tests_swallowed_it() -> None:
    assert verdict_with(json.dumps({**GOOD, "refused": REFUSED})) == "unverifiable"


@pytest.mark.parametrize(
    "changes",
    [
        {"expected": None},
        {"expected": "1"},
        {"expected": 1.0},
        {"expected": True},
        {"expected": -1},
        {"expected": float("inf")},
        {"tests": {}},
        {"tests": [{**PASSED, "outcome": "perfect"}]},
        {"tests": [{**PASSED, "name": None}]},
        {"tests": [{**PASSED, "more": 1}]},
        {"tests": [[]]},
        {"refused": "yes"},
        {"refused": {"reason": []}},
    ],
    ids=repr,
)
def test_a_report_that_cannot_be_read_is_no_report(changes: dict[str, Any]) -> None:
    execution = run_with(json.dumps({**GOOD, **changes}))

    assert execution.split is not None and not execution.split.ended
    assert decide(execution.split)[0] != "passed"


def test_a_report_with_more_tests_than_we_read_is_no_pass() -> None:
    many = {**GOOD, "tests": [PASSED] * (wire.MOST_TESTS + 1), "expected": wire.MOST_TESTS + 1}

    assert verdict_with(json.dumps(many)) == "unverifiable"


def test_half_of_a_surrogate_pair_in_a_message_does_no_harm() -> None:
    failed = {**PASSED, "outcome": "failed", "blame": "solution", "reason": "assertion", "message": "\ud800!"}
    execution = run_with(json.dumps({**GOOD, "tests": [failed]}))

    assert execution.split is not None and execution.split.tests[0].message == "?!"


@given(JSON)
def test_no_arbitrary_report_is_a_pass(report: Any) -> None:
    assert verdict_with(json.dumps(report)) != "passed"


@given(st.text())
def test_no_text_is_a_pass(report: str) -> None:
    assert verdict_with(report) != "passed"


def replaced(tree: Any, path: tuple[Any, ...], value: Any) -> Any:
    if not path:
        return value
    copy = tree.copy()
    copy[path[0]] = replaced(tree[path[0]], path[1:], value)
    return copy


PLACES = st.sampled_from(
    [("tests",), ("expected",), ("refused",), ("mutated",), ("gone",), ("tests", 0)]
    + [("tests", 0, key) for key in PASSED]
)


@given(PLACES, JSON, st.integers(0, 1), st.integers(0, 1))
def test_a_report_with_one_thing_changed_passes_only_if_it_still_says_so(
    path: tuple[Any, ...], value: Any, calls: int, values: int
) -> None:
    report = replaced(GOOD, path, value)

    if verdict_with(json.dumps(report), calls=calls, values=values) == "passed":
        assert calls and values and not report["refused"]
        assert [t["outcome"] for t in report["tests"]] == ["passed"] and report["expected"] in (0, 1)


@given(
    JSON,
    st.sampled_from(
        [(), ("clean",), ("split",), ("split", "calls"), ("split", "judge"), ("split", "report")]
    ),
)
def test_any_measurement_is_read_or_the_slot_is_lost(value: Any, path: tuple[str, ...]) -> None:
    try:
        found = decoded(replaced(SPLIT, path, value))
    except SlotLost:
        return
    assert isinstance(found, Execution)
