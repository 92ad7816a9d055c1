"""The solution loaded into the tests' own process, for items that allow it (see shared.py).

The styles' runners are the same as for a split run; they get a real module where they would get a proxy. An error in it
is the solution's. Which side an error between the two comes from cannot be told here, so it is the solution's as well.
"""

import os
import sys
import types

import tracebacks
from results import described, not_loaded, test

SOURCE = "solution.py"


def judged(runner, plan):
    """(results, how many were expected)."""
    try:
        prepared = runner.prepare(plan)
    except runner.BAD_TESTS as error:
        return [test("tests", "error", "tests", "tests_error", described(error))], 0
    try:
        module = load()
    except BaseException as error:
        return [not_loaded(error)], runner.expected(prepared)
    made, expected = runner.run(plan, prepared, module)
    return [blamed(result) for result in made], expected


def load():
    """The module `solution`, with the names that it defines as `_names`; raises what it raises."""
    module = sys.modules["solution"] = types.ModuleType("solution")
    module.__file__ = os.path.abspath(SOURCE)
    sys.path.insert(0, os.getcwd())
    with open(SOURCE, "rb") as file:
        source = file.read()
    tracebacks.remember(module.__file__, source.decode("utf-8-sig", "replace"))
    exec(compile(source, module.__file__, "exec"), module.__dict__)
    module._names = frozenset(n for n in vars(module) if n.isidentifier() and not n.startswith("__"))
    return module


def blamed(result):
    """An error that the tests met is the solution's, but for one in a file that could not even be collected."""
    if result["reason"] == "tests_error" and result["name"] not in ("collection", "session"):
        return {**result, "blame": "solution", "reason": "unusable_value"}
    return result
