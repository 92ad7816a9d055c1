"""What a revision did to each test, and that nothing but evidence changes one."""

import asyncio
import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from execfeedback import types
from execfeedback.consulting import weighed
from execfeedback.errors import SandboxError
from execfeedback.ledger.compare import compared
from execfeedback.ledger.script import answer, test_in
from execfeedback.parts import one_by_one
from execfeedback.protocols import Sandbox
from execfeedback.types import Answer, Execution, Job, StdioCase, Verdict, Witness

test_in.__test__ = False  # type: ignore[attr-defined]


def ledger(old: str | list[str], new: str | list[str]) -> list[tuple[str, str]]:
    given = [[text] if isinstance(text, str) else text for text in (old, new)]
    found = compared(*([test_in(text) for text in texts] for texts in given))
    return [(entry.kind, entry.why) for entry in found]


KEPT = [
    ("assert f(1) == 2", "assert f(1)==2  # the sum"),
    ("assert f(1) == 2", 'assert f(1) == 2, "message"'),
    ("assert f(1) == 2", "assert 2 == f(1)"),
    ("def test_a():\n    assert f(1) == 2", "def test_a():\n    got = f(1)\n    assert got == 2"),
]
CHANGED = [
    ("assert f(1) == 2", "assert f(1) == 3"),
    ("assert f([1]) == [2, {'a': 1}]", "assert f([1]) == [3, {'a': 1}]"),
    ("assert is_odd(2)", "assert not is_odd(2)"),
    ("assert f(1) == 2", "assert 3 == f(1)"),
    ("assert f(1) is None", "assert f(1) == []"),
    ("assert f(2) == {1, 2}", "assert f(2) == set([1])"),
    ("with pytest.raises(ValueError):\n    f(1)", "with pytest.raises(KeyError):\n    f(1)"),
    ("def test_a():\n    assert f(1) == 2", "def test_a():\n    assert f(1) == 3"),
    ("def test_a():\n    got = f(1)\n    assert got == 2", "def test_a():\n    assert f(1) == 3"),
    ("assert f(3) <= 5", "assert f(3) <= 4"),
]
WEAKENED = [
    ("assert f(1) == 2", "assert f(1) != 3"),
    ("assert f(1) == 2", "assert f(1) in (2, 3)"),
    ("assert f(1) == 2", "assert f(1)"),
    ("assert f(1) == 2", "assert f(1) > 0"),
    ("assert f(1) == 2", "assert f(1) is not None"),
    ("assert f(1) == 2", "assert f(1) == pytest.approx(2, abs=1)"),
    ("assert f(1) == 2", "assert f(1) == EXPECTED"),
    ("assert f(1) == 2", "assert f(1) == g(1)"),
    ("assert f(1) == pytest.approx(2)", "assert f(1) == pytest.approx(2, abs=0.5)"),
    ("assert f(1) == pytest.approx(2, abs=0.1)", "assert f(1) == pytest.approx(2, abs=0.5)"),
    ("assert f(3) < 5", "assert f(3) < 6"),
    ("assert f(3) < 5", "assert f(3) <= 5"),
    ("assert f(3) > 5", "assert f(3) > 4"),
    ("assert f(3) > 5", "assert f(3) < 5"),
    ("with pytest.raises(ValueError):\n    f(1)", "with pytest.raises(Exception):\n    f(1)"),
    ("with pytest.raises(KeyError):\n    f(1)", "with pytest.raises(LookupError):\n    f(1)"),
    ("with pytest.raises(KeyError, match='a'):\n    f(1)", "with pytest.raises(KeyError):\n    f(1)"),
    (
        "def test_a():\n    assert f(1) == 2",
        "def test_a():\n    def check():\n        assert f(1) == 2",
    ),
    ("def test_a():\n    assert f(1) == 2\n    assert f(2) == 3", "def test_a():\n    assert f(1) == 2"),
    ("def test_a():\n    assert f(1) == 2 and f(2) == 3", "def test_a():\n    assert f(1) == 2"),
    ("def test_a():\n    assert f(1) == 2", "def test_a():\n    pass"),
    ("def test_a():\n    assert f(1) == 2", "def test_a():\n    if f(1) == 2:\n        assert f(1) == 2"),
]
TAUTOLOGIES = [
    ("def test_a():\n    assert f(1) == 2", "def test_a():\n    assert f(1) == f(1)"),
    ("assert f(1) == 2", "assert f(1) == f(1)"),
]
SKIPPED = [
    ("def test_a():\n    assert f(1) == 2", "@pytest.mark.skip\ndef test_a():\n    assert f(1) == 2"),
    ("def test_a():\n    assert f(1) == 2", "@pytest.mark.xfail(strict=False)\ndef test_a():\n    assert f(1) == 2"),
    ("def test_a():\n    assert f(1) == 2", "def test_a():\n    pytest.skip('later')\n    assert f(1) == 2"),
    ("def test_a():\n    assert f(1) == 2", "def test_a():\n    return\n    assert f(1) == 2"),
    ("def test_a():\n    assert f(1) == 2", "def test_a():\n    if False:\n        assert f(1) == 2"),
    (
        "def test_a():\n    assert f(1) == 2",
        "def test_a():\n    try:\n        assert f(1) == 2\n    except AssertionError:\n        pass",
    ),
    *(
        ("def test_a():\n    assert f(1) == 2", f"{before}def test_a():\n{body}")
        for before, body in [
            ("", "    with contextlib.suppress(AssertionError):\n        assert f(1) == 2"),
            ("", "    if f(1) != 2:\n        return\n    assert f(1) == 2"),
            ("", "    try:\n        assert f(1) == 2\n    finally:\n        return"),
            ("", "    E = AssertionError\n    try:\n        assert f(1) == 2\n    except E:\n        pass"),
            ("", "    try:\n        assert f(1) == 2\n    except builtins.AssertionError:\n        pass"),
            ("", "    def f(x):\n        return 2\n    assert f(1) == 2"),
        ]
    ),
    (
        "class TestA:\n    def test_a(self):\n        assert f(1) == 2",
        "class TestA:\n    @pytest.mark.skip\n    def test_a(self):\n        assert f(1) == 2",
    ),
]  # fmt: skip


