"""Gate `duplicate`: the key is problem and solution, and of a repaired record the first try as well."""

from pathlib import Path

import pytest
from gate_fakes import HostSandbox
from gate_fixtures import all_of, must_hold, read, trajectory

from execfeedback.gates.duplicate import EXACT, SYNTAX, DuplicateGate, create


def work(name: str = "accept/nothing_before") -> dict[str, object]:
    return read(Path(__file__).parent / "duplicate" / f"{name}.json")


async def keys_of(code: str, *first_tries: str) -> tuple[str, ...]:
    given = work() | {"code": code, "first_tries": list(first_tries)}
    return await DuplicateGate().keys(trajectory(given, given["suite"]), HostSandbox())


@pytest.mark.parametrize("path", all_of("duplicate"))
async def test_fixture(path: Path) -> None:
    await must_hold(path, "duplicate", HostSandbox())


@pytest.mark.docker
@pytest.mark.parametrize("path", all_of("duplicate"))
async def test_fixture_in_the_real_sandbox(path: Path, sandbox: object) -> None:
    await must_hold(path, "duplicate", sandbox)


async def test_an_exact_and_a_syntax_key() -> None:
    exact, syntax = await keys_of("def add(a, b):\n    return a + b\n")
    assert exact.startswith(EXACT)
    assert syntax.startswith(SYNTAX)
    assert await keys_of("def add(a, b):\n    return a + b\n") == (exact, syntax)


async def test_what_happened_between_first_try_and_solution_is_not_in_the_key() -> None:
    direct = await keys_of("def add(a, b):\n    return a + b\n", "def add(a, b):\n    return a\n")
    detour = await keys_of("def add(a, b):\n    return a + b\n", "def add(a, b):\n    return a\n", "x = 1\n")
    assert direct == detour
    assert direct != await keys_of("def add(a, b):\n    return a + b\n")


async def test_another_language_has_an_exact_key_only() -> None:
    given = work() | {"problem": {"id": "x", "statement": "s", "language": "go"}}
    sandbox = HostSandbox()
    (key,) = await DuplicateGate().keys(trajectory(given, given["suite"]), sandbox)
    assert key.startswith(EXACT)
    assert sandbox.jobs == []


def test_the_second_is_the_duplicate_whatever_was_computed_first() -> None:
    gate = create()
    assert gate.admit(("exact:1", "syntax:1")).passed
    result = gate.admit(("exact:1", "syntax:1"))
    assert (result.passed, result.reason, result.evidence["known"]) == (
        False,
        "exact",
        ["exact:1", "syntax:1"],
    )


def test_what_was_rejected_leaves_no_key_behind() -> None:
    gate = create()
    assert gate.admit(("exact:1", "syntax:1")).passed
    assert gate.admit(("exact:2", "syntax:1")).reason == "same_syntax"
    assert gate.seen == {"exact:1", "syntax:1"}


def test_a_resumed_gate_knows_what_the_corpus_holds() -> None:
    gate = create(seen=["exact:1"])
    assert gate.admit(["exact:1"]).reason == "exact"
    assert gate.admit(["exact:2"]).passed
