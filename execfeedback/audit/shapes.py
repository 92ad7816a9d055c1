"""A row of an existing dataset as verify items. Pure, and nothing of a row is parsed as code here: it may be hostile."""

from collections.abc import Iterator, Mapping
from typing import Any

from execfeedback import jobs
from execfeedback.audit.codes import codes_of
from execfeedback.audit.values import Claim, Reading, Row, Subject
from execfeedback.columns import fields
from execfeedback.columns.fields import Unreadable, Unrecognised
from execfeedback.columns.published import in_common_columns
from execfeedback.columns.source import Source, item_of, source_of
from execfeedback.errors import InputError
from execfeedback.items import item_for, suite_of
from execfeedback.jsonl import parsed
from execfeedback.types import Item, Problem

_UNWRAPPED = "each expected value taken out of its list of one"
_MODULES = ("bisect", "collections", "functools", "heapq", "itertools", "math", "typing")
_OF_LEETCODE = "\n".join(
    ["import random, re, string, sys", *(f"import {n}\nfrom {n} import *" for n in _MODULES)]
)
"""Its solutions are written under these."""
Tasks = Mapping[str, Mapping[str, Any]]
SHAPES = {
    "item": "solution, language, tests (execfeedback schema item)",
    "record": "item, gates (execfeedback schema record)",
    "problem": "statement, tests, reference (execfeedback schema problem)",
    "humaneval": "prompt, test, entry_point and canonical_solution, completion(s) or generation",
    "mbpp": "code, test_list (with test_setup_code, test_imports)",
    "published": "LiveCodeBench (public_test_cases, code_list), AceCode (inferences, test_cases)",
    "pairs": "solutions (or code), and input_output, inputs + outputs (+ fn_name)",
    "wrapped": "code or a model's answer, and verify, assert_case, verification_info or ground_truth",
    "code and tests": "solution, code or a model's answer, and test(s), test_code, unit_tests or test_cases",
}
"""Shape -> the columns that it is known by."""


def subjects(row: Row, mapping: Mapping[str, str], tasks: Tasks | None = None) -> list[Subject]:
    """The solutions of a row, each with its tests; what cannot be read is one subject with the fault."""
    id = f"row-{row.number}"
    if row.value is None:
        return [Subject(id=id, row=row.number, fault=row.fault)]
    try:
        id = _id(row.value, mapping) or id
        return list(_subjects(row, id, joined(row.value, mapping, tasks), mapping))
    except (Unreadable, InputError) as error:
        return [Subject(id=id, row=row.number, fault=str(error))]


def _id(row: Mapping[str, Any], mapping: Mapping[str, str]) -> str | None:
    if "id" in mapping:
        return str(fields.at(row, mapping["id"]))
    return fields.text(row, fields.IDS)


def joined(row: Mapping[str, Any], mapping: Mapping[str, str], tasks: Tasks | None) -> dict[str, Any]:
    """The row over its task (`--tasks`), whose own solution does not count where the row brings one."""
    if tasks is None:
        return dict(row)
    key = str(fields.at(row, mapping["task"])) if "task" in mapping else fields.text(row, fields.TASKS)
    if key is None or key not in tasks:
        raise Unreadable(f"task {key!r} is not in the file of --tasks")
    solutions = (*fields.MODEL_TEXTS, *fields.SOLUTIONS)
    own = "solution" in mapping or fields.first(row, solutions) is not None
    task = {name: value for name, value in tasks[key].items() if not (own and name in solutions)}
    return {**task, **row}


def _subjects(row: Row, id: str, value: dict[str, Any], mapping: Mapping[str, str]) -> Iterator[Subject]:
    if not mapping and (whole := _whole(value, id)) is not None:
        shape, item = whole
        yield _checked(Subject(id=id, row=row.number, shape=shape, readings=(Reading(item=item),)))
        return
    value = value if mapping else in_common_columns(value)
    column = _solution_column(value, mapping)
    source = source_of(value, mapping)
    texts = _texts(fields.at(value, column), column)
    claims = _claims(value, mapping, len(texts))
    for number, (text, claim) in enumerate(zip(texts, claims, strict=True), start=1):
        name = id if len(texts) == 1 else f"{id}#{number}"
        try:
            readings = tuple(_readings(name, column, text, source))
            subject = Subject(id=name, row=row.number, shape=source.shape, claim=claim, readings=readings)
            yield _checked(subject)
        except (Unreadable, InputError) as error:
            yield Subject(id=name, row=row.number, shape=source.shape, claim=claim, fault=str(error))


def _checked(subject: Subject) -> Subject:
    """The same subject, if jobs can be made of it. Raises InputError."""
    for reading in subject.readings:
        jobs.check(reading.item)
    return subject


