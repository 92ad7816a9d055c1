"""What an audit says of a row, from what was measured: the word, the evidence, the table, the page."""

import html
import re
from html.parser import HTMLParser
from typing import Any

import pytest

from execfeedback.audit import findings, page, summary
from execfeedback.audit.exit_code import END, program_of
from execfeedback.audit.forging import evidence
from execfeedback.audit.judging import Asked, finding_of, subject_digest
from execfeedback.audit.values import MEANINGS, Finding, Reading, Subject
from execfeedback.errors import SlotLost
from execfeedback.types import (
    Case,
    Execution,
    Failure,
    Item,
    Job,
    SplitResult,
    StepResult,
    TestResult,
    Verdict,
    VerdictName,
)

QUICK = Asked((), normal_forms=False)


def an_item(solution: str = "def f():\n    return 1\n", **more: Any) -> Item:
    return Item.model_validate(
        {"id": "a", "language": "python", "solution": solution, "tests": "assert f() == 1\n", **more}
    )


def a_subject(
    *solutions: str, claim: str = "passes", after: VerdictName = "compile_error", **more: Any
) -> Subject:
    readings = [
        Reading(item=an_item(solution, **more), after=after if n else None, note=f"reading {n}")
        for n, solution in enumerate(solutions or ("def f():\n    return 1\n",))
    ]
    return Subject.model_validate(
        {"id": "a", "row": 3, "claim": claim, "readings": readings, "shape": "item"}
    )


def a_verdict(name: VerdictName, *reasons: str, message: str = "") -> Verdict:
    passed = None if name in ("bad_tests", "unverifiable") else name == "passed"
    failure = None if name == "passed" else Failure(test="assert f() == 1", message=message)
    return Verdict(id="a", verdict=name, passed=passed, reasons=reasons, failure=failure)


class Scripted:
    """Answers split jobs in turn with what is said of the solution's text, and programs with their exit code.

    `ends` maps a word of the solution to the outcomes of its runs, the last of which goes on for ever."""

    def __init__(self, ends: dict[str, list[str]], exit_code: int = 1, stdout: str = "") -> None:
        self.stdout = stdout
        self.ends = {word: list(outcomes) for word, outcomes in ends.items()}
        self.exit_code, self.programs, self.runs = exit_code, 0, 0

    async def run(self, job: Job) -> Execution:
        if job.split is None:
            self.programs += 1
            return Execution(
                steps=(StepResult(cause="exited", exit_code=self.exit_code, stdout=self.stdout),)
            )
        self.runs += 1
        outcomes = next(o for word, o in self.ends.items() if word in str(job.files["solution.py"]))
        outcome = outcomes.pop(0) if len(outcomes) > 1 else outcomes[0]
        if outcome == "lost":
            raise SlotLost("the slot went away")
        done = StepResult(cause="exited", exit_code=0)
        if outcome == "passed":
            tests = TestResult(name="line 1", outcome="passed")
        else:
            blame = "item" if outcome == "contract_classes" else "solution"
            tests = TestResult.model_validate(
                {
                    "name": "line 1",
                    "outcome": "failed",
                    "blame": blame,
                    "reason": outcome,
                    "source": "assert f() == 1",
                    "message": "got: 2\nexpected: 1",
                }
            )
        split = SplitResult(
            ended=True, expected=1, tests=(tests,), calls=1, values=1, judge=done, solution=done
        )
        return Execution(split=split)


