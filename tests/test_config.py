"""Flag over environment over file over default, and errors that name key and place."""

from pathlib import Path
from typing import Any

import pytest

from execfeedback.config import Config, load_config
from execfeedback.errors import InputError

TEXT = """
samples = 3
seed = 7
prompts_dir = "prompts"
gates = ["static", {name = "stable", reruns = 2}, "mypkg.mod:Gate"]

[roles.solver]
model = "openai/small"
api_base = ["http://one/v1", "http://two/v1"]
temperature = 0.5
extra_body = {top_k = 5}

[roles.tester]
model = "openai/large"

[budget]
max_cost = 2.5
"""


@pytest.fixture(autouse=True)
def _nothing_around(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    for name in ("SAMPLES", "SEED", "GENERATOR", "WORKERS"):
        monkeypatch.delenv(f"EXECFEEDBACK_{name}", raising=False)


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "my.toml"
    path.write_text(TEXT, encoding="utf-8")
    return path


def test_defaults() -> None:
    config = load_config()
    assert (config.samples, config.seed, config.max_attempts, config.feedback_chars) == (1, 0, 4, 4000)
    assert config.gates == (
        "held_out",
        "reference",
        "faithful",
        "static",
        "stable",
        "discriminating",
        "consensus",
        "duplicate",
    )
    assert (config.sandbox.backend, config.budget.max_cost, config.roles.solver.model) == (
        "docker",
        None,
        None,
    )
    assert config.generator_name() == "mutate"


def test_the_file(file: Path) -> None:
    config = load_config(file)
    assert (config.samples, config.seed, config.prompts_dir) == (3, 7, Path("prompts"))
    assert config.gates == ("static", {"name": "stable", "reruns": 2}, "mypkg.mod:Gate")
    solver = config.roles.solver
    assert (solver.model, solver.temperature, solver.extra_body) == ("openai/small", 0.5, {"top_k": 5})
    assert solver.bases() == ("http://one/v1", "http://two/v1")
    assert config.roles.tester is not None
    assert (config.roles.tester.model, config.roles.tester.bases()) == ("openai/large", (None,))
    assert config.budget.max_cost == 2.5
    assert config.generator_name() == "litellm"


def test_flag_over_environment_over_file(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("EXECFEEDBACK_SAMPLES", "5")
    monkeypatch.setenv("EXECFEEDBACK_SEED", "8")
    monkeypatch.setenv("EXECFEEDBACK_ROLES__SOLVER__MODEL", "openai/env")
    monkeypatch.setenv("EXECFEEDBACK_GATES", '["static"]')
    flags: dict[str, Any] = {"samples": 9, "seed": None, "roles": {"solver": {"model": None, "top_p": 0.9}}}
    config = load_config(file, flags)
    assert (config.samples, config.seed, config.gates) == (9, 8, ("static",))
    solver = config.roles.solver
    assert (solver.model, solver.temperature, solver.top_p) == ("openai/env", 0.5, 0.9)


def test_the_file_of_the_working_directory_counts_and_no_dotenv(tmp_path: Path) -> None:
    (tmp_path / "execfeedback.toml").write_text("samples = 4\n", encoding="utf-8")
    (tmp_path / ".env").write_text("EXECFEEDBACK_SEED=99\n", encoding="utf-8")
    config = load_config()
    assert (config.samples, config.seed) == (4, 0)


def test_a_file_of_another_editor_is_read(tmp_path: Path) -> None:
    (tmp_path / "c.toml").write_bytes(b"\xef\xbb\xbfsamples = 4\r\nseed = 1\r\n")
    config = load_config(tmp_path / "c.toml")
    assert (config.samples, config.seed) == (4, 1)


def test_a_generator_that_is_named_is_used(file: Path) -> None:
    assert load_config(file, {"generator": "replay"}).generator_name() == "replay"


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("samples = 0", "bad.toml: samples: Input should be greater than or equal to 1"),
        ("sampels = 3", "bad.toml: sampels: is not a known key"),
        ("[roles.solver]\ntemprature = 1", "bad.toml: roles.solver.temprature: is not a known key"),
        ("[roles.painter]\nmodel = 'm'", "bad.toml: roles.painter: is not a known key"),
        ("[budget]\nmax_cost = 'much'", "bad.toml: budget.max_cost: Input should be a valid number"),
        ("samples = = 3", "bad.toml: is no TOML: .*line 1"),
    ],
)
def test_what_is_wrong_in_the_file_is_named(tmp_path: Path, text: str, words: str) -> None:
    (tmp_path / "bad.toml").write_text(text, encoding="utf-8")
    with pytest.raises(InputError, match=words):
        load_config(tmp_path / "bad.toml")


def test_what_is_wrong_elsewhere_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(InputError, match="a flag: samples: "):
        load_config(None, {"samples": 0})
    with pytest.raises(InputError, match=r"nowhere\.toml: cannot be read"):
        load_config(tmp_path / "nowhere.toml")
    monkeypatch.setenv("EXECFEEDBACK_WORKERS", "many")
    with pytest.raises(InputError, match="the environment: workers: "):
        load_config()
    monkeypatch.setenv("EXECFEEDBACK_WORKERS", "2")
    monkeypatch.setenv("EXECFEEDBACK_GATES", "static")
    with pytest.raises(InputError, match=r"the environment: .*as JSON"):
        load_config()


def test_frozen_and_described() -> None:
    with pytest.raises(ValueError, match="frozen"):
        load_config().samples = 2  # type: ignore[misc]
    assert set(Config.model_json_schema()["properties"]) >= {
        "roles",
        "gates",
        "sandbox",
        "budget",
        "prompts_dir",
    }
