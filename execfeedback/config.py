"""What a run is told: `execfeedback.toml`, over it the environment (`EXECFEEDBACK_*`), over both the flags.

In the environment two underscores go one level down: `EXECFEEDBACK_ROLES__SOLVER__MODEL`. No `.env` is read.
"""

import tomllib
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from pydantic import Field, ValidationError, field_validator, model_validator
from pydantic_settings import (
    BaseSettings,
    EnvSettingsSource,
    PydanticBaseSettingsSource,
    SettingsConfigDict,
    SettingsError,
)

from execfeedback.errors import InputError
from execfeedback.retrying import Patience
from execfeedback.roles import Roles
from execfeedback.types import TestRules, Value

FILE = "execfeedback.toml"
PREFIX = "EXECFEEDBACK_"
SHORT = "execfeedback_sandbox"
"""The variable that names a backend, as pydantic spells it."""
GATES = (
    "held_out",
    "reference",
    "faithful",
    "static",
    "stable",
    "discriminating",
    "consensus",
    "duplicate",
)


class SandboxOptions(Value):
    """`[sandbox]`: which backend; never changed by itself. In the environment `EXECFEEDBACK_SANDBOX` names it."""

    backend: str = "docker"
    runtime: str | None = None
    """`docker`: a runtime of the engine, such as `runsc` or `kata`. Default: the engine's own default."""
    python: Path | None = None
    """`local`: the interpreter that runs programs; it has pytest and Hypothesis. Default: the one that runs us."""
    uids: tuple[int, int] = (50_000, 60_000)
    """`local`: runs take uids from the first on and below the last; nobody else on the machine may have them."""
    readable: tuple[Path, ...] = ()
    """`local`: what the interpreter reads beyond the system's folders and its own."""
    token_env: str = "EXECFEEDBACK_TOKEN"
    """`http://...`, `unix://...`: the environment variable that holds the service's token, where it wants one."""
    memory_mb: int = Field(2048, ge=64)
    """The largest `limits.memory_mb` that a job may ask for."""
    host_slots: int | None = Field(None, ge=1)
    """Slots in which programs run at one time, over all processes of this user on this machine. Default: twice its cores, or
    `workers` where that is more."""

    @field_validator("uids")
    @classmethod
    def _a_range(cls, uids: tuple[int, int]) -> tuple[int, int]:
        if not 1000 <= uids[0] < uids[1] - 63 <= 65_534 - 63:
            raise ValueError("two uids between 1000 and 65534, the second at least 64 above the first")
        return uids


class Budget(Value):
    """`[budget]`: limits that end a run with what it has."""

    max_cost: float | None = Field(None, ge=0)
    """US dollars, for the whole corpus."""
    max_tokens: int | None = Field(None, ge=0)
    """Read and written, for the whole corpus."""
    max_wall_s: float | None = Field(None, gt=0)
    """Seconds, for one run."""
    problem_attempts: int | None = Field(None, ge=1)
    """Solutions that may be tried for each problem, over all its samples, which share them evenly."""
    pilot: int | None = Field(None, ge=1)
    """After so many units, all others try as many solutions as cost least for each record; else `max_attempts`."""
    steer: bool = False
    """Samples beyond each problem's first go where the corpus is thin or a problem hard; as many in all."""

    @model_validator(mode="after")
    def _one_way_to_share(self) -> "Budget":
        if self.steer and self.problem_attempts is not None:
            raise ValueError("steer and problem_attempts both say how samples share: give one of them")
        return self


