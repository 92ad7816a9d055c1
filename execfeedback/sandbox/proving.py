"""A language is offered only when its own proof holds on this machine: one program passes, the other does not.

An image gets its name after that, so an image that has its name is proven. Why one has not is kept beside the user's other
caches, for `execfeedback languages` to say.
"""

import asyncio
import os
from pathlib import Path

from execfeedback.languages import Language
from execfeedback.protocols import Sandbox
from execfeedback.types import Item, Verdict
from execfeedback.verdicts import verdict_of


def items_of(spoken: Language, environment: str | None = None) -> tuple[Item, Item]:
    """The program that must pass, and the one that must not."""
    proof = spoken.proof
    passes, fails = (
        Item(
            id=f"{spoken.name}/{which}",
            language=spoken.name,
            style=proof.style,
            tests=proof.tests,
            entry_point=proof.entry_point,
            solution=text.lstrip("\n"),
            environment=environment,
        )
        for which, text in (("passes", proof.passes), ("fails", proof.fails))
    )
    return passes, fails


async def proof_ends(spoken: Language, sandbox: Sandbox, environment: str | None = None) -> list[str]:
    """What does not hold, in words; empty for a proven language. Raises SandboxError for our faults."""
    passes, fails = items_of(spoken, environment)
    wrong = []
    if (found := await verdict_of(passes, sandbox)).verdict != "passed":
        wrong.append(f"the program that must pass: {said(found)}")
    if (found := await verdict_of(fails, sandbox)).verdict != "wrong_answer":
        wrong.append(f"the program that must fail: {said(found)}")
    return wrong


def said(found: Verdict) -> str:
    failure = found.failure
    words = f" ({failure.message.strip()[:300]} {failure.traceback.strip()[-600:]})" if failure else ""
    return f"{found.verdict}{words}"


def ends_in_image(spoken: Language, tag: str) -> list[str]:
    """Blocking: `proof_ends` in a slot of that image."""
    from execfeedback.sandbox.docker import DockerSandbox

    async def ends() -> list[str]:
        async with DockerSandbox(workers=1, needs=tag) as sandbox:
            return await proof_ends(spoken, sandbox, tag)

    return asyncio.run(ends())


def note(tag: str, words: str) -> None:
    """Keep why the image of that name is not there; an empty text forgets it."""
    path = _place(tag)
    if words:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(words, encoding="utf-8")
    else:
        path.unlink(missing_ok=True)


def noted(tag: str) -> str:
    try:
        return _place(tag).read_text(encoding="utf-8")
    except OSError:
        return ""


def _place(tag: str) -> Path:
    cache = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "execfeedback"
    return cache / "unproven" / tag.replace("/", "_").replace(":", "_")
