"""`execfeedback languages`: what the sandbox speaks, with versions and proofs."""

import json
from typing import TYPE_CHECKING, Annotated, Any

import typer

if TYPE_CHECKING:
    from execfeedback.languages import Language


def languages(
    prove: Annotated[
        bool, typer.Option("--prove", help="Run both proofs of every language that is there once more.")
    ] = False,
    as_json: Annotated[bool, typer.Option("--json", help="One JSON document on stdout.")] = False,
) -> None:
    """List the languages that the sandbox speaks; each was proven when its image was built."""
    from execfeedback.languages import languages as known

    rows = [row(language) for language in known().values()]
    if prove:
        _prove(rows)
    print(json.dumps({"languages": rows}, indent=2) if as_json else "\n".join(_line(one) for one in rows))
    if any(one["image"] and not one["proven"] for one in rows):
        raise typer.Exit(3)


def row(language: "Language") -> dict[str, Any]:
    """`image` is null where it is missing; then `remedy` says what to do."""
    return described(language) | _image(language.image)


def described(language: "Language") -> dict[str, Any]:
    """What is known of a language without its image."""
    from execfeedback.findings import tools_of

    return {
        "name": language.name,
        "title": language.title or language.name.capitalize(),
        "aliases": list(language.aliases),
        "styles": _styles(language),
        "split": language.split,
        "main": language.main,
        "static": tools_of(language),
        "limits": language.limits.model_dump(),
    }


def _styles(language: "Language") -> list[str]:
    """The styles of an item that can be judged in this language."""
    if language.split:
        return ["asserts", "humaneval", "pytest", "unittest", "stdio", "cases"]
    return ["stdio", *(["cases"] if language.cases else []), *(["native"] if language.native else [])]


def _image(environment: str) -> dict[str, Any]:
    """An image has its name only when both of its proofs held."""
    from execfeedback.errors import SandboxError
    from execfeedback.sandbox.images import image_for, language_version

    try:
        tag = image_for(environment)
        return {"version": language_version(tag), "image": tag, "proven": True, "remedy": None}
    except SandboxError as error:
        return {"version": None, "image": None, "proven": False, "remedy": str(error)}


def _prove(rows: list[dict[str, Any]]) -> None:
    """Run the proofs of those whose image is there; `proven` and `remedy` say how it went."""
    from execfeedback.languages import language
    from execfeedback.sandbox.proving import ends_in_image

    for one in rows:
        if one["image"]:
            wrong = ends_in_image(language(one["name"]), one["image"])
            one |= {"proven": not wrong, "remedy": "; ".join(wrong) or None}


def _line(row: dict[str, Any]) -> str:
    also = f" ({', '.join(row['aliases'])})" if row["aliases"] else ""
    if not row["image"]:
        return f"{row['name']}{also}: {row['remedy']}"
    state = "both proofs passed" if row["proven"] else f"NOT PROVEN: {row['remedy']}"
    return f"{row['name']}{also}: {row['version']}; {', '.join(row['styles'])}; {state}; {row['image']}"
