"""The viewer: every page of a corpus, hostile text that stays text, requests that are refused; in a real browser too."""

import asyncio
import re
import shutil
import signal
import subprocess
import sys
from html.parser import HTMLParser
from pathlib import Path

import aiohttp
import pytest

from execfeedback import ids
from execfeedback.corpus import CorpusWriter
from execfeedback.errors import InputError
from execfeedback.loopback import Serving
from execfeedback.types import (
    Attempt,
    Failure,
    GateResult,
    Item,
    Problem,
    Record,
    Rejection,
    Solution,
    TestSuite,
    Trajectory,
    Verdict,
)
from execfeedback.viewer import PAGE, application

EVIL = "<script>document.title='owned'</script><img src=x onerror=\"document.title='owned'\">\x1b[31m\u202e"
CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser")


def attempts(text: str) -> tuple[Attempt, ...]:
    failure = Failure(test=f"assert {text}", message=text, traceback=text)
    wrong = Verdict(id="i", verdict="wrong_answer", passed=False, failure=failure, stdout=text)
    right = Verdict(id="i", verdict="passed", passed=True)
    return (
        Attempt(solution=Solution(code=f"x = 1  # {text}\n", author="m"), verdict=wrong, feedback=text),
        Attempt(solution=Solution(code="x = 2\n", author="m"), verdict=right),
    )


def trajectory(problem: str, text: str) -> Trajectory:
    suite = TestSuite(style="asserts", tests=f"assert x == 2  # {text}\n")
    return Trajectory(
        problem=Problem(id=problem, statement=text, difficulty=text), suite=suite, attempts=attempts(text), stopped="passed",
        notes=(text,),
    )  # fmt: skip


def record(of: Trajectory, text: str) -> Record:
    gates = (GateResult(gate="static", version="1", passed=True, evidence={text: text}),)
    item = Item(id="i", language="python", solution="x = 2\n", tests=text)
    return Record(
        id=ids.digest([of.problem.id]), problem=of.problem, item=item,
        origin="synthetic", attempts=of.attempts, repaired=True, gates=gates, integrity="split", environment="e",
        trajectory=ids.digest(of),
    )  # fmt: skip


