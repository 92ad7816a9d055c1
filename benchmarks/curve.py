"""The curve of wrong ones among accepted over right ones kept, and the reliability, as one SVG picture."""

from collections.abc import Iterator
from typing import Any

SIZE, LEFT, TOP, RIGHT_AT = 260, 46, 34, 400
COLOURS = {"first": "#1a7f4b", "repaired": "#b4530a"}
NAMES = {"first": "first try", "repaired": "repaired"}
MOST_WRONG = 0.4
RULES = {"visible": "visible tests only", "ours": "ours, threshold of the fit"}


def picture(found: dict[str, Any]) -> str:
    parts = [*axes(LEFT, "right ones kept", "wrong among accepted", MOST_WRONG), *curves(found)]
    parts += [*axes(RIGHT_AT, "estimate", "share that is right", 1.0), *bins(found["calibration"]["bins"])]
    body = "\n".join(parts)
    style = "text{font:12px sans-serif;fill:#555}"
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 700 350" role="img">'
        f"<style>{style}</style>\n"
        f'<rect width="700" height="350" fill="#fff"/>\n{body}\n</svg>\n'
    )


def axes(left: int, below: str, title: str, top: float) -> Iterator[str]:
    yield f'<rect x="{left}" y="{TOP}" width="{SIZE}" height="{SIZE}" fill="none" stroke="#999"/>'
    yield f'<text x="{left}" y="{TOP - 10}">{title}</text>'
    yield f'<text x="{left + SIZE / 2}" y="{TOP + SIZE + 34}" text-anchor="middle">{below}</text>'
    for n in range(5):
        x, y = left + SIZE * n / 4, TOP + SIZE - SIZE * n / 4
        yield f'<text x="{x}" y="{TOP + SIZE + 16}" text-anchor="middle">{25 * n} %</text>'
        yield f'<text x="{left - 6}" y="{y + 4}" text-anchor="end">{top * 25 * n:.0f}</text>'


def point(one: dict[str, Any]) -> tuple[float, float] | None:
    if one["wrong_share"] is None or one["kept_share"] is None:
        return None
    height = min(one["wrong_share"] / MOST_WRONG, 1.0)
    return LEFT + SIZE * one["kept_share"], TOP + SIZE - SIZE * height


def curves(found: dict[str, Any]) -> Iterator[str]:
    """A line a class over the threshold; a ring is the published recipe, a dot is ours at the fit's threshold."""
    for n, (name, colour) in enumerate(COLOURS.items()):
        if name not in found:
            continue
        points = [where for one in found[name]["curve"] if (where := point(one))]
        line = " ".join(f"{x:.1f},{y:.1f}" for x, y in points)
        yield f'<polyline points="{line}" fill="none" stroke="{colour}" stroke-width="2"/>'
        yield f'<text x="{LEFT + 10}" y="{TOP + 20 + 16 * n}" style="fill:{colour}">{NAMES[name]}</text>'
        for rule, title in RULES.items():
            if where := point(found[name][rule]):
                fill = "#fff" if rule == "visible" else colour
                spot = f'cx="{where[0]:.1f}" cy="{where[1]:.1f}" r="5" fill="{fill}" stroke="{colour}"'
                yield f"<circle {spot}><title>{NAMES[name]}: {title}</title></circle>"


def bins(found: list[Any]) -> Iterator[str]:
    """Dots of an area by their number of samples, around the diagonal."""
    end = f'x2="{RIGHT_AT + SIZE}" y2="{TOP}"'
    yield f'<line x1="{RIGHT_AT}" y1="{TOP + SIZE}" {end} stroke="#bbb" stroke-dasharray="4"/>'
    most = max((number for number, *_ in found), default=1)
    for number, said, truth in found:
        x, y, radius = RIGHT_AT + SIZE * said, TOP + SIZE - SIZE * truth, 3 + 9 * (number / most) ** 0.5
        spot = f'cx="{x:.1f}" cy="{y:.1f}" r="{radius:.1f}"'
        yield f'<circle {spot} fill="#2b6cb0" fill-opacity="0.6"><title>{number} samples</title></circle>'
