"""The numbers of a report, read by queries, so that a large corpus needs no more memory than a small one."""

import json
from collections.abc import Iterable
from typing import Any

from execfeedback.corpus import Corpus
from execfeedback.types import Value


class Bar(Value):
    """One labelled amount. `share` is of the largest bar or of a stated whole, 0 to 1."""

    label: str
    amount: int
    share: float
    part: float | None = None
    """A second amount inside the first, as a share of the same whole."""
    note: str = ""


class GateFigures(Value):
    """What one gate did."""

    gate: str
    version: str
    looked: int
    passed: int
    reasons: tuple[Bar, ...]


class ModelFigures(Value):
    model: str
    calls: int
    tokens_in: int
    tokens_out: int
    reasoning_tokens: int
    """Part of `tokens_out`, as far as servers told."""
    cost_usd: float | None
    """None when the price of any call is unknown."""


def bars(amounts: Iterable[tuple[str, int]], whole: int | None = None) -> tuple[Bar, ...]:
    """Labelled amounts as bars, against a whole or against the largest of them."""
    known = list(amounts)
    full = whole or max((amount for _, amount in known), default=0) or 1
    return tuple(Bar(label=label, amount=amount, share=min(1.0, amount / full)) for label, amount in known)


def passed_by_attempt(corpus: Corpus) -> tuple[Bar, ...]:
    """Trajectories by the attempt at which they passed; those that never did come last."""
    rows = corpus.select(
        """SELECT CASE WHEN stopped = 'passed' THEN attempts END AS n, count(*) FROM tries
           GROUP BY n ORDER BY n IS NULL, n"""
    )
    whole = sum(number for _, number in rows)
    return bars(((_at(n), number) for n, number in rows), whole)


def _at(attempt: int | None) -> str:
    if attempt is None:
        return "never"
    return "at once" if attempt == 1 else f"at attempt {attempt}"


def stops(corpus: Corpus) -> tuple[Bar, ...]:
    """Why trajectories that did not pass ended."""
    rows = corpus.select(
        """SELECT stopped, count(*) AS n FROM tries WHERE stopped != 'passed'
           GROUP BY stopped ORDER BY n DESC, stopped"""
    )
    return bars(rows)


def failing_verdicts(corpus: Corpus) -> tuple[Bar, ...]:
    """How attempts failed, with the reasons that they were given."""
    rows = corpus.select(
        """SELECT verdict, count(*) AS n, group_concat(DISTINCT reasons) FROM attempts
           WHERE verdict != 'passed' GROUP BY verdict ORDER BY n DESC, verdict"""
    )
    drawn = bars((verdict or "none", number) for verdict, number, _ in rows)
    notes = [_slugs(texts) for _, _, texts in rows]
    return tuple(bar.model_copy(update={"note": note}) for bar, note in zip(drawn, notes, strict=True))


def _slugs(texts: str) -> str:
    """Distinct slugs of several JSON lists that SQL joined by commas."""
    lists = json.loads(f"[{texts}]") if texts else []
    return ", ".join(sorted({slug for slugs in lists for slug in slugs}))


def gates(corpus: Corpus) -> tuple[GateFigures, ...]:
    rows = corpus.select(
        """SELECT gate, version, passed, reason, count(*) AS n FROM gate_results
           GROUP BY gate, version, passed, reason ORDER BY min(rowid), n DESC"""
    )
    found = dict.fromkeys((gate, version) for gate, version, *_ in rows)
    return tuple(_gate(gate, version, rows) for gate, version in found)


def _gate(gate: str, version: str, rows: list[Any]) -> GateFigures:
    own = [row for row in rows if row[:2] == (gate, version)]
    looked, passed = sum(row[4] for row in own), sum(row[4] for row in own if row[2])
    reasons = bars(((row[3], row[4]) for row in own if not row[2]), looked)
    return GateFigures(gate=gate, version=version, looked=looked, passed=passed, reasons=reasons)


