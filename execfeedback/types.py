"""The values that everything else passes around. Frozen, and only data: behaviour lives in functions beside them."""

from typing import Annotated, Any, ClassVar, Literal

from pydantic import BaseModel, ConfigDict, Field

SCHEMA_VERSION = "1.0"

Style = Literal["asserts", "humaneval", "pytest", "unittest", "stdio", "cases", "native"]
Integrity = Literal["split", "shared"]
Check = Literal["vacuous", "flaky"]
VerdictName = Literal[
    "passed",
    "wrong_answer",
    "runtime_error",
    "compile_error",
    "time_limit",
    "memory_limit",
    "output_limit",
    "rejected",
    "bad_tests",
    "unverifiable",
]
Origin = Literal["human", "semi_synthetic", "synthetic", "translated", "backtranslated"]
CallKind = Literal["tests", "test_revision", "solution", "revision", "problem", "document", "judge"]
RoleName = Literal["solver", "tester", "judge", "writer"]


class Value(BaseModel):
    """A frozen value; an unknown field is an error that names it."""

    model_config = ConfigDict(frozen=True, extra="forbid")
    __test__: ClassVar[bool] = False
    """Some names start with `Test`; pytest must not take them for test classes."""


def _nothing(value: object) -> bool:
    """A field that is left out of what is written where it says nothing."""
    return not value


# ---- limits -----------------------------------------------------------------------------------------------------


class Limits(Value):
    """What a run may use. CPU is summed over all processes of the solution, memory over its processes and files."""

    cpu_s: float = Field(10.0, gt=0, le=3600)
    """CPU seconds for each test of `stdio` and `cases`, else for the run."""
    wall_s: float = Field(20.0, gt=0, le=3600)
    """Wall seconds, the backstop; holds like `cpu_s`."""
    total_wall_s: float = Field(120.0, gt=0, le=36000)
    """Wall seconds for the whole item."""
    memory_mb: int = Field(512, gt=0)
    processes: int = Field(64, gt=0)
    """Processes and threads at one time."""
    output_kb: int = Field(256, gt=0)
    """Kilobytes of stdout and of stderr that are kept; more is `output_limit`."""
    disk_mb: int = Field(64, gt=0)
    files: int = Field(1024, gt=0)


class LimitsGiven(Value):
    """Limits as somebody writes them: what is left out comes from the language."""

    cpu_s: float | None = Field(None, gt=0, le=3600)
    wall_s: float | None = Field(None, gt=0, le=3600)
    total_wall_s: float | None = Field(None, gt=0, le=36000)
    memory_mb: int | None = Field(None, gt=0)
    processes: int | None = Field(None, gt=0)
    output_kb: int | None = Field(None, gt=0)
    disk_mb: int | None = Field(None, gt=0)
    files: int | None = Field(None, gt=0)

    def over(self, default: Limits) -> Limits:
        """These limits, completed by `default`."""
        given = self.model_dump(exclude_none=True) if self.model_fields_set else {}
        return default.model_copy(update=given) if given else default


# ---- what a problem is made of ------------------------------------------------------------------------------------


class StdioCase(Value):
    stdin: str = ""
    stdout: str


class Case(Value):
    """One call: arguments -> value, or the name of the exception that it must raise."""

    args: tuple[Any, ...] = ()
    kwargs: dict[str, Any] = {}
    expected: Any = None
    raises: str | None = None


class SpecialJudge(Value):
    """An output validator in the Kattis form, as source text."""

    language: str
    source: str
    flags: tuple[str, ...] = ()
    """Arguments after the three paths."""
    interactive: bool = False
    """It talks with the solution while that runs (style `stdio`): each one's output is the other's input."""


class FloatChecker(Value):
    """Tokens compared as numbers within a relative or absolute error."""

    float: Annotated[float, Field(gt=0)]


class TokenChecker(Value):
    """Tokens as the default output validator of Kattis packages compares them."""

    ignore_case: bool
    spaces: bool = False
    """White space must be the same."""
    absolute: float = Field(0.0, ge=0)
    relative: float = Field(0.0, ge=0)
    """Where one of the two is given, a token that is expected to be a number is right within either."""


