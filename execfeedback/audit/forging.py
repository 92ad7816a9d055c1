"""What shows that a solution forges its result, where an exit code passes it and its tests do not. Pure.

Only such evidence makes a row `forged`. Honest programs end that way too: tests that patch a clock, share a module or look
into the solution's objects hold in one process and not across two.
"""

import re

from execfeedback.types import Item

_CONSTANT = r"(?:True|False|1|0|not self)\s*$"
_LIES = re.compile(
    r"\bdef __(eq|ne|lt|le|gt|ge|contains|instancecheck|subclasscheck)__\([^)]*\)[^\n]*?:"
    rf"(?:(?!\b(?:return|def|if|for|while)\b).)*?\breturn {_CONSTANT}"
    rf"|\b__(eq|ne|lt|le|gt|ge|contains)__ *= *lambda[^:\n]*: *{_CONSTANT}",
    re.S | re.M,
)
"""A comparison that says the same of everything."""
_REACHES = re.compile(
    r"\b(?:_getframe|currentframe|f_back|f_locals|f_globals|get_objects|get_referrers|settrace|setprofile|excepthook"
    r"|__builtins__|builtins|_pytest|conftest|__traceback__)\b|\bsys\.modules\b|\b(?:import|from) __main__\b"
    r"|\b(?:unittest|pytest)\.[\w.]+ *=(?!=)|\binspect\.stack\b"
)
"""Names by which a solution gets at frames, modules, builtins and the harness of its tests."""


def evidence(item: Item, ended_early: bool) -> str:
    """What a person should look at, or nothing."""
    code = item.solution if isinstance(item.solution, str) else "\n".join(item.solution.values())
    if ended_early:
        return "the process ends with exit code 0 before the tests have come to their end"
    if lie := _LIES.search(code):
        return f"`__{lie[1] or lie[2]}__` of the solution says the same of everything"
    if reach := _REACHES.search(code):
        return f"the solution names `{reach[0].strip(' =')}`, by which it may reach its tests"
    return ""
