"""`view`: a corpus in a browser, on loopback. Pages are made on the server, without script; nothing can be changed.

What came from models and sandboxes is made printable and escaped. A page of another site cannot read this one: requests
must name this host, and no resource may come from elsewhere.
"""

import asyncio
import json
from collections.abc import Awaitable, Callable
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import urlencode

from execfeedback.corpus import Corpus
from execfeedback.errors import InputError
from execfeedback.printable import printable, shortened
from execfeedback.report import render, story
from execfeedback.report.page import environment, tests_text
from execfeedback.types import GateResult, Trajectory

if TYPE_CHECKING:
    from aiohttp import web

COLUMNS = {
    "record": ("problem", "attempts", "origin", "style", "difficulty", "source"),
    "rejection": ("problem", "reason"),
    "trajectory": ("problem", "sample", "stopped", "attempts"),
}
"""What the list of a kind shows."""
TABLES = {"record": "records", "rejection": "rejections", "trajectory": "trajectories"}
PAGE = 50
HEADERS = {
    "Content-Security-Policy": "default-src 'none'; style-src 'unsafe-inline'; form-action 'self'; frame-ancestors 'none'; "
    "base-uri 'none'",
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cache-Control": "no-store",
}
HOSTS = ("127.0.0.1", "localhost")

Page = Callable[["web.Request", Corpus], str]


def application(path: Path) -> "web.Application":
    """The viewer of one corpus, which is opened for each request: it may grow meanwhile. Raises InputError."""
    from aiohttp import web

    Corpus(path).close()

    def handler(page: Page) -> Callable[["web.Request"], Awaitable["web.Response"]]:
        async def answer(request: "web.Request") -> "web.Response":
            if request.host.rpartition(":")[0] not in HOSTS:
                raise web.HTTPForbidden(text="this viewer answers to 127.0.0.1 and localhost alone")
            text = await asyncio.to_thread(_page, page, request, path)
            return web.Response(text=text, content_type="text/html", headers=HEADERS)

        return answer

    made = web.Application()
    made.router.add_get("/", handler(_list))
    made.router.add_get("/report", handler(lambda _, corpus: render(corpus, version("execfeedback"))))
    made.router.add_get("/{kind:record|rejection|trajectory}/{id:[0-9a-f]+}", handler(_one))
    return made


def _page(page: Page, request: "web.Request", path: Path) -> str:
    from aiohttp import web

    with Corpus(path) as corpus:
        try:
            text = page(request, corpus)
        except InputError as error:
            raise web.HTTPNotFound(text=printable(str(error))) from error
    return text.encode("utf-8", "replace").decode()


def _list(request: "web.Request", corpus: Corpus) -> str:
    """A kind's rows, those whose problem's id holds `q`, a page at a time."""
    kind = request.query.get("kind", "record")
    text, start = request.query.get("q", ""), request.query.get("from", "0")
    if kind not in COLUMNS or not start.isdecimal() or len(start) > 12:
        raise InputError("there is no such list")
    columns, first = COLUMNS[kind], int(start)
    query = f"SELECT id, {', '.join(columns)} FROM {TABLES[kind]} WHERE instr(problem, ?) > 0 ORDER BY rowid LIMIT ? OFFSET ?"
    rows = corpus.select(query, text, PAGE + 1, first)

    def address(**changed: str | int) -> str:
        return "/?" + urlencode({"kind": kind, "q": text, "from": 0} | changed)

    content = {
        "name": corpus.path.name,
        "counts": corpus.counts(),
        "kinds": {one: address(kind=one) for one in COLUMNS},
        "kind": kind,
        "columns": columns,
        "rows": rows[:PAGE],
        "q": text,
        "before": address(**{"from": max(0, first - PAGE)}) if first else "",
        "after": address(**{"from": first + PAGE}) if len(rows) > PAGE else "",
    }
    return str(environment().get_template("view_list.html.j2").render(content))


def _one(request: "web.Request", corpus: Corpus) -> str:
    """A record, rejection or trajectory from problem to end."""
    kind, id = request.match_info["kind"], request.match_info["id"]
    value = getattr(corpus, kind)(id)
    trajectory: Trajectory = value if kind == "trajectory" else corpus.trajectory(value.trajectory)
    gates = corpus.gate_results(id) if kind == "trajectory" else value.gates
    tests = value.item.tests if kind == "record" else trajectory.suite.tests if trajectory.suite else ""
    content = {
        "kind": kind,
        "id": id,
        "name": corpus.path.name,
        "trajectory": trajectory,
        "trajectory_id": id if kind == "trajectory" else value.trajectory,
        "tries": story.tries(trajectory.attempts),
        "tests": tests_text(tests),
        "gates": [(gate, _evidence(gate)) for gate in gates],
        "reason": value.reason if kind == "rejection" else "",
        "whole": shortened(
            printable(json.dumps(value.model_dump(mode="json", by_alias=True), indent=1)), 5000, 200_000
        ),
    }
    return str(environment().get_template("view_one.html.j2").render(content))


def _evidence(gate: GateResult) -> str:
    return (
        shortened(printable(json.dumps(gate.evidence, indent=1, ensure_ascii=False))) if gate.evidence else ""
    )
