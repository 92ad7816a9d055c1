"""The program that repairs in the sandbox: one JSON object on stdin, one on stdout.

Asked `{"statement", "entry_point", "code", "feedback", "seed", "most"}`, it answers `{"code", "line", "kind",
"tried", "satisfied"}`, or `{}` when nothing can be changed. It is given no reference and no tests."""

import json
import sys
from collections.abc import Iterator
from typing import Any

from execfeedback.behaviour.shown import examples
from execfeedback.generators.mutate.repair.candidates import candidates
from execfeedback.generators.mutate.repair.checks import check_of, examples_met
from execfeedback.generators.mutate.repair.told import Told, told
from execfeedback.generators.mutate.repair.trial import Judge, Trial, trials
from execfeedback.mutation.source import Mutant


def answer(question: dict[str, Any]) -> dict[str, Any]:
    """The first correction, by rank, that does what feedback and examples show; else the likeliest one."""
    said = told(question["feedback"])
    found = candidates(question["code"], said, question["seed"])[: question["most"]]
    judge, most = _judge(said, question)
    if not found:
        return {}
    best, tried = (None, 0) if judge is None else _best(question["code"], found, judge, most)
    chosen = found[0] if best is None else best
    return {
        "code": chosen.source,
        "line": chosen.line,
        "kind": chosen.kind,
        "tried": tried,
        "satisfied": best is not None,
    }


def _judge(said: Told, question: dict[str, Any]) -> tuple[Judge | None, int]:
    """Points of a program, and the most it can have: the failing test is worth one, each example one more.

    A feedback without a test that can be run leaves the examples, all of them; none runs nothing."""
    entry_point = question["entry_point"]
    shown = examples(question["statement"], entry_point) if said.stdin is None else ()
    wanted = sum(bool(example.want) for example in shown)
    check = check_of(said, entry_point)
    if check is not None:
        test = check
        return (
            lambda program: 1 + examples_met(program, shown, entry_point) if test(program) else 0,
            1 + wanted,
        )
    if wanted and question["feedback"].strip():
        return lambda program: int(examples_met(program, shown, entry_point) == wanted), 1
    return None, 0


def _best(source: str, found: list[Mutant], judge: Judge, most: int) -> tuple[Mutant | None, int]:
    """The best correction, and how many were tried; it ends at one that cannot be beaten."""
    best, points, tried = None, 0, 0
    for index, reached in _corrections(source, found, judge):
        tried += 1
        if reached > points:
            best, points = found[index], reached
        if points >= most:
            break
    return best, tried


def _corrections(source: str, found: list[Mutant], judge: Judge) -> Iterator[Trial]:
    """Trials of the corrections; none when the faulty program passes, as the check then says nothing."""
    for index, points in trials([source, *(mutant.source for mutant in found)], judge):
        if index > 0:
            yield index - 1, points
        elif points > 0:
            return


def main() -> None:
    """Read the question, write the answer."""
    json.dump(answer(json.load(sys.stdin)), sys.stdout)
