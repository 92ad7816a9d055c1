"""Does bad traffic change a corpus? `grow` over real HTTP against the mock model, with faults and with SIGKILLs.

    python benchmarks/model_traffic.py [--problems 500] [--calls 32] [--workers 2] [--fault-rate 0.1] [--kills 10]
        [--kinds 429,empty,...] [--latency 0.2] [--generator openai-http|litellm] [--stream] [--out FILE]   # needs Docker

Three corpora are grown from the same problems and answers: `plain` (no faults), `faults` (this share of the answers has a
fault, of every kind alike; with --kinds each of these kinds takes that share), and `killed` (faults, and the process is
killed at random moments and started again). Then they are compared:

- every trajectory must end as in `plain`: why it stopped, every solution that it tried, and the records;
- no call that a corpus kept may be asked again;
- tokens of the corpus, wasted ones included, must be those that the server counted as told, by the same prices. What the
  server told in the moments before a kill and the killed process could not keep is counted apart, call by call;
- what the server did not tell (answers cut off, time-outs, a proxy's page) must be counted as wasted of unknown price.

Times are of this machine: the three runs are one after the other, and a killed run starts its sandbox each time.
"""

import argparse
import asyncio
import json
import random
import signal
import sys
import tempfile
import time
from collections import Counter
from pathlib import Path
from typing import Any, NamedTuple

from execfeedback.corpus import Corpus
from execfeedback.errors import ExecfeedbackError
from execfeedback.mock_model import Line, MockModel, Serving

PRICE_IN, PRICE_OUT = 0.5, 2.0
UNTOLD = ("cut", "cut_stream", "content_type", "hang")
GROW = [sys.executable, "-c", "from execfeedback.cli import main; main()", "grow"]


def code(n: int, attempt: int) -> str:
    """Right after n % 5 wrong tries. Four are allowed, so every fifth problem stays unsolved."""
    value = n if attempt == n % 5 else -1 - attempt
    return f"```python\ndef f():\n    return {value}  # p{n} try {attempt}\n```"


def script(asked: argparse.Namespace, kinds: list[str], rate: float) -> list[Line]:
    """Answers by problem and by the try that the question shows, behind faults of the kinds asked for."""
    faults = [
        Line.model_validate({"fault": kind, "rate": rate, "delay_s": 0.3 if kind == "slow" else None})
        for kind in kinds
    ]
    numbers, wait = range(asked.problems), asked.latency
    first = [Line(match=f"problem {n} asks", attempt=0, text=code(n, 0), delay_s=wait) for n in numbers]
    later = [
        Line(match=f"# p{n} try {at - 1}\\b", text=code(n, at), delay_s=wait)
        for n in numbers
        for at in range(1, 4)
    ]
    return [*faults, *first, *later]


class Run(NamedTuple):
    """One corpus, the server that it was grown from, and what is known of each kill."""

    corpus: Path
    model: MockModel
    seconds: float
    kills: list["Kill"]
    rounds: int


class Kill(NamedTuple):
    """The moment, and what the corpus held just after: ids of calls, waste that was recorded by call."""

    at: float
    kept: set[str]
    wasted: Counter[str]


def setting(folder: Path, address: str, asked: argparse.Namespace) -> list[str]:
    """Writes problems and configuration; the command line of `grow` without its corpus."""
    port = address.rsplit(":", 1)[1]
    model = "openai/mock" if asked.generator == "litellm" else "mock"
    rows = [
        {"id": f"p{n}", "statement": f"Return what problem {n} asks for.", "entry_point": "f",
         "style": "asserts", "tests": f"assert f() == {n}\n"}
        for n in range(asked.problems)
    ]  # fmt: skip
    problems, config = folder / "problems.jsonl", folder / f"{port}.toml"
    problems.write_text("".join(json.dumps(row) + "\n" for row in rows))
    config.write_text(f"""
generator = "{asked.generator}"
gates = []
calls = {asked.calls}
workers = {asked.workers}
patience = {{attempts = 12, first_wait_s = 0.05, longest_wait_s = 2.0}}
[roles.solver]
model = "{model}"
api_base = ["http://127.0.0.1:{port}/v1", "http://localhost:{port}/v1"]
timeout_s = 2.0
stream = {str(asked.stream).lower()}
price_in = {PRICE_IN}
price_out = {PRICE_OUT}
""")
    return [*GROW, str(problems), "--config", str(config), "--quiet", "--seed", str(asked.seed)]


