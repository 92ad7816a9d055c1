"""What a sandbox is asked to do, and what it measured. No opinion is in it."""

from typing import Literal

from pydantic import Field

from execfeedback.types.problems import Case, Contract, FileText, Limits
from execfeedback.types.values import Value
from execfeedback.types.verdicts import Outcome


class Step(Value):
    """One program run in the sandbox. The output is measured, never interpreted, inside."""

    argv: tuple[str, ...]
    stdin: str = ""
    warm: bool = False
    """argv is `python3 FILE ...`, to be run in a fork of the warm interpreter."""
    env: dict[str, str] = Field({})
    """Added to the environment that every program has."""
    spread: bool = False
    """May run on every core: compilers and run-times with threads of their own. Else it stays on its slot's."""
    limits: Limits | None = None
    """Where they are not the job's."""


class Split(Value):
    """Tests that run in a judge process, against a solution in a process of its own."""

    style: Literal["asserts", "humaneval", "pytest", "unittest", "cases"]
    tests: str = ""
    cases: tuple[Case, ...] = ()
    entry_point: str | None = None
    contract: Contract = Contract()
    write_back: bool = False
    """Whether changes that the solution made to arguments reach the tests."""
    unordered: bool = False
    stop_on_failure: bool = False
    files: dict[str, FileText] = Field({})
    """For the judge process alone."""
    modules: tuple[str, ...] = ()
    """Names of the solution's other files, as the tests may import them."""
    main: str | None = None
    """The one of them that `solution` is."""
    both: tuple[str, ...] = ()
    """The job's files that the tests may read as well; the solution's sources are for its own side."""
    replay: bool = False
    """After a pass, run the tests again on wrong replies, without the solution, to see whether they notice."""
    shared: bool = False
    """Tests and solution in one process after all: the result can be forged, and says so."""


class Job(Value):
    """What a sandbox is asked to do. It knows no language: files, and either steps or a split run."""

    environment: str
    """The name of the image."""
    files: dict[str, FileText]
    """In the run's directory, for the solution's side. A split run's main module is `solution.py`."""
    limits: Limits
    compile: tuple[Step, ...] = ()
    """Run before the steps; these run only if all of them exit with 0. A slot may keep what they made, by the content of
    files and compile steps."""
    steps: tuple[Step, ...] = ()
    split: Split | None = None
    data: dict[str, FileText] = Field({})
    """Files that are put there after the compile steps, and decide nothing of what these make."""
    interactor: "Job | None" = None
    """The tests' side, under a uid and in a directory of its own: its n-th step talks with the n-th of this job."""
    stop_on_failure: bool = False
    """Do not run the steps after one that did not exit with 0."""
    total_wall_s: float | None = None
    """No further step is begun after so many seconds, and there are fewer results then."""
    fresh_seed: int | None = Field(None, ge=0, lt=2**32)
    """Run in interpreters that were started with this hash seed, and an address layout of their own."""


Cause = Literal["exited", "signaled", "cpu", "wall", "memory", "output", "disk"]


class StepResult(Value):
    """Facts about one process tree. Times in seconds, memory in megabytes."""

    cause: Cause
    exit_code: int | None = None
    signal: int | None = None
    cpu_s: float = 0.0
    wall_s: float = 0.0
    memory_peak_mb: float = 0.0
    stdout: str = ""
    stderr: str = ""
    truncated: bool = False
    utf8: bool = True
    """What came on stdout was; where it was not, U+FFFD stands for the other bytes."""


class Talk(Value):
    """What an interactor did while the solution ran."""

    step: StepResult
    first: bool
    """It ended before the solution did."""


Blame = Literal["solution", "tests", "item"]


class TestResult(Value):
    """One test as the judge process saw it. `blame` and `reason` are set when it did not pass."""

    name: str
    outcome: Outcome
    blame: Blame | None = None
    reason: str | None = None
    """A slug: `assertion`, `exception`, `import`, `syntax`, `tests_error`, `contract_classes`, `needs_shared`, ..."""
    message: str = ""
    traceback: str = ""
    source: str = ""
    """Text of the failing assertion or call."""


ReplayEnd = Literal["noticed", "missed", "unknown"]


class Replay(Value):
    """The tests once more, on replies that were all changed in one way."""

    how: str
    end: ReplayEnd


class SplitResult(Value):
    """What a split run showed. `calls` and `values` are counted by the supervisor, not by the judge process."""

    ended: bool
    """The judge process sent its end frame."""
    expected: int = 0
    tests: tuple[TestResult, ...] = ()
    calls: int = 0
    values: int = 0
    mutated: bool = False
    """The solution changed an argument."""
    gone: bool = False
    """The solution had ended when the tests asked it something."""
    replays: tuple[Replay, ...] = ()
    shared: bool = False
    """There was one process; `judge` and `solution` are the same facts, and nothing could be counted from outside."""
    judge: StepResult
    solution: StepResult


class Execution(Value):
    """A measurement, not an opinion."""

    compile: tuple[StepResult, ...] = ()
    """Those that ran; where the last one did not end well, there are no steps."""
    steps: tuple[StepResult, ...] = ()
    interactor_compile: tuple[StepResult, ...] = ()
    """As `compile`, of the interactor."""
    talks: tuple[Talk, ...] = ()
    """Of each step, where there is an interactor."""
    split: SplitResult | None = None
    slot_recycled: bool = False
    language_version: str = ""
    environment: str = ""
