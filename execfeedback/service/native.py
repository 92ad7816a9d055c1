"""Our own interface, `/v1`: verdicts, measurements, suites of tests, languages."""

import asyncio
from collections.abc import AsyncIterator
from typing import Any

from fastapi import APIRouter, Request, Response
from fastapi.responses import StreamingResponse
from pydantic import Field

from execfeedback import jobs
from execfeedback.errors import InputError, SandboxError
from execfeedback.ids import digest
from execfeedback.jsonl import json_line, parsed
from execfeedback.nesting import DEEPEST, deep_case
from execfeedback.service.kept import Kept
from execfeedback.service.offered import Offered
from execfeedback.service.openapi import described
from execfeedback.service.replies import UnknownSuite, body_of, deadline_of, json_reply, unless_gone, until
from execfeedback.service.runner import Runner, memory_of
from execfeedback.service.turns import Refused, Ticket
from execfeedback.types import Case, Checker, Execution, FileText, Item, Job, StdioCase, Tests, Value, Verdict

NDJSON = "application/x-ndjson"


class Suite(Value):
    """Tests that many items share. What is given here, an item with its digest in `tests_ref` has."""

    tests: Tests
    holdout: tuple[Case, ...] | tuple[StdioCase, ...] = ()
    files: dict[str, FileText] = Field(default_factory=dict)
    checker: Checker | None = None


class SuiteReply(Value):
    digest: str


class VerifyItem(Item):
    """A verify item. Instead of `tests` (and `holdout`, `files`, `checker`) it may name a suite that is kept here."""

    tests_ref: str | None = None
    """The digest that `PUT /v1/suites` answered."""


def routes(runner: Runner, offered: Offered) -> APIRouter:
    router = APIRouter(prefix="/v1", tags=["execfeedback"])
    suites: Kept[Suite] = Kept(runner.settings.suites_mb << 20)

    @router.post(
        "/verify",
        **described(
            "Verdicts of one item, or of a list. A list is answered in its order, or as verdicts finish, one JSON line each, "
            f"where `Accept` is `{NDJSON}`.",
            body=VerifyItem,
            answer=Verdict,
            many=NDJSON,
        ),
    )
    async def verify(request: Request) -> Response:
        given, seconds = await body_of(request), deadline_of(request)
        many = isinstance(given, list)
        items = [item_of(raw, n, suites) for n, raw in enumerate(given if many else [given], start=1)]
        known = [runner.known_verdict(item) for item in items]
        left = [item for item, found in zip(items, known, strict=True) if found is None]
        wait_s = min(runner.settings.wait_s, seconds or float("inf"))
        tickets = runner.enter(request.state.caller, [memory_of(item) for item in left], wait_s)
        work = Work(runner, items, known, tickets, until(seconds))
        if not many:
            return json_reply(await unless_gone(request, work.only()))
        if NDJSON in request.headers.get("accept", ""):
            return StreamingResponse(work.lines(), media_type=NDJSON)
        return json_reply(await unless_gone(request, work.ordered()))

    @router.put(
        "/suites",
        **described("Keep tests, to be named by items.", body=Suite, answer=SuiteReply, deadline=False),
    )
    async def put_suite(request: Request) -> Response:
        raw = await request.body()
        suite = suite_of(await body_of(request))
        name = digest(suite.model_dump(mode="python"))
        if not suites.put(name, suite, len(raw)):
            raise InputError(f"the suite is larger than the {runner.settings.suites_mb} MB that are kept")
        return json_reply({"digest": name})

    @router.post(
        "/run", **described("Measure one job: files, and steps or a split run.", body=Job, answer=Execution)
    )
    async def run(request: Request) -> Response:
        job, seconds = job_of(await body_of(request)), deadline_of(request)
        wait_s, end = min(runner.settings.wait_s, seconds or float("inf")), until(seconds)
        [ticket] = runner.enter(request.state.caller, [job.limits.memory_mb], wait_s)
        return json_reply(
            await unless_gone(request, runner.in_turn(ticket, "run", lambda: runner.run(job), end))
        )

    @router.get("/languages", summary="What it speaks, with versions and remedies")
    async def spoken() -> dict[str, list[dict[str, Any]]]:
        return {"languages": await offered.rows()}

    return router


