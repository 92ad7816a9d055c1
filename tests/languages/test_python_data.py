"""The ready environment `python-data`: tables, arrays and numbers are judged outside the solution's process."""

import tomllib
from pathlib import Path
from typing import Any

import pytest

from execfeedback.protocols import Sandbox
from execfeedback.replaying import insensitive, replay_ends
from execfeedback.sandbox import images, packages
from execfeedback.types import Item
from execfeedback.verdicts import verdict_of

PROBLEMS = tomllib.loads(Path(__file__).with_name("python_data.toml").read_text("utf-8"))


def pins(name: str) -> set[str]:
    return set(packages.without(images.bundled_recipe(name).lock, set()).splitlines())


def test_it_has_its_packages_and_pythons_own_in_the_same_versions() -> None:
    assert pins("python") < pins("python-data")
    assert {"numpy", "pandas", "scipy"} <= packages.names(images.bundled_recipe("python-data").lock)


def item(name: str, solution: str, **more: Any) -> Item:
    problem = PROBLEMS[name]
    fields = {"id": name, "language": "python", "style": "asserts", "environment": "python-data"}
    taken = {"entry_point": problem["entry_point"], "tests": problem["tests"], "solution": problem[solution]}
    return Item.model_validate({**fields, **taken, **more})


@pytest.mark.docker
@pytest.mark.more_languages
@pytest.mark.parametrize(("solution", "ends"), [("right", "passed"), ("wrong", "wrong_answer")])
@pytest.mark.parametrize("name", PROBLEMS)
async def test_problems_are_judged_split(name: str, solution: str, ends: str, sandbox: Sandbox) -> None:
    found = await verdict_of(item(name, solution), sandbox)
    assert (found.verdict, found.integrity) == (ends, "split"), found
    assert found.environment.startswith("execfeedback/python-data:")


SEEDS = """
import numpy as np
from solution import draw

np.random.seed(3)
a = draw(5)
np.random.seed(3)
assert (a == np.random.randint(0, 100, 5)).all()
np.random.seed(3)
assert (draw(5) == a).all()
assert (draw(5) != a).any()
"""


@pytest.mark.docker
@pytest.mark.more_languages
async def test_the_seed_of_arrays_is_the_solutions_as_well(sandbox: Sandbox) -> None:
    solution = "import numpy as np\n\n\ndef draw(n):\n    return np.random.randint(0, 100, n)\n"
    given = {
        "id": "x",
        "language": "python",
        "style": "asserts",
        "environment": "python-data",
        "tests": SEEDS,
    }
    found = await verdict_of(Item.model_validate({**given, "solution": solution}), sandbox)

    assert (found.verdict, found.failure) == ("passed", None)


