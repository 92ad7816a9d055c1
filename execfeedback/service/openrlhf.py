"""The dialect of OpenRLHF's remote reward: `POST /get_reward`, scored as `execfeedback.rewards.openrlhf` scores.

Our own faults are 503 and an overload 429, which OpenRLHF asks again, and never a reward.
"""

from typing import Any

from fastapi import APIRouter, Request, Response
from pydantic import BaseModel

from execfeedback.columns.fields import Unrecognised
from execfeedback.errors import InputError
from execfeedback.rewards.openrlhf import reply, response
from execfeedback.rewards.scoring import gathered, row_of, score, source
from execfeedback.rewards.values import Options, Score
from execfeedback.service.callers import Caller
from execfeedback.service.replies import json_reply, unless_gone
from execfeedback.service.runner import Runner, memory_of
from execfeedback.types import Item, Verdict

OPTIONS = Options(on_infra_error="raise")


class Query(BaseModel):
    query: list[str]
    """Prompts with their responses."""
    prompts: list[str] = []
    labels: list[Any]
    """What `label_key` names: a verify item without its solution as JSON text, inputs and outputs, asserts."""


class Rewards(BaseModel):
    """Lists; for a single query numbers, since OpenRLHF wraps those itself."""

    rewards: float | list[float]
    scores: float | list[float]
    extra_logs: dict[str, float | list[float]]


class Turns:
    """Verdicts for one caller, each in a turn of its own. Notes whether one was judged in one process."""

    def __init__(self, runner: Runner, caller: Caller) -> None:
        self.runner, self.caller, self.integrity = runner, caller, "split"

    async def verdict(self, item: Item, timeout_s: float) -> Verdict:
        [ticket] = self.runner.enter(self.caller, [memory_of(item)], self.runner.settings.wait_s)
        found = await self.runner.verdict(item, ticket)
        self.integrity = "shared" if found.integrity == "shared" else self.integrity
        return found


def routes(runner: Runner) -> APIRouter:
    router = APIRouter(tags=["OpenRLHF"])
    texts = {
        400: "No JSON.",
        422: "What was sent cannot be read.",
        429: "Busy.",
        503: "A fault of the service's own: ask again.",
    }
    responses: dict[int | str, dict[str, Any]] = {
        status: {"description": text} for status, text in texts.items()
    }

    @router.post("/get_reward", summary="Rewards of answers", response_model=Rewards, responses=responses)
    async def get_reward(request: Request, asked: Query) -> Response:
        turns = Turns(runner, request.state.caller)
        found = await unless_gone(request, scores_of(asked, turns))
        return json_reply(reply(found), {"X-Execfeedback-Integrity": turns.integrity})

    return router


async def scores_of(asked: Query, turns: Turns) -> list[Score]:
    """Raises InputError where no label holds tests, and the first of our faults."""
    if len(asked.query) != len(asked.labels) or not asked.query:
        raise InputError(f"{len(asked.query)} queries and {len(asked.labels)} labels: each query needs one")
    prompts = asked.prompts if len(asked.prompts) == len(asked.query) else [""] * len(asked.query)
    texts = [response(query, prompt) for query, prompt in zip(asked.query, prompts, strict=True)]
    sources = [source(row_of(label, None)) for label in asked.labels]
    if all(isinstance(one, Unrecognised) for one in sources):
        raise InputError(f"no label holds tests: {sources[0]}")
    try:
        return await gathered([score(*pair, OPTIONS, turns) for pair in zip(texts, sources, strict=True)])
    except* Exception as several:
        raise several.exceptions[0] from None