# ---- the word ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("verdict", "claim", "by_exit_code", "again", "forging", "name"),
    [
        (a_verdict("passed"), "passes", None, 0, "", "holds"),
        (a_verdict("passed"), "fails", None, 0, "", "mislabelled"),
        (a_verdict("wrong_answer", "assertion"), "fails", True, 0, "", "holds"),
        (a_verdict("wrong_answer", "assertion"), "passes", False, 0, "", "fails"),
        (a_verdict("wrong_answer", "assertion"), "passes", True, 0, "why", "forged"),
        (a_verdict("runtime_error", "exited"), "passes", True, 0, "why", "forged"),
        (a_verdict("wrong_answer", "assertion"), "passes", True, 0, "", "unverifiable"),
        (a_verdict("wrong_answer", "assertion"), "passes", False, 0, "why", "fails"),
        (a_verdict("wrong_answer", "assertion"), "passes", True, 1, "", "flaky"),
        (a_verdict("wrong_answer", "assertion"), "passes", False, 2, "", "flaky"),
        (a_verdict("time_limit", "cpu"), "passes", None, 0, "", "fails"),
        (a_verdict("rejected", "flaky"), "passes", None, 0, "", "flaky"),
        (a_verdict("rejected", "held_out"), "passes", None, 0, "", "held_out"),
        (a_verdict("bad_tests", "vacuous"), "passes", True, 0, "", "vacuous"),
        (a_verdict("bad_tests", "tests_error"), "passes", False, 0, "", "bad_tests"),
        (a_verdict("unverifiable", "needs_shared"), "fails", True, 0, "", "unverifiable"),
    ],
)
def test_each_measurement_has_its_word(
    verdict: Verdict, claim: Any, by_exit_code: bool | None, again: int, forging: str, name: str
) -> None:
    assert findings.named(verdict, claim, by_exit_code, again, forging) == name
    assert name in MEANINGS


def test_both_values_are_taken_out_of_the_message() -> None:
    told = "input:\n1 2\nexpected:\n3\ngot:\n4\nand more\n"

    assert findings.values_in("got: -1\nexpected: 3") == {"got": "-1", "expected": "3"}
    assert findings.values_in(told) == {"expected": "3", "got": "4\nand more"}
    assert findings.values_in("no values") == {}


def a_finding(id: str, key: str, finding: Any = "holds", **more: Any) -> Finding:
    return Finding(id=id, row=len(id), finding=finding, key=key, **more)


def test_of_rows_that_are_the_same_the_first_that_holds_is_kept() -> None:
    given = [
        a_finding("bad", "k", "flaky"),
        a_finding("a", "k"),
        a_finding("b", "k"),
        a_finding("c", "other"),
        a_finding("d", "k", claim="fails"),
        a_finding("e", ""),
        a_finding("f", ""),
    ]

    marked = list(findings.with_duplicates(given))

    assert [f.finding for f in marked] == ["flaky", "holds", "duplicate", "holds", "holds", "holds", "holds"]
    assert marked[2].same_as == "a"
    assert list(findings.with_duplicates(marked)) == marked, "marking again changes nothing"
    assert next(iter(findings.with_duplicates(marked[2:3]))).finding == "holds", (
        "without the first it is no duplicate"
    )


# ---- judging -------------------------------------------------------------------------------------------------------


async def test_a_row_that_an_exit_code_passes_is_forged_only_when_it_never_passes_again() -> None:
    forged = await finding_of(a_subject(), QUICK, Scripted({"": ["assertion"]}, exit_code=0))
    flaky = await finding_of(
        a_subject(), QUICK, Scripted({"": ["assertion", "assertion", "passed"]}, exit_code=0)
    )
    fails = await finding_of(a_subject(), QUICK, Scripted({"": ["assertion", "passed"]}, exit_code=1))

    assert (forged.finding, forged.by_exit_code, forged.got, forged.expected) == ("forged", True, "2", "1")
    assert (flaky.finding, fails.finding, fails.by_exit_code) == ("flaky", "fails", False)


async def test_a_row_that_shows_no_forgery_is_not_decided() -> None:
    honest = Scripted({"": ["assertion"]}, exit_code=0, stdout=f"{END}\n")
    found = await finding_of(a_subject(), QUICK, honest)
    left = await finding_of(a_subject(), QUICK, Scripted({"": ["assertion"]}, exit_code=0))

    assert (found.finding, found.verdict, found.reasons) == (
        "unverifiable",
        "wrong_answer",
        ("one_process", "assertion"),
    )
    assert "before the tests have come to their end" in left.message and left.finding == "forged"


