"""How a verdict becomes a reward. Options are plain data, so that a configured reward pickles as its configuration."""

from collections.abc import Callable, Mapping
from typing import Literal

from pydantic import Field

from execfeedback.types import Value, Verdict, VerdictName

Extract = Literal["last_block", "answer"] | Callable[[str], str | None]


class Options(Value):
    """What a trainer may choose. Everything that changes a reward is here, and off unless it is asked for."""

    on_infra_error: Literal["retry", "none", "raise", "zero"] = "retry"
    """Our own faults. `retry`: again, then no reward; `none`: no reward at once; `raise`: SandboxError; `zero`: 0."""
    partial: bool = False
    """A solution that fails gets the share of its tests that passed. `asserts` stop at the first that fails."""
    shaping: Mapping[VerdictName | Literal["no_code"], float] = Field(default_factory=dict)
    """Rewards by verdict, in place of 1 for `passed` and 0 for the solution's faults: `{"compile_error": -0.5}`."""
    extract: Extract = "last_block"
    """Where the code is: the last fenced block after any `</think>`; `answer`: the blocks that belong together, also text
    without fences, as `grow` reads models; or a function from the text to the code (None: there is none)."""
    attempts: int = 3
    """How often `retry` tries."""
    timeout_s: float = 300.0
    """An item that is so long in the sandbox without a verdict is our fault; nothing is tried again after it."""


DEFAULTS = Options()


class Score(Value):
    """What became of one completion. `reward` is None where it says nothing about the model."""

    reward: float | None
    passed_share: float = 0.0
    """Of the tests, 0 to 1."""
    infra_error: bool = False
    """Our fault."""
    unverifiable: bool = False
    """The tests' or the item's fault."""
    verdict: VerdictName | None = None
    message: str = ""

    def plain(self) -> dict[str, float | bool]:
        """For trainers that cannot take None; the keys are always the same."""
        return {
            "score": self.reward or 0.0,
            "passed_share": self.passed_share,
            "infra_error": self.infra_error,
            "unverifiable": self.unverifiable,
        }


def no_code(options: Options) -> Score:
    return Score(reward=options.shaping.get("no_code", 0.0), message="no code in the completion")


def not_judged(message: str) -> Score:
    """The row or its tests cannot be made sense of."""
    return Score(reward=None, unverifiable=True, message=message)


def scored(verdict: Verdict, options: Options) -> Score:
    """The reward of a verdict; for our own faults what `on_infra_error` leaves of it."""
    if verdict.verdict is None:
        lost = 0.0 if options.on_infra_error == "zero" else None
        return Score(reward=lost, infra_error=True, message=verdict.error or "")
    said = verdict.failure.message if verdict.failure else ""
    facts = {"passed_share": _share(verdict), "verdict": verdict.verdict, "message": said}
    if verdict.passed is None:
        return Score(reward=None, unverifiable=True, **facts)
    plain = 1.0 if verdict.passed else _share(verdict) if options.partial else 0.0
    return Score(reward=options.shaping.get(verdict.verdict, plain), **facts)


def _share(verdict: Verdict) -> float:
    return verdict.tests.passed / verdict.tests.expected if verdict.tests.expected else 0.0
