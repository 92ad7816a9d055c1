"""The rows of a dataset file: JSON lines (also .zst and .gz), a JSON list, CSV or TSV, Parquet. A row that cannot be read is
still a row, with its fault."""

import csv
import json
from base64 import b64encode
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from execfeedback.audit.values import Row
from execfeedback.errors import InputError
from execfeedback.jsonl import json_line, object_in, read_lines
from execfeedback.problems import parquet_rows

FORMS = ".jsonl, .jsonl.zst, .jsonl.gz, .ndjson, .json, .csv, .tsv, .parquet"
_LONGEST_CELL = 64 << 20


def read(path: Path) -> Iterator[Row]:
    """Rows in the order of the file. Raises InputError when there is no such file, or none of the forms."""
    name = path.name.lower()
    if path.is_dir():
        raise InputError(f"{path}: is a folder; name one file of it ({FORMS})")
    if name.endswith((".csv", ".tsv")):
        return _csv_rows(path, "\t" if name.endswith(".tsv") else ",")
    if name.endswith(".parquet"):
        return (_row(number, value) for number, value in enumerate(parquet_rows(path), start=1))
    if name.removesuffix(".zst").removesuffix(".gz").endswith((".jsonl", ".ndjson", ".json")):
        return _json_rows(path)
    raise InputError(f"{path}: is none of {FORMS}; rename or convert it")


def _json_rows(path: Path) -> Iterator[Row]:
    """A list of objects in one document, or an object on each line."""
    lines = read_lines(path)
    first = next(lines, None)
    if first is None:
        return
    if first[1].lstrip().startswith(b"["):
        yield from _listed(path, first[1] + b"".join(line for _, line in lines))
        return
    yield _line(*first)
    for number, line in lines:
        yield _line(number, line)


def _line(number: int, line: bytes) -> Row:
    try:
        value = object_in(line, f"line {number}")
    except InputError as error:
        return Row(number=number, raw=line.decode("utf-8", "replace").rstrip("\r\n"), fault=str(error))
    return Row(number=number, raw=line.decode().rstrip("\r\n"), value=value)


def _listed(path: Path, text: bytes) -> Iterator[Row]:
    try:
        rows = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise InputError(f"{path}: is neither a JSON list nor JSON lines: {error}") from None
    for number, value in enumerate(rows, start=1):
        yield _row(number, value)


def _row(number: int, value: Any) -> Row:
    if not isinstance(value, dict):
        return Row(number=number, raw=json.dumps(value), fault="is no object")
    try:
        plain = json.loads(json.dumps(value, default=_spelt))
    except RecursionError:
        return Row(number=number, fault="is nested too deeply")
    return Row(number=number, raw=json_line(plain).decode().rstrip("\n"), value=plain)


def _spelt(value: Any) -> str:
    """What Parquet holds and JSON cannot: bytes as base64, dates and decimals as text."""
    return b64encode(value).decode() if isinstance(value, bytes) else str(value)


def _csv_rows(path: Path, delimiter: str) -> Iterator[Row]:
    csv.field_size_limit(_LONGEST_CELL)
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            for number, value in enumerate(csv.DictReader(file, delimiter=delimiter), start=1):
                yield _cells(number, value)
    except FileNotFoundError:
        raise InputError(f"{path}: no such file") from None
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise InputError(f"{path}: cannot be read: {error}") from None


def _cells(number: int, value: dict[str | Any, Any]) -> Row:
    if None in value or None in value.values():
        return Row(number=number, fault="has not as many cells as the header has columns")
    return _row(number, value)
