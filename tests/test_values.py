"""What crosses between judge process and solution process: exact values round-trip, everything else is refused."""

import collections
import datetime
import decimal
import enum
import fractions
import math
import pathlib
from typing import Any

import perturbed
import pytest
import values
from hypothesis import given
from hypothesis import strategies as st


class NoRefs:
    """A side without references: whatever would need one is an error here."""

    enums_cross = True
    once = again = None

    def keeps(self, x: object) -> bool:
        return False

    def parts(self, kind: type) -> list[str]:
        return []

    def of_overriding(self, x: object) -> None:
        return None

    def put(self, x: object) -> list[Any]:
        raise values.Refused(f"{type(x).__name__} has no plain value")

    def get(self, tree: list[Any]) -> object:
        raise values.Refused("unknown reference")


REFS = NoRefs()
scalars = (
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.text()
    | st.binary()
    | st.complex_numbers()
    | st.fractions()
    | st.decimals()
    | st.dates()
    | st.datetimes()
    | st.times()
    | st.timedeltas()
)
hashable = st.integers() | st.text() | st.booleans() | st.none() | st.binary()
nested = st.recursive(
    scalars,
    lambda inner: (
        st.lists(inner)
        | st.lists(inner).map(tuple)
        | st.dictionaries(hashable, inner)
        | st.sets(hashable)
        | st.frozensets(hashable)
        | st.lists(inner).map(collections.deque)
    ),
    max_leaves=20,
)


def crossed(value: object) -> object:
    return values.decode(values.loads(values.dumps(values.encode(value, REFS))), REFS)


def shape(value: Any) -> Any:
    """Type and content, with nan equal to itself and -0.0 different from 0.0."""
    if isinstance(value, (float, complex, decimal.Decimal)):
        return type(value), repr(value)
    if isinstance(value, (list, tuple, collections.deque)):
        return type(value), [shape(v) for v in value]
    if isinstance(value, dict):
        return type(value), [(shape(k), shape(v)) for k, v in value.items()]
    if isinstance(value, (set, frozenset)):
        return type(value), sorted(repr(shape(v)) for v in value)
    return type(value), value


@given(nested)
def test_every_value_round_trips_with_its_exact_type(value: object) -> None:
    assert shape(crossed(value)) == shape(value)


@pytest.mark.parametrize(
    "value",
    [
        10**5000,
        -(10**5000),
        math.inf,
        -0.0,
        "\ud800",
        range(3, 99, 4),
        slice(1, None, 2),
        ...,
        NotImplemented,
        collections.OrderedDict(b=1, a=2),
        collections.Counter("abca"),
        collections.deque([1], maxlen=3),
        fractions.Fraction(10**40, 3),
        datetime.datetime(2024, 2, 29, tzinfo=datetime.UTC),
        pathlib.PurePosixPath("/a/b"),
        bytearray(b"\0x"),
        int,
        dict,
    ],
    ids=lambda v: type(v).__name__,
)
def test_particular_values_round_trip(value: object) -> None:
    assert shape(crossed(value)) == shape(value)


def test_nan_inside_a_list_stays_nan() -> None:
    got = crossed([math.nan])

    assert isinstance(got, list) and math.isnan(got[0])


class Liar(int):
    """Equal to everything, in one process."""

    def __eq__(self, other: object) -> bool:
        return True

    def __hash__(self) -> int:
        return 0


class LyingList(list):  # type: ignore[type-arg]
    def __iter__(self) -> Any:
        return iter([1, 2, 3])

    def __len__(self) -> int:
        return 3


def test_a_subclass_arrives_as_its_plain_value() -> None:
    got = crossed(Liar(7))

    assert type(got) is int and got != 8
    assert crossed(LyingList([9])) == [9]


def test_a_default_dict_has_its_default() -> None:
    got: Any = crossed(collections.defaultdict(int, a=1))

    assert type(got) is collections.defaultdict and got == {"a": 1} and got["b"] == 0
    assert crossed(collections.defaultdict(None, a=1)).default_factory is None  # type: ignore[attr-defined]


def test_a_named_tuple_keeps_its_names() -> None:
    got: Any = crossed(collections.namedtuple("Point", "x y")(1, 2))

    assert (got.x, got.y) == (1, 2) and got == (1, 2)


def test_a_value_that_contains_itself_is_refused() -> None:
    loop: list[Any] = []
    loop.append(loop)

    with pytest.raises(values.Refused, match="contains itself"):
        values.encode(loop, REFS)


class Colour(enum.Enum):
    RED = 1


