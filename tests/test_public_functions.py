"""Public functions stay functions, whatever submodules were imported before them."""

import subprocess
import sys

PROBE = """
import pkgutil, importlib, execfeedback
for module in pkgutil.iter_modules(execfeedback.__path__):
    if not module.name.startswith("_"):
        importlib.import_module(f"execfeedback.{module.name}")
for name in ("verify", "grow", "Sandbox"):
    assert callable(getattr(execfeedback, name)), name
"""


def test_no_submodule_hides_a_public_function() -> None:
    subprocess.run([sys.executable, "-c", PROBE], check=True)
