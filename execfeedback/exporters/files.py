"""Writing an export: one data file, its manifest, for some formats a page about it; each whole or not there."""

import hashlib
import json
from collections import Counter
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

from execfeedback.errors import InputError
from execfeedback.exporters.parquet_file import write_parquet
from execfeedback.ids import digest
from execfeedback.jsonl import replacing, write_jsonl
from execfeedback.protocols import CardExporter, Exporter, ParquetExporter, RowsExporter
from execfeedback.types import SCHEMA_VERSION, Record

MANIFEST, CARD = "manifest.json", "README.md"


def export(
    records: Iterable[Record],
    exporter: Exporter | RowsExporter,
    folder: Path,
    version: str,
    min_confidence: float = 0.0,
) -> dict[str, Any]:
    """Write `FORMAT.jsonl` (or Parquet) and `manifest.json` into a folder; returns the manifest.

    Rows are in the order of the records, so that equal corpora give equal files; a row that comes again is written once. An
    export of the same format is replaced; a folder with another format raises InputError, since trainers read whole folders.
    Records below `min_confidence`, and above 0 those without an estimate, are left out.
    """
    _refuse_mixing(folder, exporter.name)
    tally = Tally(min_confidence)
    parquet = exporter if isinstance(exporter, ParquetExporter) else None
    path = folder / (parquet.file if parquet else f"{exporter.name}.jsonl")
    path.parent.mkdir(parents=True, exist_ok=True)
    rows = tally.rows(records, exporter)
    count = write_parquet(path, rows, parquet.schema()) if parquet else write_jsonl(path, rows)
    manifest = {
        "format": exporter.name,
        "execfeedback": version,
        "schema_version": SCHEMA_VERSION,
        "rows": count,
        **tally.facts(),
    }
    files = [_described(folder, path) | {"rows": count}]
    if isinstance(exporter, CardExporter):
        with replacing(folder / CARD) as out:
            out.write(exporter.card(manifest).encode())
        files.append(_described(folder, folder / CARD))
    with replacing(folder / MANIFEST) as out:
        out.write(json.dumps(manifest | {"files": files}, indent=2).encode() + b"\n")
    return manifest | {"files": files}


class Tally:
    """What went into an export, and what did not."""

    def __init__(self, min_confidence: float = 0.0) -> None:
        self.min_confidence = min_confidence
        self.records = self.repeated = self.repaired = 0
        self.left_out: Counter[str] = Counter()
        """By origin: records that gave no row; `confidence`: those that are not sure enough."""
        self.counts: dict[str, Counter[str]] = {}
        self.sources: Counter[tuple[str | None, ...]] = Counter()

    def rows(self, records: Iterable[Record], exporter: Exporter | RowsExporter) -> Iterator[dict[str, Any]]:
        """The rows to write."""
        seen: set[str] = set()
        for record in records:
            self.records += 1
            if (record.confidence or 0.0) < self.min_confidence:
                self.left_out["confidence"] += 1
                continue
            rows = _rows(record, exporter)
            new = [row for row in rows if digest(row) not in seen]
            seen |= {digest(row) for row in new}
            self.repeated += len(rows) - len(new)
            if rows:
                self.take(record)
            else:
                self.left_out[record.origin] += 1
            yield from new

    def take(self, record: Record) -> None:
        self.repaired += record.repaired
        source = record.problem.source
        self.sources[(source.name, source.licence, source.url)] += 1
        values: dict[str, Iterable[str]] = {
            "languages": [record.problem.language],
            "origins": [record.origin],
            "models": record.models,
            "gates": [gate.gate for gate in record.gates if gate.passed],
            "environments": [record.environment],
        }
        for name, found in values.items():
            self.counts.setdefault(name, Counter()).update(found)

    def facts(self) -> dict[str, Any]:
        named = [dict(zip(("name", "licence", "url"), key, strict=True)) for key in self.sources]
        counted = {name: dict(sorted(counts.items())) for name, counts in self.counts.items()}
        return {
            "records": self.records,
            "repaired": self.repaired,
            "left_out": dict(self.left_out),
            "min_confidence": self.min_confidence,
            "repeated_rows": self.repeated,
            **counted,
            "environments": sorted(self.counts.get("environments", ())),
            "sources": [
                about | {"records": count} for about, count in zip(named, self.sources.values(), strict=True)
            ],
        }


def _rows(record: Record, exporter: Exporter | RowsExporter) -> list[dict[str, Any]]:
    if isinstance(exporter, RowsExporter):
        return list(exporter.rows(record))
    row = exporter.row(record)
    return [] if row is None else [row]


def _described(folder: Path, path: Path) -> dict[str, Any]:
    """The manifest's entry of a file."""
    with path.open("rb") as file:
        sha = hashlib.file_digest(file, "sha256").hexdigest()
    return {"name": path.relative_to(folder).as_posix(), "bytes": path.stat().st_size, "sha256": sha}


def _refuse_mixing(folder: Path, name: str) -> None:
    path = folder / MANIFEST
    if folder.exists() and not folder.is_dir():
        raise InputError(f"{folder}: is a file; --out takes a folder")
    if not path.exists():
        return
    try:
        found = json.loads(path.read_text("utf-8")).get("format")
    except (ValueError, AttributeError) as error:
        raise InputError(f"{path}: is no manifest of an export ({error}); give another --out") from error
    if found != name:
        raise InputError(f"{folder}: holds an export in the format {found!r} already; give another --out")
