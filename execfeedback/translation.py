"""A Python problem for another language: its known inputs and outputs become `cases`, judged by their values.

No model is involved. What is known comes from the problem's own tests: `cases` as they are, and of `asserts` and
`humaneval` every statement `assert f(LITERALS) == LITERAL`. The kinds of the values over all cases give the signature that a
solution must have. After MultiPL-E (Cassano et al. 2022), which compiles such tests into each language's own; here the
values stay data, and the expected ones never enter the solution's process.
"""

import ast
from typing import Any

from execfeedback.errors import InputError
from execfeedback.languages import Cases, Language, language
from execfeedback.types import Case, Derivation, Problem, Record

LEAST_CASES = 3
"""Fewer show too little of what a function does."""


class Kind(tuple[Any, ...]):
    """`("int",)`, `("list", Kind)`, `("map", Kind, Kind)`, `("optional", Kind)`; `("any",)` is several at once."""


ANY, NOTHING, EMPTY = Kind(("any",)), Kind(("null",)), Kind(("unknown",))


def translated(problem: Problem, name: str, parents: tuple[str, ...] = ()) -> Problem:
    """The problem in the language of that name, with its reference as the code to be translated, if it has one.

    `parents` are ids of the records that it comes from. Raises InputError saying what cannot be carried."""
    spoken = language(name)
    if spoken.cases is None:
        raise InputError(f"problem {problem.id}: {spoken.name} takes no calls: it has no driver for `cases`")
    cases = known_cases(problem)
    if len(cases) < LEAST_CASES:
        raise InputError(
            f"problem {problem.id}: {len(cases)} of its tests are `f(values) == value`; {LEAST_CASES} are needed"
        )
    words = signature(problem.entry_point or "", cases, spoken, spoken.cases)
    code = problem.reference
    return Problem(
        id=f"{problem.id}@{spoken.name}",
        statement=f"{problem.statement}\n\nWrite it in {spoken.title or spoken.name.capitalize()}:\n\n    {words}",
        language=spoken.name,
        entry_point=problem.entry_point,
        style="cases",
        tests=cases,
        limits=problem.limits,
        checker=problem.checker,
        contract=problem.contract,
        source=problem.source,
        tags=(*problem.tags, "translated"),
        difficulty=problem.difficulty,
        derived=Derivation(how="translated", language=problem.language, code=code, parents=parents)
        if code
        else None,
    )


def problem_of(record: Record) -> Problem:
    """A record as a problem with the verified solution for its reference. Raises InputError for several files."""
    item = record.item
    if not isinstance(item.solution, str):
        raise InputError(f"problem {record.problem.id}: its solution has several files")
    told = {"reference": item.solution, "style": item.style, "tests": item.tests}
    return record.problem.model_copy(update=told)


# ---- what is known of a problem -----------------------------------------------------------------------------------


def known_cases(problem: Problem) -> tuple[Case, ...]:
    """Calls with literal arguments and the value that they must give, in the order of the tests."""
    if problem.language != "python" or not problem.entry_point:
        raise InputError(f"problem {problem.id}: only Python problems with an `entry_point` are translated")
    if problem.style == "cases":
        return tuple(c for c in problem.tests or () if isinstance(c, Case) and plain_case(c))
    if not isinstance(problem.tests, str):
        raise InputError(f"problem {problem.id}: style {problem.style!r} has no calls to carry")
    names = {problem.entry_point, "candidate"} if problem.style == "humaneval" else {problem.entry_point}
    try:
        tree = ast.parse(problem.tests)
    except SyntaxError as error:
        raise InputError(f"problem {problem.id}: its tests are no Python: {error.msg}") from None
    found = (case_of(node, names) for node in ast.walk(tree) if isinstance(node, ast.Assert))
    return tuple(case for case in found if case is not None)


def plain_case(case: Case) -> bool:
    return not case.kwargs and case.raises is None


def case_of(node: ast.Assert, names: set[str]) -> Case | None:
    """The case of `assert f(LITERALS) == LITERAL`; None for every other assertion."""
    test = node.test
    if not (isinstance(test, ast.Compare) and len(test.ops) == 1 and isinstance(test.ops[0], ast.Eq)):
        return None
    call, wanted = test.left, test.comparators[0]
    if not isinstance(call, ast.Call):
        call, wanted = wanted, call
    if not (isinstance(call, ast.Call) and isinstance(call.func, ast.Name) and call.func.id in names):
        return None
    if call.keywords:
        return None
    try:
        args = tuple(carried(ast.literal_eval(argument)) for argument in call.args)
        return Case(args=args, expected=carried(ast.literal_eval(wanted)))
    except (ValueError, TypeError, SyntaxError, MemoryError, RecursionError):
        return None


