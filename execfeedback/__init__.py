"""Grow a code corpus in which every row was proven by execution."""

import sys
from importlib import import_module
from types import ModuleType
from typing import Any

__version__ = "0.1.0"

_HOMES = {
    "execfeedback.errors": (
        "BudgetSpent",
        "ExecfeedbackError",
        "GeneratorError",
        "InputError",
        "SandboxError",
        "SandboxMissing",
    ),
    "execfeedback.types": ("Item", "Limits", "Problem", "Record", "Rejection", "Trajectory", "Verdict"),
    "execfeedback.library": ("Sandbox", "grow", "verify"),
}
_HOME_OF = {name: module for module, names in _HOMES.items() for name in names}
__all__ = sorted([*_HOME_OF, "__version__"])


def __getattr__(name: str) -> Any:
    """Public names are imported when they are used first, so that importing the package stays cheap."""
    if name in _HOME_OF:
        return getattr(import_module(_HOME_OF[name]), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


class _Package(ModuleType):
    """This package. A submodule of the name of a public function (`verify`) does not take the function's place."""

    def __setattr__(self, name: str, value: Any) -> None:
        if not (name in _HOME_OF and isinstance(value, ModuleType)):
            super().__setattr__(name, value)


sys.modules[__name__].__class__ = _Package
