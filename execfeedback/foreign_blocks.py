"""Which of an answer's blocks is the solution, in languages other than Python."""

import re

from execfeedback.blocks import Block
from execfeedback.bodies import needed, pieces
from execfeedback.foreign import BRACED, bound, defines
from execfeedback.looks import is_program
from execfeedback.types import Problem

_IMPORT = re.compile(r"^(?:#include|using|import|use|package)\b", re.MULTILINE)


def chosen_foreign(blocks: list[Block], problem: Problem) -> str:
    """The last whole block that defines the entry point, or without one the last that is a program, after what it needs.

    A block with the language's tag goes before one without a tag, which may be what the program prints.
    """
    name, language = problem.entry_point and problem.entry_point.split(".")[0], problem.language
    tagged = [block for block in blocks if block.language not in ("", "code")]
    pool = (
        _defining(tagged, name, language)
        or _defining(blocks, name, language)
        or _programs(tagged or blocks, problem)
        or long_ones(tagged or blocks)
    )
    block = last_whole(pool)
    if language not in BRACED:
        return block.text
    at = next(place for place, each in enumerate(blocks) if each is block)
    return _with_needed(block.text, [each.text for each in blocks[:at]], name, language)


def last_whole(pool: list[Block]) -> Block:
    """The last that was not cut off, where one was not."""
    return ([block for block in pool if block.closed] or pool)[-1]


def long_ones(blocks: list[Block]) -> list[Block]:
    """Those that are at least half as long as the longest."""
    longest = max(len(block.text) for block in blocks)
    return [block for block in blocks if 2 * len(block.text) >= longest]


def _defining(blocks: list[Block], name: str | None, language: str) -> list[Block]:
    return [block for block in blocks if name and defines(block.text, name, language)]


def _programs(blocks: list[Block], problem: Problem) -> list[Block]:
    """Programs are looked for where one is asked for: elsewhere a main function is a use of the solution."""
    if problem.entry_point or problem.style not in (None, "stdio"):
        return []
    return [block for block in blocks if is_program(block.text, problem.language)]


def _with_needed(code: str, earlier: list[str], name: str | None, language: str) -> str:
    """The code after definitions of earlier blocks that it uses and lacks, and after their imports if it has none."""
    given = [
        each
        for text in earlier
        for each in pieces(text, language)
        if bound(each, language) != name or not name
    ]
    imports = [] if _IMPORT.search(code) else [each for each in given if _IMPORT.match(each)]
    kept = [*imports, *(each for each in needed(given, code, language) if each not in imports)]
    return "".join(f"{each}\n" for each in dict.fromkeys(kept)) + "\n" * bool(kept) + code
