"""All kinds of mistakes by name, and the mutants of a program."""

import random
import warnings
from collections.abc import Iterator, Sequence

from execfeedback.mutation import blocks, calls, names, operators, statements
from execfeedback.mutation.normal import normal_form
from execfeedback.mutation.source import Code, Kind, Mutant, read

KINDS: dict[str, Kind] = {
    "comparison": operators.comparison,
    "boundary": operators.boundary,
    "arithmetic": operators.arithmetic,
    "division": operators.division,
    "boolean": operators.boolean,
    "condition_part": operators.condition_part,
    "negation": operators.negation,
    "off_by_one": operators.off_by_one,
    "constant": operators.constant,
    "extremes": calls.extremes,
    "method": calls.method,
    "missing_method": calls.missing_method,
    "missing_call": calls.missing_call,
    "swapped_arguments": calls.swapped_arguments,
    "swapped_targets": calls.swapped_targets,
    "range_bounds": calls.range_bounds,
    "slice_bounds": calls.slice_bounds,
    "wrong_index": calls.wrong_index,
    "wrong_variable": names.wrong_variable,
    "wrong_attribute": names.wrong_attribute,
    "missing_case": statements.missing_case,
    "missing_statement": statements.missing_statement,
    "assignment": statements.assignment,
    "initial_value": statements.initial_value,
    "wrong_return": statements.wrong_return,
    "break_continue": statements.break_continue,
    "loop_word": statements.loop_word,
    "filter_dropped": statements.filter_dropped,
    "order": statements.order,
    "into_loop": blocks.into_loop,
    "out_of_loop": blocks.out_of_loop,
    "early_return": blocks.early_return,
    "mutable_default": blocks.mutable_default,
}


def every_change(code: Code, kinds: Sequence[str] | None = None) -> Iterator[Mutant]:
    """All changes, in the order of the kinds and then of the text; some may not compile or may repeat."""
    for name in kinds if kinds is not None else KINDS:
        for node in code.nodes:
            for change in KINDS[name](code, node):
                line = code.data[: min(edit.start for edit in change.edits)].count(b"\n") + 1
                yield Mutant(name, line, change.description, code.apply(change.edits))


def mutants(source: str, *, limit: int, seed: int, kinds: Sequence[str] | None = None) -> list[Mutant]:
    """At most `limit` mutants that compile and differ in normal form from the source and from each other.

    The kinds take turns in an order drawn with `seed`, so that a small limit still sees many kinds. Raises
    SyntaxError when `source` does not parse."""
    found: list[Mutant] = []
    seen = {normal_form(source)}
    for mutant in _in_turns(list(every_change(read(source), kinds)), random.Random(seed)):
        if len(found) >= limit:
            break
        form = _compiled_form(mutant.source)
        if form is not None and form not in seen:
            seen.add(form)
            found.append(mutant)
    return found


def _in_turns(pool: list[Mutant], draw: random.Random) -> Iterator[Mutant]:
    by_kind: dict[str, list[Mutant]] = {}
    for mutant in pool:
        by_kind.setdefault(mutant.kind, []).append(mutant)
    queues = list(by_kind.values())
    for queue in queues:
        draw.shuffle(queue)
    while queues:
        draw.shuffle(queues)
        for queue in queues:
            yield queue.pop()
        queues = [queue for queue in queues if queue]


def _compiled_form(source: str) -> str | None:
    try:
        with warnings.catch_warnings():  # such as `x is 5`: a mistake that people make
            warnings.simplefilter("ignore")
            compile(source, "mutant", "exec", dont_inherit=True)
            return normal_form(source)
    except (SyntaxError, ValueError, RecursionError):
        return None
