"""Hostile programs, one file each in `sandboxes/attacks/`, between honest ones: contained, judged, and gone afterwards."""

import tomllib
from pathlib import Path
from typing import Any

import pytest

from execfeedback.protocols import Sandbox
from execfeedback.sandbox.local import LocalSandbox
from execfeedback.types import Item
from execfeedback.verdicts import verdict_of

ATTACKS = sorted((Path(__file__).parent.parent.parent / "sandboxes" / "attacks").glob("*.toml"))
SLOTS = 2
"""Of the pool; idle slots take turns. A `[prior]` program runs once on each before the one that looks for what it left."""
HONEST = Item(
    id="honest",
    language="python",
    entry_point="total",
    solution="import json\nimport math\n\n\ndef total(xs):\n    return math.fsum(json.loads(xs))\n",
    tests="assert total('[1, 2, 3.5]') == 6.5\n",
)

BOTH = "def add(a, b):\n    plant(a, b)\n    return look(a, b)\n"

NOT_CONTAINED = {
    "files_without_a_name": "a slot that keeps the machine's root writes to its disk, where nobody counts deleted files",
}
"""What `local` cannot contain where the kernel grants no mount namespace, and why; sandboxes/README.md says the same."""


CANNOT_BE_TRIED = {
    "listener_for_the_next_run": "where a slot has no network of its own, no socket can be opened at all"
}


def without_a_network_of_its_own(sandbox: Sandbox) -> bool:
    return isinstance(sandbox, LocalSandbox) and "net" not in sandbox.source.plan.namespaces


def skip_what_cannot_be_tried(path: Path, sandbox: Sandbox) -> None:
    if path.stem in CANNOT_BE_TRIED and without_a_network_of_its_own(sandbox):
        pytest.skip(CANNOT_BE_TRIED[path.stem])


def without_a_root_of_its_own(sandbox: Sandbox) -> bool:
    return isinstance(sandbox, LocalSandbox) and not sandbox.source.plan.walled


def attack(path: Path) -> dict[str, Any]:
    return tomllib.loads(path.read_text(encoding="utf-8"))


def program(path: Path, told: dict[str, Any], suffix: str = "") -> Item:
    fields = {name: value for name, value in told.items() if name not in ("verdicts", "prior")}
    return Item.model_validate({"id": path.stem + suffix, "language": "python", **fields})


@pytest.mark.parametrize("path", ATTACKS, ids=lambda p: p.stem)
async def test_the_attack_ends_as_it_must_and_its_neighbour_is_unharmed(
    path: Path, sandbox: Sandbox, request: pytest.FixtureRequest
) -> None:
    if path.stem in NOT_CONTAINED and without_a_root_of_its_own(sandbox):
        request.applymarker(pytest.mark.xfail(reason=NOT_CONTAINED[path.stem], strict=True))
    skip_what_cannot_be_tried(path, sandbox)
    wanted = attack(path)
    item = program(path, wanted)
    for number in range(SLOTS if "prior" in wanted else 0):
        planted = program(path, {**wanted, **wanted["prior"]}, f"-prior-{number}")
        ended = await verdict_of(planted, sandbox)
        assert ended.verdict == "wrong_answer", f"it did not plant all: {ended}"

    found = await verdict_of(item, sandbox)

    assert found.verdict in wanted["verdicts"], found
    assert found.passed is not True
    for _ in range(SLOTS):  # once on each slot, whichever the attack was on
        assert (await verdict_of(HONEST, sandbox)).verdict == "passed"


@pytest.mark.parametrize("path", [p for p in ATTACKS if "prior" in attack(p)], ids=lambda p: p.stem)
async def test_what_is_planted_is_found_where_both_programs_are_one(path: Path, sandbox: Sandbox) -> None:
    """Else the second program could not have found it either, and its attack would show nothing."""
    skip_what_cannot_be_tried(path, sandbox)
    wanted = attack(path)
    parts = (wanted["prior"]["solution"], "plant = add\n", wanted["solution"], "look = add\n", BOTH)

    found = await verdict_of(program(path, {**wanted, "solution": "\n".join(parts)}), sandbox)

    assert found.verdict == "passed", found


def test_there_are_attacks_and_each_says_what_it_tries() -> None:
    assert len(ATTACKS) >= 50
    for path in ATTACKS:
        assert path.read_text(encoding="utf-8").startswith("# "), path
        assert "passed" not in attack(path)["verdicts"], path
