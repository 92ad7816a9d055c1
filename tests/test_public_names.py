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
import execfeedback
execfeedback.Item, execfeedback.Verdict, execfeedback.Problem
spent = time.process_time() - start
heavy = sorted({"litellm", "docker", "ray", "pyarrow"} & set(sys.modules))
print(spent, *heavy)
"""


def test_importing_is_cheap_and_loads_no_heavy_library() -> None:
    runs = [
        subprocess.run([sys.executable, "-c", COST], capture_output=True, text=True, check=True)
        for _ in range(3)
    ]
    spent = [run.stdout.split() for run in runs]

    assert all(len(words) == 1 for words in spent), "a heavy library was imported"
    assert min(float(words[0]) for words in spent) < 0.150
