"""Writing an export: one data file and its manifest, each whole or not there."""

import hashlib
import json
from collections import Counter
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

from execfeedback.errors import InputError
from execfeedback.jsonl import json_line, replacing
from execfeedback.protocols import Exporter
from execfeedback.types import SCHEMA_VERSION, Record, Value

MANIFEST = "manifest.json"


class Kept(Value):
    """A row and the environment that its record was verified in."""

    row: dict[str, Any]
    environment: str


def export(records: Iterable[Record], exporter: Exporter, folder: Path, version: str) -> dict[str, Any]:
    """Write `FORMAT.jsonl` and `manifest.json` into a folder; returns the manifest.

    Rows are in the order of the records, so that equal corpora give equal files. An export of the same format
    is replaced; a folder with another format raises InputError, since trainers read whole folders.
    """
    _refuse_mixing(folder, exporter.name)
    folder.mkdir(parents=True, exist_ok=True)
    left_out: Counter[str] = Counter()
    file, environments = _write(folder / f"{exporter.name}.jsonl", _kept(records, exporter, left_out))
    manifest = {
        "format": exporter.name,
        "execfeedback": version,
        "schema_version": SCHEMA_VERSION,
        "records": file["rows"] + left_out.total(),
        "rows": file["rows"],
        "left_out": dict(left_out),
        "environments": environments,
        "files": [file],
    }
    with replacing(folder / MANIFEST) as out:
        out.write(json.dumps(manifest, indent=2).encode() + b"\n")
    return manifest


def _kept(records: Iterable[Record], exporter: Exporter, left_out: Counter[str]) -> Iterator[Kept]:
    """The rows to write; counts what the exporter leaves out, by origin."""
    for record in records:
        row = exporter.row(record)
        if row is None:
            left_out[record.origin] += 1
        else:
            yield Kept(row=row, environment=record.environment)


def _write(path: Path, kept: Iterable[Kept]) -> tuple[dict[str, Any], list[str]]:
    """The manifest's entry of the file, and the environments that its rows name."""
    environments: set[str] = set()
    sha, size, rows = hashlib.sha256(), 0, 0
    with replacing(path) as out:
        for one in kept:
            line = json_line(one.row)
            size += out.write(line)
            sha.update(line)
            rows += 1
            environments.add(one.environment)
    return {"name": path.name, "rows": rows, "bytes": size, "sha256": sha.hexdigest()}, sorted(environments)


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
