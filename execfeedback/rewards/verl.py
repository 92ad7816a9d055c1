"""Rewards for verl. In its configuration, without a copy of any file:

    reward.custom_reward_function.path=pkg://execfeedback.rewards.verl
    reward.custom_reward_function.name=compute_score
    reward.custom_reward_function.reward_kwargs={partial: true}

`ground_truth` is a text: a verify item without its solution (what `export --format verl` writes), `{"inputs", "outputs",
"fn_name"?}`, `{"assert_case": [...]}`, asserts, or HumanEval's `check`.
"""

from typing import Any

from execfeedback.rewards.scoring import row_of, scores, scores_async
from execfeedback.rewards.values import Options


def compute_score(
    data_source: str, solution_str: str, ground_truth: Any, extra_info: Any = None, **kwargs: Any
) -> dict[str, float | bool]:
    """`score`, `passed_share`, `infra_error`, `unverifiable`: always all four, since verl takes the keys of the first. A score
    of 0 with one of the last two says nothing about the model: leave it out of what is learned from."""
    (found,) = scores([solution_str], [row_of(ground_truth, extra_info)], _options(kwargs))
    return found.plain()


async def compute_score_async(
    data_source: str, solution_str: str, ground_truth: Any, extra_info: Any = None, **kwargs: Any
) -> dict[str, float | bool]:
    """The same as a coroutine: no thread of verl's waits, so more are judged at one time."""
    (found,) = await scores_async([solution_str], [row_of(ground_truth, extra_info)], _options(kwargs))
    return found.plain()


def _options(kwargs: dict[str, Any]) -> Options:
    """Those of ours; verl passes others as well (`reward_router_address`, ...)."""
    return Options(**{name: value for name, value in kwargs.items() if name in Options.model_fields})
