"""The embedded generator: realistic wrong first tries, revisions from feedback, tests from references."""

from execfeedback.generators.mutate.first_try import Shares
from execfeedback.generators.mutate.generator import Mutate
from execfeedback.generators.mutate.revision import revise
from execfeedback.protocols import Sandbox

__all__ = ["Mutate", "Shares", "create", "revise"]


def create(
    sandbox: Sandbox,
    seed: int = 0,
    right_share: float = 0.15,
    slip_share: float = 0.04,
    two_share: float = 0.1,
    tests: int = 12,
) -> Mutate:
    """The generator. Shares are of all first tries: right at once, with a slip of the pen, with two mistakes.

    `tests` is the number of assertions written for a problem without tests."""
    shares = Shares(right=right_share, slip=slip_share, two=two_share)
    return Mutate(sandbox, seed, shares, tests)
