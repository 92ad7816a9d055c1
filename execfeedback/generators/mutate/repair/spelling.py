"""Corrections of names that do not exist, of forgotten imports and of code that cannot be parsed."""

import ast
import builtins
import difflib
import re
from collections.abc import Iterator

from execfeedback.mutation.source import Change, Code, Edit, Mutant, read

_MODULES = (
    "math", "re", "sys", "itertools", "functools", "collections", "string", "heapq", "bisect", "random",
    "datetime", "json", "operator", "copy", "decimal", "fractions", "statistics", "time", "os",
    "hashlib", "typing",
)  # fmt: skip
_EXPORTS = {
    "collections": "Counter defaultdict deque OrderedDict namedtuple",
    "functools": "lru_cache cache reduce cmp_to_key wraps",
    "itertools": "permutations combinations product accumulate chain groupby islice count cycle zip_longest",
    "heapq": "heappush heappop heapify",
    "bisect": "bisect_left bisect_right insort",
    "math": "sqrt ceil floor gcd pi inf",
    "decimal": "Decimal",
    "fractions": "Fraction",
    "dataclasses": "dataclass field",
    "enum": "Enum",
    "typing": "List Dict Tuple Optional Any Set Union Iterable Iterator Callable",
    "datetime": "datetime date timedelta",
    "string": "ascii_lowercase ascii_uppercase ascii_letters digits",
    "copy": "deepcopy",
}
_HOMES = {name: module for module, names in _EXPORTS.items() for name in names.split()}
_HEADS = (
    "if ",
    "elif ",
    "else",
    "for ",
    "while ",
    "def ",
    "class ",
    "try",
    "except",
    "finally",
    "with ",
    "async ",
)
_CLOSERS = {"(": ")", "[": "]", "{": "}"}


def known_name(code: Code, node: ast.AST) -> Iterator[Change]:
    """A name that nothing defines, to the closest ones that exist."""
    if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Load) and node.id in undefined(code):
        known = sorted(_defined(code) | {name for name in dir(builtins) if name[0].islower()})
        for other in difflib.get_close_matches(node.id, known, n=3, cutoff=0.6):
            edits = tuple(
                code.put(same, other)
                for same in code.nodes
                if isinstance(same, ast.Name) and same.id == node.id
            )
            yield Change(f"`{other}`", edits)


def forgotten_import(code: Code, node: ast.AST) -> Iterator[Change]:
    """`import` of a module or of a name of the standard library that is used and not defined."""
    if isinstance(node, ast.Name) and node.id in undefined(code):
        start = _import_place(code)
        if node.id in _MODULES:
            yield Change(f"`import {node.id}`", (Edit(start, start, f"import {node.id}\n"),))
        if node.id in _HOMES:
            text = f"from {_HOMES[node.id]} import {node.id}"
            yield Change(f"`{text}`", (Edit(start, start, text + "\n"),))


def _import_place(code: Code) -> int:
    body = [
        statement
        for statement in code.tree.body
        if not isinstance(statement, ast.ImportFrom) or statement.module != "__future__"
    ]
    return code.line_span(body[0], body[0])[0] if body else len(code.data)


def _defined(code: Code) -> set[str]:
    names = {
        node.id
        for node in ast.walk(code.tree)
        if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store)
    }
    names |= {node.arg for node in ast.walk(code.tree) if isinstance(node, ast.arg)}
    for node in ast.walk(code.tree):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef | ast.ExceptHandler):
            names |= {node.name} if node.name else set()
        elif isinstance(node, ast.Import | ast.ImportFrom):
            names |= {(alias.asname or alias.name).split(".")[0] for alias in node.names}
    return names


def undefined(code: Code) -> set[str]:
    """Names that are read somewhere and bound nowhere."""
    names = {
        node.id
        for node in ast.walk(code.tree)
        if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Load)
    }
    return names - _defined(code) - set(dir(builtins)) - {"__name__", "__file__"}


def parsable(source: str, lines: tuple[int, ...]) -> list[Mutant]:
    """Small edits after which `source` can be parsed, near the line of the error first."""
    text = source.replace("\r\n", "\n").rstrip("\n")
    rows = text.split("\n")
    error = _error_line(text)
    order = sorted(range(len(rows)), key=lambda row: (row + 1 not in lines, abs(row + 1 - error), row))
    found: list[Mutant] = []
    for row in order[:20]:
        for changed in _row_edits(rows[row]):
            edited = (
                "\n".join([*rows[:row], *([changed] if changed is not None else []), *rows[row + 1 :]]) + "\n"
            )
            if _error_line(edited) == 0:
                found.append(Mutant("syntax", row + 1, f"`{(changed or '').strip()}`", edited))
    return found


def _error_line(source: str) -> int:
    """The line of the first syntax error, 0 without one."""
    try:
        read(source)
    except SyntaxError as error:
        return error.lineno or 1
    except (ValueError, RecursionError):
        return 1
    return 0


def _row_edits(row: str) -> Iterator[str | None]:
    """The line with a colon, a bracket, a quote or an operator put in or taken out; None drops it."""
    bare = row.rstrip()
    if bare.lstrip().startswith(_HEADS) and not bare.endswith(":"):
        yield bare + ":"
    for opening, closing in _CLOSERS.items():
        missing = bare.count(opening) - bare.count(closing)
        if missing > 0:
            yield bare + closing * missing
            yield from _at_each_place(bare, closing)
        elif missing < 0:
            yield from (
                bare[: found.start()] + bare[found.end() :] for found in re.finditer(re.escape(closing), bare)
            )
            yield from _at_each_place(bare, opening)
    if re.match(r"\s*(el)?if .*[^=!<>]=[^=]", bare) or re.match(r"\s*while .*[^=!<>]=[^=]", bare):
        yield re.sub(r"([^=!<>])=([^=])", r"\1==\2", bare, count=1)
    for quote in ("'", '"'):
        if bare.count(quote) % 2:
            yield from _at_each_place(bare, quote)
    pad = len(row) - len(row.lstrip())
    yield from (" " * (pad + 4) + row.lstrip(), " " * max(pad - 4, 0) + row.lstrip())
    yield None


def _at_each_place(row: str, text: str) -> Iterator[str]:
    """`text` put in after each word, bracket or quote, from the end."""
    places = sorted({found.end() for found in re.finditer(r"\w+|[)\]}'\"]", row)}, reverse=True)
    yield from (row[:place] + text + row[place:] for place in places)
