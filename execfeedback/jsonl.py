"""JSON lines: read with errors that name file and line, written so that a file is whole or not there."""

import codecs
import gzip
import importlib
import json
import os
import secrets
import zlib
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Any, TypeVar

from pydantic import BaseModel, ValidationError

from execfeedback.errors import InputError
from execfeedback.field_errors import described

Model = TypeVar("Model", bound=BaseModel)


# ---- reading ---------------------------------------------------------------------------------------------


def read_jsonl(path: Path, model: type[Model]) -> Iterator[tuple[int, Model]]:
    """Line number (from 1) and value of each line that is not blank. InputError names file, line, field."""
    for number, row in read_rows(path):
        yield number, parsed(row, model, f"{path}:{number}")


def read_rows(path: Path) -> Iterator[tuple[int, dict[str, Any]]]:
    """Line number and object of each line that is not blank; `.zst` and `.gz` files are unpacked on the way."""
    for number, line in read_lines(path):
        yield number, object_in(line, f"{path}:{number}")


def read_lines(path: Path) -> Iterator[tuple[int, bytes]]:
    """Line number and bytes of each line that is not blank, to be read by `object_in`."""
    with _opened(path) as file:
        for number, line in enumerate(file, start=1):
            if number == 1:
                line = _without_bom(line, path)
            if line.strip():
                yield number, line


def parsed(row: dict[str, Any], model: type[Model], where: str) -> Model:
    """`row` as a `model`; each wrong field is one line `WHERE: field 'NAME': REASON` of an InputError."""
    try:
        return model.model_validate(row)
    except ValidationError as error:
        raise InputError("\n".join(f"{where}: {line}" for line in described(error, row, model))) from None


def optional(module: str, package: str, purpose: str) -> Any:
    """A module that the base install does not bring. Raises InputError saying how to get it."""
    try:
        return importlib.import_module(module)
    except ModuleNotFoundError as error:
        if error.name is None or error.name.partition(".")[0] != module.partition(".")[0]:
            raise
        raise InputError(f"{purpose} needs the package {package}: run `pip install {package}`") from None


@contextmanager
def _opened(path: Path) -> Iterator[Iterator[bytes]]:
    """The lines of a file as bytes, split at line feeds only."""
    try:
        if path.suffix == ".zst":
            with _unpacked(path) as file:
                yield file
        elif path.suffix == ".gz":
            with gzip.open(path) as zipped:
                yield iter(zipped)
        else:
            with path.open("rb") as file:
                yield file
    except FileNotFoundError:
        raise InputError(f"{path}: no such file") from None
    except (gzip.BadGzipFile, EOFError, zlib.error) as error:
        raise InputError(f"{path}: is no gzip file, or a damaged one: {error}") from None
    except OSError as error:
        raise InputError(f"{path}: cannot be read: {error.strerror or error}") from None


@contextmanager
def _unpacked(path: Path) -> Iterator[Iterator[bytes]]:
    zstandard = optional("zstandard", "zstandard", f"{path}: reading .zst")
    try:
        with path.open("rb") as file:
            yield _split(_frames(file, zstandard.ZstdDecompressor().decompressobj, path))
    except zstandard.ZstdError as error:
        raise InputError(f"{path}: is not a zstd file, or a damaged one: {error}") from None


def _frames(file: IO[bytes], frame: Callable[[], Any], path: Path) -> Iterator[bytes]:
    """Unpacked pieces of all frames; parallel packers write many. A last frame without its end is an error."""
    unpacking = None
    while chunk := file.read(1 << 16):
        while chunk:
            unpacking = unpacking or frame()
            yield unpacking.decompress(chunk)
            chunk = unpacking.unused_data if unpacking.eof else b""
            unpacking = None if unpacking.eof else unpacking
    if unpacking:
        raise InputError(f"{path}: is cut off; copy or download it again")


