"""What a test claims: of which calls it expects what, and how much a wrong answer could get away with.

A claim's subject is what is called, its relation how the answer is compared, and with what is `expected`. Names that are
bound once before are replaced by their value, so `r = f(1); assert r == 2` claims what `assert f(1) == 2` does.
"""

import ast
import builtins
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

NOTHING, LOOSE, PARTIAL, COMPUTED, EXACT = range(5)
"""How much a claim says. NOTHING is a tautology: it could not have failed."""

_RELATIONS = {
    ast.Eq: "==", ast.Is: "is", ast.NotEq: "!=", ast.IsNot: "is not", ast.In: "in", ast.NotIn: "not in",
    ast.Lt: "<", ast.LtE: "<=", ast.Gt: ">", ast.GtE: ">=",
}  # fmt: skip
_STRENGTH = {"!=": LOOSE, "is not": LOOSE, "in": PARTIAL, "not in": PARTIAL}
_WIDE = {"Exception", "BaseException", "AssertionError"}
_VALUES = {
    "set",
    "frozenset",
    "float",
    "complex",
    "tuple",
    "list",
    "dict",
    "range",
    "bytes",
    "Decimal",
    "Fraction",
}
"""Calls of these on values are values themselves."""
_BUILTIN = frozenset(dir(builtins)) | {"math", "pytest"}
_DEFINED = ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef
_SKIPS = {"skip", "skipif", "xfail", "importorskip", "SkipTest"}


@dataclass(frozen=True)
class Claim:
    subject: str
    relation: str
    expected: str
    strength: int


@dataclass(frozen=True)
class Test:
    """A test by its name, or else by what it calls. `skipped` says why its claims are never looked at, if so."""

    key: str
    claims: tuple[Claim, ...]
    skipped: str = ""
    own: frozenset[str] = field(default=frozenset(), compare=False)
    """Names that it defines inside itself."""

    @property
    def empty(self) -> bool:
        return all(claim.strength == NOTHING for claim in self.claims)


def read(source: str) -> Test:
    """The test that a top-level statement is. Raises SyntaxError."""
    body = ast.parse(source).body
    named = next(
        (node for node in body if isinstance(node, _DEFINED)),
        None,
    )
    claims = tuple(claim for node in body for claim in _claims(node, {}, "", top=True))
    key = named.name if named else " ; ".join(sorted(claim.subject for claim in claims))
    return Test(key, claims, _skipped(body), _own(body))


def _own(body: Sequence[ast.stmt]) -> frozenset[str]:
    """Names of functions and classes that are defined inside of others."""
    outer = (node for node in body if isinstance(node, _DEFINED))
    inner = (found for node in outer for line in node.body for found in ast.walk(line))
    return frozenset(found.name for found in inner if isinstance(found, _DEFINED))


# ---- statements ------------------------------------------------------------------------------------------------


def _claims(node: ast.stmt, bound: dict[str, ast.expr], inside: str, *, top: bool = False) -> Iterator[Claim]:
    """The claims of a statement. `inside` is what it stands in: loops, conditions, functions that somebody must call."""
    if isinstance(node, ast.Assert):
        yield from _asserted(_resolved(node.test, bound), inside)
    elif isinstance(node, ast.With | ast.AsyncWith):
        raised = [item for item in node.items if _is_raises(item.context_expr)]
        if raised:
            yield _raises(raised[0].context_expr, node.body, bound, inside)
        else:
            yield from _block(node.body, bound, inside)
    elif isinstance(node, _DEFINED):
        marks = [ast.unparse(mark) for mark in node.decorator_list]
        name = "" if top and not isinstance(node, ast.ClassDef) else node.name
        taken = "" if isinstance(node, ast.ClassDef) else ast.unparse(node.args)
        header = " ".join([*marks, name, taken]).strip()
        yield from _block(node.body, {}, f"{inside}{header}: " if header else inside)
    elif isinstance(node, ast.For | ast.AsyncFor):
        header = f"for {ast.unparse(node.target)} in {ast.unparse(_resolved(node.iter, bound))}: "
        yield from _block([*node.body, *node.orelse], dict(bound), inside + header)
    elif isinstance(node, ast.If | ast.While):
        header = f"if {ast.unparse(_resolved(node.test, bound))}: "
        yield from _block([*node.body, *node.orelse], dict(bound), inside + header)
    elif isinstance(node, ast.Try):
        yield from _block([*node.body, *node.orelse, *node.finalbody], bound, inside)


