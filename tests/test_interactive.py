"""Interactive problems, in real containers: who is to blame for each way in which a conversation can end."""

from collections.abc import AsyncIterator
from typing import Any

import pytest
import pytest_asyncio

from execfeedback.interactive import environment_for
from execfeedback.languages import language
from execfeedback.protocols import Sandbox
from execfeedback.sandbox.docker import DockerSandbox
from execfeedback.types import Item, SpecialJudge, StdioCase, Verdict
from execfeedback.verdicts import verdict_of

INTERACTOR = """
import sys
secret = int(open(sys.argv[1]).read())
assert open(sys.argv[2]).read() == "" and sys.argv[3].endswith("/")
open(sys.argv[3] + "judgemessage.txt", "w").write("here")
for turn in range(12):
    line = sys.stdin.readline()
    try:
        guess = int(line)
    except ValueError:
        sys.exit(43)
    if guess == secret:
        print("correct", flush=True)
        sys.exit(42)
    print("higher" if guess < secret else "lower", flush=True)
sys.exit(43)
"""
RIGHT = """
low, high = 1, 1000
while True:
    middle = (low + high) // 2
    print(middle, flush=True)
    said = input()
    if said == "correct":
        break
    low, high = (middle + 1, high) if said == "higher" else (low, middle - 1)
"""
INTERACTOR_C = """
#include <stdio.h>
#include <stdlib.h>
int main(int count, char **words) {
    int secret, guess;
    FILE *file = fopen(words[1], "r");
    if (!file || fscanf(file, "%d", &secret) != 1) return 1;
    for (int turn = 0; turn < 12; turn++) {
        if (scanf("%d", &guess) != 1) return 43;
        if (guess == secret) { puts("correct"); return 42; }
        puts(guess < secret ? "higher" : "lower");
        fflush(stdout);
    }
    return 43;
}
"""
RIGHT_CPP = """
#include <iostream>
#include <string>
int main() {
    int low = 1, high = 1000;
    std::string said;
    while (said != "correct") {
        int middle = (low + high) / 2;
        std::cout << middle << std::endl;
        if (!(std::cin >> said)) return 1;
        if (said == "higher") low = middle + 1; else high = middle - 1;
    }
}
"""
CASES = tuple(StdioCase(stdin=f"{secret}\n", stdout="") for secret in (1, 1000, 617))

pytestmark = pytest.mark.docker


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def sandbox() -> AsyncIterator[Sandbox]:
    async with DockerSandbox(workers=1) as pool:
        yield pool


def item_of(solution: str, interactor: str = INTERACTOR, **more: Any) -> Item:
    checker = SpecialJudge(language=more.pop("speaks", "python"), source=interactor, interactive=True)
    fields = {
        "language": "python",
        "tests": CASES[:1],
        "limits": {"cpu_s": 0.5, "wall_s": 1.5, "memory_mb": 128},
        **more,
    }
    return Item(id="guess", style="stdio", solution=solution, checker=checker, **fields)


async def judged(sandbox: Sandbox, solution: str, interactor: str = INTERACTOR, **more: Any) -> Verdict:
    return await verdict_of(item_of(solution, interactor, **more), sandbox)


@pytest.mark.asyncio(loop_scope="module")
async def test_a_right_solution_passes_every_case(sandbox: Sandbox) -> None:
    found = await judged(sandbox, RIGHT, tests=CASES)

    assert (found.verdict, found.tests.passed) == ("passed", 3)
    assert found.stdout.split()[0] == "500"


WRONG: dict[str, tuple[str, str, str]] = {
    "wrong": ("print(3, flush=True)\n" * 12, "wrong_answer", "interactor"),
    "says nonsense and waits": ("print('x', flush=True)\ninput()\ninput()", "wrong_answer", "interactor"),
    "leaves at once": ("", "wrong_answer", "interactor"),
    "leaves in the middle": ("print(500, flush=True)\ninput()", "wrong_answer", "interactor"),
    "says nothing": ("input()", "time_limit", "wall"),
    "never sends what it prints": ("print(500)\ninput()\ninput()", "time_limit", "wall"),
    "says half a line": ("print(50, end='', flush=True)\ninput()", "time_limit", "wall"),
    "sleeps": ("import time\ntime.sleep(60)", "time_limit", "wall"),
    "burns": ("while True: pass", "time_limit", "cpu"),
    "floods": ("while True: print('9' * 4000)", "output_limit", "output"),
    "floods after its end": (
        "import sys\nprint(1, flush=True)\nwhile True: print(1)",
        "output_limit",
        "output",
    ),
    "raises": ("print(500, flush=True)\ninput()\n1 / 0", "runtime_error", "exit_code"),
    "raises after it was accepted": ("print(1, flush=True)\ninput()\ninput()", "runtime_error", "exit_code"),
    "goes on after it was accepted": ("print(1, flush=True)\nwhile True: pass", "time_limit", "cpu"),
    "is killed": ("import os\nprint(500, flush=True)\nos.kill(os.getpid(), 9)", "runtime_error", "signal_9"),
    "kills": (
        "import os\nfor p in filter(str.isdigit, os.listdir('/proc')):\n"
        "    try: os.kill(int(p), 9)\n    except OSError: pass",
        "runtime_error",
        "signal_9",
    ),
    "takes memory": (
        "kept = bytearray(200 << 20)\nprint(1, flush=True)\ninput()\ninput()",
        "memory_limit",
        "memory",
    ),
}


