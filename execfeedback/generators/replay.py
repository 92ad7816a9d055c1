"""Recorded model outputs instead of a model: one JSON object a line, as the README shows.

The n-th request of a kind for a problem gets its n-th recording. With several samples, sample s of S owns the
solutions s, s+S, s+2S, ... of its problem, and its revisions follow `parent` from there: samples can run at
the same time, and resume, without taking each other's answers.
"""

from collections import defaultdict
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from pydantic import ConfigDict

from execfeedback.errors import GeneratorExhausted
from execfeedback.ids import digest
from execfeedback.jsonl import read_jsonl
from execfeedback.protocols import Completion, Request
from execfeedback.types import CallKind, Value


class Recording(Value):
    """One line of a replay file; fields of the recorder's own are passed over."""

    model_config = ConfigDict(frozen=True, extra="ignore", coerce_numbers_to_str=True)

    problem: str
    kind: CallKind
    text: str | None
    model: str = "replay"
    attempt: int | None = None
    parent: int | None = None
    """The attempt that it revises."""


class Replay:
    """A generator that reads its answers from recordings."""

    name = "replay"
    edits_references = False

    def __init__(self, recordings: Sequence[Recording], samples: int = 1) -> None:
        self._samples = samples
        self._of: dict[tuple[str, CallKind], list[Recording]] = defaultdict(list)
        for recording in recordings:
            self._of[recording.problem, recording.kind].append(recording)
        self.settings: dict[str, Any] = {"recordings": digest([each.model_dump() for each in recordings])}

    async def complete(self, request: Request) -> Completion:
        """The recording that is due. Raises GeneratorExhausted when there is none."""
        found = self._due(request)
        if found is None:
            raise GeneratorExhausted(
                f"no recorded {request.kind} {request.attempt} for problem {request.problem.id!r}, "
                f"sample {request.sample}"
            )
        return Completion(text=found.text or "", model=found.model)

    def _due(self, request: Request) -> Recording | None:
        if request.kind == "revision" and self._samples > 1:
            return self._by_parent(request)
        of = self._of.get((request.problem.id, request.kind), [])
        at = request.sample + request.attempt * self._samples
        return of[at] if at < len(of) else None

    def _by_parent(self, request: Request) -> Recording | None:
        """The revision that follows from this sample's own solution, one step for each request before."""
        solutions = self._of.get((request.problem.id, "solution"), [])[request.sample :: self._samples]
        left = list(self._of.get((request.problem.id, "revision"), []))
        parents = {each.attempt for each in solutions}
        found = None
        for _ in range(request.attempt + 1):
            found = next((each for each in left if each.parent is not None and each.parent in parents), None)
            if found is None:
                return None
            left.remove(found)
            parents.add(found.attempt)
        return found


def create(path: str | Path, samples: int = 1) -> Replay:
    """A replay of a file. `samples` is how many first tries each problem gets. Raises InputError."""
    return Replay([recording for _, recording in read_jsonl(Path(path), Recording)], samples)
