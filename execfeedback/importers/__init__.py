"""Other people's problem sets as problems. One module of this folder for each kind, found by its name."""

import ast
import importlib
import pkgutil
import sys
import warnings
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, Protocol, cast

from pydantic import BaseModel

from execfeedback.errors import InputError
from execfeedback.jsonl import parsed, read_rows
from execfeedback.problems import distinct
from execfeedback.types import Item, Problem


class LeftOut(ValueError):
    """Something is as it should be, and cannot be a problem here: it is left out with a note, and the others are read."""


class Importer(Protocol):
    """What a module here offers. `NAME` is the module's name with hyphens."""

    NAME: str

    def read(self, path: Path) -> Iterator[Problem]:
        """The problems of a file, in its order. Raises InputError naming file, line and field."""
        ...


class WithSubmissions(Importer, Protocol):
    """An importer of sets that bring solutions with the verdicts that they should get."""

    def submissions(self, path: Path) -> Iterator[Item]:
        """The set's own solutions as verify items, `expected` being the verdict. Raises InputError."""
        ...


def kinds() -> dict[str, str]:
    """Names of the kinds that exist -> module; read from the folder, so that a new file is a new kind."""
    names = sorted(
        module.name for module in pkgutil.iter_modules(__path__) if not module.name.startswith("_")
    )
    return {name.replace("_", "-"): f"{__name__}.{name}" for name in names}


def importer(kind: str) -> Importer:
    """The importer of a kind. Raises InputError listing the kinds that exist."""
    modules = kinds()
    if kind not in modules:
        raise InputError(f"there is no import kind '{kind}'; there are {', '.join(modules)}")
    return cast(Importer, importlib.import_module(modules[kind]))


def with_submissions(kind: str) -> WithSubmissions:
    """The importer of a kind whose sets bring solutions. Raises InputError where they do not."""
    found = importer(kind)
    if not hasattr(found, "submissions"):
        raise InputError(f"--items: sets of kind '{kind}' bring no submissions; leave it out")
    return cast(WithSubmissions, found)


def tree(field: str, text: str) -> ast.Module:
    """Syntax tree of upstream code. Raises ValueError naming the field when it is not Python."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # invalid escapes in other people's code
            return ast.parse(text)
    except SyntaxError as error:
        place = f" (line {error.lineno})" if error.lineno else ""
        raise ValueError(f"field '{field}': is not Python: {error.msg}{place}") from None
    except (ValueError, RecursionError, MemoryError) as error:
        raise ValueError(f"field '{field}': is not Python: {error}") from None


def problems_of(
    path: Path, row_model: type[BaseModel], problem: Callable[[dict[str, Any]], Problem]
) -> Iterator[Problem]:
    """Each line of a JSONL file through `problem`, after its fields were checked against `row_model`.

    A ValueError of `problem` becomes an InputError with file and line, a LeftOut a note; ids must be distinct.
    """

    def pairs() -> Iterator[tuple[str, Problem]]:
        for number, row in read_rows(path):
            where = f"{path}:{number}"
            parsed(row, row_model, where)
            try:
                yield where, problem(row)
            except LeftOut as error:
                print(f"left out: {where}: {error}", file=sys.stderr)
            except ValueError as error:
                raise InputError(f"{where}: {error}") from None

    return distinct(pairs(), path)
