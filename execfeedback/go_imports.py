"""The head of a Go program: Go refuses an import that is not used, and a body cannot say what it imports."""

import re

KNOWN = (
    "fmt", "math", "math/rand", "sort", "strconv", "strings", "time", "crypto/md5", "regexp", "errors", "bytes",
    "unicode", "unicode/utf8", "math/bits", "math/big", "math/cmplx", "slices", "container/heap",
    "encoding/hex", "reflect", "os", "bufio",
)  # fmt: skip
"""Packages that a function may need, the likelier first where two have one name."""
_IMPORTS = re.compile(r"^import[ \t]*(?:\([^()]*\)|\"[^\"\n]*\")[ \t]*\n", re.MULTILINE)
_PATH = re.compile(r'"([\w/.-]+)"')
_NAMED = re.compile(r'(?:^|[\s(;])(?!import\b)[\w.]+[ \t]+"')
_PACKAGE = re.compile(r"^package[ \t]+\w+[ \t]*\n", re.MULTILINE)
_UNSEEN = re.compile(r'/\*.*?(?:\*/|\Z)|//[^\n]*|`[^`]*`?|"(?:\\.|[^"\\\n])*"?', re.DOTALL)
_USED = re.compile(r"\b(\w+)\.[A-Z]")


def import_lines(code: str, known: tuple[str, ...] = KNOWN) -> str:
    """The import declaration of those known packages that the code uses; empty where there is none."""
    used, taken = set(_USED.findall(_UNSEEN.sub('""', code))), []
    for path in known:
        name = path.rpartition("/")[2]
        if name in used:
            used.discard(name)
            taken.append(path)
    lines = "".join(f'    "{path}"\n' for path in taken)
    return f"import (\n{lines})\n" if taken else ""


def fitted(code: str) -> str:
    """The program with the imports that it uses. Left alone where one has a name of its own, or no package is declared."""
    given = _IMPORTS.findall(code)
    package = _PACKAGE.search(code)
    if package is None or any(_NAMED.search(each) for each in given):
        return code
    paths = [path for each in given for path in _PATH.findall(each)]
    rest = _IMPORTS.sub("", code[package.end() :]).lstrip("\n")
    lines = import_lines(rest, tuple(dict.fromkeys([*paths, *KNOWN])))
    return "\n".join([code[: package.end()], *([lines] if lines else []), rest])
