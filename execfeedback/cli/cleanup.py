"""`execfeedback sandbox cleanup`: remove what a killed process left behind."""

import json
from typing import Annotated

import typer

app = typer.Typer(help="The sandbox on this machine.", no_args_is_help=True)


@app.callback()
def sandbox() -> None:
    """The sandbox on this machine."""


@app.command("cleanup")
def cleanup(
    everything: Annotated[
        bool, typer.Option("--all", help="Also slots of processes that still live, or live elsewhere.")
    ] = False,
    as_json: Annotated[bool, typer.Option("--json", help="One JSON document on stdout.")] = False,
) -> None:
    """Remove containers whose process is gone."""
    from contextlib import closing

    from execfeedback.sandbox.engine import client
    from execfeedback.sandbox.leftovers import remove_leftovers

    with closing(client()) as opened:
        removed = remove_leftovers(opened, everything=everything)
    if as_json:
        print(json.dumps({"removed": removed}))
    else:
        print("\n".join(f"removed {name}" for name in removed) or "nothing was left behind")
