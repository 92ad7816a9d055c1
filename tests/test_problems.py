"""Problem files: what is loaded, in which order, and what is refused with file, line and field."""

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from execfeedback.errors import InputError
from execfeedback.problems import bundled, load_problems, problem_row
from execfeedback.types import Case, Contract, LimitsGiven, Problem, Source, StdioCase

FULL = Problem(
    id="demo/add",
    statement="Add two numbers.",
    entry_point="add",
    style="cases",
    tests=(Case(args=(1, 2), expected=3), Case(args=("a", 1), raises="TypeError")),
    reference="def add(a, b):\n    return a + b\n",
    limits=LimitsGiven(cpu_s=2),
    contract=Contract(mutates=("a",)),
    holdout=(Case(args=(0, 0), expected=0),),
    source=Source(name="demo", licence="CC0-1.0"),
    tags=("arithmetic",),
    difficulty="easy",
    prompt="def add(a, b):\n",
)


def line(**fields: Any) -> str:
    return json.dumps({"id": "a", "statement": "s"} | fields) + "\n"


def written(path: Path, *lines: str) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("".join(lines))
    return path


def refused(path: Path) -> str:
    with pytest.raises(InputError) as caught:
        list(load_problems(path))
    return str(caught.value).replace(str(path), "FILE")


def test_a_problem_survives_its_file(tmp_path: Path) -> None:
    path = written(tmp_path / "one.jsonl", json.dumps(problem_row(FULL)))
    assert list(load_problems(path)) == [FULL]


def test_a_row_leaves_defaults_out_but_names_the_language() -> None:
    assert problem_row(Problem(id="a", statement="s")) == {"id": "a", "statement": "s", "language": "python"}


@given(
    st.builds(
        Problem,
        id=st.text("abc/-", min_size=1),
        statement=st.text(st.characters(exclude_categories=("Cs",))),
        language=st.sampled_from(["python", "rust"]),
        tests=st.none() | st.just("assert f()") | st.tuples(st.builds(StdioCase, stdout=st.text("xy\n"))),
        tags=st.lists(st.text("ab")).map(tuple),
        holdout=st.sampled_from([(), (Case(args=(1,), expected=None),)]),
    )
)
def test_every_problem_survives_its_row(problem: Problem) -> None:
    assert Problem.model_validate(json.loads(json.dumps(problem_row(problem)))) == problem


def test_a_folder_is_read_in_the_order_of_its_names(tmp_path: Path) -> None:
    written(tmp_path / "b.jsonl", line(id="3"))
    written(tmp_path / "a" / "z.jsonl", line(id="2"))
    written(tmp_path / "a" / "y.jsonl", line(id="1"))
    written(tmp_path / "a" / "SOURCE.toml", "name = 'x'\n")
    written(tmp_path / ".hidden" / "no.jsonl", "not even JSON\n")
    written(tmp_path / ".b.jsonl.1234.part", "not even JSON\n")
    assert [problem.id for problem in load_problems(tmp_path)] == ["1", "2", "3"]


def test_problems_come_one_by_one(tmp_path: Path) -> None:
    path = written(tmp_path / "one.jsonl", line(id="1"), "broken\n")
    assert next(load_problems(path)).id == "1"


def test_an_id_that_comes_twice_names_both_lines(tmp_path: Path) -> None:
    path = written(tmp_path / "one.jsonl", line(id="x"), "\n", line(id="x"))
    assert refused(path) == "FILE:3: field 'id': 'x' is the id of FILE:1 as well; rename one"
    other = written(tmp_path / "two.jsonl", line(id="x"))
    path.write_text(line(id="x"))
    with pytest.raises(InputError) as caught:
        list(load_problems(tmp_path))
    assert str(caught.value) == f"{other}:1: field 'id': 'x' is the id of {path}:1 as well; rename one"


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({"limits": {"cpu_s": 0}}, "FILE:1: field 'limits.cpu_s': must be greater than 0"),
        ({"id": ""}, "FILE:1: field 'id': must have at least 1 character"),
        ({"stile": "asserts"}, "FILE:1: field 'stile': is not a known field; did you mean 'style'?"),
        (
            {"tests": [{"args": [1], "expected": 2}]},
            "FILE:1: field 'entry_point': style 'cases' needs the name of the function",
        ),
        (
            {"tests": "assert f()", "style": "stdio"},
            "FILE:1: field 'tests': style 'stdio' needs a list of {\"stdin\", \"stdout\"}",
        ),
        (
            {"tests": [{"args": [], "expected": 1}], "style": "stdio"},
            "FILE:1: field 'tests': style 'stdio' needs a list of {\"stdin\", \"stdout\"}",
        ),
        (
            {"tests": [{"stdin": "", "stdout": ""}], "style": "pytest"},
            "FILE:1: field 'tests': style 'pytest' needs text",
        ),
        (
            {"tests": [{"args": [], "expected": 1}], "style": "cases"},
            "FILE:1: field 'entry_point': style 'cases' needs the name of the function",
        ),
        ({"statement": "\ud800"}, "FILE:1: field 'statement': holds a lone surrogate; replace it by text"),
    ],
)
def test_a_wrong_field_is_named(fields: dict[str, Any], message: str, tmp_path: Path) -> None:
    assert refused(written(tmp_path / "one.jsonl", line(**fields))) == message


