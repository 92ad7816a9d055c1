"""Bodies in languages other than Python: what a model wrote goes on where the problem's prompt ends.

In braces, a body ends where they balance, and gets those that it lacks: some end before, others ramble on.
"""

import re
from collections.abc import Iterator

from execfeedback.foreign import BRACED, bare, bound, defines, words
from execfeedback.go_imports import fitted
from execfeedback.looks import reads_as_code
from execfeedback.types import Problem

_BRACE = re.compile(r"[{}]")
_IMPORT = re.compile(r"^(?:#include|using|import|use)\b[^\n]*", re.MULTILINE)
_CLASS = re.compile(r"\b(?:class|record|interface|enum|struct)\b")
_TAIL = re.compile(r"[)\];,]*")


def open_body(prompt: str, language: str) -> int:
    """How many braces of a prompt are open where it ends."""
    depth = 0
    for found in _BRACE.finditer(bare(prompt, language)):
        depth = depth + 1 if found[0] == "{" else max(0, depth - 1)
    return depth


def is_foreign_body(code: str, problem: Problem) -> bool:
    """Whether code is the rest of what the problem's prompt begins, and does not define the entry point itself."""
    prompt, language = problem.prompt, problem.language
    if not prompt or not problem.entry_point:
        return False
    names = re.split(r"\.|::", problem.entry_point)
    if language not in BRACED:
        return _defines_one(prompt, names, language) and not _defines_one(code, names, language)
    depth = open_body(prompt, language)
    return depth > 0 and not _defines_one(code[: _end(code, depth, language)], names, language)


def _defines_one(code: str, names: list[str], language: str) -> bool:
    return any(defines(code, name, language) for name in names)


def with_head(code: str, problem: Problem) -> str:
    """A definition of the entry point with what the prompt gives before it and the code lacks: imports where it has none,
    functions that it uses, a class around a method."""
    prompt, name, language = problem.prompt, problem.entry_point, problem.language
    if not prompt or not name or language not in BRACED - {"go"} or not defines(code, name, language):
        return code
    told = bare(prompt, language)
    if language in ("java", "csharp") and not _CLASS.search(bare(code, language)) and _CLASS.search(told):
        head = prompt[: told.find("{") + 1]
        return f"{head}\n{code.rstrip()}\n" + "}\n" * open_body(head, language)
    imports = [] if _IMPORT.search(code) else _IMPORT.findall(told)
    given = [
        each
        for each in pieces(prompt, language)
        if not open_body(each, language) and bound(each, language) != name
    ]
    helpers = [each for each in needed(given, code, language) if not _IMPORT.match(each)]
    return "".join(f"{each}\n" for each in (*imports, *helpers)) + "\n" * bool(imports or helpers) + code


def under_prompt(code: str, problem: Problem) -> str | None:
    """The prompt with the body below it, or None where the body does not read as code."""
    prompt, language = problem.prompt or "", problem.language
    body = code.strip("\n").rstrip()
    missing = 0
    if language in BRACED:
        body, missing = _balanced(body, prompt, language)
    if not reads_as_code(body, language):
        return None
    code = f"{prompt.rstrip()}\n{body}\n" + "}\n" * missing
    return fitted(code) if language == "go" else code


def _levels(told: str, depth: int) -> Iterator[tuple[int, int]]:
    """After each brace of blanked code its end and how many are open then, to where none is."""
    for found in _BRACE.finditer(told):
        depth += 1 if found[0] == "{" else -1
        yield found.end(), depth
        if depth <= 0:
            return


def _end(code: str, depth: int, language: str) -> int | None:
    """Where the braces close those that were open before, or None where they do not."""
    return next((end for end, level in _levels(bare(code, language), depth) if level <= 0), None)


def _balanced(body: str, prompt: str, language: str) -> tuple[str, int]:
    """The body up to where its braces close those of the prompt, with what it needs of the rest; how many braces it lacks."""
    told, depth = bare(body, language), open_body(prompt, language)
    inner, level, end = depth, depth, len(body)
    for at, level in _levels(told, depth):
        if level < inner:
            inner, end = level, _after(told, at)
    if level <= 0:
        return body[:end] + _helpers(body[end:], f"{prompt}\n{body[:end]}", language), 0
    if level == inner < depth:
        body = _without_prose(body, end, language)
    return body, level


def _after(told: str, at: int) -> int:
    """Behind what closes a statement together with its brace."""
    tail = _TAIL.match(told, at)
    return tail.end() if tail else at


def _without_prose(body: str, end: int, language: str) -> str:
    """The body up to an end, and what follows where that is code: other members of a class, and no explanation."""
    rest = body[end:]
    return body if reads_as_code(rest, language) else body[:end]


def _helpers(rest: str, code: str, language: str) -> str:
    """Definitions after the end that prompt and body use, and those that these use; models ramble on after the end."""
    return "".join(f"\n\n{piece}" for piece in needed(pieces(rest, language), code, language))


def needed(given: list[str], code: str, language: str) -> list[str]:
    """Those of the given top-level statements that bind what the code, or another that is needed, uses and lacks."""
    makers = {name: piece for piece in given if (name := bound(piece, language))}
    seen = {name for piece in pieces(code, language) if (name := bound(piece, language))}
    kept, todo = set(), words(code, language)
    while found := (todo & makers.keys()) - seen:
        seen |= found
        kept |= found
        todo = set().union(*(words(makers[name], language) for name in found))
    return [makers[name] for name in makers if name in kept]


def pieces(code: str, language: str) -> list[str]:
    """The code cut before each line at the left margin that is outside of braces and begins something."""
    depth, parts = 0, [[""]]
    for line, told in zip(code.split("\n"), bare(code, language).split("\n"), strict=True):
        if not depth and told[:1].strip() and told[0] not in "})]{;":
            parts.append([])
        parts[-1].append(line)
        depth = max(0, depth + told.count("{") - told.count("}"))
    return [text for part in parts if (text := "\n".join(part).strip("\n").rstrip())]
