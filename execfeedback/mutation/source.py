"""A parsed source and the small edits that are made of it. Spans are byte offsets into its UTF-8 form."""

import ast
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cached_property
from itertools import accumulate

FUNCTIONS = (ast.FunctionDef, ast.AsyncFunctionDef)
LOOPS = (ast.For, ast.AsyncFor, ast.While)
BLOCKS = ("body", "orelse", "handlers", "finalbody", "cases")

Function = ast.FunctionDef | ast.AsyncFunctionDef
Span = tuple[int, int]


@dataclass(frozen=True)
class Edit:
    """Replace the bytes from `start` to `end` by `text`."""

    start: int
    end: int
    text: str


@dataclass(frozen=True)
class Change:
    """What one kind of mutation does at one place: all its edits together."""

    description: str
    edits: tuple[Edit, ...]


@dataclass(frozen=True)
class Mutant:
    """A program that differs from its source in one realistic mistake. `line` counts from 1."""

    kind: str
    line: int
    description: str
    source: str


@dataclass(frozen=True)
class Code:
    """Source text with `\\n` line ends, its tree, and what the kinds ask of them."""

    text: str
    tree: ast.Module

    @cached_property
    def data(self) -> bytes:
        return self.text.encode()

    @cached_property
    def starts(self) -> tuple[int, ...]:
        """Offset of each line, and of the end of the text."""
        lengths = [len(line) + 1 for line in self.data.split(b"\n")]
        return (0, *accumulate(lengths))

    @cached_property
    def parents(self) -> dict[ast.AST, ast.AST]:
        return {child: node for node in ast.walk(self.tree) for child in ast.iter_child_nodes(node)}

    @cached_property
    def nodes(self) -> tuple[ast.AST, ...]:
        """What may be mutated, in text order: no docstring, annotation or inside of an f-string."""
        return tuple(_mutable(self.tree))

    def span(self, node: ast.AST) -> Span:
        """Where `node` stands (an expression, statement, argument, handler or keyword)."""
        start = self.starts[node.lineno - 1] + node.col_offset  # type: ignore[attr-defined]
        end = self.starts[node.end_lineno - 1] + node.end_col_offset  # type: ignore[attr-defined]
        return start, end

    def of(self, node: ast.AST) -> str:
        """The text of `node`."""
        start, end = self.span(node)
        return self.data[start:end].decode()

    def put(self, node: ast.AST, text: str) -> Edit:
        """Write `text` where `node` stands."""
        return Edit(*self.span(node), text)

    def line_span(self, first: ast.stmt, last: ast.stmt) -> Span:
        """From the start of `first`'s line (decorators included) to the start of the line after `last`."""
        return self.starts[first_line(first) - 1], min(self.starts[last.end_lineno or 1], len(self.data))

    def indent(self, node: ast.stmt) -> str:
        """The white space that `node`'s line starts with."""
        start = self.starts[node.lineno - 1]
        return self.data[start : start + node.col_offset].decode()

    def alone(self, node: ast.stmt) -> bool:
        """No other code shares a line with `node`, so that whole lines can be cut or moved."""
        start, end = self.line_span(node, node)
        head = self.data[start : self.span(node)[0]]
        tail = self.data[self.span(node)[1] : end].split(b"#")[0]
        return (not head.strip() or bool(getattr(node, "decorator_list", ()))) and not tail.strip()

    def between(self, left: ast.AST, right: ast.AST, pattern: str) -> Span | None:
        """Where an operator stands between two operands; comments there are not searched."""
        start, end = self.span(left)[1], self.span(right)[0]
        gap = re.sub(rb"#[^\n]*", lambda found: b" " * len(found[0]), self.data[start:end])
        found = re.search(pattern.encode(), gap)
        return (start + found.start(), start + found.end()) if found else None

    def owner(self, node: ast.AST, kinds: type | tuple[type, ...]) -> ast.AST | None:
        """The nearest enclosing node of one of `kinds`."""
        above = self.parents.get(node)
        while above is not None and not isinstance(above, kinds):
            above = self.parents.get(above)
        return above

    def block(self, node: ast.stmt) -> list[ast.stmt]:
        """The list of statements that `node` stands in."""
        parent = self.parents[node]
        for name in BLOCKS:
            statements = getattr(parent, name, [])
            if isinstance(statements, list) and node in statements:
                return statements
        return [node]

    def apply(self, edits: tuple[Edit, ...]) -> str:
        """The text with all edits made; they must not overlap."""
        data = self.data
        for edit in sorted(edits, key=lambda edit: edit.start, reverse=True):
            data = data[: edit.start] + edit.text.encode() + data[edit.end :]
        return data.decode()


Kind = Callable[[Code, ast.AST], Iterator[Change]]
"""All ways in which one kind of mistake can be made at one node."""


def read(source: str) -> Code:
    """Parse. Raises SyntaxError (ValueError for null bytes on old interpreters)."""
    text = source.replace("\r\n", "\n").replace("\r", "\n")
    text = text if text.endswith("\n") or not text else text + "\n"
    return Code(text, ast.parse(text))


def first_line(node: ast.stmt) -> int:
    """The line that `node` starts on, decorators included."""
    decorators: list[ast.expr] = getattr(node, "decorator_list", [])
    return min([node.lineno, *(decorator.lineno for decorator in decorators)])


def is_docstring(node: ast.AST) -> bool:
    """A statement that is nothing but a string."""
    return (
        isinstance(node, ast.Expr)
        and isinstance(node.value, ast.Constant)
        and isinstance(node.value.value, str)
    )


def _mutable(node: ast.AST) -> Iterator[ast.AST]:
    for name, value in ast.iter_fields(node):
        if name in ("annotation", "returns", "type_params"):
            continue
        for child in value if isinstance(value, list) else [value]:
            if isinstance(child, ast.AST) and not is_docstring(child):
                yield child
                if not isinstance(child, ast.JoinedStr):
                    yield from _mutable(child)
