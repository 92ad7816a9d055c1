"""What a training pipeline calls: `verify`, `Sandbox`, `grow`. Each enters the same path as the command line."""

import asyncio
from collections.abc import AsyncIterator, Callable, Coroutine, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Any, Self, TypeVar

from pydantic import BaseModel

from execfeedback import jobs
from execfeedback.corpus import Corpus
from execfeedback.errors import InputError
from execfeedback.generators.function import Write
from execfeedback.jsonl import parsed
from execfeedback.problems import load_problems
from execfeedback.protocols import EventSink, Generator, SandboxPool
from execfeedback.protocols import Sandbox as SandboxProtocol
from execfeedback.types import Execution, Item, Job, Problem, Verdict
from execfeedback.units import Settings
from execfeedback.verifying import verify_items

if TYPE_CHECKING:
    from execfeedback.config import SandboxOptions

ADDRESSES = ("http://", "https://", "unix://")
"""What the name of a backend begins with that is a service elsewhere."""
Items = Iterable[Item | Mapping[str, Any]]
T = TypeVar("T")


class Sandbox:
    """One warm pool. `async with Sandbox() as sandbox: async for verdict in sandbox.verify(items): ...`"""

    def __init__(self, backend: str = "docker", *, workers: int = 2, **options: Any) -> None:
        """`backend`: `docker`, `local` for places where the wall already stands, or the address of a service (`http://HOST:PORT`,
        `unix://PATH`); `options` as in `[sandbox]`."""
        self.pool = open_backend(backend, workers, **options)

    async def __aenter__(self) -> Self:
        await self.pool.__aenter__()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.pool.__aexit__(kind, error, trace)

    async def run(self, job: Job) -> Execution:
        """Measure one job; raises SandboxError for our faults."""
        return await self.pool.run(job)

    def verify(self, items: Items, *, ordered: bool = True) -> AsyncIterator[Verdict]:
        """Verdicts of any iterable of items, in order (or as they finish), with bounded memory."""
        checked = (as_item(item, number) for number, item in enumerate(listed(items, "items"), start=1))
        return verify_items(checked, self.pool, workers=self.pool.workers, ordered=ordered)


def open_backend(name: str, workers: int, **options: Any) -> SandboxPool:
    """The backend of that name, not started yet. It is never changed by itself. Raises InputError."""
    from execfeedback.config import SandboxOptions

    chosen = parsed({"backend": name, **options}, SandboxOptions, "the sandbox's options")
    return backend_of(chosen, workers)


def backend_of(options: "SandboxOptions", workers: int) -> SandboxPool:
    """The backend that a configuration names, not started yet. Raises InputError."""
    if options.backend in ("docker", "docker://local"):
        from execfeedback.sandbox.docker import DockerSandbox

        given = options.model_dump(include={"memory_mb", "runtime", "host_slots"})
        return DockerSandbox(workers, **given)
    if options.backend == "local":
        if options.runtime is not None:
            raise InputError(
                f"the backend local starts no container: runtime {options.runtime!r} needs docker"
            )
        from execfeedback.sandbox.local import LocalSandbox

        only_here = options.model_dump(exclude={"backend", "runtime", "token_env"})
        return LocalSandbox(workers, **only_here)
    if options.backend.startswith(ADDRESSES):
        from execfeedback.sandbox.remote import RemoteSandbox

        return RemoteSandbox(options.backend, workers, token_env=options.token_env)
    raise InputError(
        f"unknown sandbox backend {options.backend!r}; there is: docker, local, http://HOST:PORT, unix://PATH"
    )


def as_item(item: Item | Mapping[str, Any], number: int) -> Item:
    """A checked item. Raises InputError naming the item and its field."""
    if not isinstance(item, Item):
        fields = fields_of(item, f"item number {number}")
        item = parsed(fields, Item, f"item {fields.get('id')!r}")
    jobs.check(item)
    return item


def listed(given: Iterable[T], what: str) -> Iterable[T]:
    """Raises InputError for what holds no items or problems, such as one alone."""
    if isinstance(given, Iterable) and not isinstance(given, Mapping | BaseModel | str | bytes):
        return given
    raise InputError(
        f"{what} are a {type(given).__name__}; give a list, or anything that gives one after the other"
    )


