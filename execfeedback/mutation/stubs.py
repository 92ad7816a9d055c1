"""Trivial programs that keep the signatures: tests that one of them passes do not discriminate."""

import ast
from collections.abc import Iterator

from execfeedback.mutation.names import parameters
from execfeedback.mutation.source import FUNCTIONS, Code, Edit, Function, Mutant, read

_BODIES = {
    "none": "return None",
    "zero": "return 0",
    "empty_list": "return []",
    "empty_text": 'return ""',
    "true": "return True",
    "false": "return False",
    "raise": "raise NotImplementedError",
    "empty": "pass",
}
_MAKERS = ("__init__", "__new__")
_SCRIPTS = {
    "silent": "pass\n",
    "zero": "print(0)\n",
    "empty_line": "print()\n",
    "yes": 'print("YES")\n',
    "echo": "import sys\n\nprint(sys.stdin.read())\n",
}


def stubs(source: str, entry_point: str | None) -> list[Mutant]:
    """Stubs of the functions that tests may call: of the class `entry_point` all methods but those that make objects,
    without an entry point everything at the top. A program without functions is replaced whole. Raises
    SyntaxError."""
    code = read(source)
    chosen = _chosen(code.tree, entry_point)
    if not chosen:
        return [Mutant(f"stub_{name}", 1, f"program: {name}", text) for name, text in _SCRIPTS.items()]
    made = [_stubbed(code, chosen, f"stub_{name}", body) for name, body in _BODIES.items()]
    if any(map(_first_parameter, chosen)):
        made.append(_stubbed(code, chosen, "stub_first_argument", None))
    return [stub for stub in made if stub.source != code.text]


def _chosen(tree: ast.Module, entry_point: str | None) -> list[Function]:
    """Functions to be emptied. An entry point that is not there counts as none given."""
    named = [
        node for node in tree.body if getattr(node, "name", None) == entry_point and entry_point is not None
    ]
    return [function for node in (named or tree.body) for function in _functions(node)]


def _functions(node: ast.stmt) -> Iterator[Function]:
    if isinstance(node, FUNCTIONS):
        yield node
    elif isinstance(node, ast.ClassDef):
        yield from (
            inner for inner in node.body if isinstance(inner, FUNCTIONS) and inner.name not in _MAKERS
        )


def _first_parameter(function: Function) -> str | None:
    names = [name for name in parameters(function.args) if name not in ("self", "cls")]
    return names[0] if names else None


def _stubbed(code: Code, functions: list[Function], kind: str, body: str | None) -> Mutant:
    """Without a body each returns its first argument, and None where it has none: as it was it would pass its own tests."""
    edits = tuple(
        Edit(
            code.span(function.body[0])[0],
            code.span(function.body[-1])[1],
            body or f"return {_first_parameter(function)}",
        )
        for function in functions
    )
    return Mutant(
        kind, functions[0].lineno, f"every body is `{body or 'return its first argument'}`", code.apply(edits)
    )
