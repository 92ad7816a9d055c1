"""Gate `consensus`: who stands alone against an agreeing majority is refused, and the evidence says where everybody stands."""

from pathlib import Path
from typing import Any

import pytest
from gate_fakes import HostSandbox
from gate_fixtures import all_of, examined, must_hold, peers, read, trajectory

from execfeedback.errors import InputError
from execfeedback.gates.consensus import ConsensusGate

FOLDER = Path(__file__).parent / "consensus"


@pytest.mark.parametrize("path", all_of("consensus"))
async def test_fixture(path: Path) -> None:
    await must_hold(path, "consensus", HostSandbox())


@pytest.mark.docker
@pytest.mark.parametrize("path", all_of("consensus"))
async def test_fixture_in_the_real_sandbox(path: Path, sandbox: object) -> None:
    await must_hold(path, "consensus", sandbox)


async def test_the_evidence_counts_who_answers_alike() -> None:
    result = await examined(FOLDER / "accept/agrees.json", "consensus", HostSandbox())

    stand = result.evidence["standing"]
    assert (stand["peers"], stand["agreeing"], stand["rivals"]) == (3, 2, 1)
    assert stand["inputs"] > 20 and 0.5 < stand["agreement"] < 1.0 and stand["dual"] > 0.5


async def test_a_test_that_most_solutions_fail_is_named() -> None:
    given = read(FOLDER / "accept/agrees.json")
    doubtful = "assert middle([1, 2]) == 2\nassert middle([1]) == 1\n"
    written = {**given["suite"], "tests": doubtful, "origin": "generated"}
    wrong = trajectory({**given, "code": given["peers"][2]}, written)

    results = await ConsensusGate().check_group([wrong, *peers(given)], HostSandbox())

    assert results[0] is not None
    assert results[0].evidence["doubted"] == [{"test": "assert middle([1, 2]) == 2", "met_by": 1, "of": 3}]


async def test_the_tests_of_other_samples_are_a_second_opinion() -> None:
    given = read(FOLDER / "accept/agrees.json")
    written = {**given["suite"], "origin": "generated"}
    other = {**written, "tests": "assert middle([1, 2]) == 1.5\nassert middle([4]) == 4\n"}
    samples = [trajectory(given, written), trajectory({**given, "code": given["peers"][2]}, other)]

    right, wrong = await ConsensusGate().check_group(samples, HostSandbox())

    assert right is not None and wrong is not None
    stands: list[Any] = [right.evidence["standing"], wrong.evidence["standing"]]
    assert [(one["tests"], one["met"]) for one in stands] == [(2, 2), (3, 3)]


async def test_who_fails_the_given_tests_has_no_vote() -> None:
    given = read(FOLDER / "accept/agrees.json")
    suite = {**given["suite"], "tests": "assert middle([1, 2]) == 1.5\n", "origin": "given"}
    wrong = trajectory({**given, "code": given["peers"][2]}, suite).model_copy(update={"stopped": "attempts"})
    right = [trajectory({**given, "code": code}, suite) for code in (given["code"], given["peers"][0])]

    results = await ConsensusGate().check_group([wrong, *right], HostSandbox())

    stands: list[Any] = [one.evidence["standing"] for one in results[1:] if one is not None]
    assert [(one["others"], one["peers"], one["tests"]) for one in stands] == [(2, 1, 0)] * 2


async def test_samples_that_did_not_pass_get_no_result() -> None:
    given = read(FOLDER / "accept/agrees.json")
    failed = trajectory(given, given["suite"]).model_copy(update={"stopped": "attempts"})

    results = await ConsensusGate().check_group([failed, *peers(given)], HostSandbox())

    assert [result is None for result in results] == [True, False, False, False]


@pytest.mark.parametrize("options", [{"inputs": 0}, {"quorum": 1}])
def test_options_that_decide_nothing_are_refused(options: dict[str, int]) -> None:
    with pytest.raises(InputError, match="inputs is at least 1, quorum at least 2"):
        ConsensusGate(**options)
