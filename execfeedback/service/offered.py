"""The languages that this service speaks, with versions: asked of the images, remembered for a while."""

import asyncio
import re
import time
from typing import Any

from execfeedback.languages import language, languages
from execfeedback.service.health import CANARY
from execfeedback.service.runner import Runner
from execfeedback.types import Value

FRESH_S = 60.0


class Offer(Value):
    name: str
    aliases: tuple[str, ...]
    version: str
    """Three numbers, as npm has them."""
    suffix: str


class Offered:
    """Asks for each language by itself: an engine takes its time."""

    def __init__(self, runner: Runner, backend: str) -> None:
        self.runner, self.backend = runner, backend
        self.known: dict[str, tuple[float, dict[str, Any]]] = {}

    async def rows(self) -> list[dict[str, Any]]:
        """As `execfeedback languages --json` has them."""
        names = languages() if self.backend == "docker" else ["python"]
        return await asyncio.gather(*map(self.row, names))

    async def row(self, name: str) -> dict[str, Any]:
        at, found = self.known.get(name, (float("-inf"), {}))
        if time.monotonic() - at > FRESH_S:
            found = await self.asked(name)
            self.known[name] = time.monotonic(), found
        return found

    async def asked(self, name: str) -> dict[str, Any]:
        from execfeedback.cli.languages_cmd import described, row

        if self.backend == "docker":
            return await asyncio.to_thread(row, language(name))
        execution = await self.runner.run(CANARY)
        there = {
            "version": execution.language_version,
            "image": execution.environment,
            "proven": True,
            "remedy": None,
        }
        return described(language(name)) | there

    async def present(self) -> list[Offer]:
        return [offer(row) for row in await self.rows() if row["image"]]

    async def one(self, name: str) -> Offer | None:
        """The language of that name, if it is there."""
        if self.backend != "docker" and name != "python":
            return None
        row = await self.row(name)
        return offer(row) if row["image"] else None


def offer(row: dict[str, Any]) -> Offer:
    spoken = language(row["name"])
    return Offer(
        name=spoken.name,
        aliases=spoken.aliases,
        version=three_numbers(row["version"]),
        suffix=spoken.suffix,
    )


def three_numbers(text: str) -> str:
    """`Python 3.13.5` -> `3.13.5`; what is missing is 0."""
    match = re.search(r"\d+(?:\.\d+)*", text)
    parts = [str(int(part)) for part in match[0].split(".")[:3]] if match else []
    return ".".join([*parts, "0", "0", "0"][:3])
