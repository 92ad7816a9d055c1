"""pandas' tables as values: what they hold crosses as arrays, and is put together again on the other side.

What comes back is built by pandas from plain arrays, so `==`, `equals` and `assert_frame_equal` in the judge process run on
real tables. What has no form here (sparse and foreign columns, subclasses) crosses as a reference, as any other object.
"""

import re
import sys

import values

NULLABLE = re.compile(r"U?Int(8|16|32|64)|Float(32|64)|boolean|string|str")
ZONE = re.compile(r"[A-Za-z][A-Za-z0-9_+-]{0,30}(/[A-Za-z0-9_+-]{1,30}){0,2}")
OFFSET = re.compile(r"UTC[+-]\d\d:\d\d")
FREQUENCY = re.compile(r"-?\d{0,9}[A-Za-z]{1,8}(-[A-Z]{3})?")
STORAGES = (None, "python", "pyarrow")
SIDES = ("left", "right", "both", "neither")


class NoForm(Exception):
    """This table cannot cross as a value."""


def encode(x, refs, depth):
    """A tree for a table, a column, an index or a scalar of pandas; None where there is none."""
    pandas, kind = sys.modules.get("pandas"), type(x)
    if pandas is None:  # a class that only says that it is of pandas
        return None
    try:
        if kind is pandas.DataFrame:
            columns = [column(x.iloc[:, n].array, refs, depth) for n in range(x.shape[1])]
            return ["pF", columns, index(x.columns, refs, depth), index(x.index, refs, depth)]
        if kind is pandas.Series:
            name = values.encode(x.name, refs, depth)
            return ["pS", column(x.array, refs, depth), index(x.index, refs, depth), name]
        if isinstance(x, pandas.Index):
            return ["pI", index(x, refs, depth)]
        if x is pandas.NaT or x is pandas.NA:
            return ["pN", "NaT" if x is pandas.NaT else "NA"]
        if kind is pandas.Timestamp:
            return ["pT", numbers(x.to_numpy()), None if x.tz is None else zone(x.tz)]
        if kind is pandas.Timedelta:
            return ["pD", numbers(x.to_numpy())]
        if kind is pandas.Interval:
            return ["pV", values.encode(x.left, refs, depth), values.encode(x.right, refs, depth), x.closed]
        if isinstance(x, pandas.api.extensions.ExtensionArray):
            return ["pA", column(x, refs, depth)]
    except (NoForm, AttributeError, ValueError, TypeError, NotImplementedError):
        pass  # an odd table, which crosses as any other object does
    return None


def numbers(array):
    """An array or a scalar of a plain dtype."""
    tree = values.encode_numpy(array, sys.modules["numpy"])
    if tree is None:
        raise NoForm
    return tree


def zone(tz):
    text = str(tz)
    if not (ZONE.fullmatch(text) or OFFSET.fullmatch(text)):
        raise NoForm
    return text


def column(array, refs, depth):
    """One-dimensional data."""
    pandas, numpy = sys.modules["pandas"], sys.modules["numpy"]
    plain, dtype = numpy.asarray(array), array.dtype
    if type(array) is pandas.arrays.NumpyExtensionArray or isinstance(dtype, numpy.dtype):
        return (
            ["o", values.items(list(plain), refs, depth)]
            if plain.dtype.kind == "O"
            else ["n", numbers(plain)]
        )
    if isinstance(dtype, pandas.CategoricalDtype):
        return ["c", numbers(array.codes), index(array.categories, refs, depth), bool(array.ordered)]
    if isinstance(dtype, pandas.DatetimeTZDtype):
        return ["z", numbers(numpy.asarray(array.tz_convert(None))), zone(dtype.tz)]
    if isinstance(dtype, pandas.IntervalDtype):
        return [
            "v",
            column(array.left.array, refs, depth),
            column(array.right.array, refs, depth),
            array.closed,
        ]
    if isinstance(dtype, pandas.PeriodDtype):
        return ["p", numbers(array.asi8), frequency(str(dtype).removeprefix("period[").removesuffix("]"))]
    name = str(dtype)
    if NULLABLE.fullmatch(name) and (storage := getattr(dtype, "storage", None)) in STORAGES:
        there = [None if missing else value for value, missing in zip(array, array.isna())]
        return ["x", name, storage, values.items(there, refs, depth)]
    raise NoForm


def frequency(text):
    if not FREQUENCY.fullmatch(text):
        raise NoForm
    return text


def index(x, refs, depth):
    pandas, kind = sys.modules["pandas"], type(x)
    names = values.items(list(x.names), refs, depth)
    if kind is pandas.MultiIndex:
        levels = [index(level, refs, depth) for level in x.levels]
        return ["m", levels, [numbers(codes) for codes in x.codes], names]
    if kind is pandas.RangeIndex:
        return ["r", x.start, x.stop, x.step, names]
    if kind.__module__.partition(".")[0] != "pandas":
        raise NoForm
    step = getattr(x, "freq", None) if kind in (pandas.DatetimeIndex, pandas.TimedeltaIndex) else None
    return ["i", column(x.array, refs, depth), names, step and frequency(step.freqstr)]


# ---- from the wire -----------------------------------------------------------------------------------------------


def decode_frame(tree, refs, depth):
    import pandas

    _, columns, names, rows = tree
    rows, names = decode_index(rows, refs, depth), decode_index(names, refs, depth)
    arrays = [decode_column(one, refs, depth) for one in columns]
    parts = {n: pandas.Series(array, index=rows, dtype=array.dtype) for n, array in enumerate(arrays)}
    found = pandas.DataFrame(parts, index=rows)
    found.columns = names
    return found