# ---- our own shapes ------------------------------------------------------------------------------------------------


_EVERYBODYS = {
    "id",
    "language",
    "solution",
    "tests",
    "entry_point",
    "problem",
    "meta",
    "class",
    "expected",
    "why",
}
"""Of the fields of a verify item those that datasets call so too."""


def _whole(value: dict[str, Any], id: str) -> tuple[str, Item] | None:
    """A verify item, a record or a problem with a reference. What has only the columns that everybody has may be in any style,
    and is read like the rows of others."""
    known = {field.alias or name for name, field in Item.model_fields.items()}
    told = value.keys() - _EVERYBODYS or isinstance(value.get("solution"), dict)
    if told and {"solution", "language", "tests"} <= value.keys() <= known:
        return "item", parsed({**value, "id": id}, Item, "")
    if isinstance(value.get("item"), dict) and "gates" in value:
        return "record", parsed({**value["item"], "id": id}, Item, "item")
    if {"statement", "tests", "reference"} <= value.keys():
        return "problem", _of_problem(value)
    return None


def _of_problem(value: dict[str, Any]) -> Item:
    problem = parsed(value, Problem, "")
    suite = suite_of(problem)
    if suite is None or not problem.reference:
        raise Unreadable("field 'tests' or 'reference': holds nothing")
    return item_for(problem, problem.reference, suite)


# ---- solutions ---------------------------------------------------------------------------------------------------


def _solution_column(value: dict[str, Any], mapping: Mapping[str, str]) -> str:
    if "solution" in mapping:
        return mapping["solution"]
    column = fields.first(value, (*fields.MODEL_TEXTS, *fields.SOLUTIONS))
    if column is None and (empty := next((n for n in fields.SOLUTIONS if n in value), None)):
        raise Unrecognised(f"field '{empty}': holds no solution (it has {fields.names(value)})")
    if column is None:
        raise Unrecognised(f"has no column that is known to hold a solution (it has {fields.names(value)})")
    return column


def _texts(value: Any, column: str) -> list[str]:
    """The solutions in a column: one text, a list of them (also as JSON text), or the last answer of a chat."""
    value = fields.from_json(value)
    if isinstance(value, str):
        return [value]
    if isinstance(value, list) and value and all(isinstance(one, str) for one in value):
        return value
    if isinstance(value, list) and value and all(isinstance(one, dict) and "content" in one for one in value):
        return [str(value[-1]["content"])]
    raise Unreadable(f"field '{column}': holds no solution; it must be text or a list of texts")


def _claims(value: dict[str, Any], mapping: Mapping[str, str], count: int) -> list[Claim]:
    """What the row says of each solution; a row without a label says that it passes."""
    label = fields.at(value, mapping["passed"]) if "passed" in mapping else None
    if label is None:
        label = next((value[name] for name in fields.LABELS if _is_label(value.get(name))), True)
    labels = label if isinstance(label, list) else [label] * count
    if len(labels) != count or not all(_is_label(one) for one in labels):
        raise Unreadable(
            f"field '{mapping.get('passed', 'passed')}': must be true or false for each solution"
        )
    return [
        "passes" if one in (True, 1, "true", "True", "1", "passed", "pass") else "fails" for one in labels
    ]


def _is_label(value: Any) -> bool:
    if isinstance(value, list):
        return bool(value) and all(_is_label(one) for one in value)
    words = ("true", "false", "True", "False", "0", "1", "passed", "failed", "pass", "fail")
    return isinstance(value, bool) or value in (0, 1) or value in words


def _readings(id: str, column: str, text: str, source: Source) -> Iterator[Reading]:
    """The row as it is most likely meant, then other ways to read it with the verdict that makes them worth a try."""
    given = source.given
    codes = codes_of(text, column, source.prompt, given.entry_point, source.language)
    yield Reading(item=item_of(id, codes[0].text, source), note=codes[0].note)
    for code in codes[1:]:
        yield Reading(item=item_of(id, code.text, source), note=code.note, after="compile_error")
    if given.unwrapped is not None:
        other = given.model_copy(update={"tests": given.unwrapped})
        note = _UNWRAPPED
        yield Reading(item=item_of(id, codes[0].text, source, other), note=note, after="wrong_answer")
    if given.style in ("cases", "humaneval") and "class Solution" in codes[0].text:
        text = f"{_OF_LEETCODE}\n\n{codes[0].text}"
        note = "put under the imports that LeetCode gives"
        yield Reading(item=item_of(id, text, source), note=note, after="runtime_error")
        if given.unwrapped is not None:
            item = item_of(id, text, source, given.model_copy(update={"tests": given.unwrapped}))
            yield Reading(item=item, note=f"{note}, {_UNWRAPPED}", after="runtime_error")
