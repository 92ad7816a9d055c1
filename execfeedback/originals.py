"""What the original of a backtranslation does, seen in the sandbox, as tests for the code that is written again.

Differential execution: the original is called with its documentation's examples and changes of these, and what it answers
is what the other must answer. The values are claims of the original until the original itself passed the tests made of
them, in a judge process and under another hash seed.
"""

import ast
import doctest
from collections.abc import Iterator, Sequence

from execfeedback.behaviour_in_sandbox import Observation, observe
from execfeedback.errors import InputError
from execfeedback.items import item_for
from execfeedback.protocols import Sandbox
from execfeedback.types import Problem, TestSuite
from execfeedback.verdicts import verdict_of

LEAST, MOST = 3, 12
"""Calls that are needed and kept."""
_TRIED = 48
_SEED = 7
_CALL_CPU_S = 0.1


def to_be_documented(seed: Problem) -> Problem:
    """A seed whose code is to be documented, and written again from that.

    Raises InputError for what is no seed, and for code without a name to call it by."""
    if seed.derived is None or seed.statement.strip():
        raise InputError(f"problem {seed.id}: is no seed; `problems import snippets` makes them")
    if not seed.derived.name:
        raise InputError(f"problem {seed.id}: its code has no name that it could be called by")
    made = seed.derived.model_copy(update={"how": "backtranslated"})
    return seed.model_copy(update={"derived": made, "entry_point": made.name})


async def known_behaviour(problem: Problem, sandbox: Sandbox) -> tuple[TestSuite | None, int]:
    """Tests made of what the original answers, and their number; None and 0 where it does not run by itself.

    Python alone: elsewhere somebody writes tests, and the gate `faithful` runs the original on them.
    """
    made = problem.derived
    if made is None or made.language != "python" or problem.language != "python" or not made.name:
        return None, 0
    calls = "\n".join(example_lines(made.code, made.name))
    suite = TestSuite(style="asserts", tests=calls, origin="generated", author="original", seen="reference")
    item = item_for(problem, made.code, suite)
    seen = await observe(item, sandbox, seed=_SEED, limit=_TRIED, call_cpu_s=_CALL_CPU_S)
    lines = chosen(seen, made.name)
    suite = suite.model_copy(update={"tests": "".join(f"{line}\n" for line in lines)})
    if len(lines) < LEAST:
        return None, 0
    verdict = await verdict_of(item_for(problem, made.code, suite), sandbox, fresh_seed=_SEED)
    return (suite, len(lines)) if verdict.passed else (None, 0)


def example_lines(code: str, name: str) -> Iterator[str]:
    """Calls in the examples of a docstring, one line each. Nothing is run."""
    try:
        found = doctest.DocTestParser().get_examples(code)
    except ValueError:  # not indented as doctest wants them
        return
    yield from (one.source.strip() for one in found if f"{name}(" in one.source and readable(one.source))


def readable(text: str) -> bool:
    try:
        ast.parse(text)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return False
    return True


def chosen(seen: Sequence[Observation], name: str) -> list[str]:
    """Assertions of what was answered, spread over the different values; none where all values are the same."""
    by_value: dict[str, list[str]] = {}
    for one in seen:
        value = unchanged_value(one)
        if value is not None:
            by_value.setdefault(value, []).append(f"assert {name}{one.call} == {value}")
    rounds = range(max((len(lines) for lines in by_value.values()), default=0))
    lines = [lines[at] for at in rounds for lines in by_value.values() if at < len(lines)]
    return lines[:MOST] if len(by_value) > 1 else []


def unchanged_value(one: Observation) -> str | None:
    """The text of the value that a call gave, if it is a literal and the call left its arguments as they were."""
    if one.outcome != "value":
        return None
    try:
        body = ast.parse(one.text, mode="eval").body
        call = ast.parse(f"f{one.call}", mode="eval").body
        if not isinstance(body, ast.Tuple) or not isinstance(call, ast.Call) or len(body.elts) != 3:
            return None
        _, args, kwargs = (ast.literal_eval(part) for part in body.elts)
        given = [ast.literal_eval(part) for part in call.args]
        named = {word.arg: ast.literal_eval(word.value) for word in call.keywords}
    except (ValueError, TypeError, SyntaxError, RecursionError, MemoryError):
        return None
    return ast.unparse(body.elts[0]) if (args, kwargs) == (given, named) else None
