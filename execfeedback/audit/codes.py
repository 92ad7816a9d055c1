"""The code in a solution column: as it is, under the row's prompt, or taken out of a model's answer."""

import re

from execfeedback.audit.fields import MODEL_TEXTS
from execfeedback.parsing import solution_in
from execfeedback.scanning import defines
from execfeedback.types import Problem, Value

_ANSWER = re.compile(
    r"^[ \t]*(?:```|~~~)|</?(?:think|thinking|thought|reasoning)>|[^`\n]```[a-z]*[ \t]*$", re.MULTILINE
)
"""Marks of a model's answer: a fence, a thought."""


class Code(Value):
    text: str
    note: str = ""


def codes_of(text: str, column: str, prompt: str | None, name: str | None, language: str) -> list[Code]:
    """The likeliest reading first; a second one is for code that does not compile as it is."""
    problem = Problem(id="row", statement="", language=language, entry_point=name, prompt=prompt)
    read = solution_in(text, problem)
    if column == "canonical_solution" and prompt and not _whole(text, name, language):
        return [Code(text=prompt + text, note="put under the prompt")]
    if _ANSWER.search(text):
        return _first(
            Code(text=read, note="taken out of a model's answer") if read else None, Code(text=text)
        )
    if prompt and not _whole(text, name, language) and language == "python":
        return _first(
            Code(text=read, note="read with its prompt") if read else None, Code(text=prompt + text)
        )
    if column in MODEL_TEXTS and prompt and read:
        return _first(Code(text=read, note="read with its prompt"), Code(text=text))
    return _first(Code(text=text), Code(text=read, note="read as a model's answer") if read else None)


def _whole(text: str, name: str | None, language: str) -> bool:
    """Whether the text defines its entry point itself; an indented definition is a helper in a body."""
    return language == "python" and name is not None and defines(text, name.split(".")[0])


def _first(*codes: Code | None) -> list[Code]:
    found: list[Code] = []
    for code in codes:
        if (
            code is not None
            and code.text.strip()
            and all(code.text.strip() != other.text.strip() for other in found)
        ):
            found.append(code)
    return found or [Code(text="")]
