"""Mistakes in operators, conditions and constants."""

import ast
from collections.abc import Iterator

from execfeedback.mutation.source import Change, Code, Edit

_SYMBOL: dict[type[ast.AST], str] = {
    ast.Eq: "==", ast.NotEq: "!=", ast.Lt: "<", ast.LtE: "<=", ast.Gt: ">", ast.GtE: ">=",
    ast.Is: "is", ast.IsNot: "is not", ast.In: "in", ast.NotIn: "not in",
    ast.Add: "+", ast.Sub: "-", ast.Mult: "*", ast.Div: "/", ast.FloorDiv: "//", ast.Mod: "%", ast.Pow: "**",
    ast.BitAnd: "&", ast.BitOr: "|", ast.BitXor: "^", ast.LShift: "<<", ast.RShift: ">>",
}  # fmt: skip
_COMPARISON = {
    "==": "!=", "!=": "==", "<": ">", ">": "<", "<=": ">=", ">=": "<=",
    "in": "not in", "not in": "in", "is": "is not", "is not": "is",
}  # fmt: skip
_BOUNDARY = {"<": "<=", "<=": "<", ">": ">=", ">=": ">"}
_COMPLEMENT = {"<": ">=", "<=": ">", ">": "<=", ">=": "<"}
_ARITHMETIC = {"+": ("-",), "-": ("+",), "*": ("+",), "//": ("%",), "%": ("//",), "**": ("*",), "&": ("|",),
               "|": ("&",), "^": ("|",), "<<": (">>",), ">>": ("<<",)}  # fmt: skip
_DIVISION = {"/": "//", "//": "/"}


def symbol(operator: ast.AST) -> str:
    """How a binary or comparison operator is written."""
    return _SYMBOL.get(type(operator), "")


def _pattern(text: str) -> str:
    words = text.split()
    return r"\s+".join(words) if words[0].isalpha() else "".join("\\" + character for character in text)


def _compared(code: Code, node: ast.AST, table: dict[str, str], said: str) -> Iterator[Change]:
    if not isinstance(node, ast.Compare):
        return
    operands = [node.left, *node.comparators]
    for left, operator, right in zip(operands, node.ops, operands[1:], strict=False):
        old = symbol(operator)
        place = code.between(left, right, _pattern(old))
        if old in table and place:
            yield Change(f"{said}: `{old}` became `{table[old]}`", (Edit(*place, table[old]),))


def comparison(code: Code, node: ast.AST) -> Iterator[Change]:
    """`==` to `!=`, `<` to `>`, `in` to `not in`."""
    yield from _compared(code, node, _COMPARISON, "wrong comparison")


def boundary(code: Code, node: ast.AST) -> Iterator[Change]:
    """`<` to `<=` and the like."""
    yield from _compared(code, node, _BOUNDARY, "boundary")


def _binary(code: Code, node: ast.AST) -> tuple[str, tuple[int, int] | None]:
    if isinstance(node, ast.BinOp):
        old = symbol(node.op)
        return old, code.between(node.left, node.right, _pattern(old)) if old else None
    if isinstance(node, ast.AugAssign):
        old = symbol(node.op)
        place = code.between(node.target, node.value, _pattern(old) + "=") if old else None
        return old, (place[0], place[1] - 1) if place else None
    return "", None


def _is_text(node: ast.AST) -> bool:
    literal = isinstance(node, ast.Constant) and isinstance(node.value, str | bytes)
    return literal or isinstance(node, ast.JoinedStr | ast.List | ast.Tuple | ast.ListComp)


def arithmetic(code: Code, node: ast.AST) -> Iterator[Change]:
    """`+` to `-`, `*` to `+`, `//` to `%`, also in `+=`; not beside a literal that cannot be subtracted."""
    old, place = _binary(code, node)
    sides = [getattr(node, name) for name in ("left", "right", "value") if hasattr(node, name)]
    if place and not any(_is_text(side) for side in sides):
        for new in _ARITHMETIC.get(old, ()):
            yield Change(f"wrong operator: `{old}` became `{new}`", (Edit(*place, new),))


def division(code: Code, node: ast.AST) -> Iterator[Change]:
    """`/` to `//` and back."""
    old, place = _binary(code, node)
    if place and old in _DIVISION:
        yield Change(f"wrong division: `{old}` became `{_DIVISION[old]}`", (Edit(*place, _DIVISION[old]),))


def boolean(code: Code, node: ast.AST) -> Iterator[Change]:
    """`and` to `or` and back, one of them at a time."""
    if isinstance(node, ast.BoolOp):
        old, new = ("and", "or") if isinstance(node.op, ast.And) else ("or", "and")
        for left, right in zip(node.values, node.values[1:], strict=False):
            place = code.between(left, right, rf"\b{old}\b")
            if place:
                yield Change(f"`{old}` became `{new}`", (Edit(*place, new),))


