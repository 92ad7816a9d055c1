"""Mistakes in whole statements: a forgotten case, guard or update; a wrong return or first value."""

import ast
from collections.abc import Iterator

from execfeedback.mutation.names import parameters
from execfeedback.mutation.operators import symbol, whole
from execfeedback.mutation.source import FUNCTIONS, LOOPS, Change, Code, Edit, is_docstring

_UPDATES = {"+": "-", "-": "+", "*": "+", "|": "&", "&": "|"}


def _cut(code: Code, node: ast.stmt) -> tuple[Edit, ...]:
    """Remove a statement with its lines; `pass` holds a block that would be empty."""
    start, end = code.line_span(node, node)
    rest = [other for other in code.block(node) if other is not node and not is_docstring(other)]
    empty = not rest and not isinstance(code.parents[node], ast.Module)
    return (Edit(start, end, code.indent(node) + "pass\n" if empty else ""),)


def leaves(body: list[ast.stmt]) -> bool:
    """Whether a block ends by leaving: return, raise, continue, break."""
    return isinstance(body[-1], ast.Return | ast.Raise | ast.Continue | ast.Break)


def is_elif(code: Code, node: ast.AST) -> bool:
    """An `if` that is written as an `elif`."""
    return isinstance(node, ast.If) and code.data[code.span(node)[0] :].startswith(b"elif")


def _first_words(code: Code, node: ast.AST) -> str:
    return code.of(node).split("\n")[0].rstrip(":")


def missing_case(code: Code, node: ast.AST) -> Iterator[Change]:
    """A guard, a branch of an `if` chain or its `else` was forgotten."""
    if not isinstance(node, ast.If):
        return
    said = _first_words(code, node)
    block_end = code.line_span(node.body[0], node.body[-1])[1]
    if is_elif(code, node):
        start = code.starts[node.lineno - 1]
        keep = not node.orelse or is_elif(code, node.orelse[0]) or _else_line(code, node) is not None
        if keep:
            yield Change(f"the case `{said}` was forgotten", (Edit(start, block_end, ""),))
    elif not node.orelse and code.alone(node):
        yield Change(f"the case `{said}` was forgotten", _cut(code, node))
    line = _else_line(code, node)
    if line is not None and code.alone(node.orelse[-1]):
        end = code.line_span(node.orelse[0], node.orelse[-1])[1]
        yield Change(f"the `else` of `{said}` was forgotten", (Edit(code.starts[line - 1], end, ""),))


def _else_line(code: Code, node: ast.If | ast.For | ast.While) -> int | None:
    """The line of the `else:` of this statement, where it has one of its own."""
    if not node.orelse or is_elif(code, node.orelse[0]):
        return None
    for line in range(node.body[-1].end_lineno or 0, node.orelse[0].lineno + 1):
        if code.data[code.starts[line - 1] : code.starts[line]].strip().startswith(b"else"):
            return line
    return None


def missing_statement(code: Code, node: ast.AST) -> Iterator[Change]:
    """An update of an accumulator, a call for its effect or a second assignment was forgotten."""
    if isinstance(node, ast.AugAssign | ast.Expr | ast.Assign | ast.Delete) and code.alone(node):
        effect = not isinstance(node, ast.Expr) or isinstance(node.value, ast.Call | ast.Await)
        again = not isinstance(node, ast.Assign) or _bound_before(code, node)
        if effect and again:
            yield Change(f"`{_first_words(code, node)}` was forgotten", _cut(code, node))


def _bound_before(code: Code, node: ast.Assign) -> bool:
    """Whether dropping this assignment leaves its targets bound by an earlier one."""
    function = code.owner(node, FUNCTIONS)
    targets = [target for target in node.targets if not isinstance(target, ast.Subscript | ast.Attribute)]
    names = {n.id for target in targets for n in ast.walk(target) if isinstance(n, ast.Name)}
    scope = function or code.tree
    bound = {
        n.id
        for n in ast.walk(scope)
        if isinstance(n, ast.Name) and isinstance(n.ctx, ast.Store) and n.lineno < node.lineno
    }
    if isinstance(function, FUNCTIONS):
        bound |= set(parameters(function.args))
    return names <= bound


def assignment(code: Code, node: ast.AST) -> Iterator[Change]:
    """`+=` to `=` and to `-=`."""
    if isinstance(node, ast.AugAssign):
        old = symbol(node.op)
        place = code.between(node.target, node.value, "".join("\\" + c for c in old) + "=")
        if place:
            yield Change(f"`{old}=` became `=`", (Edit(*place, "="),))
            if old in _UPDATES and isinstance(node.value, ast.Name | ast.Call | ast.BinOp | ast.Subscript):
                yield Change(f"`{old}=` became `{_UPDATES[old]}=`", (Edit(*place, _UPDATES[old] + "="),))


