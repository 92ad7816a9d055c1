"""Whether tests killed a mutant, and the share that they killed. Pure.

What is neither killed nor survived is undecided, and left out: it did not compile, or it cannot be judged.
"""

import math
from collections.abc import Sequence
from typing import Literal, NamedTuple

from execfeedback.languages import language
from execfeedback.mutation import Mutant
from execfeedback.types import Item, Verdict

Fate = Literal["killed", "survived", "undecided"]

_STUMBLED = {"tests_error", "tests_limit"}
"""Reasons of `bad_tests` that tests which an accepted solution passes can only get from a mutant's values."""
_SLOWER = 5.0
"""A mutant may use this many times the CPU time of the accepted solution before it counts as endless."""
_LEAST_CPU_S = 0.25
"""Far above what noise or a slower mutant of a quick solution needs; every endless mutant costs this much."""
_PATIENCE = 20.0
"""Wall seconds for each CPU second: a loaded machine must not kill a mutant."""


class Judged(NamedTuple):
    """A mutant and the verdict that the tests gave on it."""

    mutant: Mutant
    verdict: Verdict

    @property
    def fate(self) -> Fate:
        return fate_of(self.verdict)


def fate_of(verdict: Verdict) -> Fate:
    """`vacuous` survived: the tests ran through, and no value could have made them fail."""
    if verdict.passed or "vacuous" in verdict.reasons:
        return "survived"
    if verdict.verdict == "bad_tests":
        return "killed" if _STUMBLED & set(verdict.reasons) else "undecided"
    return "undecided" if verdict.verdict in ("compile_error", "unverifiable") else "killed"


def left_out(mutants: Sequence[Judged], equivalent: int, most: float) -> int:
    """How many equivalent survivors may be left out of the share: at most `most` of the judged ones."""
    judged = sum(trial.fate != "undecided" for trial in mutants)
    return min(equivalent, math.ceil(most * judged))


def kill_share(mutants: Sequence[Judged], leave_out: int) -> float:
    """Killed / (killed + survived - left out); 1 when nothing is left to kill, 0 when none could be judged."""
    ends = [trial.fate for trial in mutants]
    judged = ends.count("killed") + ends.count("survived")
    if ends and not judged:
        return 0.0
    return ends.count("killed") / (judged - leave_out) if judged > leave_out else 1.0


def tight(item: Item, verdict: Verdict) -> Item:
    """The item for trying mutants: ends at the first failure, limits near what the accepted solution used.

    The CPU limit is a power of two, so that two measurements of the same solution give the same limit.
    """
    given = item.limits.over(language(item.language).limits)
    needed = max(_LEAST_CPU_S, _SLOWER * verdict.cpu_s)
    cpu_s = min(given.cpu_s, 2.0 ** math.ceil(math.log2(needed)))
    wall_s = min(given.wall_s, _PATIENCE * cpu_s)
    limits = item.limits.model_copy(update={"cpu_s": cpu_s, "wall_s": wall_s})
    return item.model_copy(update={"limits": limits, "stop_on": "first_failure"})