@pytest.fixture(scope="module")
def corpus(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Records of 60 tame problems; of a hostile one a record and a rejection."""
    path = tmp_path_factory.mktemp("view") / "c.db"
    with CorpusWriter(path) as writer:
        for number in range(60):
            made = trajectory(f"tame/{number:02}", "say x")
            writer.put_trajectory(f"u{number}", made)
            writer.admit(f"u{number}", record(made, "assert x == 2\n"))
        for number, kind in enumerate(("record", "rejection")):
            made = trajectory(f"evil {number} {EVIL}", EVIL)
            writer.put_trajectory(f"e{number}", made)
            gate = GateResult(gate="stable", version="1", passed=False, reason="flaky", evidence={EVIL: EVIL})
            refused = Rejection(
                id=ids.digest(EVIL),
                problem=made.problem.id,
                trajectory=ids.digest(made),
                reason="stable:flaky",
                gates=(gate,),
            )
            writer.admit(f"e{number}", record(made, EVIL) if kind == "record" else refused)
    return path


class Seen(HTMLParser):
    """Tags with their attributes, and links."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.links: list[str] = []
        self.handlers: list[str] = []
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.links += [value or "" for name, value in attrs if name in ("href", "src", "action")]
        self.handlers += [name for name, _ in attrs if name.startswith("on")]


async def got(address: str, path: str, **headers: str) -> tuple[int, str]:
    async with aiohttp.ClientSession() as session, session.get(address + path, headers=headers) as answer:
        if answer.status == 200:
            assert "default-src 'none'" in answer.headers["Content-Security-Policy"]
        return answer.status, await answer.text()


async def test_every_link_leads_to_a_page_without_script(corpus: Path) -> None:
    async with Serving(application(corpus)) as address:
        waiting, visited, pages = ["/"], {"/"}, []
        while waiting:
            status, page = await got(address, waiting.pop())
            assert status == 200
            pages.append(page)
            seen = Seen(page)
            assert not {"script", "img", "iframe", "object"} & set(seen.tags) and not seen.handlers
            assert "\x1b" not in page and "\u202e" not in page
            new = set(seen.links) - visited
            assert all(link.startswith("/") for link in new)
            visited |= new
            waiting += new
    assert len([link for link in visited if link.startswith("/record/")]) == 61
    assert any("&lt;script&gt;" in page for page in pages) and any(
        "what changed" in page or "diff" in page for page in pages
    )


async def test_a_trajectory_without_an_attempt_has_a_page(tmp_path: Path) -> None:
    empty = Trajectory(problem=Problem(id="p", statement="say x"), stopped="exhausted", notes=("no code",))
    refused = Rejection(id="0a", problem="p", trajectory=ids.digest(empty), reason="exhausted")
    with CorpusWriter(tmp_path / "c.db") as writer:
        id = writer.put_trajectory("u", empty)
        writer.admit("u", refused)
    async with Serving(application(tmp_path / "c.db")) as address:
        for path in (f"/trajectory/{id}", "/rejection/0a"):
            status, page = await got(address, path)
            assert status == 200 and "no code" in page and "exhausted" in page


async def test_lists_are_paged_and_searched(corpus: Path) -> None:
    async with Serving(application(corpus)) as address:
        (_, first), (_, second) = [await got(address, f"/?kind=record&from={start}") for start in (0, PAGE)]
        (_, found), (_, none) = [await got(address, f"/?kind=record&q={text}") for text in ("tame/07", "%25")]
    counts = [len(re.findall(r'href="/record/', page)) for page in (first, second, found, none)]
    assert counts == [50, 11, 1, 0]
    assert ">after</a>" in first and ">before</a>" in second and ">after</a>" not in second


async def test_what_is_not_there_and_who_may_not_ask(corpus: Path) -> None:
    async with Serving(application(corpus)) as address:
        for path in (
            "/record/00ff",
            "/?kind=calls",
            "/?from=-1",
            "/?from=x",
            "/calls/00",
            "/record/..%2f..",
            "/nope",
        ):
            assert (await got(address, path))[0] == 404
        assert (await got(address, "/", Host="evil.example"))[0] == 403
        assert (await got(address, "/", Host="localhost:1"))[0] == 200
        async with aiohttp.ClientSession() as session, session.post(address + "/") as answer:
            assert answer.status == 405
    with pytest.raises(InputError, match="no such corpus"):
        application(corpus.with_name("none.db"))


def test_the_command_serves_until_it_is_stopped(corpus: Path) -> None:
    program = "import sys; from execfeedback.cli import main; sys.argv[0] = 'execfeedback'; main()"
    argv = [sys.executable, "-c", program, "view", str(corpus)]
    with subprocess.Popen(argv, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        address = process.stdout.readline().strip()
        status, page = asyncio.run(got(address, "/"))
        process.send_signal(signal.SIGINT)
        assert process.wait(20) == 130
    assert address.startswith("http://127.0.0.1:") and status == 200 and "61 records" in page


@pytest.mark.slow
@pytest.mark.skipif(CHROMIUM is None, reason="chromium is not installed: apt-get install chromium")
async def test_in_a_browser_hostile_text_is_text(corpus: Path, tmp_path: Path) -> None:
    async with Serving(application(corpus)) as address:
        _, found = await got(address, "/?kind=rejection")
        link = next(link for link in Seen(found).links if link.startswith("/rejection/"))
        argv = [
            str(CHROMIUM), "--headless", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage",
            f"--user-data-dir={tmp_path}",
            "--virtual-time-budget=2000", "--dump-dom", address + link,
        ]  # fmt: skip
        browser = await asyncio.create_subprocess_exec(
            *argv, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.DEVNULL
        )
        dom = (await asyncio.wait_for(browser.communicate(), 120))[0].decode()
    assert "<title>evil 1" in dom and "owned'&lt;/script&gt;" in dom
    seen = Seen(dom)
    assert not {"script", "img"} & set(seen.tags)
