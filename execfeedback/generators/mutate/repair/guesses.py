"""Corrections of expressions that are no mistakes of their own: the inverse of what `mutation` leaves out."""

import ast
from collections.abc import Iterator

from execfeedback.mutation.calls import METHODS, called
from execfeedback.mutation.names import visible
from execfeedback.mutation.operators import symbol, whole
from execfeedback.mutation.source import Change, Code, Edit

_WRAPS = ("len", "sorted", "list", "abs", "int", "str", "set", "sum", "tuple", "float", "max", "min", "round")
_OPERATORS = {
    "+": ("*", "|"), "-": ("*", "/"), "*": ("**", "-", "/", "//"), "/": ("*", "%"), "%": ("/", "*"),
    "//": ("*",), "|": ("^", "+"), "&": ("^",),
}  # fmt: skip
_SUFFIXES = (
    ".lower()",
    ".upper()",
    ".strip()",
    ".copy()",
    "[::-1]",
    "[1:]",
    "[:-1]",
    ".items()",
    ".values()",
    "()",
)
_PLACES = (
    ast.Return, ast.Assign, ast.AugAssign, ast.Call, ast.Compare, ast.For, ast.comprehension, ast.BinOp,
    ast.Subscript, ast.ListComp, ast.GeneratorExp, ast.SetComp, ast.Tuple, ast.keyword, ast.BoolOp,
)  # fmt: skip


def _free(code: Code, node: ast.AST) -> bool:
    """An expression that is read and may be wrapped: not a called function, a target or a keyword's name."""
    parent = code.parents.get(node)
    if not isinstance(node, ast.expr) or isinstance(getattr(node, "ctx", None), ast.Store | ast.Del):
        return False
    return isinstance(parent, _PLACES) and not (isinstance(parent, ast.Call) and parent.func is node)


def _is_value(node: ast.AST) -> bool:
    return isinstance(node, ast.Name | ast.Call | ast.Subscript | ast.Attribute)


def plus_one(code: Code, node: ast.AST) -> Iterator[Change]:
    """`x` to `x + 1` and `x - 1`."""
    if _free(code, node) and _is_value(node):
        text = code.of(node)
        for new in (f"{text} + 1", f"{text} - 1"):
            wrapped = f"({new})" if isinstance(code.parents[node], ast.BinOp) else new
            yield Change(f"`{new}`", (code.put(node, wrapped),))


def wrap(code: Code, node: ast.AST) -> Iterator[Change]:
    """`x` to `sorted(x)`, `abs(x)`, `int(x)`, ..."""
    if _free(code, node) and (_is_value(node) or isinstance(node, ast.BinOp | ast.ListComp)):
        text = code.of(node)
        for name in _WRAPS:
            if called(node) != name:
                yield Change(f"`{name}({text})`", (code.put(node, f"{name}({text})"),))


def suffix(code: Code, node: ast.AST) -> Iterator[Change]:
    """`x` to `x.lower()`, `x[1:]`, `x[::-1]`; `sorted(x)` to `sorted(x, reverse=True)`."""
    if _free(code, node) and _is_value(node):
        for end in _SUFFIXES:
            yield Change(f"`{code.of(node)}{end}`", (code.put(node, code.of(node) + end),))
    if isinstance(node, ast.Call) and called(node) in ("sorted", "sort") and not node.keywords:
        place = code.span(node)[1] - 1
        yield Change(
            "`reverse=True`", (Edit(place, place, ", reverse=True" if node.args else "reverse=True"),)
        )


def operator(code: Code, node: ast.AST) -> Iterator[Change]:
    """Any other binary operator that `arithmetic` and `division` do not try."""
    if isinstance(node, ast.BinOp):
        old = symbol(node.op)
        place = code.between(node.left, node.right, "".join("\\" + character for character in old))
        if place is not None:
            yield from (Change(f"`{new}`", (Edit(*place, new),)) for new in _OPERATORS.get(old, ()))


def method_back(code: Code, node: ast.AST) -> Iterator[Change]:
    """The methods that become this one by mistake."""
    if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute | ast.Name):
        name = called(node)
        end = code.span(node.func)[1]
        for other, mistakes in METHODS.items():
            if name in mistakes and other not in METHODS.get(name, ()):
                yield Change(f"`{other}`", (Edit(end - len(name.encode()), end, other),))


