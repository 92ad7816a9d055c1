"""Functions out of other people's repositories, as seeds: code without a task, from which problems are made.

A line is `{"id", "language", "name", "code", "source": {"repo", "path", "line", "commit", "licence"}}`, for Python with the
`imports` that the function uses. A seed has no statement: when a corpus is grown of it, the writer invents a problem that it
inspires, or (`problems backtranslate`) documents it. Only snippets under free licences are taken.
"""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from pydantic import ConfigDict, Field

from execfeedback.importers import LeftOut, problems_of
from execfeedback.languages import language
from execfeedback.types import Derivation, Problem, Source, Value

NAME = "snippets"
FREE = frozenset(
    {
        "MIT",
        "MIT-0",
        "BSD-2-Clause",
        "BSD-3-Clause",
        "Apache-2.0",
        "ISC",
        "Unlicense",
        "CC0-1.0",
        "0BSD",
        "Zlib",
    }
)
"""SPDX names of licences that allow any use."""


class Place(Value):
    """Where a snippet lies."""

    model_config = ConfigDict(extra="ignore")

    repo: str
    path: str
    line: int | None = None
    commit: str
    licence: str


class Row(Value):
    """A line of a file of snippets."""

    model_config = ConfigDict(extra="ignore")

    id: str = Field(min_length=1)
    language: str
    name: str | None = None
    code: str = Field(min_length=1)
    imports: tuple[str, ...] = ()
    source: Place


def read(path: Path) -> Iterator[Problem]:
    """Seeds of a file. Raises InputError naming file, line and field."""
    return problems_of(path, Row, problem)


def problem(row: dict[str, Any]) -> Problem:
    """One row as a seed. Raises LeftOut for a licence that is not free, InputError for an unknown language."""
    given = Row.model_validate(row)
    if given.source.licence not in FREE:
        raise LeftOut(f"{given.id}: licence {given.source.licence!r} is none of {', '.join(sorted(FREE))}")
    spoken = language(given.language)
    code = "\n".join([*given.imports, "\n", given.code]) if given.imports else given.code
    return Problem(
        id=given.id,
        statement="",
        language=spoken.name,
        style="cases" if spoken.cases and not spoken.split else None,
        source=_source(given.source),
        derived=Derivation(how="inspired", language=spoken.name, code=f"{code.rstrip()}\n", name=given.name),
    )


def _source(place: Place) -> Source:
    line = f"#L{place.line}" if place.line else ""
    url = f"https://github.com/{place.repo}/blob/{place.commit}/{place.path}{line}"
    return Source(name=place.repo, licence=place.licence, url=url, commit=place.commit)