class Work:
    """Items on their way to verdicts; those that were known have no ticket."""

    def __init__(
        self,
        runner: Runner,
        items: list[Item],
        known: list[Verdict | None],
        tickets: list[Ticket],
        end: float,
    ) -> None:
        self.runner, self.items, self.known, self.tickets, self.end = runner, items, known, tickets, end

    async def only(self) -> Verdict:
        """The verdict of a single item. Raises what `Runner.verdict` raises."""
        if self.known[0] is not None:
            return self.known[0]
        return await self.runner.verdict(self.items[0], self.tickets[0], self.end)

    async def ordered(self) -> list[dict[str, Any]]:
        tasks = self.started()
        try:
            return [(await task).model_dump(mode="json") for task in tasks]
        finally:
            await self.called_off(tasks)

    async def lines(self) -> AsyncIterator[bytes]:
        tasks = self.started()
        try:
            for done in asyncio.as_completed(tasks):
                yield json_line(await done)
        finally:
            await self.called_off(tasks)

    def started(self) -> list[asyncio.Task[Verdict]]:
        tickets = iter(self.tickets)
        pairs = [
            (item, found, None if found else next(tickets))
            for item, found in zip(self.items, self.known, strict=True)
        ]
        return [asyncio.create_task(self.one(*pair)) for pair in pairs]

    async def one(self, item: Item, found: Verdict | None, ticket: Ticket | None) -> Verdict:
        """In a list our fault is that item's `error`, and harms no other item."""
        if found is not None or ticket is None:
            assert found is not None
            return found
        try:
            return await self.runner.verdict(item, ticket, self.end)
        except (SandboxError, Refused) as error:
            return Verdict(id=item.id, verdict=None, passed=None, error=str(error))

    async def called_off(self, tasks: list[asyncio.Task[Verdict]]) -> None:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        for ticket in self.tickets:
            ticket.leave()


def item_of(raw: Any, number: int, suites: Kept[Suite]) -> Item:
    """A checked item, with the tests that it names. Raises InputError naming the item and its field."""
    given = dict(an_object(raw, f"item {number}"))
    where = f"item {given.get('id', number)!r}"[:200]
    name = given.pop("tests_ref", None)
    item = parsed(given, Item, where)
    if name is not None:
        item = item.model_copy(update=suite_fields(name, item, suites, where))
    jobs.check(item)
    return item


def suite_of(raw: Any) -> Suite:
    suite = parsed(an_object(raw, "the suite"), Suite, "the suite")
    tests = () if isinstance(suite.tests, str) else suite.tests
    if field := deep_case(tests, "tests") or deep_case(suite.holdout, "holdout"):
        raise InputError(f"the suite: field {field!r}: is nested more than {DEEPEST} deep")
    return suite


def suite_fields(name: Any, item: Item, suites: Kept[Suite], where: str) -> dict[str, Any]:
    if not isinstance(name, str):
        raise InputError(f"{where}: field 'tests_ref': must be the digest that PUT /v1/suites answered")
    suite = suites.get(name)
    if suite is None:
        raise UnknownSuite(f"{where}: no suite {name[:80]!r} is kept here (any more): PUT /v1/suites again")
    twice = suite.model_fields_set & item.model_fields_set
    if twice:
        raise InputError(f"{where}: field '{min(twice)}': comes with the item and with its suite")
    return {field: getattr(suite, field) for field in suite.model_fields_set}


def job_of(raw: Any) -> Job:
    """A job that a slot can hold. Raises InputError."""
    job = parsed(an_object(raw, "the job"), Job, "the job")
    if job.split and len(job.split.cases) > jobs.MOST_CASES:
        raise InputError(f"the job: field 'split.cases': more than the {jobs.MOST_CASES} that a run takes")
    if job.split and (field := deep_case(job.split.cases, "split.cases")):
        raise InputError(f"the job: field {field!r}: is nested more than {DEEPEST} deep")
    check_side(job, "the job")
    if bool(job.steps) == bool(job.split):
        raise InputError("the job: needs either 'steps' or 'split'")
    if job.interactor is not None:
        check_side(job.interactor, "the job's interactor")
        if job.split or job.interactor.interactor or len(job.interactor.steps) != len(job.steps):
            raise InputError("the job's interactor: needs a step for each step of the job, and no more")
    return job


def check_side(job: Job, where: str) -> None:
    """Raises InputError for files and steps that a slot cannot hold. The supervisor writes files as it is told to."""
    if twice := job.files.keys() & job.data.keys():
        raise InputError(f"{where}: file path {min(twice)!r} is both in 'files' and in 'data'")
    split_files = job.split.files if job.split else {}
    if wrong := jobs.wrong_files({**job.files, **job.data}, split_files):
        raise InputError(f"{where}: {wrong}")
    for step in (*job.compile, *job.steps):
        words = (*step.argv, *step.env, *step.env.values())
        if (
            not step.argv
            or not step.argv[0]
            or any("\0" in word or not jobs.writable(word) for word in words)
            or any("=" in k for k in step.env)
        ):
            raise InputError(
                f"{where}: a step needs a program in 'argv', and in 'argv' and 'env' Unicode without NUL"
            )


def an_object(raw: Any, what: str) -> dict[str, Any]:
    if not isinstance(raw, dict):
        raise InputError(f"{what}: must be a JSON object")
    return raw
