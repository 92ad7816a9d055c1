"""A StopIteration out of a call ends a `map`, `zip` or `for` of the tests as if nothing were left to judge.

So it must be handled by Python code of the tests (`except`, `with pytest.raises`): one that is dropped by anything else
leaves the item without a verdict. Whether it was handled the interpreter itself tells, from the first such exception on."""

import sys

from conversation import TALK

REASON = "a StopIteration that the solution raised may have ended a loop of the tests"
TOOL = 4
"""A number that no tool of the interpreter's own list has."""


class Flight:
    """Of one exception, whether anything has handled it. It is dropped with the exception."""

    def __init__(self):
        self.over = False

    def __del__(self):
        if not self.over:
            TALK.refused = TALK.refused or ("needs_shared", REASON)


def watched(error):
    if isinstance(error, StopIteration):
        if not hasattr(sys, "monitoring"):  # Python 3.11, where nothing tells
            TALK.refuse("needs_shared", REASON)
        watch()
        error.__dict__["_flight"] = Flight()
    return error


def watch():
    told = sys.monitoring
    if told.get_tool(TOOL) is None:
        told.use_tool_id(TOOL, "execfeedback")
        told.register_callback(
            TOOL, told.events.EXCEPTION_HANDLED, lambda _code, _at, error: note(error, True)
        )
        for event in (told.events.RAISE, told.events.RERAISE):
            told.register_callback(TOOL, event, lambda _code, _at, error: note(error, False))
        told.set_events(TOOL, told.events.EXCEPTION_HANDLED | told.events.RAISE | told.events.RERAISE)


def note(error, over):
    flight = error.__dict__.get("_flight") if isinstance(error, StopIteration) else None
    if flight is not None:
        flight.over = over
