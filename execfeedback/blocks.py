"""From what a model wrote to the pieces of it that may be code: no reasoning, fences found, no prose."""

import html
import re
from bisect import bisect
from typing import NamedTuple

from execfeedback.scanning import Line, State, after, scan

_UNSEEN = re.compile("[\u200b\u2060\ufeff]")
_HARD_INDENT = re.compile(r"^[ \t]*\u00a0[ \t\u00a0]*", re.MULTILINE)
_THOUGHT = r"think|thinking|thought|reasoning|reflection"
_THOUGHT_OPEN = re.compile(rf"^[ \t]*<({_THOUGHT})>", re.IGNORECASE | re.MULTILINE)
_THOUGHT_CLOSE = re.compile(rf"(?:(?<!['\"`])|(?<=```))</({_THOUGHT})>(?:(?!['\"`])|(?=```))", re.IGNORECASE)
_TAG = re.compile(
    rf"(?:^|(?<=```))[ \t]*<({_THOUGHT})>|{_THOUGHT_CLOSE.pattern}", re.IGNORECASE | re.MULTILINE
)
_FENCE = re.compile(r"^[ \t]*(?:```|~~~)", re.MULTILINE)
_COMMENT = re.compile(r"[ \t]*(?:#|//|/\*|\*|--|;|%)|[^\n]*[ \t](?:#|//)[ \t]")
_ENDS = re.compile(
    r"(?:<\|(?:endoftext|im_end|eot_id|eom_id|end|end_of_text|endofturn|eos|EOT|return)\|>|</s>|<eos>|<end_of_turn>)\Z"
)
"""What ends a model's text for its own tokenizer."""
_REPL = re.compile(r"(?:>>>|\.\.\.)(?: |$)")
_OPEN = re.compile(r"^([ \t]*)(`{3,}|~{3,})[ \t]*([^`\s]*)[^`]*$")
_OPEN_LATE = re.compile(r"[^`\n](`{3,})([A-Za-z][\w+#-]*)[ \t]*$")
_CLOSE = re.compile(r"^[ \t]*(`{3,}|~{3,})[ \t]*$")
_ENTITY = re.compile(r"&(?:lt|gt|amp|quot|apos|#39|#x27|#34);")
_INDEX = r"\[(?:[^\n\[\]]|\[[^\n\[\]]{0,80}\]){0,200}\]"
_TARGET = rf"\*?[\w.]+(?:{_INDEX}|\.\w+)*"
_STATEMENT = re.compile(
    r"(?:from[ \t]+[\w.]+[ \t]+import\b|import[ \t]+[\w.]+(?:[ \t]+as[ \t]+\w+)?[ \t]*(?:$|,|;)"
    r"|(?:async[ \t]+)?def[ \t]+\w+|class[ \t]+\w+[^\n]{0,300}:|@\w+[\w.]*(?:\(|[ \t]*$)"
    r"|(?:if|elif|while|for|with|match|async for|async with)\b[^\n]{0,300}:[ \t]*$"
    r"|(?:else|try|finally|except\b[^:\n]{0,200}):"
    r"|return\b|yield\b|raise\b|assert\b|(?:pass|break|continue)[ \t]*$|(?:global|nonlocal|del)[ \t]+\w+"
    rf"|[(\[]?{_TARGET}(?:[ \t]*,[ \t]*{_TARGET})*[)\]]?[ \t]*(?::[ \t]*[\w.\[\], |]{{1,200}})?"
    r"[ \t]*(?:[-+*/%&|^@]|//|\*\*|<<|>>)?=(?!=)"
    rf"|(?:await[ \t]+)?[\w.]+(?:{_INDEX}|\.\w+)*\("
    r"|(?:if|elif|while|for|with)\b[^\n]{1,200}:[ \t]*(?:[\w.]+\(|[\w.\[\]]+[ \t]*[-+*/]?=(?!=)"
    r"|(?:pass|break|continue|return|raise|yield|print)\b))"
)
_ASIDE = re.compile(r"[#)\]}\"']|[rbfu]{1,2}[\"']|if __name__|if\b.*:")
LONG = 400
"""Characters of a line that are looked at where a pattern could take longer than linear time."""
LONGEST_END = 20
LOOKAHEAD = 20
"""Fences inside an open string that are passed over before the string is taken for broken."""


class Block(NamedTuple):
    """A piece of an answer. `language` is the fence's tag in lower case, empty where there was none."""

    text: str
    language: str = ""
    closed: bool = True


def cleaned(text: str) -> str:
    """Newlines as `\\n`, no invisible characters, no hard spaces in indentation, no tokens that end the text."""
    text = text.replace("\r\n", "\n").replace("\r", "\n")
    text = _without_end(_UNSEEN.sub("", text))
    return _HARD_INDENT.sub(lambda found: found[0].replace("\u00a0", " "), text)


def _without_end(text: str) -> str:
    """Without the special tokens at its end."""
    end = at = len(text)
    while True:
        while at and text[at - 1].isspace():
            at -= 1
        found = _ENDS.search(text[max(0, at - LONGEST_END) : at])
        if found is None:
            return text[:end]
        end = at = at - len(found[0])


def parted(text: str) -> tuple[str, str]:
    """What was thought, without the tags around it, and what was said after: all behind the last thought's end, or before
    a thought without an end."""
    closed = list(_THOUGHT_CLOSE.finditer(text)) if "</" in text else []
    thought, said = (text[: closed[-1].start()], text[closed[-1].end() :]) if closed else ("", text)
    opened = _THOUGHT_OPEN.search(said)
    if opened:
        thought, said = thought + said[opened.end() :], said[: opened.start()]
    return _THOUGHT_OPEN.sub("", thought, count=1).strip(), said


