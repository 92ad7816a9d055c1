"""Gate `stable`: which reruns it asks for, and that one that ends otherwise is `flaky`."""

from pathlib import Path

import pytest
from gate_fakes import HostSandbox
from gate_fixtures import all_of, must_hold, read, trajectory

from execfeedback.errors import InputError, SandboxError
from execfeedback.gates.stable import StableGate, create, suspects, variants
from execfeedback.types import Case, Execution, Item, Job, StdioCase

ADD = "def add(a, b):\n    return a + b\n"


def item(tests: object, style: str = "asserts", solution: str = ADD) -> Item:
    return Item.model_validate(
        {
            "id": "x",
            "language": "python",
            "solution": solution,
            "style": style,
            "tests": tests,
            "entry_point": "add",
        }
    )


def labels(given: Item, repeats: int = 2) -> list[str]:
    return [variant.label.rstrip("0123456789").strip() for variant in variants(given, repeats)]


@pytest.mark.parametrize("path", all_of("stable"))
async def test_fixture(path: Path) -> None:
    result = await must_hold(path, "stable", HostSandbox())
    assert result.evidence.get("differed", "").startswith(read(path).get("differed", ""))


@pytest.mark.docker
@pytest.mark.parametrize("path", all_of("stable"))
async def test_fixture_in_the_real_sandbox(path: Path, sandbox: object) -> None:
    result = await must_hold(path, "stable", sandbox)
    assert result.evidence.get("differed", "").startswith(read(path).get("differed", ""))


def test_independent_tests_are_reversed_shuffled_and_doubled() -> None:
    first, second, third = "assert add(1, 2) == 3", "assert add(0, 0) == 0", "assert add(2, 2) == 4"
    given = item(f"{first}\n\n# a comment\n{second}\n{third}\n")
    by_label = {variant.label: variant.item.tests for variant in variants(given, 1)}
    assert by_label["tests reversed"] == f"{third}\n{second}\n{first}\n"
    assert sorted(str(by_label["tests shuffled"]).splitlines()) == sorted([first, second, third])
    assert by_label["each test twice"] == "".join(f"{line}\n{line}\n" for line in (first, second, third))


@pytest.mark.parametrize(
    "tests",
    [
        "x = add(1, 2)\nassert x == 3\n",
        "for n in range(3):\n    assert add(n, n) == 2 * n\n",
        "assert add(1, 2) == 3; x = 1\nassert x\n",
        "assert (x := add(1, 2)) == 3\nassert x == 3\n",
        'assert add("""\nassert x""", "") != 3\nassert add(1, 2) == 3\n',
        "assert add(1, \\\n2) == 3\n",
        "assert add(1,\n  2) == 3\n",
        "import math\nassert add(1, 2) == 3\n",
    ],
)
def test_tests_that_may_depend_on_each_other_keep_their_order(tests: str) -> None:
    assert labels(item(tests)) == ["hash seed", "hash seed"]


def test_other_styles_of_text_keep_their_order() -> None:
    given = item("def check(candidate):\n    assert candidate(1, 2) == 3\n", "humaneval")
    assert labels(given) == ["hash seed", "hash seed"]


def test_one_test_has_no_order_but_a_second_time() -> None:
    assert labels(item("assert add(1, 2) == 3\n"), 1) == ["each test twice", "hash seed"]
    assert labels(item((Case(args=(1, 2), expected=3),), "cases"), 1) == ["each test twice", "hash seed"]


def test_programs_are_not_run_twice_in_one_process() -> None:
    cases = (StdioCase(stdin="1", stdout="1"), StdioCase(stdin="2", stdout="2"))
    given = item(cases, "stdio")
    assert labels(given, 1) == ["tests reversed", "tests shuffled", "hash seed"]
    assert next(variants(given, 1)).item.tests == cases[::-1]


def test_seeds_are_drawn_from_the_item_and_differ() -> None:
    seeds = [v.fresh_seed for v in variants(item("import math\n"), 8)]
    assert seeds == [v.fresh_seed for v in variants(item("import math\n"), 8)]
    assert len(set(seeds)) == 8
    assert seeds != [v.fresh_seed for v in variants(item("import cmath\n"), 8)]
    assert all(seed is not None and 0 < seed < 2**32 for seed in seeds)


@pytest.mark.parametrize(
    ("code", "found"),
    [
        ("import random\n", ("random",)),
        ("import time, uuid\n", ("time", "uuid")),
        ("x = sorted(set(y))\n", ("set(",)),
        ("x = {y for y in z}\n", ("{y for",)),
        ("x = {y: 1 for y in z}\n", ()),
        ("offset(1); valid(2); timer = 3; rehash(4)\n", ()),
        ("key = id(x) + hash(y)\n", ("hash(", "id(")),
        ("os.urandom(4)\n", ("urandom",)),
    ],
)
def test_suspects(code: str, found: tuple[str, ...]) -> None:
    assert suspects(item("", solution=code)) == found


async def test_a_suspect_is_run_more_often() -> None:
    plain = read(Path(__file__).parent / "stable/accept/tests_build_on_each_other.json")
    suspect = plain | {"code": "import random\n" + str(plain["code"])}
    for given, times in ((plain, 2), (suspect, 5)):
        gate = StableGate(repeats=2, suspect_repeats=5)
        result = await gate.check(trajectory(given, plain["suite"]), HostSandbox())
        assert result.passed
        assert len(result.evidence["variants"]) == times


class Broken:
    async def run(self, job: Job) -> Execution:
        raise SandboxError("the engine is gone")


async def test_our_fault_is_not_flaky() -> None:
    given = read(Path(__file__).parent / "stable/accept/plain.json")
    with pytest.raises(SandboxError, match="engine"):
        await create().check(trajectory(given, given["suite"]), Broken())


def test_options_are_checked() -> None:
    with pytest.raises(InputError, match="repeats"):
        create(repeats=0)
