"""`execfeedback doctor`: what is there, what is missing, and what to do about it."""

import json
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from execfeedback.doctor import Check


def doctor(
    as_json: Annotated[bool, typer.Option("--json", help="One JSON document on stdout.")] = False,
) -> None:
    """Say what is there and what is missing, with remedies. Exit code 4 when the sandbox is not usable."""
    from execfeedback.doctor import diagnose, usable

    checks = diagnose()
    if as_json:
        found = {"usable": usable(checks), "checks": [check.model_dump() for check in checks]}
        print(json.dumps(found, indent=2))
    else:
        print("\n".join(line(check) for check in checks))
    if not usable(checks):
        raise typer.Exit(4)


def line(check: "Check") -> str:
    """One check as a person reads it, the remedy below it."""
    mark = "ok     " if check.ok else "MISSING" if check.needed else "note   "
    remedy = f"\n          -> {check.remedy}" if check.remedy else ""
    return f"{mark}  {check.name}: {check.found}{remedy}"
