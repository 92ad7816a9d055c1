"""Help says what its authors wrote: rich takes words in brackets for markup and drops them."""

from collections.abc import Iterator

import pytest
import typer
from rich.text import Text

from execfeedback.cli import app


def told(command: typer.core.TyperCommand | typer.core.TyperGroup, name: str) -> Iterator[tuple[str, str]]:
    """Name and text of everything that help shows of a command and of those below it."""
    yield name, command.help or ""
    for param in command.params:
        yield f"{name} {param.name}", getattr(param, "help", None) or ""
    for below, one in getattr(command, "commands", {}).items():
        yield from told(one, f"{name} {below}".strip())


TOLD = dict(told(typer.main.get_command(app), ""))


@pytest.mark.parametrize("name", sorted(TOLD))
def test_no_word_of_the_help_is_taken_for_markup(name: str) -> None:
    assert Text.from_markup(TOLD[name]).plain == TOLD[name]
