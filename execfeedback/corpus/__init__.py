"""One SQLite file that holds everything a corpus is made of: calls, trajectories, gate results, records."""

from execfeedback.corpus.reader import Corpus, Counts
from execfeedback.corpus.writer import CorpusWriter, UnitState

__all__ = ["Corpus", "CorpusWriter", "Counts", "UnitState"]
