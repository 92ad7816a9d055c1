"""What a verdict says of each test: nothing unless it is asked, and never more than a bound, whatever the tests are."""

from typing import Any

from hypothesis import given
from hypothesis import strategies as st
from running_service import Echo, Running, ask, echo_item

from execfeedback import each_test
from execfeedback.client import Client
from execfeedback.jsonl import json_line
from execfeedback.types import Failure, Item, TestReport, TestResult, Verdict
from execfeedback.verifying import item_digest

TEXT = st.text(max_size=3000)
OUTCOMES = st.sampled_from(["passed", "failed", "error", "skipped", "not_run"])
RESULTS = st.builds(
    TestResult, name=TEXT, outcome=OUTCOMES, message=TEXT, source=TEXT, reason=st.just("gone")
)


@given(st.lists(RESULTS, max_size=8), st.integers(1, 400))
def test_there_is_a_bound_whatever_tests_are_called_and_print(some: list[TestResult], times: int) -> None:
    told = each_test.of_results(some * times, ("cpu",), Failure(test="", message="x" * 5000))

    assert [one.outcome for one in told] == [one.outcome for one in some * times][: each_test.MOST]
    assert all(len(one.name) <= 200 and len(one.message) <= 1000 for one in told)


@given(
    st.lists(st.sampled_from(["passed", "wrong_answer", "runtime_error"]), max_size=1200), st.integers(0, 9)
)
def test_cases_are_numbered_and_those_that_did_not_run_are_there(verdicts: list[Any], left: int) -> None:
    decisions = [(name, () if name == "passed" else ("why",), None) for name in verdicts]
    told = each_test.of_decisions(decisions, len(verdicts) + left)

    outcomes = {"passed": "passed", "wrong_answer": "failed", "runtime_error": "error"}
    assert [one.outcome for one in told] == ([outcomes[v] for v in verdicts] + ["not_run"] * left)[:1000]
    assert [one.name for one in told] == [f"case {n}" for n in range(1, len(told) + 1)]


def part(*outcomes: Any) -> Verdict:
    results = tuple(TestReport(name=name, outcome=outcome) for name, outcome in outcomes)
    return Verdict(id="x", verdict="passed", passed=True, results=results)


def test_runs_that_go_on_where_the_last_one_ended_name_each_test_once() -> None:
    first = part(("a", "passed"), ("b", "error"), ("c", "not_run"), ("d", "not_run"))
    lost = part(("c", "not_run"), ("d", "not_run"))
    told = each_test.joined([first, lost, part(("d", "failed"), ("e", "not_run"))])

    assert [one.name for one in told] == ["a", "b", "c", "d", "e"]


def test_an_item_that_does_not_ask_is_what_it_was() -> None:
    plain = Item.model_validate(echo_item("1"))
    asking, off = (Item.model_validate(echo_item("1", results=value)) for value in (True, False))

    assert item_digest(plain) == item_digest(off) != item_digest(asking)
    assert b"results" not in json_line(plain) and b"results" not in json_line(part())


async def test_who_asks_is_told_over_http_in_a_list_as_lines_and_by_the_client() -> None:
    cases = [{"stdin": text, "stdout": "1"} for text in ("1", "2", "1")]
    asking = echo_item("1", tests=cases, results=True)
    wanted = [
        {"name": "case 1", "outcome": "passed", "reason": None, "message": ""},
        {
            "name": "case 2",
            "outcome": "failed",
            "reason": "output",
            "message": "input:\n2\nexpected:\n1\ngot:\n2",
        },
        {"name": "case 3", "outcome": "passed", "reason": None, "message": ""},
    ]
    first = [*wanted[:2], {**wanted[2], "outcome": "not_run"}]
    async with Running(Echo()) as there, Client(there) as client:
        assert (await ask(there, "/v1/verify", asking)).json["results"] == wanted
        both = (await ask(there, "/v1/verify", [echo_item("1"), {**asking, "stop_on": "first_failure"}])).json
        assert "results" not in both[0] and both[1]["results"] == first
        (line,) = [v async for v in client.verify_many([Item.model_validate(asking)])]
        assert (await client.verify(Item.model_validate(asking))).results == line.results
        assert [one.model_dump() for one in line.results] == wanted
        document = (await ask(there, "/openapi.json")).json["components"]["schemas"]
    assert document["Verdict"]["properties"]["results"]["items"] == {
        "$ref": "#/components/schemas/TestReport"
    }
    assert document["VerifyItem"]["properties"]["results"]["type"] == "boolean"
