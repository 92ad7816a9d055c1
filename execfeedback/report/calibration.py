"""How far the estimates of a confidence model held on problems that it was not fitted on, as geometry. Pure."""

from execfeedback.confidence import Model
from execfeedback.types import Value

SIZE = 200.0


class Dot(Value):
    """Samples whose estimates lie in one range."""

    x: float
    y: float
    radius: float
    title: str


class Calibration(Value):
    dots: tuple[Dot, ...]
    samples: int
    problems: int
    error: float
    """Expected calibration error, in points."""
    sources: tuple[str, ...]


def calibration(model: Model) -> Calibration:
    """The picture of what the fit says of itself."""
    most = max((number for number, *_ in model.fit.reliability), default=1)
    return Calibration(
        dots=tuple(_dot(*one, most) for one in model.fit.reliability),
        samples=model.fit.samples_reported,
        problems=model.fit.problems_reported,
        error=100 * model.fit.expected_error,
        sources=model.fit.sources,
    )


def _dot(number: int, said: float, right: float, most: int) -> Dot:
    title = f"{number} solutions: {100 * said:.0f} % estimated, {100 * right:.0f} % right"
    return Dot(x=SIZE * said, y=SIZE * (1 - right), radius=3 + 7 * (number / most) ** 0.5, title=title)