@pytest.mark.parametrize(
    "value", [object(), print, Colour.RED, type("C", (), {})], ids=["object", "func", "enum", "class"]
)
def test_what_has_no_plain_value_goes_to_the_references(value: object) -> None:
    with pytest.raises(values.Refused):
        values.encode(value, REFS)


json_trees = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=4),
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.tuples(st.sampled_from(sorted(values.READERS)), inner, inner).map(list)
        | st.tuples(st.sampled_from(sorted(values.READERS)), inner).map(list)
        | st.dictionaries(st.text(max_size=2), inner, max_size=2)
    ),
    max_leaves=12,
)


@given(json_trees)
def test_malformed_trees_are_refused_and_nothing_else_happens(tree: object) -> None:
    try:
        values.decode(tree, REFS)
    except values.Refused:
        return


@given(st.binary())
def test_arbitrary_bytes_are_a_tree_or_refused(data: bytes) -> None:
    try:
        values.loads(data)
    except values.Refused:
        return


@pytest.mark.parametrize(
    "text", ["<i8", "|b1", ">f4", "<c16", "<U3", "|S12", "<M8[ns]", "<m8[D]", "<M8[25s]", "|u1"]
)
def test_dtypes_of_arrays_are_those_that_numpy_writes(text: str) -> None:
    assert values.DTYPE.fullmatch(text)


@pytest.mark.parametrize(
    "text", ["O", "|O", "i4,i4", "(2,3)i4", "V8", "<i8\n", "__import__('os')", "", "2i4", "int64"]
)
def test_no_other_dtype_is_read(text: str) -> None:
    assert not values.DTYPE.fullmatch(text)


def crossed_once(value: object) -> Any:
    return values.decode(values.loads(values.dumps(values.encode_once(value, values.Once(REFS)))), REFS)


@given(nested)
def test_what_holds_nothing_twice_is_written_as_ever(value: object) -> None:
    once = values.encode_once(value, values.Once(REFS))

    assert shape(crossed_once(value)) == shape(value)
    assert once == values.encode(value, REFS) or once[0] == "&" or "nan" in repr(value)


@given(st.lists(nested, min_size=1, max_size=4), st.lists(st.integers(0, 3), max_size=12))
def test_what_is_held_twice_is_one_object_there(inner: list[Any], chosen: list[int]) -> None:
    made = crossed_once([inner, (inner, {1: inner}), [inner[n % len(inner)] for n in chosen]])

    first, (second, third), picked = made
    assert first is second is third[1]
    for n, one in zip(chosen, picked, strict=True):
        assert shape(one) == shape(inner[n % len(inner)])
        if type(inner[n % len(inner)]) in values.CHANGING:
            assert one is first[n % len(inner)]


@given(st.lists(nested, min_size=1, max_size=4))
def test_a_tree_that_names_objects_again_can_be_unfolded(inner: list[Any]) -> None:
    tree = values.encode_once([inner, {1: (inner, inner[0])}], values.Once(REFS))

    assert perturbed.unfolded(tree[1], [])[0] == values.encode(
        [inner, {1: (inner, inner[0])}], REFS
    ) or "nan" in repr(inner)


def test_equal_objects_of_a_subclass_stay_apart() -> None:
    class Row(list):  # type: ignore[type-arg]
        pass

    first, second, third = crossed_once([Row([1]), Row([1]), [1]])

    assert first is not second is not third


@pytest.mark.parametrize(
    "tree",
    [
        ["=", 0],
        ["&", ["=", 0]],
        ["&", ["l", [["=", 0]]]],
        ["&", ["l", [["l", []], ["=", -1]]]],
        ["&", ["l", [["l", []], ["=", 1]]]],
        ["&", ["l", [["l", []], ["=", True]]]],
        ["&", ["l", [["l", []], ["=", "0"]]]],
        ["&", ["l", [["l", []], ["="]]]],
        ["&", ["S", [["=", 0]]]],
        ["&", ["l", [["l", []], ["S", [["=", 0]]]]]],
        ["&", ["&", 1]],
        ["&"],
        ["&", 1, 2],
    ],
)
def test_places_that_nothing_has_are_refused(tree: object) -> None:
    with pytest.raises(values.Refused):
        values.decode(tree, REFS)


def test_a_value_that_holds_itself_over_and_over_is_refused() -> None:
    tree: Any = ["l", []]
    for place in range(50):
        tree = ["l", [tree, ["=", place]]]

    with pytest.raises(values.Refused, match="too much"):
        values.decode(["&", tree], REFS)
