"""The columns of one row as a verify item that lacks its solution. Pure, and nothing is parsed as code: a row may be hostile.

The tests are found by their column: `verify` (a verify item without its solution, as an object or as JSON text, which
Arrow keeps as it is), HumanEval's `test`, MBPP's `test_list`, `input_output`, `inputs` with `outputs` and perhaps
`fn_name`, `assert_case`, `verification_info`, `ground_truth`, or any column that is called after tests.
"""

import re
from collections.abc import Mapping
from typing import Any

from execfeedback.blocks import reads_as_code
from execfeedback.columns import fields
from execfeedback.columns.fields import Unreadable, Unrecognised
from execfeedback.columns.given_tests import has_asserts, mbpp_tests, tests_of
from execfeedback.columns.pairs import Given
from execfeedback.columns.supplied import supplied
from execfeedback.items import style_of
from execfeedback.jsonl import parsed
from execfeedback.languages import languages
from execfeedback.types import Case, Item, Value

_DEF = re.compile(r"^\s*(?:async\s+)?def\s+(\w+)\s*\(", re.MULTILINE)
_PREFIXES = {
    "cpp": "cpp",
    "java": "java",
    "js": "javascript",
    "javascript": "javascript",
    "go": "go",
    "rust": "rust",
}
_OWN_FIELDS = frozenset(field.alias or name for name, field in Item.model_fields.items())


TESTED = frozenset(
    {"verify", "test_list", "input_output", "inputs", "assert_case", *fields.WRAPPED, *fields.TESTS}
)
"""Columns that may hold tests."""
_NAMED_SO = ("test_list", "input_output", *fields.TESTS, "verification_info", "verify")


class Source(Value):
    """The parts of a row that several solutions of it share."""

    shape: str
    given: Given
    language: str
    prompt: str | None
    base: dict[str, Any]
    """Fields of a verify item that the row has beside its tests."""


def source_of(value: Mapping[str, Any], mapping: Mapping[str, str]) -> Source:
    """`mapping` (field -> column) goes before the names that are known. Raises Unreadable naming the field, InputError for a
    wrong verify item, Unrecognised when no column holds tests."""
    source = _source_of(value, mapping)
    calls = [case for case in source.given.tests if isinstance(case, Case)]
    if not fields.shallow(
        [*(each for case in calls for each in (case.args, case.kwargs, case.expected)), source.base]
    ):
        raise Unreadable("its tests are nested too deeply")
    return source


def _source_of(value: Mapping[str, Any], mapping: Mapping[str, str]) -> Source:
    prompt = _code_prompt(mapped_text(value, mapping, "prompt", fields.PROMPTS))
    if "tests" not in mapping and (verify := _verify_item(value)) is not None:
        return _of_verify_item(*verify, prompt)
    name = _name(value, mapping, prompt)
    shape, given = _given(value, mapping, name)
    language = _language(value, mapping, given.language)
    given = given if given.entry_point else given.model_copy(update={"entry_point": name})
    if language != "python" and isinstance(given.tests, str):
        given = given.model_copy(update={"style": "native"})
    if language == "python" and given.style in ("humaneval", "cases") and not _is_name(given.entry_point):
        raise Unreadable(f"field 'entry_point': {str(given.entry_point)[:100]!r} is no name of a function")
    base = {} if given.checker is None else {"checker": given.checker}
    prompt = prompt or _code_prompt(code_alone(given.prompt or ""))
    return Source(shape=shape, given=given, language=language, prompt=prompt, base=base)


def item_of(id: str, solution: str, source: Source, given: Given | None = None) -> Item:
    """The verify item of a solution, under the tests of the row or under `given` ones. Raises InputError."""
    given = given or source.given
    name = given.entry_point
    if source.language == "python":
        solution, name = supplied(solution, given)
    row = {
        **source.base,
        "id": id,
        "language": source.language,
        "solution": solution,
        "style": given.style,
        "tests": given.tests,
        "entry_point": name,
    }
    return parsed(row, Item, "the row as a verify item")


def _name(value: Mapping[str, Any], mapping: Mapping[str, str], prompt: str | None) -> str | None:
    """What the tests call, by its column, by the row's `metadata`, or as the last function of a prompt that is code."""
    named = mapped_text(value, mapping, "entry_point", fields.ENTRY_POINTS)
    if named is None and "entry_point" not in mapping:
        named = fields.function_name({"metadata": value.get("metadata")})
    return named or next(iter(_DEF.findall(prompt or "")[-1:]), None)


def _is_name(entry_point: str | None) -> bool:
    """A missing one is an error of the item, which says so better."""
    return entry_point is None or entry_point.isidentifier()


