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
SELECT purpose, count(*), coalesce(sum(coalesce(tokens_in, 0) + coalesce(tokens_out, 0)), 0),
       coalesce(sum(cost_usd), 0.0), count(*) - count(cost_usd)
FROM (SELECT c.tokens_in, c.tokens_out, c.cost_usd,
             CASE WHEN max(a.record IS NOT NULL) THEN 'records' WHEN max(a.unit IS NOT NULL) THEN 'rejected'
                  ELSE 'undecided' END AS purpose
      FROM calls c
      LEFT JOIN (SELECT t.id, json_extract(one.value, '$.id') AS call
                 FROM trajectories t, json_each(t.body, '$.calls') one) used ON used.call = c.id
      LEFT JOIN admissions a ON a.trajectory = used.id
      GROUP BY c.id)
GROUP BY purpose"""


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
