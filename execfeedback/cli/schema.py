"""`execfeedback schema NAME`."""

from typing import Annotated

import typer


def schema(
    name: Annotated[str, typer.Argument(help="problem, record, item, verdict, config or event")],
) -> None:
    """Print the JSON Schema of a value that crosses the border, with its version."""
    import json

    from execfeedback.schemas import schema as schema_of

    typer.echo(json.dumps(schema_of(name), indent=2, ensure_ascii=False))
