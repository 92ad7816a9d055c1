"""The environment for NeMo RL, called as its rollouts call it. Ray, torch and NeMo RL stand here as no more than the shapes
that their sources have (nemo_rl/environments/interfaces.py and utils.py, rollouts.py); verdicts are real."""

import importlib
import sys
from types import ModuleType, SimpleNamespace
from typing import Any, NamedTuple

import pytest

from execfeedback.errors import InputError
from execfeedback.rewards import nemo_rl, verifier

VERIFY = {
    "language": "python",
    "tests": "assert add(1, 2) == 3\nassert add(0, 0) == 0\n",
    "entry_point": "add",
}
ADD = "def add(a, b):\n    return a + b\n"


class EnvironmentReturn(NamedTuple):
    observations: list[dict[str, str]]
    metadata: list[Any]
    next_stop_strings: list[Any]
    rewards: Any
    terminateds: Any
    answers: list[str | None] | None = None


class Tensor(list[Any]):
    dtype: str


def tensor(values: list[Any], dtype: str) -> Tensor:
    made = Tensor(values)
    made.dtype = dtype
    return made


class Actor:
    """What `ray.remote` makes of a class, as far as `create_env` and the rollouts use it."""

    def __init__(self, of: type) -> None:
        self.of = of

    def options(self, **given: Any) -> "Actor":
        assert given["runtime_env"]["py_executable"] == "system python"
        return self

    def remote(self, *given: Any) -> Any:
        made = self.of(*given)
        methods = ("step", "global_post_process_and_metrics", "shutdown")
        return SimpleNamespace(**{name: SimpleNamespace(remote=getattr(made, name)) for name in methods})


@pytest.fixture(autouse=True)
def their_modules(monkeypatch: pytest.MonkeyPatch) -> dict[str, Any]:
    """The registries that NeMo RL has, empty."""
    registries: dict[str, Any] = {"environments": {}, "actors": {}}

    def register_env(env_name: str, actor_class_fqn: str) -> None:
        registries["environments"][env_name] = {"actor_class_fqn": actor_class_fqn}

    shapes: dict[str, dict[str, Any]] = {
        "ray": {"remote": Actor},
        "torch": {"tensor": tensor, "float32": "float32", "bool": "bool"},
        "nemo_rl": {},
        "nemo_rl.distributed": {},
        "nemo_rl.distributed.ray_actor_environment_registry": {
            "ACTOR_ENVIRONMENT_REGISTRY": registries["actors"]
        },
        "nemo_rl.distributed.virtual_cluster": {"PY_EXECUTABLES": SimpleNamespace(SYSTEM="system python")},
        "nemo_rl.environments": {},
        "nemo_rl.environments.interfaces": {"EnvironmentReturn": EnvironmentReturn},
        "nemo_rl.environments.utils": {"register_env": register_env},
    }
    for name, contents in shapes.items():
        module = ModuleType(name)
        module.__dict__.update(contents)
        monkeypatch.setitem(sys.modules, name, module)
    return registries


def created(name: str, registries: dict[str, Any], config: dict[str, Any]) -> Any:
    """As `create_env` does it."""
    fqn = registries["environments"][name]["actor_class_fqn"]
    module, _, attribute = fqn.rpartition(".")
    actor = getattr(importlib.import_module(module), attribute)
    return actor.options(runtime_env={"py_executable": registries["actors"][fqn]}).remote(config)


def talk(text: str) -> list[dict[str, Any]]:
    return [{"role": "user", "content": "Write `add`."}, {"role": "assistant", "content": text}]


@pytest.mark.docker
def test_a_batch_is_judged_as_the_rollouts_call_it(their_modules: dict[str, Any]) -> None:
    nemo_rl.register()
    config = {"num_workers": 8, "partial": True, "shaping": {"no_code": -0.5}}
    environment = created("execfeedback", their_modules, config)
    right, wrong = (talk(f"Here.\n```python\n{code}```") for code in (ADD, ADD.replace("a + b", "3")))
    logs = [right, wrong, talk("I cannot."), right, right]
    rows = [
        {"verify": VERIFY},
        {"verify": VERIFY},
        {"verify": VERIFY},
        {"verify": {"tests": "assert ("}},
        None,
    ]

    observations, metadata, stops, rewards, ended, answers = environment.step.remote(logs, rows)

    assert (rewards, rewards.dtype) == ([1.0, 0.5, -0.5, 0.0, 0.0], "float32")
    assert (ended, ended.dtype, stops, answers) == ([True] * 5, "bool", [None] * 5, None)
    assert [one["content"].partition(": ")[2] for one in observations] == [
        "passed",
        "wrong_answer",
        "no code",
        "not judged",
        "not judged",
    ]
    assert {one["role"] for one in observations} == {"environment"}
    assert [one["execfeedback"]["unverifiable"] for one in metadata] == [False, False, False, True, True]
    assert metadata[0]["verify"] == VERIFY and "execfeedback" not in rows[0]  # type: ignore[operator]
    batch = object()
    same, metrics = environment.global_post_process_and_metrics.remote(batch)
    assert same is batch and metrics == {
        "execfeedback/infra_error": 0.0,
        "execfeedback/unverifiable": 0.4,
        "execfeedback/passed_share": 0.3,
    }
    assert environment.global_post_process_and_metrics.remote(batch)[1]["execfeedback/unverifiable"] == 0.0
    environment.shutdown.remote()
    assert not verifier._verifiers


def test_what_cannot_be_a_batch_is_refused() -> None:
    environment = nemo_rl.Environment()
    with pytest.raises(InputError, match="1 conversations came with 0 rows"):
        environment.step([talk("x")], [])
    with pytest.raises(InputError, match="no column of the dataset is known to hold tests"):
        environment.step([talk("x")], [{"ground_truth_of_math": "7"}])
    assert nemo_rl.reply_in([{"role": "user", "content": "```python\nx\n```"}]) == ""
    with pytest.raises(AttributeError, match="Environments"):
        nemo_rl.Environments  # noqa: B018
