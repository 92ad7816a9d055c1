"""`execfeedback view`: a corpus in a browser."""

from pathlib import Path
from typing import Annotated

import typer


def view(
    corpus: Annotated[Path, typer.Argument(help="The corpus file that `grow --out` writes.")],
    port: Annotated[int, typer.Option(min=0, max=65535, help="0 takes a free one.")] = 0,
) -> None:
    """Show records, rejections and trajectories in a browser on this machine, until Ctrl-C; print the address."""
    import asyncio

    from execfeedback.loopback import Serving, until_stopped
    from execfeedback.viewer import application

    async def serve() -> int:
        async with Serving(application(corpus), port) as address:
            print(address, flush=True)
            return await until_stopped()

    raise typer.Exit(128 + asyncio.run(serve()))
