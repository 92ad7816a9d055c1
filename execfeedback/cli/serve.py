"""`execfeedback serve`: the sandbox-runner as a service."""

from pathlib import Path
from typing import Annotated

import typer


def serve(
    host: Annotated[str, typer.Option(help="Beyond loopback a token file is needed.")] = "127.0.0.1",
    port: Annotated[int, typer.Option(min=0, max=65535, help="0 takes a free one.")] = 8080,
    unix: Annotated[
        Path | None, typer.Option(help="A socket file for this user, instead of host and port.")
    ] = None,
    token_file: Annotated[
        Path | None,
        typer.Option(help="Lines `NAME TOKEN`, after it waiting=N and per_minute=N where they are to hold."),
    ] = None,
    workers: Annotated[int, typer.Option(min=1, help="Slots; one for each core.")] = 2,
    memory_mb: Annotated[
        int | None, typer.Option(min=64, help="For all runs together; four fifths of the machine by default.")
    ] = None,
    queue: Annotated[int, typer.Option(min=1, help="Runs that wait; more are refused at once.")] = 1024,
    wait_s: Annotated[float, typer.Option(min=0.1, help="How long a run may wait for its turn.")] = 30.0,
    body_mb: Annotated[int, typer.Option(min=1, help="Largest request.")] = 64,
    suites_mb: Annotated[int, typer.Option(min=0, help="Suites of tests that are kept.")] = 256,
    cache_mb: Annotated[
        int, typer.Option(min=0, help="Verdicts kept by content [0: every request is run].")
    ] = 0,
    drain_s: Annotated[int, typer.Option(min=0, help="Time for requests to end after SIGTERM.")] = 30,
    sandbox: Annotated[str | None, typer.Option(help="The backend: docker (the default), or local.")] = None,
) -> None:
    """Answer over HTTP until SIGTERM; the address goes to stdout, a JSON line for each request to stderr."""
    from execfeedback.jsonl import optional

    for module in ("fastapi", "uvicorn", "uvloop", "httptools", "prometheus_client"):
        optional(module, "execfeedback[serve]", "execfeedback serve")
    from execfeedback.service.command import Options, run

    ended = run(
        Options(
            host=host,
            port=port,
            unix=unix,
            token_file=token_file,
            workers=workers,
            memory_mb=memory_mb,
            queue=queue,
            wait_s=wait_s,
            body_mb=body_mb,
            suites_mb=suites_mb,
            cache_mb=cache_mb,
            drain_s=drain_s,
            sandbox=sandbox,
        )
    )
    if ended:
        raise typer.Exit(128 + ended)