class Config(BaseSettings):
    """Everything that a configuration file may say."""

    model_config = SettingsConfigDict(
        frozen=True, extra="forbid", env_prefix=PREFIX, env_nested_delimiter="__", env_ignore_empty=True
    )

    roles: Roles = Roles()
    generator: str | None = None
    """By name; without one `litellm` when the solver has a model, else the embedded `mutate`."""
    patience: Patience | None = None
    """`[patience]`: how long models are asked again after passing faults. Default: six times, ten minutes in all."""
    samples: int = Field(1, ge=1)
    """Independent first tries for each problem."""
    seed: int = 0
    workers: int = Field(2, ge=1)
    """Slots of the sandbox."""
    calls: int | None = Field(None, ge=1)
    """Model calls at one time, however many slots there are. Default: eight for each worker."""
    batch_dir: Path | None = None
    """Where the generator `batch` puts its questions and finds the answers."""
    max_attempts: int = Field(4, ge=1)
    """Solutions that may be tried for each sample, the first one included."""
    feedback_chars: int = Field(4000, ge=200)
    gates: tuple[str | dict[str, Any], ...] = GATES
    """Names, or tables with `name` and the gate's options."""
    tests: TestRules = TestRules()
    """What the loop may do with generated tests."""
    prompts_dir: Path | None = None
    """Files here replace prompts of the same name."""
    sandbox: SandboxOptions = SandboxOptions()
    budget: Budget = Budget()

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,
        file_secret_settings: PydanticBaseSettingsSource,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """Only what `load_config` merged: no file, variable or secret is read behind its back."""
        return (init_settings,)

    def generator_name(self) -> str:
        """The generator that is used."""
        return self.generator or ("litellm" if self.roles.solver.model else "mutate")


def load_config(file: Path | None = None, flags: Mapping[str, Any] | None = None) -> Config:
    """The configuration. Without `file`, `execfeedback.toml` of the working directory counts if it is there.

    `flags` are nested as in the file; None is "not given". Raises InputError naming the key and its place.
    """
    path = file or (Path(FILE) if Path(FILE).is_file() else None)
    places = {"a flag": _given(flags or {}), "the environment": _environment(), str(path): _read(path)}
    told: dict[str, Any] = {}
    for values in reversed(places.values()):
        told = _over(told, values)
    try:
        return Config(**told)
    except ValidationError as error:
        lines = [
            _line(each["loc"], each["msg"], each["type"], places) for each in error.errors(include_url=False)
        ]
        raise InputError("\n".join(dict.fromkeys(lines))) from None


def _environment() -> dict[str, Any]:
    source = EnvSettingsSource(Config)
    backend = dict(source.env_vars).get(SHORT)
    source.env_vars = {name: value for name, value in source.env_vars.items() if name != SHORT}
    try:
        return _over({"sandbox": {"backend": backend}} if backend else {}, source())
    except SettingsError as error:
        raise InputError(f"the environment: {error}; lists and tables are written as JSON") from error


def _read(path: Path | None) -> dict[str, Any]:
    if path is None:
        return {}
    try:
        return tomllib.loads(path.read_text(encoding="utf-8-sig"))
    except (OSError, UnicodeDecodeError) as error:
        raise InputError(f"{path}: cannot be read ({error})") from error
    except tomllib.TOMLDecodeError as error:
        raise InputError(f"{path}: is no TOML: {error}") from error


def _given(flags: Mapping[str, Any]) -> dict[str, Any]:
    """The flags that were given, empty tables left out."""
    nested = {key: _given(value) if isinstance(value, Mapping) else value for key, value in flags.items()}
    return {key: value for key, value in nested.items() if value is not None and value != {}}


def _over(below: dict[str, Any], above: Mapping[str, Any]) -> dict[str, Any]:
    """Tables merged key by key; where both have a value, the one above."""
    merged = dict(below)
    for key, value in above.items():
        old = merged.get(key)
        merged[key] = _over(old, value) if isinstance(old, dict) and isinstance(value, Mapping) else value
    return merged


def _line(loc: Sequence[int | str], message: str, kind: str, places: Mapping[str, Mapping[str, Any]]) -> str:
    """`PLACE: KEY: what is wrong`."""
    place = next((name for name, values in places.items() if _has(values, loc)), "the configuration")
    key = ".".join(str(part) for part in loc if not str(part).startswith(("tuple[", "dict[", "str")))
    return f"{place}: {key}: {'is not a known key' if kind == 'extra_forbidden' else message}"


def _has(values: Any, loc: Sequence[int | str]) -> bool:
    """Whether the values reach as far into the location as tables go."""
    for part in loc:
        if not isinstance(values, Mapping):
            return True
        if part not in values:
            return False
        values = values[part]
    return True
