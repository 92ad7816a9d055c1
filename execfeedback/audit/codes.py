"""The code in a solution column: as it is, under the row's prompt, or taken out of a model's answer.

Nothing is parsed as code here. The likeliest reading comes first; others follow for code that does not compile so.
"""

import re

from execfeedback.blocks import reads_as_code
from execfeedback.columns.fields import MODEL_TEXTS
from execfeedback.parsing import solution_in
from execfeedback.scanning import defines
from execfeedback.types import Problem, Value

_ANSWER = re.compile(r"^[ \t]*(?:```|~~~)|</?(?:think|thinking|thought|reasoning)>", re.MULTILINE)
"""Marks of a model's answer: a fence, a thought. Code may hold them in a string."""
_BEGINS = ("#", '"', "'", "@", "(", "[", "{")


class Code(Value):
    text: str
    note: str = ""


def codes_of(text: str, column: str, prompt: str | None, name: str | None, language: str) -> list[Code]:
    """Readings of a solution's text, at least one."""
    problem = Problem(id="row", statement="", language=language, entry_point=name, prompt=prompt)
    answer = Code(text=solution_in(text, problem) or "", note="taken out of a model's answer")
    if _ANSWER.search(text) and answer.text and not begins_as_code(text):
        return [answer]
    if prompt is None or (column not in MODEL_TEXTS and _whole(text, name, language)):
        return _distinct(Code(text=text), answer)
    under = Code(text=prompt + text, note="put under the prompt")
    if column == "canonical_solution" or language != "python":
        return [under]
    verbatim = Code(text=text) if _whole(text, name, language) else under
    return _distinct(answer.model_copy(update={"note": "read with its prompt"}), verbatim)


def begins_as_code(text: str) -> bool:
    """Whether the first line that is not blank could be code by its looks."""
    line = next((line for line in text.splitlines() if line.strip()), "").strip()
    return line.startswith(_BEGINS) or reads_as_code(line)


def _whole(text: str, name: str | None, language: str) -> bool:
    """Whether the text defines its entry point itself; an indented definition is a helper in a body."""
    return language == "python" and name is not None and defines(text, name.split(".")[0])


def _distinct(*codes: Code) -> list[Code]:
    """Those that hold something, without repetition; the first one where none does."""
    found: dict[str, Code] = {}
    for code in codes:
        if code.text.strip():
            found.setdefault(code.text.strip(), code)
    return list(found.values()) or [codes[0]]
