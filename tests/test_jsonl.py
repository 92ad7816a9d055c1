"""JSON lines: what is read, what is refused with file and line, and files that are whole or not there."""

import json
import math
import time
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from execfeedback.errors import InputError
from execfeedback.jsonl import json_line, read_jsonl, read_rows, strict, write_jsonl
from execfeedback.types import Item, Problem, Value

SURROGATES = st.characters(exclude_categories=("Cs",))
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(SURROGATES),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(SURROGATES), inner, max_size=3),
    max_leaves=10,
)
ROWS = st.lists(st.dictionaries(st.text(SURROGATES), JSON, max_size=4), max_size=6)


class Pair(Value):
    left: int
    right: str = ""


def written(folder: Path, text: str | bytes) -> Path:
    path = folder / "rows.jsonl"
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    return path


def refused(path: Path, model: type[Value] = Pair) -> str:
    with pytest.raises(InputError) as caught:
        list(read_jsonl(path, model))
    return str(caught.value).replace(str(path), "FILE")


def test_strict_readers_get_null_for_what_json_cannot_spell() -> None:
    row = {"a": [math.nan, math.inf, 1.5], "text": "NaN é \ud800"}
    assert json.loads(strict(json_line(row).decode())) == row | {"a": [None, None, 1.5]}
    assert strict('{"é": 1}') == '{"é": 1}'


@given(rows=ROWS)
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
def test_what_is_written_is_read(rows: list[dict[str, Any]], tmp_path: Path) -> None:
    path = tmp_path / "rows.jsonl"
    assert write_jsonl(path, rows) == len(rows)
    assert list(read_rows(path)) == list(enumerate(rows, start=1))


def test_line_numbers_count_blank_lines(tmp_path: Path) -> None:
    path = written(tmp_path, '\n{"left": 1}\n   \n\r\n{"left": 2, "right": "x"}')
    assert list(read_jsonl(path, Pair)) == [(2, Pair(left=1)), (5, Pair(left=2, right="x"))]


def test_only_a_line_feed_ends_a_line(tmp_path: Path) -> None:
    path = written(tmp_path, '{"left": 1, "right": "a\u2028b\u0085c"}\r\n{"left": 2}\n')
    assert [row.right for _, row in read_jsonl(path, Pair)] == ["a\u2028b\u0085c", ""]


def test_a_byte_order_mark_is_skipped(tmp_path: Path) -> None:
    path = written(tmp_path, b'\xef\xbb\xbf{"left": 1}\n')
    assert list(read_jsonl(path, Pair)) == [(1, Pair(left=1))]


def test_an_empty_file_has_no_rows(tmp_path: Path) -> None:
    assert list(read_jsonl(written(tmp_path, ""), Pair)) == []


@pytest.mark.parametrize(
    ("line", "message"),
    [
        (b"[1]", "FILE:2: is a list, but each line must be one JSON object"),
        (b'"x"', "FILE:2: is a string, but each line must be one JSON object"),
        (b"null", "FILE:2: is null, but each line must be one JSON object"),
        (b'{"left": 1', "FILE:2: is not JSON: Expecting ',' delimiter (column 11)"),
        (b'{"left": 1}{"left": 2}', "FILE:2: is not JSON: Extra data (column 12)"),
        (b'{"left": \xff}', "FILE:2: is not UTF-8 (byte 10 of the line)"),
        (
            b'{"left": 1}\0\0\0',
            "FILE:2: holds NUL bytes; the file was damaged or cut off while it was written",
        ),
        (b'{"left": 1, "left": 2}', "FILE:2: field 'left': comes twice in one object"),
        (b'{"left": [{"a": 1, "a": 1}]}', "FILE:2: field 'a': comes twice in one object"),
        (b"[" * 100_000, "FILE:2: is nested too deeply"),
    ],
)
def test_a_bad_line_is_named(line: bytes, message: str, tmp_path: Path) -> None:
    assert refused(written(tmp_path, b'{"left": 1}\n' + line + b"\n")) == message


def test_a_field_that_comes_twice_among_many_is_found_quickly(tmp_path: Path) -> None:
    line = ",".join(['{"left": 1', *(f'"k{number}": 1' for number in range(50_000)), '"z": 1, "z": 2}'])
    began = time.monotonic()

    assert refused(written(tmp_path, line)) == "FILE:1: field 'z': comes twice in one object"
    assert time.monotonic() - began < 2


