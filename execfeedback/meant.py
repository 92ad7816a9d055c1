"""Generated Python tests read as they are meant: asserts in lists, what stands under a main guard, modules that nobody has."""

import re
import sys

from execfeedback.items import style_of
from execfeedback.scanning import Chunk, chunks, scan

_EXPRESSION = (
    r"assert[ \t]+(?!that\b)(?:not[ \t]+)?[\w.]+(?:[(\[.]|[ \t]+(?:[=!]=|[<>]|(?:is|in|not)\b))[^\n`]*"
)
_BULLET = r"^[ \t]*(?:[-*\u2022]|\d{1,3}[.):])[ \t]+"
_LISTED = re.compile(
    rf"{_BULLET}({_EXPRESSION})$|(?:{_BULLET}|^[ \t]*)`({_EXPRESSION})`[^\n]*$",
    re.MULTILINE,
)
_GUARD = re.compile(r"if\s+__name__\b")
_CALL = re.compile(r"(\w+)\(\)")
_ASSERTS = re.compile(r"\bassert\b")
_MODULE = re.compile(r"import[ \t]+(\w+)(?:[ \t]+as[ \t]+(\w+))?[ \t]*$")
_FROM = re.compile(r"from[ \t]+([\w.]+)[ \t]+import[ \t]+\(?([^()]*)")
_ALIAS = re.compile(r"(\w+)[ \t]+as[ \t]+(\w+)")
_MADE_UP = re.compile(
    r"(?:your|my|the)_?\w*|\w*(?:module|solution|function|file|script|code)s?|main|__main__"
)
_KNOWN = (
    sys.stdlib_module_names
    | {
        "cv2",
        "hypothesis",
        "jax",
        "more_itertools",
        "networkx",
        "numpy",
        "pandas",
        "pytest",
        "scipy",
        "sklearn",
        "solution",
    }
    | {"statsmodels", "sympy", "tensorflow", "toolz", "torch"}
)


def unlisted(text: str) -> str:
    """Asserts that stand in a list, or in back ticks, as lines of their own."""
    return _LISTED.sub(lambda found: (found[1] or found[2]).rstrip(), text)


def unguarded(pieces: list[Chunk]) -> list[Chunk]:
    """Without main guards: asserts under one stand by themselves, and a function with asserts that it calls is a test."""
    rest = [piece for piece in pieces if not _GUARD.match(piece.head)]
    if len(rest) == len(pieces) or style_of(_text(rest)) != "asserts":
        return rest
    under = [each for piece in pieces if _GUARD.match(piece.head) for each in chunks(_inside(piece))]
    if any(_ASSERTS.search(each.text) for each in under):
        return rest + under
    called = {found[1] for each in under if (found := _CALL.match(each.head))}
    checking = {
        name for piece in rest if _ASSERTS.search(piece.text) for name in called.intersection(piece.names)
    }
    alone = not any(_ASSERTS.match(piece.head) for piece in rest)
    return [_renamed(piece, checking) for piece in rest] if alone else rest


def at_home(pieces: list[Chunk], name: str) -> list[Chunk]:
    """Without modules that the tests take the entry point from and that nobody has: names that nobody defines are the
    solution's. Not where they call it by its own name too: then the module's is another one."""
    code, kept = "\n".join(line.bare for line in scan(_text(pieces))), []
    modules: set[str] = set()
    alone = re.search(rf"(?<![\w.]){re.escape(name)}\(", code) is None
    for piece in pieces:
        module, made = _MODULE.match(piece.head), _FROM.match(piece.head)
        if (
            alone
            and module
            and module[1] not in _KNOWN
            and re.search(rf"\b{module[2] or module[1]}\.{re.escape(name)}\b", code)
        ):
            modules.add(module[2] or module[1])
        elif made and _is_made_up(made, name, alone=alone):
            kept += chunks("\n".join(f"{new} = {old}" for old, new in _ALIAS.findall(made[2]) if old != new))
        else:
            kept.append(piece)
    return chunks(_without(_text(kept), modules)) if modules else kept


def _is_made_up(made: re.Match[str], name: str, *, alone: bool) -> bool:
    """Whether the entry point comes from a module that nobody has, under its own name, under another, or with all others."""
    if made[1].split(".")[0] in _KNOWN:
        return False
    names = {each.strip() for each in made[2].split(",")}
    other = alone and any(each.split()[0] == name for each in names if each)
    return name in names or other or ("*" in names and _MADE_UP.fullmatch(made[1]) is not None)


def _without(code: str, modules: set[str]) -> str:
    """The code with `module.name` as `name`, outside of strings and comments."""
    pattern = re.compile(rf"(?<![\w.])(?:{'|'.join(map(re.escape, sorted(modules)))})\.(?=\w)")
    return "\n".join(
        _cut(line.text, [found.span() for found in pattern.finditer(line.bare)]) for line in scan(code)
    )


def _cut(text: str, spans: list[tuple[int, int]]) -> str:
    ends = [0, *(end for _, end in spans)]
    starts = [*(start for start, _ in spans), len(text)]
    return "".join(text[end:start] for end, start in zip(ends, starts, strict=True))


def _renamed(piece: Chunk, names: set[str]) -> Chunk:
    """A definition of one of the names as a test that is found by its name."""
    found = next((name for name in piece.names if name in names), None)
    if found is None:
        return piece
    return chunks(re.sub(rf"(?m)^((?:async )?def ){found}\(", rf"\1test_{found}(", piece.text, count=1))[0]


def _inside(piece: Chunk) -> str:
    """The lines below a guard, moved to the margin; what stands behind its colon."""
    first, _, rest = piece.text.partition("\n")
    lines = [line for line in rest.split("\n") if line.strip()]
    if not lines:
        return first.partition(":")[2].strip()
    width = lines[0][: len(lines[0]) - len(lines[0].lstrip())]
    return "\n".join(line.removeprefix(width) for line in rest.split("\n"))


def _text(pieces: list[Chunk]) -> str:
    return "\n".join(piece.text for piece in pieces) + "\n"
