"""The tests of a suite, one by one, and which of them the loop may see. Text handling only: nothing is parsed here.

A piece of a Python suite is a top-level statement: a test, or what tests share (imports, helpers, variables). A test that
touches a shared variable may depend on those before it, so it never stands alone. Of `cases` and `stdio` every case is a
piece. Any other suite (one `check` function, a class of `unittest`, another language's test program) is one piece.
"""

import re
from collections.abc import Collection
from typing import NamedTuple

from execfeedback.ids import digest
from execfeedback.scanning import Chunk, chunks, words
from execfeedback.types import Case, StdioCase, TestSuite, Trajectory

LEAST_VISIBLE = 2
"""Tests that the loop keeps: fewer say too little about a solution."""
_DEFINES = ("def ", "class ", "import ", "from ", "async def ", "@")
_ASSERTS = re.compile(r"\bassert\b|\braises\(")


class Piece(NamedTuple):
    """A statement or case. `alone`: it is a test, and means the same without the others."""

    content: str | Case | StdioCase
    test: bool
    alone: bool


def pieces(suite: TestSuite) -> tuple[Piece, ...]:
    """All of a suite, in order."""
    if not isinstance(suite.tests, str):
        return tuple(Piece(case, True, True) for case in suite.tests)
    if suite.style not in ("asserts", "pytest"):
        return (Piece(suite.tests, True, False),)
    found = chunks(suite.tests)
    tests = [_is_test(chunk, suite.style) for chunk in found]
    shared = [chunk for chunk, test in zip(found, tests, strict=True) if not test]
    state = _variables(shared) if suite.style == "asserts" else frozenset()
    return tuple(
        Piece(chunk.text, test, test and not words(chunk.text) & state)
        for chunk, test in zip(found, tests, strict=True)
    )


def _is_test(chunk: Chunk, style: str) -> bool:
    if style == "pytest":
        return any(name.startswith(("test", "Test")) for name in chunk.names)
    return not chunk.head.startswith(_DEFINES) and bool(_ASSERTS.search(chunk.text))


def _variables(shared: list[Chunk]) -> frozenset[str]:
    """What statements between the tests bind or touch: state that a test may depend on or change."""
    loose = [chunk for chunk in shared if not chunk.head.startswith(_DEFINES)]
    return frozenset().union(*(words(chunk.text) if not chunk.names else chunk.names for chunk in loose))


def of_pieces(suite: TestSuite, kept: Collection[Piece]) -> TestSuite:
    """The suite made of these pieces alone."""
    if isinstance(suite.tests, str):
        return suite.model_copy(update={"tests": "".join(f"{piece.content}\n" for piece in kept)})
    return suite.model_copy(update={"tests": tuple(piece.content for piece in kept)})


def one_by_one(suite: TestSuite) -> tuple[TestSuite, ...]:
    """A suite for each test that stands alone, with what all share."""
    whole = pieces(suite)
    return tuple(
        of_pieces(suite, [other for other in whole if other is piece or not other.test])
        for piece in whole
        if piece.alone
    )


def with_test(suite: TestSuite, test: Piece) -> TestSuite:
    """A suite of one test, with what the tests of `suite` share."""
    return of_pieces(suite, [*(piece for piece in pieces(suite) if not piece.test), test])


def divided(suite: TestSuite, share: float, *seed: object) -> tuple[TestSuite, TestSuite | None]:
    """The part that the loop sees and the part that is held out for admission, or None where nothing can be.

    At most `share` of the tests is held out, always the same for the same content and seed; given tests never are.
    """
    whole = pieces(suite)
    tests = {text_of(piece) for piece in whole if piece.test}
    alone = {text_of(piece) for piece in whole if piece.alone}
    most = 0 if suite.origin == "given" else min(int(share * len(tests)), len(tests) - LEAST_VISIBLE)
    hidden = set(sorted(alone, key=lambda text: digest([*seed, text]))[: max(0, most)])
    if not hidden:
        return suite, None
    seen = of_pieces(suite, [piece for piece in whole if text_of(piece) not in hidden])
    held = of_pieces(suite, [piece for piece in whole if text_of(piece) in hidden or not piece.test])
    return seen, held.model_copy(update={"visible": False})


def text_of(piece: Piece) -> str:
    """The statement, or the case as JSON."""
    return piece.content if isinstance(piece.content, str) else piece.content.model_dump_json()


def whole_suite(trajectory: Trajectory) -> TestSuite | None:
    """What the loop sees and what it does not, in one."""
    suite, held = trajectory.suite, trajectory.held_out
    if suite is None or held is None:
        return suite
    seen = pieces(suite)
    known = {text_of(piece) for piece in seen}
    return of_pieces(suite, [*seen, *(piece for piece in pieces(held) if text_of(piece) not in known)])
