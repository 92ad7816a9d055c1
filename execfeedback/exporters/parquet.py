"""Format `parquet`: records as a table, of every origin. `record` is the whole one as JSON; the other columns are for
filtering and looking, and what has no single type in them (`solution` of several files, cases) is JSON as well."""

from typing import Any

from execfeedback import ids
from execfeedback.exporters.parquet_file import arrow
from execfeedback.types import Record

TEXTS = (
    "id",
    "problem",
    "statement",
    "language",
    "entry_point",
    "style",
    "solution",
    "tests",
    "holdout",
    "origin",
    "integrity",
    "difficulty",
    "source",
    "licence",
    "environment",
    "record",
)


class Parquet:
    """One record a row."""

    name = "parquet"
    file = "parquet.parquet"

    def row(self, record: Record) -> dict[str, Any] | None:
        problem, item = record.problem, record.item.model_dump(mode="json", by_alias=True)
        return {
            "id": record.id,
            "problem": problem.id,
            "statement": problem.statement,
            "language": problem.language,
            "entry_point": problem.entry_point,
            "style": item["style"],
            "solution": _text(item["solution"]),
            "tests": _text(item["tests"]),
            "holdout": _text(item["holdout"]),
            "origin": record.origin,
            "integrity": record.integrity,
            "difficulty": problem.difficulty,
            "source": problem.source.name,
            "licence": problem.source.licence,
            "environment": record.environment,
            "record": ids.canonical(record),
            "attempts": len(record.attempts),
            "repaired": record.repaired,
            "confidence": record.confidence,
            "cost": record.cost,
            "tags": list(problem.tags),
            "models": list(record.models),
        }

    def schema(self) -> Any:
        kinds = arrow()
        text = kinds.string()
        numbers = [
            ("attempts", kinds.int64()),
            ("repaired", kinds.bool_()),
            ("confidence", kinds.float64()),
            ("cost", kinds.float64()),
        ]
        lists = [(name, kinds.list_(text)) for name in ("tags", "models")]
        return kinds.schema([*((name, text) for name in TEXTS), *numbers, *lists])


def create(include_semi_synthetic: bool = True) -> Parquet:
    """A whole record says its origin itself, so the option, which all formats take, changes nothing."""
    return Parquet()


def _text(value: Any) -> str:
    return value if isinstance(value, str) else ids.canonical(value)
