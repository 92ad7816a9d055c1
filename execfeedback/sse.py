"""A streamed answer as the whole body that it would have been without streaming. Pure."""

import json
from typing import Any

_TEXTS = ("content", "reasoning_content", "reasoning", "refusal")


def gathered(text: str) -> dict[str, Any] | None:
    """The body of a stream of chat chunks; None for one that was cut off or is in another form.

    A stream is whole when it said why it finished, or came to its end mark.
    """
    message: dict[str, str] = {}
    finish: str | None = None
    usage: Any = None
    ended = False
    for line in text.splitlines():
        if not line.startswith("data:"):
            continue
        data = line.removeprefix("data:").strip()
        if data == "[DONE]":
            ended = True
            break
        chunk = _chunk(data)
        if chunk is None:
            return None
        usage = chunk.get("usage") or usage
        choice = _first(chunk.get("choices"))
        finish = choice.get("finish_reason") or finish
        delta = choice.get("delta")
        for field in _TEXTS:
            if isinstance(delta, dict) and isinstance(piece := delta.get(field), str):
                message[field] = message.get(field, "") + piece
    if finish is None and not ended:
        return None
    return {"choices": [{"message": message, "finish_reason": finish}], "usage": usage}


def _chunk(data: str) -> dict[str, Any] | None:
    try:
        value = json.loads(data)
    except (ValueError, RecursionError):
        return None
    return value if isinstance(value, dict) else None


def _first(choices: Any) -> dict[str, Any]:
    first = choices[0] if isinstance(choices, list) and choices else None
    return first if isinstance(first, dict) else {}
