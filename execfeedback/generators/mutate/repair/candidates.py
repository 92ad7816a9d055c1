"""All corrections that may be tried on a faulty program, the likeliest first."""

import ast
import math
import random
import re
from collections import Counter
from dataclasses import dataclass

from execfeedback.generators.mutate.repair import guesses, insertions, spelling
from execfeedback.generators.mutate.repair.hints import boosts
from execfeedback.generators.mutate.repair.told import Told
from execfeedback.mutation import KINDS
from execfeedback.mutation.source import FUNCTIONS, Code, Kind, Mutant, read

CORRECTIONS: dict[str, Kind] = {
    **KINDS,
    "plus_one": guesses.plus_one,
    "wrap": guesses.wrap,
    "suffix": guesses.suffix,
    "operator": guesses.operator,
    "method_back": guesses.method_back,
    "range_start": guesses.range_start,
    "slice_bound": guesses.slice_bound,
    "text_case": guesses.text_case,
    "number": guesses.number,
    "safe_condition": guesses.safe_condition,
    "guard": insertions.guard,
    "last_return": insertions.last_return,
    "other_return": insertions.other_return,
    "update": insertions.update,
    "empty_case": insertions.empty_case,
    "simple_call": insertions.simple_call,
    "word": insertions.word,
    "together": insertions.together,
    "own_attribute": insertions.own_attribute,
    "else_update": insertions.else_update,
    "order_back": insertions.order_back,
    "none_default": insertions.none_default,
    "known_name": spelling.known_name,
    "forgotten_import": spelling.forgotten_import,
}
_FORGETS = (
    "missing_case", "missing_statement", "missing_call", "missing_method", "condition_part", "filter_dropped",
    "mutable_default", "early_return", "wrong_return",
)  # fmt: skip
_WEIGHT = {
    **dict.fromkeys(_FORGETS, 0.15),  # people forget more than they add, so a correction seldom takes away
    "known_name": 20.0,
    "forgotten_import": 20.0,
    "own_attribute": 5.0,
    "none_default": 2.0,
    "loop_word": 0.4,
    "number": 0.3,
    "text_case": 0.5,
}
_ODD = re.compile(
    r"len\([^()]*\) \+ 1|(?<![\w.])(\w+) (?:[-+*/%<>=!]|==|!=|<=|>=|and|or) \1(?![\w.(\[])|\bnot not\b|[+-] 1\)? [+-] 1\b"
)
"""What few people write: past the end of a sequence, a value against itself."""


@dataclass(frozen=True)
class Clues:
    """What the scores are made of: how many candidates a kind has, its boost, the lines and odd places."""

    kinds: Counter[str]
    boosts: dict[str, float]
    told: Told
    called: frozenset[int]
    odd: int


def candidates(source: str, told: Told, seed: int) -> list[Mutant]:
    """Corrected programs, the likeliest first, each text once.

    The score is naive Bayes: the prior of a kind is shared by all its candidates, times what the feedback
    says of the kind and of the line. Of equal ones the kinds come in an order drawn with `seed`."""
    try:
        code = read(source)
    except (SyntaxError, ValueError, RecursionError):
        return spelling.parsable(source, told.lines)
    found = [m for m in {m.source: m for m in reversed(_all(code))}.values() if m.source != code.text][::-1]
    clues = Clues(
        Counter(m.kind for m in found), boosts(told), told, _called(code, told.test), _oddities(source)
    )
    turns = list(CORRECTIONS)
    random.Random(seed).shuffle(turns)
    order = {kind: turn for turn, kind in enumerate(turns)}
    return sorted(found, key=lambda mutant: (-_score(mutant, clues), order[mutant.kind]))


def _called(code: Code, test: str) -> frozenset[int]:
    """Lines of the functions that the failing test calls."""
    names = set(re.findall(r"(\w+)\(", test))
    functions = [n for n in ast.walk(code.tree) if isinstance(n, FUNCTIONS) and n.name in names]
    return frozenset(line for f in functions for line in range(f.lineno, (f.end_lineno or f.lineno) + 2))


def _oddities(source: str) -> int:
    return len(_ODD.findall(source))


def _all(code: Code) -> list[Mutant]:
    return [
        Mutant(name, _line(code, change.edits[0].start), change.description, code.apply(change.edits))
        for name, kind in CORRECTIONS.items()
        for node in code.nodes
        for change in kind(code, node)
    ]


def _line(code: Code, offset: int) -> int:
    return code.data[:offset].count(b"\n") + 1


def _score(mutant: Mutant, clues: Clues) -> float:
    told = clues.told
    score = math.log(_WEIGHT.get(mutant.kind, 1.0)) - math.log(clues.kinds[mutant.kind])
    score += clues.boosts.get(mutant.kind, 0.0)
    score += 1.0 if mutant.line in clues.called else 0.0
    if told.lines:
        score += 2.0 if mutant.line == told.lines[-1] else 1.0 if mutant.line in told.lines else 0.0
    if told.expected and mutant.description.endswith(f"return {told.expected}`"):
        score += 1.5
    return score - (1.5 if _oddities(mutant.source) > clues.odd else 0.0)