def decode_series(tree, refs, depth):
    import pandas

    array, rows = decode_column(tree[1], refs, depth), decode_index(tree[2], refs, depth)
    return pandas.Series(array, index=rows, dtype=array.dtype, name=values.decode(tree[3], refs, depth))


def decode_stamp(tree, refs, depth):
    import pandas

    stamp = pandas.Timestamp(decode_numbers(tree[1], refs, depth))
    return stamp if tree[2] is None else stamp.tz_localize("UTC").tz_convert(checked_zone(tree[2]))


def decode_nothing(tree, refs, depth):
    import pandas

    return {"NaT": pandas.NaT, "NA": pandas.NA}[tree[1]]


def decode_delta(tree, refs, depth):
    import pandas

    return pandas.Timedelta(decode_numbers(tree[1], refs, depth))


def decode_interval(tree, refs, depth):
    import pandas

    left, right = values.decode(tree[1], refs, depth), values.decode(tree[2], refs, depth)
    return pandas.Interval(left, right, checked_side(tree[3]))


def decode_numbers(tree, refs, depth):
    if type(tree) is not list or tree[0] not in ("np", "ns"):
        raise values.Refused("malformed column")
    return values.decode(tree, refs, depth)


def checked_zone(text):
    if type(text) is not str or not (ZONE.fullmatch(text) or OFFSET.fullmatch(text)):
        raise values.Refused("malformed time zone")
    return text


def checked_side(text):
    if text not in SIDES:
        raise values.Refused("malformed interval")
    return text


def checked_frequency(text):
    if type(text) is not str or not FREQUENCY.fullmatch(text):  # pandas would parse a text of any form
        raise values.Refused("malformed frequency")
    return text


def decode_column(tree, refs, depth):
    return COLUMNS[tree[0]](tree, refs, depth)


def decode_objects(tree, refs, depth):
    import numpy

    found = values.values(tree[1], refs, depth)
    array = numpy.empty(len(found), dtype=object)
    for number, value in enumerate(found):
        array[number] = value
    return array


def decode_categories(tree, refs, depth):
    import pandas

    categories, codes = decode_index(tree[2], refs, depth), decode_numbers(tree[1], refs, depth)
    dtype = pandas.CategoricalDtype(categories, ordered=tree[3] is True)
    return pandas.Categorical.from_codes(codes, dtype=dtype)


def decode_zoned(tree, refs, depth):
    import pandas

    stamps = pandas.DatetimeIndex(decode_numbers(tree[1], refs, depth))
    return stamps.tz_localize("UTC").tz_convert(checked_zone(tree[2])).array


def decode_intervals(tree, refs, depth):
    import pandas

    left, right = decode_column(tree[1], refs, depth), decode_column(tree[2], refs, depth)
    return pandas.arrays.IntervalArray.from_arrays(left, right, closed=checked_side(tree[3]))


def decode_periods(tree, refs, depth):
    import pandas

    ordinals = decode_numbers(tree[1], refs, depth)
    return pandas.PeriodIndex.from_ordinals(ordinals, freq=checked_frequency(tree[2])).array


def decode_nullable(tree, refs, depth):
    import pandas

    _, dtype, storage, found = tree
    if type(dtype) is not str or not NULLABLE.fullmatch(dtype) or storage not in STORAGES:
        raise values.Refused("malformed dtype")
    if storage is not None:
        dtype = pandas.StringDtype(storage, na_value=float("nan") if dtype == "str" else pandas.NA)
    return pandas.array(values.values(found, refs, depth), dtype=dtype)


COLUMNS = {
    "o": decode_objects,
    "n": lambda t, r, d: decode_numbers(t[1], r, d),
    "c": decode_categories,
    "z": decode_zoned,
    "v": decode_intervals,
    "p": decode_periods,
    "x": decode_nullable,
}


def decode_index(tree, refs, depth):
    return INDEXES[tree[0]](tree, refs, depth)


def decode_range(tree, refs, depth):
    import pandas

    (name,) = values.values(tree[4], refs, depth)
    return pandas.RangeIndex(tree[1], tree[2], tree[3], name=name)


def decode_levels(tree, refs, depth):
    import pandas

    levels = [decode_index(level, refs, depth) for level in tree[1]]
    codes = [decode_numbers(one, refs, depth) for one in tree[2]]
    return pandas.MultiIndex(levels=levels, codes=codes, names=values.values(tree[3], refs, depth))


def decode_plain_index(tree, refs, depth):
    import pandas

    array, (name,) = decode_column(tree[1], refs, depth), values.values(tree[2], refs, depth)
    found = pandas.Index(array, dtype=array.dtype, name=name)
    if tree[3] is not None:
        found.freq = checked_frequency(tree[3])
    return found


INDEXES = {"r": decode_range, "m": decode_levels, "i": decode_plain_index}


def strict(read):
    """Whatever pandas raises over data that nobody of ours wrote, it is malformed."""

    def reader(tree, refs, depth):
        try:
            return read(tree, refs, depth)
        except values.Refused:
            raise
        except Exception as error:
            raise values.Refused(f"malformed table: {type(error).__name__}") from None

    return reader


READERS = {
    "pF": decode_frame,
    "pS": decode_series,
    "pI": lambda t, r, d: decode_index(t[1], r, d),
    "pN": decode_nothing,
    "pT": decode_stamp,
    "pD": decode_delta,
    "pV": decode_interval,
    "pA": lambda t, r, d: decode_column(t[1], r, d),
}
values.FOREIGN["pandas"] = encode
values.READERS.update({tag: strict(read) for tag, read in READERS.items()})
