"""(problem, verdict) -> what the author of the solution is told, within a budget, most useful first.

Only what is the same on every run is told - no times, no addresses - so that a repeated run asks the same
question again and its answer can be reused. Held-out cases and our own frames never appear. The shape::

    Wrong answer: 3 of 5 tests passed.
    Failing test: assert add(1, 2) == 3
    Got: 4
    Expected: 3
    Traceback (most recent call last):
      ...
    Printed:
        ...

and for programs that read stdin `Input:`, `Expected output:`, `Your output:`, each above an indented block.
"""

import re
import signal

from execfeedback.types import Failure, Problem, Verdict, VerdictName

_WORDS: dict[VerdictName, str] = {
    "passed": "All tests passed",
    "wrong_answer": "Wrong answer",
    "runtime_error": "Runtime error",
    "compile_error": "The code does not compile",
    "time_limit": "Time limit exceeded",
    "memory_limit": "Memory limit exceeded",
    "output_limit": "Output limit exceeded",
    "rejected": "The tests passed, but further checks that are not shown did not",
    "bad_tests": "The tests are at fault",
    "unverifiable": "The solution cannot be verified",
}
_LABELS = {"got": "Got", "expected": "Expected", "comparison": "Comparison"}
_BLOCKS = {"input": "Input", "expected": "Expected output", "got": "Your output"}
_LABEL = re.compile(r"(got|expected|comparison|input):(?: (.*)|)$", re.IGNORECASE)
_FRAME = re.compile(r'^(\s*)File "([^"\n]*)"(, line.*)?$')
_OWN_FILE = re.compile(r"(?:solution|main|prog|tests?|test_\w+|\w+_test|conftest)\.py$")
_LIBRARY = re.compile(r".*/lib/python3[^/]*/")
_ADDRESS = re.compile(r"\b0x[0-9a-fA-F]{6,16}\b")
_RUN_FOLDER = re.compile(r"(?:/[\w.-]+)?/run-[0-9a-f]{8,}/|\btests-[a-z0-9_]{8}/")
_HEADER = "Traceback (most recent call last):"
LEAST = 80
"""Characters below which a part is left out rather than cut further."""


def feedback(problem: Problem, verdict: Verdict, budget_chars: int = 4000) -> str:
    """What to tell about a verdict, never longer than the budget."""
    parts = [_headline(problem, verdict)]
    if verdict.verdict != "rejected":
        if verdict.failure is not None:
            parts += _failure(problem, verdict.failure)
        parts += _printed(verdict)
    return _fitted([_repeatable(part) for part in parts if part], budget_chars)


def _repeatable(text: str) -> str:
    """Without addresses and the names of folders that every run makes anew."""
    return _RUN_FOLDER.sub("", _ADDRESS.sub("0x...", text))


def _headline(problem: Problem, verdict: Verdict) -> str:
    text = _WORDS[verdict.verdict] if verdict.verdict else "No verdict"
    text += _how(problem, verdict)
    passed, of = verdict.tests.passed, verdict.tests.expected
    counted = 0 < passed <= of and verdict.verdict != "passed"
    return f"{text}: {passed} of {of} tests passed." if counted else f"{text}."


def _how(problem: Problem, verdict: Verdict) -> str:
    """The limit that was exceeded if the problem states it, or how the program ended."""
    if verdict.verdict == "time_limit" and problem.limits.cpu_s:
        return f" ({problem.limits.cpu_s:g} s of CPU time)"
    if verdict.verdict == "memory_limit" and problem.limits.memory_mb:
        return f" ({problem.limits.memory_mb} MB)"
    if verdict.verdict != "runtime_error":
        return ""
    if verdict.signal:
        return f" (killed by {_signal(verdict.signal)})"
    return f" (exit code {verdict.exit_code})" if verdict.exit_code else ""


def _signal(number: int) -> str:
    known = {each.value: each.name for each in signal.Signals}
    return f"signal {number}, {known[number]}" if number in known else f"signal {number}"


def _failure(problem: Problem, failure: Failure) -> list[str]:
    parts = [_labelled("Failing test", failure.test)] if failure.test.strip() else []
    stdio = problem.style == "stdio" or failure.message.lower().startswith("input:\n")
    trace = "" if _told_already(failure) else traceback_text(failure.traceback)
    parts += _stdio(failure.message) if stdio else _values(failure.message, trace)
    return [*parts, trace]


def _told_already(failure: Failure) -> bool:
    """A failed assertion whose source is the failing test: its traceback leads nowhere but to that line."""
    last = failure.traceback.rstrip().rsplit("\n", 1)[-1]
    only = 'solution.py"' not in failure.traceback and last.startswith("AssertionError")
    return only and failure.test.lstrip().startswith("assert")


