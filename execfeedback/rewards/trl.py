"""Rewards for TRL (GRPOTrainer, RLOOTrainer) and for what takes its functions: Axolotl, Unsloth, ms-swift.

    from execfeedback.rewards.trl import code_reward
    trainer = GRPOTrainer(..., reward_funcs=[code_reward])

Every column of the dataset arrives here; one that holds tests must be among them (docs/rewards.md).
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from execfeedback.rewards.scoring import code_prompt, scores, scores_async, text_of
from execfeedback.rewards.values import DEFAULTS, Options, Score


def code_reward(prompts: Sequence[Any], completions: Sequence[Any], **columns: Any) -> list[float | None]:
    """1 for code that passes its tests, 0 for code that does not and for no code, None where that says nothing about the
    model: tests that are at fault, items that cannot be judged, our own faults. All are judged at one time."""
    return CodeReward()(prompts, completions, **columns)


async def code_reward_async(
    prompts: Sequence[Any], completions: Sequence[Any], **columns: Any
) -> list[float | None]:
    """The same as a coroutine: TRL runs such rewards side by side."""
    found = await scores_async(*_asked(prompts, completions, columns), DEFAULTS)
    return _told(found, columns)


@dataclass(frozen=True)
class CodeReward:
    """The same with options: `CodeReward(Options(partial=True))`. It pickles as its options."""

    options: Options = DEFAULTS
    __name__ = "code_reward"  # trainers name the reward in their logs by it

    def __call__(
        self, prompts: Sequence[Any], completions: Sequence[Any], **columns: Any
    ) -> list[float | None]:
        return _told(scores(*_asked(prompts, completions, columns), self.options), columns)


def _asked(
    prompts: Sequence[Any], completions: Sequence[Any], columns: Mapping[str, Any]
) -> tuple[list[str], list[dict[str, Any]]]:
    """Completions as text, and the row of each: every column that has a value for each of them."""
    lists = {
        name: values
        for name, values in columns.items()
        if isinstance(values, list | tuple) and len(values) == len(completions)
    }
    rows = [
        {"prompt": code_prompt(prompt)} | {name: values[number] for name, values in lists.items()}
        for number, prompt in enumerate(prompts)
    ]
    return [text_of(one) for one in completions], rows


def _told(found: list[Score], columns: Mapping[str, Any]) -> list[float | None]:
    """The rewards; what they hide goes to TRL's log, under the same names on every rank."""
    if callable(log_metric := columns.get("log_metric")):
        for name in ("infra_error", "unverifiable", "passed_share"):
            mean = sum(float(getattr(one, name)) for one in found) / max(len(found), 1)
            log_metric(f"code_reward/{name}", mean)
    return [one.reward for one in found]
