"""Our own faults, and the user's. A program's fault is never an exception: it is a `Verdict`.

ExecfeedbackError
|-- InputError            a file, field or option is wrong; the message names it and the remedy    exit 2
|-- SandboxError          the sandbox failed us; retried, and never a verdict                      exit 4
|   |-- SandboxMissing    no engine, no image, no permission: retrying does not help
|   |   `-- EngineMissing   no engine answers: a service that started with one may see it again
|   `-- SlotLost          one slot died or stopped answering: a fresh one may do
|-- GeneratorError        the model failed us                                                     exit 5
|   |-- GeneratorBusy     worth retrying: 429, 5xx, time-out, a cut reply
|   |-- GeneratorRefused  not worth retrying: bad key, unknown model, context too long
|   `-- GeneratorExhausted  nothing more to say for this problem (a replay at its end); ends the problem
|-- CorpusError           the corpus file takes no more: the disk is full, or fails                  exit 1
|-- AnswerPending         no fault: the answer comes in files, and a later run goes on with it
`-- BudgetSpent           a limit that the user set was reached                                   exit 6
"""

from collections.abc import Sequence
from typing import Any


class ExecfeedbackError(Exception):
    """Root of everything that this package raises on purpose."""

    exit_code = 1


class InputError(ExecfeedbackError):
    """What the user gave cannot be used."""

    exit_code = 2


class SandboxError(ExecfeedbackError):
    """The sandbox failed, not the program in it."""

    exit_code = 4


class SandboxMissing(SandboxError):
    """There is no sandbox to retry on."""


class EngineMissing(SandboxMissing):
    """No engine answers, or it lets us not in."""


class SlotLost(SandboxError):
    """A slot ended or went silent before it answered."""


class GeneratorError(ExecfeedbackError):
    """The generator failed, not the text that it wrote. `wasted` is what was paid for it, as `protocols.Waste`."""

    exit_code = 5

    def __init__(self, message: str, wasted: Sequence[Any] = ()) -> None:
        super().__init__(message)
        self.wasted = tuple(wasted)


class GeneratorBusy(GeneratorError):
    """A passing fault. `retry_after` is in seconds, or None when the server did not say; `overload`: fewer requests at
    one time may help."""

    def __init__(
        self,
        message: str,
        retry_after: float | None = None,
        *,
        overload: bool = False,
        wasted: Sequence[Any] = (),
    ) -> None:
        super().__init__(message, wasted)
        self.retry_after, self.overload = retry_after, overload


class GeneratorRefused(GeneratorError):
    """The same call would fail again."""


class GeneratorExhausted(GeneratorError):
    """The generator has nothing (more) for this problem."""


class CorpusError(ExecfeedbackError):
    """The corpus file cannot be written any more; what was kept before is whole."""


class AnswerPending(ExecfeedbackError):
    """The question was asked, and its answer comes in a later run."""


class BudgetSpent(ExecfeedbackError):
    """A limit that the user set was reached; what was done is kept."""

    exit_code = 6
