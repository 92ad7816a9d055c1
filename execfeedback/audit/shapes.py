"""A row of an existing dataset as verify items. Pure, and nothing of a row is parsed as code here: it may be hostile."""

import re
from collections.abc import Iterator, Mapping
from typing import Any

from execfeedback import jobs
from execfeedback.audit import fields
from execfeedback.audit.codes import Code, codes_of
from execfeedback.audit.fields import Unreadable, Unrecognised
from execfeedback.audit.given_tests import Given, tests_of
from execfeedback.audit.values import Claim, Reading, Row, Subject
from execfeedback.errors import InputError
from execfeedback.items import item_for, suite_of
from execfeedback.jsonl import parsed
from execfeedback.languages import languages
from execfeedback.types import Item, Problem, Value

Tasks = Mapping[str, Mapping[str, Any]]
SHAPES = {
    "item": "solution, language, tests (execfeedback schema item)",
    "record": "item, gates (execfeedback schema record)",
    "problem": "statement, tests, reference (execfeedback schema problem)",
    "humaneval": "prompt, test, entry_point and canonical_solution, completion(s) or generation",
    "mbpp": "code, test_list (with test_setup_code, test_imports)",
    "pairs": "solutions (or code), and input_output, inputs + outputs (+ fn_name)",
    "wrapped": "code or a model's answer, and verify, assert_case, verification_info or ground_truth",
    "code and tests": "solution, code or a model's answer, and test(s), test_code, unit_tests or test_cases",
}
"""Shape -> the columns that it is known by."""

_DEF = re.compile(r"^\s*(?:async\s+)?def\s+(\w+)\s*\(", re.MULTILINE)
_PREFIXES = {
    "cpp": "cpp",
    "java": "java",
    "js": "javascript",
    "javascript": "javascript",
    "go": "go",
    "rust": "rust",
}


class Source(Value):
    """The parts of a row that several solutions of it share."""

    shape: str
    given: Given
    language: str
    prompt: str | None
    base: dict[str, Any]
    """Fields of a verify item that the row has beside its tests."""


def subjects(row: Row, mapping: Mapping[str, str], tasks: Tasks | None = None) -> list[Subject]:
    """The solutions of a row, each with its tests; what cannot be read is one subject with the fault.

    Raises Unrecognised when the row is in no shape that is known.
    """
    id = f"row-{row.number}"
    if row.value is None:
        return [Subject(id=id, row=row.number, fault=row.fault)]
    try:
        id = _id(row.value, mapping) or id
        return list(_subjects(row, id, joined(row.value, mapping, tasks), mapping))
    except Unrecognised:
        raise
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
    column = _solution_column(value, mapping)
    source = _source(value, mapping)
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


def _whole(value: dict[str, Any], id: str) -> tuple[str, Item] | None:
    """A verify item, a record or a problem with a reference."""
    known = {field.alias or name for name, field in Item.model_fields.items()}
    if {"solution", "language", "tests"} <= value.keys() and value.keys() <= known:
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


# ---- tests and context ------------------------------------------------------------------------------------------


def _source(value: dict[str, Any], mapping: Mapping[str, str]) -> Source:
    prompt = _code_prompt(_mapped_text(value, mapping, "prompt", fields.PROMPTS))
    language = _language(value, mapping)
    name = _mapped_text(value, mapping, "entry_point", fields.ENTRY_POINTS)
    if name is None and prompt:
        name = next(iter(_DEF.findall(prompt)[-1:]), None)
    if "tests" not in mapping and isinstance(value.get("verify"), dict):
        return _verify_column(value["verify"], prompt)
    shape, given = _given(value, mapping, name)
    given = given if given.entry_point else given.model_copy(update={"entry_point": name})
    if language != "python" and isinstance(given.tests, str):
        given = given.model_copy(update={"style": "native"})
    return Source(shape=shape, given=given, language=language, prompt=prompt, base={})


def _code_prompt(prompt: str | None) -> str | None:
    """A prompt that solutions go on from; a question in plain language is none."""
    return prompt if prompt and _DEF.search(prompt) and "```" not in prompt else None


def _verify_column(verify: dict[str, Any], prompt: str | None) -> Source:
    """The column that our rewards read: a verify item without its solution."""
    item = parsed({"language": "python", **verify, "id": "row", "solution": ""}, Item, "field 'verify'")
    base = item.model_dump(
        by_alias=True, exclude={"id", "solution", "style", "tests", "entry_point", "language"}
    )
    given = Given(style=item.style, tests=item.tests, entry_point=item.entry_point)
    return Source(shape="wrapped", given=given, language=item.language, prompt=prompt, base=base)