TABLES = """
import numpy as np
import pandas as pd
from pandas.testing import assert_frame_equal, assert_index_equal, assert_series_equal

days = pd.date_range("2024-01-01", periods=3, freq="D")
frames = [
    pd.DataFrame(),
    pd.DataFrame(index=[1, 2]),
    pd.DataFrame({"city": ["a", "b"], "t": [3, 7]}, index=["x", "y"]),
    pd.DataFrame([[1, 2]], columns=["a", "a"]),
    pd.DataFrame({"a": [1.5, np.nan, 3], "b": ["x", None, "z"], "c": [True, False, True]}, index=days),
    pd.DataFrame({"d": pd.to_datetime(["2024-01-01", None]), "e": pd.Categorical(["u", "v"], ["v", "u"], ordered=True)}),
    pd.DataFrame({"i": pd.array([1, None], dtype="Int64"), "s": pd.array(["x", None], dtype="string")}),
    pd.DataFrame({"l": [[1, 2], [3]], "d": [{"k": 1}, None]}),
    pd.DataFrame({"o": pd.Series(["a", 1, None], dtype=object)}),
    pd.DataFrame({"k": ["a", "a", "b"], "j": [1, 2, 1], "v": [1, 2, 3]}).set_index(["k", "j"]),
    pd.DataFrame({"g": list("aab"), "v": [1, 2, 3]}).groupby("g").agg(["sum", "mean"]),
    pd.DataFrame({"t": pd.date_range("2024-01-01", periods=2, tz="Europe/Paris")}),
    pd.DataFrame({"x": pd.cut(pd.Series([1, 5, 9]), [0, 3, 6, 10])}),
    pd.DataFrame({"p": pd.period_range("2024-01", periods=2, freq="M"), "w": pd.to_timedelta([1, 2], unit="h")}),
    pd.DataFrame({"f": np.array([1, 2], "float32"), "u": np.array([1, 2], "uint64"), "c": np.array([1j, 2])}),
]
for frame in frames:
    found = boxed(frame)[0]
    assert type(found) is pd.DataFrame and found.equals(frame)
    assert_frame_equal(found, frame, check_freq=True)
for column in (pd.Series([1, 2], name="n"), pd.Series(dtype=float), pd.Series([1, "a", None]), frames[5]["e"]):
    assert_series_equal(boxed(column)[0], column)
for index in (pd.RangeIndex(3), days, pd.Index(["a"], name="q"), pd.timedelta_range("1h", periods=3)):
    assert_index_equal(boxed(index)[0], index, exact=True)
for one in (pd.Timestamp("2024-01-01", tz="Asia/Tokyo"), pd.Timestamp("2024-01-01 12:00:01.5"), pd.Timedelta("1h")):
    assert boxed(one)[0] == one and type(boxed(one)[0]) is type(one)
assert boxed(pd.NaT)[0] is pd.NaT and boxed(pd.NA)[0] is pd.NA
"""


def written(solution: str, tests: str, name: str, **more: Any) -> Item:
    fields = {"id": name, "language": "python", "style": "asserts", "environment": "python-data"}
    return Item.model_validate({**fields, "solution": solution, "tests": tests, "entry_point": name, **more})


@pytest.mark.docker
@pytest.mark.more_languages
async def test_tables_of_every_kind_cross_as_they_are_and_count_as_unchanged(sandbox: Sandbox) -> None:
    found = await verdict_of(written("def boxed(x):\n    return [x]\n", TABLES, "boxed"), sandbox)
    assert (found.verdict, found.integrity) == ("passed", "split"), found.failure

    rounded = "def boxed(x):\n    return [x.astype(object) if hasattr(x, 'astype') else x]\n"
    other = await verdict_of(written(rounded, TABLES, "boxed"), sandbox)
    assert other.verdict == "wrong_answer", other


@pytest.mark.docker
@pytest.mark.more_languages
@pytest.mark.parametrize(
    ("change", "tests"),
    [
        ("x['b'] = x['a'] * 2", "d = pd.DataFrame({'a': [1, 2]})\nf(d)\nassert list(d['b']) == [2, 4]\n"),
        (
            "x.sort_values('a', inplace=True)",
            "d = pd.DataFrame({'a': [2, 1]})\nf(d)\nassert list(d['a']) == [1, 2]\n",
        ),
        ("x.sort()", "a = np.array([3, 1, 2])\nf(a)\nassert a.tolist() == [1, 2, 3]\n"),
    ],
)
async def test_what_a_solution_changes_in_place_is_seen(change: str, tests: str, sandbox: Sandbox) -> None:
    text = f"import numpy as np\nimport pandas as pd\n{tests}"
    solution = f"import pandas as pd\n\n\ndef f(x):\n    {change}\n"
    found = await verdict_of(written(solution, text, "f", contract={"mutates": True}), sandbox)
    assert (found.verdict, found.integrity) == ("passed", "split"), found

    nothing = await verdict_of(
        written("def f(x):\n    pass\n", text, "f", contract={"mutates": True}), sandbox
    )
    assert nothing.verdict in ("wrong_answer", "runtime_error"), nothing


