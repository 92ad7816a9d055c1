"""Mistakes in indentation, which decide when something happens; and mutable default arguments."""

import ast
from collections.abc import Iterator

from execfeedback.mutation.source import FUNCTIONS, LOOPS, Change, Code, Edit

_SIMPLE = (ast.Assign, ast.AugAssign, ast.Expr, ast.Return, ast.If)


def _reindented(code: Code, node: ast.stmt, old: str, new: str) -> str:
    start, end = code.line_span(node, node)
    lines = code.data[start:end].decode().splitlines(keepends=True)
    return "".join(new + line[len(old) :] if line.startswith(old) else line for line in lines)


def _after(code: Code, node: ast.stmt) -> ast.stmt | None:
    block = code.block(node)
    following = block[block.index(node) + 1 :]
    return following[0] if following and isinstance(following[0], _SIMPLE) else None


def into_loop(code: Code, node: ast.AST) -> Iterator[Change]:
    """The statement after a loop moved to the end of its body; for a `return` this is an early return."""
    if not isinstance(node, LOOPS) or node.orelse or not code.alone(node):
        return
    follower = _after(code, node)
    if follower is not None and code.alone(follower) and code.alone(node.body[-1]):
        text = _reindented(code, follower, code.indent(follower), code.indent(node.body[-1]))
        said = (
            "early return: it"
            if isinstance(follower, ast.Return)
            else f"`{code.of(follower).splitlines()[0]}`"
        )
        yield Change(f"{said} stands inside the loop", (Edit(*code.line_span(follower, follower), text),))


def out_of_loop(code: Code, node: ast.AST) -> Iterator[Change]:
    """The last statement of a loop's body moved behind the loop."""
    if not isinstance(node, LOOPS) or node.orelse or len(node.body) < 2:
        return
    last = node.body[-1]
    if isinstance(last, _SIMPLE) and code.alone(last):
        text = _reindented(code, last, code.indent(last), code.indent(node))
        said = f"`{code.of(last).splitlines()[0]}` stands behind the loop"
        yield Change(said, (Edit(*code.line_span(last, last), text),))


def early_return(code: Code, node: ast.AST) -> Iterator[Change]:
    """`if c: return True` in a loop with `return False` behind it: the second one became an `else` inside."""
    if not isinstance(node, LOOPS) or not code.alone(node):
        return
    last, follower = node.body[-1], _after(code, node)
    if not isinstance(last, ast.If) or last.orelse or not isinstance(follower, ast.Return):
        return
    if isinstance(last.body[-1], ast.Return) and code.alone(last.body[-1]) and code.alone(follower):
        end = code.line_span(last, last)[1]
        text = f"{code.indent(last)}else:\n{code.indent(last.body[-1])}{code.of(follower)}\n"
        yield Change("early return: decided by the first element", (Edit(end, end, text),))


def mutable_default(code: Code, node: ast.AST) -> Iterator[Change]:
    """`x=None` with `if x is None: x = []` became `x=[]`, shared by all calls."""
    if not isinstance(node, FUNCTIONS):
        return
    plain = [*node.args.posonlyargs, *node.args.args]
    pairs = list(zip(plain[len(plain) - len(node.args.defaults) :], node.args.defaults, strict=True))
    for argument, default in pairs:
        guard = next((s for s in node.body if _fills(s, argument.arg)), None)
        if isinstance(default, ast.Constant) and default.value is None and isinstance(guard, ast.If):
            value = guard.body[0].value if isinstance(guard.body[0], ast.Assign) else default
            only = len([s for s in node.body if s is not guard]) == 0
            cut = Edit(*code.line_span(guard, guard), code.indent(guard) + "pass\n" if only else "")
            said = f"mutable default: `{argument.arg}={code.of(value)}` is shared by all calls"
            yield Change(said, (code.put(default, code.of(value)), cut))


def _fills(node: ast.stmt, name: str) -> bool:
    """`if name is None: name = []` or `{}` or `set()`."""
    if (
        not isinstance(node, ast.If)
        or node.orelse
        or len(node.body) != 1
        or not isinstance(node.body[0], ast.Assign)
    ):
        return False
    test = node.test
    asked = (
        isinstance(test, ast.Compare) and isinstance(test.ops[0], ast.Is) and ast.unparse(test.left) == name
    )
    filled = ast.unparse(node.body[0].targets[0]) == name
    return asked and filled and isinstance(node.body[0].value, ast.List | ast.Dict | ast.Set | ast.Call)
