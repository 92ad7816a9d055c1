"""What a program answers on generated inputs, so that two programs can be compared. Standard library only.

Untrusted tests are not parsed and untrusted solutions not called on the host: `script_files()` is this
package as files of a sandbox job. Its program `behaviour.py` reads one JSON object on stdin and writes a
line for each call on stdout, `expected.py` reads tests (see `execfeedback.behaviour_in_sandbox`).
"""

from functools import cache
from pathlib import Path

_START = "from execfeedback.behaviour.{module} import main\n\nmain()\n"


@cache
def script_files() -> dict[str, str]:
    """Path to text of every file that `python3 behaviour.py` needs beside `solution.py`."""
    folder = Path(__file__).parent
    own = {f"execfeedback/behaviour/{path.name}": path.read_text("utf-8") for path in folder.glob("*.py")}
    starts = {"behaviour.py": _START.format(module="script"), "expected.py": _START.format(module="expected")}
    return {**starts, "execfeedback/__init__.py": "", **own}