def condition_part(code: Code, node: ast.AST) -> Iterator[Change]:
    """`a and b` to `a` or to `b`: a part of the condition was forgotten."""
    if isinstance(node, ast.BoolOp):
        texts = [code.of(value) for value in node.values]
        pairs = list(zip(node.values, node.values[1:], strict=False))
        for index, (left, right) in enumerate(pairs):
            yield Change(
                f"condition `{texts[index + 1]}` was forgotten",
                (Edit(closing(code, left), closing(code, right), ""),),
            )
        yield Change(
            f"condition `{texts[0]}` was forgotten",
            (Edit(opening(code, node.values[0]), opening(code, node.values[1]), ""),),
        )


def opening(code: Code, node: ast.AST) -> int:
    """Start of an operand with the parentheses around it, which are no part of its span."""
    start, end = code.span(node)
    while start and code.data[start - 1 : start] == b"(" and code.data[end : end + 1] == b")":
        start, end = start - 1, end + 1
    return start


def closing(code: Code, node: ast.AST) -> int:
    """End of an operand with the parentheses around it."""
    start, end = code.span(node)
    return end + (start - opening(code, node))


def negation(code: Code, node: ast.AST) -> Iterator[Change]:
    """`if x` to `if not x`, `not x` to `x`, `<` to `>=`."""
    if isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.Not):
        yield Change("a `not` was forgotten", (code.put(node, code.of(node)[3:].strip()),))
    yield from _compared(code, node, _COMPLEMENT, "negated condition")
    for test in _tests(node):
        if not isinstance(test, ast.Compare) and not (
            isinstance(test, ast.UnaryOp) and isinstance(test.op, ast.Not)
        ):
            text = code.of(test)
            wrapped = f"({text})" if isinstance(test, ast.BoolOp | ast.NamedExpr | ast.IfExp) else text
            yield Change(f"negated condition: `not` before `{text}`", (code.put(test, f"not {wrapped}"),))


def _tests(node: ast.AST) -> list[ast.expr]:
    if isinstance(node, ast.If | ast.While | ast.IfExp):
        return [node.test]
    return list(node.ifs) if isinstance(node, ast.comprehension) else []


def whole(node: ast.AST) -> int | None:
    """The value of an integer literal, with its sign; True is none."""
    if isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.USub):
        value = whole(node.operand)
        return None if value is None or value < 0 else -value
    if isinstance(node, ast.Constant) and type(node.value) is int:
        return node.value
    return None


def off_by_one(code: Code, node: ast.AST) -> Iterator[Change]:
    """`3` to `2` or `4`, `-1` to `0`; `n - 1` to `n` (a correction by one was forgotten)."""
    parent = code.parents.get(node)
    value = whole(node)
    if value is not None and abs(value) < 10**9 and not isinstance(parent, ast.UnaryOp):
        for new in (value + 1, value - 1):
            yield Change(f"off by one: `{value}` became `{new}`", (code.put(node, str(new)),))
    if isinstance(node, ast.BinOp) and isinstance(node.op, ast.Add | ast.Sub) and whole(node.right) == 1:
        yield Change(
            f"`{symbol(node.op)} 1` was forgotten", (Edit(closing(code, node.left), code.span(node)[1], ""),)
        )


def constant(code: Code, node: ast.AST) -> Iterator[Change]:
    """True to False, `inf` to `-inf`, a separator or a word in other case or spacing."""
    if not isinstance(node, ast.Constant):
        return
    if node.value is True or node.value is False:
        yield Change(f"`{node.value}` became `{not node.value}`", (code.put(node, str(not node.value)),))
    if isinstance(node.value, str) and code.of(node)[:1] in "'\"" and code.of(node)[:3] not in ("'''", '"""'):
        for new in _other_text(node.value):
            yield Change(
                f"wrong text: {node.value!r} became {new!r}", (code.put(node, _quoted(code.of(node), new)),)
            )


def _quoted(old: str, new: str) -> str:
    text = repr(new)
    double = old.startswith('"') and '"' not in new and "'" not in new
    return f'"{text[1:-1]}"' if double else text


def _other_text(text: str) -> Iterator[str]:
    swaps = {"": " ", " ": "", ", ": ",", ",": ", ", "inf": "-inf", "-inf": "inf"}
    if text in swaps:
        yield swaps[text]
    elif text.isascii() and len(text) > 1 and text.isalpha():
        yield text.lower() if text != text.lower() else text.upper()
    elif len(text) > 1 and text != text.strip():
        yield text.strip()
