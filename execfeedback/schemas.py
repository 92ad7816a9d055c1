"""JSON Schemas of the values that cross our border, each with the version that people script against."""

import importlib
from typing import Any

from pydantic import BaseModel, ConfigDict

from execfeedback.errors import InputError
from execfeedback.types import SCHEMA_VERSION

MODELS = {
    "problem": "execfeedback.types:Problem",
    "record": "execfeedback.types:Record",
    "item": "execfeedback.types:Item",
    "verdict": "execfeedback.types:Verdict",
    "config": "execfeedback.config:Config",
    "event": "execfeedback.schemas:Event",
}


class Event(BaseModel):
    """One line of `--events`: a model call, an attempt, a gate's result. More fields depend on `event`."""

    model_config = ConfigDict(frozen=True, extra="allow")

    event: str
    """`run`, `started`, `call`, `attempt`, `stop`, `trajectory`, `gate`, `record`, `rejection`, `finished`, ..."""
    at: float
    """Seconds since the epoch."""
    problem: str | None = None
    """Id of the problem that it belongs to."""
    sample: int | None = None
    """Which of the problem's independent first tries."""


def schema(name: str) -> dict[str, Any]:
    """JSON Schema (2020-12) of a value, with `schema_version`. Raises InputError listing the names."""
    if name not in MODELS:
        raise InputError(f"there is no schema '{name}'; there are {', '.join(MODELS)}")
    module, _, attribute = MODELS[name].partition(":")
    model: type[BaseModel] = getattr(importlib.import_module(module), attribute)
    head = {"$schema": "https://json-schema.org/draft/2020-12/schema", "schema_version": SCHEMA_VERSION}
    return head | model.model_json_schema(by_alias=True)
