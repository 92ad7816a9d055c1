"""Tests run again on wrong replies: which suites notice, and which could not have failed."""

import base64
import struct
from datetime import timedelta
from pathlib import PurePosixPath
from typing import Any

import perturbed
import pytest
import values
from hypothesis import given
from hypothesis import strategies as st

from execfeedback.protocols import Sandbox
from execfeedback.replaying import insensitive, replay_ends
from execfeedback.types import Item, ReplayEnd

PLAIN = st.recursive(
    st.one_of(
        st.none(),
        st.booleans(),
        st.integers(),
        st.floats(allow_nan=False),
        st.text(),
        st.binary(),
        st.fractions(),
        st.decimals(allow_nan=False, places=3, min_value=-(10**9), max_value=10**9),
        st.dates(),
        st.datetimes(),
        st.times(),
        st.timedeltas(min_value=timedelta(-(10**6)), max_value=timedelta(10**6)),
        st.complex_numbers(allow_nan=False),
        st.builds(range, st.integers(-99, 99), st.integers(-99, 99)),
        st.builds(PurePosixPath, st.text("ab/", min_size=1)),
    ),
    lambda inner: (
        st.lists(inner)
        | st.tuples(inner, inner)
        | st.dictionaries(st.text(), inner)
        | st.frozensets(st.integers())
    ),
    max_leaves=10,
)


class NoReferences:
    enums_cross = False
    once = again = None

    def keeps(self, x: object) -> bool:
        return False


@given(PLAIN, st.sampled_from(perturbed.HOWS))
def test_a_changed_value_is_a_value_again_and_always_the_same_one(value: object, how: str) -> None:
    tree = values.encode(value, NoReferences())
    changed = perturbed.value(tree, how)

    assert perturbed.value(tree, how) == changed
    again = values.decode(changed, NoReferences())
    assert value is None or type(again) is type(value)


@given(
    st.sampled_from(
        ["<i8", ">i4", "|u1", "<u2", "<f8", ">f4", "<c16", "|b1", "<U2", ">U1", "|S3", "<M8[ns]"]
    ),
    st.data(),
)
def test_an_array_keeps_its_kind_and_changes_its_elements(dtype: str, data: st.DataObject) -> None:
    size = {"U": 4}.get(dtype[1], 1) * (8 if dtype[1] in "Mm" else int(dtype[2]) if dtype != "<c16" else 16)
    octet = st.integers(0, 1) if dtype == "|b1" else st.integers(0, 63)
    raw = bytes(data.draw(st.lists(octet, min_size=3 * size, max_size=3 * size)))
    tree = ["np", dtype, [3], base64.b64encode(raw).decode()]

    changed = {how: perturbed.value(tree, how) for how in perturbed.HOWS}
    assert all(found[:2] == ["np", dtype] for found in changed.values())
    lengths = {how: len(base64.b64decode(found[3])) for how, found in changed.items()}
    assert lengths == {how: (2 if how == "fewer" else 3) * size for how in changed}
    assert all(changed[how] != tree for how in ("more", "fewer", "inner", "scaled"))


def test_a_large_array_is_changed_at_its_beginning() -> None:
    raw = struct.pack("<9000q", *range(9000))
    found = perturbed.value(["np", "<i8", [9000], base64.b64encode(raw).decode()], "more")

    changed = struct.unpack("<9000q", base64.b64decode(found[3]))
    assert changed[:3] == (1, 2, 3) and changed[-2:] == (8998, 8999)


@given(PLAIN)
def test_some_change_makes_another_value(value: object) -> None:
    tree = values.encode(value, NoReferences())

    assert any(perturbed.value(tree, how) != tree for how in perturbed.HOWS)


VACUOUS = {
    "itself": "assert total([1, 2]) == total([1, 2])\n",
    "swallowed": "try:\n    assert total([1, 2]) == 3\nexcept AssertionError:\n    pass\n",
    "a tuple": "assert (total([1, 2]), 4)\n",
    "its type": "assert isinstance(total([1, 2]), int)\n",
    "not None": "assert total([1, 2]) is not None\n",
    "huge tolerance": "assert abs(total([1, 2]) - 3) < 1e9\n",
    "a lazy map": "xs = map(lambda x: total(x) == 3, [[1, 2]])\nassert total([1]) or True\nassert xs\n",
    "in a thread": """
import threading


def check():
    assert total([1, 2]) == 4


thread = threading.Thread(target=lambda: check() if total([]) else None)
thread.start()
thread.join()
assert total([1, 2]) or True
""",
    "finally": """
def check():
    try:
        return total([1, 2]) == 4
    finally:
        return True


assert check()
""",
    "its own golden file": """
import os

if not os.path.exists("golden"):
    open("golden", "w").write(str(total([1, 2])))
assert open("golden").read() == str(total([1, 2]))
""",
}
SENSITIVE = {
    "a value": "assert total([1, 2]) == 3\n",
    "an order": "assert total([1]) < total([1, 2]) < total([9])\n",
    "a tolerance": "assert abs(total([1.5]) - 1.5) < 1e-6\n",
    "a truth": "assert total([1]) and not total([])\n",
    "a loop": "for n in range(5):\n    assert total([1] * n) == n\n",
    "a callback": "assert total(x for x in [1, 2]) == 3\n",
}
EACH = "def each(xs, f):\n    for x in xs:\n        f(x)\n"
SHOW = "def show(x):\n    print('got', x)\n"
ELSEWHERE = {
    "printed": (
        SHOW,
        "import contextlib, io\nb = io.StringIO()\nwith contextlib.redirect_stdout(b):\n    show(1)\n",
        "assert b.getvalue() == 'got 1\\n'\n",
        "assert b is not None\n",
    ),
    "collected": (
        EACH,
        "out = []\neach([1, 2], out.append)\n",
        "assert out == [1, 2]\n",
        "assert len(out) < 9\n",
    ),
    "by name": (
        "def each(xs, f):\n    for x in xs:\n        f(key=x)\n",
        "out = []\neach([1, 2], lambda key: out.append(key))\n",
        "assert out == [1, 2]\n",
        "assert len(out) < 9\n",
    ),
    "set": (
        "def mark(x):\n    x.n = 3\n",
        "class X:\n    n = 0\n\n\nx = X()\nmark(x)\n",
        "assert x.n == 3\n",
        "assert x\n",
    ),
}
SUM = "def total(xs):\n    s = 0\n    for x in xs:\n        s += x\n    return s\n"


