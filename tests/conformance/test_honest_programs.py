"""What right programs do with the system goes on behind the wall."""

import pytest

from execfeedback.protocols import Sandbox
from execfeedback.sandbox.local import LocalSandbox
from execfeedback.types import Item
from execfeedback.verdicts import verdict_of

PROGRAMS = {
    "threads": """
from concurrent.futures import ThreadPoolExecutor
with ThreadPoolExecutor(4) as pool:
    print(sum(pool.map(lambda n: n, range(10))))
""",
    "forked processes": """
import multiprocessing
def work(pipe):
    pipe.send(45)
if __name__ == "__main__":
    context = multiprocessing.get_context("fork")
    ours, theirs = context.Pipe()
    child = context.Process(target=work, args=(theirs,))
    child.start()
    print(ours.recv())
    child.join()
""",
    "asyncio": """
import asyncio
async def main():
    async def answer(reader, writer):
        writer.write(await reader.readline())
        await writer.drain()
        writer.close()
    server = await asyncio.start_server(answer, "127.0.0.1", 0)
    reader, writer = await asyncio.open_connection(*server.sockets[0].getsockname())
    writer.write(b"45\\n")
    print((await reader.readline()).decode(), end="")
    writer.close()
    server.close()
asyncio.run(main())
""",
    "a subprocess": """
import subprocess, sys
print(subprocess.run([sys.executable, "-c", "print(45)"], capture_output=True, text=True, check=True).stdout, end="")
""",
    "temporary files": """
import mmap, os, tempfile
with tempfile.TemporaryDirectory() as folder:
    path = os.path.join(folder, "x")
    open(path, "w").write("45")
    os.symlink(path, path + "2")
    with open(path + "2", "rb") as file, mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as view:
        print(view[:].decode())
""",
    "signals and timers": """
import signal
def ring(*_):
    print(45)
signal.signal(signal.SIGALRM, ring)
signal.setitimer(signal.ITIMER_REAL, 0.01)
signal.pause()
""",
    "a sqlite file": """
import sqlite3
base = sqlite3.connect("x.db")
base.execute("create table t (n)")
base.executemany("insert into t values (?)", [(n,) for n in range(10)])
base.commit()
print(base.execute("select sum(n) from t").fetchone()[0])
""",
    "random and time": """
import os, random, secrets, time, uuid
time.sleep(0.001)
print(45 if os.urandom(2) and secrets.token_hex() and uuid.uuid4() and random.random() < 1 else 0)
""",
}


INET = {"asyncio"}


def without_sockets(sandbox: Sandbox) -> bool:
    """No network of its own is granted to the slot: there, sockets are closed whole."""
    return isinstance(sandbox, LocalSandbox) and sandbox.source.plan.network() != "loopback only"


@pytest.mark.parametrize("kind", sorted(PROGRAMS))
async def test_an_honest_program_runs(kind: str, sandbox: Sandbox) -> None:
    item = Item(
        id=kind,
        language="python",
        style="stdio",
        solution=PROGRAMS[kind],
        tests=({"stdin": "", "stdout": "45"},),
    )
    found = await verdict_of(item, sandbox)

    if kind in INET and without_sockets(sandbox):
        assert (found.verdict, "OSError" in found.stderr) == ("runtime_error", True), found.stderr
    else:
        assert (found.verdict, found.stderr) == ("passed", "")