def _split(pieces: Iterator[bytes]) -> Iterator[bytes]:
    """Lines of a text that comes in pieces."""
    rest = b""
    for piece in pieces:
        *lines, rest = (rest + piece).split(b"\n")
        yield from lines
    yield rest


def _without_bom(line: bytes, path: Path) -> bytes:
    if line.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        raise InputError(f"{path}: is UTF-16; save it as UTF-8")
    return line.removeprefix(codecs.BOM_UTF8)


def object_in(line: bytes, where: str) -> dict[str, Any]:
    """The JSON object that a line is. Raises InputError that begins with `where`."""
    value = value_in(line, where)
    if not isinstance(value, dict):
        raise InputError(f"{where}: is {_KINDS[type(value)]}, but each line must be one JSON object")
    return value


def value_in(line: bytes, where: str) -> Any:
    """The JSON value that a text is. Raises InputError that begins with `where`."""
    if b"\0" in line:
        raise InputError(f"{where}: holds NUL bytes; the file was damaged or cut off while it was written")
    try:
        return json.loads(line.rstrip().decode(), object_pairs_hook=_unique)
    except UnicodeDecodeError as error:
        raise InputError(f"{where}: is not UTF-8 (byte {error.start + 1} of the line)") from None
    except json.JSONDecodeError as error:
        raise InputError(f"{where}: is not JSON: {error.msg} (column {error.colno})") from None
    except RecursionError:
        raise InputError(f"{where}: is nested too deeply") from None
    except ValueError as error:  # a key twice, or an integer with more digits than Python converts
        raise InputError(f"{where}: {error}") from None


_KINDS = {
    list: "a list",
    str: "a string",
    int: "a number",
    float: "a number",
    bool: "a boolean",
    type(None): "null",
}


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """A dictionary; a key that comes twice is an error, since one of its values would be lost in silence."""
    row = dict(pairs)
    if len(row) < len(pairs):
        counts = Counter(key for key, _ in pairs)
        twice = next(key for key, count in counts.items() if count > 1)
        raise ValueError(f"field '{twice}': comes twice in one object")
    return row


# ---- writing ---------------------------------------------------------------------------------------------


def write_jsonl(path: Path, rows: Iterable[BaseModel | dict[str, Any]]) -> int:
    """Write all rows or nothing, and say how many. A file that was there stays until the new one is whole."""
    count = 0
    with replacing(path) as file:
        for row in rows:
            file.write(json_line(row))
            count += 1
    return count


def json_line(row: BaseModel | dict[str, Any]) -> bytes:
    """One line of JSON in UTF-8, fields in their order, with its line feed; lone surrogates stay escaped."""
    plain = row.model_dump(mode="json", by_alias=True) if isinstance(row, BaseModel) else row
    try:
        return json.dumps(plain, ensure_ascii=False).encode() + b"\n"
    except UnicodeEncodeError:
        return json.dumps(plain).encode() + b"\n"


def strict(text: str) -> str:
    """JSON text with null for NaN and the infinities, which are Python's and which strict readers refuse."""
    if "NaN" not in text and "Infinity" not in text:
        return text
    return json.dumps(json.loads(text, parse_constant=lambda _: None))


@contextmanager
def replacing(path: Path) -> Iterator[IO[bytes]]:
    """A new file that takes the place of `path` when the block ends well, and vanishes when it does not."""
    target = path.resolve()
    if target.exists() and not target.is_file():
        raise InputError(f"{path}: is not a regular file; name a file to write to")
    part = target.with_name(f".{target.name}.{secrets.token_hex(4)}.part")
    try:
        with part.open("xb") as file:
            yield file
            file.flush()
            os.fsync(file.fileno())
        part.replace(target)
        _sync_folder(target.parent)
    except FileNotFoundError as error:
        if error.filename != str(part):
            raise
        raise InputError(f"{path}: the folder {target.parent} does not exist; create it first") from None
    finally:
        part.unlink(missing_ok=True)


def _sync_folder(folder: Path) -> None:
    """Make a rename in `folder` last through a power cut."""
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
