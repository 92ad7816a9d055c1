"""The languages that this service speaks, with versions: asked of the images, remembered for a while."""

import asyncio
import re
import time
from typing import Any

from execfeedback.cli.languages_cmd import described
from execfeedback.languages import language, languages
from execfeedback.sandbox.images import present_images
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
    def __init__(self, runner: Runner, backend: str) -> None:
        self.runner, self.backend = runner, backend
        self.found: list[dict[str, Any]] = []
        self.at, self.lock = float("-inf"), asyncio.Lock()

    async def rows(self) -> list[dict[str, Any]]:
        """As `execfeedback languages --json` has them."""
        async with self.lock:
            if time.monotonic() - self.at > FRESH_S:
                self.found, self.at = await self.asked(), time.monotonic()
            return self.found

    async def asked(self) -> list[dict[str, Any]]:
        if self.backend == "docker":
            images = await asyncio.to_thread(present_images)
            return [row(name, *images.get(name, (None, None))) for name in languages()]
        execution = await self.runner.run(CANARY)
        return [row("python", execution.environment, execution.language_version)]

    async def present(self) -> list[Offer]:
        return [offer(row) for row in await self.rows() if row["image"]]


def row(name: str, image: str | None, version: str | None) -> dict[str, Any]:
    remedy = None if image else f"execfeedback images build {name}"
    return described(language(name)) | {
        "version": version,
        "image": image,
        "proven": image is not None,
        "remedy": remedy,
    }


def offer(row: dict[str, Any]) -> Offer:
    spoken = language(row["name"])
    return Offer(
        name=spoken.name,
        aliases=spoken.aliases,
        version=three_numbers(row["version"]),
        suffix=spoken.suffix,
    )


def three_numbers(text: str) -> str:
    """`Python 3.13.5` -> `3.13.5`; what is missing is 0. A digit of a name (`tinycss2 1.4.0`) is none of a version."""
    match = re.search(r"\d+(?:\.\d+)+", text) or re.search(r"\d+", text)
    parts = [str(int(part)) for part in match[0].split(".")[:3]] if match else []
    return ".".join([*parts, "0", "0", "0"][:3])
