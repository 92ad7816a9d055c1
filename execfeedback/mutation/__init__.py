"""Realistic mistakes in Python source, trivial stubs of it, and its normal form. Pure, standard library only.

Untrusted source is not even parsed on the host: `script_files()` is this package as files of a sandbox job,
whose program `mutation.py` reads one JSON object on stdin and writes one on stdout (see
`execfeedback.mutants_in_sandbox`)."""

from functools import cache
from pathlib import Path

from execfeedback.mutation.kinds import KINDS, mutants
from execfeedback.mutation.normal import normal_form
from execfeedback.mutation.source import Mutant
from execfeedback.mutation.stubs import stubs

__all__ = ["KINDS", "Mutant", "mutants", "normal_form", "script_files", "stubs"]

_START = "from execfeedback.mutation.script import main\n\nmain()\n"


@cache
def script_files() -> dict[str, str]:
    """Path to text of every file that `python3 mutation.py` needs."""
    package = Path(__file__).parent
    own = {
        f"execfeedback/mutation/{path.name}": path.read_text("utf-8") for path in sorted(package.glob("*.py"))
    }
    return {"mutation.py": _START, "execfeedback/__init__.py": "", **own}
