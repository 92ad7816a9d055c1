"""Corrections of statements: what was forgotten is put in, what came too early is put off."""

import ast
from collections.abc import Iterator

from execfeedback.mutation.names import parameters, visible
from execfeedback.mutation.operators import whole
from execfeedback.mutation.source import FUNCTIONS, LOOPS, Change, Code, Edit, Function, is_docstring
from execfeedback.mutation.statements import is_elif, leaves

_VALUES = ("[]", "0", "False", "True", '""', "None", "1", "-1", "{}", "0.0", "[[]]", "set()", "()")
_ADDERS = {
    ast.List: (".append({})", ".extend({})"),
    ast.Set: (".add({})",),
    ast.Call: (".add({})", ".append({})"),
}


def guard(code: Code, node: ast.AST) -> Iterator[Change]:
    """`if not x: return ...` and `if x <= 1: return ...` at the start of a function."""
    if not isinstance(node, FUNCTIONS):
        return
    body = [statement for statement in node.body if not is_docstring(statement)]
    names = [name for name in parameters(node.args) if name not in ("self", "cls")]
    if not body or body[0].lineno == node.lineno:
        return
    start, pad = code.starts[body[0].lineno - 1], code.indent(body[0])
    for name in names:
        for test in (
            f"not {name}",
            f"{name} <= 0",
            f"{name} < 2",
            f"{name} == 1",
            f"len({name}) == 1",
            f"len({name}) < 2",
        ):
            for value in (*_VALUES, name):
                text = f"{pad}if {test}:\n{pad}    return {value}\n"
                yield Change(f"`if {test}: return {value}`", (Edit(start, start, text),))
        for test in (f"not {name}", f"{name} < 0"):
            for error in ("ValueError", "TypeError", "IndexError", "KeyError"):
                text = f'{pad}if {test}:\n{pad}    raise {error}("{name} is not allowed")\n'
                yield Change(f"`if {test}: raise {error}`", (Edit(start, start, text),))


def last_return(code: Code, node: ast.AST) -> Iterator[Change]:
    """A function that ends without `return` returns one of its variables, or a plain value."""
    if not isinstance(node, FUNCTIONS) or isinstance(node.body[-1], ast.Return | ast.Raise):
        return
    last = node.body[-1]
    if not code.alone(last):
        return
    end, pad = code.line_span(last, last)[1], code.indent(last)
    if isinstance(last, ast.Expr) and not is_docstring(last):
        yield Change(f"`return {code.of(last)}`", (code.put(last, f"return {code.of(last)}"),))
    for value in [*reversed(_locals(node)), *_VALUES]:
        yield Change(f"`return {value}` at the end", (Edit(end, end, f"{pad}return {value}\n"),))


def _locals(function: Function) -> list[str]:
    stored = [n.id for n in ast.walk(function) if isinstance(n, ast.Name) and isinstance(n.ctx, ast.Store)]
    return list(dict.fromkeys([*parameters(function.args), *stored]))


def other_return(code: Code, node: ast.AST) -> Iterator[Change]:
    """`return x` to `return x, y`, or another plain value in place of a plain value."""
    if not isinstance(node, ast.Return) or node.value is None:
        return
    text = code.of(node.value)
    if isinstance(node.value, ast.Constant | ast.List | ast.Dict):
        for value in [*_VALUES, *visible(code, node)]:
            if value != text:
                yield Change(f"`return {value}`", (code.put(node.value, value),))
    elif isinstance(node.value, ast.Name):
        for name in visible(code, node):
            for pair in (f"{text}, {name}", f"{name}, {text}") if name != text else ():
                yield Change(f"`return {pair}`", (code.put(node.value, pair),))


def update(code: Code, node: ast.AST) -> Iterator[Change]:
    """At the start or end of a block in a loop, or for its `pass`: `n += 1`, `found.append(x)`, `i -= 1`."""
    loop = node if isinstance(node, LOOPS) else code.owner(node, LOOPS)
    if not isinstance(node, (*LOOPS, ast.If)) or loop is None:
        return
    for block in (node.body, node.orelse):
        if not block or not code.alone(block[0]) or (block is node.orelse and is_elif(code, block[0])):
            continue
        for text in _updates(code, node):
            yield from _inserted(code, block, text)


