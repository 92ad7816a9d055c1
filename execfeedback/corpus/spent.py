"""What the model calls of a corpus were paid for: records, what was refused, what is not decided, answers of no use."""

from execfeedback.corpus.reader import Corpus, Counts
from execfeedback.types import Value


class Spent(Value):
    """Tokens, read and written, and dollars, as far as they are known."""

    purpose: str
    calls: int
    tokens: int
    usd: float
    without_price: int
    """Calls of unknown price."""


PURPOSES = ("records", "rejected", "undecided")
_QUERY = """
WITH used AS MATERIALIZED (
    SELECT CAST(json_extract(one.value, '$.id') AS TEXT) AS call, max(a.record IS NOT NULL) AS record
    FROM admissions a JOIN trajectories t ON t.id = a.trajectory, json_each(strict(t.body), '$.calls') one GROUP BY 1)
SELECT CASE WHEN used.record THEN 'records' WHEN used.record = 0 THEN 'rejected' ELSE 'undecided' END, count(*),
       sum(coalesce(tokens_in, 0) + coalesce(tokens_out, 0)), coalesce(sum(cost_usd), 0.0), count(*) - count(cost_usd)
FROM calls LEFT JOIN used ON used.call = calls.id GROUP BY 1"""


def spent(corpus: Corpus) -> tuple[Spent, ...]:
    """By purpose; a call of two trajectories is one call, and a record's where one of them became a record."""
    found = {row[0]: row for row in corpus.select(_QUERY)}
    fields = list(Spent.model_fields)
    rows = (found.get(purpose, (purpose, 0, 0, 0.0, 0)) for purpose in PURPOSES)
    return (*(Spent(**dict(zip(fields, row, strict=True))) for row in rows), _wasted(corpus.counts()))


def _wasted(counts: Counts) -> Spent:
    return Spent(
        purpose="of no use",
        calls=counts.wasted,
        tokens=counts.wasted_tokens_in + counts.wasted_tokens_out,
        usd=counts.wasted_usd,
        without_price=counts.wasted_without_price,
    )


def whole(parts: tuple[Spent, ...]) -> Spent:
    """All of it together."""
    return Spent(
        purpose="all",
        calls=sum(part.calls for part in parts),
        tokens=sum(part.tokens for part in parts),
        usd=sum(part.usd for part in parts),
        without_price=sum(part.without_price for part in parts),
    )


def price(part: Spent, share: int = 1) -> str:
    """Dollars, for each of `share`, as people read them; what is not known is never nothing."""
    if part.calls and part.without_price == part.calls:
        return "price unknown"
    least = "at least " if part.without_price else ""
    return f"{least}${part.usd / share:.4f}"