def _given(value: dict[str, Any], mapping: Mapping[str, str], name: str | None) -> tuple[str, Given]:
    """The shape, by its tests, and the tests."""
    if "tests" in mapping:
        return "code and tests", tests_of(fields.at(value, mapping["tests"]), mapping["tests"], name)
    if value.get("test_list"):
        return "mbpp", tests_of(_mbpp_tests(value), "test_list", name)
    if value.get("input_output"):
        return "pairs", tests_of(value["input_output"], "input_output", name)
    if value.get("inputs") and value.get("outputs"):
        return "pairs", tests_of(value, "inputs", name)
    if value.get("assert_case"):
        return "wrapped", tests_of(value["assert_case"], "assert_case", name)
    wrapped = fields.first(value, fields.WRAPPED)
    if wrapped is not None:
        return "wrapped", tests_of(value[wrapped], wrapped, name)
    plain = fields.first(value, fields.TESTS)
    if plain is None:
        raise Unrecognised(f"has no column that is known to hold tests (it has {fields.names(value)})")
    given = tests_of(value[plain], plain, name)
    return ("humaneval" if given.style == "humaneval" else "code and tests"), given


def _mbpp_tests(value: dict[str, Any]) -> str:
    parts = [
        value.get("test_imports"),
        value.get("test_setup_code"),
        value["test_list"],
        value.get("challenge_test_list"),
    ]
    lines: list[str] = []
    for part in map(fields.from_json, parts):
        lines += [str(one) for one in part] if isinstance(part, list | tuple) else [str(part or "")]
    return "\n".join(line for line in lines if line) + "\n"


def _mapped_text(
    value: dict[str, Any], mapping: Mapping[str, str], field: str, columns: tuple[str, ...]
) -> str | None:
    if field not in mapping:
        return fields.text({k: v for k, v in value.items() if isinstance(v, str)}, columns)
    found = fields.at(value, mapping[field])
    if not isinstance(found, str):
        raise Unreadable(f"field '{mapping[field]}': must be text, for {field}")
    return found


def _language(value: dict[str, Any], mapping: Mapping[str, str]) -> str:
    named = _mapped_text(value, mapping, "language", fields.LANGUAGES)
    if named:
        name = named.strip().lower()
        spoken = (one.name for one in languages().values() if name in (one.name, *one.aliases))
        return next(spoken, name)
    prefix = str(value.get("task_id", "")).partition("/")[0].lower()
    return _PREFIXES.get(prefix, "python")


# ---- solutions ---------------------------------------------------------------------------------------------------


def _solution_column(value: dict[str, Any], mapping: Mapping[str, str]) -> str:
    if "solution" in mapping:
        return mapping["solution"]
    column = fields.first(value, (*fields.MODEL_TEXTS, *fields.SOLUTIONS))
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
    yield Reading(item=_item(id, codes[0], source, given), note=codes[0].note)
    for code in codes[1:]:
        yield Reading(item=_item(id, code, source, given), note=code.note, after="compile_error")
    if given.unwrapped is not None:
        other = given.model_copy(update={"tests": given.unwrapped})
        note = "each expected value taken out of its list of one"
        yield Reading(item=_item(id, codes[0], source, other), note=note, after="wrong_answer")


def _item(id: str, code: Code, source: Source, given: Given) -> Item:
    solution = code.text
    if given.style == "cases" and given.entry_point and "class Solution" in solution:
        solution = _with_function(solution, given.entry_point)
    row = {
        **source.base,
        "id": id,
        "language": source.language,
        "solution": solution,
        "style": given.style,
        "tests": given.tests,
        "entry_point": given.entry_point,
    }
    return parsed(row, Item, "the row as a verify item")


def _with_function(code: str, name: str) -> str:
    """A method of a class `Solution` as the function that the cases call, unless the code defines that too."""
    if re.search(rf"^def\s+{re.escape(name)}\s*\(", code, re.MULTILINE) or not name.isidentifier():
        return code
    return (
        f"{code.rstrip()}\n\n\ndef {name}(*args, **kwargs):\n    return Solution().{name}(*args, **kwargs)\n"
    )