def range_start(code: Code, node: ast.AST) -> Iterator[Change]:
    """`range(n)` to `range(2, n)` or `range(i, n)`; a step; `enumerate(x)` to `enumerate(x, 1)`."""
    if not isinstance(node, ast.Call) or called(node) not in ("range", "enumerate") or not node.args:
        return
    start, end = code.span(node.args[0])[0], code.span(node)[1] - 1
    if called(node) == "enumerate":
        yield Change("`enumerate` from 1", (Edit(end, end, ", 1"),))
    elif len(node.args) == 1:
        for name in [
            "2",
            *(f"{name}{more}" for name in visible(code, node) for more in ("", " + 1", " * 2")),
        ]:
            yield Change(f"range from `{name}`", (Edit(start, start, f"{name}, "),))
    elif len(node.args) == 2:
        for name in ("-1", "2", *visible(code, node)):
            yield Change(f"range with step `{name}`", (Edit(end, end, f", {name}"),))


def slice_bound(code: Code, node: ast.AST) -> Iterator[Change]:
    """`x[:]` to `x[1:]`, `x[:-1]` or with a variable as the missing bound."""
    if not isinstance(node, ast.Slice) or node.step is not None:
        return
    start, end = code.span(node)
    names = ["1", *(f"{name}{more}" for name in visible(code, node) for more in ("", " + 1"))]
    for name in names if node.lower is None else ():
        yield Change(f"slice from `{name}`", (Edit(start, start, name),))
    for name in ["-1", *names] if node.upper is None else ():
        yield Change(f"slice to `{name}`", (Edit(end, end, name),))


def text_case(code: Code, node: ast.AST) -> Iterator[Change]:
    """`"yes"` to `"Yes"` or `"YES"`; a separator with or without a space."""
    if isinstance(node, ast.Constant) and isinstance(node.value, str) and code.of(node)[:1] in "'\"":
        text = node.value
        for new in dict.fromkeys(
            (text.title(), text.upper(), text.capitalize(), text + " ", " " + text, "\n", "")
        ):
            if new != text and len(text) < 40:
                yield Change(f"{new!r}", (code.put(node, repr(new)),))


def number(code: Code, node: ast.AST) -> Iterator[Change]:
    """Another number near by: two more or fewer, the opposite, the double, the same as a float."""
    value = whole(node)
    if value is not None and abs(value) < 10**6 and not isinstance(code.parents.get(node), ast.UnaryOp):
        for new in dict.fromkeys((value + 2, value - 2, -value, value * 2, value * 10)):
            if abs(new - value) > 1:
                yield Change(f"`{new}`", (code.put(node, str(new)),))
    if isinstance(node, ast.Constant) and isinstance(node.value, float):
        for changed in (node.value + 1, node.value - 1, -node.value):
            yield Change(f"`{changed}`", (code.put(node, repr(changed)),))
    if isinstance(node, ast.Assign | ast.Return) and node.value is not None and whole(node.value) == 0:
        names = [name for name in visible(code, node) if name not in _targets(node)]
        for new_text in ["float('inf')", "float('-inf')", *(f"{name}[0]" for name in names[:4])]:
            yield Change(f"`{new_text}`", (code.put(node.value, new_text),))


def _targets(node: ast.Assign | ast.Return) -> list[str]:
    return [ast.unparse(target) for target in node.targets] if isinstance(node, ast.Assign) else []


def safe_condition(code: Code, node: ast.AST) -> Iterator[Change]:
    """`if x[-1] == y` to `if x and x[-1] == y`, `d[k]` to `d.get(k, 0)`."""
    if isinstance(node, ast.If | ast.While):
        for name in visible(code, node):
            text = code.of(node.test)
            inner = f"({text})" if isinstance(node.test, ast.BoolOp) else text
            yield Change(f"`{name} and` before the condition", (code.put(node.test, f"{name} and {inner}"),))
    if (
        isinstance(node, ast.Subscript)
        and isinstance(node.ctx, ast.Load)
        and not isinstance(node.slice, ast.Slice)
    ):
        text = f"{code.of(node.value)}.get({code.of(node.slice)}, 0)"
        yield Change(f"`{text}`", (code.put(node, text),))
