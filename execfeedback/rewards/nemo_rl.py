"""An environment for NeMo RL, which runs it as a Ray actor. Before its training begins (in a copy of its `run_grpo.py`):

    from execfeedback.rewards import nemo_rl
    nemo_rl.register()          # then `env_name: execfeedback`, and options under `env.execfeedback`

A row's `extra_env_info` holds its tests, in any of the columns that rewards read. Made from nemo_rl/environments/
{interfaces,utils,math_environment}.py and nemo_rl/experience/rollouts.py of NVIDIA-NeMo/RL.
"""

from collections.abc import Mapping, Sequence
from typing import Any

from execfeedback.errors import InputError
from execfeedback.rewards import verifier
from execfeedback.rewards.scoring import scores, text_of
from execfeedback.rewards.values import Options, Score

ACTOR = f"{__name__}.CodeEnvironment"


class Environment:
    """One turn: the last reply's code is judged, and the episode is over. NeMo RL cannot take None: a reward that says nothing
    about the model is 0, and said in the metadata, the observation and the metrics."""

    def __init__(self, cfg: Mapping[str, Any] | None = None) -> None:
        """`cfg`: options by name; what else NeMo RL has there (`num_workers`) is not ours."""
        given = {name: value for name, value in (cfg or {}).items() if name in Options.model_fields}
        self.options = Options(**given)
        self.found: list[Score] = []
        """Since the metrics were asked for."""

    def step(self, message_log_batch: Sequence[Sequence[Mapping[str, Any]]], metadata: Sequence[Any]) -> Any:
        """NeMo RL's `EnvironmentReturn`, everything in the batch's order."""
        import torch
        from nemo_rl.environments.interfaces import EnvironmentReturn

        if len(message_log_batch) != len(metadata):
            raise InputError(f"{len(message_log_batch)} conversations came with {len(metadata)} rows")
        rows = [dict(row or {}) for row in metadata]
        found = scores([reply_in(log) for log in message_log_batch], rows, self.options)
        self.found += found
        return EnvironmentReturn(
            observations=[{"role": "environment", "content": told(score)} for score in found],
            metadata=[row | {"execfeedback": score.plain()} for row, score in zip(rows, found, strict=True)],
            next_stop_strings=[None] * len(found),
            rewards=torch.tensor([score.reward or 0.0 for score in found], dtype=torch.float32),
            terminateds=torch.tensor([True] * len(found), dtype=torch.bool),
        )

    def global_post_process_and_metrics(self, batch: Any) -> tuple[Any, dict[str, float]]:
        """The batch as it is, and what became of all that was judged since the last call."""
        found, self.found = self.found, []
        names = ("infra_error", "unverifiable", "passed_share")
        means = {name: sum(float(getattr(one, name)) for one in found) / max(len(found), 1) for name in names}
        return batch, {f"execfeedback/{name}": mean for name, mean in means.items()}

    def shutdown(self) -> None:
        verifier.close()


def reply_in(log: Sequence[Mapping[str, Any]]) -> str:
    """The model's last turn."""
    return next((text_of([one]) for one in reversed(log) if one.get("role") == "assistant"), "")


def told(score: Score) -> str:
    if score.reward is None:
        return "Environment: not judged"
    return f"Environment: {score.verdict or 'no code'}"


def register(name: str = "execfeedback") -> None:
    """Tell NeMo RL of the environment. Its actor runs in the system's Python, where we are installed."""
    from nemo_rl.distributed.ray_actor_environment_registry import ACTOR_ENVIRONMENT_REGISTRY
    from nemo_rl.distributed.virtual_cluster import PY_EXECUTABLES
    from nemo_rl.environments.utils import register_env

    ACTOR_ENVIRONMENT_REGISTRY[ACTOR] = PY_EXECUTABLES.SYSTEM
    register_env(name, ACTOR)


def __getattr__(name: str) -> Any:
    """`CodeEnvironment`, the environment as an actor: made when NeMo RL asks for it, since Ray is needed then."""
    if name != "CodeEnvironment":
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    import ray

    return ray.remote(Environment)
