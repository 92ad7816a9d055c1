"""What Python code needs of the statements around it: definitions, imports, tables and constants that it uses and lacks."""

import re

from execfeedback.scanning import Chunk, bound, chunks, scan, words

_BINDS = re.compile(
    r"\bfor[ \t]+([\w, \t()*]{1,200}?)[ \t]+in\b|\bas[ \t]+(\w+)|\blambda\b([^:\n]{0,200}):|\b(\w+)[ \t]*:="
)
_WORD = re.compile(r"[^\W\d]\w*")
_TABLE = re.compile(r"_?[A-Z][A-Z0-9_]*\b|\w+[ \t]*(?::[^=\n]{0,200})?=[ \t]*(?:\{|dict\(|defaultdict\()")
_SPOILS = frozenset({"input", "print", "stdin", "open"})
"""What a constant has nothing to do with."""


def needed(given: list[Chunk], code: str, name: str | None, own: frozenset[str] = frozenset()) -> list[Chunk]:
    """Those of the given statements that bind what the code, or another that is needed, uses and does not bind itself.

    Of two that bind the same the last counts. They come in the order that they have. `own` are further variables of its own.
    """
    own |= held(code)
    makers = {made: at for at, chunk in enumerate(given) for made in makes(chunk, own, name)}
    seen = {made for chunk in chunks(code) for made in chunk.names}
    kept: set[int] = set()
    todo = words(code)
    while found := (todo & makers.keys()) - seen:
        seen |= found
        kept |= {makers[each] for each in found}
        todo = frozenset().union(*(words(given[makers[each]].text) for each in found))
    return [given[at] for at in sorted(kept)]


def makes(chunk: Chunk, own: frozenset[str], name: str | None) -> tuple[str, ...]:
    """The names that a statement is wanted for. Of assignments constants in capitals and tables: others are examples."""
    if chunk.head.startswith(("def ", "class ", "import ", "from ", "async def ")):
        return chunk.names
    if chunk.head.startswith("try:"):
        lines = (line.bare.strip() for line in scan(chunk.text) if not line.start.inside)
        return tuple(each for line in lines if line.startswith(("import ", "from ")) for each in bound(line))
    if not _TABLE.match(chunk.head) or (words(chunk.text) & (_SPOILS | {name})):
        return ()
    return tuple(each for each in chunk.names if each not in own)


def held(code: str) -> frozenset[str]:
    """Names that some line of the code binds, parameters too: its own variables."""
    found: set[str] = set()
    for line in scan(code):
        text = line.bare.strip()
        found.update(_WORD.findall(text) if text.startswith(("def ", "async def ")) else bound(text))
        found.update(
            each for groups in _BINDS.findall(text) for group in groups for each in _WORD.findall(group)
        )
    return frozenset(found)
