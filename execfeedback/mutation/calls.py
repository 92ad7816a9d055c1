"""Mistakes in calls, indexes, slices and ranges."""

import ast
from collections.abc import Iterator

from execfeedback.mutation.operators import whole
from execfeedback.mutation.source import Change, Code, Edit

_EXTREMES = {"min": "max", "max": "min", "any": "all", "all": "any", "floor": "ceil", "ceil": "floor"}
_UNWRAPPED = (
    "sorted",
    "reversed",
    "abs",
    "int",
    "str",
    "float",
    "list",
    "tuple",
    "set",
    "round",
    "len",
    "sum",
)
METHODS = {
    "lower": ("upper",), "upper": ("lower",), "strip": ("lstrip", "rstrip"), "lstrip": ("rstrip", "strip"),
    "rstrip": ("lstrip", "strip"), "startswith": ("endswith",), "endswith": ("startswith",),
    "find": ("rfind",), "rfind": ("find",), "index": ("rindex",), "isalpha": ("isalnum",),
    "isalnum": ("isalpha",), "isdigit": ("isalnum",), "islower": ("isupper",),
    "isupper": ("islower",), "append": ("extend",),
    "extend": ("append",), "popleft": ("pop",), "appendleft": ("append",), "ljust": ("rjust",),
    "rjust": ("ljust",), "capitalize": ("title",), "title": ("capitalize",), "swapcase": ("upper",),
    "keys": ("values",),
    "values": ("keys",), "union": ("intersection",), "intersection": ("union",), "split": ("splitlines",),
    "heappush": ("heappop",), "discard": ("add",), "bisect_left": ("bisect_right",),
    "bisect_right": ("bisect_left",),
}  # fmt: skip
_FORGOTTEN = (
    "lower",
    "upper",
    "strip",
    "lstrip",
    "rstrip",
    "copy",
    "casefold",
    "title",
    "capitalize",
    "swapcase",
)


def called(node: ast.AST) -> str:
    """Name of the function or method that a call calls, or nothing."""
    function = node.func if isinstance(node, ast.Call) else None
    if isinstance(function, ast.Name):
        return function.id
    return function.attr if isinstance(function, ast.Attribute) else ""


def _name_edit(code: Code, call: ast.Call, new: str) -> Edit:
    end = code.span(call.func)[1]
    return Edit(end - len(called(call).encode()), end, new)


def extremes(code: Code, node: ast.AST) -> Iterator[Change]:
    """`min` to `max`, `any` to `all`, `floor` to `ceil`."""
    if isinstance(node, ast.Call) and called(node) in _EXTREMES:
        old, new = called(node), _EXTREMES[called(node)]
        yield Change(f"`{old}` became `{new}`", (_name_edit(code, node, new),))


def method(code: Code, node: ast.AST) -> Iterator[Change]:
    """`lower` to `upper`, `strip` to `lstrip`, `keys` to `values`, `append` to `extend`."""
    if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute | ast.Name):
        for new in METHODS.get(called(node), ()):
            yield Change(f"`{called(node)}` became `{new}`", (_name_edit(code, node, new),))


def missing_method(code: Code, node: ast.AST) -> Iterator[Change]:
    """`x.lower()` to `x`, `x.copy()` to `x`."""
    if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and called(node) in _FORGOTTEN:
        dot = code.span(node.func)[1] - len(called(node)) - 1
        yield Change(f"`.{called(node)}()` was forgotten", (Edit(dot, code.span(node)[1], ""),))


def missing_call(code: Code, node: ast.AST) -> Iterator[Change]:
    """`sorted(x)` to `x`, `abs(x)` to `x`; an option such as `reverse=True` was forgotten."""
    if not isinstance(node, ast.Call):
        return
    if isinstance(node.func, ast.Name) and called(node) in _UNWRAPPED and node.args:
        inner = node.args[0]
        if not isinstance(inner, ast.Starred | ast.GeneratorExp):
            yield Change(f"`{called(node)}(...)` was forgotten", (code.put(node, _bare(code, inner)),))
    for keyword in node.keywords:
        if keyword.arg is not None and called(node) in (
            *_EXTREMES,
            "sorted",
            "sort",
            "print",
            "join",
            "enumerate",
        ):
            yield Change(f"`{keyword.arg}=` was forgotten", (_without(code, node, keyword),))


def _bare(code: Code, node: ast.expr) -> str:
    simple = isinstance(
        node, ast.Name | ast.Constant | ast.Call | ast.Attribute | ast.Subscript | ast.List | ast.ListComp
    )
    return code.of(node) if simple else f"({code.of(node)})"


def _without(code: Code, call: ast.Call, keyword: ast.keyword) -> Edit:
    start, end = code.span(keyword)
    before = [code.span(other)[1] for other in (*call.args, *call.keywords) if code.span(other)[1] <= start]
    return Edit(max(before), end, "") if before else Edit(start, code.span(call)[1] - 1, "")


