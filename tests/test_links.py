"""Two sides that hold the same objects: whatever either does to its own, after a message both have the same again."""

import contextlib
import copy
from collections.abc import Iterator
from typing import Any

import asking
import overriding  # noqa: F401, as lists of the solution's classes
import pytest
import values
from conversation import CannotJudge
from hypothesis import given
from hypothesis import strategies as st
from links import Links
from solution_links import Answer, Given
from test_values import NoRefs, shape
from tests_links import LINKS, Sent

REFS = NoRefs()
small = st.integers(0, 3)
held = st.recursive(
    small, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(small, inner, max_size=3)
)
changing = st.lists(held, max_size=3) | st.dictionaries(small, held, max_size=3)


def both(objects: list[Any]) -> tuple[Links, Links]:
    """The links of two sides that have equal objects."""
    one, other = Links(REFS, 1), Links(REFS, -1)
    for x in objects:
        for mine, theirs in zip(parts(x), parts(copy.deepcopy(x)), strict=True):
            number = next(one.fresh)
            assert one.add(number, mine) and other.add(number, theirs)
    return one, other


def tell(one: Links, other: Links) -> None:
    said = one.said()
    one.told()
    for number, content in said.get("changed", ()):
        other.become(number, content)
    for number in said.get("gone", ()):
        other.end(number)


def change(x: Any, how: int, new: Any) -> None:
    if isinstance(x, list):
        [lambda: x.append(new), x.clear, x.reverse, lambda: x.insert(0, new)][how]()
    else:
        [
            lambda: x.update({how: new}),
            x.clear,
            lambda: x.pop(next(iter(x), 9), 0),
            lambda: x.update({9: new}),
        ][how]()


def parts(x: Any) -> list[Any]:
    """What in it can be changed, and it, which comes last; nothing twice."""
    inside = [
        part
        for one in (x.values() if isinstance(x, dict) else x)
        if isinstance(one, (list, dict))
        for part in parts(one)
    ]
    found: list[Any] = []
    for part in (*inside, x):
        if not any(part is one for one in found):
            found.append(part)
    return found


def graph(links: Links, roots: list[Any]) -> list[Any]:
    """What the objects are, and which of them are one."""
    every = [part for x in roots for part in parts(x)]
    return [shape(roots), [[one is other for other in every] for one in every]]


step = st.tuples(st.booleans(), small, small, small, held | st.none(), small, small)


@given(st.lists(changing, min_size=1, max_size=3), st.lists(step, max_size=12))
def test_what_either_side_does_is_done_on_the_other(objects: list[Any], steps: list[Any]) -> None:
    """New things are put in, and things that are there already elsewhere: they stay one object."""
    one, other = both(objects)
    theirs = [
        other.known[number].x for number, link in one.known.items() if any(link.x is x for x in objects)
    ]

    for first, which, where, how, new, other_which, other_where in steps:
        mine, roots, others, others_roots = (
            (one, objects, other, theirs) if first else (other, theirs, one, objects)
        )
        inside = parts(roots[which % len(roots)])
        x = inside[where % len(inside)]
        again = parts(roots[other_which % len(roots)])[
            other_where % len(parts(roots[other_which % len(roots)]))
        ]
        given = again if new is None and not any(part is x for part in parts(again)) else copy.deepcopy(new)
        change(x, how, given)
        tell(mine, others)
        assert graph(mine, roots) == graph(others, others_roots)

    tell(one, other)
    tell(other, one)
    assert one.said().keys() <= {"gone"}
    assert other.said().keys() <= {"gone"}


def test_a_link_ends_when_nobody_holds_its_object() -> None:
    one, other = both([[1], [2]])  # nobody has the lists but the links
    kept = one.known[2].x

    assert one.said() == {"gone": [1]}
    assert list(one.known) == [2] and kept == [2]
    assert other.said() == {"gone": [1, 2]}


def test_what_was_said_and_not_told_is_said_again() -> None:
    mine: list[Any] = []
    one = Links(REFS, 1)
    one.add(7, mine)
    mine.append([1])

    assert one.said() == one.said() == {"changed": [[7, ["l", [["+", 1, ["l", [1]]]]]]]}
    one.told()
    assert one.said() == {}


def test_comparing_has_an_end_and_the_last_change_is_still_told() -> None:
    mine = [0]
    one = Links(REFS, 1)
    one.left = 130
    one.add(1, mine)
    said = []
    while not said or "gone" not in said[-1]:
        mine[0] += 1
        said.append(one.said())
        one.told()

    assert said[-1] == {"changed": [[1, ["l", [len(said)]]]], "spent": True, "gone": [1]}
    assert 2 < len(said) < 10
    assert not one.known and not one.changed_unheard()
    mine[0] += 1
    assert one.changed_unheard()


def test_the_value_of_a_subclass_is_no_link() -> None:
    class Row(list):  # type: ignore[type-arg]
        pass

    mine: list[Any] = [1]
    one = Links(REFS, 1)
    one.add(5, mine)
    mine.append(Row([2]))

    assert one.said() == {"gone": [5]}


def request(*args: Any) -> tuple[Given, list[Any]]:
    given = Given(REFS, Links(REFS, 1))
    found = values.values([values.encode(x, REFS) for x in args], given, 0)
    given.begin(found)
    return given, found


def test_an_argument_is_kept_when_somebody_has_it_afterwards() -> None:
    given, (first, second) = request([[1], [2]], {"k": [3]})

    assert given.kept() == []
    keeper = [second["k"], first]  # places: [1], [2], all, [3], {"k": [3]}
    assert [place for place, _ in given.kept()] == [0, 1, 2, 3]
    keeper.pop()
    assert [place for place, _ in given.kept()] == [3]
    keeper.clear()
    assert given.kept() == []