def answer(text: str) -> str:
    """What was said after thinking."""
    return parted(text)[1]


def answers(text: str) -> list[str]:
    """What was said after the last thought, then what was said between and before: a thought after the code does not take the
    code with it. Nor does a tag in a comment of fenced code."""
    fences, said, at, thinking = [found.start() for found in _FENCE.finditer(text)], [], 0, False
    for tag in _TAG.finditer(text) if "<" in text else ():
        if tag[1]:
            said += [] if thinking else [text[at : tag.start()]]
            thinking, at = True, tag.end()
        elif thinking or not (bisect(fences, tag.start()) % 2 and _in_comment(text, tag.start())):
            thinking, at = False, tag.end()
    return [each for each in [*said, "" if thinking else text[at:]][::-1] if each.strip()]


def _in_comment(text: str, at: int) -> bool:
    line = text[max(at - LONG, text.rfind("\n", 0, at) + 1) : at]
    return _COMMENT.match(line) is not None


def without_prompts(code: str) -> str:
    """The code of a session at the interpreter, where every line of code has a prompt; what was printed has none."""
    lines = [line for line in code.split("\n") if line.strip()]
    if not lines or not lines[0].startswith(">>>"):
        return code
    printed = [line for line in lines if not _REPL.match(line)]
    if any(line[0].isspace() or reads_as_code(line) for line in printed):
        return code
    return "\n".join(line[4:] for line in lines if _REPL.match(line))


def unescaped(code: str) -> str:
    """Code that was HTML-escaped as a whole, as it was before. Entities in strings are the program's."""
    if "&" not in code or not any(_ENTITY.search(line.bare) for line in scan(code)):
        return code
    return html.unescape(code)


def fenced_blocks(text: str) -> list[Block]:
    """Every fenced block in order; the last may lack its closing fence."""
    lines, blocks, at = text.split("\n"), [], 0
    while at < len(lines):
        opening = _opening(lines[at])
        at += 1
        if opening is not None:
            block, at = _block(lines, at, *opening)
            blocks.append(block)
    return blocks


def _opening(line: str) -> tuple[str, str, str] | None:
    """Indentation, fence and tag of a line that opens a block."""
    if "```" not in line and "~~~" not in line:
        return None
    if len(line) <= LONG and (found := _OPEN.match(line)):
        return found[1], found[2], found[3].strip("{}.").lower()
    late = _OPEN_LATE.search(line[-LONG:])
    return ("", late[1], late[2].lower()) if late else None


def _block(lines: list[str], start: int, indent: str, fence: str, tag: str) -> tuple[Block, int]:
    """The block whose first line is `start`, and the line after it.

    A fence inside a triple-quoted string is the code's own; if the string never ends, the first fence counts.
    """
    state, passed, first = State(), 0, None
    for at in range(start, len(lines)):
        kind = _closing(lines[at], fence, state)
        if kind == "own":
            first = at if first is None else first
            passed += 1
            if passed > LOOKAHEAD:
                break
        elif kind != "no":
            return _made(lines[start:at], lines[at], kind, indent, tag), at + (kind != "next")
        state, _ = after(state, lines[at])
    if first is not None:
        return _made(lines[start:first], "", "close", indent, tag), first + 1
    return _made(lines[start:], "", "open", indent, tag), len(lines)


def _closing(line: str, fence: str, state: State) -> str:
    """What a line does to an open block: `no`, `close`, `glued` (code, then a fence), `next`, `own`.

    `next` opens another block; `own` is a fence inside a string of the code.
    """
    if fence[0] * 3 not in line:
        return "no"
    found = _CLOSE.match(line)
    if found and found[1][0] == fence[0] and len(found[1]) >= len(fence):
        return "own" if len(state.quote) == 3 else "close"
    opened = _OPEN.match(line) if len(line) <= LONG else None
    if opened and opened[3] and opened[2] == fence and len(state.quote) < 3:
        return "next"
    code = line.rstrip()
    if code.endswith(fence) and not after(state, code.rstrip(fence[0]))[0].quote:
        return "glued"
    return "no"


def _made(lines: list[str], last: str, kind: str, indent: str, tag: str) -> Block:
    if kind == "glued":
        lines = [*lines, last.rstrip().rstrip("`~")]
    if indent:
        lines = [line.removeprefix(indent) for line in lines]
    return Block("\n".join(lines), tag, closed=kind != "open")


def plain_blocks(text: str) -> list[Block]:
    """The runs of lines that read as Python in text without fences; prose ends a run."""
    runs: list[list[str]] = [[]]
    for line in scan(text):
        if line.top and not _reads_on(line, bool(runs[-1])):
            runs.append([])
        elif runs[-1] or line.top:
            runs[-1].append(line.text)
    return [Block("\n".join(run)) for run in runs if run]


def _reads_on(line: Line, begun: bool) -> bool:
    """Whether a line at the left margin begins code, or goes on with code that has begun."""
    return bool(_STATEMENT.match(line.bare.rstrip()[:LONG]) or (begun and _ASIDE.match(line.text[:LONG])))


def reads_as_code(text: str) -> bool:
    """Whether some line is a Python statement by its looks."""
    return any(_STATEMENT.match(line.lstrip()[:LONG]) for line in text.split("\n"))
