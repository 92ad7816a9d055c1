"""Where one solution stands among others of its problem: who answers as it does, and which tests they meet. Pure.

Dual agreement (Chen et al. 2022, "CodeT: Code Generation with Generated Tests"): solutions that answer alike support each
other, tests that many solutions meet support these, and a cluster scores solutions x tests met.
"""

from collections import Counter
from collections.abc import Mapping, Sequence

from execfeedback.behaviour_in_sandbox import Expectation, Observation
from execfeedback.types import Value

Answers = Mapping[str, str]
"""By call: outcome and text of the answer."""
SHOWN = -1
"""The source of expectations that the statement itself states."""


class Standing(Value):
    """What the others say of one solution."""

    inputs: int = 0
    """Calls to which this solution, or most others, answer with a value."""
    others: int = 0
    """Other solutions, each text once."""
    peers: int = 0
    """Those of them that meet all of the statement's own examples: only they are asked."""
    agreeing: int = 0
    """Those of them that answer alike to every one of these inputs."""
    rivals: int = 0
    """The largest number of them that answer alike among themselves and otherwise than this one."""
    agreement: float = 0.0
    """Share of (peer, input) in which both answer alike."""
    dual: float = 0.0
    """Score of its cluster by dual agreement, as a share of that and of the best other one."""
    tests: int = 0
    """Distinct expectations of tests that were written without it."""
    met: int = 0
    contested: int = 0
    """Expectations that this solution misses and most of its peers meet."""


def answers_of(observations: Sequence[Observation]) -> dict[str, str]:
    """The kind of an exception is no part of an answer: who refuses an input, refuses it."""
    return {
        one.call: f"value {one.text}" if one.outcome == "value" else one.outcome
        for one in observations
        if one.outcome in ("value", "raised")
    }


def meets(answers: Answers, expected: Expectation) -> bool:
    return answers.get(expected.call) == f"value {expected.value}"


def standing(own: Answers, others: Sequence[Answers], expected: Sequence[Expectation]) -> Standing:
    """Where the solution that gave `own` stands. `expected` are expectations of the statement and of tests."""
    shown = [one for one in expected if one.source == SHOWN]
    tests = list({(one.call, one.value): one for one in expected if one.source != SHOWN}.values())
    peers = [other for other in others if all(meets(other, one) for one in shown)]
    inputs = informative(own, peers)
    alike = [[own.get(call) == peer.get(call) for call in inputs] for peer in peers]
    clusters = Counter(tuple(peer.get(call) for call in inputs) for peer in peers)
    agreeing = clusters.pop(tuple(own.get(call) for call in inputs), 0)
    met = [one for one in tests if meets(own, one)]
    missed = [one for one in tests if one not in met]
    return Standing(
        inputs=len(inputs),
        others=len(others),
        peers=len(peers),
        agreeing=agreeing,
        rivals=max(clusters.values(), default=0),
        agreement=sum(map(sum, alike)) / (len(peers) * len(inputs)) if peers and inputs else 0.0,
        dual=dual_agreement(own, peers, tests, inputs),
        tests=len(tests),
        met=len(met),
        contested=sum(2 * sum(meets(peer, one) for peer in peers) > len(peers) for one in missed),
    )


def informative(own: Answers, peers: Sequence[Answers]) -> list[str]:
    """Calls that say something: this solution, or more than half of the others, answer with a value."""
    calls = dict.fromkeys([*own, *(call for peer in peers for call in peer)])
    return [call for call in calls if _is_value(own, call) or _most(peers, call)]


def _most(peers: Sequence[Answers], call: str) -> bool:
    return 2 * sum(_is_value(peer, call) for peer in peers) > len(peers)


def _is_value(answers: Answers, call: str) -> bool:
    return answers.get(call, "").startswith("value ")


def dual_agreement(
    own: Answers, peers: Sequence[Answers], tests: Sequence[Expectation], inputs: Sequence[str]
) -> float:
    """Share of the own cluster in the scores of itself and of the best other; 0.5 when neither has a score."""
    scores: dict[tuple[str | None, ...], float] = {}
    for answers in (own, *peers):
        key = tuple(answers.get(call) for call in inputs)
        met = sum(meets(answers, one) for one in tests) + 1
        scores[key] = scores.get(key, 0.0) + met
    mine = scores.pop(tuple(own.get(call) for call in inputs))
    best = max(scores.values(), default=0.0)
    return mine / (mine + best)
