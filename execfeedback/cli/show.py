"""`execfeedback show`: one trajectory, record or rejection as a person reads it."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

if TYPE_CHECKING:
    from rich.console import RenderableType

    from execfeedback.corpus import Corpus
    from execfeedback.types import Attempt, GateResult, Trajectory


def show(
    corpus: Annotated[Path, typer.Argument(help="The corpus file that `grow --out` writes.")],
    id: Annotated[
        str, typer.Argument(help="Id (or its start) of a record, rejection, trajectory, or a problem.")
    ],
    as_json: Annotated[bool, typer.Option("--json", help="Print what is stored on stdout.")] = False,
) -> None:
    """Show the problem, each attempt with its code, verdict and feedback, what was changed, and the gates."""
    from execfeedback.corpus import Corpus
    from execfeedback.jsonl import json_line

    with Corpus(corpus) as opened:
        kind, found = the_one(opened, id)
        value = getattr(opened, kind)(found)
        if as_json:
            typer.echo(json_line(value).decode().rstrip("\n"))
            return
        trajectory = value if kind == "trajectory" else opened.trajectory(value.trajectory)
        gates = opened.gate_results(found) if kind == "trajectory" else list(value.gates)
    reason = value.reason if kind == "rejection" else ""
    print_story(f"{kind} {found}", trajectory, gates, reason)


def the_one(corpus: "Corpus", text: str) -> tuple[str, str]:
    """(kind, id) of what a prefix names, or the first of what a problem has. Raises InputError for none or several."""
    from execfeedback.errors import InputError

    found = corpus.find(text) if text else []
    if len(found) == 1:
        return found[0]
    if found:
        raise InputError(f"{corpus.path}: {text!r} names {len(found)}; give more of one:\n{_listed(found)}")
    of_problem = corpus.about(text) if text else []
    if not of_problem:
        raise InputError(f"{corpus.path}: no id starts with {text!r}, and no problem is called so")
    if len(of_problem) > 1:
        typer.echo(f"of {len(of_problem)}, the first is shown; all:\n{_listed(of_problem)}\n", err=True)
    return of_problem[0]


def _listed(found: list[tuple[str, str]]) -> str:
    more = [f"  ... and {len(found) - 20} more"] if len(found) > 20 else []
    return "\n".join([*(f"  {kind:<10} {id[:20]}" for kind, id in found[:20]), *more])


def print_story(title: str, trajectory: "Trajectory", gates: "list[GateResult]", reason: str = "") -> None:
    """A trajectory on stdout. Nothing in it can drive the terminal."""
    from rich.console import Console, Group
    from rich.text import Text

    problem = trajectory.problem
    parts: list[RenderableType] = [
        Text(f"{title}", style="bold"),
        Text(f"problem {_safe(problem.id)}, sample {trajectory.sample}, {trajectory.origin}\n", style="dim"),
        Text(_safe(problem.statement.strip()) + "\n"),
    ]
    parts += _revised_tests(trajectory)
    before: Attempt | None = None
    for number, attempt in enumerate(trajectory.attempts, start=1):
        parts += _attempt(number, attempt, before)
        before = attempt
    parts += [Text(f"note: {_safe(note)}", style="yellow") for note in trajectory.notes]
    parts += _ending(trajectory, gates, reason)
    Console(highlight=False, soft_wrap=True).print(Group(*parts))


def _revised_tests(trajectory: "Trajectory") -> "list[RenderableType]":
    """The ledger: what was done to tests, on which evidence, and what was refused."""
    from rich.rule import Rule
    from rich.text import Text

    if not trajectory.ledger:
        return []
    tried = (
        f"{len(trajectory.overruled)} attempts were judged by the old ones"
        if trajectory.overruled
        else "none stands"
    )
    parts: list[Any] = [Rule(f"tests revised; {tried}", style="yellow", align="left")]
    for change in trajectory.ledger:
        if change.kind == "kept":
            continue
        style, said = ("green", "accepted") if change.accepted else ("red", "refused")
        told = "; ".join(part for part in (change.why, change.evidence) if part)
        parts.append(Text(f"  {change.kind}, {said}{': ' if told else ''}{_safe(told)}", style=style))
        parts += [Text(f"    - {_safe(line)}") for line in change.old.splitlines()]
        parts += [Text(f"    + {_safe(line)}") for line in change.new.splitlines()]
    return parts


def _attempt(number: int, attempt: "Attempt", before: "Attempt | None") -> "list[RenderableType]":
    from rich.rule import Rule
    from rich.text import Text

    verdict = attempt.verdict
    colour = "green" if verdict.passed else "red"
    head = Text.assemble(f"attempt {number}: ", (verdict.verdict or "none", f"bold {colour}"))
    if verdict.reasons:
        head.append(f" ({', '.join(verdict.reasons)})", "dim")
    parts: list[Any] = [Rule(head, style=colour, align="left"), _code(attempt.solution.code)]
    if before is not None:
        parts += [Text("what changed", style="dim"), _diff(before.solution.code, attempt.solution.code)]
    if attempt.feedback:
        parts += [Text("feedback", style="dim"), Text(_indented(_safe(attempt.feedback)) + "\n", style="red")]
    return parts


def _code(code: str) -> "RenderableType":
    from rich.syntax import Syntax

    return Syntax(_safe(code.rstrip()) + "\n", "python", theme="ansi_dark", background_color="default")


def _diff(before: str, after: str) -> "RenderableType":
    from rich.text import Text

    from execfeedback.report.story import diff

    styles = {"add": "green", "del": "red", "at": "cyan", "same": ""}
    text = Text()
    for change in diff(before, after):
        text.append(f"    {change.text}\n", styles[change.kind])
    return text


def _ending(trajectory: "Trajectory", gates: "list[GateResult]", reason: str) -> "list[RenderableType]":
    from rich.rule import Rule
    from rich.text import Text

    parts: list[Any] = [Rule(f"stopped: {trajectory.stopped}", style="dim", align="left")]
    for gate in gates:
        style, said = ("green", "passed") if gate.passed else ("red", f"refused: {gate.reason}")
        parts.append(Text(f"  gate {gate.gate} {gate.version}: {said}", style=style))
        if not gate.passed:
            parts += [Text(f"    {name}: {_safe(str(value))}") for name, value in gate.evidence.items()]
    if reason:
        parts.append(Text(f"rejected: {reason}", style="bold red"))
    return parts


def _safe(text: str) -> str:
    from execfeedback.printable import printable, shortened

    return shortened(printable(text), lines=200, characters=20000)


def _indented(text: str) -> str:
    return "\n".join(f"    {line}" for line in text.splitlines())
