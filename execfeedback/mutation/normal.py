"""The normal form of a program: its syntax tree without decoration and without the names of locals."""

import ast

from execfeedback.mutation.source import FUNCTIONS, is_docstring

_COMPREHENSIONS = (ast.ListComp, ast.SetComp, ast.DictComp, ast.GeneratorExp)


def normal_form(source: str) -> str:
    """Text of the tree without docstrings, comments and annotations, locals numbered as they appear.

    Names of modules, attributes, keywords and of what a module or class defines stay. Raises SyntaxError."""
    tree = _Plain().visit(ast.parse(source))
    return ast.dump(_Renamed().visit(tree), annotate_fields=False)


class _Plain(ast.NodeTransformer):
    """Drops docstrings, bare string statements and annotations."""

    def generic_visit(self, node: ast.AST) -> ast.AST:
        super().generic_visit(node)
        for field in ("returns", "annotation", "type_comment"):
            if hasattr(node, field):
                setattr(node, field, None)
        if isinstance(getattr(node, "body", None), list):
            kept = [statement for statement in node.body if not is_docstring(statement)]  # type: ignore[attr-defined]
            node.body = kept or ([] if isinstance(node, ast.Module) else [ast.Pass()])  # type: ignore[attr-defined]
        return node

    def visit_AnnAssign(self, node: ast.AnnAssign) -> ast.AST:
        self.generic_visit(node)
        return ast.Pass() if node.value is None else ast.Assign(targets=[node.target], value=node.value)


class _Renamed(ast.NodeTransformer):
    """Gives the variables of functions, lambdas and comprehensions numbers in place of names."""

    def __init__(self) -> None:
        self.scopes: list[dict[str, str]] = []
        self.count = 0

    def _name(self, name: str) -> str:
        return next((scope[name] for scope in reversed(self.scopes) if name in scope), name)

    def _open(self, names: list[str]) -> None:
        scope: dict[str, str] = {}
        for name in names:
            if name not in scope:
                scope[name] = f"${self.count}"
                self.count += 1
        self.scopes.append(scope)

    def _function(self, node: ast.FunctionDef | ast.AsyncFunctionDef) -> ast.AST:
        node.name = self._name(node.name)
        node.decorator_list = [self.visit(decorator) for decorator in node.decorator_list]
        self._defaults(node.args)
        self._open(_bound(node))
        self._rename_parameters(node.args)
        node.body = [self.visit(statement) for statement in node.body]
        self.scopes.pop()
        return node

    visit_FunctionDef = _function
    visit_AsyncFunctionDef = _function

    def visit_Lambda(self, node: ast.Lambda) -> ast.AST:
        self._defaults(node.args)
        self._open(_bound(node))
        self._rename_parameters(node.args)
        node.body = self.visit(node.body)
        self.scopes.pop()
        return node

    def _defaults(self, arguments: ast.arguments) -> None:
        arguments.defaults = [self.visit(value) for value in arguments.defaults]
        arguments.kw_defaults = [value and self.visit(value) for value in arguments.kw_defaults]

    def _rename_parameters(self, arguments: ast.arguments) -> None:
        for argument in ast.walk(arguments):
            if isinstance(argument, ast.arg):
                argument.arg = self._name(argument.arg)

    def visit_Name(self, node: ast.Name) -> ast.AST:
        node.id = self._name(node.id)
        return node

    def visit_ExceptHandler(self, node: ast.ExceptHandler) -> ast.AST:
        node.name = node.name and self._name(node.name)
        return self.generic_visit(node)

    def visit_Global(self, node: ast.Global) -> ast.AST:
        node.names = sorted(node.names)
        return node

    def visit_Nonlocal(self, node: ast.Nonlocal) -> ast.AST:
        node.names = [self._name(name) for name in node.names]
        return node

    def generic_visit(self, node: ast.AST) -> ast.AST:
        if isinstance(node, _COMPREHENSIONS):
            self._open(
                [n.id for part in node.generators for n in ast.walk(part.target) if isinstance(n, ast.Name)]
            )
            super().generic_visit(node)
            self.scopes.pop()
            return node
        return super().generic_visit(node)


def _bound(function: ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda) -> list[str]:
    """Names that a function binds, in the order of the text: its parameters, then what its body assigns."""
    names = [node.arg for node in ast.walk(function.args) if isinstance(node, ast.arg)]
    given: set[str] = set()
    body = function.body if isinstance(function.body, list) else [function.body]
    waiting: list[ast.AST] = list(reversed(body))
    while waiting:
        node = waiting.pop()
        if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store):
            names.append(node.id)
        elif isinstance(node, (*FUNCTIONS, ast.ClassDef, ast.ExceptHandler)):
            names += [node.name] if node.name else []
        elif isinstance(node, ast.Global | ast.Nonlocal):
            given |= set(node.names)
        if not isinstance(node, (*FUNCTIONS, *_COMPREHENSIONS, ast.ClassDef, ast.Lambda)):
            waiting += reversed(list(ast.iter_child_nodes(node)))
    return [name for name in names if name not in given]