async def grown(
    folder: Path, name: str, asked: argparse.Namespace, rate: float, kills: int, span: float
) -> Run:
    """A corpus at its end: the same command, after each kill and until no unit waits for the model."""
    kinds = asked.kinds.split(",") if asked.kinds and rate else []
    model = MockModel(script(asked, kinds, rate), asked.seed, 0.0 if kinds else rate)
    path, chances, done, rounds = folder / f"{name}.db", random.Random(asked.seed), [], 0
    async with Serving(model) as address:
        command, began = [*setting(folder, address, asked), "--out", str(path)], time.monotonic()
        while rounds < kills + 20:
            rounds += 1
            before = len(model.log)
            process = await asyncio.create_subprocess_exec(*command)
            if len(done) < kills:
                while process.returncode is None and len(model.log) == before:  # noqa: ASYNC110
                    await asyncio.sleep(0.01)
                await asyncio.sleep(chances.random() * span)
                if process.returncode is None:
                    process.send_signal(signal.SIGKILL)
                    await process.wait()
                    done.append(killed(path))
                    continue
            if await process.wait():
                raise SystemExit(f"grow ended with {process.returncode}")
            if complete(path, asked.problems):
                break
    return Run(path, model, time.monotonic() - began, done, rounds)


def complete(path: Path, problems: int) -> bool:
    with Corpus(path) as corpus:
        return corpus.counts().admitted == problems


def killed(path: Path) -> Kill:
    try:
        with Corpus(path) as corpus:
            kept = {row[0] for row in corpus.select("SELECT id FROM calls")}
            return Kill(time.time(), kept, wasted(corpus))
    except ExecfeedbackError:  # the kill came before the file was one
        return Kill(time.time(), set(), Counter())


def wasted(corpus: Corpus) -> Counter[str]:
    """Tokens that were wasted and told, by call."""
    found: Counter[str] = Counter()
    for event in corpus.events("waste"):
        found[event["call"]] += (event["tokens_in"] or 0) + (event["tokens_out"] or 0)
    return found


# ---- comparing ---------------------------------------------------------------------------------------------------


def ends(path: Path) -> tuple[dict[str, Any], list[str]]:
    """How each problem's trajectory ended, and the records in the order of admission."""
    with Corpus(path) as corpus:
        records = [record.id for record in corpus.records()]
        told = {
            each.problem.id: [each.stopped, [attempt.solution.code for attempt in each.attempts]]
            for each in corpus.trajectories()
            if each.stopped != "model"
        }
    return told, records


def accounts(run: Run, problems: int) -> dict[str, Any]:
    """The corpus' accounts beside the server's."""
    with Corpus(run.corpus) as corpus:
        counts, waste = corpus.counts(), wasted(corpus)
    told = run.model.stats()["usage"]
    lost_in, lost_out, lost_answers = lost(run)
    read = counts.tokens_in + counts.wasted_tokens_in + lost_in
    written = counts.tokens_out + counts.wasted_tokens_out + lost_out
    paid = (told["prompt_tokens"] * PRICE_IN + told["completion_tokens"] * PRICE_OUT) / 1e6
    known = counts.usd + (lost_in * PRICE_IN + lost_out * PRICE_OUT) / 1e6
    untold = sum(run.model.served[kind] for kind in UNTOLD)
    return {
        "calls_kept": counts.calls,
        "wasted": counts.wasted,
        "wasted_tokens": waste.total(),
        "tokens_in": [read, told["prompt_tokens"]],
        "tokens_out": [written, told["completion_tokens"]],
        "cost_usd": [round(known, 9), round(paid, 9)],
        "untold": [counts.wasted_without_price, untold],
        "answers_lost_to_kills": lost_answers,
        "tokens_lost_to_kills": lost_in + lost_out,
        "equal": (read, written) == (told["prompt_tokens"], told["completion_tokens"])
        and abs(known - paid) < 1e-9,
        "untold_equal": counts.wasted_without_price == untold,
        "asked_again_though_kept": asked_again(run),
    }