Checker = Literal["exact", "tokens", "lines", "unordered"] | FloatChecker | TokenChecker | SpecialJudge


class Contract(Value):
    """What the problem promises; everything that is not here is not part of the answer (CONTRACT of a verify item)."""

    classes: tuple[str, ...] = ()
    """Classes of the solution whose own operators count in comparisons."""
    mutates: bool | tuple[str, ...] | None = None
    """Whether changes of arguments are part of the answer; None is undecided."""
    tolerance: float = Field(0.0, ge=0)
    ordered: bool = True


class Base64File(Value):
    base64: str


FileText = str | Base64File


class Source(Value):
    """Where something came from."""

    name: str | None = None
    licence: str | None = None
    url: str | None = None
    commit: str | None = None


class Derivation(Value):
    """The code that a problem is made of, and how. Neither solver nor tester is shown it, but a translator."""

    how: Literal["inspired", "translated", "backtranslated"]
    """A new problem after it; the same function in another language; the code again from its documentation alone."""
    language: str
    code: str
    name: str | None = None
    """Of the function."""
    topic: str | None = None
    """What a problem inspired by it is to be about."""
    parents: tuple[str, ...] = ()
    """Ids of the records that the code comes from."""


Tests = str | tuple[StdioCase, ...] | tuple[Case, ...]


class Problem(Value):
    """One line of a problem file. Only `id` and `statement` are required."""

    id: str = Field(min_length=1)
    statement: str
    language: str = "python"
    entry_point: str | None = None
    style: Style | None = None
    tests: Tests | None = None
    reference: str | None = None
    """A human-written solution, where there is one."""
    limits: LimitsGiven = LimitsGiven()
    checker: Checker | None = None
    contract: Contract = Contract()
    holdout: tuple[Case, ...] | tuple[StdioCase, ...] = ()
    source: Source = Source()
    tags: tuple[str, ...] = ()
    difficulty: str | None = None
    prompt: str | None = None
    """Code that the solution starts with (imports, signature, docstring), where the set gives it."""
    derived: Derivation | None = None
    """Of what it was made. With an empty statement it is a seed: a model writes the statement first."""

    def blind(self) -> "Problem":
        """The problem as somebody may see it who must not know the answer: without reference, tests, held-out cases and
        the code that it was derived of."""
        return self.model_copy(update={"reference": None, "tests": None, "holdout": (), "derived": None})


# ---- verify items and their verdicts ---------------------------------------------------------------------------


class Item(Value):
    """A verify item: one solution and the tests that it must pass."""

    id: str = Field(min_length=1)
    language: str
    solution: str | dict[str, str]
    style: Style = "asserts"
    tests: Tests = ""
    entry_point: str | None = None
    checker: Checker | None = None
    limits: LimitsGiven = LimitsGiven()
    stop_on: Literal["first_failure", "never"] = "never"
    integrity: Integrity = "split"
    contract: Contract = Contract()
    holdout: tuple[Case, ...] | tuple[StdioCase, ...] = ()
    files: dict[str, FileText] = {}
    """Readable by the tests alone, in the run's directory."""
    solution_files: dict[str, FileText] = {}
    """Readable by both sides."""
    environment: str | None = None
    checks: tuple[Check, ...] = ()
    results: bool = Field(False, exclude_if=_nothing)
    """Ask what became of each test. Off, it is no part of an item's digest."""
    # carried by catalogues, ignored
    class_: Any = Field(None, alias="class")
    expected: Any = None
    mechanism: Any = None
    why: Any = None
    oracle: Any = None
    problem: Any = None
    meta: Any = None

    model_config = ConfigDict(frozen=True, extra="forbid", populate_by_name=True)


Outcome = Literal["passed", "failed", "error", "skipped", "not_run"]


class TestReport(Value):
    """What became of one test, cut to what a caller surely can take. `reason` and `message` where it did not pass."""

    name: str
    outcome: Outcome
    reason: str | None = None
    """A slug, as in the verdict's `reasons`."""
    message: str = ""


class TestCounts(Value):
    expected: int = 0
    passed: int = 0
    failed: int = 0


class Failure(Value):
    """The first failing test as a person or a model reads it."""

    test: str
    message: str
    traceback: str = ""


