"""What passes between the tests and the solution means there what it would mean in one process, or the item says that it
cannot be judged. Each row: the solution, its tests, the verdict and its reasons."""

from typing import Any

import pytest

from execfeedback.protocols import Sandbox
from execfeedback.types import Item, Verdict
from execfeedback.verdicts import verdict_of

PASSED: tuple[str, tuple[str, ...]] = ("passed", ())


async def judged(sandbox: Sandbox, solution: str, tests: str, **fields: Any) -> Verdict:
    style = "pytest" if "def test_" in tests else "asserts"
    given = {"id": "x", "language": "python", "style": style, "solution": solution, "tests": tests}
    return await verdict_of(Item.model_validate({**given, **fields}), sandbox)


def outcome(found: Verdict) -> tuple[str, tuple[str, ...]]:
    return found.verdict, found.reasons


FAMILY = """
class Animal:
    def name(self): return "animal"
class Swims:
    pass
class Dog(Animal): pass
class Otter(Animal, Swims): pass
class ValueError(Exception): pass
class AnimalError(ValueError): pass
class DogError(AnimalError): pass
class Missing(KeyError, AttributeError): pass
class Tagged(Swims, AnimalError): pass
class Caller:
    def __call__(self): return 1
def fail(n): raise [DogError, Missing, Tagged][n]("x")
"""


@pytest.mark.parametrize(
    "tests",
    [
        "assert Dog().name() == 'animal'\nassert isinstance(Dog(), Animal) and not isinstance(Dog(), Swims)",
        "assert Otter().name() == 'animal'\nassert isinstance(Otter(), Swims) and isinstance(Otter(), Animal)",
        "assert Otter().name() == 'animal'\nassert issubclass(Otter, Swims) and not issubclass(Dog, Swims)",
        "assert Caller()() == 1\nassert type(Caller()) is Caller and not callable(Dog())",
        """
import pytest
import solution
def test_errors_are_caught_by_their_bases_whichever_came_first():
    assert solution.Dog().name() == "animal"
    for n, bases in enumerate([("DogError", "AnimalError", "ValueError"), (), ("AnimalError",)]):
        for base in bases:
            with pytest.raises(getattr(solution, base)):
                solution.fail(n)
    for base in (KeyError, AttributeError, LookupError):
        with pytest.raises(base):
            solution.fail(1)
    assert not issubclass(solution.DogError, ValueError)
""",
    ],
)
async def test_classes_have_their_bases(tests: str, sandbox: Sandbox) -> None:
    assert outcome(await judged(sandbox, FAMILY, tests)) == PASSED
