"""The loop: calls, attempts, evidence about tests, and the state of one sample of one problem."""

from typing import Literal

from pydantic import Field

from execfeedback.types.problems import Problem, Tests
from execfeedback.types.values import CallKind, Origin, Style, Value
from execfeedback.types.verdicts import Verdict


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
