"""Every seam on one page. An adapter sees this module and what is below it, never another adapter."""

from collections.abc import AsyncIterator, Iterable, Sequence
from contextlib import AbstractAsyncContextManager
from typing import Any, Protocol, runtime_checkable

from execfeedback.roles import role_of
from execfeedback.types import (
    CallKind,
    Execution,
    GateResult,
    Job,
    Message,
    Problem,
    Record,
    RoleName,
    Trajectory,
    Value,
)


class Request(Value):
    """What a generator is asked. `problem` is blind (no reference, tests or held-out cases) unless the generator
    says that it edits human-written code, and for a revision it is blind always."""

    kind: CallKind
    problem: Problem
    messages: tuple[Message, ...]
    code: str | None = None
    """The faulty solution, for a revision."""
    feedback: str | None = None
    """What was told about it, for a revision."""
    sample: int = 0
    attempt: int = 0
    """How many calls of this kind the trajectory made before."""
    seed: int = 0
    prompt: str = ""
    """Name and digest of the template that the messages were made of."""

    @property
    def role(self) -> RoleName:
        """Who is asked."""
        return role_of(self.kind)


class Waste(Value):
    """A request that was answered to no use, and paid all the same. None is unknown, never nothing."""

    why: str
    model: str
    tokens_in: int | None = None
    tokens_out: int | None = None
    cost_usd: float | None = None


class Completion(Value):
    """Raw text of a generator, as it came, and apart from it the reasoning that came on a channel of its own."""

    text: str
    model: str
    tokens_in: int | None = None
    tokens_out: int | None = None
    cost_usd: float | None = None
    finish: str | None = None
    reasoning: str | None = None
    reasoning_tokens: int | None = None
    wasted: tuple[Waste, ...] = ()
    """Answers of no use that came before this one."""


@runtime_checkable
class Generator(Protocol):
    """Writes solutions, tests and revisions. Raises `GeneratorError` for its own faults."""

    name: str
    edits_references: bool
    """It is shown human-written references for first tries and tests; its records are semi-synthetic."""

    async def complete(self, request: Request) -> Completion: ...


@runtime_checkable
class Closable(Protocol):
    """A generator with something to put away at the end of a run: connections, questions for a file."""

    async def aclose(self) -> None: ...


@runtime_checkable
class Priced(Protocol):
    """A generator that is paid for."""

    def unpriced(self) -> tuple[str, ...]:
        """Models that may be asked and whose price nobody knows."""
        ...


class Sandbox(Protocol):
    """Runs one job. Raises `SandboxError` for our faults; everything that the program did is in the Execution."""

    async def run(self, job: Job) -> Execution: ...


class SandboxPool(Sandbox, AbstractAsyncContextManager["SandboxPool"], Protocol):
    """A backend as the entry points open it."""

    workers: int


class Gate(Protocol):
    """One predicate and a reason. `version` changes whenever an old answer may no longer hold."""

    name: str
    version: str

    async def check(self, trajectory: Trajectory, sandbox: Sandbox) -> GateResult: ...


class Exporter(Protocol):
    """A pure view of a record; None leaves it out."""

    name: str

    def row(self, record: Record) -> dict[str, Any] | None: ...


@runtime_checkable
class RowsExporter(Protocol):
    """The same for formats in which a record gives several rows, or none."""

    name: str

    def rows(self, record: Record) -> Iterable[dict[str, Any]]: ...


@runtime_checkable
class ParquetExporter(Exporter, Protocol):
    """An exporter into a Parquet file, whose columns have types that no row has to show."""

    file: str
    """Its path in the folder."""

    def schema(self) -> Any:
        """The columns, as a pyarrow schema."""
        ...


@runtime_checkable
class CardExporter(Protocol):
    """An exporter that writes a page about the export beside it."""

    def card(self, manifest: dict[str, Any]) -> str:
        """README.md, from the manifest without its files."""
        ...


class EventSink(Protocol):
    """Takes one plain dictionary for each call, attempt, gate result."""

    def __call__(self, event: dict[str, Any]) -> None: ...


Messages = Sequence[Message]
Stream = AsyncIterator[Any]
