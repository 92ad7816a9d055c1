"""The program that runs in the sandbox: `{"old": [text], "new": [text]}` on stdin, `{"entries": [[kind, old, new, why]]}` out.

Each text is one test. One that cannot be read is a tautology under its own text: it is never taken for anything better.
"""

import json
import sys
from dataclasses import astuple
from typing import Any

from execfeedback.ledger.claims import Test, read
from execfeedback.ledger.compare import compared


def test_in(text: str) -> Test:
    try:
        return read(text)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return Test(text, (), "it cannot be read")


def answer(question: dict[str, Any]) -> dict[str, Any]:
    old, new = ([test_in(text) for text in question[side]] for side in ("old", "new"))
    return {"entries": [astuple(entry) for entry in compared(old, new)]}


def main() -> None:
    """Read the question, write the answer."""
    json.dump(answer(json.load(sys.stdin)), sys.stdout)