def carried(value: Any) -> Any:
    """The value as JSON has it: a tuple is a list. Raises ValueError for what JSON has not."""
    if value is None or isinstance(value, bool | int | float | str):
        return value
    if isinstance(value, list | tuple):
        return [carried(element) for element in value]
    if isinstance(value, dict) and all(isinstance(key, str) for key in value):
        return {key: carried(content) for key, content in value.items()}
    raise ValueError(f"a {type(value).__name__} is no plain value")


# ---- signatures ---------------------------------------------------------------------------------------------------


def kind_of(value: Any) -> Kind:
    if value is None:
        return NOTHING
    for kind, name in ((bool, "bool"), (int, "int"), (float, "float"), (str, "string")):
        if isinstance(value, kind):
            return Kind((name,))
    if isinstance(value, dict):
        return Kind(
            ("map", joined([kind_of(key) for key in value]), joined([kind_of(v) for v in value.values()]))
        )
    return Kind(("list", joined([kind_of(element) for element in value])))


def joined(kinds: list[Kind]) -> Kind:
    """The kind that all of them are; EMPTY of none."""
    found = EMPTY
    for kind in kinds:
        found = either(found, kind)
    return found


def either(one: Kind, other: Kind) -> Kind:
    if one == other or other == EMPTY:
        return one
    if one == EMPTY:
        return other
    if NOTHING in (one, other):
        rest = other if one == NOTHING else one
        return rest if rest[0] in ("optional", "any") else Kind(("optional", rest))
    if "optional" in (one[0], other[0]):
        bare = [kind[1] if kind[0] == "optional" else kind for kind in (one, other)]
        return Kind(("optional", either(*bare)))
    if {one[0], other[0]} == {"int", "float"}:
        return Kind(("float",))
    if one[0] == other[0] and one[0] in ("list", "map"):
        return Kind((one[0], *(either(a, b) for a, b in zip(one[1:], other[1:], strict=True))))
    return ANY


def signature(name: str, cases: tuple[Case, ...], spoken: Language, driver: Cases) -> str:
    """How a solution must look. Raises InputError where the values have no type in that language."""
    if len({len(case.args) for case in cases}) != 1:
        raise InputError(f"{name}: its calls give different numbers of arguments")
    check_integers(name, cases, spoken, driver)
    given = [joined([kind_of(case.args[i]) for case in cases]) for i in range(len(cases[0].args))]
    returns = joined([kind_of(case.expected) for case in cases])
    params = [
        driver.param.replace("{name}", letter).replace("{type}", written(kind, driver, spoken))
        for letter, kind in zip("abcdefghijklmnop", given, strict=False)
    ]
    words = driver.signature.replace("{{", "{").replace("}}", "}").replace("{name}", name)
    return words.replace("{params}", ", ".join(params)).replace("{returns}", written(returns, driver, spoken))


def check_integers(name: str, cases: tuple[Case, ...], spoken: Language, driver: Cases) -> None:
    most = max((abs(n) for case in cases for n in integers([*case.args, case.expected])), default=0)
    if driver.int_bits and most >= 1 << (driver.int_bits - 1):
        raise InputError(f"{name}: {most} is more than an integer of {spoken.name} holds")


def integers(value: Any) -> list[int]:
    if isinstance(value, bool):
        return []
    if isinstance(value, int):
        return [value]
    inside = value.values() if isinstance(value, dict) else value if isinstance(value, list | tuple) else ()
    return [number for one in inside for number in integers(one)]


def written(kind: Kind, driver: Cases, spoken: Language, suffix: str = "") -> str:
    """The kind as the language writes it, with the suffix `_inside` for what is inside of another; an empty text where it
    writes none."""
    if not driver.types:
        return ""
    if kind in (ANY, NOTHING, EMPTY):
        if kind == EMPTY:
            return driver.types.get(f"int{suffix}", driver.types["int"])
        raise InputError(f"{spoken.name} has no type for values of several kinds, or for null alone")
    text = driver.types.get(f"{kind[0]}{suffix}", driver.types[kind[0]])
    for number, inner in enumerate(kind[1:]):
        text = text.replace(f"{{{number}}}", written(inner, driver, spoken, "_inside"))
    return text
