"""Which of an answer's Python blocks is the solution, and what it needs of the others."""

import re

from execfeedback.blocks import Block
from execfeedback.completing import is_body
from execfeedback.foreign_blocks import last_whole, long_ones
from execfeedback.needs import needed
from execfeedback.scanning import Chunk, chunks, defines, scan
from execfeedback.types import Problem

_READS = re.compile(r"\binput[ \t]*\(|\bsys\.stdin\b(?![ \t]*=)|\bopen\(0|\bfileinput\b|\bstdin\.")
_WRITES = re.compile(r"\bprint[ \t]*\(|\bstdout\b|\bwrite[ \t]*\(")
_STARTS = re.compile(r"if[ \t]+__name__\b|(\w+)\(")
_EMPTY = re.compile(r"(?:\.\.\.|pass|raise NotImplementedError\b.*)?$")


def chosen(blocks: list[Block], problem: Problem) -> str:
    """The block that is the answer, with what it needs of the others: before it, or after it where it is a body."""
    if len(blocks) == 1:
        return blocks[0].text
    name = problem.entry_point.split(".")[0] if problem.entry_point else None
    block = last_whole(_pool(blocks, name, problem))
    at = max(place for place, each in enumerate(blocks) if each is block)
    others = [*blocks[at + 1 :][::-1], *blocks[:at]]
    given = [chunk for each in others for chunk in chunks(each.text) if not name or name not in chunk.names]
    kept = [chunk.text for chunk in needed(given, block.text, name)]
    if kept and is_body(block.text, problem):
        return "\n\n\n".join([block.text.rstrip(), *kept])
    run = _run(block.text, blocks[at + 1 :]) if problem.style == "stdio" else ""
    return "".join(f"{text}\n\n" for text in kept) + block.text + run


def _pool(blocks: list[Block], name: str | None, problem: Problem) -> list[Block]:
    """The blocks of which one is the answer: that define the entry point, that are programs, or the long ones."""
    defining = [block for block in blocks if name and defines(block.text, name)]
    if defining:
        return [block for block in defining if not _is_stub(block.text, name or "")] or defining
    return (problem.style == "stdio" and _programs(blocks)) or long_ones(blocks)


def _programs(blocks: list[Block]) -> list[Block]:
    """Those that read the input, and of these those that print, where one does. An input that is made up is a test."""
    bare = [(block, "\n".join(line.bare for line in scan(block.text))) for block in blocks]
    reading = [(block, text) for block, text in bare if _READS.search(text) and "StringIO" not in text]
    return [block for block, text in reading if _WRITES.search(text)] or [block for block, _ in reading]


def _run(code: str, later: list[Block]) -> str:
    """What starts a program that only defines its functions, in a block after it."""
    own = chunks(code)
    if not all(chunk.head.startswith(("def ", "class ", "import ", "from ", "async def ")) for chunk in own):
        return ""
    made = {name for chunk in own for name in chunk.names}
    for chunk in (each for block in later for each in chunks(block.text)):
        found = _STARTS.match(chunk.head)
        if found and (found[1] is None or found[1] in made):
            return f"\n\n{chunk.text}"
    return ""


def _is_stub(code: str, name: str) -> bool:
    """Whether a definition of the name has no body yet."""
    found = next((chunk for chunk in reversed(chunks(code)) if name in chunk.names), None)
    return found is not None and found.head.startswith(("def ", "async def ")) and _is_empty(found)


def _is_empty(chunk: Chunk) -> bool:
    lines = [line for line in scan(chunk.text) if line.bare.strip() and line.text[0] not in "@#"]
    ends = next((at for at, line in enumerate(lines) if line.bare.rstrip().endswith(":")), None)
    if ends is None:
        return len(lines) == 1 and re.search(r":[ \t]*(?:\.\.\.|pass)[ \t]*$", lines[0].bare) is not None
    return all(_EMPTY.match(line.bare.strip()) for line in lines[ends + 1 :])
