"""Test results as the judge process reports them, and whose fault a failing test is."""

import re
import traceback

import tracebacks
from conversation import CannotJudge, SolutionGone
from guard import LinkRefused
from references import REFS
from solution_module import wants_hidden
from values import Refused

WORD = re.compile(r"\w+")


def test(name, outcome, blame=None, reason=None, message="", trace="", source=""):
    return {
        "name": name,
        "outcome": outcome,
        "blame": blame,
        "reason": reason,
        "message": message[:4000],
        "traceback": trace[-8000:],
        "source": source[:2000],
    }


def not_loaded(error):
    """The result when the solution could not be imported."""
    if isinstance(error, SolutionGone):
        return test("import", "error", "solution", "gone", "the solution ended while it was imported")
    if isinstance(error, Refused):
        return test(
            "import", "error", "solution", "malformed", f"the solution's answer cannot be read: {error}"
        )
    reason = "syntax" if isinstance(error, SyntaxError) else "import"
    return test("import", "error", "solution", reason, described(error), trace_of(error))


not_loaded.CAUGHT = (BaseException,)


def failed(name, error, called, message="", source=""):
    """The result of a test that ended in `error`. `called`: the solution had been used before."""
    if isinstance(error, CannotJudge):
        return test(name, "error", "item", error.reason, str(error), source=source)
    if wants_hidden(error):
        message = f"{described(error)}: that module is Python's, and a file of the solution has its name"
        return test(name, "error", "item", "needs_shared", message, source=source)
    if isinstance(error, SolutionGone):
        return test(
            name, "error", "solution", "gone", "the solution process ended during this test", source=source
        )
    if isinstance(error, Refused):
        return test(
            name,
            "error",
            "solution",
            "malformed",
            f"the solution's answer cannot be read: {error}",
            source=source,
        )
    if "_trace" in getattr(error, "__dict__", {}) or raised_by_solution(error):
        return test(
            name, "error", "solution", "exception", message or described(error), trace_of(error), source
        )
    if isinstance(error, AssertionError):
        return test(
            name, "failed", "solution", "assertion", message or described(error), trace_of(error), source
        )
    if isinstance(error, NameError) or is_missing_name(error):
        return test(name, "error", "solution", "missing_name", described(error), trace_of(error), source)
    if isinstance(error, TypeError) and not REFS.in_place.isdisjoint(WORD.findall(str(error))):
        message = f"{described(error)}: of that class Python takes nothing but a value of its own"
        return test(name, "error", "item", "needs_shared", message, source=source)
    if called or isinstance(error, LinkRefused):
        return test(name, "failed", "solution", "unusable_value", described(error), trace_of(error), source)
    return test(name, "error", "tests", "tests_error", described(error), trace_of(error), source)


def raised_by_solution(error):
    """In a shared run the solution's frames are here; in a split run there are none."""
    trace = error.__traceback__
    while trace is not None and trace.tb_next is not None:
        trace = trace.tb_next
    return trace is not None and trace.tb_frame.f_code.co_filename.endswith("/solution.py")


def is_missing_name(error):
    text = str(error)
    return (isinstance(error, AttributeError) and text.startswith("module 'solution' has no attribute")) or (
        isinstance(error, ImportError) and "'solution'" in text
    )


def described(error):
    text = str(error)
    return f"{type(error).__name__}: {text}" if text else type(error).__name__


def trace_of(error):
    """The traceback that a person wants: the solution's own where it raised, else the frames of the tests."""
    own = getattr(error, "__dict__", {}).get("_trace")
    if own:
        return own
    kept = tracebacks.shown(error.__traceback__)
    lines = ["Traceback (most recent call last):\n", *traceback.format_tb(kept)] if kept else []
    return "".join(lines) + described(error) + "\n"
