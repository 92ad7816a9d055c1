"""Functions of other people's repositories as seeds."""

import json
from pathlib import Path
from typing import Any

import pytest

from execfeedback.errors import InputError
from execfeedback.importers import importer
from execfeedback.originals import example_lines, to_be_documented
from execfeedback.types import Problem

ROW: dict[str, Any] = {
    "id": "a/b:c.py:double",
    "language": "python",
    "name": "double",
    "code": 'def double(x):\n    """\n    >>> double(2)\n    4\n    """\n    return math.prod((x, 2))',
    "imports": ["import math"],
    "docstring": "passed over",
    "source": {"repo": "a/b", "path": "c.py", "line": 7, "commit": "1" * 40, "licence": "MIT"},
}


def read(tmp_path: Path, *rows: dict[str, Any]) -> list[Problem]:
    path = tmp_path / "snippets.jsonl"
    path.write_text("".join(json.dumps(row) + "\n" for row in rows))
    return list(importer("snippets").read(path))


def test_a_row_is_a_seed_with_its_source(tmp_path: Path) -> None:
    (seed,) = read(tmp_path, ROW)
    assert (seed.statement, seed.reference, seed.entry_point) == ("", None, None)
    assert seed.derived is not None
    assert (seed.derived.how, seed.derived.language, seed.derived.name) == ("inspired", "python", "double")
    assert seed.derived.code.startswith("import math\n") and seed.derived.code.endswith("2))\n")
    assert seed.source.model_dump() == {
        "name": "a/b",
        "licence": "MIT",
        "url": f"https://github.com/a/b/blob/{'1' * 40}/c.py#L7",
        "commit": "1" * 40,
    }
    assert seed.blind().derived is None


def test_a_seed_in_another_language_is_called_with_values(tmp_path: Path) -> None:
    row = {**ROW, "language": "rust", "imports": [], "code": "fn double(x: i64) -> i64 { 2 * x }"}
    (seed,) = read(tmp_path, row)
    assert (seed.language, seed.style) == ("rust", "cases")


def test_other_licences_are_left_out_and_said(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    closed = {**ROW, "id": "x", "source": {**ROW["source"], "licence": "GPL-3.0"}}
    assert len(read(tmp_path, ROW, closed)) == 1
    assert "snippets.jsonl:2: x: licence 'GPL-3.0' is none of" in capsys.readouterr().err


def test_what_is_wrong_is_named(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"snippets.jsonl:1: field 'source.commit'"):
        read(
            tmp_path,
            {**ROW, "source": {key: value for key, value in ROW["source"].items() if key != "commit"}},
        )
    with pytest.raises(InputError, match="unknown language 'klingon'"):
        read(tmp_path, {**ROW, "language": "klingon"})


def test_a_seed_is_marked_for_documentation(tmp_path: Path) -> None:
    (seed,) = read(tmp_path, ROW)
    marked = to_be_documented(seed)
    assert marked.derived is not None
    assert (marked.derived.how, marked.entry_point) == ("backtranslated", "double")
    assert list(example_lines(marked.derived.code, "double")) == ["double(2)"]
    with pytest.raises(InputError, match="problem p: is no seed"):
        to_be_documented(Problem(id="p", statement="Add."))
    (nameless,) = read(tmp_path, {**ROW, "name": None})
    with pytest.raises(InputError, match="has no name"):
        to_be_documented(nameless)


def test_the_real_seeds_come_in(data_dir: Path) -> None:
    for file in sorted((data_dir / "seeds").glob("*.jsonl")):
        seeds = list(importer("snippets").read(file))
        assert len(seeds) == len(file.read_text("utf-8").splitlines())
        assert all(to_be_documented(seed).entry_point for seed in seeds if seed.derived and seed.derived.name)