@pytest.mark.parametrize(
    ("solution", "found"),
    [
        ("class A(int):\n    def __eq__(self, other):\n        return True\n", "__eq__"),
        ("class A(str):\n    def __ne__(self, o) -> bool: return False\n", "__ne__"),
        ("class A(int):\n    __eq__ = lambda *a: True\n", "__eq__"),
        ("class A:\n    def __contains__(self, x):\n        x = 1\n        return True\n", "__contains__"),
        ("import sys\n\n\ndef f():\n    return sys._getframe(1).f_locals['x']\n", "_getframe"),
        ("import builtins\nbuiltins.all = lambda *_: True\n", "builtins"),
        ("import unittest\nunittest.TestCase.assertEqual = print\n", "unittest.TestCase.assertEqual"),
        ("def f():\n    return 1\n", ""),
        ("class A:\n    def __eq__(self, other):\n        return self.a == other.a\n", ""),
        (
            "class A:\n    def __eq__(self, o):\n        if o is self:\n            return True\n        return False\n",
            "",
        ),
        (
            "class A:\n    def __eq__(self, o):\n        return 1 == o\n\n    def full(self):\n        return True\n",
            "",
        ),
        ("class A:\n    def __contains__(self, x):\n        return self.a <= x <= self.b\n", ""),
        ("import unittest\nif __name__ == '__main__':\n    unittest.main()\n", ""),
    ],
)
def test_what_shows_a_forgery(solution: str, found: str) -> None:
    said = evidence(an_item(solution), False)

    assert f"`{found}`" in said if found else not said


async def test_a_failing_row_that_names_chance_is_run_again_when_flaky_is_asked_for() -> None:
    chance = "import random\n\n\ndef f():\n    return 1\n"
    ends = {"": ["assertion", "assertion", "passed"]}

    asked = await finding_of(a_subject(chance), Asked(("flaky",), normal_forms=False), Scripted(ends))
    quick = await finding_of(a_subject(chance), QUICK, Scripted(ends))

    assert (asked.finding, quick.finding) == ("flaky", "fails")


async def test_a_pass_costs_one_run_and_no_program() -> None:
    sandbox = Scripted({"": ["passed"]})

    assert (await finding_of(a_subject(), QUICK, sandbox)).finding == "holds"
    assert (sandbox.runs, sandbox.programs) == (1, 0)


async def test_another_reading_counts_only_after_the_verdict_that_asks_for_it() -> None:
    ends = {"prose": ["syntax"], "wrong": ["assertion"], "good": ["passed"]}

    read = await finding_of(a_subject("prose", "good"), QUICK, Scripted(ends))
    not_read = await finding_of(a_subject("wrong", "good"), QUICK, Scripted(ends))
    neither = await finding_of(a_subject("prose", "wrong"), QUICK, Scripted(ends))
    unwrapped = await finding_of(a_subject("wrong", "good", after="wrong_answer"), QUICK, Scripted(ends))

    assert (read.finding, read.reading) == ("holds", "reading 1")
    assert (not_read.finding, not_read.verdict) == ("fails", "wrong_answer")
    assert (neither.verdict, neither.reading) == ("wrong_answer", "reading 1")
    assert unwrapped.finding == "holds"


async def test_a_row_labelled_as_failing_is_mislabelled_only_when_it_passes_in_every_reading() -> None:
    ends = {"wrong": ["assertion"], "good": ["passed"]}

    mislabelled = await finding_of(a_subject("good", claim="fails"), QUICK, Scripted(ends))
    holds = await finding_of(a_subject("good", "wrong", claim="fails"), QUICK, Scripted(ends))

    assert (mislabelled.finding, holds.finding) == ("mislabelled", "holds")
    assert "labelled as failing, passes" in mislabelled.message