def _inserted(code: Code, block: list[ast.stmt], text: str) -> Iterator[Change]:
    pad = code.indent(block[0])
    if isinstance(block[0], ast.Pass):
        yield Change(f"`{text}`", (code.put(block[0], text),))
        return
    start = code.starts[block[0].lineno - 1]
    yield Change(f"`{text}` first", (Edit(start, start, f"{pad}{text}\n"),))
    end = code.line_span(block[-1], block[-1])[1]
    if not leaves(block) and code.alone(block[-1]):
        yield Change(f"`{text}` last", (Edit(end, end, f"{pad}{text}\n"),))


def _updates(code: Code, node: ast.AST) -> Iterator[str]:
    """Updates of the variables that were given a value before `node`."""
    names = visible(code, node)
    for name, value in _accumulators(code, node):
        others = [other for other in names if other != name]
        if whole(value) is not None or isinstance(value, ast.Call | ast.BinOp | ast.Name):
            yield from (f"{name} += 1", f"{name} -= 1")
        adders = next((forms for kind, forms in _ADDERS.items() if isinstance(value, kind)), ())
        for other in others:
            yield from (f"{name}{form.format(other)}" for form in adders)
            if not adders or isinstance(value, ast.Call):
                yield from (f"{name} += {other}", f"{name} = {other}")


def _accumulators(code: Code, before: ast.AST) -> list[tuple[str, ast.expr]]:
    function = code.owner(before, FUNCTIONS) or code.tree
    found: dict[str, ast.expr] = {}
    for node in ast.walk(function):
        if isinstance(node, ast.Assign) and node.lineno < before.lineno:  # type: ignore[attr-defined]
            for target in node.targets:
                if isinstance(target, ast.Name):
                    found[target.id] = node.value
    return list(found.items())


def empty_case(code: Code, node: ast.AST) -> Iterator[Change]:
    """In place of a `pass`: `break`, `continue`, `return ...`."""
    if isinstance(node, ast.Pass):
        for text in ("continue", "break", *(f"return {v}" for v in (*visible(code, node), *_VALUES))):
            yield Change(f"`{text}`", (code.put(node, text),))


def simple_call(code: Code, node: ast.AST) -> Iterator[Change]:
    """`x.sort()` or `x = sorted(x)` before a `return` or a loop; a parameter is not changed in place."""
    function = code.parents.get(node)
    if (
        not isinstance(node, ast.Return | ast.For)
        or not isinstance(function, FUNCTIONS)
        or not code.alone(node)
    ):
        return
    start, pad, given = code.starts[node.lineno - 1], code.indent(node), parameters(function.args)
    for name in visible(code, node):
        own = () if name in given else (f"{name}.sort()", f"{name}.reverse()")
        for text in (*own, f"{name} = sorted({name})", f"{name} = {name}[:]"):
            yield Change(f"`{text}`", (Edit(start, start, f"{pad}{text}\n"),))


def word(code: Code, node: ast.AST) -> Iterator[Change]:
    """`if` to `while` or `elif`; `=` to `+=`."""
    if isinstance(node, ast.If):
        start = code.span(node)[0]
        if not is_elif(code, node):
            if not node.orelse:
                yield Change("`while`", (Edit(start, start + 2, "while"),))
            block = code.block(node)
            before = block[block.index(node) - 1] if block.index(node) else None
            if isinstance(before, ast.If) and not (before.orelse and not is_elif(code, before.orelse[0])):
                yield Change("`elif`", (Edit(start, start, "el"),))
    if isinstance(node, ast.Assign) and len(node.targets) == 1 and not isinstance(node.targets[0], ast.Tuple):
        place = code.between(node.targets[0], node.value, "=")
        if place is None:
            return
        for new in ("+=", "-=", "*=", "//="):
            yield Change(f"`{new}`", (Edit(*place, new),))