@pytest.mark.docker
@pytest.mark.more_languages
async def test_other_parts_of_a_solutions_class_may_have_the_names_of_comparisons(sandbox: Sandbox) -> None:
    solution = "class Box:\n    eq = 5\n\n    def equals(self, x):\n        return x == 1\n\n\ndef f(x):\n    return Box()\n"
    found = await verdict_of(written(solution, "assert f(1).eq == 5\nassert f(1).equals(1)\n", "f"), sandbox)
    assert (found.verdict, found.integrity) == ("passed", "split"), found


LIAR = """
class DataFrame:
    shape, columns = (2, 1), ["a"]

    def equals(self, other):
        return True

    def compare(self, other):
        return self

    def ne(self, other):
        return DataFrame()

    def any(self):
        return False

    def __eq__(self, other):
        return True

    def __len__(self):
        return 0


DataFrame.__module__ = "pandas"


def f(x):
    return DataFrame()
"""


@pytest.mark.docker
@pytest.mark.more_languages
@pytest.mark.parametrize(
    "tests",
    [
        "assert f(1).equals(d)",
        "assert d.equals(f(1))",
        "assert f(1).compare(d) is not None",
        "assert not f(1).ne(d).any()",
        "assert (f(1) == d) is True",
        "assert (d == f(1)).all().all()",
        "assert_frame_equal(f(1), d)",
        "assert_frame_equal(d, f(1))",
    ],
)
async def test_a_class_that_claims_to_be_a_table_is_not_its_own_judge(tests: str, sandbox: Sandbox) -> None:
    head = "import pandas as pd\nfrom pandas.testing import assert_frame_equal\nd = pd.DataFrame({'a': [1, 2]})\n"
    found = await verdict_of(written(LIAR, head + tests + "\n", "f"), sandbox)
    assert not found.passed, found


MADE = """
import numpy as np
import pandas as pd


def made(kind):
    days = pd.date_range("2024-01-01", periods=3, freq="D")
    return {
        "array": np.arange(6.0).reshape(3, 2),
        "names": np.array(["ann", "bob", ""]),
        "scalar": np.float64(2.5),
        "frame": pd.DataFrame({"n": [1, 2, 3], "w": ["a", "b", None], "c": pd.Categorical(list("uvu"))}, index=days),
        "series": pd.Series([True, False, None], name="s", dtype="boolean"),
        "levels": pd.DataFrame({"k": [1, 1, 2], "j": [1, 2, 1], "v": [1.0, 2.0, 3.0]}).set_index(["k", "j"]),
        "index": days,
        "range": pd.RangeIndex(3),
        "stamp": pd.Timestamp("2024-01-01", tz="Asia/Tokyo"),
        "interval": pd.Series(pd.cut(pd.Series([1, 5, 9]), [0, 3, 6, 10])),
        "periods": pd.Series(pd.period_range("2024-01", periods=3, freq="M")),
    }[kind]
"""
KINDS = (
    "array",
    "names",
    "scalar",
    "frame",
    "series",
    "levels",
    "index",
    "range",
    "stamp",
    "interval",
    "periods",
)
SAME = """
import numpy as np
import pandas as pd

one, other = made({kind!r}), ALL[{kind!r}]
assert type(one) is type(other)
assert repr(one) == repr(other)
"""


@pytest.mark.docker
@pytest.mark.more_languages
@pytest.mark.parametrize("kind", KINDS)
async def test_wrong_tables_are_of_the_same_kind_so_a_test_of_the_kind_notices_nothing(
    kind: str, sandbox: Sandbox
) -> None:
    its_type = f"import pandas as pd, numpy as np\nassert type(made({kind!r})) is type(ALL[{kind!r}])\n"
    known = MADE.replace("def made(kind):", "def known(kind):")
    everything = f"{known}\nALL = {{kind: known(kind) for kind in {KINDS!r}}}\n"
    weak = await replay_ends(written(MADE, everything + its_type, "made"), sandbox)
    strong = await replay_ends(written(MADE, everything + SAME.format(kind=kind), "made"), sandbox)

    assert insensitive(weak), weak
    assert list(strong.values()).count("noticed") >= 4, strong
