"""`execfeedback mock-model`: a model server with scripted answers and faults."""

from pathlib import Path
from typing import Annotated

import typer


def mock_model(
    script: Annotated[Path, typer.Option(help="Answers and faults, one JSON object a line.")],
    port: Annotated[int, typer.Option(min=0, max=65535, help="0 takes a free one.")] = 0,
) -> None:
    """Serve scripted answers in the OpenAI form on loopback, until Ctrl-C; print the address.

    A request takes the first line of the script that fits and is not used up. Each line may have match (a
    regular expression on the messages), attempt (answers that the conversation holds already), times (how often
    it may be used), text and finish, or fault (429, 500, hang, cut, content_type, empty, refusal) and
    retry_after in seconds. GET /stats counts what was served.
    """
    import asyncio

    from execfeedback.mock_model import serve

    raise typer.Exit(128 + asyncio.run(serve(script, port)))