def test_nothing_is_an_error(tmp_path: Path) -> None:
    assert refused(written(tmp_path / "one.jsonl", "\n")).startswith("FILE: holds no problem; ")
    assert refused(tmp_path / "none.jsonl") == "FILE: no such file or folder"
    (tmp_path / "empty").mkdir()
    assert refused(tmp_path / "empty") == "FILE: holds no .jsonl, .jsonl.zst, .jsonl.gz, .parquet file"
    other = written(tmp_path / "one.csv", "id,statement\n")
    assert refused(other) == "FILE: is none of .jsonl, .jsonl.zst, .jsonl.gz, .parquet; rename or convert it"


def test_zst_is_unpacked(tmp_path: Path) -> None:
    zstandard = pytest.importorskip("zstandard", reason="the optional package zstandard is not installed")
    path = tmp_path / "many.jsonl.zst"
    packed = zstandard.compress("".join(line(id=str(n)) for n in range(5000)).encode())
    path.write_bytes(packed)
    assert [problem.id for problem in load_problems(path)] == [str(n) for n in range(5000)]
    path.write_bytes(packed[: len(packed) // 2])
    assert "is cut off" in refused(path)
    path.write_bytes(b"not zstd at all")
    assert refused(path).startswith("FILE: is not a zstd file, or a damaged one: ")


def test_all_frames_of_a_zst_file_are_read(tmp_path: Path) -> None:
    zstandard = pytest.importorskip("zstandard", reason="the optional package zstandard is not installed")
    path = tmp_path / "two.jsonl.zst"
    path.write_bytes(zstandard.compress(line(id="1").encode()) + zstandard.compress(line(id="2").encode()))
    assert [problem.id for problem in load_problems(path)] == ["1", "2"]
    path.write_bytes(path.read_bytes()[:-1])
    assert refused(path) == "FILE: is cut off; copy or download it again"


def test_parquet_rows_are_problems(tmp_path: Path) -> None:
    parquet = pytest.importorskip("pyarrow.parquet", reason="the optional package pyarrow is not installed")
    import pyarrow

    rows = [problem_row(FULL), {"id": "plain", "statement": "s"}]
    columns = {name: [row.get(name) for row in rows] for name in rows[0]}
    for name in ("tests", "holdout"):
        columns[name] = [value and json.dumps(value) for value in columns[name]]
    path = tmp_path / "two.parquet"
    parquet.write_table(pyarrow.table(columns), path)
    assert list(load_problems(path)) == [FULL, Problem(id="plain", statement="s")]
    path.write_bytes(path.read_bytes()[:50])
    assert refused(path).startswith("FILE: is not a whole Parquet file: ")


@pytest.mark.parametrize(
    ("name", "package"), [("a.jsonl.zst", "zstandard"), ("a.parquet", "pyarrow")], ids=["zst", "parquet"]
)
def test_what_is_missing_is_named(
    name: str, package: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for module in (package, f"{package}.parquet"):
        monkeypatch.setitem(__import__("sys").modules, module, None)
    message = refused(written(tmp_path / name, ""))
    assert message.endswith(f"needs the package {package}: run `pip install {package}`")


def test_the_bundled_problems_are_found() -> None:
    assert (bundled() / "foundations" / "SOURCE.toml").is_file()