@pytest.mark.parametrize(
    ("kind", "old", "new"),
    [
        *(("kept", *pair) for pair in KEPT),
        *(("changed", *pair) for pair in CHANGED),
        *(("weakened", *pair) for pair in WEAKENED),
        *(("tautology", *pair) for pair in TAUTOLOGIES),
        *(("skipped", *pair) for pair in SKIPPED),
    ],
)
def test_what_was_done_is_named(kind: str, old: str, new: str) -> None:
    (found,) = ledger(old, new)
    assert found[0] == kind
    assert (found[1] == "") == (kind == "kept")
    assert ledger(old, old) == [("kept", "")]


@pytest.mark.parametrize(
    "text",
    [
        "assert True",
        "assert 1 == 1",
        "assert (f(1) == 2, 'message')",
        "assert f(1) or True",
        "assert f(1) == f(1)",
        "assert len(f(1)) >= 0",
        "assert isinstance(1, int)",
        "def test_a():\n    pass",
        "def test_a():\n    f(1)",
    ],
)
def test_a_new_test_that_cannot_fail_is_a_tautology(text: str) -> None:
    assert [kind for kind, _ in ledger([], [text])] == ["tautology"]


def test_deletions_and_additions() -> None:
    old = ["assert f(1) == 2", "assert f(2) == 3"]
    assert ledger(old, ["assert f(2) == 3", "assert f(3) == 4"]) == [
        ("deleted", ""),
        ("kept", ""),
        ("added", ""),
    ]
    assert ledger([], ["@pytest.mark.skip\ndef test_a():\n    assert f(1) == 2"])[0][0] == "skipped"
    assert ledger(["assert f(1) == 2"], ["assert f(1) == ((("])[0][0] == "deleted"
    assert ledger([], ["assert f(1) == ((("])[0][0] == "skipped"


def test_the_same_call_twice() -> None:
    old = ["assert f(1) == 2", "assert f(1) > 0"]
    assert [kind for kind, _ in ledger(old, ["assert f(1) > 0"])] == ["deleted", "kept"]


tests = st.lists(
    st.sampled_from([text for pairs in (KEPT, CHANGED, WEAKENED, TAUTOLOGIES, SKIPPED) for pair in pairs for text in pair]),
    max_size=8,
)  # fmt: skip


@given(tests, tests)
def test_every_test_has_one_entry(old: list[str], new: list[str]) -> None:
    entries = compared(list(map(test_in, old)), list(map(test_in, new)))
    assert [entry.old for entry in entries if entry.old is not None] == list(range(len(old)))
    places = [entry.new for entry in entries if entry.new is not None]
    assert sorted(places) == list(range(len(new)))
    assert all((entry.new is None) == (entry.kind == "deleted") for entry in entries)
    assert all(entry.kind == "kept" for entry in compared(list(map(test_in, old)), list(map(test_in, old))))
    assert answer({"old": old, "new": new})["entries"] == [(e.kind, e.old, e.new, e.why) for e in entries]


