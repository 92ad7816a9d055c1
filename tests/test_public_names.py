"""What people import, and what importing costs."""

import subprocess
import sys

import execfeedback


def test_the_public_names_are_these() -> None:
    assert execfeedback.__all__ == [
        "BudgetSpent",
        "ExecfeedbackError",
        "GeneratorError",
        "InputError",
        "Item",
        "Limits",
        "Problem",
        "Record",
        "Rejection",
        "Sandbox",
        "SandboxError",
        "SandboxMissing",
        "Trajectory",
        "Verdict",
        "__version__",
        "grow",
        "verify",
    ]
    for name in execfeedback.__all__:
        assert getattr(execfeedback, name) is not None


COST = """
import sys, time
start = time.process_time()
from pydantic import BaseModel
type("First", (BaseModel,), {})  # the first model loads the rest of pydantic
below = time.process_time() - start
import execfeedback
execfeedback.Item, execfeedback.Verdict, execfeedback.Problem
spent = time.process_time() - start
heavy = sorted({"litellm", "docker", "ray", "pyarrow"} & set(sys.modules))
print(spent, below, *heavy)
"""


def test_importing_is_cheap_and_loads_no_heavy_library() -> None:
    runs = [
        subprocess.run([sys.executable, "-c", COST], capture_output=True, text=True, check=True)
        for _ in range(12)  # the least of them: a busy machine charges other things too
    ]
    spent = [run.stdout.split() for run in runs]

    assert all(len(words) == 2 for words in spent), "a heavy library was imported"
    total, below = (min(float(words[place]) for words in spent) for place in (0, 1))
    assert total < max(0.150, 1.5 * below)  # of pydantic alone, on a machine that is slow today