def fields_of(given: object, where: str) -> dict[str, Any]:
    if isinstance(given, Mapping):
        return dict(given)
    raise InputError(
        f"{where} is a {type(given).__name__}; give a mapping with its fields, as one line of JSON has them"
    )


def verify(items: Items, *, workers: int = 2, backend: str = "docker") -> list[Verdict]:
    """Verdicts of items, in order. Starts a warm pool for this call; use `Sandbox` to keep one. Works in notebooks too."""

    async def run() -> list[Verdict]:
        async with Sandbox(backend, workers=workers) as sandbox:
            return [verdict async for verdict in sandbox.verify(items)]

    return to_its_end(run())


def grow(
    problems: Path | Iterable[Problem | Mapping[str, Any]],
    *,
    generator: str | Generator | Write = "mutate",
    out: str | Path,
    gates: Sequence[str | Mapping[str, Any]] | None = None,
    settings: Settings | None = None,
    workers: int = 2,
    backend: str = "docker",
    on_event: EventSink | None = None,
    **options: Any,
) -> Corpus:
    """Grow the corpus at `out` and open it to read. Goes on from what the file holds.

    `generator` is a name, a Generator, or any async (messages, n, **sampling) -> list[str]; `options` go to it. Raises
    InputError, SandboxError, GeneratorError, BudgetSpent; the corpus then holds all that was finished.
    """
    from execfeedback.config import GATES
    from execfeedback.growing import grow as grow_corpus
    from execfeedback.registry import gates_named

    chosen = settings or Settings(in_flight=4 * workers)
    made = as_generator(generator, options)
    path = Path(out)

    async def run() -> None:
        async with open_backend(backend, workers) as sandbox:
            await grow_corpus(
                as_problems(problems),
                made,
                path,
                sandbox=sandbox,
                gates=gates_named(GATES if gates is None else tuple(gates)),
                settings=chosen,
                on_event=on_event,
            )

    to_its_end(run())
    return Corpus(path)


def to_its_end(work: Coroutine[Any, Any, T]) -> T:
    """The result of work. Where an event loop runs already, as in a notebook, it has a thread and a loop of its own."""
    try:
        asyncio.get_running_loop()
    except RuntimeError:
        return asyncio.run(work)
    begun: Future[Callable[[], object]] = Future()

    async def in_thread() -> T:
        loop, task = asyncio.get_running_loop(), asyncio.current_task()
        assert task is not None
        begun.set_result(lambda: loop.call_soon_threadsafe(task.cancel))
        return await work

    with ThreadPoolExecutor(1, "execfeedback") as threads:
        done = threads.submit(asyncio.run, in_thread())
        try:
            return done.result()
        except KeyboardInterrupt:  # came to this thread, and is meant for the work
            with suppress(RuntimeError):  # it has just ended
                begun.result()()
            raise


def as_generator(
    generator: str | Generator | Write, options: dict[str, Any]
) -> Generator | Callable[[SandboxProtocol], Generator]:
    """A generator, or a function that makes it once there is a sandbox (the embedded one runs code itself)."""
    from execfeedback.generators.function import create
    from execfeedback.registry import generator_named

    if isinstance(generator, Generator):
        return generator
    if not isinstance(generator, str):
        return create(generator, **options)
    name = generator
    if name == "mutate":
        return lambda sandbox: generator_named(name, sandbox=sandbox, **options)
    return generator_named(name, **options)


def as_problems(problems: Path | Iterable[Problem | Mapping[str, Any]]) -> Iterator[Problem]:
    """Problems of a file or folder, or of any iterable. Raises InputError naming problem and field."""
    if isinstance(problems, Path):
        yield from load_problems(problems)
        return
    for number, problem in enumerate(listed(problems, "problems"), start=1):
        if not isinstance(problem, Problem):
            where = f"problem {number}"
            problem = parsed(fields_of(problem, where), Problem, where)
        yield problem