def swapped_arguments(code: Code, node: ast.AST) -> Iterator[Change]:
    """`f(a, b)` to `f(b, a)`; `a - b` to `b - a`."""
    pairs: list[tuple[ast.expr, ast.expr]] = []
    if isinstance(node, ast.Call) and called(node) not in ("min", "max", "print", "isinstance"):
        pairs = list(zip(node.args, node.args[1:], strict=False))
    if isinstance(node, ast.BinOp) and isinstance(
        node.op, ast.Sub | ast.Div | ast.FloorDiv | ast.Mod | ast.Pow | ast.Add
    ):
        pairs = [(node.left, node.right)]
    for left, right in pairs:
        first, second = code.of(left), code.of(right)
        if first != second and not isinstance(right, ast.Starred) and not isinstance(left, ast.Starred):
            edits = (code.put(left, second), code.put(right, first))
            yield Change(f"`{first}` and `{second}` were swapped", edits)


def swapped_targets(code: Code, node: ast.AST) -> Iterator[Change]:
    """`for k, v in` to `for v, k in`; `return a, b` to `return b, a`."""
    target = node.target if isinstance(node, ast.For | ast.comprehension) else None
    target = node.value if isinstance(node, ast.Return) else target
    if isinstance(target, ast.Tuple) and len(target.elts) == 2:
        left, right = target.elts
        first, second = code.of(left), code.of(right)
        if first != second and not isinstance(left, ast.Starred) and not isinstance(right, ast.Starred):
            edits = (code.put(left, second), code.put(right, first))
            yield Change(f"`{first}` and `{second}` were swapped", edits)


def _shifted(code: Code, node: ast.expr) -> Iterator[tuple[str, Edit]]:
    """`n` to `n + 1` and `n - 1`; a literal is the business of `off_by_one`."""
    if whole(node) is None and isinstance(
        node, ast.Name | ast.Call | ast.Attribute | ast.BinOp | ast.Subscript
    ):
        text = code.of(node)
        if not (
            isinstance(node, ast.BinOp) and isinstance(node.op, ast.Add | ast.Sub) and whole(node.right) == 1
        ):
            inner = (
                text
                if not isinstance(node, ast.BinOp) or isinstance(node.op, ast.Add | ast.Sub)
                else f"({text})"
            )
            for sign in "+-":
                yield f"`{text}` became `{inner} {sign} 1`", code.put(node, f"{inner} {sign} 1")


def range_bounds(code: Code, node: ast.AST) -> Iterator[Change]:
    """`range(n)` to `range(n + 1)` or `range(1, n)` and back; `enumerate(x, 1)` to `enumerate(x)`."""
    if not isinstance(node, ast.Call) or called(node) not in ("range", "enumerate") or not node.args:
        return
    first = code.span(node.args[0])
    if called(node) == "range":
        for bound in node.args[:2]:
            for said, edit in _shifted(code, bound):
                yield Change(f"wrong range: {said}", (edit,))
        if len(node.args) == 1:
            yield Change("wrong range: starts at 1", (Edit(first[0], first[0], "1, "),))
        if len(node.args) == 2:
            yield Change(
                "wrong range: the start was forgotten", (Edit(first[0], code.span(node.args[1])[0], ""),)
            )
    elif len(node.args) == 2:
        yield Change(
            "the start of `enumerate` was forgotten", (Edit(first[1], code.span(node.args[1])[1], ""),)
        )
    if len(node.args) == 3:
        yield Change(
            "wrong range: the step was forgotten",
            (Edit(code.span(node.args[1])[1], code.span(node.args[2])[1], ""),),
        )


def slice_bounds(code: Code, node: ast.AST) -> Iterator[Change]:
    """`x[1:]` to `x[:]`, `x[:n]` to `x[:n + 1]` or `x[n:]`, `x[::-1]` to `x`."""
    if not isinstance(node, ast.Slice):
        return
    for bound in (node.lower, node.upper):
        if bound is not None:
            yield Change(f"slice bound `{code.of(bound)}` was forgotten", (code.put(bound, ""),))
            for said, edit in _shifted(code, bound):
                yield Change(f"wrong slice: {said}", (edit,))
    if (node.lower is None) != (node.upper is None) and node.step is None:
        old = code.of(node)
        new = f":{old[:-1].strip()}" if node.lower is not None else f"{old[1:].strip()}:"
        yield Change(f"wrong slice: `{old}` became `{new}`", (code.put(node, new),))
    parent = code.parents[node]
    if (
        node.lower is None
        and node.upper is None
        and isinstance(parent, ast.Subscript)
        and isinstance(parent.ctx, ast.Load)
    ):
        edit = Edit(code.span(parent.value)[1], code.span(parent)[1], "")
        yield Change(f"`[{code.of(node)}]` was forgotten", (edit,))


def wrong_index(code: Code, node: ast.AST) -> Iterator[Change]:
    """`x[i]` to `x[i + 1]` or `x[i - 1]`, `x[0]` to `x[-1]` and back."""
    if not isinstance(node, ast.Subscript) or isinstance(node.slice, ast.Slice | ast.Tuple):
        return
    ends = {0: "-1", -1: "0"}
    if whole(node.slice) in ends:
        new = ends[whole(node.slice) or 0]
        yield Change(f"wrong index: `{code.of(node.slice)}` became `{new}`", (code.put(node.slice, new),))
    if isinstance(node.slice, ast.Name | ast.BinOp):
        for said, edit in _shifted(code, node.slice):
            yield Change(f"wrong index: {said}", (edit,))
