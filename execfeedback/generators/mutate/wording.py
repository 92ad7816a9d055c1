"""The words around the code: what a model might say, drawn by chance, true to what was done."""

import difflib
import random

from execfeedback.generators.mutate.chance import one_of
from execfeedback.generators.mutate.repair.told import Told
from execfeedback.parsing import fenced

_SOLUTIONS = (
    "Here is a solution.",
    "Here's my implementation:",
    "The following code solves the problem.",
    "I go through the input once and build the answer on the way.",
    "Let me write this step by step and keep it simple.",
    "This should do it:",
)
_ENDINGS = (
    "",
    "",
    "",
    "Let me know if you would like an explanation.",
    "It covers the examples in the statement.",
)
_TESTS = (
    "These tests cover ordinary and boundary inputs:",
    "Here are assertions for typical and edge cases.",
    "The following tests check the described behaviour.",
)


def solution_text(code: str, chance: random.Random) -> str:
    """A first try as a model would send it."""
    ending = one_of(_ENDINGS, chance)
    return f"{one_of(_SOLUTIONS, chance)}\n\n{fenced(code)}\n" + (f"\n{ending}\n" if ending else "")


def tests_text(tests: list[str], chance: random.Random) -> str:
    """Tests as a model would send them."""
    return f"{one_of(_TESTS, chance)}\n\n{fenced(chr(10).join(tests))}\n"


def revision_text(old: str, new: str, told: Told, sure: bool) -> str:
    """What was wrong, from the feedback; what was changed, from the two programs; the new code."""
    parts = [_symptom(told), _cause(old, new, sure)]
    return " ".join(part for part in parts if part) + f"\n\n{fenced(new)}\n"


def _symptom(told: Told) -> str:
    call = told.test.removeprefix("assert ").split(" == ")[0].strip()
    short = call if len(call) < 80 and "\n" not in call else "the failing test"
    where = f"`{short}`" if short == call and call else short
    if told.got and told.expected and len(told.got) + len(told.expected) < 120:
        return f"{where[0].upper()}{where[1:]} gave `{told.got}` where `{told.expected}` was expected."
    if told.error and told.error != "AssertionError":
        line = f" in line {told.lines[-1]}" if told.lines else ""
        return f"The run ended with {_article(told.error)} `{told.error}`{line}."
    if told.slow:
        return "The program did not end in time."
    if told.stdout is not None:
        return "The output for the failing input is not the expected one."
    return "The failing test shows a wrong value." if told.test else ""


def _article(word: str) -> str:
    return "an" if word[:1] in "AEIOU" else "a"


def _cause(old: str, new: str, sure: bool) -> str:
    """The first difference of the two programs in words."""
    before, after = old.splitlines(), new.splitlines()
    matcher = difflib.SequenceMatcher(None, before, after, autojunk=False)
    for tag, start, end, start_new, end_new in matcher.get_opcodes():
        if tag != "equal":
            return ("" if sure else "I suspect this: ") + _said(
                before[start:end], after[start_new:end_new], start + 1
            )
    return "I found nothing to change."


def _said(gone: list[str], come: list[str], line: int) -> str:
    if not gone:
        return f"Before line {line}, `{come[0].strip()}` was missing."
    if not come:
        return f"Line {line}, `{gone[0].strip()}`, should not be there."
    return f"In line {line}, `{gone[0].strip()}` should be `{come[0].strip()}`."
