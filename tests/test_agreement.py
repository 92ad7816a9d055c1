"""Where a solution stands among others: clusters by what they answer, and dual agreement with tests."""

from hypothesis import given
from hypothesis import strategies as st

from execfeedback.agreement import Standing, answers_of, dual_agreement, informative, standing
from execfeedback.behaviour_in_sandbox import Expectation, Observation


def answers(*texts: str) -> dict[str, str]:
    """Values by call `(0)`, `(1)`, ...; `!` is an exception."""
    return {f"({n})": "raised" if text == "!" else f"value {text}" for n, text in enumerate(texts)}


def expects(call: int, value: str, source: int = 0) -> Expectation:
    return Expectation(source=source, call=f"({call})", value=value, line=f"assert f({call}) == {value}")


def test_an_answer_is_a_value_or_a_refusal_and_lateness_is_none() -> None:
    seen = [
        Observation(call="(1)", outcome="value", text="2"),
        Observation(call="(2)", outcome="raised", text="ValueError"),
        Observation(call="(3)", outcome="late", text=""),
        Observation(call="(4)", outcome="opaque", text=""),
    ]
    assert answers_of(seen) == {"(1)": "value 2", "(2)": "raised"}


def test_peers_are_counted_by_cluster() -> None:
    own = answers("1", "2", "3")
    others = [answers("1", "2", "3"), answers("1", "2", "4"), answers("1", "2", "4"), answers("9", "9", "9")]

    found = standing(own, others, [])

    assert (found.inputs, found.peers, found.agreeing, found.rivals) == (3, 4, 1, 2)
    assert found.agreement == (3 + 2 + 2 + 0) / 12


def test_who_misses_an_example_of_the_statement_is_no_peer() -> None:
    found = standing(answers("1"), [answers("2"), answers("1")], [expects(0, "1", source=-1)])
    assert (found.peers, found.agreeing, found.tests) == (1, 1, 0)


def test_tests_are_counted_once_and_those_that_most_peers_meet_are_contested() -> None:
    tests = [expects(0, "1"), expects(0, "1", source=1), expects(1, "5"), expects(1, "6")]
    found = standing(answers("1", "2"), [answers("1", "5"), answers("1", "5")], tests)
    assert (found.tests, found.met, found.contested) == (3, 1, 1)


def test_inputs_that_nobody_answers_say_nothing() -> None:
    peers = [answers("!", "1", "1"), answers("!", "1", "!"), answers("!", "!", "!")]
    assert informative(answers("!", "!", "!"), peers) == ["(1)"]
    assert set(informative(answers("!", "!", "7"), peers)) == {"(1)", "(2)"}


def test_dual_agreement_is_solutions_times_tests() -> None:
    """Two solutions that meet one test, against one that meets three: (2 x (1 + 1)) / (4 + (3 + 1))."""
    own, other = answers("1", "2"), answers("3", "4")
    tests = [expects(0, "1"), expects(0, "3"), expects(1, "4"), expects(1, "4", source=1)]
    assert dual_agreement(own, [own, other], tests, ["(0)", "(1)"]) == 4 / 8


def test_alone_there_is_nothing_to_say() -> None:
    assert standing(answers("1"), [], []) == Standing(inputs=1, dual=1.0)


TEXTS = st.lists(st.sampled_from("12!"), min_size=3, max_size=3)


@given(TEXTS, st.lists(TEXTS, max_size=5))
def test_shares_are_shares_and_clusters_are_disjoint(own: list[str], others: list[list[str]]) -> None:
    found = standing(answers(*own), [answers(*one) for one in others], [expects(0, "1")])

    assert 0 <= found.agreement <= 1 and 0 < found.dual <= 1
    assert found.agreeing + found.rivals <= found.peers == len(others)
    assert found.met <= found.tests == 1


@given(TEXTS, st.lists(TEXTS, max_size=4))
def test_the_order_of_the_others_does_not_matter(own: list[str], others: list[list[str]]) -> None:
    peers = [answers(*one) for one in others]
    forth, back = standing(answers(*own), peers, []), standing(answers(*own), peers[::-1], [])
    assert forth == back


@given(TEXTS, st.lists(TEXTS, max_size=4))
def test_one_more_that_answers_alike_never_harms(own: list[str], others: list[list[str]]) -> None:
    peers = [answers(*one) for one in others]
    before = standing(answers(*own), peers, [])
    after = standing(answers(*own), [*peers, answers(*own)], [])
    if before.inputs == after.inputs:
        assert after.agreeing == before.agreeing + 1
        assert after.dual >= before.dual and after.agreement >= before.agreement