def initial_value(code: Code, node: ast.AST) -> Iterator[Change]:
    """`best = 0` to `best = 1`, `x[0]` as the first value to 0, `inf` to 0."""
    if not isinstance(node, ast.Assign) or not code.owner(node, FUNCTIONS):
        return
    value = whole(node.value)
    if value in (0, 1):
        yield Change(
            f"wrong first value: `{value}` became `{1 - value}`", (code.put(node.value, str(1 - value)),)
        )
    first = isinstance(node.value, ast.Subscript) and whole(node.value.slice) == 0
    infinite = isinstance(node.value, ast.Call | ast.UnaryOp | ast.Attribute) and "inf" in code.of(node.value)
    if first or infinite:
        yield Change(f"wrong first value: `{code.of(node.value)}` became `0`", (code.put(node.value, "0"),))


def wrong_return(code: Code, node: ast.AST) -> Iterator[Change]:
    """`return x` to `return None`, or to a part of what it returns; the last `return` was forgotten."""
    if not isinstance(node, ast.Return) or node.value is None:
        return
    text = code.of(node.value)
    if isinstance(node.value, ast.Tuple):
        for element in node.value.elts:
            yield Change(
                f"`return` gives only `{code.of(element)}`", (code.put(node.value, code.of(element)),)
            )
    if isinstance(node.value, ast.List | ast.Dict | ast.Set | ast.Tuple) or (
        isinstance(node.value, ast.Constant) and node.value.value is not None
    ):
        yield Change(f"`return {text}` gives `None`", (code.put(node.value, "None"),))
    function = code.owner(node, FUNCTIONS)
    last = isinstance(function, FUNCTIONS) and function.body[-1] is node and len(function.body) > 1
    if last and isinstance(node.value, ast.Name) and code.alone(node):
        yield Change(f"`return {text}` was forgotten", _cut(code, node))


def break_continue(code: Code, node: ast.AST) -> Iterator[Change]:
    """`break` to `continue` and back; a `break` was forgotten."""
    if isinstance(node, ast.Break | ast.Continue):
        old, new = ("break", "continue") if isinstance(node, ast.Break) else ("continue", "break")
        yield Change(f"`{old}` became `{new}`", (code.put(node, new),))
        if isinstance(node, ast.Break):
            yield Change("a `break` was forgotten", (code.put(node, "pass"),))


def loop_word(code: Code, node: ast.AST) -> Iterator[Change]:
    """`while` to `if` (done once instead of again and again); `elif` to `if`."""
    start = code.span(node)[0] if isinstance(node, ast.If | ast.While) else 0
    if isinstance(node, ast.While) and not node.orelse and not _jumps(node):
        yield Change("`while` became `if`", (Edit(start, start + 5, "if"),))
    if is_elif(code, node):
        yield Change("`elif` became `if`", (Edit(start, start + 4, "if"),))


def _jumps(loop: ast.While) -> bool:
    return any(isinstance(node, ast.Break | ast.Continue) for node in ast.walk(loop))


def filter_dropped(code: Code, node: ast.AST) -> Iterator[Change]:
    """The `if` of a comprehension was forgotten."""
    if isinstance(node, ast.comprehension) and node.ifs:
        place = code.between(node.iter, node.ifs[0], r"\bif\b")
        if place:
            text = code.of(node.ifs[0])
            yield Change(
                f"the filter `if {text}` was forgotten", (Edit(place[0], code.span(node.ifs[-1])[1], ""),)
            )


def order(code: Code, node: ast.AST) -> Iterator[Change]:
    """Two neighbouring simple statements swapped; `a, b = b, a + b` done one after the other."""
    if not isinstance(node, ast.Assign | ast.AugAssign) or not code.alone(node):
        return
    block = code.block(node)
    after = block[block.index(node) + 1 : block.index(node) + 2]
    inside = isinstance(code.owner(node, (*LOOPS, *FUNCTIONS)), LOOPS)
    if (
        inside
        and after
        and isinstance(after[0], ast.Assign | ast.AugAssign | ast.Expr | ast.If)
        and code.alone(after[0])
    ):
        first, second = code.line_span(node, node), code.line_span(after[0], after[0])
        texts = [code.data[start:end].decode() for start, end in (first, second)]
        edits = (Edit(*first, texts[1]), Edit(*second, texts[0]))
        yield Change(f"`{_first_words(code, node)}` is done before what follows it", edits[:2])
    if (
        isinstance(node, ast.Assign)
        and isinstance(node.targets[0], ast.Tuple)
        and isinstance(node.value, ast.Tuple)
    ):
        targets, values = node.targets[0].elts, node.value.elts
        if len(targets) == len(values) == 2:
            lines = [f"{code.of(t)} = {code.of(v)}" for t, v in zip(targets, values, strict=True)]
            text = f"{lines[0]}\n{code.indent(node)}{lines[1]}"
            yield Change(
                f"`{_first_words(code, node)}` was done one after the other", (code.put(node, text),)
            )
