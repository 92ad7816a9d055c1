"""How often samples were right, for a report: by problem, model, language and topic."""

from execfeedback.corpus import Corpus
from execfeedback.corpus.samples import tallies
from execfeedback.pass_at_k import Solved, by_problem, grouped
from execfeedback.report.figures import Bar, bars
from execfeedback.types import Value

KS = (1, 2, 5, 10, 100)
MOST = 50
"""Rows of a table that are shown."""


class Table(Value):
    by: str
    rows: tuple[Solved, ...]
    left_out: int
    """Rows beyond those shown."""


def tables(corpus: Corpus) -> tuple[tuple[int, ...], tuple[Table, ...]]:
    """The k for which there are enough samples, and the tables; problems with the hardest first. Nothing without samples."""
    found = tallies(corpus)
    most = max((samples for samples, _ in by_problem(found).values()), default=0)
    ks = tuple(k for k in KS if k <= most)
    problems = sorted(grouped(found, lambda tally: [tally.problem], ks), key=lambda one: one.solve_rate)
    groups = (
        ("all", grouped(found, lambda tally: ["all"], ks)),
        ("model", grouped(found, lambda tally: [tally.model], ks)),
        ("language", grouped(found, lambda tally: [tally.language], ks)),
        ("topic", grouped(found, lambda tally: tally.tags, ks)),
        ("problem", tuple(problems)),
    )
    return ks, tuple(_table(by, rows) for by, rows in groups if rows)


def _table(by: str, rows: tuple[Solved, ...]) -> Table:
    return Table(by=by, rows=rows[:MOST], left_out=len(rows[MOST:]))


def shared(corpus: Corpus) -> tuple[Bar, ...]:
    """Problems by how many samples they got, where samples were steered."""
    if not corpus.events("steer"):
        return ()
    rows = corpus.select(
        """SELECT n, count(*) FROM (SELECT count(*) AS n FROM tries GROUP BY problem) GROUP BY n ORDER BY n"""
    )
    return bars((f"{n} sample{'s' if n > 1 else ''}", number) for n, number in rows)
