"""Assert statements that remember their operands, so that a failure can say what was got and what was expected."""

import ast
import re

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


# ---- asserting by a call -------------------------------------------------------------------------------------------

FUNCTIONS = (ast.FunctionDef, ast.AsyncFunctionDef)
DEFINITIONS = (*FUNCTIONS, ast.ClassDef, ast.Lambda)
DATA = (ast.List, ast.Tuple, ast.Set)
MOST_DATA = 100
SWALLOWED = {"AssertionError", "Exception", "BaseException"}
ASSERTING = re.compile(r"assert(_|[A-Z])")


def helpers(tree):
    """Names of the tests' own functions that assert, some by calling others."""
    functions = [node for node in walked(tree) if isinstance(node, FUNCTIONS)]
    found, before = set(), None
    while found != before:
        before = set(found)
        found |= {f.name for f in functions if any(asserting(s, found) for s in f.body)}
    return found


def asserting(statement, names):
    """Whether running it may raise what fails a test: an assert, AssertionError by name, a call of one of these functions.
    What a `try` swallows does not count, nor what is only defined there."""
    waiting = [statement]
    while waiting:
        node = waiting.pop()
        if isinstance(node, DEFINITIONS):
            continue
        if is_assertion(node, names):
            return True
        left_out = node.body if isinstance(node, ast.Try) and swallows(node) else ()
        waiting += [part for part in parts(node) if part not in left_out]
    return False


def is_assertion(node, names):
    if isinstance(node, ast.Raise):
        return "AssertionError" in used(node)
    if isinstance(node, ast.Call):
        return bool(ASSERTING.match(name_of(node.func)) or names & used(node))
    return isinstance(node, ast.Assert)


def swallows(statement):
    return any(h.type is None or SWALLOWED & used(h.type) for h in statement.handlers)


def used(node):
    """The names in it, also those of methods that are called."""
    found = list(walked(node))
    called = {name_of(part.func) for part in found if isinstance(part, ast.Call)}
    return called | {part.id for part in found if isinstance(part, ast.Name)}


def name_of(function):
    return getattr(function, "attr", None) or getattr(function, "id", "")


def walked(node):
    waiting = [node]
    while waiting:
        node = waiting.pop()
        yield node
        waiting += parts(node)


def parts(node):
    """The nodes below; of a long list of data none, which may be megabytes."""
    return [] if isinstance(node, DATA) and len(node.elts) > MOST_DATA else list(ast.iter_child_nodes(node))


# ---- operands ------------------------------------------------------------------------------------------------------


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