async def test_an_item_that_cannot_be_judged_says_what_an_exit_code_would() -> None:
    found = await finding_of(a_subject(), QUICK, Scripted({"": ["contract_classes"]}, exit_code=0))

    assert (found.finding, found.reasons, found.by_exit_code) == ("unverifiable", ("contract_classes",), True)


async def test_a_fault_of_ours_is_an_error_that_no_rerun_takes_for_settled() -> None:
    found = await finding_of(a_subject(), QUICK, Scripted({"": ["lost"]}))

    assert (found.finding, found.digest) == ("error", "") and "went away" in found.message


async def test_a_row_that_cannot_be_read_needs_no_sandbox() -> None:
    subject = Subject(id="x", row=1, fault="field 'tests': holds no tests")
    found = await finding_of(subject, QUICK, Scripted({}))

    assert (found.finding, found.message) == ("malformed", subject.fault)
    assert found.digest == subject_digest(subject, QUICK)


def test_the_digest_covers_what_decides() -> None:
    given = [
        subject_digest(a_subject(), QUICK),
        subject_digest(a_subject("def f():\n    return 2\n"), QUICK),
        subject_digest(a_subject(claim="fails"), QUICK),
        subject_digest(a_subject(), Asked(("flaky",), normal_forms=False)),
        subject_digest(a_subject(tests="assert f() == 2\n"), QUICK),
    ]

    assert len(set(given)) == len(given)
    assert subject_digest(a_subject().model_copy(update={"row": 9, "id": "z"}), QUICK) == given[0]


@pytest.mark.parametrize(
    ("item", "text"),
    [
        (an_item(), "def f():\n    return 1\n\n\nassert f() == 1\n"),
        (
            an_item(style="humaneval", entry_point="f", tests="def check(c):\n    assert c() == 1\n"),
            "def f():\n    return 1\n\n\ndef check(c):\n    assert c() == 1\n\n\ncheck(f)\n",
        ),
        (
            an_item(
                style="cases",
                entry_point="f",
                tests=(Case(args=(1, "a"), kwargs={"k": None}, expected=[True]), Case(raises="ValueError")),
            ),
            "def f():\n    return 1\n\n\nassert f(*[1, 'a'], **{'k': None}) == [True]\n"
            "try:\n    f(*[], **{})\nexcept ValueError:\n    pass\nelse:\n    raise AssertionError\n",
        ),
    ],
)
def test_the_program_that_an_exit_code_judges(item: Item, text: str) -> None:
    job = program_of(item)

    assert job is not None and job.split is None
    main = str(job.files["main.py"])
    assert main.startswith(text) and END in main[len(text) :]


def test_what_has_no_such_program() -> None:
    assert program_of(an_item(style="native")) is None
    assert program_of(an_item(language="cpp")) is None
    assert program_of(an_item(style="stdio", tests=({"stdin": "", "stdout": ""},))) is None


# ---- for people ----------------------------------------------------------------------------------------------------

HOSTILE = (
    "<script>alert('x')</script>\x1b[2J</pre><img src=http://evil.example/x onerror=alert(1)>{{ 7*7 }}\u202e"
)


def hostile_findings() -> list[Finding]:
    names = [name for name in MEANINGS if name != "holds"]
    bad = [
        Finding.model_validate(
            {
                "id": f"{name}{HOSTILE}",
                "row": n,
                "finding": name,
                "verdict": "wrong_answer",
                "reasons": ("assertion",),
                **dict.fromkeys(
                    ("message", "test", "got", "expected", "traceback", "solution", "tests"), HOSTILE
                ),
            }
        )
        for n, name in enumerate(names, start=2)
    ]
    return [a_finding("f", "k", claim="fails"), *bad]


def a_summary(given: list[Finding], name: str = "rows.jsonl") -> summary.Summary:
    return summary.summary(name, given, {"mbpp": len(given)}, 0)