async def ends(sandbox: Sandbox, tests: str, **fields: Any) -> dict[str, ReplayEnd]:
    given = {"id": "x", "language": "python", "style": "asserts", "solution": SUM, **fields}
    return await replay_ends(Item.model_validate({**given, "tests": tests}), sandbox)


@pytest.mark.parametrize("kind", sorted(VACUOUS))
async def test_a_suite_that_cannot_fail_notices_nothing(kind: str, sandbox: Sandbox) -> None:
    found = await ends(sandbox, VACUOUS[kind])

    assert insensitive(found), found


@pytest.mark.parametrize("kind", sorted(SENSITIVE))
async def test_a_suite_that_can_fail_notices_something(kind: str, sandbox: Sandbox) -> None:
    found = await ends(sandbox, SENSITIVE[kind])

    assert set(found) == set(perturbed.HOWS)
    assert "noticed" in found.values()


@pytest.mark.parametrize("kind", sorted(ELSEWHERE))
async def test_what_is_printed_or_handed_over_is_changed_too(kind: str, sandbox: Sandbox) -> None:
    solution, head, strong, weak = ELSEWHERE[kind]

    assert "noticed" in (await ends(sandbox, head + strong, solution=solution)).values()
    assert insensitive(await ends(sandbox, head + weak, solution=solution))


async def test_where_nothing_could_be_changed_nothing_is_said(sandbox: Sandbox) -> None:
    one = "class One:\n    pass\n\n\nit = One()\n\n\ndef the_one():\n    return it\n"
    found = await ends(sandbox, "assert the_one() is the_one()\n", solution=one)

    assert set(found.values()) == {"unknown"}


async def test_tests_that_run_out_of_answers_have_noticed_nothing(sandbox: Sandbox) -> None:
    tests = "n = 1\nwhile total([n]) != 1:\n    n += 1\nassert True or total([])\n"
    found = await ends(sandbox, tests)

    assert "noticed" not in found.values() and "unknown" in found.values()


@pytest.mark.parametrize("style", ["pytest", "unittest"])
async def test_test_files_are_replayed_too(style: str, sandbox: Sandbox) -> None:
    head = "import unittest\nfrom solution import total\n\n\nclass T(unittest.TestCase):\n    def test_it(self):\n        "
    weak = await ends(sandbox, head + "self.assertIsNotNone(total([1]))\n", style=style)
    strong = await ends(sandbox, head + "self.assertEqual(total([1]), 1)\n", style=style)

    assert insensitive(weak) and "noticed" in strong.values()


async def test_an_argument_that_is_sorted_in_place_is_changed_too(sandbox: Sandbox) -> None:
    solution = "def order(xs):\n    xs.sort()\n"
    given = {"solution": solution, "contract": {"mutates": True}}
    strong = await ends(sandbox, "xs = [2, 1]\norder(xs)\nassert xs == [1, 2]\n", **given)
    weak = await ends(sandbox, "xs = [2, 1]\norder(xs)\nassert xs\nassert len(xs) < 99\n", **given)

    assert strong["inner"] == "noticed" and weak["inner"] == "missed"


async def test_a_failing_run_is_not_replayed(sandbox: Sandbox) -> None:
    assert await ends(sandbox, "assert total([1]) == 2\n") == {}


FORGED = """
import os
import struct


def forged(payload):
    data = payload.encode()
    os.write(3, struct.pack(">cI", b"v", len(data)) + data)
    return 1


def one():
    return 1
"""
MALFORMED = (
    '["ok", ["np", "<f8", [3], 7], null, null]',
    '["ok", ["pF", 1, 2], null, null]',
    '["ok", [], null, null]',
    '["same", 9, null, null]',
    '["cb"]',
    "[]",
    "1",
    "{",
)


@pytest.mark.parametrize("payload", MALFORMED)
def test_a_malformed_reply_stays_as_it_is(payload: str) -> None:
    for how in perturbed.HOWS:
        assert perturbed.reply(payload.encode(), b'["call", 1, [], []]', how) == payload.encode()


@pytest.mark.parametrize("payload", sorted({*MALFORMED} - {'["cb"]'}))  # with that one no test passes
async def test_malformed_replies_that_the_tests_swallow_are_replayed(payload: str, sandbox: Sandbox) -> None:
    swallowed = f"try:\n    forged({payload!r})\nexcept Exception:\n    pass\nassert one() == 1\n"

    assert set(await ends(sandbox, swallowed, solution=FORGED)) == set(perturbed.HOWS)
