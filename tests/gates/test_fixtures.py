"""Every gate brings what it must let pass and what it must reject, and says why."""

import pytest
from gate_fixtures import FOLDER, GATES, paths, read


@pytest.mark.parametrize("gate", GATES)
@pytest.mark.parametrize("kind", ["accept", "reject"])
def test_a_gate_has_fixtures_in_both_folders(gate: str, kind: str) -> None:
    assert paths(gate, kind), f"no fixtures in tests/gates/{gate}/{kind}"


def test_every_gate_module_is_listed_here() -> None:
    modules = {path.stem for path in (FOLDER.parent.parent / "execfeedback" / "gates").glob("*.py")}
    assert modules - {"__init__"} == set(GATES)


@pytest.mark.parametrize("gate", GATES)
def test_a_reject_states_its_reason_and_an_accept_has_none(gate: str) -> None:
    assert all("reason" not in read(path) for path in paths(gate, "accept"))
    assert all(read(path)["reason"] for path in paths(gate, "reject"))
    assert all(read(path)["why"] for kind in ("accept", "reject") for path in paths(gate, kind))
