"""Whatever a file holds, every row ends as a subject or as a fault that is said: nothing crashes, nothing is lost."""

import json
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from execfeedback.audit import rows, shapes
from execfeedback.audit.values import Row
from execfeedback.columns import fields
from execfeedback.errors import InputError

COLUMNS = (
    *fields.IDS,
    *fields.MODEL_TEXTS,
    *fields.SOLUTIONS,
    *fields.PROMPTS,
    *fields.ENTRY_POINTS,
    *fields.LANGUAGES,
    *fields.LABELS,
    *fields.TESTS,
    *fields.WRAPPED,
    *(
        "test_list",
        "test_setup_code",
        "test_imports",
        "inputs",
        "outputs",
        "assert_case",
        "verify",
        "item",
        "gates",
    ),
    *(
        "statement",
        "args",
        "kwargs",
        "expected",
        "stdin",
        "stdout",
        "fn_name",
        "style",
        "limits",
        "holdout",
        "content",
    ),
)
TEXTS = st.sampled_from(
    [
        "def f(x):\n    return x\n",
        "assert f(1) == 1\n",
        "def check(candidate):\n    assert candidate(1) == 1\n\ncheck(f)\n",
        "```python\nx = 1\n```",
        '["assert f(1) == 1"]',
        '{"inputs": ["1"], "outputs": ["1"], "fn_name": "f"}',
        '{"inputs": [[1]], "outputs": [[1]]}',
        "[" * 40,
        "1\n\x00\ud800",
        "python",
        "",
    ]
)
SCALARS = st.one_of(st.none(), st.booleans(), st.integers(), st.floats(), TEXTS, st.text(max_size=8))
VALUES = st.recursive(
    SCALARS,
    lambda inner: st.one_of(
        st.lists(inner, max_size=3), st.dictionaries(st.sampled_from(COLUMNS), inner, max_size=4)
    ),
    max_leaves=12,
)
ROWS = st.dictionaries(st.sampled_from(COLUMNS), VALUES, min_size=1, max_size=7)
MAPS = st.sampled_from(
    ["", "solution=code,tests=tests", "solution=code.0,tests=test.inputs,passed=correct", "id=name"]
)


@given(ROWS, MAPS)
def test_every_object_is_a_subject_or_a_fault(value: dict[str, Any], mapping: str) -> None:
    row = Row(number=1, value=value)
    try:
        found = shapes.subjects(row, fields.parse_map(mapping))
    except fields.Unrecognised as error:
        assert "(it has " in str(error)
        return
    assert found
    for subject in found:
        assert bool(subject.readings) != bool(subject.fault), subject


@given(
    st.lists(st.one_of(st.binary(max_size=30), ROWS.map(lambda row: json.dumps(row).encode())), max_size=6)
)
def test_every_line_that_is_not_blank_is_a_row(lines: list[bytes]) -> None:
    whole = [line.replace(b"\n", b" ") for line in lines]
    with TemporaryDirectory() as folder:
        path = Path(folder, "rows.jsonl")
        path.write_bytes(b"\n".join(whole))
        try:
            found = list(rows.read(path))
        except InputError:
            first = next(line for line in whole if line.strip())
            assert first.startswith((b"\xff\xfe", b"\xfe\xff")) or first.lstrip().startswith(
                (b"[", b"\xef\xbb\xbf")
            )
            return
    expected = [line for line in whole if line.removeprefix(b"\xef\xbb\xbf").strip()]
    assert len(found) == len(expected) or expected[0].lstrip().startswith((b"[", b"\xef"))
    assert all((row.value is None) == bool(row.fault) for row in found)