@given(st.text(max_size=60))
def test_no_text_is_too_odd(text: str) -> None:
    assert [kind for kind, _ in ledger([text], [text])] == ["kept"]


# ---- what becomes of a suite -------------------------------------------------------------------------------------


class NoSandbox:
    """Cases are compared as data: nothing is run."""

    async def run(self, job: Job) -> Execution:
        raise SandboxError("cases need no sandbox")


async def judged(code: str, suite: Any) -> Verdict:
    """A solution is a JSON table of what it prints; a suite has one case here."""
    (case,) = suite.tests
    got = json.loads(code).get(case.stdin, "none")
    message = f"input:\n{case.stdin}\nexpected:\n{case.stdout}\ngot:\n{got}"
    passed = got == case.stdout
    failure = None if passed else types.Failure(test="case 1", message=message)
    return Verdict(id="i", verdict="passed" if passed else "wrong_answer", passed=passed, failure=failure)


values = st.sampled_from("123")
tables = st.fixed_dictionaries(dict.fromkeys("abcde", values))
case_lists = st.dictionaries(st.sampled_from("abcde"), values, min_size=1).map(
    lambda table: tuple(StdioCase(stdin=key, stdout=value) for key, value in sorted(table.items()))
)


def suite_of(cases: tuple[StdioCase, ...]) -> Any:
    return types.TestSuite(style="stdio", tests=cases, origin="generated")


async def asked(source: Any, table: dict[str, str], suite: Any) -> Witness:
    code = json.dumps(table)
    verdicts = [await judged(code, one) for one in one_by_one(suite)]
    return Witness(source=source, code=code, answers=tuple(Answer(passed=v.passed) for v in verdicts))


def passes(table: dict[str, str], case: StdioCase) -> bool:
    return table[case.stdin] == case.stdout


@settings(deadline=None, max_examples=200)
@given(case_lists, case_lists, st.lists(tables, max_size=4), st.none() | tables)
def test_tests_change_only_with_evidence_and_none_gets_lost(
    old: tuple[StdioCase, ...],
    new: tuple[StdioCase, ...],
    solutions: list[dict[str, str]],
    reference: dict[str, str] | None,
) -> None:
    async def run() -> Any:
        sandbox: Sandbox = NoSandbox()
        heard = [await asked("sample", table, suite_of(old)) for table in solutions]
        heard += [await asked("reference", reference, suite_of(old))] if reference else []
        return await weighed(suite_of(old), suite_of(new), heard, judged, sandbox)

    suite, entries = asyncio.run(run())
    standing = {case.stdin: case for case in suite.tests}
    assert len(standing) == len(suite.tests) >= len(old)
    able = [
        t
        for t in {json.dumps(t): t for t in solutions}.values()
        if 2 * sum(passes(t, c) for c in old) >= len(old)
    ]
    if reference and 2 * sum(passes(reference, case) for case in old) >= len(old):
        able = [reference, reference]  # it counts for as many as are needed
    for case in old:
        if standing[case.stdin] != case:
            assert not any(passes(table, case) for table in able)
            assert sum(passes(table, standing[case.stdin]) for table in able) >= 2
    for case in set(standing) - {case.stdin for case in old}:
        assert sum(passes(table, standing[case]) for table in able) >= 2
    assert {entry.kind for entry in entries} <= {"kept", "changed", "added", "deleted"}
    assert all(entry.evidence for entry in entries if entry.accepted)
    assert not any(entry.accepted for entry in entries if entry.kind in ("kept", "deleted"))


def test_the_reference_changes_a_wrong_expectation() -> None:
    async def run() -> Any:
        old = suite_of((StdioCase(stdin="a", stdout="1"), StdioCase(stdin="b", stdout="9")))
        new = suite_of((StdioCase(stdin="b", stdout="2"),))
        witness = await asked("reference", {"a": "1", "b": "2"}, old)
        return await weighed(old, new, [witness], judged, NoSandbox())

    suite, (first, second) = asyncio.run(run())
    assert [(case.stdin, case.stdout) for case in suite.tests] == [("a", "1"), ("b", "2")]
    assert (first.kind, first.accepted) == ("deleted", False)
    assert (second.kind, second.accepted) == ("changed", True)
    assert second.evidence == "of the reference, the new test passes 1 and the old one passes 0"
