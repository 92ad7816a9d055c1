"""The rounds of a run whose samples go where they are worth most: what was given, and what comes next. Does no IO."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any, NamedTuple

from execfeedback import ids
from execfeedback.next_samples import Tried, groups_of, next_samples
from execfeedback.types import Problem
from execfeedback.units import Settings, Share, units_of


class Outcome(NamedTuple):
    """What admission said of a unit."""

    solved: bool
    """It was right at the first try; what is refused as a duplicate may be."""
    record: bool


class Steered:
    """Each problem gets one sample, then `settings.samples - 1` rounds give as many samples as there are problems.

    A round is chosen once all units before it are decided on, and kept in the corpus: it stands, so that a run that was
    cut off goes on as it began, and a seed gives the same corpus whatever finishes first.
    """

    def __init__(self, problems: Iterable[Problem], frame: str, settings: Settings) -> None:
        self.problems = list({ids.digest(problem): problem for problem in problems}.values())
        self.settings, self.frame = settings, frame
        self.given = [1] * len(self.problems)
        """Samples by problem."""
        self.round = 1
        """The next one."""
        self.name = ids.digest([frame, [ids.digest(problem) for problem in self.problems]])

    @property
    def left(self) -> bool:
        return self.round < self.settings.samples and bool(self.problems)

    def first(self) -> list[Share]:
        return [Share(problem, range(1)) for problem in self.problems]

    def chosen_before(self, events: Iterable[Mapping[str, Any]]) -> tuple[int, ...] | None:
        """What an earlier run chose for the next round."""
        found = (one for one in events if (one["of"], one["round"]) == (self.name, self.round))
        event = next(found, None)
        return None if event is None else tuple(event["more"])

    def choose(self, outcomes: Mapping[str, Outcome]) -> tuple[int, ...]:
        """How many samples each problem gets in the next round, by what came of those before."""
        return next_samples([self._tried(share, outcomes) for share in self.so_far()], len(self.problems))

    def event(self, chosen: Sequence[int]) -> dict[str, Any]:
        return {"of": self.name, "round": self.round, "more": list(chosen)}

    def take(self, chosen: Sequence[int]) -> list[Share]:
        """The shares of the next round, which is over for whoever asks again."""
        before, self.round = self.given, self.round + 1
        self.given = [old + new for old, new in zip(before, chosen, strict=True)]
        rows = zip(self.problems, before, self.given, strict=True)
        return [Share(problem, range(now), old) for problem, old, now in rows if now > old]

    def so_far(self) -> Iterator[Share]:
        """All that was given."""
        return (Share(*one) for one in zip(self.problems, map(range, self.given), strict=True))

    def _tried(self, share: Share, outcomes: Mapping[str, Outcome]) -> Tried:
        keys = [unit.key for unit in units_of([share], self.frame, self.settings)]
        found = [outcomes[key] for key in keys if key in outcomes]
        return Tried(
            groups=groups_of(share.problem),
            samples=len(keys),
            solved=sum(one.solved for one in found),
            records=sum(one.record for one in found),
        )
