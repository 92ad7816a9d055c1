"""What models are told: one template a file, versioned by its digest; a file of its name elsewhere wins.

A template is split at its role lines (`=== user ===`) before it is filled in: no value can open a role.
"""

import re
from functools import cache
from pathlib import Path
from typing import Any

from execfeedback.errors import InputError
from execfeedback.ids import digest
from execfeedback.parsing import fenced
from execfeedback.types import Message

FOLDER = Path(__file__).parent
_ROLE = re.compile(r"^=== (system|user|assistant) ===\n", re.MULTILINE)


def render(name: str, folder: Path | None = None, **values: Any) -> tuple[Message, ...]:
    """The messages of a template. A file `<name>.md` in `folder` goes before ours.

    Raises InputError for a template that is missing, has no roles, or uses a value that is not given.
    """
    path = _path(name, folder)
    return tuple(
        Message.model_validate({"role": role, "content": _filled(path, part, values).strip("\n")})
        for role, part in _parts(path)
    )


def prompt_id(name: str, folder: Path | None = None) -> str:
    """Name and version of a template, `solve@` and 12 hex digits of its text's digest."""
    return f"{name}@{_version(_path(name, folder))}"


def prompt_names() -> list[str]:
    """Of all templates."""
    return sorted(path.stem for path in FOLDER.glob("*.md"))


def check_folder(folder: Path | None) -> None:
    """Raise InputError now if a run could not use that folder, or would use nothing of it: its names are not ours, say."""
    own = [path for name in prompt_names() if (path := _path(name, folder)).parent == folder]
    if folder is not None and not own:
        raise InputError(
            f"prompts_dir: {folder} holds none of {', '.join(f'{n}.md' for n in prompt_names())}"
        )
    for path in own:
        for _, part in _parts(path):
            _template(path, part)


@cache
def _path(name: str, folder: Path | None) -> Path:
    own = FOLDER / f"{name}.md"
    if folder is not None and not folder.is_dir():
        raise InputError(f"prompts_dir: {folder} is not a folder")
    if folder is not None and (folder / own.name).is_file():
        return folder / own.name
    if not own.is_file():
        raise InputError(f"no prompt {name!r}; there are {', '.join(prompt_names())}")
    return own


@cache
def _text(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        raise InputError(f"{path}: cannot be read as UTF-8 text ({error})") from error


@cache
def _version(path: Path) -> str:
    return digest(_text(path))[:12]


@cache
def _parts(path: Path) -> tuple[tuple[str, str], ...]:
    before, *rest = _ROLE.split(_text(path))
    if before.strip() or not rest:
        raise InputError(f"{path}: must start with a line '=== system ===' or '=== user ==='")
    return tuple(zip(rest[::2], rest[1::2], strict=True))


def _filled(path: Path, part: str, values: dict[str, Any]) -> str:
    from jinja2 import TemplateError

    template = _template(path, part)
    try:
        return str(template.render(values))
    except TemplateError as error:
        raise InputError(f"{path}: {error.message}; values are {', '.join(sorted(values))}") from error


def _template(path: Path, part: str) -> Any:
    from jinja2 import TemplateError

    try:
        return _compiled(part)
    except TemplateError as error:
        raise InputError(f"{path}: {error.message}") from error


@cache
def _compiled(part: str) -> Any:
    """Compiling takes many times as long as filling in."""
    return _environment().from_string(part)


@cache
def _environment() -> Any:
    from jinja2 import StrictUndefined
    from jinja2.sandbox import ImmutableSandboxedEnvironment

    environment = ImmutableSandboxedEnvironment(
        undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True
    )
    environment.filters["fenced"] = fenced
    return environment
