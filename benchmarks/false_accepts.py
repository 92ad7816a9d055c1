"""How often is "verified" wrong? Recorded model outputs with known truth, through our checks.

    python benchmarks/false_accepts.py --data FILE ... [--humaneval FILE] [--plus HumanEvalPlus.jsonl] [--mbpp FILE]
        [--pool] [--no-mutants] [--rows OUT] [--from-rows FILE ...] [--cache DIR] [--json OUT] [--svg OUT]
        [--fit confidence.json | --model confidence.json] [--all-problems]

FILEs as `recordings.py` reads them, recognised by their fields. Each sample is judged by three rules: it runs at all (exit code
only); it passes the tests that its author saw (the published recipe); ours: it passes the statement's examples, where there
are any, and its confidence is at least the threshold. The evidence is what a run has: examples, model-written tests,
other samples of the file (`--pool`: of all files) on generated inputs, mutants. Truth, which
nothing of that sees: the tests of HumanEval and MBPP and the inputs of HumanEval+; for other tasks the recording's label.
Half of the problems are for fitting, the other half is reported; `--all-problems` reports on both (recordings that the
model was never fitted on). `ours` takes the model's threshold for the class, `here` one that is chosen on the file's own
problems of the first half. `--fit` writes the coefficients anew, `--model` takes others than the package's. `--rows`
keeps each sample with its evidence, and `--from-rows` reports on or fits to such files without running anything.
"""

import argparse
import asyncio
import json
import sys
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any

from curve import picture
from fitting import Kept, expected_error, kept, part, reliability, signed_fit
from kept_runs import KeptRuns
from recordings import Group, groups, tasks
from replayed import Replayed, Row

from execfeedback.confidence import Evidence, Fit, Model, features, fitted, probability
from execfeedback.sandbox.docker import DockerSandbox
from execfeedback.verifying import in_flight

CLASSES = ("first", "repaired")
THRESHOLDS = (0.0, *(n / 100 for n in range(30, 100, 2)), 0.99)
PENALTY = 1.0
SIGNS = {
    **dict.fromkeys(("given", "generated", "killed", "met", "solved", "agreeing", "agreement", "dual"), 1),
    **dict.fromkeys(("attempts", "untested", "contested", "rivals", "hard", "few"), -1),
}
"""What more of each may do to the estimate. A coefficient that comes out otherwise is chance or the shadow of
another: it is set to 0, and the others are fitted again."""
KEEP = 0.8
"""Share of the right ones that the threshold of each class must keep on the problems that it is chosen on."""


def class_of(row: Row) -> str:
    return "repaired" if row.evidence.attempts > 1 else "first"


async def replay(given: argparse.Namespace) -> list[Row]:
    """Every sample of the files, judged."""
    known = tasks(given.humaneval, given.plus, given.mbpp)
    found = [group for path in given.data for group in groups(path, known)]
    together = pooled(found) if given.pool else [[group] for group in found]
    rows: list[Row] = []
    async with DockerSandbox(workers=given.workers) as sandbox:
        replayed = Replayed(known, sandbox, KeptRuns(given.cache), not given.no_mutants)
        async for some in in_flight(together, replayed.rows, workers=given.workers):
            rows += some
    if untold := sum(len(group.tries) for group in found) - len(rows):
        print(f"left out: {untold} samples of tasks that are not known and without a label", file=sys.stderr)
    return rows


def kept_rows(path: Path) -> Iterator[Row]:
    """What `--rows` wrote. Raises ValueError for a line of another form."""
    for line in path.read_text(encoding="utf-8").splitlines():
        row = json.loads(line)
        yield Row(**row | {"evidence": Evidence.model_validate(row["evidence"])})


def pooled(found: Iterable[Group]) -> list[list[Group]]:
    by_task: dict[str, list[Group]] = defaultdict(list)
    for group in found:
        by_task[group.task].append(group)
    return list(by_task.values())


# ---- the fit -----------------------------------------------------------------------------------------------------


def model_of(rows: Sequence[Row], sources: Sequence[str], truth: str) -> Model:
    """Coefficients from the problems of the part `fit`, and the reliability on the others."""
    accepted = [row for row in rows if row.shown]
    used = [row for row in accepted if part(row.task) == "fit"]
    held = [row for row in accepted if part(row.task) == "report"]
    vectors = [features(row.evidence) for row in used]
    weights = signed_fit(vectors, [right(row, truth) for row in used], SIGNS, PENALTY)
    found = Model(fit=Fit(), coefficients={name: round(weight, 4) for name, weight in weights.items()})
    bins = reliability(
        [probability(row.evidence, found) for row in held], [right(row, truth) for row in held]
    )
    about = Fit(
        sources=tuple(sources),
        truth=truth,
        samples_fitted=len(used),
        samples_reported=len(held),
        problems_fitted=len({row.task for row in used}),
        problems_reported=len({row.task for row in held}),
        expected_error=round(expected_error(bins), 4),
        reliability=tuple((one.number, round(one.said, 4), round(one.right, 4)) for one in bins),
        thresholds={name: threshold(used, found, name, truth) for name in CLASSES},
    )
    return found.model_copy(update={"fit": about})


def right(row: Row, truth: str) -> bool:
    return row.right_base if truth == "humaneval" else row.right


def threshold(rows: Sequence[Row], model: Model, name: str, truth: str) -> float:
    """The highest threshold that keeps enough of the right ones of a class."""
    own = [row for row in rows if class_of(row) == name]
    good = [t for t in THRESHOLDS if (kept_at(own, model, t, truth).kept_share or 0.0) >= KEEP]
    return max(good, default=0.0)


