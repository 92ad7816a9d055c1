"""The dialect of OpenRLHF's remote reward: `POST /get_reward`.

`labels` hold the tests of each query, as JSON text: a verify item without its solution, or what datasets use (inputs and
outputs, asserts, ...). The code is the last fenced block after any thought. A reward is 1 for a pass, else 0; `scores` are
the shares of tests that passed. Our own faults are 503, which OpenRLHF asks again, and never a reward.
"""

import asyncio
import json
from typing import Any

from fastapi import APIRouter, Request, Response
from pydantic import BaseModel

from execfeedback import jobs
from execfeedback.columns.fields import Unreadable
from execfeedback.columns.given_tests import tests_of
from execfeedback.errors import InputError
from execfeedback.jsonl import parsed
from execfeedback.parsing import solution_in
from execfeedback.service.replies import json_reply, unless_gone
from execfeedback.service.runner import Runner, memory_of
from execfeedback.service.turns import Ticket
from execfeedback.types import Item, Problem, Verdict

NO_CODE = Verdict(id="no code", verdict="compile_error", passed=False, reasons=("no_code",))
PASSED, UNKNOWN = "passed", "unverifiable"


class Query(BaseModel):
    query: list[str]
    """Whole texts: prompt and answer."""
    prompts: list[str] = []
    labels: list[str]


class Rewards(BaseModel):
    """Lists, but for a single query numbers: OpenRLHF wraps those into a tensor itself."""

    rewards: float | list[float]
    scores: float | list[float]
    extra_logs: dict[str, float | list[float]]


def routes(runner: Runner) -> APIRouter:
    router = APIRouter(tags=["OpenRLHF"])
    texts = {422: "A label cannot be read.", 429: "Busy.", 503: "A fault of the service's own: ask again."}
    responses: dict[int | str, dict[str, Any]] = {
        status: {"description": text} for status, text in texts.items()
    }

    @router.post("/get_reward", summary="Rewards of answers", response_model=Rewards, responses=responses)
    async def get_reward(request: Request, asked: Query) -> Response:
        if len(asked.query) != len(asked.labels) or not asked.query:
            raise InputError(
                f"{len(asked.query)} queries and {len(asked.labels)} labels: each query needs one"
            )
        answers = answers_in(asked)
        items = [
            item_of(*pair, number) for number, pair in enumerate(zip(answers, asked.labels, strict=True), 1)
        ]
        memories = [memory_of(item) for item in items if item]
        tickets = runner.enter(request.state.caller, memories, runner.settings.wait_s)
        found = await unless_gone(request, verdicts_of(runner, items, tickets))
        integrity = "shared" if any(verdict.integrity == "shared" for verdict in found) else "split"
        return json_reply(rewards_of(found), {"X-Execfeedback-Integrity": integrity})

    return router


def answers_in(asked: Query) -> list[str]:
    """Without the prompts, which may hold code themselves."""
    prompts = asked.prompts if len(asked.prompts) == len(asked.query) else [""] * len(asked.query)
    return [text.removeprefix(prompt) for text, prompt in zip(asked.query, prompts, strict=True)]


def item_of(answer: str, label: str, number: int) -> Item | None:
    """None where the answer holds no code. Raises InputError for a label without tests."""
    fields = fields_of(label, f"label {number}")
    problem = Problem(
        id=str(number), statement="", language=fields["language"], entry_point=fields.get("entry_point")
    )
    code = solution_in(answer, problem)
    if code is None:
        return None
    item = parsed({**fields, "id": str(number), "solution": code}, Item, f"label {number}")
    jobs.check(item)
    return item


def fields_of(label: str, where: str) -> dict[str, Any]:
    """What a label says of a verify item."""
    try:
        told = json.loads(label)
    except (ValueError, RecursionError):
        told = label
    if isinstance(told, dict) and "style" in told and "tests" in told:
        return {"language": "python", **told}
    try:
        given = tests_of(told, where, None)
    except Unreadable as error:
        raise InputError(str(error)) from None
    language = told.get("language", "python") if isinstance(told, dict) else "python"
    return {"language": language, **given.model_dump(include={"style", "tests", "entry_point"})}


async def verdicts_of(runner: Runner, items: list[Item | None], tickets: list[Ticket]) -> list[Verdict]:
    """All of them, or the first of our faults."""
    own = iter(tickets)
    try:
        async with asyncio.TaskGroup() as group:
            tasks = [group.create_task(runner.verdict(item, next(own))) if item else None for item in items]
    except* Exception as several:
        raise several.exceptions[0] from None
    finally:
        for ticket in tickets:
            ticket.leave()
    return [task.result() if task else NO_CODE for task in tasks]


def rewards_of(found: list[Verdict]) -> Rewards:
    rewards = [float(verdict.passed is True) for verdict in found]
    scores = [verdict.tests.passed / max(1, verdict.tests.expected) for verdict in found]
    unknown = [float(verdict.passed is None) for verdict in found]
    logs: dict[str, float | list[float]] = {PASSED: alone(rewards), UNKNOWN: alone(unknown)}
    return Rewards(rewards=alone(rewards), scores=alone(scores), extra_logs=logs)


def alone(numbers: list[float]) -> float | list[float]:
    return numbers[0] if len(numbers) == 1 else numbers