@pytest.mark.asyncio(loop_scope="module")
@pytest.mark.parametrize("how", WRONG)
async def test_a_solution_is_blamed_for_what_it_does(sandbox: Sandbox, how: str) -> None:
    solution, verdict, reason = WRONG[how]

    found = await judged(sandbox, solution)

    assert (found.verdict, found.reasons, found.passed) == (verdict, (reason,), False), found
    assert found.failure is not None and not found.slot_recycled


TESTS: dict[str, tuple[str, str]] = {
    "ends without a judgement": ("", "tests_error"),
    "raises": ("1 / 0", "tests_error"),
    "burns": ("while True: pass", "tests_limit"),
    "floods": ("while True: print('9' * 4000)", "tests_limit"),
}


@pytest.mark.asyncio(loop_scope="module")
@pytest.mark.parametrize("how", TESTS)
async def test_an_interactor_is_to_blame_for_what_it_does(
    sandbox: Sandbox, how: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    interactor, reason = TESTS[how]
    few = language("python").limits.model_copy(update={"cpu_s": 1.0, "wall_s": 2.0})
    monkeypatch.setattr("execfeedback.interactive.judge_limits", lambda *_: few)

    found = await judged(
        sandbox, "import sys\nsys.stdin.read()", interactor, limits={"cpu_s": 5, "wall_s": 20}
    )

    assert (found.verdict, found.reasons, found.passed) == ("bad_tests", (reason,), None), found


@pytest.mark.asyncio(loop_scope="module")
async def test_time_that_the_interactor_takes_is_not_the_solutions(sandbox: Sandbox) -> None:
    slow = "import time\nwhile time.process_time() < 2: pass\n" + INTERACTOR

    assert (await judged(sandbox, RIGHT, slow)).verdict == "passed"


@pytest.mark.asyncio(loop_scope="module")
async def test_both_may_say_more_than_a_pipe_holds_before_they_listen(sandbox: Sandbox) -> None:
    talking = "import sys\nprint('x' * 200_000, flush=True)\nheard = sys.stdin.readline()\n"
    interactor = talking + "sys.exit(42 if heard == 'x' * 200_000 + '\\n' else 43)"

    found = await judged(sandbox, talking, interactor)

    assert found.verdict == "passed" and len(found.stdout) == 200_001


SPY = """
import os
found = []
for folder, names, files in os.walk('..', onerror=lambda error: found.append('closed')):
    for name in files:
        found.append(name)
        if name != 'solution.py': open(os.path.join(folder, name)).read()
print(sorted(set(found)), flush=True)
"""


@pytest.mark.asyncio(loop_scope="module")
async def test_the_solution_sees_nothing_of_the_interactor(sandbox: Sandbox) -> None:
    found = await judged(sandbox, SPY)

    assert found.verdict == "wrong_answer"
    assert found.stdout == "['closed', 'solution.py']\n"


PLANT = """
import os
places = [folder for folder, _, _ in os.walk('..')]
for place in places:
    for name in ('random.py', 'os.py', '1.in', '2.in', 'sitecustomize.py'):
        try:
            open(os.path.join(place, name), 'w').write('import sys\\nsys.exit(42)')
        except OSError:
            continue
"""


@pytest.mark.asyncio(loop_scope="module")
async def test_nothing_that_the_solution_leaves_reaches_the_interactor(sandbox: Sandbox) -> None:
    importing = "import random, string, sys\nsys.stdin.read()\nsys.exit(43)"

    found = await judged(sandbox, PLANT, importing, tests=CASES)

    assert (found.verdict, found.tests.failed) == ("wrong_answer", 3)


@pytest.mark.asyncio(loop_scope="module")
async def test_languages_of_one_image_may_be_mixed(sandbox: Sandbox) -> None:
    cpp = await judged(sandbox, RIGHT_CPP, INTERACTOR_C, language="cpp", speaks="c", tests=CASES)
    python = await judged(sandbox, RIGHT, INTERACTOR_C, speaks="c", tests=CASES)
    lucky = await judged(sandbox, "print(1)", INTERACTOR_C, speaks="c")
    lacking = await judged(sandbox, "import numpy", INTERACTOR_C, speaks="c")

    assert (cpp.verdict, python.verdict, lucky.verdict) == ("passed", "passed", "passed")
    assert (lacking.verdict, lacking.reasons) == ("unverifiable", ("interactor_language",))


@pytest.mark.asyncio(loop_scope="module")
async def test_an_interactor_that_does_not_compile_is_the_tests_fault(sandbox: Sandbox) -> None:
    found = await judged(sandbox, "print(1)", "int main() { return", speaks="c")

    assert (found.verdict, found.reasons) == ("bad_tests", ("tests_error",))
    assert found.failure is not None and "error" in found.failure.traceback


@pytest.mark.asyncio(loop_scope="module")
async def test_languages_that_no_image_has_together_are_said(sandbox: Sandbox) -> None:
    found = await judged(sandbox, "fn main() {}", "class Main {}", language="rust", speaks="java")

    assert (found.verdict, found.reasons) == ("unverifiable", ("interactor_language",))
    assert found.failure is not None and "no image speaks rust and" in found.failure.message


@pytest.mark.parametrize(
    ("solution", "interactor", "image"),
    [
        ("cpp", "python", "cpp"),
        ("python", "cpp", "cpp"),
        ("c", "cpp", "cpp"),
        ("rust", "cpp", None),
        ("java", "x", None),
    ],
)
def test_the_image_is_one_that_speaks_both(solution: str, interactor: str, image: str | None) -> None:
    checker = SpecialJudge(language=interactor, source="", interactive=True)
    item = Item(id="x", language=solution, solution="", checker=checker)

    assert environment_for(item, language(solution), checker) == image