def _labelled(label: str, text: str) -> str:
    """`Label: first line`, the other lines indented below."""
    first, *rest = scrubbed(text).strip("\n").split("\n")
    return "\n".join([f"{label}: {first}", *(f"    {line}" for line in rest)])


def _values(message: str, trace: str) -> list[str]:
    """`Got:` and `Expected:` where the message names them, and whatever else it says that the traceback does not."""
    parts, other = [], []
    for label, text in _sections(message, bare=False):
        if label in _LABELS:
            parts.append(_labelled(_LABELS[label], text))
        elif text.strip() and text.strip() not in trace:
            other.append(_labelled("Message", text))
    return parts + other


def _stdio(message: str) -> list[str]:
    found = dict(_sections(message, bare=True))
    parts = [_block(title, found[label]) for label, title in _BLOCKS.items() if label in found]
    return parts + ([_labelled("Message", found[""])] if found.get("", "").strip() else [])


def _sections(message: str, *, bare: bool) -> list[tuple[str, str]]:
    """Label and text of each part of a message. `bare`: a label stands alone on its line, its text below."""
    parts: list[tuple[str, list[str]]] = [("", [])]
    for line in message.split("\n"):
        found = _LABEL.match(line)
        if found and not (bare and found[2]):
            parts.append((found[1].lower(), [found[2]] if found[2] else []))
        elif not bare and parts[-1][0] and not line.startswith(" "):
            parts.append(("", [line]))
        else:
            parts[-1][1].append(line)
    return [(label, "\n".join(lines)) for label, lines in parts if label or any(lines)]


def _block(title: str, text: str) -> str:
    body = scrubbed(text).strip("\n")
    lines = body.split("\n") if body else []
    return "\n".join([f"{title}:", *(f"    {line}" if line else "" for line in lines)])


def _printed(verdict: Verdict) -> list[str]:
    """What the program printed, unless the failure told it already."""
    told = f"{verdict.failure.message}\n{verdict.failure.traceback}" if verdict.failure else ""
    parts = (("Printed", verdict.stdout), ("Printed to stderr", verdict.stderr))
    return [_block(title, text) for title, text in parts if text.strip() and text.strip() not in told]


def traceback_text(text: str) -> str:
    """A traceback with its header and the frames of the solution, the tests and Python itself, no others."""
    clean = scrubbed(text).strip("\n")
    if clean.lstrip().startswith("File ") and _HEADER not in clean:
        return f"{_HEADER}\n{clean}"
    return clean


def scrubbed(text: str) -> str:
    """Text without the frames of files that are nobody's business, and with files named by name alone."""
    if 'File "' not in text:
        return text
    lines, dropping = [], -1
    for line in text.split("\n"):
        found = _FRAME.match(line)
        if found is None:
            dropping = dropping if dropping >= 0 and _indent(line) > dropping else -1
            lines += [] if dropping >= 0 else [line]
            continue
        name = _shown(found[2])
        dropping = -1 if name else len(found[1])
        lines += [f'{found[1]}File "{name}"{found[3] or ""}'] if name else []
    return "\n".join(lines)


def _shown(path: str) -> str:
    """A file as it may be shown, or nothing."""
    if "/" not in path:
        return path
    if _LIBRARY.match(path):
        return _LIBRARY.sub("", path)
    name = path.rsplit("/", 1)[1]
    return name if _OWN_FILE.match(name) else ""


def _indent(line: str) -> int:
    return len(line) - len(line.lstrip())


def _fitted(parts: list[str], budget: int) -> str:
    """The parts in order: short ones whole, long ones sharing the rest, the last left out if need be."""
    while len(parts) > 1 and len(parts) * LEAST > budget:
        parts = parts[:-1]
    shares = _shares([len(part) for part in parts], budget - (len(parts) - 1))
    return "\n".join(cut(part, share) for part, share in zip(parts, shares, strict=True))


def _shares(sizes: list[int], budget: int) -> list[int]:
    """How much of each size fits when the budget is filled evenly from below."""
    shares, left = [0] * len(sizes), max(0, budget)
    for done, at in enumerate(sorted(range(len(sizes)), key=sizes.__getitem__)):
        shares[at] = min(sizes[at], left // (len(sizes) - done))
        left -= shares[at]
    return shares


def cut(text: str, size: int) -> str:
    """At most `size` characters of a text: its beginning and its end, with a mark between them."""
    if len(text) <= size:
        return text
    mark = f" ... [{len(text) - size} and more characters cut] ... "
    if size < len(mark) + 20:
        return text[: max(0, size)]
    head = (size - len(mark)) * 3 // 5
    return text[:head] + mark + text[len(text) - (size - len(mark) - head) :]
