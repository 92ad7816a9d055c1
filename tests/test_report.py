"""The report page: right numbers, nothing hostile gets out of its text, nothing is loaded from elsewhere."""

import math
import re
from html.parser import HTMLParser
from pathlib import Path

import pytest

from execfeedback import ids
from execfeedback.corpus import Corpus, CorpusWriter
from execfeedback.report import figures, render, story
from execfeedback.report.flow import flow
from execfeedback.types import (
    Attempt,
    Case,
    Failure,
    GateResult,
    Item,
    ModelCall,
    Problem,
    Record,
    Rejection,
    Review,
    Solution,
    Source,
    Trajectory,
    Verdict,
)

HOSTILE = "<script>alert('x')</script>\x1b[2J</pre><img src=http://evil.example/x onerror=alert(1)>{{ 7*7 }}"
GOOD = """def area(width, height):
    '''Area of a rectangle.'''
    if width < 0:
        raise ValueError
    return width * height


UNIT = 1
"""


def a_trajectory(n: int, tries: int, passes: bool, hostile: str = "") -> Trajectory:
    def attempt(k: int) -> Attempt:
        good = passes and k == tries - 1
        wrong = GOOD.replace("*", "+-/"[k % 3]) + f"# {n} {hostile}"
        failure = Failure(
            test=f"assert area(2, 3) == 6 {hostile}",
            message=f"5 == 6 {hostile}",
            traceback=f"Traceback (most recent call last):\n  solution.py, line 5\nTypeError: {hostile}",
        )
        return Attempt(
            solution=Solution(code=GOOD if good else wrong, author="m"),
            verdict=Verdict(
                id="i",
                verdict="passed" if good else ("wrong_answer", "runtime_error")[k % 2],
                passed=good,
                reasons=() if good else ("assertion",),
                failure=None if good else failure,
                environment="sha256:ab",
                language_version="3.13.5",
                cpu_s=0.01,
            ),
            feedback="" if good else f"The test failed: 5 == 6. {hostile}",
        )

    problem = Problem(
        id=f"demo/{n}{hostile}",
        statement=f"Area of a rectangle. {hostile}",
        tags=("geometry", f"t{n % 3}{hostile}"),
        difficulty=("easy", "medium")[n % 2] + hostile,
        source=Source(name="demo" + hostile),
        holdout=(Case(expected=math.nan),),
    )
    return Trajectory(
        problem=problem,
        sample=n,
        attempts=tuple(attempt(k) for k in range(tries)),
        stopped="passed" if passes else "attempts",
    )


def a_corpus(path: Path, hostile: str = "") -> None:
    """Six repaired or right trajectories, of which one is refused by a gate, and two that never pass."""
    with CorpusWriter(path) as writer:
        writer.start_run({"generator": "mutate" + hostile, "seed": 7, "samples": 2, "gates": ["stable"]})
        for price in (0.5, None):
            writer.put(
                ModelCall(
                    id=str(price),
                    kind="solution",
                    messages=(),
                    text="",
                    model=f"m{price}{hostile}",
                    prompt="",
                    seed=0,
                    cost_usd=price,
                    tokens_in=1200,
                )
            )
        for n in range(8):
            passes = n < 6
            trajectory = a_trajectory(n, 4 if not passes else 1 + n % 3, passes, hostile)
            writer.put_trajectory(f"u{n}", trajectory)
            gate = GateResult(
                gate="stable",
                version="1",
                passed=n != 5,
                reason="" if n != 5 else "flaky",
                evidence={"said": hostile or "flipped", "seeds": [1, 2]},
            )
            writer.admit(f"u{n}", outcome(trajectory, gate, n))


def outcome(trajectory: Trajectory, gate: GateResult, n: int) -> Record | Rejection:
    id = ids.digest(trajectory)
    if trajectory.stopped != "passed":
        return Rejection(id=f"x{n}", problem=trajectory.problem.id, trajectory=id, reason="attempts")
    if not gate.passed:
        reason = f"{gate.gate}:{gate.reason}"
        return Rejection(
            id=f"x{n}", problem=trajectory.problem.id, trajectory=id, reason=reason, gates=(gate,)
        )
    item = Item(
        id="i",
        language="python",
        solution=trajectory.attempts[-1].solution.code,
        tests="assert area(2, 3) == 6",
    )
    return Record(
        id=f"r{n}",
        problem=trajectory.problem,
        item=item,
        origin="synthetic",
        attempts=trajectory.attempts,
        repaired=len(trajectory.attempts) > 1,
        gates=(gate,),
        integrity="split",
        environment="sha256:ab",
        trajectory=id,
    )


