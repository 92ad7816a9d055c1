"""Assert statements that remember their operands, so that a failure can say what was got and what was expected."""

import ast

LEFT, RIGHT = "_ef_left", "_ef_right"
BLOCKS = ("body", "orelse", "finalbody")
LITERALS = (ast.Constant, ast.List, ast.Tuple, ast.Dict, ast.Set, ast.UnaryOp)


def remembering(tree):
    """The tree with every assert's operands kept in local names; returns its assert statements."""
    found = []
    waiting = [tree]
    while waiting:
        node = waiting.pop()
        for field in BLOCKS:
            block = getattr(node, field, None)
            if isinstance(block, list):
                waiting += [s for s in block if isinstance(s, ast.stmt)]
        waiting += getattr(node, "handlers", ())
        waiting += getattr(node, "cases", ())
        if isinstance(node, ast.Assert):
            found.append(node)
            keep_operands(node)
    return found


def keep_operands(node):
    test = node.test
    if isinstance(test, ast.Compare) and len(test.ops) == 1:
        test.left = kept(test.left, LEFT)
        test.comparators[0] = kept(test.comparators[0], RIGHT)
    elif isinstance(test, ast.UnaryOp) and isinstance(test.op, ast.Not):
        test.operand = kept(test.operand, LEFT)
    else:
        node.test = kept(test, LEFT)


def kept(value, name):
    target = ast.copy_location(ast.Name(name, ast.Store()), value)
    return ast.copy_location(ast.NamedExpr(target, value), value)


def failing(asserts, line):
    """The assert statement that a line belongs to, the innermost one."""
    around = [a for a in asserts if a.lineno <= line <= (a.end_lineno or a.lineno)]
    return min(around, key=lambda a: (a.end_lineno or a.lineno) - a.lineno, default=None)


def explain(node, names):
    """`got:` and `expected:` lines for a failed assert, from the names of its frame; empty where they are not known."""
    test = node.test
    if isinstance(test, ast.Compare) and len(test.ops) == 1 and LEFT in names and RIGHT in names:
        left, right = shown(names[LEFT]), shown(names[RIGHT])
        if isinstance(test.left.value, LITERALS) and not isinstance(test.comparators[0].value, LITERALS):
            left, right = right, left
        operator = type(test.ops[0]).__name__
        note = "" if operator == "Eq" else f"\ncomparison: {operator}"
        return f"got: {left}\nexpected: {right}{note}"
    if isinstance(test, ast.NamedExpr) and LEFT in names:
        return f"got: {shown(names[LEFT])}\nexpected: a true value"
    if LEFT in names:
        return f"got: {shown(names[LEFT])}\nexpected: a false value"
    return ""


def shown(value):
    try:
        text = repr(value)
    except BaseException as error:  # a proxy's repr asks the solution, which may be gone or refuse
        text = f"<{type(value).__name__}: {type(error).__name__}>"
    return text if len(text) <= 1500 else f"{text[:1000]} ... {text[-400:]}"
