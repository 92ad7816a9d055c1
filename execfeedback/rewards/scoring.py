"""From completions and the columns of their rows to scores."""

import asyncio
import logging
import time
from collections.abc import Callable, Coroutine, Mapping, Sequence
from typing import Any, Protocol

from execfeedback import jobs
from execfeedback.columns import fields
from execfeedback.columns.fields import Unreadable, Unrecognised
from execfeedback.columns.pairs import other_readings
from execfeedback.columns.source import TESTED, Source, code_alone, item_of, source_of
from execfeedback.completing import completed
from execfeedback.errors import InputError, SandboxError
from execfeedback.parsing import last_block, solution_in
from execfeedback.rewards.values import Options, Score, no_code, not_judged, scored
from execfeedback.rewards.verifier import Verifier, verifier
from execfeedback.types import Item, Problem, Verdict

log = logging.getLogger("execfeedback.rewards")
WAIT_S = 1.0
"""Before the second attempt of `retry`; twice as long before each further one."""

Row = Mapping[str, Any]


class Judge(Protocol):
    """Whoever gives verdicts: the process's verifier, or the service."""

    async def verdict(self, item: Item, timeout_s: float) -> Verdict: ...


def scores(texts: Sequence[str], rows: Sequence[Row], options: Options) -> list[Score]:
    """The score of each completion under the tests of its row, all at one time. Raises InputError when no row has a column
    that holds tests, SandboxError with `on_infra_error="raise"`."""
    work = verifier().submit(_all(texts, rows, options))
    try:
        return work.result()
    finally:
        work.cancel()


async def scores_async(texts: Sequence[str], rows: Sequence[Row], options: Options) -> list[Score]:
    """The same, without blocking the caller's event loop."""
    started = await asyncio.to_thread(verifier)
    return await asyncio.wrap_future(started.submit(_all(texts, rows, options)))


def _all(
    texts: Sequence[str], rows: Sequence[Row], options: Options
) -> Callable[[Verifier], Coroutine[Any, Any, list[Score]]]:
    if rows and not any(TESTED & row.keys() for row in rows):
        raise InputError(f"no column of the dataset is known to hold tests (it has {fields.names(rows[0])})")
    sources = [source(row) for row in rows]

    async def work(here: Verifier) -> list[Score]:
        pairs = zip(texts, sources, strict=True)
        return await gathered([score(text, found, options, here) for text, found in pairs])

    return work


async def gathered(work: list[Coroutine[Any, Any, Score]]) -> list[Score]:
    """All results; the first exception calls the others off."""
    try:
        async with asyncio.TaskGroup() as group:
            tasks = [group.create_task(one) for one in work]
    except ExceptionGroup as several:
        raise several.exceptions[0] from None
    return [task.result() for task in tasks]


def source(row: Row) -> Source | Unreadable | InputError:
    """The row without its solution, or why it cannot be read."""
    try:
        return source_of(plain(row), {})
    except (Unreadable, InputError) as error:
        return error
    except RecursionError:
        return Unreadable("the row is nested too deeply")


async def score(text: str, found: Source | Unreadable | InputError, options: Options, here: Judge) -> Score:
    if isinstance(found, Exception):
        return _unread(found)
    code = code_in(text, found, options)
    if not code or not code.strip():
        return no_code(options)
    try:
        return scored(await _verdict(_items(code, found), options, here), options)
    except (Unreadable, InputError) as error:
        return _unread(error)


def _unread(error: Exception) -> Score:
    if not isinstance(error, Unrecognised):  # a row of another task has no tests, which is no mistake
        log.warning("a row cannot be judged, and gets no reward: %s", error)
    return not_judged(str(error))


def code_in(text: str, found: Source, options: Options) -> str | None:
    """The code of a completion, with what the prompt gives before it where the prompt is code."""
    name = found.given.entry_point
    problem = Problem(id="row", statement="", language=found.language, entry_point=name, prompt=found.prompt)
    if callable(options.extract):
        return options.extract(text)
    if options.extract == "answer":
        return solution_in(text, problem)
    code = last_block(text, found.language)
    return completed(code, problem) if code and found.language == "python" else code


def _items(code: str, found: Source) -> list[tuple[Item, bool]]:
    """The row as it is most likely meant; then as else it may be meant, and whether that may mend what crashes."""
    others = [one for one in other_readings(found.given) if not one.whole_keys or found.language == "python"]
    items = [
        (item_of("completion", code, found, given), given.whole_keys is not None)
        for given in (found.given, *others)
    ]
    for item, _ in items:
        jobs.check(item)
    return items


async def _verdict(items: list[tuple[Item, bool]], options: Options, here: Judge) -> Verdict:
    """Of the first reading, or of another one when that ends as a wrong answer and the other passes."""
    first = await _retried(items[0][0], options, here)
    for item, mends in items[1:]:
        failed = first.verdict == "wrong_answer" or (mends and first.verdict == "runtime_error")
        if failed and (other := await _retried(item, options, here)).passed:
            return other
    return first


async def _retried(item: Item, options: Options, here: Judge) -> Verdict:
    attempts = options.attempts if options.on_infra_error == "retry" else 1
    until = time.monotonic() + options.timeout_s
    verdict = await here.verdict(item, options.timeout_s)
    for number in range(1, attempts):
        wait = WAIT_S * 2 ** (number - 1)
        if verdict.error is None or (left := until - time.monotonic() - wait) <= 0:
            break
        await asyncio.sleep(wait)
        verdict = await here.verdict(item, left)
    if verdict.error is not None:
        if options.on_infra_error == "raise":
            raise SandboxError(verdict.error)
        log.error("no verdict, through no fault of the program: %s", verdict.error)
    return verdict


# ---- what trainers pass -------------------------------------------------------------------------------------------


def plain(value: Any) -> Any:
    """Lists for the tuples and arrays that some loaders of Parquet make of them, at any depth."""
    if isinstance(value, Mapping):
        return {name: plain(each) for name, each in value.items()}
    if isinstance(value, list | tuple):
        return [plain(each) for each in value]
    return plain(value.tolist()) if hasattr(value, "tolist") else value


def text_of(message: Any) -> str:
    """The text of a completion or prompt: as it is, or of the last message of a chat, its text parts joined."""
    if isinstance(message, list):
        message = message[-1] if message else ""
    if isinstance(message, Mapping):
        message = message.get("content") or ""
    if isinstance(message, list):
        return "".join(str(part.get("text", "")) for part in message if isinstance(part, Mapping))
    return str(message)


def code_prompt(prompt: Any) -> str | None:
    """A prompt that is code from its first line on, as HumanEval's are; others say nothing about what the code lacks."""
    return code_alone(text_of(prompt))


CONTEXT = ("verify", "task_id", "metadata", *fields.PROMPTS, *fields.ENTRY_POINTS, *fields.LANGUAGES)


def row_of(ground_truth: Any, context: Any) -> dict[str, Any]:
    """The row of a trainer that has one column for tests, with what else it tells (such as `entry_point`)."""
    told = context if isinstance(context, Mapping) else {}
    return {name: told[name] for name in CONTEXT if name in told} | {"ground_truth": ground_truth}
