"""A model as somebody's own async function `(messages, n, **sampling) -> list[str]`, taken as a generator."""

from collections.abc import Awaitable, Callable
from typing import Any

from execfeedback.errors import GeneratorBusy, GeneratorRefused
from execfeedback.protocols import Completion, Request
from execfeedback.retrying import Patience, patiently

Write = Callable[..., Awaitable[list[str]]]
"""Takes messages as `{"role", "content"}`, how many answers are wanted, and the sampling options by name."""


class FunctionGenerator:
    """One answer a call. The function's exceptions go up; lost connections and time-outs are retried."""

    edits_references = False

    def __init__(self, function: Write, name: str, patience: Patience, sampling: dict[str, Any]) -> None:
        self.name = name
        self._function, self._patience, self._sampling = function, patience, sampling
        self.settings: dict[str, Any] = {"sampling": {key: repr(value) for key, value in sampling.items()}}

    async def complete(self, request: Request) -> Completion:
        """Raises GeneratorBusy when the connection stays lost, GeneratorRefused for an answer of no use."""
        messages = [message.model_dump() for message in request.messages]
        return await patiently(lambda: self._once(messages), self._patience)

    async def _once(self, messages: list[dict[str, Any]]) -> Completion:
        try:
            answers = await self._function(messages, 1, **self._sampling)
        except (TimeoutError, ConnectionError) as error:
            raise GeneratorBusy(f"{self.name}: {type(error).__name__}: {error}") from error
        if not isinstance(answers, list) or not answers or not isinstance(answers[0], str):
            raise GeneratorRefused(
                f"{self.name} must return a list of strings, and returned {answers!r:.200}"
            )
        return Completion(text=answers[0], model=self.name)


def create(
    function: Write, name: str | None = None, patience: Patience | None = None, **sampling: Any
) -> FunctionGenerator:
    """A generator of the function. Its name goes into every record, the sampling options into every call."""
    called = name or str(getattr(function, "__name__", type(function).__name__))
    return FunctionGenerator(function, called, patience or Patience(), sampling)
