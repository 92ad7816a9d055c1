"""Raw model text -> code. Text handling only: nothing here parses, compiles or runs what a model wrote.

Which block counts: the last complete one that defines the entry point; of programs the last that reads the input; without
one, the last of those at least half as long as the longest. What it needs of the other blocks comes along. Text without
fences is read from its first statement to its last; a body goes under the prompt.
"""

import re

from execfeedback.blocks import (
    Block,
    answer,
    answers,
    cleaned,
    fenced_blocks,
    plain_blocks,
    reads_as_code,
    unescaped,
    without_prompts,
)
from execfeedback.bodies import is_foreign_body, under_prompt, with_head
from execfeedback.completing import completed, is_body
from execfeedback.foreign_blocks import chosen_foreign
from execfeedback.languages import languages
from execfeedback.looks import plain_code
from execfeedback.python_blocks import chosen
from execfeedback.types import Problem

_TAGS = {"python": frozenset({"python", "py", "python3", "py3", "python2", "ipython", "pyi", "python-repl"})}
_FENCE = re.compile(r"^[ \t]*(?:```|~~~)", re.MULTILINE)
_RUN = re.compile(r"`{3,}")


def fenced(code: str, language: str = "python") -> str:
    """Code as a fenced block, under a fence longer than any in it."""
    longest = max((len(found) for found in _RUN.findall(code)), default=2)
    fence = "`" * (longest + 1)
    return f"{fence}{language}\n{code.rstrip()}\n{fence}"


def solution_in(text: str, problem: Problem) -> str | None:
    """The solution in an answer, ending in one newline, or None when there is no code."""
    read = _python if problem.language == "python" else _foreign
    for said in answers(cleaned(text)):
        if code := read(said, _code_blocks(said, problem.language), problem):
            return code.strip("\n").rstrip() + "\n"
    return None


def _python(said: str, blocks: list[Block], problem: Problem) -> str | None:
    blocks = [block._replace(text=without_prompts(block.text)) for block in blocks] or _unfenced(
        said, problem
    )
    return completed(chosen(blocks, problem), problem) if blocks else None


def _foreign(said: str, blocks: list[Block], problem: Problem) -> str | None:
    """In another language: the block that is the answer, or what looks like code; a body under the prompt."""
    before = unescaped(_FENCE.split(said, maxsplit=1)[0])
    if is_foreign_body(said, problem) and (code := under_prompt(before, problem)):
        return code
    if blocks:
        code = chosen_foreign(blocks, problem)
        whole = (under_prompt(code, problem) or code) if is_foreign_body(code, problem) else code
        return with_head(whole, problem) if whole == code else whole
    found = None if fenced_blocks(said) else plain_code(before, problem.language)
    if found and is_foreign_body(said, problem):
        return under_prompt(found, problem)
    return with_head(found, problem) if found else None


def last_block(text: str, language: str) -> str | None:
    """The last fenced block of an answer that is code in the language, else the last of any kind; None without a fence."""
    said = answer(cleaned(text))
    blocks = _code_blocks(said, language) or fenced_blocks(said)
    return blocks[-1].text if blocks else None


def code_blocks(text: str, language: str) -> list[Block]:
    """The pieces of an answer that are code in the language: fenced blocks, or else what reads as code."""
    for said in answers(cleaned(text)):
        if blocks := _code_blocks(said, language) or (_plain(said) if language == "python" else []):
            return blocks
    return []


def _code_blocks(said: str, language: str) -> list[Block]:
    """Fenced blocks that hold code in the language: by their tag, or untagged and by their looks."""
    tags = _TAGS.get(language) or _names_of(language)
    kept = [block for block in fenced_blocks(said) if _is_code(block, tags)]
    return [block._replace(text=unescaped(block.text)) for block in kept]


def _names_of(language: str) -> frozenset[str]:
    spoken = languages().get(language)
    return frozenset({language, *(spoken.aliases if spoken else ())})


def _is_code(block: Block, tags: frozenset[str]) -> bool:
    if not block.text.strip():
        return False
    if block.language in tags:
        return True
    return block.language in ("", "code") and ("python" not in tags or reads_as_code(block.text))


def _plain(said: str) -> list[Block]:
    return plain_blocks(unescaped(said))


def _unfenced(said: str, problem: Problem) -> list[Block]:
    """A bare body as it is, or the runs of lines that read as code."""
    if is_body(said, problem) and reads_as_code(said):
        return [Block(said)]
    return _plain(said)
