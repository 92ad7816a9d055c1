"""Recorded model outputs with known truth, whatever their publisher called the fields. A line is one of

    trajectory  {"task_id", "attempts": [{"code"}, ...], "visible_tests"?, "passes_hidden"?}
    samples     {"task_id", "prompt", "completions": [text, ...], "llm_tests" | "llm_tests_raw"?: [text, ...]}
    generation  {"task_id" | "humaneval_task_id", "prompt" | "prompt_or_intent", "generation", "passed"?}
    answer      {"task_id", "raw": an answer with fences and chatter}

of a task of HumanEval. Python only; other languages are counted and left out.
"""

import json
import re
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

from execfeedback.importers import humaneval
from execfeedback.parsing import solution_in
from execfeedback.suites import tests_in
from execfeedback.types import Problem

Row = dict[str, Any]


class Try(NamedTuple):
    """One sample: its solutions in the order of revision. `label` is what the publisher says of the last."""

    id: str
    codes: tuple[str, ...]
    label: bool | None


class Group(NamedTuple):
    """All that a file holds of one problem. `tests` are model-written, `visible` were recorded as seen by the loop."""

    file: str
    problem: Problem
    tries: tuple[Try, ...]
    tests: tuple[str, ...]
    visible: tuple[str, ...]


class Tasks(NamedTuple):
    """HumanEval by task number, and the inputs that HumanEval+ adds: [arguments, ...] and the tolerance."""

    problems: dict[str, Problem]
    more_inputs: dict[str, tuple[list[Any], float]]


def tasks(humaneval_file: Path, plus_file: Path | None) -> Tasks:
    problems = {number(p.id): p for p in humaneval.read(humaneval_file)}
    plus = rows(plus_file) if plus_file else ()
    return Tasks(problems, {number(r["task_id"]): (r["plus_input"], r["atol"]) for r in plus})


def rows(path: Path) -> Iterator[Row]:
    with path.open(encoding="utf-8") as file:
        yield from (json.loads(line) for line in file if line.strip())


def number(task: object) -> str:
    """`HumanEval/3`, `Python/3`, 3 -> `3`."""
    return str(task).rsplit("/", 1)[-1]


def groups(path: Path, known: Tasks) -> Iterator[Group]:
    """The file by problem. KeyError for a line of a form or a task that is not known."""
    by_task: dict[str, list[Row]] = defaultdict(list)
    for row in rows(path):
        if row.get("language", "python") == "python":
            by_task[task_of(row, known)].append(row)
    for task, found in by_task.items():
        truth = known.problems[task]
        prompt = next(
            (p for row in found if (p := row.get("prompt", row.get("prompt_or_intent")))), truth.prompt
        )
        problem = Problem(
            id=truth.id, statement=str(prompt), entry_point=truth.entry_point, prompt=str(prompt)
        )
        tries = [
            one for n, row in enumerate(found) for one in tries_in(row, problem, f"{path.stem}:{task}:{n}")
        ]
        texts = [text for row in found for text in row.get("llm_tests", row.get("llm_tests_raw", ()))]
        tests = [read[1] for text in texts if (read := tests_in(text, problem)) and isinstance(read[1], str)]
        visible = dict.fromkeys(line for row in found for line in row.get("visible_tests", ()))
        yield Group(path.stem, problem, tuple(tries), tuple(tests), tuple(map(plain, visible)))


def task_of(row: Row, known: Tasks) -> str:
    """The task of a line. Some published files number tasks in another order than they say: what the prompt defines
    decides, and its words where several tasks define a function of that name."""
    said = number(row.get("task_id", row.get("humaneval_task_id")))
    prompt = str(row.get("prompt", row.get("prompt_or_intent", "")))
    if not prompt or f"def {known.problems[said].entry_point}(" in prompt:
        return said
    words = set(prompt.split())
    named = [task for task, one in known.problems.items() if f"def {one.entry_point}(" in prompt]
    return max(named, key=lambda task: len(words & set(str(known.problems[task].prompt).split())))


def plain(line: str) -> str:
    """A visible test without the remark that some logs put behind it."""
    return re.sub(r"\s*# Real Execution Output:.*", "", line, flags=re.S)


def tries_in(row: Row, problem: Problem, id: str) -> Iterator[Try]:
    """The samples of one line."""
    if "attempts" in row:
        codes = tuple(attempt["code"] for attempt in row["attempts"])
        yield Try(id, codes, row.get("passes_hidden"))
    elif "completions" in row:
        for n, text in enumerate(row["completions"]):
            yield Try(f"{id}:{n}", (whole(text, problem),), None)
    elif "generation" in row:
        yield Try(id, (whole(row["generation"], problem),), row.get("passed"))
    else:
        code = solution_in(row["raw"], problem)
        yield Try(id, (code or "",), None)


def whole(text: str, problem: Problem) -> str:
    """A completion after its prompt; one that defines the function again stands alone."""
    if f"def {problem.entry_point}" in text:
        return text
    body = text if text[:1].isspace() or not text.strip() else f"    {text}"
    return f"{problem.prompt}{body}"
