"""What a run is made of: its settings, and its units in the order of admission. Pure."""

from collections.abc import Iterable, Iterator, Sequence
from itertools import islice
from pathlib import Path
from typing import Any, NamedTuple, Protocol, runtime_checkable

from pydantic import Field, model_validator

from execfeedback import ids
from execfeedback.calling import settings_of
from execfeedback.prompts import prompt_id, prompt_names
from execfeedback.protocols import Gate, Generator, Sandbox
from execfeedback.types import GateResult, Problem, TestRules, Trajectory, Value


class Settings(Value):
    """What a run does. Everything that can change a record is part of each unit's key."""

    samples: int = Field(1, ge=1)
    """Independent first tries for each problem."""
    steer: bool = False
    """As many in all, but after the first one of each problem they go where the corpus is thin or a problem hard."""
    seed: int = 0
    max_attempts: int = Field(4, ge=1)
    limit: int | None = Field(None, ge=1)
    """Problems at most."""
    in_flight: int = Field(4, ge=1)
    """Units at one time."""
    calls: int | None = Field(None, ge=1)
    """Model calls at one time. With more units than that, some are judged while others wait for an answer."""
    max_cost_usd: float | None = Field(None, ge=0)
    """For the whole corpus, what earlier runs paid included."""
    max_tokens: int | None = Field(None, ge=0)
    """Read and written, for the whole corpus."""
    max_wall_s: float | None = Field(None, gt=0)
    """For this run."""
    problem_attempts: int | None = Field(None, ge=1)
    """Solutions that may be tried for each problem, over all its samples, which share them evenly."""
    pilot: int | None = Field(None, ge=1)
    """Units, the first ones, by which the others' number of tries is chosen; None: all try as often as they may."""
    model_failures: int | None = Field(8, ge=1)
    """Units in a row that the model failed (after all retries), at which the run gives up on it; None never."""
    patience_s: float = Field(60.0, ge=0)
    """How long a sandbox that fails is waited for."""
    feedback_chars: int = Field(4000, ge=1)
    prompts_dir: Path | None = None
    tests: TestRules = TestRules()
    configuration: dict[str, Any] = Field({})
    """What else decides what the gates say: their options."""

    @model_validator(mode="after")
    def _one_way_to_share(self) -> "Settings":
        if self.steer and self.problem_attempts is not None:
            raise ValueError("steer and problem_attempts both say how samples share: give one of them")
        return self


@runtime_checkable
class OrderedGate(Protocol):
    """A gate that compares with what was admitted before: keys in parallel, the decision in order."""

    name: str
    version: str

    async def keys(self, trajectory: Trajectory, sandbox: Sandbox) -> Any:
        """Plain data that `admit` decides on."""
        ...

    def admit(self, keys: Any) -> GateResult: ...


@runtime_checkable
class ReviewGate(Protocol):
    """A gate that reads the judge's reviews in the trajectory: the loop asks for them, and revises what is refused."""

    name: str
    version: str
    refusals_revised: int
    """Refusals of one trajectory after which its solution is revised."""


def review_limit(gates: Sequence[Gate]) -> int | None:
    """How often the loop revises what a judge refuses; None where no gate asks for a judge."""
    return max((gate.refusals_revised for gate in gates if isinstance(gate, ReviewGate)), default=None)


@runtime_checkable
class GroupGate(Protocol):
    """A gate that judges the samples of one problem among each other, once all of them have stopped."""

    name: str
    version: str

    async def check_group(
        self, samples: Sequence[Trajectory], sandbox: Sandbox
    ) -> tuple[GateResult | None, ...]:
        """By sample its result; None for one that did not stop as `passed`."""
        ...


class Unit(Value):
    """One sample of one problem. `key` is the digest of all that decides what becomes of it."""

    key: str
    problem: Problem
    sample: int
    tries: int
    """Solutions that it may try."""
    place: int
    """Among the units of its problem that the gates look at together, from 0."""
    size: int
    """How many these are."""
    peer: bool = False
    """An earlier round has given it: it is here for the others of its problem."""


class Share(NamedTuple):
    """The samples of one problem; those before `new` were given in an earlier round."""

    problem: Problem
    samples: Sequence[int]
    new: int = 0


def units(
    problems: Iterable[Problem], generator: Generator, gates: Sequence[Gate], settings: Settings
) -> Iterator[Unit]:
    """The units of a run, by problem, then sample: the order of admission."""
    shares = (Share(one, samples_of(settings)) for one in islice(problems, settings.limit))
    return units_of(shares, frame_of(generator, gates, settings), settings)


def units_of(shares: Iterable[Share], frame: str, settings: Settings) -> Iterator[Unit]:
    """The units of shares, in their order."""
    for problem, samples, new in shares:
        content = ids.digest(problem)
        for place, sample in enumerate(samples):
            yield Unit(
                key=ids.digest([content, sample, frame]),
                problem=problem,
                sample=sample,
                tries=attempts_of(sample, settings),
                place=place,
                size=len(samples),
                peer=sample < new,
            )


def attempts_of(sample: int, settings: Settings) -> int:
    """Solutions that a sample may try."""
    if settings.problem_attempts is None:
        return settings.max_attempts
    each, more = divmod(settings.problem_attempts, settings.samples)
    return min(settings.max_attempts, each + (sample < more))


def samples_of(settings: Settings) -> list[int]:
    """The samples of each problem: those that may try anything at all."""
    return [sample for sample in range(settings.samples) if attempts_of(sample, settings)]


def frame_of(generator: Generator, gates: Sequence[Gate], settings: Settings) -> str:
    """The digest of what all units of a run share. The sandbox image is not in it: records name theirs themselves."""
    frame = {
        "generator": [generator.name, dict(settings_of(generator))],
        "prompts": [prompt_id(name, settings.prompts_dir) for name in prompt_names()],
        "feedback_chars": settings.feedback_chars,
        "gates": [[gate.name, gate.version] for gate in gates],
        "seed": settings.seed,
        "max_attempts": settings.max_attempts,
        "tests": settings.tests.model_dump(),
        "configuration": settings.configuration,
        **({"share": [settings.problem_attempts, settings.samples]} if settings.problem_attempts else {}),
        **({"pilot": settings.pilot} if settings.pilot else {}),
    }
    return ids.digest(frame)
