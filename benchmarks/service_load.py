"""The service under load: does anybody get a wrong verdict, somebody else's, none, or a late one?

    python benchmarks/service_load.py [--clients 64 256 1000] [--seconds 300] [--workers 2] [--batch 1] [--faults 0]

The same items (the bundled problems' references and mutants of them) go first through the library in this process, which
gives their right verdicts and the library's own rate; then through `execfeedback serve`, from so many clients at one time,
each with a connection of its own and asking again when it is told to. Every request has an id that nothing else has, and its
answer must carry it. Written for each number of clients: verdicts/s beside the library's, latency of what was accepted, time
to a refusal (of all, and of those after the first seconds, when so many clients come in one moment that an empty server
of uvicorn takes 0.3 s for a thousand), memory and threads of the service before and after.

`--faults N` (as root) does it on a private engine while containers, supervisors, the service itself and the engine are
killed, N times for each number of clients; clients may see what can be asked again, and nothing else.
"""

import argparse
import asyncio
import json
import os
import random
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import aiohttp
from faults import Engine, base_image, commit, items

from execfeedback.library import Sandbox
from execfeedback.sandbox.images import image_for

LATER = {429, 503}
"""What a client asks again after. No answer at all is asked again as well, where things are killed."""
KINDS = 240
DEADLINE_S = 30.0
REFUSAL_S = 0.1
SETTLED_S = 5.0


@dataclass
class Seen:
    """What the clients of one round saw."""

    began: float = field(default_factory=time.monotonic)
    accepted: list[float] = field(default_factory=list)
    refused: list[float] = field(default_factory=list)
    settled: list[float] = field(default_factory=list)
    """Refusals after the first seconds."""
    wrong: list[str] = field(default_factory=list)
    statuses: Counter[str] = field(default_factory=Counter)
    answered: Counter[str] = field(default_factory=Counter)


class Service:
    """`execfeedback serve` as a process, which may be killed and started again on its port."""

    def __init__(self, workers: int, queue: int, environment: dict[str, str], log: Path) -> None:
        self.workers, self.queue, self.environment, self.log = workers, queue, environment, log
        self.port = 0
        self.start()

    def start(self) -> None:
        code = "from execfeedback.cli import main; main()"
        options = {"port": self.port, "workers": self.workers, "queue": self.queue, "wait-s": DEADLINE_S}
        words = [word for name, value in options.items() for word in (f"--{name}", str(value))]
        argv = [sys.executable, "-c", code, "serve", *words]
        with self.log.open("ab") as log:
            self.process = subprocess.Popen(
                argv, stdout=subprocess.PIPE, stderr=log, env={**os.environ, **self.environment}, text=True
            )
        assert self.process.stdout is not None
        self.address = self.process.stdout.readline().strip()
        if not self.address:
            raise RuntimeError(f"the service does not start: see {self.log}")
        self.port = int(self.address.rsplit(":", 1)[1])

    def stop(self) -> None:
        self.process.send_signal(signal.SIGTERM)
        self.process.wait(60)

    def memory_mb(self) -> float:
        pages = int(Path(f"/proc/{self.process.pid}/statm").read_text().split()[1])
        return pages * os.sysconf("SC_PAGE_SIZE") / 2**20

    def threads(self) -> int:
        return len(list(Path(f"/proc/{self.process.pid}/task").iterdir()))


async def by_library(work: list[dict[str, Any]], workers: int) -> tuple[dict[str, str | None], float]:
    """Verdicts by id, and verdicts a second."""
    async with Sandbox(workers=workers) as sandbox:
        _ = [v async for v in sandbox.verify(work[: 4 * workers])]
        began = time.monotonic()
        found = {v.id: v.verdict async for v in sandbox.verify(work, ordered=False)}
        return found, len(found) / (time.monotonic() - began)


async def client(
    name: int,
    service: Service,
    work: list[dict[str, Any]],
    right: dict[str, Any],
    batch: int,
    until: float,
    seen: Seen,
) -> None:
    """Asks, checks, asks again when told to, until the time is over."""
    draw, count = random.Random(name), 0
    async with aiohttp.ClientSession() as session:
        while time.monotonic() < until:
            chosen = [draw.choice(work) for _ in range(batch)]
            ids = [f"{name}-{(count := count + 1)}" for _ in chosen]
            body = [{**item, "id": id} for item, id in zip(chosen, ids, strict=True)]
            expected = {id: right[item["id"]] for item, id in zip(chosen, ids, strict=True)}
            while not await asked(session, service.address, body, expected, until, seen, draw):
                if time.monotonic() > until:  # told to ask later, and there is no later
                    return


async def asked(
    session: aiohttp.ClientSession,
    address: str,
    body: list[dict[str, Any]],
    expected: dict[str, str | None],
    until: float,
    seen: Seen,
    draw: random.Random,
) -> bool:
    """Whether it was answered; else it is to be asked again, as late as was said."""
    began = time.monotonic()
    sent = json.dumps(body[0] if len(body) == 1 else body).encode()
    headers = {"Content-Type": "application/json", "X-Execfeedback-Deadline": str(DEADLINE_S)}
    try:
        async with session.post(f"{address}/v1/verify", data=sent, headers=headers) as reply:
            status, took = reply.status, time.monotonic() - began
            answer = await reply.json()
    except (aiohttp.ClientError, OSError) as error:
        seen.statuses[type(error).__name__] += 1
        await asyncio.sleep(draw.uniform(0.2, 1))
        return False
    seen.statuses[str(status)] += 1
    if status in LATER:
        if status == 429:
            seen.refused.append(took)
            seen.settled.append(took) if began - seen.began > SETTLED_S else None
        told = float(reply.headers["Retry-After"]) * draw.uniform(0.5, 1.5)
        await asyncio.sleep(min(told, max(0.0, until - time.monotonic())))
        return False
    if status != 200:
        seen.wrong.append(f"status {status}: {str(answer)[:300]}")
        return True
    found = answer if isinstance(answer, list) else [answer]
    seen.accepted.append(time.monotonic() - began)
    seen.answered.update(one["id"] for one in found)
    if [one["id"] for one in found] != list(expected):
        seen.wrong.append(f"asked for {list(expected)}, got {[one['id'] for one in found]}")
    for one in found:
        if one["verdict"] != expected.get(one["id"]) and one.get("error") is None:
            seen.wrong.append(
                f"{one['id']}: {one['verdict']} {one['reasons']}, not {expected.get(one['id'])}"
            )
    return True


