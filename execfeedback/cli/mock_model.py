"""`execfeedback mock-model`: a model server with scripted answers and faults."""

from pathlib import Path
from typing import Annotated

import typer


def mock_model(
    script: Annotated[Path, typer.Option(help="Answers and faults, one JSON object a line.")],
    port: Annotated[int, typer.Option(min=0, max=65535, help="0 takes a free one.")] = 0,
    fault_rate: Annotated[
        float, typer.Option(min=0, max=1, help="This share of the answers has a fault, of every kind alike.")
    ] = 0.0,
    seed: Annotated[int, typer.Option(help="Decides which requests a rate takes.")] = 0,
) -> None:
    """Serve scripted answers in the OpenAI form on loopback, whole or streamed, until Ctrl-C; print the address.

    A request takes the first line of the script that fits and is not used up. Each line may have match (a
    regular expression on the messages), attempt (answers that the conversation holds already), times (how often
    it may be used), rate (the share of requests that it takes), text, reasoning and finish, delay_s, or fault (429,
    500, hang, slow, cut, cut_stream, content_type, context, empty, refusal, language, blocks) and retry_after in
    seconds. GET /stats counts requests and tokens.
    """
    import asyncio

    from execfeedback.mock_model import serve

    raise typer.Exit(128 + asyncio.run(serve(script, port, seed, fault_rate)))
