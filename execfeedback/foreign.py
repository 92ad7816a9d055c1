"""Code in languages other than Python, told by its looks: where strings and comments are, and what a text defines.

Patterns only, each of which takes time that is linear in the text; none can fail.
"""

import re
from functools import cache, lru_cache

_SLASHES = r"//[^\n]*|/\*.*?(?:\*/|\Z)"
_DOUBLE = r'"(?:\\.|[^"\\\n])*"?'
_SINGLE = r"'(?:\\.|[^'\\\n])*'?"
_TRIPLE = r'""".*?(?:"""|\Z)'
_CHAR = r"'(?:\\[^\n]{1,10}?|[^'\\\n])'"
"""What else begins with an apostrophe is none: the lifetimes of Rust, digits set apart in C++."""
_TEMPLATE = r"`(?:\\.|[^`\\])*`?"
_PATTERN = (
    r"(?:(?<=[(,=:\[!&|?;{}+])|(?<=[(,=:\[!&|?;{}+] )|(?<=return ))"
    r"/(?![/*])(?:\\[^\n]|\[(?:\\[^\n]|[^\]\\\n])*\]?|[^/\\\n\[])+/?"
)
_HASH = r"(?<![\w$&\\{(])#[^\n]*"
_C = rf"{_SLASHES}|{_DOUBLE}|{_CHAR}"
_JAVA = rf"{_SLASHES}|{_TRIPLE}|{_DOUBLE}|{_CHAR}"
_WEB = rf"{_SLASHES}|{_TEMPLATE}|{_PATTERN}|{_DOUBLE}|{_SINGLE}"
_SCRIPT = rf"{_HASH}|{_DOUBLE}|{_SINGLE}"
_LISP = rf";[^\n]*|#\|.*?(?:\|#|\Z)|#\\.\w*|{_DOUBLE}"
_UNSEEN = {
    "ada": rf"--[^\n]*|{_DOUBLE}|{_CHAR}",
    "bash": rf"(?<![^\s;])#[^\n]*|\\.|{_DOUBLE}|'[^']*'?",
    "clojure": _LISP,
    "cobol": r"\*>[^\n]*|\"[^\"\n]*\"?|'[^'\n]*'?",
    "cpp": rf"{_SLASHES}|\bR\"([^()\\\s\"]{{0,16}})\(.*?(?:\)\1\"|\Z)|{_DOUBLE}|{_CHAR}",
    "csharp": rf'{_SLASHES}|{_TRIPLE}|\$?@\$?"(?:""|[^"])*"?|{_DOUBLE}|{_CHAR}',
    "css": rf"/\*.*?(?:\*/|\Z)|{_DOUBLE}|{_SINGLE}",
    "d": rf"{_SLASHES}|`[^`]*`?|{_DOUBLE}|{_CHAR}",
    "erlang": rf"%[^\n]*|\$\\?.|{_DOUBLE}|{_SINGLE}",
    "fortran": r"![^\n]*|\"[^\"\n]*\"?|'[^'\n]*'?",
    "go": rf"{_SLASHES}|`[^`]*`?|{_DOUBLE}|{_CHAR}",
    "haskell": rf"--[^\n]*|\{{-.*?(?:-\}}|\Z)|{_DOUBLE}|(?<!\w){_CHAR}",
    "html": r"<!--.*?(?:-->|\Z)",
    "java": _JAVA,
    "javascript": _WEB,
    "kotlin": _JAVA,
    "lisp": _LISP,
    "lua": rf"--\[\[.*?(?:\]\]|\Z)|--[^\n]*|\[\[.*?(?:\]\]|\Z)|{_DOUBLE}|{_SINGLE}",
    "ocaml": rf"\(\*.*?(?:\*\)|\Z)|{_DOUBLE}|{_CHAR}",
    "pascal": r"\{[^}]*\}?|\(\*.*?(?:\*\)|\Z)|//[^\n]*|'[^'\n]*'?",
    "php": rf"{_SLASHES}|(?<![\w$&\\{{])#(?!\[)[^\n]*|{_DOUBLE}|{_SINGLE}",
    "prolog": rf"%[^\n]*|/\*.*?(?:\*/|\Z)|{_DOUBLE}|{_SINGLE}",
    "racket": _LISP,
    "rust": rf'{_SLASHES}|\bb?r(#{{0,16}})".*?(?:"\1|\Z)|"(?:\\.|[^"\\])*"?|{_CHAR}',
    "scala": _JAVA,
    "scheme": _LISP,
    "sql": r"--[^\n]*|/\*.*?(?:\*/|\Z)|'[^'\n]*'?",
    "swift": _JAVA,
    "typescript": _WEB,
} | dict.fromkeys(("awk", "elixir", "perl", "r", "ruby", "tcl"), _SCRIPT)
"""Strings and comments. Every pattern matches to the end of what is not closed, so that none is tried twice."""

BRACED = frozenset(
    {
        "awk",
        "bash",
        "c",
        "cpp",
        "csharp",
        "css",
        "d",
        "go",
        "java",
        "javascript",
        "kotlin",
        "objectivec",
        "perl",
        "php",
    }
    | {"r", "rust", "scala", "swift", "tcl", "typescript", "vala"}
)
"""Where a body stands in braces."""