def test_an_integer_that_is_too_long_is_named(tmp_path: Path) -> None:
    message = refused(written(tmp_path, b'{"left": ' + b"9" * 5000 + b"}"))
    assert message.startswith("FILE:1: ")
    assert "digits" in message


def test_utf_16_is_named(tmp_path: Path) -> None:
    assert refused(written(tmp_path, '{"left": 1}'.encode("utf-16"))) == "FILE: is UTF-16; save it as UTF-8"


def test_files_that_are_not_there_or_are_folders_are_named(tmp_path: Path) -> None:
    assert refused(tmp_path / "none.jsonl") == "FILE: no such file"
    assert refused(tmp_path) == "FILE: cannot be read: Is a directory"


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ('{"right": "x"}', "FILE:1: field 'left': is required"),
        (
            '{"left": "x"}',
            "FILE:1: field 'left': must be a valid integer, unable to parse string as an integer",
        ),
        ('{"left": 1, "rigth": ""}', "FILE:1: field 'rigth': is not a known field; did you mean 'right'?"),
        ('{"left": 1, "zzz": ""}', "FILE:1: field 'zzz': is not a known field; known are left, right"),
        ('{"right": 1}', "FILE:1: field 'left': is required\nFILE:1: field 'right': must be a valid string"),
    ],
)
def test_a_wrong_field_is_named(line: str, message: str, tmp_path: Path) -> None:
    assert refused(written(tmp_path, line)) == message


ITEM = '{"id": "x", "language": "python", "solution": "s", '


@pytest.mark.parametrize(
    ("rest", "message"),
    [
        ('"limits": {"cpu_s": 0}}', "FILE:1: field 'limits.cpu_s': must be greater than 0"),
        ('"tests": [{"stdin": "1"}]}', "FILE:1: field 'tests.0.stdout': is required"),
        (
            '"tests": [{"args": [1], "expectd": 1}, {"args": 3}]}',
            "FILE:1: field 'tests.0.expectd': is not a known field; remove it or correct its name\n"
            "FILE:1: field 'tests.1.args': must be a list",
        ),
        ('"checker": {"float": -1}}', "FILE:1: field 'checker.float': must be greater than 0"),
        (
            '"style": "x"}',
            "FILE:1: field 'style': must be 'asserts', 'humaneval', 'pytest', 'unittest', 'stdio', 'cases' or "
            "'native'",
        ),
        ('"solutoin": "s"}', "FILE:1: field 'solutoin': is not a known field; did you mean 'solution'?"),
    ],
)
def test_only_the_fitting_member_of_a_union_is_described(rest: str, message: str, tmp_path: Path) -> None:
    assert refused(written(tmp_path, ITEM + rest), Item) == message


def test_many_wrong_fields_are_cut_short(tmp_path: Path) -> None:
    fields = ", ".join(f'"wrong_{n}": 1' for n in range(9))
    lines = refused(written(tmp_path, '{"id": "a", "statement": "s", ' + fields + "}"), Problem).splitlines()
    assert len(lines) == 6
    assert lines[-1] == "FILE:1: and 4 more"


def test_a_write_that_fails_leaves_the_old_file_and_nothing_else(tmp_path: Path) -> None:
    path = written(tmp_path, "old\n")

    def rows() -> Any:
        yield {"a": 1}
        raise InputError("the source ends badly")

    with pytest.raises(InputError, match="ends badly"):
        write_jsonl(path, rows())
    assert path.read_text() == "old\n"
    assert list(tmp_path.iterdir()) == [path]


def test_a_write_replaces_the_old_file_and_follows_links(tmp_path: Path) -> None:
    path = written(tmp_path, "old\n")
    link = tmp_path / "link.jsonl"
    link.symlink_to(path)
    write_jsonl(link, [Pair(left=1), {"b": "é"}])
    assert path.read_text("utf-8") == '{"left": 1, "right": ""}\n{"b": "é"}\n'
    assert link.is_symlink()


def test_only_regular_files_are_written(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="is not a regular file"):
        write_jsonl(tmp_path, [])
    with pytest.raises(InputError, match=r"the folder .* does not exist; create it first"):
        write_jsonl(tmp_path / "none" / "rows.jsonl", [])


def test_lone_surrogates_are_kept(tmp_path: Path) -> None:
    path = tmp_path / "rows.jsonl"
    write_jsonl(path, [{"a": "\ud800"}])
    assert list(read_rows(path)) == [(1, {"a": "\ud800"})]
