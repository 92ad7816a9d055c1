"""Mistakes in names: another variable of the same scope, another attribute of the same class."""

import ast
from collections.abc import Iterator
from functools import lru_cache

from execfeedback.mutation.source import FUNCTIONS, Change, Code

_SCOPES = (*FUNCTIONS, ast.Lambda, ast.ListComp, ast.SetComp, ast.DictComp, ast.GeneratorExp, ast.Module)
_INNER = (*_SCOPES, ast.ClassDef)


def parameters(arguments: ast.arguments) -> list[str]:
    """All parameter names of a signature, in its order."""
    plain = [*arguments.posonlyargs, *arguments.args, *arguments.kwonlyargs]
    starred = [argument for argument in (arguments.vararg, arguments.kwarg) if argument]
    return [argument.arg for argument in [*plain, *starred]]


def _own(scope: ast.AST) -> Iterator[ast.AST]:
    """Nodes of a scope without those of functions inside it."""
    for child in ast.iter_child_nodes(scope):
        yield child
        if not isinstance(child, _INNER):
            yield from _own(child)


def variables(scope: ast.AST) -> dict[str, int]:
    """Name to the line that first binds it: parameters, targets of assignments, loops and comprehensions."""
    found: dict[str, int] = {}
    if isinstance(scope, (*FUNCTIONS, ast.Lambda)):
        line = scope.lineno
        found = {name: line for name in parameters(scope.args) if name not in ("self", "cls")}
    for node in _own(scope):
        if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store) and node.id != "_":
            found[node.id] = min(node.lineno, found.get(node.id, node.lineno))
    return found


@lru_cache(maxsize=4)
def _scopes(code: Code) -> dict[ast.AST, dict[str, int]]:
    """Every scope with its variables; those of a comprehension belong to it alone."""
    return {node: variables(node) for node in ast.walk(code.tree) if isinstance(node, _SCOPES)}


def visible(code: Code, node: ast.AST) -> list[str]:
    """Variables that may be read where `node` stands, nearest scope first; globals only at the top."""
    line = getattr(node, "lineno", 0)
    names: dict[str, None] = {}
    scope = code.owner(node, _SCOPES)
    inside_function = False
    while scope is not None:
        if not (isinstance(scope, ast.Module) and inside_function):
            bound = _scopes(code)[scope].items()
            names.update({name: None for name, first in bound if first <= line})
        inside_function = inside_function or isinstance(scope, (*FUNCTIONS, ast.Lambda))
        scope = code.owner(scope, _SCOPES)
    return list(names)


def wrong_variable(code: Code, node: ast.AST) -> Iterator[Change]:
    """A variable that is read, to another one that can be read there."""
    if not isinstance(node, ast.Name) or not isinstance(node.ctx, ast.Load):
        return
    names = visible(code, node)
    parent = code.parents[node]
    if node.id in names and not (isinstance(parent, ast.Call) and parent.func is node):
        for other in names:
            if other != node.id:
                yield Change(f"wrong variable: `{node.id}` became `{other}`", (code.put(node, other),))


def wrong_attribute(code: Code, node: ast.AST) -> Iterator[Change]:
    """`self.x` to `self.y` of the same class, where it is read and no method."""
    owner = code.owner(node, ast.ClassDef)
    if not isinstance(node, ast.Attribute) or not isinstance(node.ctx, ast.Load) or owner is None:
        return
    if isinstance(node.value, ast.Name) and node.value.id == "self":
        fields = sorted(
            inner.attr
            for inner in ast.walk(owner)
            if isinstance(inner, ast.Attribute)
            and isinstance(inner.ctx, ast.Store)
            and code.of(inner.value) == "self"
        )
        for other in dict.fromkeys(fields):
            if node.attr in fields and other != node.attr:
                yield Change(
                    f"wrong attribute: `{node.attr}` became `{other}`", (code.put(node, f"self.{other}"),)
                )