def answered(result: Any, places: dict[int, int] | None = None) -> tuple[Any, Answer]:
    answer = Answer(REFS, Links(REFS, 1), places or {})
    return values.encode(result, answer), answer


def test_of_an_answer_what_is_still_held_begins_to_be_a_link() -> None:
    mine = {"rows": [[1], [2]], "n": [3]}

    _, answer = answered([[0], mine["rows"], (mine["n"], [4])])
    assert [x for _, x in answer.still_held()] == [[1], [2], [[1], [2]], [3]]
    _, answer = answered([[0], [list(row) for row in mine["rows"]]])  # type: ignore[call-overload]
    assert answer.still_held() == []


def test_an_argument_in_an_answer_is_named_and_written_out() -> None:
    given, (first, second) = request([[1]], [2])

    tree, answer = answered([first[0], second, []], given.places())
    assert tree == ["l", [["a", 0, ["l", [1]]], ["a", 2, ["l", [2]]], ["l", []]]]
    assert answer.repeated


# ---- what a solution may say of links ------------------------------------------------------------------------------

odd = st.sampled_from([None, True, -1, 0, 1, 2, 5, 10**30, 1.5, "r", "a", "~", [], {}])
tree = st.recursive(
    odd | st.sampled_from(["l", "d", "t", "S", "N", "+", "&", "=", "h", "cb"]),
    lambda inner: st.lists(inner, max_size=4),
    max_leaves=8,
)
content = tree | st.lists(small | st.tuples(st.sampled_from("~+="), small, tree).map(list)).map(
    lambda x: ["l", x]
)
new = st.lists(st.tuples(small | odd, st.sampled_from("ra") | odd, small | odd).map(list), max_size=3)
news = st.fixed_dictionaries(
    {},
    optional={
        "new": new | tree,
        "changed": st.lists(st.tuples(small | odd, content).map(list), max_size=3) | tree,
        "gone": st.lists(small | odd, max_size=3) | tree,
        "own": st.lists(st.tuples(small | odd, content).map(list), max_size=3) | tree,
        "more": tree,
    },
)


@contextlib.contextmanager
def links_of_the_tests(mine: list[Any]) -> Iterator[Sent]:
    LINKS.__init__(asking.REFS, -1)  # type: ignore[misc]
    LINKS.add(1, mine)
    LINKS.add(2, [mine], False)
    sent = Sent()
    asking.send([[5], mine, {}], sent)
    sent.ended()
    try:
        yield sent
    finally:
        LINKS.__init__(asking.REFS, -1)  # type: ignore[misc]


def values_of_its_class(*numbers: int) -> list[Any]:
    """Lists of a class of the solution that the tests have, by their numbers."""
    reference = ["obj", ["Own", "list"], "solution", "list", []]
    return [asking.REFS.get(["V", [1], ["h", number, *reference]]) for number in numbers]


@given(st.lists(st.tuples(content, st.booleans(), news), min_size=1, max_size=4))
def test_whatever_a_solution_says_of_links_is_refused_or_taken(replies: list[Any]) -> None:
    """No exception but ours for what is malformed, and nothing that is no link or argument of this request changes."""
    bystander, mine = [1, [2]], [0]
    values_of_its_class(0, 3)
    with links_of_the_tests(mine) as sent:
        for value, named, said in replies:
            reply = ["ok", ["&", value] if named else value, None, None, said]
            try:
                asking.result(values.loads(values.dumps(reply)), sent)
                LINKS.said()
            except (values.Refused, CannotJudge):
                break
            LINKS.told()
    assert bystander == [1, [2]]


@pytest.mark.parametrize(
    "said",
    [[[7, ["d", []]]], [[7, 1]], [[7, ["t", [1]]]], [[7, ["l", [["=", 0]]]]], [[7]], [[[], ["l", []]]], 7, None, [[7, None]]],
)  # fmt: skip
def test_what_a_list_of_its_class_cannot_be_is_refused(said: Any) -> None:
    values_of_its_class(7)
    with links_of_the_tests([]) as sent, pytest.raises(values.Refused):
        asking.result(["ok", 1, None, None, {"own": said}], sent)


def test_only_what_is_of_its_class_is_what_it_says() -> None:
    (own,), theirs = values_of_its_class(7), [[0], [1]]
    with links_of_the_tests(theirs) as sent:
        asking.result(["ok", 1, None, None, {"own": [[7, ["l", [["~", 1], 2]]], [8, ["l", [3]]]]}], sent)
    assert own == [theirs, 2] and own[0] is theirs and theirs == [[0], [1]]


@pytest.mark.parametrize("place", [-1, 3, 10**9, True, "0", None, 0.0])
def test_a_place_that_is_none_is_refused(place: Any) -> None:
    with links_of_the_tests([]) as sent, pytest.raises(values.Refused):
        asking.result(["ok", 1, None, None, {"new": [[7, "a", place]]}], sent)


def test_an_argument_cannot_be_said_to_be_the_solutions_own() -> None:
    """Whether changes of arguments count is up to the contract; those of what the solution gives away always do."""
    answer = ["&", ["l", [["a", 0, ["l", []]], ["l", [3]]]]]
    with links_of_the_tests([]) as sent:
        found = asking.result(["ok", answer, None, None, {"new": [[7, "r", 1]]}], sent)
        assert (found, LINKS.known[7].x) == ([[5], [3]], [3])
    with links_of_the_tests([]) as sent, pytest.raises(values.Refused):
        asking.result(["ok", answer, None, None, {"new": [[7, "r", 0]]}], sent)
