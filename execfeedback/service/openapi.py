"""What `/openapi.json` says of bodies that we read ourselves: our reader's errors name the field and the remedy."""

from typing import Any

from fastapi import FastAPI
from fastapi.openapi.utils import get_openapi
from pydantic import BaseModel
from pydantic.json_schema import models_json_schema

from execfeedback.service.replies import DEADLINE, ErrorReply

PLACE = "#/components/schemas/{model}"
REFUSALS = {
    401: "No token, or one that is not known.",
    403: "Asked by a web page, or under another host's name.",
    404: "Something that is named is not there (any more).",
    408: "The deadline that the caller named passed.",
    413: "The body is larger than what is taken.",
    415: "The body has a Content-Encoding.",
    422: "The body is not what the schema says, or asks for what is not offered; the message names the field.",
    429: "Busy: ask again after `Retry-After` seconds.",
    503: "A fault of the service's own: ask again.",
}


MODELS: dict[str, type[BaseModel]] = {}


def described(
    summary: str,
    *,
    body: type[BaseModel] | None = None,
    answer: type[BaseModel],
    many: str | None = None,
    deadline: bool = True,
) -> dict[str, Any]:
    """Arguments for a route. `many`: a list of bodies is taken too, and answered in this media type where it is accepted.
    `deadline`: whether what is asked with a body takes a caller's deadline."""
    one = PLACE.format(model=answer.__name__)
    MODELS[answer.__name__] = answer
    content: dict[str, Any] = {"application/json": {"schema": with_list(one, many)}}
    if many:
        content[many] = {"schema": {"type": "string"}}
    extra: dict[str, Any] = {"parameters": [DEADLINE_HEADER]} if body and deadline else {}
    if body is not None:
        MODELS[body.__name__] = body
        asked = with_list(PLACE.format(model=body.__name__), many)
        extra["requestBody"] = {"required": True, "content": {"application/json": {"schema": asked}}}
    return {
        "summary": summary.split(".")[0],
        "description": summary,
        "response_model": None,
        "responses": {200: {"description": "The answer.", "content": content}, **refusals()},
        "openapi_extra": extra,
    }


def with_list(reference: str, many: str | None) -> dict[str, Any]:
    one = {"$ref": reference}
    return {"anyOf": [one, {"type": "array", "items": one}]} if many else one


def refusals() -> dict[int, dict[str, Any]]:
    return {status: {"description": text, "model": ErrorReply} for status, text in REFUSALS.items()}


DEADLINE_HEADER: dict[str, Any] = {
    "name": DEADLINE,
    "in": "header",
    "required": False,
    "description": "Seconds that the caller waits for its answer, time in the queue included.",
    "schema": {"type": "number", "exclusiveMinimum": 0, "maximum": 36000},
}


def document(app: FastAPI) -> dict[str, Any]:
    """The document, made once."""
    if app.openapi_schema is None:
        made = get_openapi(
            title=app.title, version=app.version, description=app.description, routes=app.routes
        )
        pairs: Any = [(model, "validation") for model in MODELS.values()]
        _, schemas = models_json_schema(pairs, by_alias=True, ref_template=PLACE)
        made["components"]["schemas"] |= schemas["$defs"]
        app.openapi_schema = made
    return app.openapi_schema
