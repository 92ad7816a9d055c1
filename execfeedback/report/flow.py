"""The flow of trajectories as the geometry of a Sankey picture: three columns, ribbons between them. Pure."""

from execfeedback.corpus import Counts
from execfeedback.types import Value

WIDTH, HEIGHT, BAR, TOP, GAP = 720.0, 250.0, 14.0, 26.0, 18.0
COLUMNS = (0.0, 330.0, 706.0)


class Block(Value):
    """A bar of a column. `kind` names its colour."""

    kind: str
    label: str
    amount: int
    x: float
    y: float
    height: float
    before: bool = False
    """The label stands left of the bar."""


class Ribbon(Value):
    """A curved band from a block to the next column, as an SVG path."""

    kind: str
    path: str
    title: str


class Flow(Value):
    blocks: tuple[Block, ...]
    ribbons: tuple[Ribbon, ...]


def flow(counts: Counts, by_outcome: dict[tuple[str, str], int]) -> Flow:
    """`by_outcome` counts (how it ended: `once`, `repaired`, `failed`; what became of it: `record`, ...)."""
    whole = counts.trajectories or 1
    scale = (HEIGHT - TOP - 2 * GAP - 10) / whole
    middle = [
        ("once", "verified at once", counts.verified_at_once),
        ("repaired", "repaired", counts.repaired),
        ("failed", "never passed", counts.failed),
    ]
    ends = [(kind, label, _sum(by_outcome, kind)) for kind, label in _ENDS]
    left = (_block("in", "trajectories", counts.trajectories, 0, TOP, scale),)
    inner, outer = _column(middle, 1, scale), _column(ends, 2, scale)
    ribbons = (*_ribbons(left, inner, _first(middle), scale), *_ribbons(inner, outer, by_outcome, scale))
    return Flow(blocks=(*left, *inner, *outer), ribbons=ribbons)


_ENDS = (("record", "records"), ("rejected", "rejected"), ("waiting", "not decided yet"))


def _sum(by_outcome: dict[tuple[str, str], int], kind: str) -> int:
    return sum(amount for (_, end), amount in by_outcome.items() if end == kind)


def _first(middle: list[tuple[str, str, int]]) -> dict[tuple[str, str], int]:
    return {("in", kind): amount for kind, _, amount in middle}


def _column(parts: list[tuple[str, str, int]], column: int, scale: float) -> tuple[Block, ...]:
    blocks: list[Block] = []
    y = TOP
    for kind, label, amount in parts:
        if amount:
            blocks.append(_block(kind, label, amount, column, y, scale))
            y += blocks[-1].height + GAP
    return tuple(blocks)


def _block(kind: str, label: str, amount: int, column: int, y: float, scale: float) -> Block:
    height = max(1.5, amount * scale)
    x, last = COLUMNS[column], column == len(COLUMNS) - 1
    return Block(kind=kind, label=label, amount=amount, x=x, y=y, height=height, before=last)


def _ribbons(
    sources: tuple[Block, ...], targets: tuple[Block, ...], amounts: dict[tuple[str, str], int], scale: float
) -> list[Ribbon]:
    """Ribbons in the order of the blocks, stacked along both edges."""
    filled = {block.kind: block.y for block in targets}
    ribbons = []
    for source in sources:
        y = source.y
        for target in targets:
            amount = amounts.get((source.kind, target.kind), 0)
            if not amount:
                continue
            height = amount * scale
            path = _band(source.x + BAR, y, target.x, filled[target.kind], height)
            kind = target.kind if source.kind == "in" else source.kind
            ribbons.append(Ribbon(kind=kind, path=path, title=f"{source.label} to {target.label}: {amount}"))
            y += height
            filled[target.kind] += height
    return ribbons


def _band(x0: float, y0: float, x1: float, y1: float, height: float) -> str:
    """A band of constant height between two vertical edges, by cubic curves with level ends."""
    mid = (x0 + x1) / 2
    over = f"M{x0:.1f},{y0:.1f} C{mid:.1f},{y0:.1f} {mid:.1f},{y1:.1f} {x1:.1f},{y1:.1f}"
    back = f"L{x1:.1f},{y1 + height:.1f} C{mid:.1f},{y1 + height:.1f} {mid:.1f},{y0 + height:.1f}"
    return f"{over} {back} {x0:.1f},{y0 + height:.1f} Z"
