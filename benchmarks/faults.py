"""Do our own faults ever become verdicts? `verify` of many items on an engine of its own, while things are killed.

    python benchmarks/faults.py [--items 2000] [--faults 100] [--seed 0] [--workers 2]      # as root, on Linux

A private Docker engine (its own socket and folders) gets the sandbox image; then, at random moments, a container is
killed, a supervisor is killed or stopped inside it, the verifying process is killed (and started again, with the same
`--out`), or the engine itself is stopped and started. At the end every item must have its right verdict exactly once, and
no container and no process of the engine may be left. Items are the bundled problems' references and mutants of them, as often
as needed, with the verdict that they have when nothing is killed.
"""

import argparse
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
from contextlib import closing
from pathlib import Path
from typing import Any

from execfeedback.items import item_for, suite_of
from execfeedback.mutation import mutants
from execfeedback.problems import bundled, load_problems
from execfeedback.sandbox.engine import client as open_client
from execfeedback.sandbox.images import find_base, image_for
from execfeedback.types import LimitsGiven

FAULTS = ("container", "supervisor", "wedged", "host", "engine")
WEIGHTS = (35, 35, 5, 20, 5)
LIMITS = LimitsGiven(cpu_s=2, wall_s=4)


class Engine:
    """A Docker engine of our own, beside whatever else runs."""

    def __init__(self, folder: Path) -> None:
        self.folder, self.host = folder, f"unix://{folder}/docker.sock"
        self.process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        argv = [
            "unshare",  # a network of its own: an engine without a bridge removes that of the machine's other engine
            "--net",
            "dockerd",
            "-H",
            self.host,
            "--data-root",
            f"{self.folder}/data",
            "--exec-root",
            f"{self.folder}/exec",
        ]
        argv += [
            "--pidfile",
            f"{self.folder}/pid",
            "--bridge=none",
            "--iptables=false",
            "--storage-driver",
            "overlay2",
        ]
        with (self.folder / "log").open("ab") as log:
            self.process = subprocess.Popen(argv, stdout=log, stderr=log)
        until = time.monotonic() + 60
        while self.docker("version").returncode:
            if time.monotonic() > until:
                raise RuntimeError(f"the private engine does not start: see {self.folder}/log")
            time.sleep(0.2)

    def stop(self) -> None:
        assert self.process is not None
        self.process.terminate()
        self.process.wait(60)

    def docker(self, *words: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(["docker", "-H", self.host, *words], capture_output=True, text=True)

    def take(self, *images: str) -> None:
        """Copy images over from the engine that others use."""
        save = subprocess.Popen(["docker", "save", *images], stdout=subprocess.PIPE)
        subprocess.run(
            ["docker", "-H", self.host, "load"], stdin=save.stdout, check=True, capture_output=True
        )
        if save.wait():
            raise RuntimeError(f"docker save failed: {images}")

    def containers(self) -> list[str]:
        return self.docker("ps", "-q", "--no-trunc").stdout.split()

    def supervisor(self, container: str) -> int | None:
        """The host's pid of a slot's first process, whatever runs beside it."""
        said = self.docker("inspect", "-f", "{{.State.Pid}}", container).stdout.strip()
        return int(said) or None if said.isdigit() else None


def base_image() -> str:
    with closing(open_client()) as client:
        base = find_base(client)
    assert base is not None
    return base.tag


def items(count: int, image: str) -> list[dict[str, Any]]:
    """References and mutants, numbered, as verify items in that image."""
    plain = []
    for problem in load_problems(bundled()):
        suite, code = suite_of(problem), problem.reference
        if suite is not None and code is not None:
            plain += [
                (problem, text, suite) for text in (code, *(m.source for m in mutants(code, limit=2, seed=0)))
            ]
    found = []
    for n in range(count):
        problem, text, suite = plain[n % len(plain)]
        item = item_for(problem, text, suite, id=f"{n}")
        item = item.model_copy(update={"limits": LIMITS, "environment": image})
        found.append(item.model_dump(mode="json", exclude_none=True, exclude_defaults=True) | {"id": f"{n}"})
    return found


def start(file: Path, out: Path, workers: int, host: str) -> subprocess.Popen[bytes]:
    code = "from execfeedback.cli import main; main()"
    argv = [
        sys.executable,
        "-c",
        code,
        "verify",
        str(file),
        "--out",
        str(out),
        "--workers",
        str(workers),
        "--quiet",
    ]
    return subprocess.Popen(argv, env={**os.environ, "DOCKER_HOST": host}, stdout=subprocess.DEVNULL)


def lines(path: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in path.read_text().splitlines()] if path.exists() else []


def done(path: Path) -> int:
    """Verdicts; an item that met a fault of ours has a line without one until it is run again."""
    text = path.read_bytes() if path.exists() else b""
    return text.count(b"\n") - text.count(b'"verdict": null')


def commit(fault: str, engine: Engine, process: subprocess.Popen[bytes], draw: random.Random) -> bool:
    """Do it; whether there was something to do it to."""
    if fault == "host":
        process.send_signal(signal.SIGKILL)
        process.wait()
        return True
    if fault == "engine":
        engine.stop()
        time.sleep(1)
        engine.start()
        return True
    containers = engine.containers()
    if not containers:
        return False
    one = draw.choice(containers)
    if fault == "container":
        return engine.docker("kill", one).returncode == 0
    pid = engine.supervisor(one)
    if pid is None:
        return False
    try:
        os.kill(pid, signal.SIGSTOP if fault == "wedged" else signal.SIGKILL)
    except ProcessLookupError:
        return False
    return True


def torment(
    engine: Engine, file: Path, out: Path, count: int, faults: int, workers: int, seed: int
) -> Counter[str]:
    """Verify to the end while things are killed, evenly over the items. What is lost in two tries is by contract the
    program's doing, so a fault waits until every job that the last one hit has its verdict."""
    draw, made = random.Random(seed), Counter[str]()
    process = start(file, out, workers, engine.host)
    over = 0
    while True:
        due = max(sum(made.values()) * count // faults, over)
        if process.poll() is not None:
            if process.returncode == 0 and done(out) >= count:
                return made
            process = start(file, out, workers, engine.host)
        elif sum(made.values()) < faults and done(out) >= due:
            fault = draw.choices(FAULTS, WEIGHTS)[0]
            if commit(fault, engine, process, draw):
                made[fault] += 1
                over = min(done(out) + 2 * workers, count)
                print(
                    f"{sum(made.values()):4} {fault:10} after {done(out)} verdicts",
                    file=sys.stderr,
                    flush=True,
                )
        time.sleep(draw.uniform(0.02, 0.2))


def report(expected: dict[str, str], out: Path, engine: Engine) -> dict[str, Any]:
    found = lines(out)
    times = Counter(line["id"] for line in found)
    wrong = [
        f"{one['id']}: {one['verdict']}, not {expected[one['id']]}"
        for one in found
        if one["verdict"] != expected[one["id"]]
    ]
    time.sleep(2)
    return {
        "verdicts": len(found),
        "missing": sorted(expected.keys() - times.keys()),
        "doubled": sorted(i for i, n in times.items() if n > 1),
        "wrong": wrong,
        "containers_left": engine.containers(),
    }


def main() -> int:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--items", type=int, default=2000)
    parser.add_argument("--faults", type=int, default=100)
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--seed", type=int, default=0)
    given = parser.parse_args()
    image = image_for("python")
    folder = Path(tempfile.mkdtemp(prefix="faults-"))
    engine = Engine(folder)
    file, quiet, out = folder / "items.jsonl", folder / "quiet.jsonl", folder / "out.jsonl"
    work = items(given.items, image)
    file.write_text("".join(json.dumps(item) + "\n" for item in work))
    engine.start()
    try:
        engine.take(image, base_image())
        if start(file, quiet, given.workers, engine.host).wait():
            raise RuntimeError("verify failed before anything was killed")
        expected = {line["id"]: line["verdict"] for line in lines(quiet)}
        print(f"{len(expected)} items, nothing killed: {dict(Counter(expected.values()))}", flush=True)
        begun = time.monotonic()
        made = torment(engine, file, out, given.items, given.faults, given.workers, given.seed)
        found = report(expected, out, engine)
        print(f"{sum(made.values())} faults in {time.monotonic() - begun:.0f} s: {dict(made)}")
        print(json.dumps(found, indent=1))
        if found["wrong"]:
            print("what was said:", [one for one in lines(out) if one["verdict"] != expected[one["id"]]])
    finally:
        engine.stop()
        shutil.rmtree(folder, ignore_errors=True)
    return (
        0
        if found["verdicts"] == given.items and not any(v for k, v in found.items() if k != "verdicts")
        else 3
    )


if __name__ == "__main__":
    sys.exit(main())