def mapped_text(
    value: Mapping[str, Any], mapping: Mapping[str, str], field: str, columns: tuple[str, ...]
) -> str | None:
    """The text of a field, from the column that the map names or from one that is known. Raises Unreadable."""
    if field not in mapping:
        return fields.text({k: v for k, v in value.items() if isinstance(v, str)}, columns)
    found = fields.at(value, mapping[field])
    if not isinstance(found, str):
        raise Unreadable(f"field '{mapping[field]}': must be text, for {field}")
    return found


def code_alone(prompt: str) -> str | None:
    """A prompt that is code from its first line on, as HumanEval's are; others say nothing about what the code lacks."""
    first = next((line for line in prompt.splitlines() if line.strip()), "")
    return prompt if reads_as_code(first) or first.startswith("#") else None


def _code_prompt(prompt: str | None) -> str | None:
    """A prompt that solutions go on from; a question in plain language is none."""
    return prompt if prompt and _DEF.search(prompt) and "```" not in prompt else None


# ---- a verify item without its solution ------------------------------------------------------------------------------


def _verify_item(value: Mapping[str, Any]) -> tuple[str, dict[str, Any]] | None:
    """The column and the object: `verify`, or such an item where others keep their tests."""
    verify = fields.from_json(value.get("verify"))
    if isinstance(verify, dict):
        return "verify", verify
    for column in fields.WRAPPED:
        found = fields.from_json(value.get(column))
        if isinstance(found, dict) and {"language", "tests"} <= found.keys() <= _OWN_FIELDS:
            return column, found
    return None


def _of_verify_item(column: str, verify: dict[str, Any], prompt: str | None) -> Source:
    row = {"language": "python", **_without_nulls(verify), "id": "row", "solution": ""}
    item = parsed(row, Item, f"field '{column}'")
    base = item.model_dump(
        by_alias=True, exclude={"id", "solution", "style", "tests", "entry_point", "language"}
    )
    given = Given(style=item.style, tests=item.tests, entry_point=item.entry_point)
    return Source(shape="wrapped", given=given, language=item.language, prompt=prompt, base=base)


def _without_nulls(verify: dict[str, Any]) -> dict[str, Any]:
    """Columns of structs have every field in every row: Arrow writes null where one was not there."""
    kept = {name: value for name, value in verify.items() if value is not None}
    for name in ("tests", "holdout"):
        if isinstance(cases := kept.get(name), list | tuple):
            kept[name] = [_kept(case) if isinstance(case, dict) else case for case in cases]
    if isinstance(kept.get("contract"), dict):
        kept["contract"] = _kept(kept["contract"])
    return kept


def _kept(value: dict[str, Any]) -> dict[str, Any]:
    return {name: found for name, found in value.items() if found is not None}


# ---- tests in the forms of others ------------------------------------------------------------------------------------


def _given(value: Mapping[str, Any], mapping: Mapping[str, str], name: str | None) -> tuple[str, Given]:
    """The shape, by its tests, and the tests."""
    if "tests" in mapping:
        return "code and tests", tests_of(fields.at(value, mapping["tests"]), mapping["tests"], name)
    if value.get("test_list"):
        return "mbpp", tests_of(mbpp_tests(value), "test_list", name)
    if isinstance(value.get("test"), str) and style_of(value["test"]) == "humaneval":
        return "humaneval", tests_of(value["test"], "test", name)
    if value.get("input_output"):
        return "pairs", tests_of(value["input_output"], "input_output", name)
    if has_asserts(value):
        return "wrapped", tests_of(value["assert_case"], "assert_case", name)
    if value.get("inputs") and value.get("outputs"):
        return "pairs", tests_of(value, "inputs", name)
    wrapped = fields.first(value, fields.WRAPPED)
    if wrapped is not None:
        return "wrapped", tests_of(value[wrapped], wrapped, name)
    plain = fields.first(value, fields.TESTS)
    if plain is None and (empty := next((n for n in _NAMED_SO if n in value), None)):
        raise Unrecognised(f"field '{empty}': holds no tests (it has {fields.names(value)})")
    if plain is None:
        raise Unrecognised(f"has no column that is known to hold tests (it has {fields.names(value)})")
    given = tests_of(value[plain], plain, name)
    return ("humaneval" if given.style == "humaneval" else "code and tests"), given


def _language(value: Mapping[str, Any], mapping: Mapping[str, str], said: str | None) -> str:
    """`said` by the tests, which know it best: a column of the row may mean the language of its text."""
    named = mapped_text(value, mapping, "language", () if said else fields.LANGUAGES) or said
    if named:
        return _spoken(named.strip().lower())
    prefix = str(value.get("task_id", "")).partition("/")[0].lower()
    return _PREFIXES.get(prefix, "python")


def _spoken(name: str) -> str:
    """Our name of a language: `Python 3.11` and `C++17` are known without what follows them, too."""
    names = {known: one.name for one in languages().values() for known in (one.name, *one.aliases)}
    close = name.replace(" ", "")
    return next(
        (names[known] for known in (name, close, close.rstrip("0123456789.")) if known in names), name
    )
