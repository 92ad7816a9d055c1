"""`execfeedback mock-model`: a model server with scripted answers and faults."""

from pathlib import Path
from typing import Annotated

import typer


def mock_model(
    script: Annotated[Path, typer.Option(help="Answers and faults, one JSON object a line.")],
    port: Annotated[int, typer.Option(min=0, max=65535, help="0 takes a free one.")] = 0,
) -> None:
    """Serve scripted answers in the OpenAI form on loopback, until Ctrl-C; print the address."""
    import asyncio

    from execfeedback.mock_model import serve

    asyncio.run(serve(script, port))
