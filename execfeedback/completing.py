"""Code that goes on where a problem's prompt ends: told from whole programs, and joined to the prompt."""

import re

from execfeedback.needs import held, needed
from execfeedback.scanning import Line, broken_off, chunks, defines, scan, words
from execfeedback.types import Problem

_INDENT = "    "
_NEXT = re.compile(r"\n(?:@|def |class |```|if __name__)")
"""Where a body at the left margin ends for certain."""
_ENDS = ("return", "yield", "raise", "pass")


def is_body(code: str, problem: Problem) -> bool:
    """Whether code is the rest of the function that the problem's prompt begins."""
    name = problem.entry_point
    if not problem.prompt or not name or not defines(problem.prompt, name):
        return False
    lines = [line for line in scan(code) if line.bare.strip()]
    if not lines or any(
        line.top and line.bare.startswith((f"def {name}(", f"class {name}")) for line in lines
    ):
        return False
    if lines[0].text[0].isspace() or _first_line_stripped([line.text for line in lines if _own(line)]):
        return True
    if defines(code, name):
        return False
    starts = [line.bare.lstrip() for line in lines if not line.start.inside]
    defined = any(start.startswith(("def ", "class ")) for start in starts)
    return not defined and any(start.startswith(_ENDS) for start in starts)


def completed(code: str, problem: Problem) -> str:
    """A whole program: a body under its prompt, a definition after the imports that the prompt gives."""
    code = code.strip("\n")
    if is_body(code, problem):
        return _under(problem.prompt or "", code, problem.entry_point)
    code = _dedented(code)
    if problem.prompt and problem.entry_point and defines(code, problem.entry_point):
        return _preamble(problem.prompt, problem.entry_point, code) + code
    return code


def _dedented(code: str) -> str:
    """Without the indentation of its first line, on every line that has it."""
    first = next((line for line in code.split("\n") if line.strip()), "")
    indent = _width(first)
    return "\n".join(line.removeprefix(indent) for line in code.split("\n")) if indent else code


def _preamble(prompt: str, name: str, code: str) -> str:
    """What the prompt gives before the entry point and the code lacks: imports that it uses, helpers."""
    if "from __future__" in code:
        return ""
    used, bound = words(code), {name for chunk in chunks(code) for name in chunk.names}
    kept = []
    for chunk in chunks(prompt):
        if name in chunk.names:
            break
        imported = chunk.head.startswith(("import ", "from "))
        missing = [each for each in chunk.names if each not in bound]
        if missing and (not imported or used.intersection(missing) or "*" in missing):
            kept.append(chunk.text)
    return "".join(f"{text}\n" for text in kept) + ("\n\n" if kept else "")


def _under(prompt: str, code: str, name: str | None) -> str:
    if broken_off(prompt):
        return prompt + code  # the prompt ends inside a signature or a docstring
    if not _width(code.lstrip("\n")):
        code = code[: found.start()] if (found := _NEXT.search(code)) else code
    body, rest = _cut(_indented(code, _body_indent(prompt)))
    return prompt.rstrip() + "\n" + body + _helpers(rest, body, prompt, name)


def _body_indent(prompt: str) -> str:
    """The indentation of the prompt's last body, four spaces when it has none yet."""
    indents = [_width(line.text) for line in scan(prompt) if _own(line)]
    return indents[-1] if indents and indents[-1] else _INDENT


def _own(line: Line) -> bool:
    return bool(line.text.strip()) and not line.start.inside


def _indented(code: str, indent: str) -> str:
    """The body moved to the indentation that the prompt uses."""
    lines = scan(code)
    own = [line.text for line in lines if _own(line)]
    width = _width(own[0])
    if not width and _first_line_stripped(own):
        return _indented(code.replace(own[0], min(_region(own), key=len) + own[0], 1), indent)
    if width == indent:
        return code
    return "\n".join(_moved(line, width, indent) for line in lines)


def _moved(line: Line, width: str, indent: str) -> str:
    if not line.text.strip() or (line.start.quote and line.start.inside) or not line.text.startswith(width):
        return line.text
    return indent + line.text.removeprefix(width)


def _width(text: str) -> str:
    return text[: len(text) - len(text.lstrip())]


def _region(own: list[str]) -> list[str]:
    """The indentations after the first line, up to the next line at the left margin."""
    widths = [_width(text) for text in own[1:]]
    return widths[: widths.index("")] if "" in widths else widths


def _first_line_stripped(own: list[str]) -> bool:
    """The first line alone lost its indentation, as happens when an answer is stripped."""
    region = _region(own)
    if not region or _width(own[0]):
        return False
    opens = own[0].rstrip().endswith(":") and not own[0].startswith("#")
    return not opens or len(region[0]) > min(map(len, region))


def _cut(body: str) -> tuple[str, str]:
    """The body up to the first line at the left margin, and the rest."""
    lines = scan(body)
    end = next((at for at, line in enumerate(lines) if line.top and line.text[0] != "#"), len(lines))
    texts = [line.text for line in lines]
    return "\n".join(texts[:end]).rstrip() + "\n", "\n".join(texts[end:])


def _helpers(rest: str, body: str, prompt: str, name: str | None) -> str:
    """What follows the body and is needed by it; models ramble on after the end."""
    kept = needed(chunks(rest), body, name, held(prompt + body))
    return "".join(f"\n\n{chunk.text}\n" for chunk in kept)
