"""Gate `discriminating`: tests that fail neither stubs nor mutants of what they accept are no tests."""

from pathlib import Path

import pytest
from gate_fakes import HostSandbox
from gate_fixtures import all_of, must_hold, read, trajectory

from execfeedback.errors import InputError, SandboxError
from execfeedback.gates.discriminating import DiscriminatingGate, create
from execfeedback.types import Execution, GateResult, Job

FOLDER = Path(__file__).parent / "discriminating"
WEAK = read(FOLDER / "reject" / "untested_branches.json")


async def checked(given: dict[str, object], **options: object) -> GateResult:
    return await DiscriminatingGate(**options).check(trajectory(given, given["suite"]), HostSandbox())


@pytest.mark.parametrize("path", all_of("discriminating"))
async def test_fixture(path: Path) -> None:
    await must_hold(path, "discriminating", HostSandbox())


@pytest.mark.docker
@pytest.mark.parametrize("path", all_of("discriminating"))
async def test_fixture_in_the_real_sandbox(path: Path, sandbox: object) -> None:
    await must_hold(path, "discriminating", sandbox)


async def test_the_evidence_names_the_stub() -> None:
    result = await checked(read(FOLDER / "reject" / "identity_passes.json"))
    assert result.evidence["stubs_passed"] == ["every body is `return its first argument`"]
    assert result.evidence["stubs"] == 9


async def test_the_evidence_shows_survivors_as_changed_lines_and_what_tells_them_apart() -> None:
    evidence = (await checked(WEAK)).evidence
    assert evidence["share"] < evidence["threshold"] == 0.7
    assert sum(evidence["fates"].values()) == evidence["mutants"] <= 24
    shown = evidence["survivors"][0]
    assert [line[0] for line in shown["diff"]] == ["-", "+"] * (len(shown["diff"]) // 2)
    assert all("told_apart_by" in one or one["equivalent"] for one in evidence["survivors"])
    assert any("told_apart_by" in one for one in evidence["survivors"])


async def test_two_runs_have_one_matrix() -> None:
    first, second = await checked(WEAK, mutants=6), await checked(WEAK, mutants=6)
    assert first == second
    assert (await checked(WEAK, mutants=6, seed=1)).evidence["matrix"] != first.evidence["matrix"]


async def test_the_threshold_decides() -> None:
    share = (await checked(WEAK, mutants=9)).evidence["share"]
    assert 0 < share < 1
    assert (await checked(WEAK, mutants=9, threshold=share - 0.01)).passed
    assert (await checked(WEAK, mutants=9, threshold=share + 0.01)).reason == "mutants_survive"


async def test_few_mutants_are_asked_for_when_few_are_wanted() -> None:
    assert (await checked(WEAK, mutants=5)).evidence["mutants"] == 5


async def test_mutants_are_run_with_tight_limits_up_to_the_first_failure() -> None:
    sandbox = HostSandbox()
    strong = read(FOLDER / "accept" / "strong_tests.json")
    await create().check(trajectory(strong, strong["suite"]), sandbox)
    splits = [job for job in sandbox.jobs if job.split and not job.split.replay]
    assert {job.limits.cpu_s for job in splits} == {0.25}
    assert all(job.split and job.split.stop_on_failure for job in splits)


class BreaksLater(HostSandbox):
    """The engine goes away after `left` jobs."""

    def __init__(self, left: int) -> None:
        super().__init__()
        self.left = left

    async def run(self, job: Job) -> Execution:
        self.left -= 1
        if self.left < 0:
            raise SandboxError("the engine is gone")
        return await super().run(job)


@pytest.mark.parametrize("left", [0, 1, 5, 11, 14])
async def test_our_fault_is_never_a_killed_mutant(left: int) -> None:
    strong = read(FOLDER / "accept" / "strong_tests.json")
    with pytest.raises(SandboxError, match="engine"):
        await create().check(trajectory(strong, strong["suite"]), BreaksLater(left))


@pytest.mark.parametrize(
    "options", [{"mutants": 0}, {"threshold": 1.1}, {"equivalent_share": 1}, {"inputs": 0}]
)
def test_options_are_checked(options: dict[str, float]) -> None:
    with pytest.raises(InputError, match="discriminating"):
        create(**options)


def test_an_option_is_another_version() -> None:
    assert create().version != create(threshold=0.8).version