def together(code: Code, node: ast.AST) -> Iterator[Change]:
    """`a = b` and `b = a + b` in two lines to `a, b = b, a + b`."""
    if not isinstance(node, ast.Assign) or not code.alone(node):
        return
    block = code.block(node)
    after = block[block.index(node) + 1 : block.index(node) + 2]
    if after and isinstance(after[0], ast.Assign) and code.alone(after[0]):
        targets = f"{code.of(node.targets[0])}, {code.of(after[0].targets[0])}"
        text = f"{targets} = {code.of(node.value)}, {code.of(after[0].value)}"
        yield Change(f"`{text}`", (Edit(code.span(node)[0], code.span(after[0])[1], text),))


def none_default(code: Code, node: ast.AST) -> Iterator[Change]:
    """`x=[]` to `x=None` with `if x is None: x = []`."""
    if not isinstance(node, FUNCTIONS):
        return
    plain = [*node.args.posonlyargs, *node.args.args]
    body = [statement for statement in node.body if not is_docstring(statement)]
    for argument, default in zip(
        plain[len(plain) - len(node.args.defaults) :], node.args.defaults, strict=True
    ):
        if (
            isinstance(default, ast.List | ast.Dict | ast.Set | ast.Call)
            and body
            and body[0].lineno > node.lineno
        ):
            start, pad, name = code.starts[body[0].lineno - 1], code.indent(body[0]), argument.arg
            text = f"{pad}if {name} is None:\n{pad}    {name} = {code.of(default)}\n"
            yield Change(f"`{name}=None`", (code.put(default, "None"), Edit(start, start, text)))


def own_attribute(code: Code, node: ast.AST) -> Iterator[Change]:
    """`self.x = x` for a parameter, or `self.x = []` for an attribute that is read, forgotten in `__init__`."""
    owner = code.owner(node, ast.ClassDef)
    if (
        not isinstance(node, FUNCTIONS)
        or node.name != "__init__"
        or owner is None
        or not code.alone(node.body[-1])
    ):
        return
    fields = [n for n in ast.walk(owner) if isinstance(n, ast.Attribute) and code.of(n.value) == "self"]
    stored = {field.attr for field in fields if isinstance(field.ctx, ast.Store)}
    methods = {inner.name for inner in ast.walk(owner) if isinstance(inner, FUNCTIONS)}
    end, pad = code.line_span(node.body[-1], node.body[-1])[1], code.indent(node.body[-1])
    for name in dict.fromkeys(field.attr for field in fields if field.attr not in stored | methods):
        given = [name] if name in parameters(node.args) else []
        for value in [*given, *_VALUES]:
            yield Change(f"`self.{name} = {value}`", (Edit(end, end, f"{pad}self.{name} = {value}\n"),))


def else_update(code: Code, node: ast.AST) -> Iterator[Change]:
    """An `else` with an update for an `if` in a loop that has none."""
    loop = code.owner(node, LOOPS)
    if not isinstance(node, ast.If) or node.orelse or loop is None or not code.alone(node.body[-1]):
        return
    end, pad, inner = code.line_span(node, node)[1], code.indent(node), code.indent(node.body[-1])
    for text in _updates(code, node):
        yield Change(f"`else: {text}`", (Edit(end, end, f"{pad}else:\n{inner}{text}\n"),))


def order_back(code: Code, node: ast.AST) -> Iterator[Change]:
    """An assignment in a loop done before the `if`, loop or call that stands in front of it."""
    if not isinstance(node, ast.Assign | ast.AugAssign) or not code.alone(node):
        return
    block = code.block(node)
    before = block[block.index(node) - 1] if block.index(node) else None
    if isinstance(before, ast.If | ast.Expr | ast.For) and code.alone(before) and not is_docstring(before):
        first, second = code.line_span(before, before), code.line_span(node, node)
        texts = [code.data[start:end].decode() for start, end in (first, second)]
        yield Change(f"`{code.of(node)}` earlier", (Edit(*first, texts[1]), Edit(*second, texts[0])))
