"""Styles `asserts` (each top-level statement that contains an assert, or calls what does, is a test) and `humaneval` (`check`
is the test)."""

import ast
import sys
import types

import asserts
import names
import tracebacks
from conversation import TALK
from results import failed, test

BAD_TESTS = (SyntaxError, ValueError, RecursionError, MemoryError)
MARK = "_ef_test"


class Prepared:
    """Compiled tests: their assert statements, the texts of the top-level tests, and the names that they use."""

    def __init__(self, source, style):
        tree = ast.parse(source, "tests.py")
        self.source = source
        self.helpers = asserts.helpers(tree) if style == "asserts" else set()
        self.asserts = asserts.remembering(tree)
        self.tests = [s for s in tree.body if self.is_test(s)] if style == "asserts" else []
        if style == "asserts":
            tree.body = [part for s in tree.body for part in ((mark(s), s) if s in self.tests else (s,))]
        self.imported = {name for node in ast.walk(tree) for name in imported_by(node)}
        self.code = compile(tree, "tests.py", "exec", dont_inherit=True)

    def is_test(self, statement):
        if isinstance(statement, (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)):
            return False
        within = any(statement.lineno <= a.lineno <= (statement.end_lineno or 0) for a in self.asserts)
        return within or asserts.asserting(statement, self.helpers)

    def name(self):
        """`__name__` for the tests: they are the program where it is that what some of them ask."""
        asked = any(isinstance(s, ast.If) and "__name__" in asserts.used(s.test) for s in self.tests)
        return "__main__" if asked else "tests"

    def text_of(self, node):
        return ast.get_source_segment(self.source, node) or ""


def imported_by(node):
    """Names that a statement takes out of a module that is not Python's own, as they were then; `*` for all of them."""
    if not isinstance(node, ast.ImportFrom) or (node.module or "").split(".")[0] in sys.stdlib_module_names:
        return ()
    return (alias.asname or alias.name for alias in node.names)


def mark(statement):
    """A call that tells which test begins; its place in the source is the statement's own."""
    call = ast.Expr(ast.Call(ast.Name(MARK, ast.Load()), [], []))
    for node in ast.walk(call):
        node.lineno = node.end_lineno = statement.lineno
        node.col_offset = node.end_col_offset = statement.col_offset
    return call


def prepare(plan):
    return Prepared(plan["tests"], plan["style"])


def expected(prepared):
    return max(1, len(prepared.tests))


PLAIN = (int, float, str, bool, type(None))


def bind(namespace, code, module, entry_point):
    """Give the tests the solution's names; returns those of numbers and texts."""
    for name in names.under_test(code, module._names, entry_point):
        namespace[name] = getattr(module, name)
    return {name: x for name, x in namespace.items() if name in module._names and type(x) in PLAIN}


def refresh(namespace, module, bound):
    """Numbers and texts among the solution's globals are what they are now, as where tests stand below it in one file; what the
    tests have put there themselves stays."""
    for name, was in bound.items():
        if namespace.get(name) is was:
            namespace[name] = bound[name] = getattr(module, name)


def run(plan, prepared, module):
    tracebacks.remember("tests.py", prepared.source)
    if plan["style"] == "asserts" and not prepared.tests:
        return [test("tests", "error", "tests", "no_tests", "the tests contain no assert statement")], 0
    begun = []
    bound = {}

    def begin():
        refresh(namespace, module, bound)
        begun.append(TALK.calls)

    namespace = {"__name__": prepared.name(), MARK: begin}
    sys.modules["tests"] = types.ModuleType("tests")
    error = attempt(plan, prepared, module, namespace, bound)
    if plan["style"] == "humaneval":
        return [outcome("check", prepared, error)], 1
    return results(prepared, len(begun), error), len(prepared.tests)


def attempt(plan, prepared, module, namespace, bound):
    """Run the tests; the exception that ended them, or None."""
    try:
        found = bind(namespace, prepared.code, module, plan["entry_point"])
        if "*" not in prepared.imported:
            bound |= {name: x for name, x in found.items() if name not in prepared.imported}
        exec(prepared.code, namespace)
        if plan["style"] == "humaneval":
            candidate = getattr(module, plan["entry_point"])
            if "check" not in namespace:
                raise LookupError("the tests do not define check(candidate)")
            namespace["check"](candidate)
    except BaseException as error:
        return error
    return None


def results(prepared, begun, error):
    """One result for each top-level test: those before the failure passed, those after it were not run."""
    made = []
    for number, statement in enumerate(prepared.tests):
        name = f"test {number + 1}"
        if number < begun - 1 or (number == begun - 1 and error is None):
            made.append(test(name, "passed"))
        elif number == begun - 1:
            made.append(outcome(name, prepared, error, prepared.text_of(statement)))
        else:
            made.append(test(name, "not_run"))
    if error is not None and not begun:
        made = [outcome("tests", prepared, error), *made[1:]]
    return made


def outcome(name, prepared, error, source=""):
    if error is None:
        return test(name, "passed")
    node, seen = where(prepared, error)
    message = ""
    if node is not None and isinstance(error, AssertionError):
        message = "\n".join(part for part in (asserts.explain(node, seen), str(error)) if part)
    if node is not None:
        source = prepared.text_of(node)
    return failed(name, error, TALK.calls > 0, message, source)


def where(prepared, error):
    """The assert statement that was running, and the names of its frame."""
    trace, found = error.__traceback__, (None, {})
    while trace is not None:
        if trace.tb_frame.f_code.co_filename == "tests.py":
            node = asserts.failing(prepared.asserts, trace.tb_lineno)
            if node is not None:
                found = node, trace.tb_frame.f_locals
        trace = trace.tb_next
    return found
