"""Repair or sample again, by what a record cost; and the pilot that the others wait for."""

import asyncio

import pytest
from hypothesis import given
from hypothesis import strategies as st

from execfeedback.spending import Choice, Pilot, choice
from execfeedback.types import Attempt, Message, ModelCall, Problem, Solution, Trajectory, Verdict

PROBLEM = Problem(id="p", statement="")


def trajectory(
    tries: int, passed: bool, cost: float | None = 1.0, wordless: int = 0, tokens: int | None = 10
) -> Trajectory:
    """So many tries, the last of which passed or not; after each, calls without code."""
    calls, attempts = [], []
    for at in range(tries):
        for word in range(1 + wordless):
            id = f"{at} {word}"
            calls.append(
                ModelCall(
                    id=id, kind="solution", messages=(Message(role="user", content=""),), text="", model="m",
                    prompt="", seed=0, cost_usd=cost, tokens_in=tokens, tokens_out=tokens,
                )
            )  # fmt: skip
        good = passed and at == tries - 1
        verdict = Verdict(id="v", verdict="passed" if good else "wrong_answer", passed=good)
        attempts.append(Attempt(solution=Solution(code="c", author="m", call=f"{at} 0"), verdict=verdict))
    stopped = "passed" if passed else "attempts"
    return Trajectory(problem=PROBLEM, calls=tuple(calls), attempts=tuple(attempts), stopped=stopped)


def test_repairs_that_seldom_help_are_left() -> None:
    """6 of 10 pass at once, one of the four others at the second try, none later: 10/6, 14/7, 17/7, 20/7 dollars."""
    pilot = (
        [(trajectory(1, True), True)] * 6
        + [(trajectory(2, True), True)]
        + [(trajectory(4, False), False)] * 3
    )
    chosen = choice(pilot, 4)
    assert chosen.tries == 1
    assert chosen.reason == (
        "a record of 10 trajectories cost: 1 tries 1.66667 dollars, 2 tries 2 dollars, "
        "3 tries 2.42857 dollars, 4 tries 2.85714 dollars"
    )


def test_repairs_that_help_are_made() -> None:
    """One of ten passes at once, eight of nine at the second try: 10 dollars a record, or 19/9."""
    pilot = (
        [(trajectory(1, True), True)] + [(trajectory(2, True), True)] * 8 + [(trajectory(4, False), False)]
    )
    assert choice(pilot, 4).tries == 2


def test_what_the_gates_refused_is_no_record() -> None:
    repaired = [(trajectory(2, True), False)] * 8
    assert choice([(trajectory(1, True), True)] * 2 + repaired, 4).tries == 1
    assert choice(repaired, 4) == Choice(
        tries=4, reason="no record came of 8 trajectories: 4 tries, as before"
    )


def test_an_unknown_price_is_not_nothing() -> None:
    cheap = [(trajectory(1, True, cost=None), True), (trajectory(1, True, cost=0.1), True)]
    assert "20 tokens" in choice(cheap, 4).reason
    assert "1 calls" in choice([(trajectory(1, True, cost=None, tokens=None), True)], 4).reason


def test_calls_without_code_belong_to_the_try_that_they_led_to() -> None:
    """The second try took two calls, and one more came to nothing after it."""
    pilot = [(trajectory(2, True, wordless=1), True), (trajectory(1, True), True)]
    assert "1 tries 2 dollars, 2 tries 2.5 dollars" in choice(pilot, 2).reason


@given(st.lists(st.tuples(st.integers(1, 4), st.booleans(), st.booleans()), min_size=1, max_size=30))
def test_what_is_chosen_is_the_cheapest_and_the_order_does_not_matter(
    drawn: list[tuple[int, bool, bool]],
) -> None:
    pilot = [(trajectory(tries, passed), passed and admitted) for tries, passed, admitted in drawn]
    chosen = choice(pilot, 4)
    assert chosen == choice(pilot[::-1], 4)

    def each(most: int) -> float:
        """Run again with fewer tries: dollars a record."""
        records = sum(good and len(t.attempts) <= most for t, good in pilot)
        return sum(min(len(t.attempts), most) for t, _ in pilot) / records if records else float("inf")

    if any(good for _, good in pilot):
        assert each(chosen.tries) == pytest.approx(min(each(d) for d in range(1, 5)))


async def test_the_others_wait_for_the_pilot() -> None:
    pilot = Pilot(2)
    assert await pilot.tries(1, 4) == 4
    waiting = asyncio.create_task(pilot.tries(2, 4))
    await asyncio.sleep(0)
    assert not waiting.done()
    assert (pilot.due(1), pilot.due(2)) == (False, True)
    pilot.choose(Choice(tries=3, reason=""))
    assert await waiting == 3
    assert not pilot.due(2)
    given_up = Pilot(1)
    given_up.give_up(LookupError())
    with pytest.raises(LookupError):
        await given_up.tries(1, 4)
    assert await Pilot(None).tries(99, 4) == 4
