"""A thousand callers in one moment, and no room for any: how long does the one wait that waits longest?

    python benchmarks/service_rush.py [--callers 1000] [--rounds 10]

Each caller is a plain socket that connects and sends one request for a run while slot and queue are held. In the same run,
in turns, the same callers ask uvicorn on the same event loop and parser with a fixed answer behind it: what nothing over
uvicorn can beat. Written: the longest wait of a round in ms, from before the connection to the answer (median over the rounds,
and the slowest round), and the ratio. The callers share the machine's cores with the service. Exits with 3 over 100 ms.
"""

import argparse
import json
import os
import select
import selectors
import socket
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

FIXED = """
import socket, uvicorn, uvloop
body = b'{"error": "queue"}'
head = {"type": "http.response.start", "status": 429, "headers": [(b"content-length", b"%d" % len(body))]}
async def app(scope, receive, send):
    while (await receive()).get("more_body"):
        pass
    await send(head)
    await send({"type": "http.response.body", "body": body})
sock = socket.create_server(("127.0.0.1", 0), backlog=2048)
sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
print("http://127.0.0.1:%d" % sock.getsockname()[1], flush=True)
config = uvicorn.Config(app, http="httptools", lifespan="off", log_level="warning", access_log=False)
uvloop.run(uvicorn.Server(config).serve(sockets=[sock]))
"""
OURS = "from execfeedback.cli import main; main()"
REFUSAL_S = 0.1
HELD = "import time\ntime.sleep(300)"


def item(text: str) -> bytes:
    tests = [{"stdin": "", "stdout": ""}]
    shape = {"id": "rush", "language": "python", "solution": text, "style": "stdio", "tests": tests}
    return json.dumps({**shape, "limits": {"wall_s": 300}}).encode()


def asking(path: str, body: bytes) -> bytes:
    head = f"POST {path} HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: application/json\r\n"
    return head.encode() + b"Content-Length: %d\r\n\r\n" % len(body) + body


@contextmanager
def served(code: str, *words: str) -> Iterator[str]:
    """The address of a server, until the block ends."""
    with tempfile.TemporaryFile() as log:
        argv = [sys.executable, "-c", code, *words]
        process = subprocess.Popen(argv, stdout=subprocess.PIPE, stderr=log, text=True)
        try:
            assert process.stdout is not None
            yield process.stdout.readline().strip()
        finally:
            process.terminate()
            process.wait(60)


def filled(address: str) -> list[socket.socket]:
    """Callers whose programs hold the slot and the queue, as long as they are connected. The one after them is refused."""
    held = list[socket.socket]()
    while not held or not select.select(held[-1:], [], [], 1)[0]:
        held.append(socket.create_connection(at(address)))
        held[-1].sendall(asking("/v1/verify", item(HELD)))
    return held


def at(address: str) -> tuple[str, int]:
    host, _, port = address.removeprefix("http://").partition(":")
    return host, int(port)


def rush(address: str, callers: int, request: bytes) -> float:
    """Seconds that the slowest caller waited. Raises RuntimeError if one is not refused."""
    waiting, waits = selectors.EpollSelector(), list[float]()
    for number in range(callers):
        began = time.monotonic()
        one = socket.create_connection(at(address))
        one.sendall(request)
        waiting.register(one, selectors.EVENT_READ, began)
        if number % 20 == 0:  # what is there by now is read as a caller of its own would
            waits += answered(waiting, 0)
    while len(waits) < callers:
        if not (found := answered(waiting, 10)):
            raise RuntimeError(f"{callers - len(waits)} were not answered in ten seconds")
        waits += found
    return max(waits)


def answered(waiting: selectors.EpollSelector, patience_s: float) -> list[float]:
    """How long each waited that has its answer now."""
    waits = list[float]()
    for key, _ in waiting.select(patience_s):
        one = key.fileobj
        assert isinstance(one, socket.socket)
        answer = one.recv(65536)
        waits.append(time.monotonic() - key.data)
        waiting.unregister(one)
        one.close()
        if b" 429 " not in answer.partition(b"\r\n")[0]:
            raise RuntimeError(f"one was not refused: {answer[:200]!r}")
    return waits


def told(name: str, times: list[float]) -> dict[str, Any]:
    middle, slowest = statistics.median(times), max(times)
    return {"side": name, "longest_wait_ms": round(1000 * middle), "slowest_round_ms": round(1000 * slowest)}


def main() -> int:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--callers", type=int, default=1000)
    parser.add_argument("--rounds", type=int, default=10)
    given = parser.parse_args()
    request = asking("/v1/verify", item("pass"))
    times: dict[str, list[float]] = {"service": [], "fixed answer": []}
    options = ("--port", "0", "--workers", "1", "--queue", "1", "--wait-s", "300")
    with served(OURS, "serve", *options) as service, served(FIXED) as fixed:
        held = filled(service)
        for _ in range(given.rounds):
            for name, address in zip(times, (service, fixed), strict=True):
                time.sleep(0.3)
                times[name].append(rush(address, given.callers, request))
        for one in held:
            one.close()
    for name, found in times.items():
        print(json.dumps(told(name, found)))
    ours, theirs = (statistics.median(found) for found in times.values())
    print(f"{given.callers} callers, {os.cpu_count()} cores: {ours / theirs:.2f} of the fixed answer's time")
    return 3 if ours > REFUSAL_S else 0


if __name__ == "__main__":
    sys.exit(main())