def percentile(values: list[float], share: float) -> float:
    return sorted(values)[min(len(values) - 1, int(share * len(values)))] if values else 0.0


async def killing(service: Service, engine: Engine, faults: int, seconds: float, seed: int) -> Counter[str]:
    """Faults evenly over the time. A service that was killed is started again, as a supervisor of services would."""
    draw, made = random.Random(seed), Counter[str]()
    kinds, weights = ("container", "supervisor", "host", "engine"), (40, 40, 15, 5)
    for _ in range(faults):
        await asyncio.sleep(seconds / (faults + 1))
        fault = draw.choices(kinds, weights)[0]
        if await asyncio.to_thread(commit, fault, engine, service.process, draw):
            made[fault] += 1
        if service.process.poll() is not None:
            await asyncio.to_thread(service.start)
    return made


async def one_round(
    given: argparse.Namespace,
    clients: int,
    work: list[dict[str, Any]],
    right: dict[str, Any],
    engine: Engine | None,
) -> dict[str, Any]:
    log = Path(tempfile.mkstemp(prefix="service-load-", suffix=".log")[1])
    environment = {"DOCKER_HOST": engine.host} if engine else {}
    service, seen = Service(given.workers, given.queue, environment, log), Seen()
    try:
        await asyncio.gather(
            *(client(-n, service, work, right, 1, time.monotonic() + 3, Seen()) for n in range(1, 9))
        )
        before = (service.memory_mb(), service.threads())
        began = seen.began = time.monotonic()
        until = began + given.seconds
        tasks = [client(n, service, work, right, given.batch, until, seen) for n in range(clients)]
        faults = (
            killing(service, engine, given.faults, given.seconds, given.seed) if engine else asyncio.sleep(0)
        )
        *_, made = await asyncio.gather(*tasks, faults)
        took, after = time.monotonic() - began, (service.memory_mb(), service.threads())
    finally:
        await asyncio.to_thread(service.stop)
    await asyncio.sleep(2)
    return {
        "clients": clients,
        "verdicts_per_s": round(sum(seen.answered.values()) / took, 1),
        "p50_s": round(percentile(seen.accepted, 0.5), 3),
        "p99_s": round(percentile(seen.accepted, 0.99), 3),
        "longest_s": round(max(seen.accepted, default=0), 3),
        "refused": len(seen.refused),
        "refusal_p99_ms": round(1000 * percentile(seen.settled, 0.99), 1),
        "refusal_p99_ms_with_the_first_seconds": round(1000 * percentile(seen.refused, 0.99), 1),
        "statuses": dict(seen.statuses),
        "wrong": seen.wrong[:10],
        "doubled": sum(n > 1 for n in seen.answered.values()),
        "memory_mb": [round(m) for m in (before[0], after[0])],
        "threads": [before[1], after[1]],
        **({"faults": dict(made or {}), "containers_left": engine.containers()} if engine else {}),
    }


def broken(row: dict[str, Any]) -> list[str]:
    """Which promises a round did not keep. Time means little where things are killed."""
    found = [name for name in ("wrong", "doubled") if row[name]]
    found += ["containers_left"] if row.get("containers_left") else []
    if "faults" not in row:
        found += ["p99"] if row["p99_s"] > DEADLINE_S else []
        found += ["refusals"] if row["refusal_p99_ms"] > 1000 * REFUSAL_S else []
        found += ["memory"] if row["memory_mb"][1] > 2 * row["memory_mb"][0] + 100 else []
        found += ["statuses"] if row["statuses"].keys() - {"200", "429"} else []
    return found


def main() -> int:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--clients", type=int, nargs="+", default=[64, 256, 1000])
    parser.add_argument("--seconds", type=float, default=300)
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--queue", type=int, default=512)
    parser.add_argument("--batch", type=int, default=1, help="Items in a request.")
    parser.add_argument("--faults", type=int, default=0)
    parser.add_argument("--seed", type=int, default=0)
    given = parser.parse_args()
    image = image_for("python")
    work = items(KINDS, image)
    right, rate = asyncio.run(by_library(work, given.workers))
    engine = None
    folder = Path(tempfile.mkdtemp(prefix="service-load-"))
    try:
        if given.faults:
            engine = Engine(folder)
            engine.start()
            engine.take(image, base_image())
        rows = [asyncio.run(one_round(given, clients, work, right, engine)) for clients in given.clients]
    finally:
        if engine:
            engine.stop()
        shutil.rmtree(folder, ignore_errors=True)
    _, again = asyncio.run(by_library(work, given.workers))
    library = (rate + again) / 2
    print(
        f"library: {rate:.1f} verdicts/s before, {again:.1f} after; {given.workers} workers, {os.cpu_count()} cores"
    )
    for row in rows:
        share = row["verdicts_per_s"] / library
        print(json.dumps({**row, "share_of_library": round(share, 2), "broken": broken(row)}, indent=1))
    return 3 if any(broken(row) for row in rows) else 0


if __name__ == "__main__":
    sys.exit(main())
