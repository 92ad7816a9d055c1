"""Format `verl`: the Parquet file that verl trains on, with tests that our `compute_score` reads.

`{"data_source", "prompt": [message], "ability": "code", "reward_model": {"style": "rule", "ground_truth": JSON},
"extra_info": {"split", "index", "problem", "entry_point", "difficulty"}}`. `ground_truth` is what `rl` calls `verify`.
"""

from typing import Any

from execfeedback import ids
from execfeedback.exporters.parquet_file import arrow, message
from execfeedback.exporters.rl import verify
from execfeedback.exporters.sft import wanted
from execfeedback.exporters.tries import asked_for
from execfeedback.types import Record


class Verl:
    """One prompt with its tests for each problem."""

    name = "verl"
    file = "verl.parquet"

    def __init__(self, include_semi_synthetic: bool = False) -> None:
        self.include_semi_synthetic = include_semi_synthetic

    def row(self, record: Record) -> dict[str, Any] | None:
        """None for a semi-synthetic record unless those were asked for."""
        if not wanted(record, self.include_semi_synthetic):
            return None
        problem = record.problem
        return {
            "data_source": problem.source.name or "execfeedback",
            "prompt": asked_for(record),
            "ability": "code",
            "reward_model": {"style": "rule", "ground_truth": verify(record)},
            "extra_info": {
                "split": "train",
                "index": int(ids.digest(problem.id)[:12], 16),
                "problem": problem.id,
                "entry_point": problem.entry_point or "",
                "difficulty": problem.difficulty or "",
            },
        }

    def schema(self) -> Any:
        text, struct = arrow().string(), arrow().struct
        about = [("split", text), ("index", arrow().int64())]
        return arrow().schema(
            [
                ("data_source", text),
                ("prompt", arrow().list_(message())),
                ("ability", text),
                ("reward_model", struct([("style", text), ("ground_truth", text)])),
                ("extra_info", struct(about + [(n, text) for n in ("problem", "entry_point", "difficulty")])),
            ]
        )


def create(include_semi_synthetic: bool = False) -> Verl:
    return Verl(include_semi_synthetic)