TYPED = frozenset({"c", "cpp", "csharp", "d", "java", "objectivec", "vala"})
"""Where a function is defined by its type and its name."""

_SEEN = re.compile(r"[^\n]")
LONG = 400
"""Characters of a line that are looked at."""
_CONTROL = (
    r"(?:for|foreach|if|elif|elsif|else|while|until|unless|switch|case|when|match|catch|return|yield|throw|raise"
    r"|await|new|go|defer|delete|echo|print|puts|assert|do)\b"
)
_DEFINER = (
    r"(?:function\*?|func|fun|fn|def|defp|defun|defn-?|define|class|struct|enum|interface|trait|object|record|module|type"
    r"|sub|proc|procedure|subroutine|predicate)"
)
_VARIABLE = r"(?:const|let|var|val|local|my|our)"
_FUNCTION = (
    r"[ \t]*(?:async\b[ \t]*)?(?:(?:function|func|fun|fn|lambda|proc|sub)\b|\w+[ \t]*=>|->|\\|\||\{[^\n]*->"
    r"|(?:<[^>\n]*>)?\((?:[^()\n]|\([^()\n]*\))*(?:$|\)[^()\n]*=>))"
)
_CONSTANT = re.compile(
    r"#define[ \t]+(\w+)|(?:[\w:<>*&]+[ \t]+){1,4}(\w+)[ \t]*(?:\[[^\]\n]*\])?[ \t]*=(?!=)"
)
_WORD = re.compile(r"[^\W\d]\w*")
_IMPORTED = re.compile(r"\b(?:require|import)\b")


@cache
def _unseen(language: str) -> re.Pattern[str]:
    return re.compile(_UNSEEN.get(language, _C), re.DOTALL)


def bare(code: str, language: str) -> str:
    """The code with comments and the insides of strings blanked, character for character."""
    return _unseen(language).sub(lambda found: _blank(found[0]), code)


def _blank(text: str) -> str:
    blank = _SEEN.sub(" ", text)
    return text[0] + blank[1:] if text[0] in "\"'`" else blank


@lru_cache(maxsize=256)
def _defined(name: str, language: str) -> re.Pattern[str]:
    """How a line looks that defines a name, given as a pattern: by a keyword, by a type before it, by what follows it."""
    name = f"({name})"
    words = r"(?:[\w<>,\[\]@:*&?.~#-]+[ \t]+)"
    by_keyword = (
        rf"{words}{{0,6}}\(?{_DEFINER}[ \t(]+(?:<[^>\n]*>[ \t]*)?(?:\([^()\n]*\)[ \t]*)?(?:[\w:]+[.:])?{name}"
        r"(?![\w.'\[]|[ \t]+in\b)"
    )
    by_block = rf"{words}{{0,6}}[*&]*(?:\w+::)?{name}[ \t]*\([^;{{\n]*\)[^;=\n]*\{{"
    by_type = rf"{words}{{1,6}}[*&]*(?:\w+::)?{name}[ \t]*\([^;\n]*(?:$|=>)"
    assigned = rf"(?:{_VARIABLE}[ \t]+)?(?:[\w.]+\.)?{name}[ \t]*(?::[^=\n]*)?(?:=(?![=>])|:=|<-|:)"
    if language in BRACED:
        ways = [
            by_keyword,
            by_block,
            rf"(?:\w+[ \t]+){{0,2}}{assigned}{_FUNCTION}",
            *([by_type] if language in TYPED else []),
        ]
    else:
        equation = rf"{name}(?:[ \t]+[\w(\[][^=\n]*)?[ \t]=(?!=)|{name}[ \t]*::"
        clause = rf"{name}\([^\n]*\)[ \t]*(?:->|:-|when\b|\.[ \t]*$)"
        ways = [by_keyword, rf"{_VARIABLE}[ \t]+(?:rec[ \t]+)?{name}(?![\w.'])", assigned, equation, clause]
    return re.compile(rf"[ \t(]*(?:\}}[ \t]*)?(?!{_CONTROL})(?:{'|'.join(ways)})")


def defines(code: str, name: str, language: str) -> bool:
    """Whether the code defines the name, and does not only use or import it."""
    if name not in code:
        return False
    pattern = _defined(re.escape(name), language)
    heads = (line for line in _lines(code, language) if name in line)
    return any(pattern.match(head) and not _IMPORTED.search(head) for head in heads)


def _lines(code: str, language: str) -> list[str]:
    """The blanked lines, each with the brace below it, and no more of them than a pattern is to see."""
    joined = re.sub(r"\n[ \t]*\{", " {", bare(code, language))
    return [line[:LONG] for line in joined.split("\n")]


def bound(piece: str, language: str) -> str | None:
    """The name that a top-level statement binds, told from its first line: of a function, a class, a constant."""
    head = next((line for line in _lines(piece, language) if line.strip()), "")
    found = _defined(r"\w+", language).match(head) or _CONSTANT.match(head)
    return next((name for name in found.groups() if name), None) if found else None


def words(code: str, language: str) -> set[str]:
    """Every identifier outside of strings and comments."""
    return set(_WORD.findall(bare(code, language)))
