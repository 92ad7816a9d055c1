"""Recorded model outputs with known truth, whatever their publisher called the fields. A line is one of

    trajectory  {"task_id", "attempts": [{"code"}, ...], "visible_tests"?, "passes_hidden"?}
    samples     {"task_id", "prompt", "completions": [text, ...], "llm_tests" | "llm_tests_raw"?: [text, ...]}
    generation  {"task_id" | "humaneval_task_id", "prompt" | "prompt_or_intent", "generation", "passed"?}
    answer      {"task_id", "raw": an answer with fences and chatter}

of a task of HumanEval or MBPP, or of any other task: there the line itself must say the truth (`passes_hidden`, `passed`).
Python only; lines of other languages are left out, and so are lines that nothing says the truth of.
"""

import re
from collections import defaultdict
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, NamedTuple

from execfeedback.errors import InputError
from execfeedback.importers import humaneval, mbpp
from execfeedback.jsonl import read_rows
from execfeedback.parsing import solution_in
from execfeedback.suites import tests_in
from execfeedback.types import Problem

Row = dict[str, Any]
FORMS = ("attempts", "completions", "generation", "raw")
PYTHON = ("python", "python3", "py")
ALIKE = 0.5
"""Share of the words of a task or of its prompt, whichever are fewer, that both must have to be one under two numbers."""


class Try(NamedTuple):
    """One sample: its solutions in the order of revision. `label` is what the publisher says of the last."""

    id: str
    codes: tuple[str, ...]
    label: bool | None


class Group(NamedTuple):
    """All that a file holds of one problem. `tests` are model-written, `visible` were recorded as seen by the loop."""

    file: str
    task: str
    problem: Problem
    tries: tuple[Try, ...]
    tests: tuple[str, ...]
    visible: tuple[str, ...]


class Tasks(NamedTuple):
    """The tasks whose truth is known, and the inputs that HumanEval+ adds: [arguments, ...] and the tolerance. HumanEval's
    are keyed by their number alone (`3`), MBPP's as `mbpp/3`."""

    problems: Mapping[str, Problem]
    more_inputs: Mapping[str, tuple[list[Any], float]]


def tasks(humaneval_file: Path | None, plus_file: Path | None, mbpp_file: Path | None = None) -> Tasks:
    found = {number(p.id): p for p in humaneval.read(humaneval_file)} if humaneval_file else {}
    found |= {f"mbpp/{p.id}": p for p in mbpp.read(mbpp_file)} if mbpp_file else {}
    plus = (row for _, row in read_rows(plus_file)) if plus_file else ()
    return Tasks(found, {number(r["task_id"]): (r["plus_input"], r["atol"]) for r in plus})


def number(task: object) -> str:
    """`HumanEval/3`, `Python/3`, 3 -> `3`."""
    return str(task).rsplit("/", 1)[-1]


def groups(path: Path, known: Tasks) -> Iterator[Group]:
    """The file by problem. Raises InputError for a line of a form that is not known, naming it."""
    by_task: dict[str, list[Row]] = defaultdict(list)
    for line, row in read_rows(path):
        if not any(field in row for field in FORMS):
            raise InputError(f"{path}:{line}: has none of the fields {', '.join(FORMS)}")
        if str(row.get("language") or "python").lower() in PYTHON:
            by_task[task_of(row, known, f"{path}:{line}")].append(row)
    for task, found in by_task.items():
        yield group(path.stem, task, found, known.problems.get(task))


def group(file: str, task: str, found: list[Row], truth: Problem | None) -> Group:
    prompt = next((text for row in found if (text := prompt_of(row))), truth.prompt if truth else None) or ""
    name = truth.entry_point if truth else next(filter(None, map(function_of, found)), None)
    statement = prompt or (truth.statement if truth else task)
    problem = Problem(id=truth.id if truth else task, statement=statement, entry_point=name, prompt=prompt)
    tries = [one for n, row in enumerate(found) for one in tries_in(row, problem, f"{file}:{task}:{n}")]
    texts = [text for row in found for text in row.get("llm_tests") or row.get("llm_tests_raw") or ()]
    tests = [read[1] for text in texts if (read := tests_in(text, problem)) and isinstance(read[1], str)]
    visible = dict.fromkeys(plain(line) for row in found for line in row.get("visible_tests") or ())
    return Group(file, task, problem, tuple(tries), tuple(tests), tuple(visible))