def _block(body: Sequence[ast.stmt], bound: dict[str, ast.expr], inside: str) -> Iterator[Claim]:
    bound = dict(bound)
    for node in body:
        yield from _claims(node, bound, inside)
        if isinstance(node, ast.Assign) and len(node.targets) == 1 and isinstance(node.targets[0], ast.Name):
            bound[node.targets[0].id] = _resolved(node.value, bound)


class _Resolver(ast.NodeTransformer):
    def __init__(self, bound: dict[str, ast.expr]) -> None:
        self.bound = bound

    def visit_Name(self, node: ast.Name) -> ast.expr:
        return self.bound.get(node.id, node)


def _resolved(node: ast.expr, bound: dict[str, ast.expr]) -> ast.expr:
    """The expression with bound names replaced; the tree that was read stays as it is."""
    found = ast.parse(ast.unparse(node), mode="eval").body
    resolved: ast.expr = _Resolver(bound).visit(found)
    return resolved


def _is_raises(node: ast.expr) -> bool:
    return isinstance(node, ast.Call) and ast.unparse(node.func).endswith("raises") and bool(node.args)


def _raises(node: ast.expr, body: list[ast.stmt], bound: dict[str, ast.expr], inside: str) -> Claim:
    assert isinstance(node, ast.Call)
    name = ast.unparse(node.args[0])
    calls = [_resolved(line.value, bound) for line in body if isinstance(line, ast.Expr | ast.Assign)]
    subject = inside + "; ".join(ast.unparse(call) for call in calls)
    if _WIDE & set(_classes(node.args[0])):
        return Claim(subject, "raises", name, PARTIAL)
    said = [f"{word.arg}={ast.unparse(word.value)}" for word in node.keywords]
    return Claim(subject, "raises", ", ".join([name, *said]), EXACT if said else COMPUTED)


def _classes(node: ast.expr) -> list[str]:
    """The last names of the classes that an expression lists."""
    listed = node.elts if isinstance(node, ast.Tuple) else [node]
    return [ast.unparse(one).split(".")[-1] for one in listed]


# ---- assertions ------------------------------------------------------------------------------------------------


def _asserted(test: ast.expr, inside: str) -> Iterator[Claim]:
    if isinstance(test, ast.BoolOp) and isinstance(test.op, ast.And):
        for part in test.values:
            yield from _asserted(part, inside)
    elif isinstance(test, ast.Compare) and len(test.ops) == 1:
        yield _compared(test, inside)
    else:
        negated = isinstance(test, ast.UnaryOp) and isinstance(test.op, ast.Not)
        inner = test.operand if isinstance(test, ast.UnaryOp) and negated else test
        yield Claim(inside + ast.unparse(inner), "is true", str(not negated), _truth_strength(test))


def _truth_strength(test: ast.expr) -> int:
    loose = isinstance(test, ast.Call) and ast.unparse(test.func) in ("isinstance", "callable", "hasattr")
    either = isinstance(test, ast.BoolOp)
    if not _asks(test) or isinstance(test, ast.Tuple | ast.List | ast.Lambda | ast.GeneratorExp):
        return NOTHING
    if either and any(not _asks(part) for part in test.values):  # type: ignore[attr-defined]
        return NOTHING
    return LOOSE if loose or either else PARTIAL


def _compared(test: ast.Compare, inside: str) -> Claim:
    left, right, relation = test.left, test.comparators[0], _RELATIONS[type(test.ops[0])]
    if not _asks(left) and _asks(right) and relation in ("==", "is"):
        left, right = right, left
    subject, expected = ast.unparse(left), ast.unparse(right)
    tolerance = _tolerance(right)
    if tolerance:
        relation, expected = f"== within {tolerance}", ast.unparse(right.args[0])  # type: ignore[attr-defined]
    if (
        not _asks(left)
        or subject == expected
        or (subject.startswith("len(") and (relation, expected) == (">=", "0"))
    ):
        return Claim(inside + subject, relation, expected, NOTHING)
    strength = _STRENGTH.get(relation, PARTIAL)
    if relation in ("==", "is"):
        strength = EXACT if _is_value(right) else COMPUTED
    elif tolerance:
        strength = COMPUTED
    return Claim(inside + subject, relation, expected, strength)


def _tolerance(node: ast.expr) -> str:
    """What follows the value in `approx(value, ...)`; empty for anything else."""
    if not (isinstance(node, ast.Call) and ast.unparse(node.func).endswith("approx") and node.args):
        return ""
    rest = [
        *map(ast.unparse, node.args[1:]),
        *(f"{word.arg}={ast.unparse(word.value)}" for word in node.keywords),
    ]
    return ", ".join(sorted(rest)) or "approx"


