"""One problem with 20 tests in compiled languages: our verdict, and what people do by hand without a sandbox, in one run.

    python benchmarks/languages.py [--rounds 5] [--languages c,cpp,java,rust,go,typescript] [--json out.json]

By hand, with the same tools on the same files, in a container of the same image with no limits at all: (i) compile and run
for every test, as today's trainers' clients make their sandbox do; (ii) compile once, then a plain subprocess per test. Each
round has a text of its own, so that nothing is compiled already. Sides take turns; medians of the rounds, in milliseconds.
"""

import argparse
import asyncio
import json
import statistics
import time
from pathlib import Path
from typing import Any

from execfeedback.languages import language
from execfeedback.sandbox import images
from execfeedback.sandbox.docker import DockerSandbox
from execfeedback.sandbox.engine import client
from execfeedback.types import Item, StdioCase
from execfeedback.verdicts import verdict_of

TESTS = 20
INPUTS = [f"3\n{n} {n + 1} {n + 2}\n" for n in range(TESTS)]
CASES = tuple(StdioCase(stdin=text, stdout=f"{3 * n + 3}\n") for n, text in enumerate(INPUTS))
BY_HAND: dict[str, tuple[str, list[list[str]], list[str]]] = {
    "c": ("solution.c", [["gcc", "-O2", "-o", "main", "solution.c", "-lm"]], ["./main"]),
    "cpp": ("solution.cpp", [["g++", "-O2", "-std=gnu++20", "-o", "main", "solution.cpp"]], ["./main"]),
    "java": ("Main.java", [["javac", "Main.java"]], ["java", "Main"]),
    "rust": ("solution.rs", [["rustc", "-O", "-o", "main", "solution.rs"]], ["./main"]),
    "go": ("solution.go", [["go", "build", "-o", "main", "solution.go"]], ["./main"]),
    "typescript": (
        "solution.ts",
        [
            [
                "tsc", "--target", "es2022", "--module", "commonjs", "--skipLibCheck", "--esModuleInterop",
                "--types", "node", "--typeRoots", "/usr/share/nodejs/@types", "solution.ts",
            ]
        ],
        ["node", "solution.js"],
    ),
}  # fmt: skip
SCRIPT = """
import json, os, subprocess, sys, tempfile, time
name, commands, run, inputs, wanted, each = json.loads(sys.argv[1])
text = sys.argv[2]
os.environ.update(HOME="/tmp", GOCACHE="/tmp/gocache", GO111MODULE="off")
os.chdir(tempfile.mkdtemp())
open(name, "w").write(text)
began, right = time.perf_counter(), 0
for number, given in enumerate(inputs):
    if each or number == 0:
        for command in commands:
            subprocess.run(command, check=True, capture_output=True)
    done = subprocess.run(run, input=given, text=True, capture_output=True)
    right += done.stdout == wanted[number]
print(json.dumps([time.perf_counter() - began, right]))
"""


def text_of(name: str, nonce: str) -> str:
    """The proof's program of the language, with a comment of its own."""
    return f"{language(name).proof.passes.lstrip()}\n// {nonce}\n"


def by_hand(container: Any, name: str, each: bool, nonce: str) -> float:
    """Milliseconds that the commands took in the container; raises when an answer was wrong."""
    file, commands, run = BY_HAND[name]
    wanted = [case.stdout for case in CASES]
    order = json.dumps([file, commands, run, INPUTS, wanted, each])
    done = container.exec_run(["python3", "-c", SCRIPT, order, text_of(name, nonce)])
    seconds, right = json.loads(done.output)
    assert right == TESTS, f"{name}: {right} of {TESTS} answers by hand"
    return float(seconds) * 1000


async def ours(sandbox: DockerSandbox, name: str, nonce: str) -> float:
    item = Item(id=name, language=name, style="stdio", solution=text_of(name, nonce), tests=CASES)
    began = time.perf_counter()
    found = await verdict_of(item, sandbox)
    assert found.verdict == "passed" and found.tests.passed == TESTS, found
    return (time.perf_counter() - began) * 1000


async def compared(name: str, rounds: int) -> dict[str, float]:
    """Medians in milliseconds: ours, compiling for each test, compiling once."""
    tag = images.image_for(name)
    container = client().containers.run(
        tag, ["3600"], entrypoint=["sleep"], detach=True, network_mode="none",
        security_opt=["seccomp=unconfined"], labels={"execfeedback": "build"},
    )  # fmt: skip
    taken: dict[str, list[float]] = {"ours": [], "each": [], "once": []}
    try:
        async with DockerSandbox(workers=1) as sandbox:
            await ours(sandbox, name, "warm")
            by_hand(container, name, each=False, nonce="warm")
            for number in range(rounds):
                taken["ours"].append(await ours(sandbox, name, f"ours {number}"))
                taken["once"].append(by_hand(container, name, each=False, nonce=f"once {number}"))
                taken["each"].append(by_hand(container, name, each=True, nonce=f"each {number}"))
    finally:
        container.remove(force=True)
    return {side: statistics.median(times) for side, times in taken.items()}


async def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--languages", default=",".join(BY_HAND))
    parser.add_argument("--json", type=Path)
    given = parser.parse_args()
    rows = {}
    print(f"{'language':12}{'ours':>9}{'(i) each':>10}{'(ii) once':>11}{'ours / (i)':>12}{'ours / (ii)':>13}")
    for name in given.languages.split(","):
        row = rows[name] = await compared(name, given.rounds)
        print(
            f"{name:12}{row['ours']:9.0f}{row['each']:10.0f}{row['once']:11.0f}"
            f"{row['each'] / row['ours']:11.1f}x{row['once'] / row['ours']:12.2f}x",
            flush=True,
        )
    if given.json:
        given.json.write_text(json.dumps(rows, indent=1))


asyncio.run(main())