class Page(HTMLParser):
    """Tags, attributes and text of a page."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.attributes: list[tuple[str, str | None]] = []
        self.text = ""
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.attributes += attrs

    def handle_data(self, data: str) -> None:
        self.text += data


@pytest.fixture
def page(tmp_path: Path) -> Page:
    a_corpus(tmp_path / "c.db")
    with Corpus(tmp_path / "c.db") as corpus:
        return Page(render(corpus, "0.1.0"))


def test_records_and_distinct_solutions_are_told_apart(page: Page) -> None:
    text = re.sub(r"\s+", " ", page.text)
    assert "5 records teach 5 distinct final solutions" not in text
    assert re.search(r"5\s*records", text)
    assert "stable" in text
    assert "flaky" in text
    assert "unknown" in text
    assert "sha256:ab" in text
    assert "3.13.5" in text
    assert "flipped" in text


def test_one_story_shows_code_failure_and_diff(page: Page) -> None:
    assert "One record, from problem to fix" in page.text
    assert "-    return width + height" in page.text
    assert "+    return width * height" in page.text
    assert "solution.py, line 5" in page.text


def test_the_page_needs_nothing_but_itself(page: Page) -> None:
    assert not {"script", "link", "img", "iframe", "object", "base"} & set(page.tags)
    names = {name for name, _ in page.attributes}
    assert not {"src", "href", "srcset", "data", "action"} & names
    assert not [name for name in names if name.startswith("on")]


def test_no_address_of_anything_is_in_the_page(tmp_path: Path) -> None:
    a_corpus(tmp_path / "c.db")
    with Corpus(tmp_path / "c.db") as corpus:
        text = render(corpus)
    assert "http:" not in text
    assert "https:" not in text
    assert "url(" not in text
    assert "@import" not in text


def test_hostile_text_stays_text(tmp_path: Path) -> None:
    a_corpus(tmp_path / "c.db", HOSTILE)
    with Corpus(tmp_path / "c.db") as corpus:
        text = render(corpus)
    page = Page(text)
    assert not {"script", "img"} & set(page.tags)
    assert not [name for name, _ in page.attributes if name in ("src", "onerror")]
    assert "\x1b" not in text
    assert "{{ 7*7 }}" in page.text
    assert page.text.count("<script>alert(") >= 5


def test_an_empty_corpus_has_a_report(tmp_path: Path) -> None:
    CorpusWriter(tmp_path / "c.db").close()
    with Corpus(tmp_path / "c.db") as corpus:
        assert "no gate has looked at anything yet" in render(corpus)


def test_figures_are_the_corpus(tmp_path: Path) -> None:
    a_corpus(tmp_path / "c.db")
    with Corpus(tmp_path / "c.db") as corpus:
        passed = [(bar.label, bar.amount) for bar in figures.passed_by_attempt(corpus)]
        assert passed == [("at once", 2), ("at attempt 2", 2), ("at attempt 3", 2), ("never", 2)]
        assert [(bar.label, bar.amount) for bar in figures.stops(corpus)] == [("attempts", 2)]
        failing = [(bar.label, bar.amount, bar.note) for bar in figures.failing_verdicts(corpus)]
        assert failing == [("wrong_answer", 8, "assertion"), ("runtime_error", 6, "assertion")]
        (gate,) = figures.gates(corpus)
        assert (gate.gate, gate.looked, gate.passed) == ("stable", 6, 5)
        assert [(bar.label, bar.amount) for bar in gate.reasons] == [("flaky", 1)]
        assert [model.cost_usd for model in figures.models(corpus)] == [0.5, None]
        assert {bar.label: bar.amount for bar in figures.topics(corpus)}["geometry"] == 5
        assert {bar.label: bar.amount for bar in figures.spread(corpus, "difficulty")} == {
            "easy": 3,
            "medium": 2,
        }
        assert figures.problems_seen(corpus) == (8, 5)
        assert figures.outcomes(corpus)[("failed", "rejected")] == 2


def test_the_story_prefers_a_repaired_record(tmp_path: Path) -> None:
    a_corpus(tmp_path / "c.db")
    with Corpus(tmp_path / "c.db") as corpus:
        record = story.chosen(corpus)
        assert record is not None
        assert record.repaired
        (example,) = story.rejected(corpus, "stable:flaky")
    assert (example.problem, example.evidence) == ("demo/5", "said: flipped\nseeds: [1, 2]")


def test_ribbons_fill_their_blocks(tmp_path: Path) -> None:
    a_corpus(tmp_path / "c.db")
    with Corpus(tmp_path / "c.db") as corpus:
        drawn = flow(corpus.counts(), figures.outcomes(corpus))
    assert [(block.kind, block.amount) for block in drawn.blocks] == [
        ("in", 8),
        ("once", 2),
        ("repaired", 4),
        ("failed", 2),
        ("record", 5),
        ("rejected", 3),
    ]
    assert len(drawn.ribbons) == 3 + 4


def test_a_diff_names_what_changed() -> None:
    changes = story.diff("a\nb\n", "a\nc\n")
    assert [(change.kind, change.text) for change in changes] == [
        ("at", "@@ -1,2 +1,2 @@"),
        ("same", " a"),
        ("del", "-b"),
        ("add", "+c"),
    ]


def test_what_was_kept_is_told_by_difficulty(tmp_path: Path) -> None:
    def reviews(*styles: bool) -> tuple[Review, ...]:
        return tuple(
            Review(attempt=at, call=f"{at}", correct=True, style=style) for at, style in enumerate(styles)
        )

    told = [("easy", "passed", ()), ("hard", "passed", (False, True)), ("hard", "passed", (False, False))]
    with CorpusWriter(tmp_path / "c.db") as writer:
        for number, (level, stopped, styles) in enumerate(
            [*told, ("hard", "attempts", ()), (None, "passed", (True,))]
        ):
            problem = Problem(id=f"p{number}", statement="s", difficulty=level)
            trajectory = Trajectory(problem=problem, stopped=stopped, reviews=reviews(*styles))
            writer.put_trajectory(f"u{number}", trajectory)
    with Corpus(tmp_path / "c.db") as corpus:
        rows = {row.difficulty: row for row in figures.retention(corpus)}
        page = render(corpus)
    assert list(rows) == ["hard", "easy", "not given"]
    hard = rows["hard"]
    assert (hard.trajectories, hard.passed, hard.records, hard.refused, hard.mended) == (3, 2, 0, 2, 1)
    assert (rows["easy"].refused, rows["not given"].refused) == (0, 0)
    assert "What was kept, by difficulty" in page
