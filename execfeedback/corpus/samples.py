"""The samples of a corpus: first tries of models, and which were right.

A try was right when it passed the tests at once and no gate refused it, but for being a duplicate. Left out is what tells
nothing of a model: tests that were bad, problems that could not be judged, calls that failed, mistakes put into human code,
and what admission has not decided on yet.
"""

import json
from collections.abc import Iterator

from execfeedback.corpus.reader import Corpus
from execfeedback.pass_at_k import Tally, solve_rates
from execfeedback.steered import Outcome
from execfeedback.types import Record

_RIGHT = """(t.stopped = 'passed' AND t.attempts = 1
           AND (a.record IS NOT NULL OR coalesce(r.reason LIKE 'duplicate:%', 0)))"""
_QUERY = f"""
SELECT t.problem, coalesce(json_extract(strict(t.body), '$.attempts[0].solution.author'),
                           json_extract(strict(t.body), '$.calls[#-1].model'), ''),
       json_extract(strict(t.body), '$.problem.language'), json_extract(strict(t.body), '$.problem.tags'), count(*),
       sum{_RIGHT}
FROM admissions a JOIN tries t ON t.id = a.trajectory LEFT JOIN rejections r ON r.id = a.rejection
WHERE json_extract(strict(t.body), '$.origin') != 'semi_synthetic'
  AND (t.stopped IN ('passed', 'attempts', 'no_code') OR t.stopped = 'exhausted' AND t.attempts > 0)
GROUP BY 1, 2, 3, 4 ORDER BY min(a.seq)"""


def tallies(corpus: Corpus) -> tuple[Tally, ...]:
    """By problem and model, in the order of admission."""
    names = ("problem", "model", "language", "tags", "samples", "right")
    rows = (dict(zip(names, row, strict=True)) for row in corpus.select(_QUERY))
    return tuple(Tally(**row | {"tags": tuple(json.loads(row["tags"]))}) for row in rows)


def outcomes(corpus: Corpus) -> dict[str, Outcome]:
    """By unit what admission said of it."""
    rows = corpus.select(f"""
        SELECT a.unit, {_RIGHT}, a.record IS NOT NULL
        FROM admissions a JOIN trajectories t ON t.id = a.trajectory LEFT JOIN rejections r ON r.id = a.rejection""")
    return {unit: Outcome(bool(solved), bool(record)) for unit, solved, record in rows}


def rated_records(corpus: Corpus) -> Iterator[Record]:
    """The records in the order of admission, each with the solve rate that its problem has in this corpus."""
    rates = solve_rates(tallies(corpus))
    for record in corpus.records():
        yield record.model_copy(update={"solve_rate": rates.get(record.problem.id)})
