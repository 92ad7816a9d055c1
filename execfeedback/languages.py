"""Languages as data: one TOML each in `sandboxes/languages/`. Only what differs, and the programs that prove it works."""

import tomllib
from functools import cache
from pathlib import Path

from pydantic import ValidationError

from execfeedback.errors import InputError
from execfeedback.types import Limits, Style, Value


class Proof(Value):
    """A program that must pass and one that must fail."""

    style: Style
    tests: str
    passes: str
    fails: str
    entry_point: str | None = None


class Language(Value):
    name: str
    aliases: tuple[str, ...] = ()
    image: str
    """The environment whose image speaks it."""
    source: str
    """File name of a solution that comes as one text."""
    run: tuple[str, ...]
    warm: bool = False
    """`run` may be a fork of a warm interpreter."""
    split: bool = False
    """Tests in this language can be judged outside the solution's process."""
    limits: Limits = Limits()
    proof: Proof


def folder() -> Path:
    """Where the language files are: in a source checkout, or in the installed package."""
    here = Path(__file__).resolve().parent
    for sandboxes in (here / "_sandboxes", here.parent / "sandboxes"):
        if (sandboxes / "languages").is_dir():
            return sandboxes / "languages"
    raise InputError(
        "the installation is incomplete: sandboxes/languages is missing; install execfeedback again"
    )


@cache
def languages() -> dict[str, Language]:
    """Every language by its name."""
    found = [read(path) for path in sorted(folder().glob("*.toml"))]
    return {language.name: language for language in found}


def read(path: Path) -> Language:
    try:
        return Language.model_validate(tomllib.loads(path.read_text(encoding="utf-8")))
    except (tomllib.TOMLDecodeError, ValidationError) as error:
        raise InputError(f"{path}: {error}") from error


def language(name: str) -> Language:
    """The language of that name or alias; raises InputError that lists what there is."""
    known = languages()
    if name in known:
        return known[name]
    for one in known.values():
        if name in one.aliases:
            return one
    raise InputError(f"unknown language {name!r}; there are: {', '.join(sorted(known))}")