class Verdict(Value):
    """What happened and whose fault it is. `verdict` is None only together with `error`, which is ours."""

    id: str
    verdict: VerdictName | None
    passed: bool | None
    reasons: tuple[str, ...] = ()
    integrity: Integrity = "split"
    tests: TestCounts = TestCounts()
    failure: Failure | None = None
    stdout: str = ""
    stderr: str = ""
    truncated: bool = False
    exit_code: int | None = None
    signal: int | None = None
    cpu_s: float = 0.0
    wall_s: float = 0.0
    memory_peak_mb: float = 0.0
    slot_recycled: bool = False
    language_version: str = ""
    environment: str = ""
    error: str | None = None
    results: tuple[TestReport, ...] = Field((), exclude_if=_nothing)
    """Of each test, in their order, where the item asks for it: of the first 1,000."""
    digest: str = ""
    """Of the item, so that a rerun knows what it has already judged."""


# ---- jobs and what was measured ----------------------------------------------------------------------------------


class Step(Value):
    """One program run in the sandbox. The output is measured, never interpreted, inside."""

    argv: tuple[str, ...]
    stdin: str = ""
    warm: bool = False
    """argv is `python3 FILE ...`, to be run in a fork of the warm interpreter."""
    env: dict[str, str] = {}
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
    files: dict[str, FileText] = {}
    """For the judge process alone."""
    modules: tuple[str, ...] = ()
    """Names of the solution's other files, as the tests may import them."""
    main: str | None = None
    """The one of them that `solution` is."""
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
    data: dict[str, FileText] = {}
    """Files that are put there after the compile steps, and decide nothing of what these make."""
    interactor: "Job | None" = None
    """The tests' side, under a uid and in a directory of its own: its n-th step talks with the n-th of this job."""
    stop_on_failure: bool = False
    """Do not run the steps after one that did not exit with 0."""
    total_wall_s: float | None = None
    """No further step is begun after so many seconds, and there are fewer results then."""
    fresh_seed: int | None = None
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


# ---- the loop ----------------------------------------------------------------------------------------------------


class Message(Value):
    role: Literal["system", "user", "assistant"]
    content: str


class TestSuite(Value):
    """Tests of one problem: who wrote them, and what the author had seen."""

    style: Style
    tests: Tests
    origin: Literal["given", "generated", "property", "mutation"] = "given"
    visible: bool = True
    author: str = "human"
    seen: Literal["statement", "reference", "solution"] = "statement"
    call: str | None = None
    """Id of the model call that it came from."""


class Solution(Value):
    """Source text, and the call that it came from."""

    code: str
    author: str
    call: str | None = None


class ModelCall(Value):
    """One request to a generator and its answer. `id` is the digest of the request, and nothing else."""

    id: str
    kind: CallKind
    messages: tuple[Message, ...]
    text: str
    model: str
    prompt: str
    """Name and digest of the prompt template."""
    seed: int
    tokens_in: int | None = None
    tokens_out: int | None = None
    cost_usd: float | None = None
    """None is unknown, never free."""
    finish: str | None = None
    reasoning: str | None = None
    """What the model thought before it answered. It is kept, and never read for code or shown to a model again."""
    reasoning_tokens: int | None = None
    """Part of `tokens_out`; None where the server did not tell."""


class Attempt(Value):
    """A solution, what happened to it, and the feedback that was made of that."""

    solution: Solution
    verdict: Verdict
    feedback: str = ""


class TestRules(Value):
    """What the loop may do with generated tests. Given tests it takes as they are."""

    held_out_share: float = Field(0.3, ge=0, lt=1)
    """Part of the tests that the loop never sees, for admission (gate `held_out`)."""
    revisions: int = Field(1, ge=0)
    """How often tests that independent evidence contradicts may be revised; 0 takes them as they are."""
    dispute_after: int = Field(2, ge=1)
    """Solutions in a row that must fail the same test before evidence is looked for. Where there is a reference, one."""
    witnesses: int = Field(2, ge=0)
    """Independent first tries that are asked about the tests, where there is no reference. They are the first tries of the
    problem's other samples, so a run with more samples than this pays for none twice."""


class Answer(Value):
    """What one test said of a witness. `passed` is None where it said nothing; `got` is the wrong value, if there was one."""

    passed: bool | None
    got: str = ""