def kept_at(rows: Sequence[Row], model: Model, least: float, truth: str) -> Kept:
    accepted = [row.shown and probability(row.evidence, model) >= least for row in rows]
    return kept(accepted, [right(row, truth) for row in rows])


# ---- the report --------------------------------------------------------------------------------------------------


def report(rows: Sequence[Row], first: Sequence[Row], model: Model, truth: str) -> dict[str, Any]:
    """By class of samples: each rule, the curve over the threshold, the reliability. `first` are the samples of the same
    files of the half of the problems that thresholds may be chosen on."""
    chosen = model.fit.thresholds
    found: dict[str, Any] = {}
    for name in CLASSES:
        own = [row for row in rows if class_of(row) == name]
        if own:
            here = threshold(first, model, name, truth)
            found[name] = class_report(own, model, chosen.get(name, 0.0), here, truth)
    accepted = [row for row in rows if row.shown]
    bins = reliability(
        [probability(row.evidence, model) for row in accepted], [right(row, truth) for row in accepted]
    )
    calibration = {"expected_error": expected_error(bins), "bins": bins, "samples": len(accepted)}
    return {"truth": truth, **found, "calibration": calibration}


def class_report(own: Sequence[Row], model: Model, least: float, here: float, truth: str) -> dict[str, Any]:
    truths = [right(row, truth) for row in own]
    return {
        "samples": len(own),
        "exit_code": kept([row.runs for row in own], truths).shown(),
        "visible": kept([row.visible for row in own], truths).shown(),
        "ours": {"threshold": least, **kept_at(own, model, least, truth).shown()},
        "here": {"threshold": here, **kept_at(own, model, here, truth).shown()},
        "curve": [{"threshold": t, **kept_at(own, model, t, truth).shown()} for t in THRESHOLDS],
    }


def table(name: str, found: dict[str, Any]) -> Iterator[str]:
    for kind in CLASSES:
        for rule in ("exit_code", "visible", "ours", "here"):
            if kind in found:
                one = found[kind][rule]
                shares = f"{share(one['wrong_share'])} wrong {share(one['kept_share'])} kept"
                yield f"{name:<28} {kind:<9} {rule:<10} {one['accepted']:>5} accepted {shares}"
    error = found["calibration"]["expected_error"]
    yield f"{name:<28} calibration: expected error {100 * error:.1f} points"


def share(value: float | None) -> str:
    return "     -" if value is None else f"{value:>6.1%}"


def reports(rows: Sequence[Row], all_problems: bool, model: Model) -> dict[str, Any]:
    """For all files together and each alone, under both truths."""
    names = sorted({row.file for row in rows})
    parts = {"all": list(rows)} | {name: [row for row in rows if row.file == name] for name in names}

    def one(own: Sequence[Row], truth: str) -> dict[str, Any]:
        first = [row for row in own if part(row.task) == "fit"]
        shown = [row for row in own if all_problems or part(row.task) == "report"]
        return report(shown, first, model, truth)

    return {
        truth: {name: one(own, truth) for name, own in parts.items()} for truth in ("humaneval", "humaneval+")
    }


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    source = parser.add_mutually_exclusive_group(required=True)
    source.add_argument("--data", type=Path, nargs="+")
    source.add_argument("--from-rows", type=Path, nargs="+")
    parser.add_argument("--humaneval", type=Path)
    parser.add_argument("--mbpp", type=Path)
    parser.add_argument("--plus", type=Path, help="HumanEval+ with its added inputs")
    parser.add_argument("--pool", action="store_true", help="other files' samples are evidence, too")
    parser.add_argument("--cache", type=Path, default=Path(".false_accepts"))
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--no-mutants", action="store_true")
    parser.add_argument("--all-problems", action="store_true")
    fitting = parser.add_mutually_exclusive_group()
    fitting.add_argument("--fit", type=Path, help="fit the coefficients anew and write them there")
    fitting.add_argument("--model", type=Path, help="coefficients that --fit wrote; default: the package's")
    parser.add_argument("--truth", choices=("humaneval", "humaneval+"), default="humaneval+")
    parser.add_argument("--rows", type=Path, help="write each sample with its evidence there")
    parser.add_argument("--json", type=Path)
    parser.add_argument("--svg", type=Path)
    given = parser.parse_args()
    rows = asyncio.run(replay(given)) if given.data else [r for p in given.from_rows for r in kept_rows(p)]
    if given.rows:
        lines = [json.dumps({**row._asdict(), "evidence": row.evidence.model_dump()}) for row in rows]
        given.rows.write_text("\n".join(lines) + "\n", encoding="utf-8")
    model = Model.model_validate_json(given.model.read_bytes()) if given.model else fitted()
    if given.fit:
        model = model_of(rows, sorted({row.file for row in rows}), given.truth)
        given.fit.write_text(json.dumps(model.model_dump(), indent=1) + "\n", encoding="utf-8")
    found = reports(rows, given.all_problems, model)
    for truth, parts in found.items():
        print(f"\ntruth: {truth}")
        for name, one in parts.items():
            print(*table(name, one), sep="\n")
    if given.json:
        given.json.write_text(json.dumps(found, indent=1) + "\n", encoding="utf-8")
    if given.svg:
        given.svg.write_text(picture(found[given.truth]["all"]), encoding="utf-8")


if __name__ == "__main__":
    main()
