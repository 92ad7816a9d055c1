"""`execfeedback languages`: what the sandbox speaks, with versions."""

import json
from typing import TYPE_CHECKING, Annotated, Any

import typer

if TYPE_CHECKING:
    from execfeedback.languages import Language


def languages(
    as_json: Annotated[bool, typer.Option("--json", help="One JSON document on stdout.")] = False,
) -> None:
    """List the languages that the sandbox speaks, and whether their images are there."""
    from execfeedback.languages import languages as known

    rows = [_row(language) for language in known().values()]
    print(json.dumps({"languages": rows}, indent=2) if as_json else "\n".join(_line(row) for row in rows))


def _row(language: "Language") -> dict[str, Any]:
    """`image` is null where it is missing; then `remedy` says what to do."""
    row: dict[str, Any] = {
        "name": language.name,
        "aliases": list(language.aliases),
        "split": language.split,
        "limits": language.limits.model_dump(),
    }
    return row | _image(language.image)


def _image(environment: str) -> dict[str, str | None]:
    from execfeedback.errors import SandboxError
    from execfeedback.sandbox.images import image_for, language_version

    try:
        tag = image_for(environment)
        return {"version": language_version(tag), "image": tag, "remedy": None}
    except SandboxError as error:
        return {"version": None, "image": None, "remedy": str(error)}


def _line(row: dict[str, Any]) -> str:
    also = f" ({', '.join(row['aliases'])})" if row["aliases"] else ""
    judged = "split verdicts" if row["split"] else "shared verdicts"
    state = f"{row['version']}, {row['image']}" if row["image"] else row["remedy"]
    return f"{row['name']}{also}: {state}; {judged}"