class Witness(Value):
    """A solution that saw neither the tests nor feedback, and what each test that stands alone said of it."""

    source: Literal["reference", "sample"]
    code: str
    call: ModelCall | None = None
    """Where it came from, unless the trajectory has that call already."""
    answers: tuple[Answer, ...] = ()


class TestChange(Value):
    """One entry of the ledger: what a revision of the tests did to one test, and what was made of that."""

    kind: Literal["kept", "changed", "added", "deleted", "skipped", "weakened", "tautology"]
    old: str = ""
    new: str = ""
    why: str = ""
    """What was done to it."""
    accepted: bool = False
    """The new test counts. Otherwise the old one stays as it was."""
    evidence: str = ""
    """What independent solutions said of both."""


class Review(Value):
    """What a judge said of an attempt that had passed its tests."""

    attempt: int
    call: str
    correct: bool
    style: bool
    remarks: str = ""

    @property
    def approved(self) -> bool:
        return self.correct and self.style


class Trajectory(Value):
    """The whole state of one sample of one problem. `plan` reads nothing else."""

    problem: Problem
    sample: int = 0
    seed: int = 0
    max_attempts: int = 4
    """Solutions that may be tried, the first one included."""
    origin: Origin = "synthetic"
    rules: TestRules = TestRules()
    suite: TestSuite | None = None
    """The tests that the loop sees."""
    held_out: TestSuite | None = None
    """Generated tests that it does not see."""
    solution: Solution | None = None
    """The solution that has no verdict yet."""
    attempts: tuple[Attempt, ...] = ()
    witnesses: tuple[Witness, ...] | None = None
    """Independent evidence about the tests, once it was looked for."""
    proposed: TestSuite | None = None
    """Revised tests that nobody has compared with the old ones yet."""
    ledger: tuple[TestChange, ...] = ()
    """What revisions did to the tests, entry by entry."""
    overruled: tuple[Attempt, ...] = ()
    """Attempts that were judged by tests which were revised since."""
    calls: tuple[ModelCall, ...] = ()
    compared: int | None = None
    """Calls of a backtranslation's original whose values became its tests; None before it was run."""
    reviews: tuple[Review, ...] = ()
    checked: bool = False
    """A solution that passes its tests and has an error by the language's own checkers is `rejected`, and revised."""
    review_limit: int | None = None
    """Refusals of a judge after which the solution is revised; None is no judge."""
    notes: tuple[str, ...] = ()
    """What went wrong on the way and was overcome: answers without code, tests that could not be read, ..."""
    stopped: str | None = None
    """Why it stopped: `passed`, `attempts`, `exhausted`, `no_statement`, `no_code`, `no_tests`, `bad_tests`,
    `unverifiable`, `model`, `disputed_tests` (evidence contradicts a test, and no revision of it was supported)."""


# ---- admission ---------------------------------------------------------------------------------------------------


class GateResult(Value):
    gate: str
    version: str
    passed: bool
    reason: str = ""
    """A slug, empty when it passed."""
    evidence: dict[str, Any] = {}


class Record(Value):
    """A row of the corpus, with everything that is needed to run it again. Only `admission.py` makes one."""

    id: str
    problem: Problem
    item: Item
    """A verify item that passes."""
    origin: Origin
    attempts: tuple[Attempt, ...]
    repaired: bool
    gates: tuple[GateResult, ...]
    confidence: float | None = None
    integrity: Integrity
    parents: tuple[str, ...] = ()
    round: int = 0
    models: tuple[str, ...] = ()
    cost: float | None = None
    environment: str
    trajectory: str
    """Id of the trajectory that it came from."""
    reasoning: tuple[str | None, ...] = ()
    """What the model thought before each attempt; empty where nothing of that kind is known."""
    solve_rate: float | None = None
    """Share of the problem's first tries that are right, over all samples that the corpus has when the record is exported:
    None in the corpus itself, where it would go out of date with the next sample, and where there are no samples."""


class Rejection(Value):
    """Work that was not admitted, kept with its reason and evidence."""

    id: str
    problem: str
    trajectory: str
    reason: str
    gates: tuple[GateResult, ...] = ()
