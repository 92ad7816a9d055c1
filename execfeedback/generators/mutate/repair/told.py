"""What a feedback text says, read leniently: the one place that knows its shape."""

import re
from dataclasses import dataclass

_HEADS = ("Failing test", "Got", "Expected", "Input", "Expected output", "Your output")
_HEAD = re.compile(rf"^({'|'.join(sorted(_HEADS, key=len, reverse=True))}):[ \t]*(.*)$")
_FRAME = re.compile(r'File "(?:[^"]*/)?(?:solution|main|prog)\.py", line (\d+)')
_ERROR = re.compile(
    r"^(?:\w+\.)*(\w*(?:Error|Exception|Warning|StopIteration|KeyboardInterrupt|SystemExit))(?::[ \t]*(.*))?$"
)
_WHERE = re.compile(r"^\s*\+\s+where (.+) = (\w+\(.*\))$", re.MULTILINE)
_SLOW = re.compile(r"time[ _-]?limit|too long|timed out|time-?out", re.IGNORECASE)


@dataclass(frozen=True)
class Told:
    """One feedback; what it does not say is empty. `lines` ends with the innermost frame."""

    test: str = ""
    got: str = ""
    expected: str = ""
    stdin: str | None = None
    stdout: str | None = None
    printed: str | None = None
    lines: tuple[int, ...] = ()
    error: str = ""
    message: str = ""
    slow: bool = False
    call: str = ""
    """The call that gave the value, where the test names its arguments otherwise and pytest shows them."""


def told(feedback: str) -> Told:
    """Read a feedback text; what it does not say stays empty."""
    parts = _sections(feedback)
    errors = [found for line in feedback.splitlines() if (found := _ERROR.match(line.strip()))]
    last = errors[-1] if errors else None
    return Told(
        test=parts.get("Failing test", ""),
        got=parts.get("Got", ""),
        expected=parts.get("Expected", ""),
        stdin=parts.get("Input"),
        stdout=parts.get("Expected output"),
        printed=parts.get("Your output"),
        lines=tuple(int(number) for number in _FRAME.findall(feedback)),
        error=last[1] if last else "",
        message=(last[2] or "") if last else "",
        slow=bool(_SLOW.search(feedback)),
        call=_call(feedback, parts.get("Got", "")),
    )


def _sections(feedback: str) -> dict[str, str]:
    """Head to its text: the rest of its line, or the block after it that is indented by four spaces."""
    found: dict[str, list[str]] = {}
    current: list[str] | None = None
    for line in feedback.splitlines():
        head = _HEAD.match(line)
        if head and head[1] not in found:
            current = found[head[1]] = [head[2]] if head[2] else []
        elif current is not None and (line.startswith("    ") or not line.strip()):
            current.append(line[4:])
        else:
            current = None
    return {name: "\n".join(lines).rstrip() for name, lines in found.items()}


def _call(feedback: str, got: str) -> str:
    """From `+  where None = read('1h')`, as pytest explains an assertion."""
    return next((call for value, call in _WHERE.findall(feedback) if value == got), "")