def prompt_of(row: Row) -> str:
    return str(row.get("prompt") or row.get("prompt_or_intent") or "")


def task_of(row: Row, known: Tasks, where: str) -> str:
    """The task of a line. Some published files number tasks in another order than they say, so what the prompt defines
    decides, and its words where several tasks define a function of that name; a line that defines nothing is the task
    that its number says. What is no known task keeps the id that it has."""
    id = row.get("task_id", row.get("humaneval_task_id"))
    if id is None:
        raise InputError(f"{where}: field 'task_id': is required")
    said = known_key(str(id), known)
    names = defined_by(row)
    named = [task for task, one in known.problems.items() if one.entry_point in names]
    if said is not None and (not names or said in named):
        return said
    words = set(prompt_of(row).split())
    near = {task: shared(words, known.problems[task]) for task in named}
    best = max(near, key=near.__getitem__, default=None)
    return best if best is not None and near[best] >= ALIKE else str(id)


def known_key(id: str, known: Tasks) -> str | None:
    """`HumanEval/3` and 3 -> `3`, `MBPP/3` and `mbpp_3_name` -> `mbpp/3`, where there is such a task."""
    of_mbpp = re.match(r"mbpp\D*(\d+)", id, re.IGNORECASE)
    key = f"mbpp/{of_mbpp[1]}" if of_mbpp else number(id)
    others = () if of_mbpp else (f"mbpp/{key}",)
    return next((one for one in (key, *others) if one in known.problems), None)


def defined_by(row: Row) -> set[str]:
    """The functions that a line is about: what its prompt defines, else the one that it names."""
    found = set(re.findall(r"^\s*def (\w+)\(", prompt_of(row), re.MULTILINE))
    return found or ({str(row["entry_point"])} if row.get("entry_point") else set())


def shared(words: set[str], problem: Problem) -> float:
    """Published prompts may be cut (examples left out), so the shorter of both is the measure."""
    own = set((problem.prompt or problem.statement).split())
    return len(words & own) / min(len(words), len(own)) if words else 0.0


def function_of(row: Row) -> str | None:
    """The function that a line of an unknown task asks for: the one that it names, the last that its prompt defines, or
    the one that its visible tests call."""
    if row.get("entry_point"):
        return str(row["entry_point"])
    defined = re.findall(r"^def (\w+)\(", prompt_of(row), re.MULTILINE)
    called = re.findall(
        r"^assert\s+(?:not\s+)?(\w+)\(", "\n".join(row.get("visible_tests") or ()), re.MULTILINE
    )
    return next(iter([*defined[-1:], *called]), None)


def plain(line: str) -> str:
    """A visible test without the remark that some logs put behind it."""
    return re.sub(r"\s*# Real Execution Output:.*", "", line, flags=re.S)


def tries_in(row: Row, problem: Problem, id: str) -> Iterator[Try]:
    """The samples of one line, none where nothing was recorded."""
    if "attempts" in row:
        codes = tuple(attempt.get("code") or "" for attempt in row["attempts"])
        yield from [Try(id, codes, row.get("passes_hidden"))] if codes else []
    elif "completions" in row:
        for n, text in enumerate(row["completions"]):
            yield Try(f"{id}:{n}", (whole(text or "", problem),), None)
    elif "generation" in row:
        yield Try(id, (whole(row["generation"] or "", problem),), row.get("passed"))
    else:
        code = solution_in(row["raw"] or "", problem)
        yield Try(id, (code or "",), None)


def whole(text: str, problem: Problem) -> str:
    """A completion after its prompt. One that defines the function again, or whose prompt defines nothing, stands alone;
    one with fences is read as an answer."""
    if text.count("```") > 1:
        return solution_in(text, problem) or text
    if f"def {problem.entry_point}" in text or "def " not in (problem.prompt or ""):
        return text
    body = text if text[:1].isspace() or not text.strip() else f"    {text}"
    return f"{problem.prompt}{body}"
