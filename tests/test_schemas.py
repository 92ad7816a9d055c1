"""JSON Schemas and golden lines: what people script against is not taken away by accident.

A field that was added is written into the golden files by running this file: `python tests/test_schemas.py`.
"""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from pydantic import BaseModel
from typer.testing import CliRunner

from execfeedback.cli import app
from execfeedback.errors import InputError
from execfeedback.jsonl import json_line, read_jsonl, read_rows
from execfeedback.problems import problem_row
from execfeedback.schemas import MODELS, Event, schema
from execfeedback.types import SCHEMA_VERSION, Item, Problem, Verdict

GOLDEN = Path(__file__).parent / "golden"
NAMES = ["problem", "record", "item", "verdict", "config", "event"]


def fields(part: dict[str, Any], place: str = "") -> dict[str, bool]:
    """Dotted names of all fields of a schema and its definitions -> whether they are required."""
    required = part.get("required", [])
    found = {f"{place}{name}": name in required for name in part.get("properties", {})}
    for name, definition in part.get("$defs", {}).items():
        found |= fields(definition, f"{name}.")
    return found


def golden(name: str) -> dict[str, Any]:
    return dict(json.loads((GOLDEN / f"schema_{name}.json").read_text("utf-8")))


def values(part: Any) -> Iterator[str]:
    """All strings that a schema allows by name."""
    if isinstance(part, dict):
        yield from part.get("enum", [])
        for inner in part.values():
            yield from values(inner)
    elif isinstance(part, list):
        for inner in part:
            yield from values(inner)


def test_the_names_are_those_that_people_know() -> None:
    assert list(MODELS) == NAMES


def test_an_unknown_name_lists_what_exists() -> None:
    with pytest.raises(InputError, match=f"^there is no schema 'items'; there are {', '.join(NAMES)}$"):
        schema("items")


@pytest.mark.parametrize("name", NAMES)
def test_every_schema_says_its_version(name: str) -> None:
    found = schema(name)
    assert found["schema_version"] == SCHEMA_VERSION == "1.0"
    assert found["type"] == "object"


@pytest.mark.parametrize("name", NAMES)
def test_no_field_is_removed_or_newly_required(name: str) -> None:
    """A removal is a major change of the version, and so is a field that old files do not have."""
    before, now = fields(golden(name)), fields(schema(name))
    assert sorted(before.keys() - now.keys()) == []
    owners = {field.rpartition(".")[0] for field in before}
    new = now.keys() - before.keys()
    assert [field for field in sorted(new) if now[field] and field.rpartition(".")[0] in owners] == []
    assert [field for field in sorted(before) if now[field] and not before[field]] == []


@pytest.mark.parametrize("name", NAMES)
def test_no_named_value_is_removed(name: str) -> None:
    assert set(values(golden(name))) - set(values(schema(name))) == set()


def test_a_removed_field_would_be_noticed() -> None:
    """The comparison above sees what it must see."""
    before = schema("problem")
    after = json.loads(json.dumps(before))
    del after["properties"]["statement"], after["$defs"]["Contract"]["properties"]["ordered"]
    assert fields(before).keys() - fields(after).keys() == {"statement", "Contract.ordered"}


@pytest.mark.parametrize(
    ("name", "model"), [("problem", Problem), ("item", Item), ("verdict", Verdict), ("event", Event)]
)
def test_golden_lines_are_read(name: str, model: type[BaseModel]) -> None:
    path = GOLDEN / f"{name}.jsonl"
    raw = [row for _, row in read_rows(path)]
    assert len(raw) >= 2
    for (_, value), row in zip(read_jsonl(path, model), raw, strict=True):
        assert _within(row, value.model_dump(mode="json", by_alias=True))


def _within(part: Any, whole: Any) -> bool:
    """Whether everything in `part` is in `whole` with the same values."""
    if isinstance(part, dict) and isinstance(whole, dict):
        return all(key in whole and _within(value, whole[key]) for key, value in part.items())
    if isinstance(part, list) and isinstance(whole, list):
        return len(part) == len(whole) and all(map(_within, part, whole))
    return bool(part == whole)


def test_a_golden_problem_is_written_as_it_was() -> None:
    path = GOLDEN / "problem.jsonl"
    lines = path.read_bytes().splitlines(keepends=True)
    assert [json_line(problem_row(problem)) for _, problem in read_jsonl(path, Problem)] == lines


def test_a_golden_verdict_is_written_as_it_was() -> None:
    path = GOLDEN / "verdict.jsonl"
    before = [set(row) for _, row in read_rows(path)]
    now = [set(verdict.model_dump(by_alias=True)) for _, verdict in read_jsonl(path, Verdict)]
    assert [sorted(one - other) for one, other in zip(before, now, strict=True)] == [[]] * len(before)


def test_the_command_prints_a_schema() -> None:
    result = CliRunner().invoke(app, ["schema", "verdict"])
    assert json.loads(result.output) == schema("verdict")


if __name__ == "__main__":
    for each in NAMES:
        text = json.dumps(schema(each), indent=1, ensure_ascii=False) + "\n"
        (GOLDEN / f"schema_{each}.json").write_text(text, "utf-8")
