"""`execfeedback images`: build the sandbox images, bundled ones and people's own, and remove those of older versions."""

import json
import sys
from pathlib import Path
from typing import Annotated

import typer

app = typer.Typer(help="Build the sandbox images, and remove old ones.", no_args_is_help=True)


@app.callback()
def images() -> None:
    """Build the sandbox images, and remove old ones."""


@app.command("build")
def build(
    names: Annotated[
        list[str],
        typer.Argument(
            metavar="LANG...",
            help="Languages; python-data (numpy, pandas, scipy); main: the ten that are proven first; all;"
            " or with --pip one name of your own.",
        ),
    ],
    from_: Annotated[
        str, typer.Option("--from", metavar="LANG", help="What to build upon: python or python-data.")
    ] = "",
    pip: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Requirements of your own environment.")
    ] = None,
) -> None:
    """Build the image of each language, or an environment with packages of your own. Prints the tags."""
    from execfeedback.errors import InputError
    from execfeedback.sandbox.images import build_environment, ensure_image

    if pip is None and not from_:
        tags = [ensure_image(name, _say) for name in _meant(names)]
    elif pip is None or not from_ or len(names) != 1:
        raise InputError("an environment needs all three: images build NAME --from LANG --pip FILE")
    else:
        tags = [build_environment(names[0], from_, pip, _say)]
    for tag in tags:
        print(tag)


@app.command("prune")
def prune(
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only say which.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="One JSON document on stdout.")] = False,
) -> None:
    """Remove images that this version does not use: of older supervisors, packages and bases. Environments of your own stay."""
    from contextlib import closing

    from execfeedback.sandbox.engine import client
    from execfeedback.sandbox.superseded import remove, superseded

    with closing(client()) as opened:
        tags = superseded(opened)
        why = {} if dry_run else {tag: remove(opened, tag) for tag in tags}
    stays = {tag: reason for tag, reason in why.items() if reason}
    if as_json:
        print(
            json.dumps(
                {"superseded": tags, "removed": [tag for tag in why if tag not in stays], "in_use": stays}
            )
        )
        return
    for tag in tags:
        print(
            f"{tag} stays: {stays[tag]}"
            if tag in stays
            else f"{'superseded' if dry_run else 'removed'} {tag}"
        )
    if not tags:
        print("every image here is in use by this version")


def _meant(names: list[str]) -> list[str]:
    """The environments that are meant: `main` stands for languages, `all` for everything that is bundled."""
    from execfeedback.languages import languages
    from execfeedback.sandbox.images import READY

    groups = {
        "all": [*languages(), *READY],
        "main": [one.name for one in languages().values() if one.main],
    }
    return [meant for name in names for meant in groups.get(name, [name])]


def _say(words: str) -> None:
    print(words, file=sys.stderr)
