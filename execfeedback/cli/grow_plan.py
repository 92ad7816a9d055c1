"""What `execfeedback grow --dry-run` says: what would be done, and what it would cost by what is known."""

import json
import sys
from collections.abc import Iterator
from itertools import islice
from pathlib import Path
from typing import Any

from execfeedback.cli.grow_run import Options, configured, counted, maker, settings_from
from execfeedback.corpus import Corpus
from execfeedback.corpus.files import check
from execfeedback.corpus.samples import outcomes
from execfeedback.library import backend_of
from execfeedback.problems import load_problems
from execfeedback.registry import gates_named
from execfeedback.steered import Steered
from execfeedback.units import Settings, attempts_of, frame_of, samples_of, units, units_of

_SHOWN = 5


def plan_of(options: Options) -> dict[str, Any]:
    """What `--dry-run` says. Starts nothing, asks nobody, writes nothing. Raises InputError."""
    config = configured(options)
    check(options.out)
    generator = maker(config, options.replay)(backend_of(config.sandbox, config.workers))
    gates, settings = gates_named(config.gates), settings_from(config, options.limit)
    problems, tries = counted(options.problems, options.limit), _tries(settings)
    asked, steering = load_problems(options.problems), None
    planned = units(asked, generator, gates, settings)
    if settings.steer:
        steered = Steered(islice(asked, settings.limit), frame_of(generator, gates, settings), settings)
        steering = _steering(options.out, steered)
        planned = units_of(steered.so_far(), steered.frame, settings)
    decided, cost, tokens = _past(options.out, (unit.key for unit in planned))
    if config.generator_name() == "mutate":
        cost = 0.0
    to_do = problems * len(tries) - decided
    return {
        "generator": generator.name,
        "gates": [gate.name for gate in gates],
        "units": problems * len(tries),
        "decided": decided,
        "to_do": to_do,
        "solutions_at_most": min(to_do * max(tries), problems * sum(tries)),
        "cost_usd": None if cost is None else round(cost * to_do, 4),
        "tokens": None if tokens is None else round(tokens * to_do),
        "budget": config.budget.model_dump(exclude_none=True, exclude={"steer"}),
        "steered": steering,
    }


def _tries(settings: Settings) -> list[int]:
    """Solutions that each sample of a problem may try."""
    return [attempts_of(sample, settings) for sample in samples_of(settings)]


def _steering(path: Path, steered: Steered) -> dict[str, Any]:
    """Rounds after the first, those that the corpus has chosen, which `steered` takes, and where most of the next would go
    by what the corpus holds now."""
    events, known = [], {}
    if path.exists():
        with Corpus(path) as corpus:
            events, known = corpus.events("steer"), outcomes(corpus)
    while steered.left and (chosen := steered.chosen_before(events)) is not None:
        steered.take(chosen)
    coming = steered.choose(known) if steered.left else ()
    most = sorted(zip(coming, steered.problems, strict=False), key=lambda one: -one[0])[:_SHOWN]
    return {
        "rounds": steered.settings.samples - 1,
        "chosen": steered.round - 1,
        "next": {problem.id: number for number, problem in most},
    }


def _past(path: Path, keys: Iterator[str]) -> tuple[int, float | None, float | None]:
    """How many of the units the corpus has decided on, and the dollars and tokens that a trajectory took there, with
    all that was wasted; None is unknown."""
    if not path.exists():
        return 0, None, None
    with Corpus(path) as corpus:
        done = {row[0] for row in corpus.select("SELECT unit FROM admissions")}
        counts = corpus.counts()
    decided = sum(key in done for key in keys)
    if not counts.trajectories or not counts.calls:
        return decided, None, None
    cost = None if counts.calls_without_price else counts.usd / counts.trajectories
    return decided, cost, counts.tokens / counts.trajectories if counts.tokens else None


def tell_plan(plan: dict[str, Any], as_json: bool) -> None:
    if as_json:
        print(json.dumps(plan))
        return
    cost = "unknown" if plan["cost_usd"] is None else f"about ${plan['cost_usd']:.2f}"
    tokens = "" if plan["tokens"] is None else f", about {plan['tokens']} tokens"
    print(f"generator {plan['generator']}, gates {', '.join(plan['gates'])}")
    print(f"{plan['units']} units, {plan['decided']} decided before, {plan['to_do']} to do")
    print(f"at most {plan['solutions_at_most']} solutions would be tried; cost: {cost}{tokens}")
    if plan["steered"]:
        print("\n".join(_steering_lines(plan["steered"])))
    if plan["budget"]:
        print("it would stop at " + ", ".join(f"{name} {value:g}" for name, value in plan["budget"].items()))
    print("nothing was started (--dry-run)", file=sys.stderr)


def _steering_lines(steering: dict[str, Any]) -> Iterator[str]:
    yield "a first sample for each problem, then rounds that go where the corpus is thin or a problem hard"
    coming = ", ".join(f"{id} {number}" for id, number in steering["next"].items())
    told = f"  {steering['chosen']} of {steering['rounds']} rounds chosen"
    yield f"{told}; most of the next, by what is known now: {coming}" if coming else told
