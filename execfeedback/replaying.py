"""Would these tests notice a wrong solution? The judge process once more, on replies that were changed (Replay)."""

from execfeedback import jobs
from execfeedback.languages import language
from execfeedback.protocols import Sandbox
from execfeedback.types import Item, ReplayEnd

CASELESS = ("asserts", "humaneval", "pytest", "unittest")
"""Styles whose tests could accept any value. `cases` and `stdio` are compared with their expected values."""


async def replay_ends(item: Item, sandbox: Sandbox) -> dict[str, ReplayEnd]:
    """How the tests of an item that passes end on wrong replies, by the kind of change; empty where that cannot be said:
    there is nothing to replay for this style, or the conversation was too long. Raises SandboxError."""
    spoken = language(item.language)
    if item.style not in CASELESS or not spoken.split:
        return {}
    job = jobs.split_job(item, spoken, write_back=bool(item.contract.mutates))
    assert job.split is not None
    asked = job.model_copy(update={"split": job.split.model_copy(update={"replay": True})})
    split = (await sandbox.run(asked)).split
    return {} if split is None else {one.how: one.end for one in split.replays}


def insensitive(ends: dict[str, ReplayEnd]) -> bool:
    """Whether no kind of wrong value was noticed. Where an end is unknown, that is not said."""
    return bool(ends) and all(end == "missed" for end in ends.values())
