"""What a revision did to each test. Python is untrusted text: it is read in the sandbox, never on the host."""

from collections.abc import Sequence
from typing import Any

from execfeedback.errors import SandboxError
from execfeedback.ids import canonical
from execfeedback.ledger.claims import EXACT, Claim, Test
from execfeedback.ledger.compare import Entry, compared
from execfeedback.parts import Piece
from execfeedback.protocols import Sandbox
from execfeedback.script_jobs import answer_of, ask, package_files, start
from execfeedback.types import Case, Limits, StdioCase

_LIMITS = Limits(cpu_s=10, wall_s=30, memory_mb=512, output_kb=4096)


async def entries_between(old: Sequence[Piece], new: Sequence[Piece], sandbox: Sandbox) -> list[Entry]:
    """The ledger of two lists of tests, without evidence; none when a limit ended the reading. Raises SandboxError."""
    if all(isinstance(piece.content, Case | StdioCase) for piece in (*old, *new)):
        return compared([_test(piece.content) for piece in old], [_test(piece.content) for piece in new])
    question = {"old": [piece.content for piece in old], "new": [piece.content for piece in new]}
    files = {**package_files("execfeedback.ledger"), "ledger.py": start("execfeedback.ledger.script")}
    answer = answer_of(await ask(sandbox, "ledger.py", files, question, _LIMITS))
    return [_entry(row, len(old), len(new)) for row in answer.get("entries", [])]


def _test(case: Any) -> Test:
    """A case as one claim: what goes in, and what must come out."""
    facts = case.model_dump(mode="json")
    given = {name: facts[name] for name in ("args", "kwargs", "stdin") if name in facts}
    expected = {name: facts[name] for name in ("expected", "raises", "stdout") if name in facts}
    return Test(canonical(given), (Claim(canonical(given), "==", canonical(expected), EXACT),))


def _entry(row: Any, old: int, new: int) -> Entry:
    """A line of our script, which ran where untrusted code cannot reach it; it is checked all the same."""
    kind, at, place, why = row
    if (at is not None and not 0 <= at < old) or (place is not None and not 0 <= place < new):
        raise SandboxError(f"the ledger names a test that there is not: {row!r:.200}")
    return Entry(str(kind), at, place, str(why))
