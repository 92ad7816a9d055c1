"""A corpus as one HTML page: no script, no resource from elsewhere, and what came from outside escaped."""

import time
from functools import cache
from typing import Any

from execfeedback.confidence import fitted
from execfeedback.corpus import Corpus
from execfeedback.corpus.spent import price, spent, whole
from execfeedback.printable import printable, shortened
from execfeedback.report import figures, samples, story
from execfeedback.report.calibration import calibration
from execfeedback.report.flow import flow
from execfeedback.types import Tests

TEMPLATE = "page.html.j2"


def render(corpus: Corpus, version: str = "") -> str:
    """The whole page. Reads the corpus as it is now, also while it grows."""
    text: str = environment().get_template(TEMPLATE).render(_content(corpus), version=version)
    return text


def _content(corpus: Corpus) -> dict[str, Any]:
    counts, outcomes = corpus.counts(), figures.outcomes(corpus)
    tried, kept = figures.problems_seen(corpus)
    return {
        "name": corpus.path.name,
        "written": time.strftime("%Y-%m-%d %H:%M UTC", time.gmtime()),
        "counts": counts,
        "problems_tried": tried,
        "problems_kept": kept,
        "flow": flow(counts, outcomes),
        "by_attempt": figures.passed_by_attempt(corpus),
        "stops": figures.stops(corpus),
        "failing": figures.failing_verdicts(corpus),
        "gates": figures.gates(corpus),
        "retention": figures.retention(corpus),
        "rejections": _rejections(corpus),
        "confidence": figures.confidence(corpus),
        "calibration": calibration(fitted()),
        "spreads": _spreads(corpus),
        "models": figures.models(corpus),
        "spent": _spent(corpus),
        "shared": samples.shared(corpus),
        "samples": samples.tables(corpus),
        "runs": corpus.runs(),
        "environments": corpus.environments(),
        "story": _story(corpus),
    }


def _spreads(corpus: Corpus) -> list[tuple[str, Any]]:
    columns = ("difficulty", "style", "source", "origin")
    return [("topic", figures.topics(corpus)), *((name, figures.spread(corpus, name)) for name in columns)]


def _rejections(corpus: Corpus) -> list[tuple[figures.Bar, Any]]:
    """Every reason with its count and examples, the commonest first."""
    reasons = figures.bars(corpus.tally("rejections", "reason").items())
    return [(bar, story.rejected(corpus, bar.label)) for bar in reasons]


def _spent(corpus: Corpus) -> list[dict[str, Any]]:
    """Rows of what was paid for what, and all of it; nothing where nothing was paid."""
    parts = spent(corpus)
    total, records = whole(parts), corpus.counts().records
    if not (total.tokens or total.usd or total.without_price):
        return []
    each = {"tokens": total.tokens / records, "price": price(total, records)} if records else None
    rows = [{"part": part, "price": price(part), "each": None} for part in parts if part.calls]
    return [*rows, {"part": total, "price": price(total), "each": each}]


def _story(corpus: Corpus) -> dict[str, Any] | None:
    record = story.chosen(corpus)
    if record is None:
        return None
    return {"record": record, "tries": story.tries(record.attempts), "tests": tests_text(record.item.tests)}


def tests_text(tests: Tests) -> str:
    """Tests as a person reads them: as they are, or a case a line."""
    if isinstance(tests, str):
        return shortened(printable(tests))
    return shortened(printable("\n".join(case.model_dump_json(exclude_defaults=True) for case in tests)))


@cache
def environment() -> Any:
    """Where the templates of this folder are rendered: escaped by default, an unknown name is an error."""
    from jinja2 import Environment, PackageLoader, StrictUndefined

    environment = Environment(
        loader=PackageLoader("execfeedback.report", "."),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters |= {"code": highlighted, "printable": printable, "number": number, "day": _day}
    return environment


def highlighted(code: str) -> Any:
    """Python text as escaped HTML with a class for each token, coloured by the page's own style."""
    from markupsafe import Markup
    from pygments import highlight  # type: ignore[import-untyped]
    from pygments.formatters import HtmlFormatter  # type: ignore[import-untyped]
    from pygments.lexers import PythonLexer  # type: ignore[import-untyped]

    return Markup(highlight(printable(code), PythonLexer(stripnl=False), HtmlFormatter(nowrap=True)))


def number(value: float) -> str:
    """An amount with thin spaces between thousands."""
    return f"{value:,.0f}".replace(",", "\u202f")


def _day(seconds: float) -> str:
    return time.strftime("%Y-%m-%d %H:%M UTC", time.gmtime(seconds))
