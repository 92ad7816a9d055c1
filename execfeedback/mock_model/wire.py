"""What a line of the script looks like on the wire: whole answers, streams, and every fault. Pure."""

import json
import re
from collections.abc import Iterator, Sequence
from typing import Any

from execfeedback.mock_model.script import Line
from execfeedback.types import Value

REFUSAL = "I'm sorry, but I can't help with that."
ELSEWHERE = """Here you are:

```cobol
       IDENTIFICATION DIVISION.
       PROGRAM-ID. ANSWER.
       PROCEDURE DIVISION.
           DISPLAY "42".
           STOP RUN.
```"""
"""An answer in a language that nobody asked for."""
BLOCKS = 100
PIECE = 24
"""Characters of a chunk in a stream."""


class Usage(Value):
    """Tokens of one answer, counted as words."""

    prompt_tokens: int
    completion_tokens: int
    reasoning_tokens: int

    def told(self) -> dict[str, Any]:
        """As servers tell it."""
        plain: dict[str, Any] = self.model_dump(exclude={"reasoning_tokens"})
        plain["total_tokens"] = self.prompt_tokens + self.completion_tokens
        if self.reasoning_tokens:
            plain["completion_tokens_details"] = {"reasoning_tokens": self.reasoning_tokens}
        return plain


def message(line: Line) -> dict[str, Any]:
    """The assistant's message."""
    said: dict[str, Any] = {"role": "assistant", "content": _content(line)}
    if line.fault == "refusal":
        said |= {"content": None, "refusal": line.text or REFUSAL}
    return said if line.reasoning is None else said | {"reasoning_content": line.reasoning}


def _content(line: Line) -> str:
    if line.fault == "empty":
        return ""
    if line.fault == "language":
        return ELSEWHERE
    return _in_many_blocks(line.text) if line.fault == "blocks" else line.text


def _in_many_blocks(text: str) -> str:
    """The text as the last of many code blocks."""
    fence = re.search(r"```\w*", text)
    head = fence[0] if fence else "```"
    return "".join(f"{head}\nstep = {n}\n```\n\n" for n in range(1, BLOCKS)) + text


def usage(said: dict[str, Any], messages: Sequence[dict[str, Any]]) -> Usage:
    """Of a message that answers the conversation."""
    thought = len((said.get("reasoning_content") or "").split())
    told = len((said["content"] or said.get("refusal") or "").split())
    asked = sum(len(str(each.get("content") or "").split()) for each in messages)
    return Usage(prompt_tokens=asked, completion_tokens=told + thought, reasoning_tokens=thought)


def completion(said: dict[str, Any], finish: str, model: str, counted: Usage) -> dict[str, Any]:
    """The body of an answer in the OpenAI form."""
    choice = {"index": 0, "message": said, "finish_reason": finish}
    return _head("chat.completion", model) | {"choices": [choice], "usage": counted.told()}


def _head(kind: str, model: str) -> dict[str, Any]:
    return {"id": "mock-1", "object": kind, "created": 0, "model": model}


def events(said: dict[str, Any], finish: str, model: str, counted: Usage, with_usage: bool) -> Iterator[str]:
    """The same answer as server-sent events: reasoning, then text, in pieces; the end, the usage if asked for."""
    yield _event(model, {"role": "assistant", "content": ""})
    for field in ("reasoning_content", "refusal", "content"):
        text = said.get(field) or ""
        for at in range(0, len(text), PIECE):
            yield _event(model, {field: text[at : at + PIECE]})
    yield _event(model, {}, finish)
    if with_usage:
        last = _head("chat.completion.chunk", model) | {"choices": [], "usage": counted.told()}
        yield f"data: {json.dumps(last)}\n\n"
    yield "data: [DONE]\n\n"


def _event(model: str, delta: dict[str, Any], finish: str | None = None) -> str:
    choice = {"index": 0, "delta": delta, "finish_reason": finish}
    return f"data: {json.dumps(_head('chat.completion.chunk', model) | {'choices': [choice]})}\n\n"


def error(text: str, kind: str, code: str | None = None) -> dict[str, Any]:
    return {"error": {"message": text, "type": kind, "param": None, "code": code}}


CONTEXT = error(
    "This model's maximum context length is 4096 tokens. However, your messages resulted in more. "
    "Please reduce the length of the messages.",
    "invalid_request_error",
    "context_length_exceeded",
)
