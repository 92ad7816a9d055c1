"""What counts as killed, and the share that decides."""

import pytest

from execfeedback.kills import Fate, Judged, fate_of, kill_share, left_out, tight
from execfeedback.mutation import Mutant
from execfeedback.types import Item, LimitsGiven, Verdict

PASSED = {
    "passed": True,
    "rejected": False,
    "wrong_answer": False,
    "runtime_error": False,
    "time_limit": False,
}


def verdict(name: str, *reasons: str, cpu_s: float = 0.0) -> Verdict:
    return Verdict.model_validate(
        {"id": "x", "verdict": name, "passed": PASSED.get(name), "reasons": reasons, "cpu_s": cpu_s}
    )


def trials(killed: int, survived: int, undecided: int = 0) -> list[Judged]:
    names = ["wrong_answer"] * killed + ["passed"] * survived + ["unverifiable"] * undecided
    return [Judged(Mutant("k", n, "d", "s"), verdict(name)) for n, name in enumerate(names)]


@pytest.mark.parametrize(
    ("given", "fate"),
    [
        (verdict("wrong_answer", "assertion"), "killed"),
        (verdict("runtime_error", "exception"), "killed"),
        (verdict("time_limit", "cpu"), "killed"),
        (verdict("rejected", "held_out"), "killed"),
        (verdict("bad_tests", "tests_error"), "killed"),
        (verdict("bad_tests", "tests_limit"), "killed"),
        (verdict("passed"), "survived"),
        (verdict("bad_tests", "vacuous"), "survived"),
        (verdict("bad_tests", "no_tests"), "undecided"),
        (verdict("unverifiable", "contract_mutates"), "undecided"),
        (verdict("compile_error", "syntax"), "undecided"),
    ],
)
def test_fate(given: Verdict, fate: Fate) -> None:
    assert fate_of(given) == fate


@pytest.mark.parametrize(
    ("mutants", "leave_out", "share"),
    [
        (trials(7, 3), 0, 0.7),
        (trials(7, 3), 3, 1.0),
        (trials(7, 3, undecided=10), 0, 0.7),
        (trials(0, 3), 0, 0.0),
        (trials(0, 1), 1, 1.0),
        ([], 0, 1.0),
        (trials(0, 0, undecided=4), 0, 0.0),
    ],
)
def test_share(mutants: list[Judged], leave_out: int, share: float) -> None:
    assert kill_share(mutants, leave_out) == share


def test_only_a_part_of_the_judged_may_be_left_out() -> None:
    assert left_out(trials(5, 5), 5, 0.3) == 3
    assert left_out(trials(5, 5), 2, 0.3) == 2
    assert left_out(trials(1, 1), 1, 0.3) == 1
    assert left_out(trials(5, 5), 5, 0.0) == 0


def limits_for(used_s: float, **given: float) -> LimitsGiven:
    item = Item(id="x", language="python", solution="", limits=LimitsGiven(**given))
    hurried = tight(item, verdict("passed", cpu_s=used_s))
    assert hurried.stop_on == "first_failure"
    return hurried.limits


def test_a_quick_solution_gives_its_mutants_half_a_second() -> None:
    assert (limits_for(0.004).cpu_s, limits_for(0.004).wall_s) == (0.25, 5.0)


def test_a_slow_solution_gives_its_mutants_five_times_its_time_in_coarse_steps() -> None:
    assert limits_for(0.9, cpu_s=60, wall_s=600).cpu_s == limits_for(1.1, cpu_s=60, wall_s=600).cpu_s == 8.0
    assert limits_for(0.9, cpu_s=60, wall_s=600).wall_s == 160.0


def test_no_mutant_gets_more_than_the_item_allows() -> None:
    assert (limits_for(4.0, cpu_s=5, wall_s=12).cpu_s, limits_for(4.0, cpu_s=5, wall_s=12).wall_s) == (
        5.0,
        12.0,
    )
    assert limits_for(0.0, cpu_s=0.2).cpu_s == 0.2
