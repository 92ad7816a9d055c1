"""Our rewards through the loaders of the trainers themselves, where these are installed; else skipped, with the reason."""

import json
from typing import Any

import pytest

VERIFY = {"language": "python", "tests": "assert add(1, 2) == 3\n", "entry_point": "add"}
RIGHT = "Here.\n```python\ndef add(a, b):\n    return a + b\n```"
WRONG = RIGHT.replace("+", "-")


@pytest.mark.docker
@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("name", ["compute_score", "compute_score_async"])
async def test_verl_loads_the_reward_by_pkg_and_gives_it_its_options(name: str) -> None:
    reward = pytest.importorskip(
        "verl.trainer.ppo.reward", reason="verl is not installed", exc_type=ImportError
    )
    from omegaconf import OmegaConf

    told = {
        "path": "pkg://execfeedback.rewards.verl",
        "name": name,
        "reward_kwargs": {"shaping": {"wrong_answer": -0.5}},
    }
    config = OmegaConf.create({"reward": {"custom_reward_function": told}})
    loaded = reward.get_custom_reward_fn(config)
    for code, score in ((RIGHT, 1.0), (WRONG, -0.5)):
        asked = {
            "data_source": "d",
            "solution_str": code,
            "ground_truth": json.dumps(VERIFY),
            "extra_info": {"index": 0},
        }
        found = loaded(**asked, reward_router_address=None, reward_model_tokenizer=None)
        assert (await found if name.endswith("async") else found)["score"] == score


@pytest.mark.docker
@pytest.mark.filterwarnings("ignore")
async def test_verifiers_plugs_the_reward_into_a_task() -> None:
    vf = pytest.importorskip("verifiers.v1", reason="verifiers is not installed", exc_type=ImportError)
    from execfeedback.errors import InputError

    class Data(vf.TaskData):  # type: ignore[misc, name-defined]
        verify: dict[str, Any]

    told = vf.TaskConfig.model_validate(
        {"rewards": {"code_reward": {"fn": "execfeedback.rewards.verifiers:code_reward"}}}
    )
    task = vf.Task(Data(prompt="Add.", verify=VERIFY), told)
    (hook,) = task.hooks("reward")
    for code, score in ((RIGHT, 1.0), (WRONG, 0.0)):
        assert await hook(task=task.data, trace=Reply(code)) == score
    broken = vf.Task(Data(prompt="Add.", verify={"tests": "assert ("}), told)
    with pytest.raises(InputError):
        await broken.hooks("reward")[0](task=broken.data, trace=Reply(RIGHT))


class Reply:
    """What the reward reads of a trace."""

    def __init__(self, text: str) -> None:
        self.last_reply = text
