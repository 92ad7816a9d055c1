"""Where strings, brackets and top-level statements are in Python text, told line by line without parsing it.

Model text is untrusted and often broken, and Python's own parser can be driven out of memory or stack. These
scans are linear in the text, never fail, and answer sensibly for broken code.
"""

import re
from typing import NamedTuple

_IN_CODE = re.compile(r"\"\"\"|'''|\"|'|#|[()\[\]{}]")
_IN_STRING = {quote: re.compile(rf"\\.|{quote}", re.DOTALL) for quote in ("'''", '"""', "'", '"')}
_RESTART = re.compile(r"(?:async )?def |class |import |from |@")
_FOLLOWS = re.compile(r"(?:else|elif|except|finally)\b|[)\]}]")
_BINDS = re.compile(
    r"(?:async[ \t]+)?def[ \t]+(\w+)|class[ \t]+(\w+)|(?:from[ \t]+\S+[ \t]+)?import[ \t]+([^\n]+)"
    r"|(\w+)[ \t]*(?::[^=\n]{0,200})?=(?!=)"
)
_IMPORTED = re.compile(r"([\w.]+|\*)(?:[ \t]+as[ \t]+(\w+))?")
_WORD = re.compile(r"[^\W\d]\w*")


class State(NamedTuple):
    """Where a line ends: inside which string (its quote), how deep in brackets, after a backslash or not."""

    quote: str = ""
    depth: int = 0
    joined: bool = False

    @property
    def inside(self) -> bool:
        """The next line goes on with this statement. An unclosed one-line string ends with its line."""
        return len(self.quote) == 3 or self.depth > 0 or self.joined


class Line(NamedTuple):
    """A line, its text with strings and comments blanked out, and the state in which it starts."""

    text: str
    bare: str
    start: State

    @property
    def top(self) -> bool:
        """Starts at the left margin, outside of strings and brackets."""
        return not self.start.inside and bool(self.text) and not self.text[0].isspace()


class Chunk(NamedTuple):
    """A top-level statement with its comments and decorators before and its indented lines after."""

    text: str
    head: str
    """Its first line that is neither comment nor decorator, blanked."""
    names: tuple[str, ...]
    """What it binds."""


def after(state: State, line: str) -> tuple[State, str]:
    """The state after a line (given without its newline), and the line with strings and comments blanked."""
    quote, depth, at, bare = state.quote if state.inside else "", state.depth, 0, []
    if depth and not quote and _RESTART.match(line):
        depth = 0  # an unclosed bracket before a new definition is broken code: do not swallow what follows
    while at <= len(line):
        found = (_IN_STRING[quote] if quote else _IN_CODE).search(line, at)
        end = found.start() if found else len(line)
        bare.append(" " * (end - at) if quote else line[at:end])
        if found is None or found[0] == "#":
            break
        token, at = found[0], found.end()
        bare.append(token if not quote and token in "()[]{}" else " " * len(token))
        if quote:
            quote = "" if token == quote else quote
        elif token in "([{":
            depth += 1
        elif token in ")]}":
            depth = max(0, depth - 1)
        else:
            quote = token
    blanked = "".join(bare)
    tail = line if quote else blanked
    joined = len(quote) < 3 and tail.endswith("\\") and not tail.endswith("\\\\")
    return State(quote, depth, joined), blanked


def scan(code: str) -> list[Line]:
    """Every line with its blanked text and the state in which it starts."""
    state, lines = State(), []
    for text in code.split("\n"):
        end, bare = after(state, text)
        lines.append(Line(text, bare, state))
        state = end
    return lines


def broken_off(code: str) -> bool:
    """The text ends inside a string, a bracket or a joined line."""
    state = State()
    for text in code.rstrip("\n").split("\n"):
        state, _ = after(state, text)
    return state.inside or bool(state.quote)


def chunks(code: str) -> list[Chunk]:
    """The text cut before each top-level statement; nothing is lost but blank lines at the cuts."""
    parts: list[list[Line]] = [[]]
    leading = True
    for line in scan(code):
        if line.top and not _FOLLOWS.match(line.bare):
            preface = line.text[0] in "#@"
            if not leading and parts[-1]:
                parts.append([])
            leading = preface
        parts[-1].append(line)
    return [_chunk(part) for part in parts if any(line.text.strip() for line in part)]


def _chunk(lines: list[Line]) -> Chunk:
    head = next((line.bare for line in lines if line.top and line.text[0] not in "#@"), "")
    text = "\n".join(line.text for line in lines).strip("\n")
    return Chunk(text, head, bound(head))


def bound(head: str) -> tuple[str, ...]:
    """The names that a definition, import or assignment binds, told from its first line."""
    found = _BINDS.match(head)
    if found is None:
        return ()
    if found[3] is None:
        return (found[1] or found[2] or found[4],)
    return tuple(name[2] or name[1].split(".")[0] for name in _IMPORTED.finditer(found[3]))


def words(code: str) -> frozenset[str]:
    """Every identifier outside of strings and comments."""
    return frozenset(word for line in scan(code) for word in _WORD.findall(line.bare))


def defines(code: str, name: str) -> bool:
    """Whether a top-level definition or assignment binds the name."""
    return any(name in bound(line.bare) for line in scan(code) if line.top and "import" not in line.bare)
