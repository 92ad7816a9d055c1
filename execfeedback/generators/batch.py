"""Questions and answers by files alone: batch APIs at half price, and models without an API.

A run takes `responses-NNN.jsonl` of a folder, goes on with every trajectory, and writes what it asks next to
`requests-NNN.jsonl`, in the form of OpenAI's batches. A question's `custom_id` is the id of its call, so what is asked,
answered or late follows from the files and nothing else: any run may be killed or repeated.
"""

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from itertools import islice
from pathlib import Path
from typing import Any, NamedTuple

from pydantic import ConfigDict

from execfeedback.asking import played, roles_of, settings_of_roles
from execfeedback.calling import call_id
from execfeedback.chat_form import body_of, completion_of, failure
from execfeedback.errors import AnswerPending, GeneratorBusy, InputError
from execfeedback.jsonl import read_jsonl, write_jsonl
from execfeedback.protocols import Completion, Request, Waste
from execfeedback.roles import Role, Roles
from execfeedback.types import Value

MOST = 50_000
"""Questions of one file, which is what batch APIs take."""
TRIES = 6
"""Failed answers after which a question is given up."""


class Reply(Value):
    """The inner part of an answer."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    status_code: int
    body: Any = None


class Answer(Value):
    """One line of a response file; what a provider adds is passed over."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    custom_id: str
    response: Reply | None = None
    error: Any = None


class Named(Value):
    """What we read of a request file."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    custom_id: str


class Question(NamedTuple):
    """What waits for an answer: its line, and the numbers of the files that asked it before."""

    line: dict[str, Any]
    asked: tuple[int, ...]


class Batch:
    """Answers from files; a question without one waits for a later run."""

    name = "batch"
    edits_references = False

    def __init__(self, roles: Roles, folder: Path) -> None:
        self.settings = settings_of_roles(roles)
        self._roles, self._folder = roles, folder
        self._asked: dict[str, list[int]] = defaultdict(list)
        self._answers: dict[str, list[Answer]] = defaultdict(list)
        self._waiting: dict[str, Question] = {}
        self._last = 0
        for number, path in _numbered(folder, "requests"):
            self._last = number
            for _, named in read_jsonl(path, Named):
                self._asked[named.custom_id].append(number)
        for _, path in _numbered(folder, "responses"):
            for _, answer in read_jsonl(path, Answer):
                self._answers[answer.custom_id].append(answer)

    async def complete(self, request: Request) -> Completion:
        """The answer that a file holds. Raises AnswerPending when there is none yet, GeneratorError as servers said."""
        id, role = call_id(request, self), self._roles.playing(request.role)
        wasted: list[Waste] = []
        failed = 0
        for answer in self._answers[id]:
            try:
                return _completion(answer, role).model_copy(update={"wasted": tuple(wasted)})
            except GeneratorBusy as error:
                failed += 1
                wasted += error.wasted
                if failed == TRIES:
                    error.wasted = tuple(wasted)
                    raise
        asked = self._asked[id] if failed < len(self._asked[id]) else []
        body = body_of(role, request)
        line = {"custom_id": id, "method": "POST", "url": "/v1/chat/completions", "body": body}
        self._waiting[id] = Question(line, tuple(asked))
        raise AnswerPending(f"{id[:12]} waits for its answer in {self._folder}")

    async def aclose(self) -> None:
        """Write the questions that are new, and again those that their file's answers left out for too long."""
        waiting, self._waiting = self._waiting, {}
        self._folder.mkdir(parents=True, exist_ok=True)
        due = _due(list(waiting.values()), self._folder)
        for lines in _files(due):
            self._last += 1
            write_jsonl(self._folder / f"requests-{self._last:03}.jsonl", lines)

    def unpriced(self) -> tuple[str, ...]:
        """Models whose price nobody gave."""
        return tuple(str(role.model) for role in played(self._roles) if role.cost(0, 0) is None)


def _completion(answer: Answer, role: Role) -> Completion:
    """What an answer says. Raises GeneratorBusy for one that may be better the next time, GeneratorRefused."""
    if answer.response is None:
        raise GeneratorBusy(
            f"{role.model}: {str(answer.error or 'an answer without response and error')[:500]}"
        )
    if answer.response.status_code != 200:
        raise failure(answer.response.status_code, answer.response.body, role)
    return completion_of(answer.response.body, role)


def _due(waiting: Sequence[Question], folder: Path) -> list[dict[str, Any]]:
    """The questions to write. One that was asked is late once its file is answered without it; it is asked again
    when a later file is answered as well, or when there is nothing else to wait for."""
    answered = {number for number, _ in _numbered(folder, "responses")}
    fresh = [each.line for each in waiting if not each.asked]
    late = [each for each in waiting if each.asked and each.asked[-1] in answered]
    idle = not fresh and not open_files(folder)
    return fresh + [each.line for each in late if idle or max(answered) > each.asked[-1]]


def _files(lines: Sequence[dict[str, Any]]) -> Iterator[list[dict[str, Any]]]:
    """One model a file, as batch APIs want it."""
    by_model: dict[str, list[dict[str, Any]]] = defaultdict(list)
    for line in lines:
        by_model[str(line["body"]["model"])].append(line)
    for same in by_model.values():
        rest = iter(same)
        while part := list(islice(rest, MOST)):
            yield part


def open_files(folder: Path) -> list[Path]:
    """Files of requests that have no file of responses yet."""
    answered = {number for number, _ in _numbered(folder, "responses")}
    return [path for number, path in _numbered(folder, "requests") if number not in answered]


def _numbered(folder: Path, kind: str) -> list[tuple[int, Path]]:
    """Number and path of the files of a kind, in the order of their numbers."""
    paths = ((path.stem.removeprefix(f"{kind}-"), path) for path in folder.glob(f"{kind}-*.jsonl"))
    return sorted((int(number), path) for number, path in paths if number.isascii() and number.isdigit())


def create(
    model: str | None = None,
    *,
    folder: Path | str | None = None,
    tester: Mapping[str, Any] | None = None,
    judge: Mapping[str, Any] | None = None,
    writer: Mapping[str, Any] | None = None,
    **options: Any,
) -> Batch:
    """A generator by the files of `folder`; `options` and the other roles are those of `roles.Role`.

    Raises InputError, also for a line of a file that cannot be read."""
    roles = roles_of(
        {"solver": {"model": model, **options}, "tester": tester, "judge": judge, "writer": writer}
    )
    if folder is None or (Path(folder).exists() and not Path(folder).is_dir()):
        raise InputError(f"--generator batch needs --batch-dir DIR, a folder for its files; {folder} is none")
    if any(role.fallbacks for role in (roles.solver, roles.tester, roles.judge, roles.writer) if role):
        raise InputError("batch: fallbacks are not asked by files; leave them away")
    return Batch(roles, Path(folder))
