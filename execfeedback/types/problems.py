"""A problem: its statement, its tests in each style, and what limits and checkers go with them."""

from typing import Annotated, Any, Literal

from pydantic import Field

from execfeedback.types.values import Integrity, Style, Value


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


class StdioCase(Value):
    stdin: str = ""
    stdout: str


class Case(Value):
    """One call: arguments -> value, or the name of the exception that it must raise."""

    args: tuple[Any, ...] = ()
    kwargs: dict[str, Any] = Field({})
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
    integrity: Integrity = Field(default="split", exclude_if=lambda integrity: integrity == "split")
    """`shared`: its tests may be judged in one process with the solution where they must be; its records say so."""
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