def lost(run: Run) -> tuple[int, int, int]:
    """Tokens (read, written) and answers that were told to a process which was killed before it could keep them: all
    of the calls that it had not kept, without what it had recorded as wasted."""
    read = written = answers = 0
    since, before = 0.0, Counter[str]()
    for kill in run.kills:
        gone = [each for each in run.model.log if since < each.at <= kill.at and each.told]
        gone = [each for each in gone if each.key not in kill.kept]
        recorded = kill.wasted - before
        for each in gone:
            if recorded[each.key] > 0:
                recorded[each.key] -= each.tokens_in + each.tokens_out
                continue
            read, written, answers = read + each.tokens_in, written + each.tokens_out, answers + 1
        since, before = kill.at, kill.wasted
    return read, written, answers


def asked_again(run: Run) -> int:
    """Requests for calls that the corpus held already."""
    return sum(
        each.key in kill.kept
        for at, kill in enumerate(run.kills)
        for each in run.model.log
        if each.at > kill.at and (at + 1 == len(run.kills) or each.at <= run.kills[at + 1].at)
    )


def told_of(run: Run, plain: Run, problems: int) -> dict[str, Any]:
    """One run as numbers, compared with the plain one."""
    (trajectories, records), (expected, wanted) = ends(run.corpus), ends(plain.corpus)
    differing = sorted(name for name in expected if trajectories.get(name) != expected[name])
    stats = run.model.stats()
    return {
        "seconds": round(run.seconds, 1),
        "kills": len(run.kills),
        "starts": run.rounds,
        "requests": stats["requests"],
        "served": stats["served"],
        "most_calls_at_once": stats["most_at_once"],
        "records": len(records),
        "trajectories": len(trajectories),
        "trajectories_that_end_otherwise": differing,
        "same_records": sorted(records) == sorted(wanted),
        "same_order": records == wanted,
        **accounts(run, problems),
    }


async def measured(asked: argparse.Namespace) -> dict[str, Any]:
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        plain = await grown(folder, "plain", asked, 0.0, 0, 0.0)
        runs = {"plain": plain, "faults": await grown(folder, "faults", asked, asked.fault_rate, 0, 0.0)}
        if asked.kills:
            log = runs["faults"].model.log
            span = asked.span or (log[-1].at - log[0].at) / asked.kills
            runs["killed"] = await grown(folder, "killed", asked, asked.fault_rate, asked.kills, span)
        return {name: told_of(run, plain, asked.problems) for name, run in runs.items()}


def fine(told: dict[str, Any], asked: argparse.Namespace) -> bool:
    """Whether all that is promised held. litellm does not say which of its faults were answers that were cut."""
    return (
        all(
            not each["trajectories_that_end_otherwise"]
            and each["same_records"]
            and each["equal"]
            and (each["untold_equal"] or bool(each["kills"]) or asked.generator == "litellm")
            and not each["asked_again_though_kept"]
            for each in told.values()
        )
        and (told["killed"]["kills"] if asked.kills else 0) == asked.kills
    )


def main() -> int:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--problems", type=int, default=500)
    parser.add_argument("--calls", type=int, default=32)
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--fault-rate", type=float, default=0.1)
    parser.add_argument("--kinds", default="")
    parser.add_argument("--latency", type=float, default=0.2, help="seconds that an answer takes")
    parser.add_argument("--kills", type=int, default=10)
    parser.add_argument("--span", type=float, help="seconds in which each kill falls, after the first answer")
    parser.add_argument("--generator", default="openai-http", choices=("openai-http", "litellm"))
    parser.add_argument("--stream", action="store_true")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--out", type=Path)
    asked = parser.parse_args()
    told = asyncio.run(measured(asked))
    text = json.dumps(told | {"fine": fine(told, asked)}, indent=1)
    if asked.out:
        asked.out.write_text(text + "\n")
    print(text)
    return 0 if fine(told, asked) else 3


if __name__ == "__main__":
    sys.exit(main())
