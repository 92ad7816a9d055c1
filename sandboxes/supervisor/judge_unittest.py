"""Style `unittest`: a test file, run by the standard library's loader and runner."""

import builtins
import linecache
import sys
import traceback
import types
import unittest

import asserts
import names
import tracebacks
from conversation import TALK
from results import failed, test

BAD_TESTS = (SyntaxError, ValueError, RecursionError, MemoryError)


def prepare(plan):
    return compile(plan["tests"], "test_solution.py", "exec", dont_inherit=True), plan["tests"]


def expected(_prepared):
    return 1


class Results(unittest.TestResult):
    """Collects one result for each test and subtest failure."""

    def __init__(self):
        super().__init__()
        self.made, self.calls = [], 0

    def startTest(self, case):
        super().startTest(case)
        self.calls = TALK.calls
        self.bad = False

    def stopTest(self, case):
        super().stopTest(case)
        if not self.bad:
            self.made.append(test(case.id().removeprefix("test_solution."), "passed"))

    def note(self, case, result):
        self.bad = True
        self.made.append(result)

    def addError(self, case, info):
        error = info[1]
        self.note(case, failed(str(case), error, TALK.calls > self.calls, compared(error), line_of(error)))

    addFailure = addError

    def addSubTest(self, case, subtest, info):
        if info is not None:
            self.addError(subtest, info)

    def addSkip(self, case, reason):
        self.note(case, test(str(case), "skipped", "tests", "skipped", str(reason)))

    def addExpectedFailure(self, case, info):
        self.note(case, test(str(case), "skipped", "tests", "skipped", "expected failure"))

    def addUnexpectedSuccess(self, case):
        self.note(case, test(str(case), "skipped", "tests", "skipped", "unexpected success"))


def frames_of(error):
    return [frame for frame, _line in traceback.walk_tb(error.__traceback__)]


def compared(error):
    """`got:` and `expected:` lines from the arguments of the assert method that failed; empty where it had none."""
    for frame in frames_of(error):
        seen = frame.f_locals
        if frame.f_code.co_name.startswith("assert") and "first" in seen and "second" in seen:
            return f"got: {asserts.shown(seen['first'])}\nexpected: {asserts.shown(seen['second'])}"
    return ""


def line_of(error):
    """The line of the tests that was running."""
    lines = [line for frame, line in traceback.walk_tb(error.__traceback__) if is_test(frame)]
    return linecache.getline("test_solution.py", lines[-1]).strip() if lines else ""


def is_test(frame):
    return frame.f_code.co_filename == "test_solution.py"


def offer_names(code, module):
    """A name that the tests use and nobody defines is the solution's."""
    for name in names.undefined(code, module._names, None):
        setattr(builtins, name, getattr(module, name))


def run(plan, prepared, module):
    code, source = prepared
    tracebacks.remember("test_solution.py", source)
    tests = types.ModuleType("test_solution")
    sys.modules["test_solution"] = tests
    results = Results()
    try:
        offer_names(code, module)
        exec(code, tests.__dict__)
        unittest.defaultTestLoader.loadTestsFromModule(tests).run(results)
    except BaseException as error:
        results.made.append(failed("tests", error, TALK.calls > 0))
    if not results.made:
        return [test("tests", "error", "tests", "no_tests", "the file contains no test")], 0
    return results.made, len(results.made)
