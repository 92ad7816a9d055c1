"""A reward for verifiers v1 (and prime-rl), plugged into any taskset whose task data has a column with tests:

[env.taskset.task.rewards]
code_reward = { fn = "execfeedback.rewards.verifiers:code_reward" }
"""

from typing import Any

from execfeedback.errors import InputError, SandboxError
from execfeedback.rewards.scoring import code_prompt, scores_async
from execfeedback.rewards.values import DEFAULTS, Options


async def code_reward(task: Any, trace: Any, options: Options = DEFAULTS) -> float:
    """1 or 0 for the trace's last reply. verifiers marks a rollout whose reward raises as failed, and learns nothing from
    it: so our own faults are SandboxError, and tests or items at fault InputError."""
    row = {name: value for name, value in task if name != "prompt"} | {"prompt": code_prompt(task.prompt)}
    (found,) = await scores_async([trace.last_reply], [row], options)
    if found.reward is not None:
        return found.reward
    raise (SandboxError if found.infra_error else InputError)(f"no reward: {found.message}")