def _asks(node: ast.expr) -> bool:
    """It holds a call of something, or a name, that is not Python's own: without one nothing is tested."""
    names = (found.id for found in ast.walk(node) if isinstance(found, ast.Name))
    return any(name not in _BUILTIN for name in names)


def _is_value(node: ast.expr) -> bool:
    """A literal, or literals in calls that make plain values."""
    if isinstance(node, ast.Constant):
        return True
    if isinstance(node, ast.Call):
        return (
            ast.unparse(node.func).split(".")[-1] in _VALUES
            and all(map(_is_value, node.args))
            and not node.keywords
        )
    if isinstance(node, ast.Dict):
        return all(key is not None and _is_value(key) for key in node.keys) and all(
            map(_is_value, node.values)
        )
    if isinstance(node, ast.List | ast.Tuple | ast.Set):
        return all(map(_is_value, node.elts))
    if isinstance(node, ast.BinOp):
        return _is_value(node.left) and _is_value(node.right)
    return isinstance(node, ast.UnaryOp) and _is_value(node.operand)


# ---- what is never looked at -----------------------------------------------------------------------------------


def _skipped(body: Sequence[ast.stmt]) -> str:
    """Why claims in these statements may never be looked at, or nothing."""
    wide = _WIDE | _aliases(body)
    for node in (found for statement in body for found in ast.walk(statement)):
        if isinstance(node, _DEFINED):
            marks = [mark for mark in node.decorator_list if _SKIPS & set(_words(mark))]
            if marks:
                return f"@{ast.unparse(marks[0])}"
        if isinstance(node, ast.Call) and _SKIPS & set(_words(node.func)):
            return ast.unparse(node)
        if isinstance(node, ast.Raise) and node.exc is not None and _SKIPS & set(_words(node.exc)):
            return ast.unparse(node)
        if isinstance(node, ast.Try) and (swallowed := _swallows(node, wide)):
            return swallowed
        if isinstance(node, ast.With | ast.AsyncWith) and (suppressed := _suppresses(node)):
            return f"with {suppressed}"
        if (
            isinstance(node, ast.If | ast.While)
            and isinstance(node.test, ast.Constant)
            and not node.test.value
        ):
            return f"if {ast.unparse(node.test)}"
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) and _ends_early(node.body):
            return "return before the last assertion"
    return ""


def _words(node: ast.expr) -> list[str]:
    return ast.unparse(node).replace("(", ".").split(".")


def _aliases(body: Sequence[ast.stmt]) -> set[str]:
    """Other names that these statements give to the classes that catch a failed assertion."""
    made = (node for statement in body for node in ast.walk(statement) if isinstance(node, ast.Assign))
    return {
        target.id
        for node in made
        for target in node.targets
        if isinstance(target, ast.Name) and _WIDE & set(_classes(node.value))
    }


def _swallows(node: ast.Try, wide: set[str]) -> str:
    """A handler that an assertion's failure ends in, without being raised again, or an end that forgets it."""
    if not _holds(node.body, ast.Assert):
        return ""
    if _holds(node.finalbody, ast.Return):
        return "return in finally"
    for handler in node.handlers:
        caught = _classes(handler.type) if handler.type else ["BaseException"]
        if wide & set(caught) and not _holds(handler.body, ast.Raise):
            return f"except {ast.unparse(handler.type) if handler.type else caught[0]}"
    return ""


def _suppresses(node: ast.With | ast.AsyncWith) -> str:
    """A context manager around assertions that forgets their failure."""
    managers = [ast.unparse(item.context_expr) for item in node.items]
    found = [text for text in managers if text.split("(")[0].split(".")[-1] == "suppress"]
    return found[0] if found and _holds(node.body, ast.Assert) else ""


def _holds(body: Sequence[ast.stmt], kind: type[ast.stmt]) -> bool:
    return any(isinstance(found, kind) for statement in body for found in ast.walk(statement))


def _ends_early(body: Sequence[ast.stmt]) -> bool:
    """It may return before its last assertion: nothing of functions inside of it is looked at."""
    lines = [found for node in body for found in _in_this_function(node)]
    returns = [found.lineno for found in lines if isinstance(found, ast.Return)]
    last = max((found.lineno for found in lines if isinstance(found, ast.Assert)), default=0)
    return bool(returns) and min(returns) < last


def _in_this_function(node: ast.AST) -> Iterator[ast.stmt]:
    if isinstance(node, ast.stmt):
        yield node
    if not isinstance(node, _DEFINED):
        for child in ast.iter_child_nodes(node):
            yield from _in_this_function(child)