class Tags(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.seen: set[str] = set()
        self.links: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.seen.add(tag)
        self.links += [str(value) for name, value in attrs if name in ("src", "href", "onerror", "onload")]


def test_nothing_of_a_row_acts_in_the_page() -> None:
    text = page.render(a_summary(hostile_findings(), HOSTILE), hostile_findings())
    tags = Tags()
    tags.feed(text)

    assert not tags.seen & {"script", "img", "iframe", "link"} and tags.links == []
    assert "\x1b" not in text and "\u202e" not in text
    assert "{{ 7*7 }}" in text and "&lt;script&gt;" in text
    assert "url(" not in text and "@import" not in text


def test_the_page_has_each_finding_with_its_evidence() -> None:
    text = html.unescape(page.render(a_summary(hostile_findings()), hostile_findings()))

    for name, meaning in MEANINGS.items():
        shown = f"{meaning[0].upper()}{meaning[1:]}."
        assert (shown in text, f"<b>{name}<script>" in text) == ((name != "holds"),) * 2


def test_the_table_counts_and_stays_within_its_width() -> None:
    given = hostile_findings()
    text = summary.text(a_summary(given), given, 80)

    assert max(map(len, text.splitlines()[2:-2])) <= 80
    assert "12 rows: 1 holds (8.3 %), 11 do not" in text
    assert "\x1b" not in text and "\u202e" not in text
    assert re.search(r"^forged +1 +8\.3 %  forged", text, re.M)
    assert "of 11 labelled as passing 10 are not what they claim; of 1 labelled as failing 1 passes" in text


def test_the_document_leaves_out_code_and_what_holds() -> None:
    given = hostile_findings()
    told = summary.document(a_summary(given), given, None)

    assert len(told["not_held"]) == len(given) - 1 and told["findings"]["holds"] == 1
    assert not {"solution", "tests", "key", "digest"} & told["not_held"][0].keys()


def test_a_row_is_clean_when_all_of_its_solutions_hold() -> None:
    given = [a_finding("a", "1"), a_finding("b", "2", "fails"), a_finding("cc", "3")]

    assert summary.clean_rows(given) == {2}


@pytest.mark.parametrize(
    ("given", "line"),
    [
        (
            {
                "finding": "vacuous",
                "verdict": "bad_tests",
                "reasons": ("vacuous",),
                "test": "tests",
                "message": "discriminating: stub_passes (stubs: 9, stubs_passed: ['every body is `return 0`'])",
            },
            "passes as well: every body is `return 0`",
        ),
        (
            {
                "finding": "vacuous",
                "verdict": "bad_tests",
                "reasons": ("vacuous",),
                "test": "tests",
                "message": "discriminating: insensitive (replays: {'more': 'missed', 'scaled': 'missed'})",
            },
            "no test notices wrong values (more, scaled)",
        ),
        (
            {
                "finding": "flaky",
                "verdict": "rejected",
                "reasons": ("flaky",),
                "test": "tests",
                "message": "stable: flaky (variants: ['a'], differed: hash seed 3, verdict: wrong_answer, reasons: [])",
            },
            "with hash seed 3 it ends as wrong_answer",
        ),
        (
            {
                "finding": "fails",
                "verdict": "wrong_answer",
                "reasons": ("assertion",),
                "test": "assert f() ==\\n 1",
                "got": "2",
            },
            "wrong_answer assertion: assert f() ==\\n 1, got 2",
        ),
        (
            {
                "finding": "forged",
                "verdict": "runtime_error",
                "reasons": ("import",),
                "test": "import",
                "message": "SystemExit: 0",
            },
            "runtime_error import: SystemExit: 0",
        ),
        ({"finding": "malformed", "message": "line 3: is not JSON"}, "line 3: is not JSON"),
    ],
)
def test_a_headline_says_what_happened_and_where(given: dict[str, Any], line: str) -> None:
    assert findings.headline(Finding.model_validate({"id": "a", "row": 1, **given})) == line
