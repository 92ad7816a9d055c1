"""Rows into a Parquet file, a portion in memory at one time. The only place that knows pyarrow."""

from collections.abc import Iterable, Iterator
from itertools import islice
from pathlib import Path
from typing import Any

from execfeedback.jsonl import optional, replacing

PORTION = 1000
PURPOSE = "writing Parquet"


def arrow() -> Any:
    """The library. Raises InputError saying how to get it."""
    return optional("pyarrow", "pyarrow", PURPOSE)


def write_parquet(path: Path, rows: Iterable[dict[str, Any]], schema: Any) -> int:
    """Write all rows or nothing, and say how many. Raises InputError without pyarrow."""
    parquet, count = optional("pyarrow.parquet", "pyarrow", PURPOSE), 0
    with replacing(path) as file, parquet.ParquetWriter(file, schema, compression="zstd") as writer:
        for portion in portions(rows):
            plain = [_utf8(row) for row in portion]
            writer.write_table(arrow().Table.from_pylist(plain, schema=schema))
            count += len(portion)
    return count


def portions(rows: Iterable[dict[str, Any]]) -> Iterator[list[dict[str, Any]]]:
    source = iter(rows)
    while portion := list(islice(source, PORTION)):
        yield portion


def _utf8(value: Any) -> Any:
    """Lone surrogates, which JSON can spell and UTF-8 cannot, as their escapes."""
    if isinstance(value, str):
        return value.encode("utf-8", "backslashreplace").decode()
    if isinstance(value, dict):
        return {name: _utf8(one) for name, one in value.items()}
    return [_utf8(one) for one in value] if isinstance(value, list) else value


def message() -> Any:
    """The type of one turn of a chat."""
    text = arrow().string()
    return arrow().struct([("role", text), ("content", text)])
