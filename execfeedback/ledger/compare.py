"""Two suites, test by test: one entry for each test of the old one, and for each that is new."""

import builtins
import re
from collections.abc import Sequence
from dataclasses import dataclass

from execfeedback.ledger.claims import NOTHING, Claim, Test

_WORD = re.compile(r"[^\W\d]\w*")
_TIGHTER = {"<": -1, "<=": -1, ">": 1, ">=": 1}
"""In which direction a bound must move to say more."""


@dataclass(frozen=True)
class Entry:
    """`old` and `new` are places in the suites. `kind` is `kept`, `changed`, `added`, `deleted`, `skipped`, `weakened`,
    `tautology`; `why` names what was done."""

    kind: str
    old: int | None
    new: int | None
    why: str = ""


def compared(old: Sequence[Test], new: Sequence[Test]) -> list[Entry]:
    """The entries, old tests first in their order, then what is new."""
    partner = _partners(old, new)
    entries = [_entry(at, test, partner[at], new) for at, test in enumerate(old)]
    taken = {at for at in partner if at is not None}
    return entries + [_added(at, test) for at, test in enumerate(new) if at not in taken]


def _partners(old: Sequence[Test], new: Sequence[Test]) -> list[int | None]:
    """For each old test the new one that it became: the same, else the first left with its key."""
    left = dict(enumerate(new))
    found: list[int | None] = [None] * len(old)
    for exactly in (True, False):
        for at, test in enumerate(old):
            if found[at] is None:
                fits = (place for place, other in left.items() if _fits(test, other, exactly))
                found[at] = next(fits, None)
            left = {place: other for place, other in left.items() if place != found[at]}
    return found


def _fits(one: Test, other: Test, exactly: bool) -> bool:
    return one == other if exactly else one.key == other.key


def _entry(at: int, test: Test, place: int | None, new: Sequence[Test]) -> Entry:
    if place is None:
        return Entry("deleted", at, None)
    other = new[place]
    if replaced := _replaced(test, other):
        return Entry("skipped", at, place, f"it asks a {replaced} of its own")
    if other == test:
        return Entry("kept", at, place)
    if other.skipped and other.skipped != test.skipped:
        return Entry("skipped", at, place, other.skipped)
    kind, why = _difference(test.claims, other.claims)
    return Entry(kind, at, place, why)


def _replaced(old: Test, new: Test) -> str:
    """A name that the old test asks of the solution, and the new one defines itself."""
    asked = {word for claim in old.claims for word in _WORD.findall(claim.subject)}
    return next(iter(sorted(asked & (new.own - old.own))), "")


def _added(at: int, test: Test) -> Entry:
    if test.skipped:
        return Entry("skipped", None, at, test.skipped)
    if test.empty:
        return Entry("tautology", None, at, "it cannot fail")
    return Entry("added", None, at)


def _difference(old: Sequence[Claim], new: Sequence[Claim]) -> tuple[str, str]:
    """The worst that became of the claims of a test."""
    left = list(new)
    found: list[tuple[str, str]] = []
    for claim in old:
        partner = (
            claim
            if claim in left
            else next((other for other in left if other.subject == claim.subject), None)
        )
        if partner is None:
            found.append(("weakened", f"`{_told(claim)}` is gone"))
            continue
        left.remove(partner)
        found.append(_became(claim, partner))
    worst = ("tautology", "weakened", "changed")
    return next(
        (one for kind in worst for one in found if one[0] == kind), ("changed", "assertions were added")
    )


def _became(old: Claim, new: Claim) -> tuple[str, str]:
    said = f"`{_told(old)}` became `{_told(new)}`"
    if old == new:
        return "kept", ""
    if new.strength == NOTHING:
        return "tautology", said
    looser = (
        new.strength < old.strength
        or (old.relation != new.relation and "within" in old.relation + new.relation)
        or _catches_more(old, new)
    )
    if looser or _bound_moved_out(old, new):
        return "weakened", said
    return "changed", said


def _catches_more(old: Claim, new: Claim) -> bool:
    """`raises(KeyError)` became `raises(LookupError)`."""
    before, now = (getattr(builtins, claim.expected.split(",")[0], None) for claim in (old, new))
    classes = isinstance(before, type) and isinstance(now, type) and old.relation == new.relation == "raises"
    return classes and before is not now and issubclass(before, now)  # type: ignore[arg-type]


def _bound_moved_out(old: Claim, new: Claim) -> bool:
    """`f(x) < 5` became `f(x) < 9`; where the bounds are no numbers nobody can tell, so it counts."""
    if old.relation not in _TIGHTER or new.relation not in _TIGHTER:
        return False
    try:
        step = (float(new.expected) - float(old.expected)) * _TIGHTER[old.relation]
    except ValueError:
        return True
    return (
        _TIGHTER[old.relation] != _TIGHTER[new.relation]
        or step < 0
        or (step == 0 and len(new.relation) > len(old.relation))
    )


def _told(claim: Claim) -> str:
    return (
        claim.subject
        if claim.relation == "is true"
        else f"{claim.subject} {claim.relation} {claim.expected}"[:300]
    )