def models(corpus: Corpus) -> tuple[ModelFigures, ...]:
    rows = corpus.select(
        """SELECT model, count(*) AS n, coalesce(sum(tokens_in), 0), coalesce(sum(tokens_out), 0),
                  coalesce(sum(json_extract(body, '$.reasoning_tokens')), 0),
                  CASE WHEN count(cost_usd) = count(*) THEN sum(cost_usd) END
           FROM calls GROUP BY model ORDER BY n DESC, model"""
    )
    return tuple(ModelFigures(**dict(zip(ModelFigures.model_fields, row, strict=True))) for row in rows)


def topics(corpus: Corpus, most: int = 14) -> tuple[Bar, ...]:
    """Records by tag, the commonest first; a record with several tags counts for each."""
    rows = list(corpus.tally("tags", "tag").items())
    shown, rest = rows[:most], sum(number for _, number in rows[most:])
    return bars([*shown, (f"{len(rows) - most} other topics", rest)] if rest else shown)


def spread(corpus: Corpus, column: str) -> tuple[Bar, ...]:
    """Records by `difficulty`, `source`, `style` or `origin`."""
    amounts = corpus.tally("records", f"coalesce({column}, 'not given')")
    return bars(amounts.items())


def confidence(corpus: Corpus) -> tuple[Bar, ...]:
    """Records by their estimate of being right, in ranges; `part` are the repaired ones."""
    rows = corpus.select(
        """SELECT min(CAST(json_extract(strict(body), '$.confidence') * 10 AS INTEGER), 9) AS n, count(*), sum(attempts > 1)
           FROM records WHERE json_extract(strict(body), '$.confidence') IS NOT NULL GROUP BY n ORDER BY n DESC"""
    )
    most = max((number for _, number, _ in rows), default=1)
    return tuple(
        Bar(
            label=f"{10 * n} to {10 * n + 10} %",
            amount=number,
            share=number / most,
            note=f"{repaired} repaired" if repaired else "",
        )
        for n, number, repaired in rows
    )


def problems_seen(corpus: Corpus) -> tuple[int, int]:
    """Problems that were tried, and problems with at least one record."""
    count = "SELECT count(DISTINCT problem) FROM"
    return corpus.select(f"{count} tries")[0][0], corpus.select(f"{count} records")[0][0]


def outcomes(corpus: Corpus) -> dict[tuple[str, str], int]:
    """Trajectories by (`once`, `repaired` or `failed`; `record`, `rejected` or `waiting`)."""
    rows = corpus.select(
        """SELECT CASE WHEN stopped != 'passed' THEN 'failed' WHEN attempts = 1 THEN 'once'
                       ELSE 'repaired' END,
                  CASE WHEN record IS NOT NULL THEN 'record' WHEN rejection IS NOT NULL THEN 'rejected'
                       ELSE 'waiting' END, count(*)
           FROM tries LEFT JOIN admissions ON admissions.trajectory = tries.id GROUP BY 1, 2"""
    )
    return {(before, after): number for before, after, number in rows}


class Retention(Value):
    """What became of the trajectories of one difficulty. `refused` counts those that a judge refused at first, `mended`
    those of them that it approved after a revision."""

    difficulty: str
    trajectories: int
    passed: int
    records: int
    refused: int
    mended: int


def retention(corpus: Corpus) -> tuple[Retention, ...]:
    """By difficulty, the commonest first: gates must not quietly drop what is hard."""
    rows = corpus.select(
        """SELECT difficulty, count(*) AS n, sum(passed), sum(record), sum(refused), sum(refused AND approved) FROM (
             SELECT coalesce(json_extract(strict(body), '$.problem.difficulty'), 'not given') AS difficulty,
                    stopped = 'passed' AS passed, admissions.record IS NOT NULL AS record,
                    coalesce(NOT (json_extract(strict(body), '$.reviews[0].correct')
                      AND json_extract(strict(body), '$.reviews[0].style')), 0) AS refused,
                    coalesce(json_extract(strict(body), '$.reviews[#-1].correct')
                      AND json_extract(strict(body), '$.reviews[#-1].style'), 0) AS approved
             FROM tries LEFT JOIN admissions ON admissions.trajectory = tries.id)
           GROUP BY difficulty ORDER BY n DESC, difficulty"""
    )
    return tuple(Retention(**dict(zip(Retention.model_fields, row, strict=True))) for row in rows)
